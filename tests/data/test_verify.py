"""Each invariant is broken behind the triggers' back, and `ppa verify` sees it."""

import os
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from shared import triggers
from shared.db import make_engine
from shared.energy.quantities import Quantity
from shared.invoices.issuing import Act, release, void
from shared.models.invoices import Invoice, InvoiceDay
from shared.months import day_of
from shared.telemetry.deriving import refresh
from shared.verify import Finding, verify, verify_by_processes, whole
from tests.conftest import Ppa
from tests.data.homes import NOW, a_home, billed, issued, registers

ACT = Act("test", NOW, NOW)
HELD, SOLD = "1120230102", "1120230101"


@pytest.fixture
def broken(engine: Engine) -> Callable[..., list[tuple[str, str]]]:
    """Give what runs SQL past the triggers, and returns what `verify` then finds."""
    first = date(2024, 1, 16)
    midnights = [(f"{first + timedelta(days=n)} 00:00", n) for n in range(61)]
    with Session(engine) as session, session.begin():
        for number in ("1120230100", SOLD, HELD):
            dates = {"contract": (None, None)} if number == HELD else {}
            customer = a_home(session, number, **dates)  # type: ignore[arg-type]
            read = {
                Quantity.PV: [(time_, f"{100 + 12 * n}") for time_, n in midnights],
                Quantity.EXPORT: [(time_, f"{50 + 7 * n}") for time_, n in midnights],
            }
            registers(session, customer, read)
    for month in ("2024-01", "2024-02"):
        billed(engine, month)
        with Session(engine) as session, session.begin():
            release(session, f"{month[2:4]}{month[5:]}{HELD}", "確認", ACT)
        issued(engine, month)

    def run(*statements: str) -> list[tuple[str, str]]:
        with Session(engine) as session, session.begin():
            refresh(session)
            assert verify(session) == []
            triggers.drop(session.connection())
            for statement in statements:
                session.execute(text(statement))
        with Session(engine) as session:
            return [(found.invariant, found.subject) for found in verify(session)]

    return run


Broken = Callable[..., list[tuple[str, str]]]
JAN, FEB = "24011120230100", "24021120230100"
PV = "(SELECT id FROM channel WHERE site_id = 1 AND quantity = 'pv')"
NEWEST = f"(SELECT max(at) FROM reading WHERE channel_id = {PV})"
OF_JAN = f"(SELECT id FROM invoice WHERE invoice_no = '{JAN}')"


def test_a_second_live_bill_of_a_month_is_found(broken: Broken) -> None:
    found = broken(
        "DROP INDEX uq_invoice_live",
        f"UPDATE invoice SET customer_id = (SELECT customer_id FROM invoice WHERE id = {OF_JAN}) "
        f"WHERE invoice_no = '2401{SOLD}'",
    )
    assert {("I1", f"2401{SOLD}"), ("I1", SOLD)} <= set(found)


def test_bills_of_a_month_that_nobody_ran_are_found(broken: Broken) -> None:
    found = broken("UPDATE bill_run SET kind = 'dry' WHERE kind = 'run' AND month = '2024-02-01'")
    assert found == [("I1", "2024-02")]


def test_a_bill_that_a_run_should_have_made_is_missed(broken: Broken) -> None:
    number = f"2402{SOLD}"
    of_it = f"(SELECT id FROM invoice WHERE invoice_no = '{number}')"
    parts = ("hold", "invoice_day", "invoice_register", "invoice_event", "invoice_paper",
             "invoice_person")  # fmt: skip
    found = broken(
        *(f"DELETE FROM {part} WHERE invoice_id = {of_it}" for part in parts),
        f"DELETE FROM mail_event WHERE outbox_id IN "
        f"(SELECT id FROM outbox WHERE invoice_id = {of_it})",
        f"DELETE FROM outbox WHERE invoice_id = {of_it}",
        f"DELETE FROM invoice WHERE invoice_no = '{number}'",
    )
    assert ("I1", SOLD) in found
    assert ("I10", "2024-02") in found


@pytest.mark.parametrize(
    "change", ["invoice_no = '24011120239999'", "invoice_no = '24011120230100-2', revision = 2"]
)
def test_a_number_that_is_wrong_or_leaves_a_gap_is_found(broken: Broken, change: str) -> None:
    found = broken(f"UPDATE invoice SET {change} WHERE id = {OF_JAN}")
    assert "I2" in {invariant for invariant, _ in found}


@pytest.mark.parametrize(
    "change",
    ["total_yen = total_yen + 1", "use_wh = use_wh - 10", "export_yen = 0", "use_yen = 7"],
)
def test_a_bill_that_its_days_do_not_add_up_to_is_found(broken: Broken, change: str) -> None:
    found = broken(f"UPDATE invoice SET {change} WHERE id = {OF_JAN}")
    assert {("I3", JAN), ("I6", JAN)} <= set(found)


