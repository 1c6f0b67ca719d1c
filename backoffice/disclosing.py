"""All that is held of one customer, as a ZIP for the person it is about; the own password again."""

from flask import Response, render_template
from flask.typing import ResponseReturnValue

from backoffice.blueprint import office
from backoffice.confirming import is_confirmed, wrong_password
from shared.customers.stored import get_stored
from shared.documents.bundling import zipped_files
from shared.documents.disclosing import disclose
from shared.web.downloads import disposition
from shared.web.request import database, now, principal


@office.get("/customers/<customer_no>/disclose")
def ask_disclose(customer_no: str) -> ResponseReturnValue:
    """Say what the ZIP holds and what becomes of asking for it."""
    return _page(customer_no, {})


@office.post("/customers/<customer_no>/disclose")
def disclose_customer(customer_no: str) -> ResponseReturnValue:
    """Hand out all that is held of a customer; audited."""
    get_stored(database(), customer_no)
    if not is_confirmed():
        return _page(customer_no, {"password": wrong_password()}), 422
    files = disclose(database(), customer_no, now(), principal().name)
    answer = Response(b"".join(zipped_files(files)), content_type="application/zip")
    name = disposition("attachment", f"保有記録_{customer_no}.zip", f"record-{customer_no}.zip")
    answer.headers["Content-Disposition"] = name
    return answer


def _page(customer_no: str, errors: dict[str, str]) -> str:
    stored = get_stored(database(), customer_no)
    return render_template("office/customer_disclose.html", stored=stored, errors=errors)
