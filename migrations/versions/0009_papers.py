"""Keep what a bill's document prints of settings and person."""

import sqlalchemy as sa
from alembic import op

from shared import triggers

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables, and the guards anew for them."""
    triggers.drop(op.get_bind())
    op.create_table(
        "logo",
        sa.Column("id", KEY, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_logo")),
    )
    words = (
        "operator_name", "operator_postal_code", "operator_address", "operator_tel",
        "operator_email",
    )  # fmt: skip
    op.create_table(
        "invoice_paper",
        sa.Column("invoice_id", KEY, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in words),
        sa.Column("t_number", sa.Text(), nullable=True),
        sa.Column("tax_rate", sa.BigInteger(), nullable=False),
        sa.Column("tax_rounding", sa.Text(), nullable=False),
        sa.Column("payment_text", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("logo_id", KEY, nullable=True),
        *_of_bill("invoice_paper"),
        sa.ForeignKeyConstraint(["logo_id"], ["logo.id"], name="fk_invoice_paper_logo_id_logo"),
    )
    op.create_table(
        "invoice_person",
        sa.Column("invoice_id", KEY, nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("name", "postal_code", "address")
        ),
        sa.Column("erased_at", sa.BigInteger(), nullable=True),
        *_of_bill("invoice_person"),
    )
    triggers.create(op.get_bind())


def _of_bill(table: str) -> tuple[sa.Constraint, ...]:
    return (
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoice.id"], name=op.f(f"fk_{table}_invoice_id_invoice")
        ),
        sa.PrimaryKeyConstraint("invoice_id", name=op.f(f"pk_{table}")),
    )


def downgrade() -> None:
    """Take them away again."""
    triggers.drop(op.get_bind())
    for table in ("invoice_person", "invoice_paper", "logo"):
        op.drop_table(table)
    triggers.create(op.get_bind())