def test_kept_sums_that_are_not_those_of_the_bills_are_found(broken: Broken) -> None:
    found = broken("UPDATE invoice_sum SET total_yen = total_yen + 1 WHERE month = '2024-01-01'")
    assert set(found) == {("I3", "2024-01")}


@pytest.mark.parametrize("table", ["band_sum", "owner_sum"])
def test_sums_of_ranges_and_customers_that_are_not_those_of_the_bills_are_found(
    broken: Broken, table: str
) -> None:
    assert broken(f"UPDATE {table} SET use_wh = use_wh + 1") == [("I3", table)]


def test_a_day_whose_use_is_not_generation_less_export_is_found(broken: Broken) -> None:
    found = broken(
        f"UPDATE invoice_day SET use_wh = use_wh + 1 WHERE invoice_id = {OF_JAN} "
        "AND day = '2024-01-20'"
    )
    assert ("I4", JAN) in found


def test_a_day_of_negative_use_that_nobody_held_is_found(broken: Broken) -> None:
    found = broken(
        f"UPDATE invoice_day SET use_wh = -300, pv_wh = export_wh - 300 "
        f"WHERE invoice_id = {OF_JAN} AND day = '2024-01-20'"
    )
    assert ("I4", JAN) in found


def test_days_of_a_gap_are_negative_only_together(engine: Engine) -> None:
    """The roof is read each day, the export not for half a month: how it is shared is a guess."""
    with Session(engine) as session, session.begin():
        customer, first = a_home(session), date(2024, 1, 16)
        dark = [(n, 2 * n if n <= 8 else 16 + 14 * (n - 8)) for n in range(17)]
        pv = [*dark, *((n, 128 + 12 * (n - 16)) for n in range(17, 32))]
        export = [(0, 0), *((n, 36 + 7 * (n - 16)) for n in range(16, 32))]
        registers(
            session,
            customer,
            {
                quantity: [(f"{first + timedelta(days=n)} 00:00", f"{kwh}") for n, kwh in read]
                for quantity, read in ((Quantity.PV, pv), (Quantity.EXPORT, export))
            },
        )
    billed(engine, "2024-01")
    issued(engine, "2024-01")
    with Session(engine) as session, session.begin():
        days = session.scalars(select(InvoiceDay).order_by(InvoiceDay.day)).all()
        assert {day.use_wh for day in days[:8]} == {-250}
        assert session.scalars(select(Invoice.state)).all() == ["issued"]
        refresh(session)
        assert verify(session) == []
        triggers.drop(session.connection())
        session.execute(text("UPDATE invoice_day SET use_wh = -300 WHERE quality <> 'measured'"))
        assert ("I4", "2024-01-16: -4800 Wh used and not held") in [
            (found.invariant, found.detail) for found in verify(session)
        ]


def test_a_held_bill_that_went_out_without_a_word_is_found(broken: Broken) -> None:
    found = broken("DELETE FROM settlement")
    assert found == [("I4", f"2401{HELD}"), ("I4", f"2402{HELD}")]


@pytest.mark.parametrize("change", ["energy_wh = energy_wh + 10", "closing_wh = closing_wh + 100"])
def test_registers_that_do_not_tell_the_energy_are_found(broken: Broken, change: str) -> None:
    found = broken(
        f"UPDATE invoice_register SET {change} WHERE invoice_id = {OF_JAN} AND quantity = 'pv'"
    )
    assert ("I5", JAN) in found


def test_an_opening_that_is_not_the_closing_before_is_found(broken: Broken) -> None:
    found = broken(
        f"UPDATE invoice_register SET closing_wh = closing_wh + 1 WHERE invoice_id = {OF_JAN}"
    )
    assert ("I5", FEB) in found


def test_days_that_two_bills_count_are_found(broken: Broken) -> None:
    found = broken(f"UPDATE invoice SET period_start = '2024-02-10' WHERE invoice_no = '{FEB}'")
    assert ("I5", FEB) in found


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE boundary SET wh = wh + 10 WHERE channel_id = {PV} AND day = '2024-01-20'",
        f"DELETE FROM boundary WHERE channel_id = {PV} AND day = '2024-01-20'",
        f"UPDATE reading SET wh = wh + 10 WHERE channel_id = {PV} AND at = {NEWEST}",
    ],
)
def test_a_boundary_that_the_readings_do_not_give_is_found(broken: Broken, statement: str) -> None:
    assert broken(statement) == [("I5", "site 1 pv")]


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE invoice SET issued_at = issued_at + 1 WHERE id = {OF_JAN}",
        f"UPDATE invoice SET hash = 'x' WHERE id = {OF_JAN}",
        f"UPDATE invoice_paper SET operator_name = 'x' WHERE invoice_id = {OF_JAN}",
        f"UPDATE invoice_register SET serial = 'x' WHERE invoice_id = {OF_JAN}",
        f"UPDATE invoice SET snapshot = '{{}}' WHERE id = {OF_JAN}",
        f"DELETE FROM invoice_event WHERE invoice_id = {OF_JAN} AND kind = 'issued'",
    ],
)
def test_a_stored_row_that_is_not_what_was_hashed_is_found(broken: Broken, statement: str) -> None:
    assert ("I6", JAN) in broken(statement)


