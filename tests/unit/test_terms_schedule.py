"""Dated terms: which of the recorded ones holds on a day."""

from datetime import date

from shared.billing.terms import (
    FROM_THE_BEGINNING,
    DayTerms,
    TermKind,
    TermRow,
    schedule,
    terms_on,
)
from shared.months import Period

JANUARY = Period(date(2024, 1, 16), date(2024, 2, 16))


def a_price(
    sen: int | None, since: date, *, recorded: int = 1, order: int = 1, withdrawn: int | None = None
) -> TermRow:
    return TermRow(TermKind.USE_PRICE, since, recorded, order, sen, withdrawn_at=withdrawn)


def test_the_newest_start_holds_and_then_the_newest_record() -> None:
    rows = [
        a_price(2700, FROM_THE_BEGINNING, recorded=5),
        a_price(2800, date(2024, 1, 20), recorded=2),
        a_price(2900, date(2024, 1, 20), recorded=3, order=1),
        a_price(3000, date(2024, 1, 20), recorded=3, order=2),
    ]
    for told in (rows, rows[::-1]):
        assert terms_on(told, date(2024, 1, 19), 9).use_sen == 2700
        assert terms_on(told, date(2024, 1, 20), 9).use_sen == 3000
        assert terms_on(told, date(2024, 1, 20), 2).use_sen == 2800


def test_each_kind_of_term_has_a_history_of_its_own() -> None:
    first, last = date(2023, 12, 16), date(2034, 1, 15)
    since = JANUARY.start
    rows = [
        TermRow(TermKind.CONTRACT, FROM_THE_BEGINNING, 1, 1, None, first, last),
        TermRow(TermKind.BASE_FEE, since, 1, 1, 980),
        TermRow(TermKind.USE_PRICE, since, 1, 1, 2700),
        TermRow(TermKind.EXPORT_PRICE, since, 1, 1, 1600),
    ]
    assert terms_on(rows, since) == DayTerms(
        contract_given=True, start=first, end=last, base_yen=980, use_sen=2700, export_sen=1600
    )
    before = DayTerms(contract_given=True, start=first, end=last)
    assert terms_on(rows, date(2024, 1, 15)) == before
    assert terms_on([], since) == DayTerms()


def test_what_was_withdrawn_holds_only_in_what_was_known_before() -> None:
    rows = [a_price(2700, FROM_THE_BEGINNING), a_price(2800, JANUARY.start, withdrawn=50)]
    assert terms_on(rows, JANUARY.start, 49).use_sen == 2800
    assert terms_on(rows, JANUARY.start, 50).use_sen == 2700
    assert terms_on(rows, JANUARY.start).use_sen == 2700


def test_a_period_has_one_stretch_for_each_change_inside_it() -> None:
    rows = [
        a_price(2700, FROM_THE_BEGINNING),
        a_price(2800, date(2024, 2, 1)),
        a_price(2900, JANUARY.end),
        a_price(2600, date(2024, 2, 2), recorded=10),
    ]
    stretches = schedule(rows, JANUARY, 9)
    assert [(day, terms.use_sen) for day, terms in stretches] == [
        (JANUARY.start, 2700),
        (date(2024, 2, 1), 2800),
    ]
    assert [terms.use_sen for _, terms in schedule(rows, JANUARY)] == [2700, 2800, 2600]


def test_a_term_that_changes_nothing_begins_no_stretch() -> None:
    rows = [a_price(2700, FROM_THE_BEGINNING), a_price(2700, date(2024, 2, 1))]
    assert len(schedule(rows, JANUARY)) == 1


def test_a_contract_covers_its_first_and_its_last_day() -> None:
    terms = DayTerms(contract_given=True, start=date(2024, 1, 16), end=date(2024, 1, 20))
    days = [date(2024, 1, day) for day in (15, 16, 20, 21)]
    assert [terms.covers(day) for day in days] == [False, True, True, False]


def test_a_contract_without_an_end_is_open() -> None:
    assert DayTerms(contract_given=True, start=date(2024, 1, 16)).covers(date(2099, 1, 1))


def test_both_dates_blank_is_a_missing_contract_that_covers_nothing() -> None:
    row = TermRow(TermKind.CONTRACT, FROM_THE_BEGINNING, 1, 1)
    terms = terms_on([row], JANUARY.start, 9)
    assert terms.contract_missing
    assert not terms.covers(JANUARY.start)
