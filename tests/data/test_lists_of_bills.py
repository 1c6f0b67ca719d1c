"""Lists of bills: kept sums, pages and searches say what looking at every bill would."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from itertools import product

import pytest
from sqlalchemy import Engine, delete, event, select, update
from sqlalchemy.orm import Session

from shared.db import reader
from shared.invoices.issuing import Act, void
from shared.invoices.queries import (
    count_by,
    count_undelivered,
    each_invoice,
    filter_totals,
    find_invoices,
    find_months,
)
from shared.invoices.rows import FIGURES, SORT_KEYS, BillRow, InvoiceFilter
from shared.invoices.sheets import filter_csv, list_csv
from shared.invoices.sums import find_sums, is_coarse
from shared.models.customers import Customer, Site
from shared.models.invoices import Hold, Invoice, InvoiceDay, InvoiceRegister, InvoiceSum
from shared.months import Month, invoice_no
from shared.search import folded, search_text
from tests.data.homes import NOW, a_home, billed, issued
from tests.data.test_runs import a_fleet

MONTHS = [Month(2023, 11), Month(2023, 12), Month(2024, 1), Month(2024, 2)]
STATES = ["issued", "held", "closed", "void", "issued"]


@pytest.fixture
def many(engine: Engine) -> Engine:
    """Give bills of nine customers over four months, in all states, some revised."""
    with Session(engine) as session, session.begin():
        site = Site()
        session.add(site)
        session.flush()
        for n in range(9):
            number, name = f"11202401{n:02d}", f"顧客{n:04d}"
            customer_id = a_home(session, number)
            mail = f"{number}@example.jp"
            session.execute(
                update(Customer)
                .where(Customer.id == customer_id)
                .values(name=name, search_text=search_text(number, name, "コキャク", mail))
            )
            for m, month in enumerate(MONTHS):
                state = STATES[(n + m) % len(STATES)]
                session.add(_bill(customer_id, site.id, number, month, state, n * 7 + m))
                if state == "void":
                    again = _bill(customer_id, site.id, number, month, "issued", n)
                    again.revision, again.invoice_no = 2, invoice_no(month, number, 2)
                    session.add(again)
    return engine


def _bill(  # noqa: PLR0913, PLR0917 - a bill in words
    customer_id: int, site_id: int, number: str, month: Month, state: str, n: int
) -> Invoice:
    known = None if state == "held" else 100 * (n % 5)
    return Invoice(
        customer_id=customer_id, site_id=site_id, month=month.first(),
        invoice_no=invoice_no(month, number), period_start=month.start(15),
        period_end=month.next().start(15), state=state, quality="ABC"[n % 3], name=f"{n % 4}",
        inputs="", snapshot="{}", computed_at=0, voided_at=1, voided_by="t", void_reason="t",
        issued_on=date(2024, 3, 1) if state in {"issued", "void"} else None,
        **dict.fromkeys(FIGURES, known),
    )  # fmt: skip


def every(engine: Engine, wanted: InvoiceFilter = InvoiceFilter()) -> list[BillRow]:  # noqa: B008
    with Session(engine) as session:
        return list(each_invoice(session, wanted, "-month"))


def test_the_kept_sums_are_those_of_the_bills_whatever_happens(engine: Engine) -> None:
    a_fleet(engine)
    for act in (
        lambda: billed(engine, "2024-01"),
        lambda: issued(engine, "2024-01"),
        lambda: _void_one(engine),
        lambda: billed(engine, "2024-01"),
        lambda: _delete_held(engine),
    ):
        act()
        with Session(engine) as session:
            kept = find_sums(session, InvoiceFilter())
            counted = find_sums(session, InvoiceFilter(number="11202301"))
            assert sorted(kept) == sorted(counted)
            assert kept


def _void_one(engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        void(session, "24011120230100", "誤発行", Act("test", NOW, NOW))


def _delete_held(engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        held = select(Invoice.id).where(Invoice.state == "held")
        for part in (Hold, InvoiceDay, InvoiceRegister):
            session.execute(delete(part).where(part.invoice_id.in_(held)))
        session.execute(delete(Invoice).where(Invoice.state == "held"))


@pytest.mark.parametrize("sort", [sign + key for key in SORT_KEYS for sign in ("", "-")])
def test_the_pages_of_a_list_are_the_list(many: Engine, sort: str) -> None:
    with Session(many) as session:
        for wanted in (InvoiceFilter(), InvoiceFilter(state="issued"), InvoiceFilter(quality="B")):
            whole = [row.invoice_no for row in each_invoice(session, wanted, sort)]
            pages = [find_invoices(session, wanted, sort, 4, n) for n in range(0, 60, 4)]
            assert [row.invoice_no for page in pages for row in page.rows] == whole
            assert {page.total for page in pages} == {len(whole)}


def test_totals_and_counts_are_those_of_the_rows(many: Engine) -> None:
    with Session(reader(many)) as session:
        for month, state, quality in product(
            [None, *MONTHS], [None, "held", "void"], [None, "A", "C"]
        ):
            wanted = InvoiceFilter(month=month, state=state, quality=quality)
            assert is_coarse(wanted)
            rows = list(each_invoice(session, wanted, "-month"))
            live = [row for row in rows if row.state != "void"]
            totals = filter_totals(session, wanted)
            assert totals.count == len(rows)
            for name in FIGURES:
                assert getattr(totals, name) == sum(getattr(row, name) or 0 for row in live)
            counts = count_by(session, wanted, "quality")
            assert counts == {q: n for q in "ABC" if (n := [r.quality for r in rows].count(q))}
        assert find_months(session, 3) == MONTHS[1:]
        assert not is_coarse(replace(InvoiceFilter(), min_yen=0))


@pytest.mark.parametrize(
    "q",
    ["顧客0003", "こきゃく", "1120240103", "23111120240103", "311112024", "2311", "24", "-2", "3-2",
     "01120240108", "example", "%", "_", "nobody", "0", "1123", "２３１１"],
)  # fmt: skip
def test_a_search_finds_what_has_the_word_in_a_field(many: Engine, q: str) -> None:
    with Session(many) as session:
        texts = dict(session.execute(select(Customer.customer_no, Customer.search_text)).all())
    found = {
        row.invoice_no
        for row in every(many)
        if folded(q) in row.invoice_no or folded(q) in texts[row.customer_no]
    }
    assert {row.invoice_no for row in every(many, InvoiceFilter(q=q))} == found
    with Session(many) as session:
        assert find_invoices(session, InvoiceFilter(q=q), "-month", 50, 0).total == len(found)


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    told: list[str] = []

    def listen(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        told.append(statement)

    event.listen(engine, "before_cursor_execute", listen)
    yield told
    event.remove(engine, "before_cursor_execute", listen)


@pytest.mark.parametrize(("wanted", "scans"), [(InvoiceFilter(), 0), (InvoiceFilter(min_yen=0), 1)])
def test_a_page_counts_the_bills_once_or_not_at_all(
    many: Engine, wanted: InvoiceFilter, scans: int
) -> None:
    with statements(many) as told, Session(reader(many)) as session:
        find_invoices(session, wanted, "-month", 20, 0)
        filter_totals(session, wanted)
        count_by(session, replace(wanted, state=None), "state")
        count_by(session, wanted, "quality")
    summed = [one for one in told if "sum(invoice." in one.lower()]
    assert len(summed) == scans
    assert len([one for one in told if "SELECT" in one]) == 2


def test_a_list_of_nothing_asks_for_no_rows(engine: Engine) -> None:
    with Session(engine) as session:
        page = find_invoices(session, InvoiceFilter(state="held"), "-month", 20, 0)
        assert (page.rows, page.total) == ([], 0)
        assert count_undelivered(session, InvoiceFilter()) == 0
        assert session.scalars(select(InvoiceSum.month)).all() == []


@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
def test_a_file_of_a_filter_has_the_lines_of_its_rows(many: Engine, encoding: str) -> None:
    wanted = InvoiceFilter(quality="B")
    with Session(reader(many)) as session:
        rows = each_invoice(session, wanted, "-total_yen")
        assert b"".join(filter_csv(session, wanted, "-total_yen", encoding)) == b"".join(
            list_csv(rows, encoding)
        )