def test_a_chain_with_a_link_taken_out_is_found(broken: Broken) -> None:
    found = broken(f"DELETE FROM invoice_event WHERE invoice_id = {OF_JAN}")
    assert ("I6", f"2401{SOLD}") in found


def test_a_void_bill_whose_heir_is_another_is_found(engine: Engine, broken: Broken) -> None:
    with Session(engine) as session, session.begin():
        void(session, FEB, "誤発行", ACT)
    billed(engine, "2024-02")
    assert issued(engine, "2024-02") == [f"{FEB}-2"]
    assert ("I7", FEB) in broken(
        f"UPDATE invoice SET successor_id = {OF_JAN} WHERE invoice_no = '{FEB}'"
    )


def test_a_void_bill_that_does_not_name_its_heir_is_found(engine: Engine, broken: Broken) -> None:
    with Session(engine) as session, session.begin():
        void(session, FEB, "誤発行", ACT)
    billed(engine, "2024-02")
    issued(engine, "2024-02")
    found = broken(f"UPDATE invoice SET successor_id = NULL WHERE invoice_no = '{FEB}'")
    assert ("I7", FEB) in found


def test_an_issued_bill_without_its_one_mail_is_found(broken: Broken) -> None:
    found = broken(
        f"DELETE FROM mail_event WHERE outbox_id = "
        f"(SELECT id FROM outbox WHERE invoice_id = {OF_JAN})",
        f"DELETE FROM outbox WHERE invoice_id = {OF_JAN}",
        f"UPDATE outbox SET state = 'accepted' WHERE key = 'bill:' || "
        f"(SELECT id FROM invoice WHERE invoice_no = '{FEB}')",
    )
    assert [invariant for invariant, _ in found] == ["I8", "I8"]
    assert found[0] == ("I8", JAN)


def test_sessions_and_links_that_outlive_their_owner_are_found(broken: Broken) -> None:
    nobody = "(id_hash, customer_id, created_at, seen_at, expires_at, address)"
    found = broken(
        "UPDATE customer SET disabled_at = 1 WHERE id = 1",
        f"INSERT INTO session {nobody} VALUES ('a', 1, 0, 0, 9, '')",
        "UPDATE invoice SET issued_at = NULL WHERE id = 1",
        "INSERT INTO bill_link (invoice_id, nonce, token_hash, created_at, expires_at) "
        "VALUES (1, 'a', 'a', 0, 9)",
    )
    assert [subject for invariant, subject in found if invariant == "I9"] == [
        "session 1",
        "link 1",
    ]


@pytest.mark.parametrize(
    ("action", "subject"), [("bill.issue", "2024-01"), ("bill.release", f"2401{HELD}")]
)
def test_what_the_audit_trail_does_not_tell_is_found(
    broken: Broken, action: str, subject: str
) -> None:
    found = broken(f"DELETE FROM audit WHERE action = '{action}' AND subject = '{subject}'")
    assert found == [("I10", subject)]


def test_a_void_that_the_audit_trail_does_not_tell_is_found(engine: Engine, broken: Broken) -> None:
    with Session(engine) as session, session.begin():
        void(session, FEB, "誤発行", ACT)
    assert broken("DELETE FROM audit WHERE action = 'bill.void'") == [("I10", FEB)]


def test_processes_find_what_one_session_finds(
    engine: Engine, broken: Broken, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(f"UPDATE invoice SET total_yen = 1 WHERE id = {OF_JAN}", "DELETE FROM settlement")
    monkeypatch.setattr(whole, "FEW", 0)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1})
    with Session(engine) as session:
        one = verify(session)
    apart = make_engine(engine.url.render_as_string(hide_password=False))
    assert verify_by_processes(apart) == sorted(
        one, key=lambda f: (f.invariant, f.subject, f.detail)
    )
    apart.dispose()
    assert Finding("I4", f"2401{HELD}", "issued with contract_missing not settled") in one


def test_the_command_ends_with_1_where_something_is_found(ppa: Ppa, broken: Broken) -> None:
    broken(f"UPDATE invoice SET total_yen = 1 WHERE id = {OF_JAN}")
    result = ppa("verify", "--json", now=f"{day_of(NOW)}T10:00:00+09:00")
    assert result.code == 1
    assert {"I3", "I6"} == {finding["invariant"] for finding in result.json()["findings"]}
