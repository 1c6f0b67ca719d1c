"""Customers and their terms in both databases."""

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shared.billing.terms import FROM_THE_BEGINNING, DayTerms, TermKind, terms_on
from shared.codes import ALPHABET
from shared.customers.exporting import find_export_rows
from shared.customers.importing import read_customers
from shared.customers.planning import Verdict, plan_changes
from shared.customers.registering import Registrar, apply_changes, new_codes, reveal_code
from shared.customers.stored import get_stored
from shared.customers.terms import TermText, record_terms
from shared.errors import NotFound
from shared.models.customers import Customer, Occupancy, Site, Term
from shared.models.invoices import Invoice
from shared.models.operations import Audit
from shared.months import DAY_S, instant
from shared.seal import code_index
from tests.data.customer_files import HEADERS, NO, a_file, a_row

KEY = "a secret for auth codes, in tests only"
TODAY = date(2024, 2, 20)
NOW = instant(TODAY) + 9 * 3600


def bring(session: Session, *rows: dict[str, str], now: int = NOW) -> list[Verdict]:
    """Import rows and commit, and say what became of each."""
    sheet = read_customers(a_file(*rows), "顧客.csv", "11")
    sheet.problems.check()
    changes = plan_changes(session, sheet.entries, now, lock=True)
    apply_changes(session, changes, Registrar(lambda: KEY, now, "test"))
    session.commit()
    return [change.verdict for change in changes]


def terms_of(session: Session, day: date, known_at: int | None = None) -> DayTerms:
    return terms_on(get_stored(session, NO).terms, day, known_at)


def an_issued_bill(session: Session, until: date, state: str = "issued") -> None:
    stored = get_stored(session, NO)
    start = date(until.year - (until.month == 1), (until.month - 2) % 12 + 1, 16)
    session.add(
        Invoice(
            customer_id=stored.customer_id,
            site_id=stored.site_id,
            month=start.replace(day=1),
            invoice_no=f"{start:%y%m}{NO}-{state}",
            period_start=start,
            period_end=until,
            state=state,
            quality="A",
            name="顧客0170",
            inputs="",
            snapshot='{"terms": []}',
            computed_at=NOW,
        )
    )
    session.commit()


def record(
    session: Session, sen: int, since: date, now: int = NOW
) -> dict[TermKind, tuple[str, str]]:
    owner = get_stored(session, NO).customer_id
    changes = {TermKind.USE_PRICE: TermText(figure=sen)}
    told = record_terms(session, owner, changes, valid_from=since, now=now, actor="test")
    session.commit()
    return told


def test_a_new_customer_has_a_site_an_open_occupancy_terms_a_code_and_an_audit_row(
    session: Session,
) -> None:
    row = a_row() | {"パネル容量(kW)": "5.5", "蓄電池": "逆潮流なし"}
    assert bring(session, row) == [Verdict.NEW]
    customer = session.scalars(select(Customer)).one()
    occupancy = session.scalars(select(Occupancy)).one()
    site = session.scalars(select(Site)).one()
    assert (customer.name, customer.version, customer.registered_at) == ("顧客0170", 1, NOW)
    assert (occupancy.customer_id, occupancy.site_id) == (customer.id, site.id)
    assert (occupancy.from_day, occupancy.to_day) == (None, None)
    assert (site.panel_w, site.battery) == (5500, "no_export")
    assert terms_of(session, date(1, 1, 1)) == DayTerms(
        contract_given=True,
        start=date(2023, 12, 16),
        end=date(2037, 12, 15),
        base_yen=0,
        use_sen=2700,
        export_sen=1600,
    )
    assert [(a.action, a.subject) for a in session.scalars(select(Audit))] == [
        ("customer_registered", NO)
    ]


def test_the_code_of_a_new_customer_is_found_by_its_index_and_shown_only_with_an_audit_row(
    session: Session,
) -> None:
    bring(session, a_row())
    code = reveal_code(session, KEY, NO, NOW, "test")
    assert len(code) == 16
    assert set(code) <= set(ALPHABET)
    found = select(Customer.customer_no).where(Customer.code_index == code_index(KEY, code))
    assert session.scalars(found).all() == [NO]
    session.commit()
    newest = session.scalars(select(Audit).order_by(Audit.id.desc())).first()
    assert newest is not None
    assert (newest.action, newest.subject) == ("code_revealed", NO)
    assert code not in newest.detail


