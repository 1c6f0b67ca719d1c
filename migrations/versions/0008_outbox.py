"""Make the outbox, what happened to its mails, and the links in them."""

import sqlalchemy as sa
from alembic import op

from shared import triggers

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# Bills that were issued before there were mails are told to nobody by themselves.
HOLD_THE_PAST = """
INSERT INTO outbox (kind, key, invoice_id, customer_id, recipient, state, reason, attempts, reply,
                    queued_at, claim)
SELECT 'bill', 'bill:' || invoice.id, invoice.id, invoice.customer_id, TRIM(customer.email), 'held',
       'before_mail', 0, '', invoice.issued_at, ''
FROM invoice JOIN customer ON customer.id = invoice.customer_id
WHERE invoice.state IN ('issued', 'void')
"""


def upgrade() -> None:
    """Make the tables, and the guards anew for them."""
    triggers.drop(op.get_bind())
    op.create_table(
        "outbox",
        sa.Column("id", KEY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("invoice_id", KEY, nullable=True),
        sa.Column("customer_id", KEY, nullable=True),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("recipient", "state", "reason")),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("queued_at", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("tried_at", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("claim", sa.Text(), nullable=False),
        sa.Column("claimed_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "state IN ('queued', 'sending', 'accepted', 'refused', 'held')",
            name=op.f("ck_outbox_state"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_outbox_customer_id_customer")
        ),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoice.id"], name=op.f("fk_outbox_invoice_id_invoice")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("key", name=op.f("uq_outbox_key")),
    )
    op.create_index(op.f("ix_outbox_invoice_id"), "outbox", ["invoice_id"])
    op.create_index(op.f("ix_outbox_customer_id"), "outbox", ["customer_id"])
    op.create_index("ix_outbox_state", "outbox", ["state", "next_at"])
    op.create_table(
        "mail_event",
        sa.Column("id", KEY, nullable=False),
        sa.Column("outbox_id", KEY, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("kind", "detail", "actor")),
        sa.ForeignKeyConstraint(
            ["outbox_id"], ["outbox.id"], name=op.f("fk_mail_event_outbox_id_outbox")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_event")),
    )
    op.create_index(op.f("ix_mail_event_outbox_id"), "mail_event", ["outbox_id"])
    op.create_table(
        "bill_link",
        sa.Column("id", KEY, nullable=False),
        sa.Column("invoice_id", KEY, nullable=False),
        *(sa.Column(name, sa.LargeBinary(), nullable=False) for name in ("nonce", "token_hash")),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoice.id"], name=op.f("fk_bill_link_invoice_id_invoice")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bill_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_bill_link_token_hash")),
    )
    op.create_index(op.f("ix_bill_link_invoice_id"), "bill_link", ["invoice_id"])
    op.execute(HOLD_THE_PAST)
    triggers.create(op.get_bind())


def downgrade() -> None:
    """Take them away again."""
    triggers.drop(op.get_bind())
    op.drop_table("bill_link")
    op.drop_table("mail_event")
    op.drop_table("outbox")
    triggers.create(op.get_bind())
