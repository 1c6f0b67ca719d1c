"""What every form on a bill carries: who acts, a reason, and which state the page showed."""

import unicodedata

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from shared.invoices.chaining import Act
from shared.invoices.documents import get_invoice
from shared.invoices.rows import version_of
from shared.web.language import own_path
from shared.web.request import database, now, principal, site

LONGEST_REASON = 200


def own_act() -> Act:
    """Return who acts now, with the key under which an issue names whom it was made to."""
    return Act(principal().name, now(), now(), site().settings.code_key)


def typed(name: str) -> str:
    """Return a field of the form, full-width letters made narrow and blanks around it gone."""
    return unicodedata.normalize("NFKC", request.form.get(name, "")).strip()


def typed_reason() -> str:
    """Return the reason of the form on one line, empty where there is none."""
    text = " ".join(request.form.get("reason", "").split())
    return text if len(text) <= LONGEST_REASON else ""


def reason_missing() -> str:
    """Return the sentence for a reason that is missing or too long."""
    return str(_("理由を、200文字までで入れてください。"))


def is_stale(invoice_no: str) -> bool:
    """Say whether a bill is no longer as the form's page showed it; raises NotFound."""
    return request.form.get("version") != version_of(get_invoice(database(), invoice_no))


def done(text: str, invoice_no: str) -> ResponseReturnValue:
    """Say what was done, on the page that the form came from."""
    flash(text)
    back = own_path(request.form.get("back", ""))
    return redirect(back or url_for("office.invoice", invoice_no=invoice_no), 303)