def test_a_code_that_exists_is_drawn_again(session: Session) -> None:
    letters: Iterator[str] = iter("A" * 16 + "A" * 16 + "A" * 16 + "B" * 16 + "C" * 16)
    sheet = read_customers(a_file(a_row(1)), "a.csv", "11")
    registrar = Registrar(lambda: KEY, NOW, "test", choose=lambda _: next(letters))
    apply_changes(session, plan_changes(session, sheet.entries, NOW), registrar)
    codes = new_codes(session, KEY, 2, choose=lambda _: next(letters))
    assert [code for _, code in codes] == ["B" * 16, "C" * 16]


def test_the_second_time_all_is_the_same(session: Session) -> None:
    rows = [a_row(1), a_row(2, 契約開始日="", 契約終了日=""), a_row(3) | {"基本料金(円)": ""}]
    assert bring(session, *rows) == [Verdict.NEW] * 3
    before = session.scalar(select(func.count()).select_from(Audit))
    assert bring(session, *rows) == [Verdict.SAME] * 3
    assert session.scalar(select(func.count()).select_from(Audit)) == before
    assert set(session.scalars(select(Customer.version))) == {1}


def test_an_absent_column_leaves_what_is_stored_and_an_empty_cell_empties_it(
    session: Session,
) -> None:
    bring(session, a_row() | {"電話番号": "090-0000-0000", "各種情報": "屋根\n南"})
    assert bring(session, a_row()) == [Verdict.SAME]
    assert bring(session, a_row() | {"電話番号": ""}) == [Verdict.CHANGED]
    stored = get_stored(session, NO)
    assert (stored.contact["phone"], stored.contact["note"]) == ("", "屋根\n南")


def test_contact_site_and_terms_change_together_and_the_audit_row_tells_all(
    session: Session,
) -> None:
    bring(session, a_row())
    changed = a_row(氏名="髙橋0170") | {"利用単価(円)": "28.50", "パネル容量(kW)": "6"}
    assert bring(session, changed, now=NOW + DAY_S) == [Verdict.CHANGED]
    customer = session.scalars(select(Customer)).one()
    assert (customer.name, customer.version, customer.updated_at) == ("髙橋0170", 2, NOW + DAY_S)
    assert "高橋0170" in customer.search_text
    assert session.scalars(select(Site.panel_w)).one() == 6000
    assert terms_of(session, TODAY).use_sen == 2850
    assert terms_of(session, TODAY, NOW).use_sen == 2700
    newest = session.scalars(select(Audit).order_by(Audit.id.desc())).first()
    assert newest is not None
    assert newest.action == "customer_changed"
    assert '"name": ["顧客0170", "髙橋0170"]' in newest.detail
    assert '"use_price": ["27.00", "28.50"]' in newest.detail
    assert '"panel_w": [null, 6000]' in newest.detail


def test_changed_terms_hold_from_the_first_period_without_an_issued_bill(session: Session) -> None:
    bring(session, a_row())
    an_issued_bill(session, date(2024, 1, 16))
    an_issued_bill(session, date(2024, 2, 16), state="held")
    bring(session, a_row() | {"利用単価(円)": "30.00"})
    assert terms_of(session, date(2024, 1, 15)).use_sen == 2700
    assert terms_of(session, date(2024, 1, 16)).use_sen == 3000


def test_changed_terms_hold_from_the_beginning_where_no_bill_was_issued(session: Session) -> None:
    bring(session, a_row())
    bring(session, a_row() | {"利用単価(円)": "30.00"})
    assert terms_of(session, FROM_THE_BEGINNING).use_sen == 3000


def test_changed_terms_hold_from_the_day_that_is_given(session: Session) -> None:
    bring(session, a_row())
    row = a_row(適用開始日="2024/02/16") | {"利用単価(円)": "30.00"}
    assert bring(session, row) == [Verdict.CHANGED]
    assert terms_of(session, date(2024, 2, 15)).use_sen == 2700
    assert terms_of(session, date(2024, 2, 16)).use_sen == 3000
    assert bring(session, row) == [Verdict.SAME]


def test_an_empty_first_day_of_changed_terms_counts_as_missing(session: Session) -> None:
    bring(session, a_row())
    bring(session, a_row(適用開始日="") | {"利用単価(円)": "30.00"})
    assert terms_of(session, FROM_THE_BEGINNING).use_sen == 3000


