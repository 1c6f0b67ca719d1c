"""What the database itself refuses: changes to what is append-only, and to issued bills.

The statements are made for the columns that a table has when they run, so that a later migration
which adds columns, or rebuilds a table on SQLite, calls `drop` and `create` again.
"""

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, inspect

from shared import tallies
from shared.models.documents import ERASED

APPEND_ONLY = (
    "audit",
    "day_value",
    "estimate",
    "invoice_event",
    "invoice_paper",
    "logo",
    "mail_event",
    "manual_register",
    "meter_event",
    "payment",
    "reading",
    "setting",
    "settlement",
)
BILL_PARTS = ("hold", "invoice_day", "invoice_register")
ERASABLE = {
    "invoice_document": ("content",),
    "invoice_person": ("name", "postal_code", "address"),
}
"""Tables of issued bills that hold personal data, and the columns that erasing empties."""
PERSONAL_ACTIONS = (
    "customer_changed",
    "customer_deleted",
    "mail.bounced",
    "mail.remind",
    "mail.resend",
    "message_withdrawn",
    "message_written",
)
"""Actions whose detail in the audit trail tells a person's data; no bill's proof rests on them."""
OWN_KINDS = ("held", "queued", "sending")
"""What happens to a mail by our own doing; the details of all else are a mail server's words."""
ERASABLE_DETAILS = {
    "audit": "OLD.action IN ({})".format(", ".join(f"'{name}'" for name in PERSONAL_ACTIONS)),
    "mail_event": "OLD.kind NOT IN ({})".format(", ".join(f"'{name}'" for name in OWN_KINDS)),
}
"""Append-only tables, and of which of their rows the `detail` may be erased, once."""
EMPTIED = ("serial", "kana", "email", "phone", "note")
"""Columns of a customer that are empty for good once the person was erased."""
FROZEN = "('issued', 'void')"
DECIDING = ("state", "decided_at", "decided_by", "reason")
VOIDING = ("state", "voided_at", "voided_by", "void_reason", "successor_id")

_REFUSE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE integrity_constraint_violation USING MESSAGE = TG_ARGV[0];
END $$
"""
_REFUSE_PARTS = f"""
CREATE FUNCTION refuse_bill_parts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM changed JOIN invoice ON invoice.id = changed.invoice_id
               WHERE invoice.state IN {FROZEN}) THEN
        RAISE integrity_constraint_violation USING MESSAGE = TG_ARGV[0];
    END IF;
    RETURN NULL;
END $$
"""
_REFUSE_PRICED = """
CREATE FUNCTION refuse_priced_term() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM invoice WHERE invoice.customer_id = OLD.customer_id) THEN
        RAISE integrity_constraint_violation USING MESSAGE = TG_ARGV[0];
    END IF;
    RETURN OLD;
