"""Keep what runs were asked for, how far they are, and what they found."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UNFINISHED = "state IN ('waiting', 'running')"
TEXTS = {"kind": "run", "state": "stopped", "after": "", "report": "{}", "error": "",
         "lease_owner": ""}  # fmt: skip
NUMBERS = ("requested_at", "total", "done", "items", "tries", "lease_until")


def upgrade() -> None:
    """Add the columns; the runs so far were applied ones, and whoever died will not go on."""
    with op.batch_alter_table("bill_run") as table:
        for name, default in TEXTS.items():
            table.add_column(sa.Column(name, sa.Text(), nullable=False, server_default=default))
        for name in NUMBERS:
            table.add_column(sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
        table.alter_column("started_at", existing_type=sa.BigInteger(), nullable=True)
    op.execute(
        "UPDATE bill_run SET requested_at = started_at, "
        "state = CASE WHEN finished_at IS NULL THEN 'stopped' ELSE 'done' END"
    )
    with op.batch_alter_table("bill_run") as table:
        for name in TEXTS:
            table.alter_column(name, existing_type=sa.Text(), server_default=None)
        for name in NUMBERS:
            table.alter_column(name, existing_type=sa.BigInteger(), server_default=None)
        table.create_check_constraint("kind", "kind IN ('dry', 'run', 'issue')")
        table.create_check_constraint("state", "state IN ('waiting', 'running', 'done', 'stopped')")
    op.create_index(
        "ix_bill_run_unfinished",
        "bill_run",
        ["month", "id"],
        sqlite_where=sa.text(UNFINISHED),
        postgresql_where=sa.text(UNFINISHED),
    )
    op.create_table(
        "bill_item",
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False, autoincrement=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("outcome", "invoice_no", "customer_no", "detail")
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["bill_run.id"], name=op.f("fk_bill_item_run_id_bill_run")
        ),
        sa.PrimaryKeyConstraint("run_id", "seq", name=op.f("pk_bill_item")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Forget all but the applied runs, which make months due."""
    op.drop_table("bill_item")
    op.drop_index("ix_bill_run_unfinished", "bill_run")
    op.execute("DELETE FROM bill_run WHERE kind <> 'run'")
    op.execute("UPDATE bill_run SET started_at = requested_at WHERE started_at IS NULL")
    with op.batch_alter_table("bill_run") as table:
        table.drop_constraint(op.f("ck_bill_run_kind"), type_="check")
        table.drop_constraint(op.f("ck_bill_run_state"), type_="check")
        for name in (*TEXTS, *NUMBERS):
            table.drop_column(name)
        table.alter_column("started_at", existing_type=sa.BigInteger(), nullable=False)
