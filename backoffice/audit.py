"""Who did what, when."""

from flask import render_template
from flask.typing import ResponseReturnValue

from backoffice.blueprint import office
from shared.audit import AuditFilter, find_audit
from shared.web import paging
from shared.web.request import database


@office.get("/audit")
def audit() -> ResponseReturnValue:
    """List the trail, newest first."""
    shown = paging.asked_slice()
    rows, total = find_audit(database(), AuditFilter(), shown.size, shown.offset)
    return render_template("office/audit.html", rows=rows, pager=paging.Pager(shown, total))
