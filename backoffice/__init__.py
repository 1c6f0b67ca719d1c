"""What the operator sees on a desk."""

from backoffice import (
    account,
    audit,
    bill_pages,
    codes,
    corrections,
    customer,
    customer_bills,
    customer_files,
    customer_forms,
    customers,
    deleting,
    documents,
    holds,
    importing,
    invoices,
    login,
    messages,
    morning,
    moving,
    operators,
    proposals,
    refusals,
    runs,
    settings,
    settling,
)
from backoffice.blueprint import office
from backoffice.permissions import may
from shared.doors.sessions import OPERATOR, find_operator
from shared.web.surface import Surface

__all__ = [
    "SURFACE",
    "account",
    "audit",
    "bill_pages",
    "codes",
    "corrections",
    "customer",
    "customer_bills",
    "customer_files",
    "customer_forms",
    "customers",
    "deleting",
    "documents",
    "holds",
    "importing",
    "invoices",
    "login",
    "messages",
    "morning",
    "moving",
    "operators",
    "proposals",
    "refusals",
    "runs",
    "settings",
    "settling",
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
