"""Who did what, when: searched, read as before and after, and sent as a file."""

from collections.abc import Iterable, Iterator

from flask import render_template
from flask.typing import ResponseReturnValue

from backoffice.blueprint import office
from backoffice.trail import action_words, tell
from shared.audit import AuditFilter, each_audit, find_actions, find_audit
from shared.csvfile import Column, CsvWriter
from shared.models.operations import Audit
from shared.web import paging
from shared.web.downloads import asked_encoding, csv_answer
from shared.web.filters import stamp
from shared.web.request import database

COLUMNS = (
    Column("時刻"),
    Column("だれが", is_text=True),
    Column("操作", is_text=True),
    Column("対象", is_text=True),
    Column("内容", is_text=True),
)


@office.get("/audit")
def audit() -> ResponseReturnValue:
    """List what the filter finds of the trail, newest first."""
    wanted, shown = asked_filter(), paging.asked_slice()
    rows, total = find_audit(database(), wanted, shown.size, shown.offset)
    words = action_words()
    actions = [(name, words.get(name, name)) for name in find_actions(database())]
    return render_template(
        "office/audit.html",
        told=[tell(row) for row in rows],
        wanted=wanted,
        actions=actions,
        pager=paging.Pager(shown, total),
    )


@office.get("/audit.csv")
def audit_csv() -> ResponseReturnValue:
    """Send every row of the trail that the filter finds; details as they are kept."""
    writer = CsvWriter(COLUMNS, asked_encoding())
    cells = _cells(each_audit(database(), asked_filter()))
    return csv_answer("記録.csv", writer.chunks(cells))


def asked_filter() -> AuditFilter:
    """Return the filter that the address asks for; a bad value counts as absent."""
    return AuditFilter(
        subject=paging.word("subject"),
        actor=paging.word("actor"),
        action=paging.word("action"),
        from_day=paging.calendar_day("from"),
        to_day=paging.calendar_day("to"),
    )


def _cells(rows: Iterable[Audit]) -> Iterator[list[str]]:
    for row in rows:
        yield [stamp(row.at), row.actor, row.action, row.subject, row.detail]
