"""All that is held of one customer, as one ZIP for the person it is about (security.md R28).

The rows of every table that leads to the customer are told as they are, so that a table made later
is told too; keys and tokens never are, and who of the office wrote a row is told as `office`.
"""

import csv
import io
import json
from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, LargeBinary, RowMapping, Select, Table, or_, select
from sqlalchemy.orm import Session

from shared import audit
from shared.documents.bundling import File
from shared.documents.keeping import find_faces, find_rendering
from shared.errors import NotFound
from shared.models.base import Base
from shared.models.customers import Customer, Occupancy
from shared.models.invoices import Invoice
from shared.models.mail import Outbox
from shared.models.operations import Audit
from shared.models.telemetry import Channel, DayValue
from shared.months import Period, instant
from shared.telemetry.exporting import find_kept_at, time_text
from shared.telemetry.stays import find_stays

EVER: Final = Period(date(2000, 1, 1), date(2100, 1, 1))
NOT_OF_ONE: Final = {
    "bill_run": "a month's run, of everybody",
    "boundary": "follows from the readings",
    "channel": "the roof's",
    "channel_span": "follows from the readings",
    "checkpoint": "follows from the readings",
    "document_request": "a month's, of everybody",
    "energy_interval": "told with the readings, of the stay's days",
    "estimate": "told with the bill that rests on it",
    "feed": "the roof's devices",
    "gateway": "the roof's devices",
    "gateway_request": "the roof's devices",
    "gateway_traffic": "the roof's devices",
    "gateway_word": "the roof's devices",
    "invoice_sum": "sums over everybody",
    "owner_sum": "sums of the bills, which are told",
    "band_sum": "sums over everybody",
    "issue_request": "a month's, of everybody",
    "lease": "of the machinery",
    "logo": "the operator's",
    "manual_register": "told with the readings, of the stay's days",
    "meter_close": "follows from the readings",
    "meter_event": "the roof's meters; told with the bills",
    "operator": "of the office's people",
    "operator_link": "of the office's people",
    "poll": "the roof's devices",
    "reading": "told with the readings, of the stay's days",
    "set_aside": "told with the readings, of the stay's days",
    "setting": "the operator's",
    "stale_site": "follows from the readings",
    "throttle": "of addresses, for an hour",
}
"""Tables that are not told as rows, and why; a test knows no others."""
_UNTOLD: Final = frozenset({"search_text", "claim", "claimed_at", "version"})
READING_HEADS: Final = (
    "customer_no", "channel", "kind", "minutes", "read_at", "wh", "state", "reason", "source",
)  # fmt: skip
EXPLAINED: Final = """\
この ZIP には、{number} のお客さまについて当社が保存している記録が入っています。

記録.json    お客さま、契約、請求、入金、メール、ログイン、お知らせ、操作の記録
検針値.csv   お住まいの期間の積算値と時間帯ごとの値
請求書/      発行した請求書(取り消したものを含む)

時刻は日本時間、電力量は Wh、単価は銭、金額は円です。認証コードと鍵は入っていません。
担当者が書いた行は office、お客さまご自身の行は customer と書いてあります。
"""


def disclose(session: Session, customer_no: str, now: int, actor: str) -> Iterator[File]:
    """Yield the files of a customer's ZIP; audited before the first. Raises NotFound."""
    customer = session.scalars(
        select(Customer).where(Customer.customer_no == customer_no)
    ).one_or_none()
    if customer is None:
        raise NotFound(f"there is no customer {customer_no}")
    audit.record(session, now, actor, "customer_disclosed", customer_no, {})
    session.flush()
    yield File("お読みください.txt", EXPLAINED.format(number=customer_no).encode())
    told = {"customer_no": customer_no, "written_at": time_text(now)}
    rows = {name: list(found) for name, found in _tables(session, customer)}
    content = json.dumps(told | {"tables": rows}, ensure_ascii=False, indent=1)
    yield File("記録.json", content.encode())
    yield File("検針値.csv", _readings(session, customer))
    for number in session.scalars(_bills(customer, Invoice.invoice_no)).all():
        for face in find_faces(session, number):
            try:
                made = find_rendering(session, number, face=face)
            except NotFound:
                continue  # erased: what no longer is there cannot be told
            yield File(f"請求書/{made.file_name}", made.content)


