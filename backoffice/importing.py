"""Customers from a CSV file: look first, then apply; all of it or nothing."""

import base64
import binascii
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import BadRequest

from backoffice.blueprint import office
from backoffice.customer_forms import field_words, registrar
from backoffice.import_words import Told, tell_fault
from backoffice.trail import lines_of, tell
from shared.audit import AuditFilter, each_audit
from shared.csvfile import Column, CsvWriter, FileRefused
from shared.csvfile.opening import Fault
from shared.customers.importing import encoding_of, read_customers
from shared.customers.planning import Change, Verdict, plan_changes
from shared.customers.registering import apply_changes
from shared.customers.stored import WasErased
from shared.models.operations import Audit
from shared.settings import find_settings
from shared.web import paging
from shared.web.downloads import asked_encoding, csv_answer
from shared.web.marks import takes_upload
from shared.web.request import database, now, principal

MOST_BYTES = 2_000_000
SHOWN = 200
IMPORTED = ("customer_registered", "customer_changed")
REPORT = (
    Column("顧客番号", is_text=True),
    Column("結果", is_text=True),
    Column("変わったところ", is_text=True),
)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file would do: rows by verdict, and what is wrong with the others."""

    name: str
    content: str
    encoding: str
    changes: list[Change]
    faults: list[Fault] = field(default_factory=list)

    @property
    def counts(self) -> Counter[str]:
        """Return how many rows are new, changed, the same and wrong."""
        counts = Counter(change.verdict.value for change in self.changes)
        counts["error"] = len({fault.line for fault in self.faults})
        return counts

    @property
    def told(self) -> list[Change]:
        """Return the first rows that would change something."""
        return [one for one in self.changes if one.verdict is not Verdict.SAME][:SHOWN]


@office.get("/customers/import")
def import_customers() -> ResponseReturnValue:
    """Ask for a file; after one was applied, say what it did."""
    done = paging.whole_instant("done")
    return _page(None, done=done, counts=_counts_at(done) if done else None)


@office.post("/customers/import")
@takes_upload
def preview_import() -> ResponseReturnValue:
    """Show what a file would do, and change nothing."""
    upload = request.files.get("file")
    content = upload.stream.read(MOST_BYTES + 1) if upload else b""
    if not content or len(content) > MOST_BYTES:
        return _page(None, error=_("2 MB までの CSV ファイルを選んでください。")), 422
    try:
        preview = _preview(content, upload.filename or "file.csv" if upload else "file.csv")
    except WasErased as erased:
        return _page(None, error=_erased_words(erased)), 422
    return _page(preview), 422 if preview.faults else 200


@office.post("/customers/import/apply")
@takes_upload
def apply_import() -> ResponseReturnValue:
    """Apply a file that was looked at; planned anew, for the customers may have changed."""
    try:
        content = base64.b64decode(request.form.get("content", ""), validate=True)
    except binascii.Error as error:
        raise BadRequest from error
    try:
        preview = _preview(content, request.form.get("name", ""), lock=True)
    except WasErased as erased:
        return _page(None, error=_erased_words(erased)), 422
    if preview.faults:
        return _page(preview), 422
    apply_changes(database(), preview.changes, registrar())
    return redirect(url_for("office.import_customers", done=now()), 303)


@office.get("/customers/import/report.csv")
def import_report() -> ResponseReturnValue:
    """Send what an import did to each customer, from the audit trail."""
    rows = each_audit(database(), _at(paging.whole_instant("done") or 0))
    cells = list(_cells(rows))
    writer = CsvWriter(REPORT, asked_encoding())
    return csv_answer("顧客取り込み結果.csv", writer.chunks(cells))


def _erased_words(erased: WasErased) -> str:
    """Return whose row has to leave the file."""
    return str(
        _(
            "顧客 %(number)s の記録は消去されています。その行をファイルから除いてください。",
            number=erased.customer_no,
        )
    )


def _cells(rows: Iterable[Audit]) -> Iterator[list[str]]:
    for row in rows:
        told = tell(row)
        lines = (f"{one.name}: {one.before or ''} → {one.after}" for one in told.lines)
        yield [row.subject, told.what, " / ".join(lines)]


def _at(instant: int) -> AuditFilter:
    return AuditFilter(actor=principal().name, actions=IMPORTED, at=instant)


def _counts_at(instant: int) -> Counter[str]:
    return Counter(row.action for row in each_audit(database(), _at(instant)))


def _preview(content: bytes, name: str, *, lock: bool = False) -> Preview:
    prefix = find_settings(database()).customer_no_prefix
    name, encoded = name[:100], base64.b64encode(content).decode()
    try:
        encoding = encoding_of(content, name)
        sheet = read_customers(content, name, prefix)
    except FileRefused as refused:
        return Preview(name, encoded, "", [], list(refused.faults))
    changes = plan_changes(database(), sheet.entries, now(), lock=lock)
    return Preview(name, encoded, encoding, changes, sheet.problems.faults)


def _page(
    preview: Preview | None,
    *,
    error: str = "",
    done: int | None = None,
    counts: Counter[str] | None = None,
) -> str:
    faults: list[Told] = []
    if preview:
        fields = field_words()
        faults = [tell_fault(fault, fields) for fault in preview.faults[:SHOWN]]
    return render_template(
        "office/import.html",
        preview=preview,
        faults=faults,
        lines_of=lines_of,
        error=error,
        done=done,
        counts=counts,
    )
