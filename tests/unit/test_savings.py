"""Against the grid: one rounding, the whole bill on the other side, and honest below zero."""

from shared.billing.savings import savings, spared_co2_g


def test_the_same_energy_from_the_grid_less_the_whole_bill_is_what_was_spared() -> None:
    found = savings(86_200, 2_327, 3_100)
    assert (found.grid_yen, found.spared_yen) == (2_672, 345)
    assert (found.use_wh, found.grid_sen, found.paid_yen) == (86_200, 3_100, 2_327)


def test_half_a_yen_of_the_grids_price_is_rounded_up_once() -> None:
    assert savings(51_500, 0, 2_700).grid_yen == 1_391


def test_a_base_fee_may_make_the_grid_cheaper_and_that_is_said() -> None:
    assert savings(10_000, 980 + 270, 3_100).spared_yen == -940


def test_co2_is_the_energy_times_the_factor_in_grams() -> None:
    assert spared_co2_g(86_200, 438) == 37_756