END $$
"""
_PRICED = "EXISTS (SELECT 1 FROM invoice WHERE invoice.customer_id = OLD.customer_id)"
_PRICED_MESSAGE = "a term of a customer with a bill may not be deleted"


def create(connection: Connection) -> None:
    """Make every trigger, in the dialect of the connection."""
    make = _sqlite if connection.dialect.name == "sqlite" else _postgresql
    for statement in (*make(connection), *tallies.statements(connection)):
        connection.exec_driver_sql(statement)


def drop(connection: Connection) -> None:
    """Take every trigger away."""
    if connection.dialect.name == "sqlite":
        for (name,) in connection.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'guard%'"
        ).all():
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
    else:
        connection.exec_driver_sql("DROP FUNCTION refuse_change, refuse_bill_parts CASCADE")
        for name in ("refuse_priced_term", *tallies.functions()):
            connection.exec_driver_sql(f"DROP FUNCTION IF EXISTS {name} CASCADE")


def _sqlite(connection: Connection) -> Iterator[str]:
    for table, event, condition, message in _guards(connection, differs="IS NOT"):
        yield _sqlite_trigger(table, event, condition, message)
    yield _sqlite_trigger("term", "DELETE", _PRICED, _PRICED_MESSAGE)
    for table in BILL_PARTS:
        for event, rows in (
            ("INSERT", "NEW"),
            ("UPDATE", "NEW"),
            ("UPDATE", "OLD"),
            ("DELETE", "OLD"),
        ):
            condition = f"(SELECT state FROM invoice WHERE id = {rows}.invoice_id) IN {FROZEN}"
            yield _sqlite_trigger(table, event, condition, _parts_message(table), suffix=rows)


def _sqlite_trigger(
    table: str, event: str, condition: str, message: str, *, suffix: str = ""
) -> str:
    name = f"guard_{table}_{event}{suffix}".lower()
    return (
        f"CREATE TRIGGER {name} BEFORE {event} ON {table} WHEN {condition} "
        f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
    )


def _postgresql(connection: Connection) -> Iterator[str]:
    yield _REFUSE
    yield _REFUSE_PARTS
    yield _REFUSE_PRICED
    yield (
        "CREATE TRIGGER guard_delete BEFORE DELETE ON term FOR EACH ROW "
        f"EXECUTE FUNCTION refuse_priced_term('{_PRICED_MESSAGE}')"
    )
    for table, event, condition, message in _guards(connection, differs="IS DISTINCT FROM"):
        yield (
            f"CREATE TRIGGER guard_{event.lower()} BEFORE {event} ON {table} FOR EACH ROW "
            f"WHEN ({condition}) EXECUTE FUNCTION refuse_change('{message}')"
        )
    for table in _there(
        connection, (*APPEND_ONLY, "term", "proposal", "invoice", *BILL_PARTS, *ERASABLE)
    ):
        yield (
            f"CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON {table} "
            f"EXECUTE FUNCTION refuse_change('{table} may not be emptied')"
        )
    for table in BILL_PARTS:
        # Once a statement, not once a row: a run writes a month's days of every home.
        for event, rows in (
            ("INSERT", "NEW"),
            ("UPDATE", "NEW"),
            ("UPDATE", "OLD"),
            ("DELETE", "OLD"),
        ):
            yield (
                f"CREATE TRIGGER guard_{event}_{rows} AFTER {event} ON {table} "
                f"REFERENCING {rows} TABLE AS changed FOR EACH STATEMENT "
                f"EXECUTE FUNCTION refuse_bill_parts('{_parts_message(table)}')"
            )


def _parts_message(table: str) -> str:
    return f"{table} of an issued or void bill may not be changed"


def _guards(connection: Connection, *, differs: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield table, event, the condition under which it is refused, and the sentence."""
    for table in _there(connection, APPEND_ONLY):
        yield table, "UPDATE", _rewriting(connection, table, differs), f"{table} is append-only"
        yield table, "DELETE", "true", f"{table} is append-only"
    if "erased_at" in _columns(connection, "customer", but=()):
        filling = f"OLD.erased_at IS NOT NULL AND NOT ({_staying_erased(differs)})"
        yield "customer", "UPDATE", filling, "an erased customer may not be filled again"
    if _there(connection, ("proposal",)):
        told = _columns(connection, "proposal", but=DECIDING)
        deciding = f"OLD.state = 'open' AND {_unchanged(told, differs)}"
        yield "proposal", "DELETE", "true", "proposal is append-only"
        yield "proposal", "UPDATE", f"NOT ({deciding})", "a proposal may only be decided, once"
    for table in _there(connection, ERASABLE):
        erasing = _erasing(connection, table, differs)
        yield table, "DELETE", "true", f"{table} may not be deleted"
        yield table, "UPDATE", f"NOT ({erasing})", f"{table} may only be erased, once"
    yield (
        "term",
        "UPDATE",
        f"NOT ({_withdrawing(connection, differs)})",
        ("a term may only be withdrawn, once"),
    )
    yield "invoice", "DELETE", f"OLD.state IN {FROZEN}", "an issued or void bill may not be deleted"
    yield (
        "invoice",
        "UPDATE",
        _bill_refusal(connection, differs),
        ("an issued bill may only be voided, once, with who and why"),
    )


