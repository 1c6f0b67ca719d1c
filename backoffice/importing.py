"""Customers from a CSV file: look first, then apply; all of it or nothing."""

import base64
import binascii
from collections import Counter
from dataclasses import dataclass

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import BadRequest

from backoffice.blueprint import office
from shared.customers.importing import read_customers
from shared.customers.planning import Change, Verdict, plan_changes
from shared.customers.registering import Registrar, apply_changes
from shared.errors import InputRefused
from shared.settings import find_settings
from shared.web.marks import takes_upload
from shared.web.request import database, now, principal, site

MOST_BYTES = 2_000_000
SHOWN = 200


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file would do: rows by verdict, or a sentence for each fault."""

    name: str
    content: str
    changes: list[Change]
    problems: list[str]

    @property
    def counts(self) -> Counter[str]:
        """Return how many rows are new, changed and the same."""
        return Counter(change.verdict.value for change in self.changes)

    @property
    def told(self) -> list[Change]:
        """Return the first rows that would change something."""
        return [one for one in self.changes if one.verdict is not Verdict.SAME][:SHOWN]


@office.get("/customers/import")
def import_customers() -> ResponseReturnValue:
    """Ask for a file."""
    return _page(None)


@office.post("/customers/import")
@takes_upload
def preview_import() -> ResponseReturnValue:
    """Show what a file would do, and change nothing."""
    upload = request.files.get("file")
    content = upload.stream.read(MOST_BYTES + 1) if upload else b""
    if not content or len(content) > MOST_BYTES:
        return _page(None, _("2 MB までの CSV ファイルを選んでください。")), 422
    preview = _preview(content, upload.filename or "file.csv" if upload else "file.csv")
    return _page(preview), 422 if preview.problems else 200


@office.post("/customers/import/apply")
@takes_upload
def apply_import() -> ResponseReturnValue:
    """Apply a file that was looked at; planned anew, for the customers may have changed."""
    try:
        content = base64.b64decode(request.form.get("content", ""), validate=True)
    except binascii.Error as error:
        raise BadRequest from error
    preview = _preview(content, request.form.get("name", ""), lock=True)
    if preview.problems:
        return _page(preview), 422
    registrar = Registrar(lambda: site().settings.code_key, now(), principal().name)
    apply_changes(database(), preview.changes, registrar)
    return redirect(url_for("office.customers"), 303)


def _preview(content: bytes, name: str, *, lock: bool = False) -> Preview:
    prefix = find_settings(database()).customer_no_prefix
    encoded = base64.b64encode(content).decode()
    try:
        sheet = read_customers(content, name[:100], prefix)
        sheet.problems.check()
    except InputRefused as refused:
        return Preview(name, encoded, [], str(refused).splitlines()[:SHOWN])
    return Preview(name, encoded, plan_changes(database(), sheet.entries, now(), lock=lock), [])


def _page(preview: Preview | None, error: str = "") -> str:
    return render_template("office/import.html", preview=preview, error=error)
