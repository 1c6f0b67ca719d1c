"""What the operator sees on a desk."""

from backoffice import (
    audit,
    codes,
    customer_files,
    customer_forms,
    customers,
    holds,
    importing,
    invoices,
    login,
    messages,
    morning,
    operators,
    refusals,
    runs,
    settings,
)
from backoffice.blueprint import office
from backoffice.permissions import may
from shared.doors.sessions import OPERATOR, find_operator
from shared.web.surface import Surface

__all__ = [
    "SURFACE",
    "audit",
    "codes",
    "customer_files",
    "customer_forms",
    "customers",
    "holds",
    "importing",
    "invoices",
    "login",
    "messages",
    "morning",
    "operators",
    "refusals",
    "runs",
    "settings",
]

SURFACE = Surface(
    name="backoffice",
    prefix="/office",
    cookie="ppa_office",
    login_path="/office/login",
    blueprint=office,
    lifetime=OPERATOR,
    find_principal=find_operator,
    may=may,
)