def told_tables() -> list[str]:
    """Return the tables whose rows are told, by name."""
    return [table.name for table in Base.metadata.sorted_tables if table.name not in NOT_OF_ONE]


def _tables(session: Session, customer: Customer) -> Iterator[tuple[str, Iterator[dict[str, Any]]]]:
    for name in sorted(told_tables()):
        table = Base.metadata.tables[name]
        shown = [
            column
            for column in table.columns
            if not isinstance(column.type, LargeBinary) and column.name not in _UNTOLD
        ]
        keys = list(table.primary_key.columns)
        rows = session.execute(select(*shown).where(_leads(table, customer)).order_by(*keys))
        yield name, (_told(row) for row in rows.mappings().all())


def _leads(table: Table, customer: Customer) -> ColumnElement[bool]:
    """Return which rows of a table are the customer's."""
    columns, bills = table.columns, _bills(customer, Invoice.id)
    if table is Customer.__table__:
        return columns.id == customer.id
    if table is Audit.__table__:
        numbers = _bills(customer, Invoice.invoice_no)
        return (columns.subject == customer.customer_no) | columns.subject.in_(numbers)
    if table is DayValue.__table__:
        return _days_of_stay(table, customer)
    if table.name == "site":
        return columns.id.in_(select(Occupancy.site_id).where(_own(Occupancy, customer)))
    mails = select(Outbox.id).where(_own(Outbox, customer) | Outbox.invoice_id.in_(bills))
    ways: dict[str, Any] = {
        "customer_id": [customer.id],
        "customer_no": [customer.customer_no],
        "invoice_id": bills,
        "outbox_id": mails,
    }
    found = [columns[name].in_(theirs) for name, theirs in ways.items() if name in columns]
    if not found:
        raise LookupError(f"nothing leads from {table.name} to a customer")
    return or_(*found)


def _own(model: type[Occupancy | Outbox], customer: Customer) -> ColumnElement[bool]:
    return model.customer_id == customer.id


def _bills(customer: Customer, column: Any) -> Select[Any]:  # noqa: ANN401 - a column of a bill
    return select(column).where(Invoice.customer_id == customer.id).order_by(Invoice.invoice_no)


def _days_of_stay(table: Table, customer: Customer) -> ColumnElement[bool]:
    """Return the day values of the roofs and days that were the customer's, never a neighbour's."""
    columns, stay = table.columns, Occupancy
    lived = (
        select(stay.id)
        .join(Channel, Channel.site_id == stay.site_id)
        .where(
            stay.customer_id == customer.id,
            Channel.id == columns.channel_id,
            stay.from_day.is_(None) | (stay.from_day <= columns.day),
            stay.to_day.is_(None) | (stay.to_day >= columns.day),
        )
    )
    return lived.exists()


def _told(row: RowMapping) -> dict[str, Any]:
    """Return a row as JSON holds it: instants as Japan's time, people of the office unnamed."""
    return {name: _cell(name, cell) for name, cell in row.items()}


def _cell(name: str, cell: Any) -> Any:  # noqa: ANN401 - whatever a column holds
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, int) and (name == "at" or name.endswith("_at")):
        return time_text(cell)
    if cell and (name in {"actor", "asked_by"} or name.endswith("_by")):
        return "customer" if str(cell).startswith("customer:") else "office"
    return cell


def _readings(session: Session, customer: Customer) -> bytes:
    """Return all registers and intervals of the customer's own days, those set aside among them."""
    text = io.StringIO(newline="")
    out = csv.DictWriter(text, READING_HEADS)
    out.writeheader()
    for stay in find_stays(session, customer.id, EVER):
        since, until = instant(stay.period.start), instant(stay.period.end) - 1
        for kept in find_kept_at(session, {customer.customer_no: stay.site_id}, since, until):
            out.writerow(kept.document())
    return text.getvalue().encode("utf-8-sig")
