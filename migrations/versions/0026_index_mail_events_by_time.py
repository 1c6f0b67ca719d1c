"""Find what happened to mails in a night without reading all that ever did."""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    op.create_index("ix_mail_event_at", "mail_event", ["at"])


def downgrade() -> None:
    """Drop the index."""
    op.drop_index("ix_mail_event_at", "mail_event")
