"""What own solar power spares: yen against the grid, and CO2 (mission.md N13)."""

from dataclasses import dataclass

from shared.units import half_up

WH_SEN_PER_YEN = 100_000


@dataclass(frozen=True, slots=True)
class Savings:
    """A bill against the grid: what the same energy costs there, and what is spared, in yen.

    `spared_yen` is below 0 where the grid would have been cheaper.
    """

    use_wh: int
    grid_sen: int
    grid_yen: int
    paid_yen: int

    @property
    def spared_yen(self) -> int:
        """Return the grid's price less the whole bill, base fee included."""
        return self.grid_yen - self.paid_yen


def savings(use_wh: int, paid_yen: int, grid_sen: int) -> Savings:
    """Return what `use_wh` costs from the grid at sen per kWh, rounded half-up once."""
    return Savings(use_wh, grid_sen, half_up(use_wh * grid_sen, WH_SEN_PER_YEN), paid_yen)


def spared_co2_g(use_wh: int, grams_per_kwh: int) -> int:
    """Return the grams of CO2 that the grid would have given off for the same energy."""
    return half_up(use_wh * grams_per_kwh, 1000)
