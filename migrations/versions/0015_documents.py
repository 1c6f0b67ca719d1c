"""Keep the bytes of bills' documents."""

import sqlalchemy as sa
from alembic import op

from shared import triggers

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table, and the guards anew for it."""
    triggers.drop(op.get_bind())
    op.create_table(
        "invoice_document",
        sa.Column("invoice_id", KEY, nullable=False),
        sa.Column("face", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("rendered_at", sa.BigInteger(), nullable=False),
        sa.Column("erased_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "face IN ('issued', 'void', 'replaced')", name=op.f("ck_invoice_document_face")
        ),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoice.id"], name=op.f("fk_invoice_document_invoice_id_invoice")
        ),
        sa.PrimaryKeyConstraint("invoice_id", "face", name=op.f("pk_invoice_document")),
        sa.UniqueConstraint("sha256", name=op.f("uq_invoice_document_sha256")),
    )
    triggers.create(op.get_bind())


def downgrade() -> None:
    """Take it away again."""
    triggers.drop(op.get_bind())
    op.drop_table("invoice_document")
    triggers.create(op.get_bind())
