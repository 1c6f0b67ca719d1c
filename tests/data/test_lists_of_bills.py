"""Lists of bills: kept sums, pages and searches say what looking at every bill would."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from itertools import product

import pytest
from sqlalchemy import Engine, delete, event, select, text, update
from sqlalchemy.orm import Session

from shared import tallies
from shared.db import reader
from shared.invoices import paging
from shared.invoices.issuing import Act, void
from shared.invoices.paging import Window, find_invoices, ids_of_page
from shared.invoices.queries import (
    count_by,
    count_undelivered,
    each_invoice,
    filter_totals,
    find_hold_counts,
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
            for tally in tallies.TALLIES:
                assert session.scalar(text(f"SELECT sum(bills) FROM {tally.table}"))
                query = text(tallies.astray(tally.table, engine.dialect.name))
                assert session.execute(query).all() == []


def _void_one(engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        void(session, "24011120230100", "誤発行", Act("test", NOW, NOW))


def _delete_held(engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        held = select(Invoice.id).where(Invoice.state == "held")
        for part in (Hold, InvoiceDay, InvoiceRegister):
            session.execute(delete(part).where(part.invoice_id.in_(held)))
        session.execute(delete(Invoice).where(Invoice.state == "held"))


SORTS = [sign + key for key in SORT_KEYS for sign in ("", "-")]
FILTERS = (
    InvoiceFilter(), InvoiceFilter(state="issued"), InvoiceFilter(quality="B"),
    InvoiceFilter(month=MONTHS[1], min_yen=1), InvoiceFilter(q="コキ", state="issued"),
    InvoiceFilter(q="3111"), InvoiceFilter(to_day=date(2024, 2, 29)),
)  # fmt: skip


@pytest.mark.parametrize("sort", SORTS)
def test_the_pages_of_a_list_are_the_list(
    many: Engine, sort: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for wanted, broad in product(FILTERS, (0, 1000)):
        monkeypatch.setattr(paging, "BROAD", broad)
        with Session(reader(many)) as session:
            whole = [row.invoice_no for row in each_invoice(session, wanted, sort)]
            pages = [find_invoices(session, wanted, sort, 7, n) for n in range(0, 60, 7)]
            assert [row.invoice_no for page in pages for row in page.rows] == whole, wanted
            assert {page.total for page in pages} == {len(whole)}, wanted


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


RANGES = [
    InvoiceFilter(min_yen=0), InvoiceFilter(min_yen=1), InvoiceFilter(max_yen=199),
    InvoiceFilter(max_yen=200), InvoiceFilter(min_yen=100, max_yen=300),
    InvoiceFilter(min_yen=120, max_yen=130), InvoiceFilter(min_yen=-75, max_yen=333),
    InvoiceFilter(min_yen=-101, max_yen=-60), InvoiceFilter(max_yen=-1),
    InvoiceFilter(from_day=date(2024, 3, 1)), InvoiceFilter(to_day=date(2024, 1, 14)),
    InvoiceFilter(from_day=date(2024, 1, 14), to_day=date(2024, 1, 14)),
    InvoiceFilter(month=MONTHS[2], from_day=date(2024, 2, 14), min_yen=100),
    InvoiceFilter(q="こきゃく"), InvoiceFilter(q="11202401"), InvoiceFilter(q="3111"),
    InvoiceFilter(q="2401", state="held"), InvoiceFilter(q="-2"),
    InvoiceFilter(customer_no="1120240103"), InvoiceFilter(q="24", customer_no="1120240103"),
    InvoiceFilter(q="24", min_yen=100),
]  # fmt: skip


def test_the_totals_of_a_range_or_search_are_those_of_its_rows(many: Engine) -> None:
    with Session(many) as session, session.begin():
        session.execute(
            update(Invoice)
            .where(Invoice.state == "closed", Invoice.quality == "B")
            .values(total_yen=-75)
        )
    for wanted in RANGES:
        with Session(reader(many)) as session:
            rows = list(each_invoice(session, wanted, "-month"))
            totals = filter_totals(session, wanted)
            assert totals.count == len(rows), wanted
            live = [row for row in rows if row.state != "void"]
            for name in FIGURES:
                told = sum(getattr(row, name) or 0 for row in live)
                assert getattr(totals, name) == told, (wanted, name)
            counts = count_by(session, wanted, "state")
            assert counts == Counter(row.state for row in rows), wanted


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


@pytest.mark.parametrize(
    ("wanted", "scans"),
    [
        (InvoiceFilter(), 0),
        (InvoiceFilter(min_yen=0), 0),
        (InvoiceFilter(min_yen=20, max_yen=320, from_day=date(2023, 1, 1)), 2),
        (InvoiceFilter(q="顧客"), 0),
        (InvoiceFilter(number="24"), 1),
    ],
)
def test_a_page_counts_bills_only_where_no_sums_are_kept(
    many: Engine, wanted: InvoiceFilter, scans: int
) -> None:
    with statements(many) as told, Session(reader(many)) as session:
        find_invoices(session, wanted, "-month", 20, 0)
        find_hold_counts(session)
        filter_totals(session, wanted)
        count_by(session, replace(wanted, state=None), "state")
        count_by(session, wanted, "quality")
    counted = [one for one in told if "sum(invoice." in one.lower()]
    assert len(counted) == scans
    kept = [one for one in told if "sum(" in one.lower() and one not in counted]
    assert len(kept) <= 1


def test_a_list_of_nothing_asks_for_no_rows(engine: Engine) -> None:
    with Session(engine) as session:
        page = find_invoices(session, InvoiceFilter(state="held"), "-month", 20, 0)
        assert (page.rows, page.total) == ([], 0)
        assert count_undelivered(session, InvoiceFilter()) == 0
        assert session.scalars(select(InvoiceSum.month)).all() == []


NAMES = [
    "", "'", "''", "'=1", "''+1", "'あ", "=1+1", "+81", "-5", "@a", "\t1", "\r1", "\n1", "＝１",
    "＋", "－", "＠", "−", 'a"b', "a,b", "a\nb", "a\r\nb", '=",', "\\.", " a ", "a'b",
    "髙𠮷", "'\n,",
]  # fmt: skip
ENERGIES = [None, 0, 4, 5, 994, 995, 99_994, 99_995, 1_234_567_890, -4, -5, -994, -995, -123_456]


@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
def test_a_file_of_a_filter_has_the_lines_of_its_rows(many: Engine, encoding: str) -> None:
    with Session(many) as session, session.begin():
        free = list(session.scalars(select(Invoice.id).where(Invoice.state == "closed")))
        for n, invoice_id in enumerate(free):
            values = {"use_wh": ENERGIES[n % len(ENERGIES)], "total_yen": [None, 0, -7][n % 3]}
            session.execute(update(Invoice).where(Invoice.id == invoice_id).values(**values))
    for n in range(0, len(NAMES), len(free)):
        with Session(many) as session, session.begin():
            for invoice_id, name in zip(free, NAMES[n:], strict=False):
                session.execute(update(Invoice).where(Invoice.id == invoice_id).values(name=name))
        with Session(reader(many)) as session:
            wanted = InvoiceFilter(state="closed")
            rows = each_invoice(session, wanted, "-month")
            told = b"".join(list_csv(rows, encoding))
            assert b"".join(filter_csv(session, wanted, "-month", encoding)) == told
    for wanted in (InvoiceFilter(), InvoiceFilter(quality="B", q="顧客%"), InvoiceFilter(q="24")):
        with Session(reader(many)) as session:
            told = b"".join(list_csv(each_invoice(session, wanted, "-total_yen"), encoding))
            assert b"".join(filter_csv(session, wanted, "-total_yen", encoding)) == told


def test_a_page_of_many_bills_is_read_in_the_order_of_an_index(many: Engine) -> None:
    filters = (
        InvoiceFilter(), InvoiceFilter(state="issued"), InvoiceFilter(min_yen=100, quality="A")
    )  # fmt: skip
    with Session(reader(many)) as session:
        for sort, wanted in product(SORTS, filters):
            plan = plan_of_a_page(session, wanted, sort, broad=True)
            assert_looks_up(plan)
            if sort.removeprefix("-") in {"name", *FIGURES}:
                assert "TEMP B-TREE" not in plan, (sort, wanted, plan)
                assert "Sort" not in plan, (sort, wanted, plan)


def test_a_filter_that_finds_few_is_looked_up_by_an_index(many: Engine) -> None:
    filters = (
        InvoiceFilter(month=MONTHS[0]), InvoiceFilter(min_yen=100, max_yen=130),
        InvoiceFilter(from_day=date(2024, 1, 14), to_day=date(2024, 1, 15)),
        InvoiceFilter(customer_no="1120240103"), InvoiceFilter(q="0103"),
    )  # fmt: skip
    with Session(reader(many)) as session:
        for sort, wanted in product(("-month", "use_wh", "name", "customer_no"), filters):
            assert_looks_up(plan_of_a_page(session, wanted, sort, broad=False))


def assert_looks_up(plan: str) -> None:
    """Find every reading of bills in a plan to be by an index."""
    read = [line for line in plan.splitlines() if re.search(r"\b(SCAN|SEARCH|on) invoice\b", line)]
    assert read, plan
    known = ("INDEX", "PRIMARY KEY", "BITMAP HEAP")
    assert all(any(word in line.upper() for word in known) for line in read), plan


def plan_of_a_page(session: Session, wanted: InvoiceFilter, sort: str, *, broad: bool) -> str:
    """Return how the database finds a page's bills; those of tests are too few to ask its costs."""
    engine, key = session.get_bind(), sort.removeprefix("-")
    explain = "EXPLAIN QUERY PLAN"
    if engine.dialect.name == "postgresql":
        explain = "EXPLAIN"
        for costly in ("seqscan", "sort", "hashjoin", "mergejoin"):
            session.execute(text(f"SET LOCAL enable_{costly} = off"))
    down = sort.startswith("-")
    ids = ids_of_page(session, wanted, Window(0, 3), key, down=down, broad=broad)
    query = ids.compile(engine, compile_kwargs={"literal_binds": True})
    rows = session.connection().exec_driver_sql(f"{explain} {query}")
    return "".join(f"{row[-1]}\n" for row in rows)
