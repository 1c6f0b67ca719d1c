"""Order a list of bills by any column, and sum up any of its ranges, without reading all."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from shared import tallies, triggers

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

LISTED = ["month", "id", "state", "quality", "customer_id", "issued_on", "period_end"]
_TEXTS: dict[str, Any] = {"state": sa.Text(), "quality": sa.Text()}
SORTED = ["name", *tallies.FIGURES]


def upgrade() -> None:
    """Make the tables of sums, count what is there, and make the indexes."""
    bind = op.get_bind()
    triggers.drop(bind)
    for table, keys in (
        ("band_sum", {"month": sa.Date(), "day": sa.Date(), **_TEXTS, "band": sa.BigInteger()}),
        ("owner_sum", {"customer_id": sa.BigInteger(), **_TEXTS}),
    ):
        op.create_table(
            table,
            *(sa.Column(name, kind, nullable=False) for name, kind in keys.items()),
            sa.Column("bills", sa.BigInteger(), nullable=False),
            *(sa.Column(name, sa.BigInteger(), nullable=False) for name in tallies.FIGURES),
            sa.PrimaryKeyConstraint(*keys, name=op.f(f"pk_{table}")),
            sqlite_with_rowid=False,
        )
        op.execute(tallies.fill(table, bind.dialect.name))
    for name in ("month", "customer_id"):
        op.drop_index(f"ix_invoice_{name}", "invoice")
    op.create_index("ix_invoice_customer_id", "invoice", ["customer_id", "month", "id"])
    op.create_index("ix_invoice_list", "invoice", [*LISTED, *tallies.FIGURES])
    for name in SORTED:
        op.create_index(f"ix_invoice_{name}", "invoice", [name, "id", "state", "quality"])
    triggers.create(bind)


def downgrade() -> None:
    """Take all of it away."""
    bind = op.get_bind()
    triggers.drop(bind)
    for name in SORTED:
        op.drop_index(f"ix_invoice_{name}", "invoice")
    op.drop_index("ix_invoice_list", "invoice")
    op.create_index("ix_invoice_month", "invoice", ["month", "id"])
    op.drop_index("ix_invoice_customer_id", "invoice")
    op.create_index("ix_invoice_customer_id", "invoice", ["customer_id", "month"])
    for table in ("owner_sum", "band_sum"):
        op.drop_table(table)
    triggers.create(bind)
