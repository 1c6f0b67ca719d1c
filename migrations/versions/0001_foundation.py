"""Make the first tables and their guards."""

import sqlalchemy as sa
from alembic import op

from shared import triggers

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the first tables and their guards."""
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_at"), "audit", ["at"], unique=False)
    op.create_index("ix_audit_subject", "audit", ["subject", "id"], unique=False)
    op.create_table(
        "bill_run",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bill_run")),
    )
    op.create_index(op.f("ix_bill_run_month"), "bill_run", ["month"], unique=False)
    op.create_table(
        "customer",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_no", sa.Text(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kana", sa.Text(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("postal_code", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("code_index", sa.LargeBinary(), nullable=False),
        sa.Column("code_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("registered_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("archived_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer")),
        sa.UniqueConstraint("code_index", name=op.f("uq_customer_code_index")),
        sa.UniqueConstraint("customer_no", name=op.f("uq_customer_customer_no")),
    )
    op.create_table(
        "setting",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_setting")),
    )
    op.create_index("ix_setting_key_valid_from", "setting", ["key", "valid_from"], unique=False)
    op.create_table(
        "site",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("battery", sa.Text(), nullable=False),
        sa.Column("panel_w", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "battery IN ('none', 'no_export', 'may_export')", name=op.f("ck_site_battery")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site")),
    )
    op.create_table(
        "channel",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("quantity", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("metrology", sa.Text(), nullable=False),
        sa.Column("unit_wh", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('register', 'days')", name=op.f("ck_channel_kind")),
        sa.CheckConstraint(
            "quantity IN ('pv', 'export', 'import', 'battery_charge', 'battery_discharge')",
            name=op.f("ck_channel_quantity"),
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_channel_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel")),
        sa.UniqueConstraint("site_id", "quantity", name=op.f("uq_channel_site_id_quantity")),
    )
    op.create_table(
        "checkpoint",
        sa.Column("site_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_checkpoint_site_id")),
        sa.PrimaryKeyConstraint("site_id", "month", name=op.f("pk_checkpoint")),
    )
    op.create_table(
        "invoice",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("site_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("revision", sa.SmallInteger(), nullable=False),
        sa.Column("invoice_no", sa.Text(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("quality", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("base_yen", sa.BigInteger(), nullable=True),
        sa.Column("pv_wh", sa.BigInteger(), nullable=True),
        sa.Column("export_wh", sa.BigInteger(), nullable=True),
        sa.Column("use_wh", sa.BigInteger(), nullable=True),
        sa.Column("export_yen", sa.BigInteger(), nullable=True),
        sa.Column("use_yen", sa.BigInteger(), nullable=True),
        sa.Column("total_yen", sa.BigInteger(), nullable=True),
        sa.Column("tax_yen", sa.BigInteger(), nullable=True),
        sa.Column("inputs", sa.Text(), nullable=False),
        sa.Column("snapshot", sa.Text(), nullable=False),
        sa.Column("computed_at", sa.BigInteger(), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("hash", sa.Text(), nullable=True),
        sa.Column("voided_at", sa.BigInteger(), nullable=True),
        sa.Column("voided_by", sa.Text(), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.Column(
            "successor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint("quality IN ('A', 'B', 'C')", name=op.f("ck_invoice_quality")),
        sa.CheckConstraint(
            "state IN ('open', 'held', 'closed', 'issued', 'void')", name=op.f("ck_invoice_state")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_invoice_customer_id")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_invoice_site_id")),
        sa.ForeignKeyConstraint(
            ["successor_id"], ["invoice.id"], name=op.f("fk_invoice_successor_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice")),
        sa.UniqueConstraint("invoice_no", name=op.f("uq_invoice_invoice_no")),
    )
    op.create_index("ix_invoice_month", "invoice", ["month", "id"], unique=False)
    op.create_index(
        "uq_invoice_live",
        "invoice",
        ["customer_id", "month"],
        unique=True,
        sqlite_where=sa.text("state <> 'void'"),
        postgresql_where=sa.text("state <> 'void'"),
    )
    op.create_table(
        "occupancy",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("site_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=True),
        sa.Column("to_day", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_occupancy_customer_id")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_occupancy_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_occupancy")),
    )
    op.create_index(op.f("ix_occupancy_customer_id"), "occupancy", ["customer_id"], unique=False)
    op.create_index(op.f("ix_occupancy_site_id"), "occupancy", ["site_id"], unique=False)
    op.create_table(
        "stale_site",
        sa.Column("site_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("since_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_stale_site_site_id")),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_stale_site")),
    )
    op.create_table(
        "term",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("figure", sa.BigInteger(), nullable=True),
        sa.Column("start_day", sa.Date(), nullable=True),
        sa.Column("end_day", sa.Date(), nullable=True),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('contract', 'base_fee', 'use_price', 'export_price')",
            name=op.f("ck_term_kind"),
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_term_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_term")),
    )
    op.create_index(
        "ix_term_customer_id_kind", "term", ["customer_id", "kind", "valid_from"], unique=False
    )
    op.create_table(
        "boundary",
        sa.Column(
            "channel_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("wh", sa.BigInteger(), nullable=False),
        sa.Column("ledger_wh", sa.BigInteger(), nullable=False),
        sa.Column("meter_at", sa.BigInteger(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("read_at", sa.BigInteger(), nullable=False),
        sa.Column("until_at", sa.BigInteger(), nullable=False),
        sa.Column("doubts", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channel.id"], name=op.f("fk_boundary_channel_id")
        ),
        sa.PrimaryKeyConstraint("channel_id", "day", name=op.f("pk_boundary")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "channel_span",
        sa.Column(
            "channel_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("first_wh", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("last_wh", sa.BigInteger(), nullable=False),
        sa.Column("newest_at", sa.BigInteger(), nullable=False),
        sa.Column("doubts", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channel.id"], name=op.f("fk_channel_span_channel_id")
        ),
        sa.PrimaryKeyConstraint("channel_id", name=op.f("pk_channel_span")),
    )
    op.create_table(
        "day_value",
        sa.Column(
            "channel_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("source", sa.SmallInteger(), nullable=False),
        sa.Column("wh", sa.BigInteger(), nullable=False),
        sa.Column("hours", sa.SmallInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channel.id"], name=op.f("fk_day_value_channel_id")
        ),
        sa.PrimaryKeyConstraint("channel_id", "day", "source", "wh", name=op.f("pk_day_value")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "hold",
        sa.Column(
            "invoice_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_hold_invoice_id")),
        sa.PrimaryKeyConstraint("invoice_id", "reason", name=op.f("pk_hold")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "invoice_day",
        sa.Column(
            "invoice_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("pv_wh", sa.BigInteger(), nullable=True),
        sa.Column("export_wh", sa.BigInteger(), nullable=True),
        sa.Column("use_wh", sa.BigInteger(), nullable=True),
        sa.Column("export_fine", sa.BigInteger(), nullable=True),
        sa.Column("use_fine", sa.BigInteger(), nullable=True),
        sa.Column("quality", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoice.id"], name=op.f("fk_invoice_day_invoice_id")
        ),
        sa.PrimaryKeyConstraint("invoice_id", "day", name=op.f("pk_invoice_day")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "invoice_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "invoice_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoice.id"], name=op.f("fk_invoice_event_invoice_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_event")),
    )
    op.create_index(
        op.f("ix_invoice_event_invoice_id"), "invoice_event", ["invoice_id"], unique=False
    )
    op.create_table(
        "invoice_register",
        sa.Column(
            "invoice_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("quantity", sa.Text(), nullable=False),
        sa.Column("seq", sa.SmallInteger(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("certified_until", sa.Date(), nullable=True),
        sa.Column("meter_at", sa.BigInteger(), nullable=False),
        sa.Column("opening_wh", sa.BigInteger(), nullable=True),
        sa.Column("opening_at", sa.BigInteger(), nullable=True),
        sa.Column("opening_how", sa.Text(), nullable=False),
        sa.Column("closing_wh", sa.BigInteger(), nullable=True),
        sa.Column("closing_at", sa.BigInteger(), nullable=True),
        sa.Column("closing_how", sa.Text(), nullable=False),
        sa.Column("energy_wh", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoice.id"], name=op.f("fk_invoice_register_invoice_id")
        ),
        sa.PrimaryKeyConstraint("invoice_id", "quantity", "seq", name=op.f("pk_invoice_register")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "manual_register",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "channel_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("wh", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channel.id"], name=op.f("fk_manual_register_channel_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_manual_register")),
    )
    op.create_index(
        op.f("ix_manual_register_channel_id"), "manual_register", ["channel_id"], unique=False
    )
    op.create_table(
        "meter_close",
        sa.Column(
            "channel_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("wh", sa.BigInteger(), nullable=False),
        sa.Column("read_at", sa.BigInteger(), nullable=False),
        sa.Column("ledger_wh", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channel.id"], name=op.f("fk_meter_close_channel_id")
        ),
        sa.PrimaryKeyConstraint("channel_id", "at", name=op.f("pk_meter_close")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "meter_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "channel_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("installed_wh", sa.BigInteger(), nullable=False),
        sa.Column("removed_wh", sa.BigInteger(), nullable=True),
        sa.Column("digits", sa.BigInteger(), nullable=True),
        sa.Column("certified_until", sa.Date(), nullable=True),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channel.id"], name=op.f("fk_meter_event_channel_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meter_event")),
    )
    op.create_index(op.f("ix_meter_event_channel_id"), "meter_event", ["channel_id"], unique=False)
    op.create_table(
        "reading",
        sa.Column(
            "channel_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.SmallInteger(), nullable=False),
        sa.Column("wh", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_reading_channel_id")),
        sa.PrimaryKeyConstraint("channel_id", "at", "source", "wh", name=op.f("pk_reading")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "set_aside",
        sa.Column(
            "channel_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.SmallInteger(), nullable=False),
        sa.Column("wh", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channel.id"], name=op.f("fk_set_aside_channel_id")
        ),
        sa.PrimaryKeyConstraint("channel_id", "at", "source", "wh", name=op.f("pk_set_aside")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "settlement",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "invoice_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("inputs", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoice.id"], name=op.f("fk_settlement_invoice_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlement")),
    )
    op.create_index(op.f("ix_settlement_invoice_id"), "settlement", ["invoice_id"], unique=False)
    triggers.create(op.get_bind())


def downgrade() -> None:
    """Undo it."""
    triggers.drop(op.get_bind())
    op.drop_index(op.f("ix_settlement_invoice_id"), table_name="settlement")
    op.drop_table("settlement")
    op.drop_table("set_aside")
    op.drop_table("reading")
    op.drop_index(op.f("ix_meter_event_channel_id"), table_name="meter_event")
    op.drop_table("meter_event")
    op.drop_table("meter_close")
    op.drop_index(op.f("ix_manual_register_channel_id"), table_name="manual_register")
    op.drop_table("manual_register")
    op.drop_table("invoice_register")
    op.drop_index(op.f("ix_invoice_event_invoice_id"), table_name="invoice_event")
    op.drop_table("invoice_event")
    op.drop_table("invoice_day")
    op.drop_table("hold")
    op.drop_table("day_value")
    op.drop_table("channel_span")
    op.drop_table("boundary")
    op.drop_index("ix_term_customer_id_kind", table_name="term")
    op.drop_table("term")
    op.drop_table("stale_site")
    op.drop_index(op.f("ix_occupancy_site_id"), table_name="occupancy")
    op.drop_index(op.f("ix_occupancy_customer_id"), table_name="occupancy")
    op.drop_table("occupancy")
    op.drop_index(
        "uq_invoice_live",
        table_name="invoice",
        sqlite_where=sa.text("state <> 'void'"),
        postgresql_where=sa.text("state <> 'void'"),
    )
    op.drop_index("ix_invoice_month", table_name="invoice")
    op.drop_table("invoice")
    op.drop_table("checkpoint")
    op.drop_table("channel")
    op.drop_table("site")
    op.drop_index("ix_setting_key_valid_from", table_name="setting")
    op.drop_table("setting")
    op.drop_table("customer")
    op.drop_index(op.f("ix_bill_run_month"), table_name="bill_run")
    op.drop_table("bill_run")
    op.drop_index("ix_audit_subject", table_name="audit")
    op.drop_index(op.f("ix_audit_at"), table_name="audit")
    op.drop_table("audit")
