"""The line that explains a bill: energy × price = charge, out of the bill's own explanation."""

from dataclasses import dataclass

from shared.invoices.documents import Document


@dataclass(frozen=True, slots=True)
class Part:
    """Days of unchanged price: from when, at how many yen per kWh, how much was used."""

    from_day: str
    price: str
    use_wh: int | None


@dataclass(frozen=True, slots=True)
class Formula:
    """The parts of a use charge, and their sum before the one rounding; empty where untold."""

    parts: tuple[Part, ...] = ()
    unrounded: str | None = None

    @property
    def only(self) -> Part | None:
        """Return the one part of a bill whose price did not change."""
        return self.parts[0] if len(self.parts) == 1 else None


def formula_of(bill: Document) -> Formula:
    """Return a bill's formula; a bill taken over from before has none."""
    tree = bill.get("explanation") or {}
    charge = next((part for part in tree.get("parts", ()) if "use_yen" in part), None)
    if charge is None:
        return Formula()
    parts = tuple(
        Part(part["from"], part["price"], part["use_wh"])
        for part in charge["parts"]
        if part["what"] == "use by terms" and part["days"] and part["price"] is not None
    )
    yen, dot, hundredths = (charge["unrounded_yen"] or "").partition(".")
    return Formula(parts, f"{int(yen):,}{dot}{hundredths}" if yen else None)
