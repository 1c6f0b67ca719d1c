"""From days and terms to amounts: domain.md D3 and D4, decisions 10, 13 to 15 and 23."""

from dataclasses import astuple, replace
from datetime import date

import pytest

from shared.billing.bill import Figures, Grade, bill, negative_stretches, taxed
from shared.billing.terms import DayTerms
from shared.energy.boundaries import How
from shared.energy.periods import ChannelDays, DayQuality
from tests.unit.bills import (
    BLANK,
    JANUARY,
    OLD,
    START,
    TERMS,
    a_bill,
    a_channel,
    day,
    try_bill,
)

FREE = replace(TERMS, base_yen=0)
DEARER = replace(FREE, use_sen=2850)


@pytest.mark.parametrize(
    ("pv", "export", "terms", "yen"),
    [
        # base, export amount, use charge, total
        ((3_600,), (0,), [TERMS], (980, 0, 97, 1077)),  # 97.20
        ((51_500,), (0,), [FREE], (0, 0, 1391, 1391)),  # 1390.50: a tie goes up
        ((33_800,), (0,), [FREE], (0, 0, 913, 913)),  # 912.60
        ((129_600,), (129_600,), [FREE], (0, 2074, 0, 0)),  # 2073.60
        ((359_400,), (359_400,), [FREE], (0, 5750, 0, 0)),  # 5750.40
        ((49_999,), (0,), [replace(FREE, use_sen=1)], (0, 0, 0, 0)),  # 0.49999
        ((60_500, 40_100), (0, 0), [FREE, (1, DEARER)], (0, 0, 2776, 2776)),  # 1633.50 + 1142.85
        ((20, 20, 20), (0, 0, 0), [FREE], (0, 0, 2, 2)),  # 3 x 0.54; a day at a time it were 3
    ],
)
def test_every_amount_is_rounded_half_up_once(
    pv: tuple[int, ...],
    export: tuple[int, ...],
    terms: list[DayTerms | tuple[int, DayTerms]],
    yen: tuple[int, int, int, int],
) -> None:
    figures = a_bill(a_channel(*pv), a_channel(*export), *terms).figures
    amounts = (figures.base_yen, figures.export_yen, figures.use_yen, figures.total_yen)
    assert amounts == yen


def test_a_bill_keeps_each_day_with_its_energy_and_its_unrounded_amounts() -> None:
    pv, export = a_channel(12_000, 9_000), a_channel(5_000, 9_100)
    made = a_bill(pv, export, FREE, (1, replace(FREE, use_sen=3000, export_sen=1500)))
    first, second = made.days
    assert astuple(first)[:6] == (
        START, 12_000, 5_000, 7_000, 5_000 * 1600, 7_000 * 2700
    )  # fmt: skip
    assert astuple(second)[:6] == (day(1), 9_000, 9_100, -100, 9_100 * 1500, -100 * 3000)
    assert made.figures == Figures(0, 21_000, 14_100, 6_900, 80 + 137, 186, 186)
    assert (made.period, made.span) == (JANUARY, pv.span)
    assert (made.pv, made.export) == (pv, export)
    assert [start for start, _ in made.terms] == [START, day(1)]


def test_a_day_is_as_trustworthy_as_the_worse_of_its_two_channels() -> None:
    manual, measured = DayQuality.MANUAL, DayQuality.MEASURED
    pv = a_channel(1, 1, 1, qualities=[measured, manual, measured])
    export = a_channel(0, 0, 0, qualities=[measured, measured, DayQuality.ALLOCATED])
    qualities = [one.quality for one in a_bill(pv, export).days]
    assert qualities == [measured, manual, DayQuality.ALLOCATED]


def test_a_day_below_zero_is_kept_with_its_sign_and_the_next_one_makes_up_for_it() -> None:
    made = a_bill(a_channel(1_000, 1_000), a_channel(1_150, 500), FREE)
    assert (made.figures.use_wh, made.figures.use_yen) == (350, 9)  # 9.45


def test_a_month_below_zero_is_charged_nothing_and_never_paid_back() -> None:
    figures = a_bill(a_channel(1_000), a_channel(3_000)).figures
    assert (figures.use_wh, figures.use_yen, figures.total_yen) == (-2_000, 0, 980)
    assert figures.export_yen == 48


def test_use_is_charged_on_the_contracts_days_and_export_told_for_all() -> None:
    held = replace(TERMS, start=day(1), end=day(2))
    made = a_bill(a_channel(*[2_000] * 4), a_channel(*[1_000] * 4), held)
    assert made.covered_days == 2
    assert [one.use_fine for one in made.days] == [0, 2_700_000, 2_700_000, 0]
    assert made.figures == Figures(980, 8_000, 4_000, 4_000, 64, 54, 1034)


@pytest.mark.parametrize(
    ("contract", "base"),
    [(OLD, 500), (day(1), 980), (day(2), 980)],
)
def test_the_base_fee_is_that_of_the_first_day_under_contract(contract: date, base: int) -> None:
    terms = [replace(TERMS, start=contract, base_yen=yen) for yen in (500, 980)]
    made = a_bill(a_channel(0, 0, 0), a_channel(0, 0, 0), terms[0], (1, terms[1]))
    assert made.figures.base_yen == base


