"""Whose data went where: the figures of the report that a leak asks for."""

import csv
import io

from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from shared import audit
from shared.models.mail import MailEvent, Outbox
from tests.conftest import Ppa
from tests.data.homes import at
from tests.data.mailed import issued_bills

SPAN = ("--from", "2024-02-20T09:00:00+09:00", "--to", "2024-02-21T09:00:00+09:00")
AT = at("2024-02-20 09:00")


def told(ppa: Ppa, *options: str) -> tuple[list[tuple[str, ...]], str]:
    """Return (what, customer, bill, who, recipient) of each row, and what was said."""
    result = ppa("audit", "exposure", *SPAN, *options)
    rows = csv.DictReader(io.StringIO(result.raw.decode("utf-8-sig")))
    names = ("what", "customer_no", "invoice_no", "who", "recipient")
    return [tuple(row[name] for name in names) for row in rows], result.err


def test_it_tells_whose_what_when_to_whom_and_how_many(ppa: Ppa, engine: Engine) -> None:
    bills = issued_bills(engine, 3)
    first, second, third = (bill[4:] for bill in bills)
    with Session(engine) as session, session.begin():
        mails = session.scalars(select(Outbox).order_by(Outbox.id)).all()
        for mail, when in zip(mails, (AT, AT + 60, AT - 1), strict=True):
            session.add(MailEvent(outbox_id=mail.id, at=when, kind="accepted", detail="250"))
        audit.record(session, AT, "clerk@example.jp", "code_revealed", third, {})
        audit.record(session, AT, "clerk@example.jp", "customer_changed", second, {})
        audit.record(session, AT + 86_400, "clerk@example.jp", "code_revealed", second, {})
    rows, said = told(ppa)
    assert rows == [
        ("mailed", first, bills[0], "", f"{first}@example.jp"),
        ("code_revealed", third, "", "clerk@example.jp", ""),
        ("mailed", second, bills[1], "", f"{second}@example.jp"),
    ]
    assert "3 customers: code_revealed 1, mailed 2" in said
    assert [row[:2] for row in told(ppa, "--actor", "clerk@example.jp")[0]] == [
        ("code_revealed", third)
    ]
    assert [row[:2] for row in told(ppa, "--recipient", f"{second}@example.jp")[0]] == [
        ("mailed", second)
    ]
    with Session(engine) as session, session.begin():
        session.execute(update(Outbox).values(recipient="wrong@example.jp"))
    assert len(told(ppa, "--recipient", "wrong@example.jp")[0]) == 2
    assert ppa("audit", "exposure", *SPAN, "--actor", "nobody").code == 0
    wrong = ppa("audit", "exposure", "--from", SPAN[3], "--to", SPAN[1])
    assert (wrong.code, "--to" in wrong.err) == (2, True)