def test_a_change_is_not_hidden_by_terms_dated_after_the_first_open_day(session: Session) -> None:
    bring(session, a_row())
    record(session, 2900, date(2024, 2, 18))
    row = a_row() | {"利用単価(円)": "30.00"}
    assert bring(session, row, now=NOW + 60) == [Verdict.CHANGED]
    assert terms_of(session, date(2024, 2, 17)).use_sen == 3000
    assert terms_of(session, TODAY).use_sen == 3000
    assert terms_of(session, TODAY, NOW).use_sen == 2900
    assert bring(session, row, now=NOW + 120) == [Verdict.SAME]


def test_a_change_back_to_what_held_on_the_first_open_day_is_not_lost(session: Session) -> None:
    bring(session, a_row())
    record(session, 2900, date(2024, 2, 18))
    assert bring(session, a_row(), now=NOW + 60) == [Verdict.CHANGED]
    assert terms_of(session, TODAY).use_sen == 2700


def test_a_change_dated_in_the_future_stays_and_the_file_of_today_is_the_same(
    session: Session,
) -> None:
    bring(session, a_row())
    record(session, 2900, date(2024, 4, 16))
    assert bring(session, a_row()) == [Verdict.SAME]
    assert terms_of(session, date(2024, 4, 16)).use_sen == 2900


def test_where_the_first_open_day_is_still_to_come_a_change_is_made_once(session: Session) -> None:
    bring(session, a_row())
    an_issued_bill(session, date(2024, 3, 16))
    row = a_row() | {"利用単価(円)": "30.00"}
    assert bring(session, row) == [Verdict.CHANGED]
    assert terms_of(session, TODAY).use_sen == 2700
    assert terms_of(session, date(2024, 3, 16)).use_sen == 3000
    assert bring(session, row) == [Verdict.SAME]
    assert bring(session, a_row()) == [Verdict.SAME]


def test_terms_can_be_blanked(session: Session) -> None:
    bring(session, a_row())
    row = a_row(契約開始日="", 契約終了日="") | {"利用単価(円)": ""}
    assert bring(session, row) == [Verdict.CHANGED]
    terms = terms_of(session, TODAY)
    assert terms.contract_missing
    assert terms.use_sen is None
    assert bring(session, row) == [Verdict.SAME]


def test_recorded_terms_hold_from_their_day_and_are_not_written_twice(session: Session) -> None:
    bring(session, a_row())
    assert record(session, 2900, TODAY) == {TermKind.USE_PRICE: ("27.00", "29.00")}
    assert record(session, 2900, TODAY) == {}
    assert terms_of(session, TODAY).use_sen == 2900
    written = select(func.count()).select_from(Term).where(Term.kind == "use_price")
    assert session.scalar(written) == 2
    assert session.scalars(select(Customer.version)).one() == 2


def test_an_unknown_customer_is_not_found(session: Session) -> None:
    with pytest.raises(NotFound, match="1120239999"):
        get_stored(session, "1120239999")


def test_what_is_exported_comes_back_as_the_same(session: Session) -> None:
    extra = {"各種情報": "=1+1\n'+2", "適用開始日": "", "パネル容量(kW)": "5.555"}
    rows = [
        a_row(1) | extra | {"蓄電池": "逆潮流あり", "電話番号": "+81-90"},
        a_row(2, 契約開始日="", 契約終了日="") | extra,
        a_row(3, 契約終了日="") | {"基本料金(円)": "", "利用単価(円)": ""} | extra,
    ]
    bring(session, *({"蓄電池": "", "電話番号": ""} | row for row in rows))
    exported = list(find_export_rows(session, TODAY))
    assert [row[0] for row in exported] == ["1120230001", "1120230002", "1120230003"]
    headers = [*HEADERS, "各種情報", "適用開始日", "パネル容量(kW)", "蓄電池"]
    headers += ["郵便番号", "住所", "電話番号"]
    again = [dict(zip(headers, row, strict=True)) for row in exported]
    assert bring(session, *again) == [Verdict.SAME] * 3


def test_an_archived_customer_is_not_exported(session: Session) -> None:
    bring(session, a_row(1), a_row(2))
    customer = session.scalars(select(Customer)).first()
    assert customer is not None
    customer.archived_at = NOW
    session.commit()
    assert [row[0] for row in find_export_rows(session, TODAY)] == ["1120230002"]


def test_ten_thousand_customers_are_registered_and_found_the_same(session: Session) -> None:
    rows = [a_row(number) for number in range(10_000)]
    assert set(bring(session, *rows)) == {Verdict.NEW}
    assert set(bring(session, *rows)) == {Verdict.SAME}
    assert session.scalar(select(func.count(func.distinct(Customer.code_index)))) == 10_000
    assert session.scalar(select(func.count()).select_from(Term)) == 40_000