def test_without_a_covered_day_there_is_no_bill_unless_the_dates_are_blank() -> None:
    days = a_channel(1_000, 1_000), a_channel(400, 400)
    assert try_bill(*days, replace(TERMS, start=day(2))) is None
    assert try_bill(*days, replace(TERMS, end=day(-1))) is None
    assert try_bill(*days, DayTerms(base_yen=980, use_sen=2700, export_sen=1600)) is None
    made = a_bill(*days, BLANK)
    assert made.figures == Figures(980, 2_000, 800, 1_200, 13, 0, 980)
    assert made.covered_days == 0


def test_a_contract_that_is_blank_only_at_first_charges_the_days_after() -> None:
    made = a_bill(
        a_channel(1_000, 1_000), a_channel(0, 0), replace(BLANK, base_yen=500), (1, TERMS)
    )
    assert (made.figures.base_yen, made.figures.use_yen) == (980, 27)


@pytest.mark.parametrize(
    ("terms", "yen"),
    [
        (replace(TERMS, base_yen=None), (None, 16, 27, None)),
        (replace(TERMS, use_sen=None), (980, 16, None, None)),
        (replace(TERMS, export_sen=None), (980, None, 27, 1007)),
        (replace(BLANK, use_sen=None), (980, 16, 0, 980)),
    ],
)
def test_a_term_that_is_not_known_leaves_blank_what_rests_on_it(
    terms: DayTerms, yen: tuple[int | None, ...]
) -> None:
    figures = a_bill(a_channel(2_000), a_channel(1_000), terms).figures
    amounts = (figures.base_yen, figures.export_yen, figures.use_yen, figures.total_yen)
    assert amounts == yen


@pytest.mark.parametrize(
    ("pv", "export", "terms", "expected"),
    [
        ((2_000, None), (1_000, 1_000), TERMS, Figures(980, None, 2_000, None, 32, None, None)),
        ((2_000, 2_000), (1_000, None), TERMS, Figures(980, 4_000, None, None, None, None, None)),
        # the contract ended while all was known: a bill that is held has no amount all the same
        (
            (2_000, None),
            (1_000, None),
            replace(TERMS, end=START),
            Figures(980, None, None, None, None, None, None),
        ),
        ((None, None), (None, None), BLANK, Figures(980, None, None, None, None, 0, 980)),
    ],
)
def test_a_register_that_is_not_known_leaves_blank_what_rests_on_it_and_is_never_zero(
    pv: tuple[int | None, ...],
    export: tuple[int | None, ...],
    terms: DayTerms,
    expected: Figures,
) -> None:
    assert a_bill(a_channel(*pv), a_channel(*export), terms).figures == expected


def test_a_day_that_is_not_known_has_no_amounts() -> None:
    held = replace(TERMS, start=day(1))
    made = a_bill(a_channel(None, None), a_channel(500, 500), held)
    assert [(one.use_wh, one.use_fine, one.export_fine) for one in made.days] == [
        (None, None, 800_000),
        (None, None, 800_000),
    ]


@pytest.mark.parametrize(
    ("pv", "export", "expected"),
    [
        ((2_000, 2_000, None), (500, 500, 500), Figures(980, 4_000, 1_000, 3_000, 16, 54, 1034)),
        ((2_000, 2_000, 2_000), (500, None, 500), Figures(980, 2_000, 500, 1_500, 8, 27, 1007)),
        ((2_000, 0, None), (500, 0, None), Figures(980, 2_000, 500, 1_500, 8, 27, 1007)),
        ((None, 2_000, 2_000), (500, 500, 500), Figures(980, 0, 0, 0, 0, 0, 980)),
        ((2_000, 2_000, 2_000), (1, 1, 998), Figures(980, 6_000, 1_000, 5_000, 16, 90, 1070)),
    ],
)
def test_a_month_that_runs_goes_as_far_as_every_day_is_known(
    pv: tuple[int | None, ...], export: tuple[int | None, ...], expected: Figures
) -> None:
    terms = replace(TERMS, use_sen=1800)
    assert a_bill(a_channel(*pv), a_channel(*export), terms, running=True).figures == expected


def test_a_month_is_over_unless_somebody_says_that_it_runs() -> None:
    pv, export = a_channel(2_000, None), a_channel(500, None)
    made = bill([(START, TERMS)], pv, export, JANUARY)
    assert made is not None
    assert made.figures.total_yen is None


def test_a_month_that_runs_charges_only_those_known_days_that_the_contract_covers() -> None:
    held = replace(TERMS, start=day(1))
    made = a_bill(
        a_channel(1_000, 2_000, 4_000, None), a_channel(0, 0, 0, None), held, running=True
    )
    assert (made.figures.use_wh, made.figures.use_yen) == (7_000, 162)


ALLOCATED, ESTIMATED = DayQuality.ALLOCATED, DayQuality.ESTIMATED
MANUAL, MEASURED = DayQuality.MANUAL, DayQuality.MEASURED