def _erasing(connection: Connection, table: str, differs: str) -> str:
    """Return the condition of erasing: once, everything personal, and nothing else."""
    personal = ERASABLE[table]
    rest = _columns(connection, table, but=(*personal, "erased_at"))
    emptied = " AND ".join(f"length(NEW.{name}) = 0" for name in personal)
    once = "OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL"
    return f"{once} AND {emptied} AND {_unchanged(rest, differs)}"


def _rewriting(connection: Connection, table: str, differs: str) -> str:
    """Return when a change of an append-only row is refused: but for some details always."""
    if table not in ERASABLE_DETAILS or "erased_at" not in _columns(connection, table, but=()):
        return "true"
    rest = _columns(connection, table, but=("detail", "erased_at"))
    once = "OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND length(NEW.detail) = 0"
    return f"NOT ({ERASABLE_DETAILS[table]} AND {once} AND {_unchanged(rest, differs)})"


def _staying_erased(differs: str) -> str:
    """Return the condition of a change that brings nothing of an erased person back."""
    empty = " AND ".join(f"length(NEW.{name}) = 0" for name in EMPTIED)
    shut = "NEW.archived_at IS NOT NULL AND NEW.disabled_at IS NOT NULL"
    same = " AND ".join(
        f"(NOT (NEW.{name} {differs} OLD.{name}) OR NEW.{name} = '{erased}')"
        for name, erased in (("name", ERASED), ("postal_code", ""), ("address", ""))
    )
    return f"NOT (NEW.erased_at {differs} OLD.erased_at) AND {empty} AND {shut} AND {same}"


def _withdrawing(connection: Connection, differs: str) -> str:
    rest = _unchanged(_columns(connection, "term", but=("withdrawn_at",)), differs)
    return f"OLD.withdrawn_at IS NULL AND NEW.withdrawn_at IS NOT NULL AND {rest}"


def _bill_refusal(connection: Connection, differs: str) -> str:
    """Refuse void from anything but issued, and any other change of an issued or void bill.

    A void bill may be given its successor once: the successor can exist only after the void. The
    name, which no hash covers, may give way to ERASED and to nothing else.
    """
    figures = _unchanged(_columns(connection, "invoice", but=VOIDING), differs)
    words = " AND ".join(f"NEW.{name} IS NOT NULL" for name in VOIDING[1:4])
    same_words = _unchanged(VOIDING[:4], differs)
    voiding = f"OLD.state = 'issued' AND NEW.state = 'void' AND {words}"
    succeeding = f"OLD.state = 'void' AND OLD.successor_id IS NULL AND {same_words}"
    rest = _unchanged(_columns(connection, "invoice", but=("name",)), differs)
    erasing = f"NEW.name = '{ERASED}' AND OLD.name <> NEW.name AND {rest}"
    return (
        f"(OLD.state IN {FROZEN} OR NEW.state = 'void') "
        f"AND NOT ({figures} AND (({voiding}) OR ({succeeding}))) AND NOT ({erasing})"
    )


def _there(connection: Connection, tables: Iterable[str]) -> list[str]:
    """Return those of some tables that the migrations have made so far."""
    made = set(inspect(connection).get_table_names())
    return [table for table in tables if table in made]


def _unchanged(columns: Iterable[str], differs: str) -> str:
    return "NOT (" + " OR ".join(f"NEW.{name} {differs} OLD.{name}" for name in columns) + ")"


def _columns(connection: Connection, table: str, *, but: Iterable[str]) -> list[str]:
    every = [column["name"] for column in inspect(connection).get_columns(table)]
    return [name for name in every if name not in but]
