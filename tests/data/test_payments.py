"""Paid or not: by hand and by file, taken back, reminded; on both engines."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from shared.errors import Refused
from shared.invoices.payments import (
    PaymentFilter,
    Word,
    are_in_use,
    count_payment_rows,
    find_paid_days,
    find_payment_rows,
    pay,
    take_back,
)
from shared.mail.reminding import remind_each
from shared.models.documents import InvoicePaper
from shared.models.invoices import Invoice
from shared.models.mail import Outbox
from shared.models.payments import Payment
from tests.conftest import Ppa, Result
from tests.data.mailed import issued_bills, recipient_of
from tests.mailroom import a_mailroom, text_of

HOME = 1120230001
BILL, OTHER = f"2401{HOME}", f"2401{HOME + 1}"
TODAY = date(2024, 3, 20)
WORD = Word(1_710_900_000, "clerk@example.jp")
"""11:00 of 20 March 2024 in Japan."""
NOW = "2024-03-20T11:00:00+09:00"


@pytest.fixture(autouse=True)
def bills(engine: Engine) -> None:
    """Store two bills of 1 and 2 yen, due on 10 March."""
    issued_bills(engine, 2, HOME)
    with Session(engine) as session, session.begin():
        for invoice_id in session.scalars(select(Invoice.id)):
            texts = ("name", "postal_code", "address", "tel", "email")
            issuer = {f"operator_{name}": "" for name in texts}
            session.add(
                InvoicePaper(
                    invoice_id=invoice_id, tax_rate=10, tax_rounding="floor", payment_text="",
                    due_on=date(2024, 3, 10), **issuer,
                )
            )  # fmt: skip


def listed(engine: Engine, state: str, today: date = TODAY) -> list[str]:
    """Return the bills that a list of payments shows."""
    with Session(engine) as session:
        wanted = PaymentFilter(state, today)
        rows = find_payment_rows(session, wanted)
        assert count_payment_rows(session, wanted)[0] == len(rows)
        return [row.invoice_no for row in rows]


def imported(ppa: Ppa, tmp_path: Path, *lines: str, apply: bool = True) -> Result:
    """Give a file of payments to the command."""
    path = tmp_path / "payments.csv"
    path.write_text("\n".join(["invoice_no,paid_on,amount_yen,external_id", *lines]) + "\n")
    options = ["--json", *(["--apply"] if apply else [])]
    return ppa("payments", "import", str(path), *options, now=NOW)


def test_a_bill_is_unpaid_then_overdue_then_paid(engine: Engine) -> None:
    assert listed(engine, "unpaid") == [BILL, OTHER]
    assert listed(engine, "overdue", date(2024, 3, 10)) == []
    assert listed(engine, "overdue", date(2024, 3, 11)) == [BILL, OTHER]
    with Session(engine) as session, session.begin():
        assert not are_in_use(session)
        pay(session, BILL, date(2024, 3, 5), WORD)
        assert are_in_use(session)
        assert find_paid_days(session, [BILL, OTHER]) == {BILL: date(2024, 3, 5)}
    assert (listed(engine, "unpaid"), listed(engine, "paid")) == ([OTHER], [BILL])


def test_a_payment_is_taken_back_with_a_reason_and_nothing_is_rewritten(engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        pay(session, BILL, date(2024, 3, 5), WORD)
        take_back(session, BILL, "別の家の入金", WORD)
        assert find_paid_days(session, [BILL]) == {}
        pay(session, BILL, date(2024, 3, 6), WORD)
        assert find_paid_days(session, [BILL]) == {BILL: date(2024, 3, 6)}
        kinds = session.scalars(select(Payment.kind).order_by(Payment.id)).all()
        assert kinds == ["paid", "taken_back", "paid"]
        with pytest.raises(Refused, match="paid already"):
            pay(session, BILL, date(2024, 3, 6), WORD)
        with pytest.raises(Refused, match="still to come"):
            pay(session, OTHER, date(2024, 3, 21), WORD)
        with pytest.raises(Refused, match="not paid"):
            take_back(session, OTHER, "x", WORD)


def test_a_file_is_taken_whole_and_again_without_harm(
    ppa: Ppa, engine: Engine, tmp_path: Path
) -> None:
    lines = [f"{BILL},2024-03-05,1,A1", f"{OTHER},2024/03/06,2,"]
    dry = imported(ppa, tmp_path, *lines, apply=False)
    assert dry.json() == {"applied": False, "counts": {"new": 2, "same": 0}}
    assert listed(engine, "paid") == []
    assert imported(ppa, tmp_path, *lines).json()["counts"] == {"new": 2, "same": 0}
    assert imported(ppa, tmp_path, *lines).json()["counts"] == {"new": 0, "same": 2}
    assert listed(engine, "paid") == [BILL, OTHER]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("24019999999999,2024-03-05,1,", "line 3, invoice_no: there is no bill '24019999999999'"),
        (f"{OTHER},2024-03-05,3,", "line 3, amount_yen: 3 yen, and the bill is 2 yen"),
        (f"{OTHER},2024-03-21,2,", "line 3, paid_on: 2024-03-21 is still to come"),
        (f"{OTHER},yesterday,2,", "line 3, paid_on: 'yesterday' is not a day"),
        (f"{OTHER},2024-03-05,2.5,", "line 3, amount_yen: "),
        (f"{OTHER},2024-03-05,2,A1", "line 3, external_id: 'A1' is the payment of another bill"),
        (f"{BILL},2024-03-05,1,", "line 3, invoice_no: paid in line 2 already"),
        (f"{BILL},2024-03-05,1,=1+1", "line 3, invoice_no: paid in line 2 already"),
    ],
)
def test_a_row_that_is_unknown_or_doubtful_is_named_and_nothing_is_taken(
    ppa: Ppa, engine: Engine, tmp_path: Path, line: str, told: str
) -> None:
    result = imported(ppa, tmp_path, f"{BILL},2024-03-05,1,A1", line)
    assert (result.code, told in result.err) == (2, True), result.err
    assert listed(engine, "paid") == []


def test_a_second_payment_of_a_bill_is_named(ppa: Ppa, engine: Engine, tmp_path: Path) -> None:
    assert imported(ppa, tmp_path, f"{BILL},2024-03-05,1,A1").code == 0
    result = imported(ppa, tmp_path, f"{BILL},2024-03-07,1,A2")
    assert (result.code, "was paid on 2024-03-05 already" in result.err) == (2, True)


def test_a_payment_of_a_bill_that_is_void_by_now_is_astray(engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        pay(session, BILL, date(2024, 3, 5), WORD)
        bill = session.scalars(select(Invoice).where(Invoice.invoice_no == BILL)).one()
        bill.state, bill.voided_at, bill.voided_by, bill.void_reason = "void", 1, "a", "誤り"
    assert (listed(engine, "astray"), listed(engine, "paid")) == ([BILL], [])


def test_a_reminder_goes_once_a_day_and_not_to_who_has_paid_meanwhile(
    ppa: Ppa, engine: Engine
) -> None:
    with Session(engine) as session, session.begin():
        first = remind_each(session, [BILL, OTHER], WORD.now, WORD.actor)
        again = remind_each(session, [BILL, OTHER], WORD.now + 60, WORD.actor)
        pay(session, OTHER, date(2024, 3, 5), WORD)
    assert (first.queued, list(again.kept)) == ([BILL, OTHER], [BILL, OTHER])
    with a_mailroom() as room:
        ppa("mail", "send", now=NOW, **room.environ)
    subjects = [str(mail["Subject"]) for mail in room.of(recipient_of(HOME))]
    assert subjects == ["2024年1月分の請求書のお知らせ", "2024年1月分のお支払いのご確認"]
    reminder = room.of(recipient_of(HOME))[1]
    assert reminder["Message-ID"] == f"<reminder.{BILL}.2024-03-20@ppa.example.jp>"
    assert "2024年3月10日" in text_of(reminder)
    assert len(room.of(recipient_of(HOME + 1))) == 1
    with Session(engine) as session:
        states = dict(session.execute(select(Outbox.key, Outbox.state)).all())
        assert states[f"reminder:{OTHER}:2024-03-20"] == "held"
