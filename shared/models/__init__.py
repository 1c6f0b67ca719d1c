"""All tables, so that their metadata is whole wherever one is used."""

from shared.models import (
    customers,
    documents,
    doors,
    fleet,
    gateways,
    invoices,
    mail,
    operations,
    payments,
    telemetry,
)
from shared.models.base import Base

__all__ = [
    "Base",
    "customers",
    "documents",
    "doors",
    "fleet",
    "gateways",
    "invoices",
    "mail",
    "operations",
    "payments",
    "telemetry",
]
