"""What the database itself keeps count of: bills and their sums by month, state and quality.

On SQLite a trigger works row by row; on PostgreSQL once for all bills that a statement adds.
"""

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, inspect

KEYS = ("month", "state", "quality")
FIGURES = ("base_yen", "pv_wh", "export_wh", "use_wh", "export_yen", "use_yen", "total_yen")
_WATCHED = ", ".join((*KEYS, *FIGURES))
_COLUMNS = ", ".join((*KEYS, "bills", *FIGURES))
_ADDING = ", ".join(
    f"{name} = invoice_sum.{name} + excluded.{name}" for name in ("bills", *FIGURES)
)
_CONFLICT = f"ON CONFLICT (month, state, quality) DO UPDATE SET {_ADDING}"


def statements(connection: Connection) -> Iterator[str]:
    """Yield what makes the triggers, once the migrations have made the table."""
    if "invoice_sum" not in inspect(connection).get_table_names():
        return
    yield from _sqlite() if connection.dialect.name == "sqlite" else _postgresql()


def fill() -> str:
    """Return what sums up the bills that are there."""
    return f"INSERT INTO invoice_sum ({_COLUMNS}) {_summed('invoice', '')}"


def _summed(rows: str, sign: str) -> str:
    sums = ", ".join(f"{sign}COALESCE(SUM({name}), 0)" for name in FIGURES)
    keys = ", ".join(KEYS)
    return f"SELECT {keys}, {sign}COUNT(*), {sums} FROM {rows} GROUP BY {keys}"


def _sqlite() -> Iterator[str]:
    for event, rows in (
        ("INSERT", ("NEW",)),
        ("DELETE", ("OLD",)),
        (f"UPDATE OF {_WATCHED}", ("OLD", "NEW")),
    ):
        name = f"guard_sum_{event.partition(' ')[0].lower()}"
        yield f"CREATE TRIGGER {name} AFTER {event} ON invoice BEGIN {_steps(rows)} END"


def _steps(rows: Iterable[str]) -> str:
    """Return what takes an OLD row from the sums, or adds a NEW one."""
    return " ".join(_step(row, "-" if row == "OLD" else "") for row in rows)


def _step(row: str, sign: str) -> str:
    keys = ", ".join(f"{row}.{name}" for name in KEYS)
    figures = ", ".join(f"{sign}COALESCE({row}.{name}, 0)" for name in FIGURES)
    return f"INSERT INTO invoice_sum ({_COLUMNS}) VALUES ({keys}, {sign}1, {figures}) {_CONFLICT};"


def _postgresql() -> Iterator[str]:
    """Yield one for all bills of an INSERT, which are many, and one for each that changes."""
    added = f"INSERT INTO invoice_sum ({_COLUMNS}) {_summed('added', '')} {_CONFLICT};"
    taken = f"INSERT INTO invoice_sum ({_COLUMNS}) {_summed('taken', '-')} {_CONFLICT};"
    changed = _steps(("OLD", "NEW"))
    for name, steps in (("added", added), ("taken", taken), ("changed", changed)):
        yield (
            f"CREATE FUNCTION sum_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ "
            f"BEGIN {steps} RETURN NULL; END $$"
        )
    for event, name, table in (("INSERT", "added", "NEW"), ("DELETE", "taken", "OLD")):
        yield (
            f"CREATE TRIGGER guard_sum_{event.lower()} AFTER {event} ON invoice "
            f"REFERENCING {table} TABLE AS {name} FOR EACH STATEMENT EXECUTE FUNCTION sum_{name}()"
        )
    yield (
        f"CREATE TRIGGER guard_sum_update AFTER UPDATE OF {_WATCHED} ON invoice "
        "FOR EACH ROW EXECUTE FUNCTION sum_changed()"
    )