@pytest.mark.parametrize(
    ("channel", "running", "grade"),
    [
        *[
            (a_channel(1, 1, opening=how, closing=how), False, Grade.A)
            for how in (How.EXACT, How.NIGHT, How.STILL, How.FIRST, How.DAYS)
        ],
        *[
            (channel, running, Grade.C)
            for how in (How.INTERPOLATED, How.MANUAL, How.ESTIMATED)
            for channel in (a_channel(1, 1, opening=how), a_channel(1, 1, closing=how))
            for running in (False, True)
        ],
        (a_channel(1, 1, qualities=[MEASURED, ALLOCATED]), False, Grade.B),
        (a_channel(1, 1, qualities=[ESTIMATED, MEASURED]), False, Grade.B),
        (a_channel(1, 1, qualities=[MANUAL, MEASURED]), False, Grade.A),
        (a_channel(1, None, closing=None), False, Grade.C),
        (a_channel(1, None, closing=None), True, Grade.A),
        (a_channel(None, None, opening=None, closing=None), True, Grade.A),
        (a_channel(1, None, closing=None, qualities=[ALLOCATED, MEASURED]), True, Grade.B),
    ],
)
def test_the_grade_tells_how_far_a_bill_rests_on_measured_registers(
    channel: ChannelDays, *, running: bool, grade: Grade
) -> None:
    sure = a_channel(0, 0)
    assert a_bill(channel, sure, running=running).grade == grade
    assert a_bill(sure, channel, running=running).grade == grade


@pytest.mark.parametrize(
    ("later", "inside_a_gap"),
    [
        (replace(TERMS, use_sen=2800), True),
        (replace(TERMS, export_sen=850), True),
        (replace(TERMS, end=day(1)), True),
        (replace(TERMS, base_yen=500), False),
    ],
)
def test_a_price_or_contract_that_changes_at_a_midnight_inside_a_gap_rests_on_an_estimate(
    later: DayTerms, *, inside_a_gap: bool
) -> None:
    whole = a_channel(1, 1, 1, 1)
    gap = replace(whole, shared_out=frozenset({day(2)}))
    elsewhere = replace(whole, shared_out=frozenset({START, day(1), day(3)}))
    assert a_bill(gap, whole, TERMS, (2, later)).price_rests_on_estimate is inside_a_gap
    assert a_bill(whole, gap, TERMS, (2, later)).price_rests_on_estimate is inside_a_gap
    assert not a_bill(elsewhere, whole, TERMS, (2, later)).price_rests_on_estimate


def test_no_change_is_no_change_inside_a_gap() -> None:
    gap = replace(a_channel(1, 1, 1), shared_out=frozenset({START, day(1), day(2)}))
    assert not a_bill(gap, gap).price_rests_on_estimate


@pytest.mark.parametrize(
    ("pv", "gaps", "stretches"),
    [
        ((800, 800), (), []),  # -200 a day is still well
        ((800, 799), (), [(day(1), -201)]),
        ((0, 5_000), (), [(START, -1_000)]),  # the next day does not make up for it
        ((800, None, 700), (), [(day(2), -300)]),
        ((900, 900, 900, 1_000), (1, 2), [(START, -300)]),
        ((900, 900, 900, 1_000), (3,), []),
        ((900, 500, 1_700, 1_000), (1, 2), []),
        ((700, 700, 1_500, 700), (2,), [(START, -300), (day(3), -300)]),
    ],
)
def test_a_stretch_below_minus_200_wh_is_told_and_the_days_of_a_gap_are_one_stretch(
    pv: tuple[int | None, ...], gaps: tuple[int, ...], stretches: list[tuple[object, int]]
) -> None:
    shared_out = frozenset(day(n) for n in gaps)
    channel, export = a_channel(*pv), a_channel(*[1_000] * len(pv))
    gone = replace(channel, shared_out=shared_out)
    assert negative_stretches(a_bill(gone, export)) == stretches
    silent = replace(export, shared_out=shared_out)
    assert negative_stretches(a_bill(channel, silent)) == stretches


@pytest.mark.parametrize(
    ("total", "rate", "floor", "half_up", "ceil"),
    [
        (2_327, 10, 211, 212, 212),  # 211.545
        (1_077, 10, 97, 98, 98),  # 97.909
        (980, 10, 89, 89, 90),  # 89.09
        (1_100, 10, 100, 100, 100),
        (1_080, 8, 80, 80, 80),
        (27, 8, 2, 2, 2),
        (3, 100, 1, 2, 2),  # 1.5: a tie goes up
        (0, 10, 0, 0, 0),
    ],
)
def test_the_tax_inside_a_total_is_rounded_once_as_the_issuer_chose(
    total: int, rate: int, floor: int, half_up: int, ceil: int
) -> None:
    assert taxed(total, rate, "floor") == floor
    assert taxed(total, rate, "half_up") == half_up
    assert taxed(total, rate, "ceil") == ceil


def test_there_is_no_tax_inside_a_total_that_is_not_known() -> None:
    assert taxed(None, 10, "floor") is None
