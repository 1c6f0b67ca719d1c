"""What the database itself keeps count of: bills and their sums, by what lists are narrowed to.

On SQLite a trigger works row by row; on PostgreSQL once for all bills that a statement adds.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, inspect

from shared.models import invoices

FIGURES = invoices.FIGURES
BAND_YEN: Final = 50
"""How many yen one band of amounts is wide: few enough bands to add up, few enough bills in one."""
UNKNOWN_BAND: Final = -(2**31)
"""The band of the bills without an amount."""


@dataclass(frozen=True, slots=True)
class Tally:
    """A table of sums: its keys, and the columns of a bill that each is made from."""

    table: str
    keys: Mapping[str, tuple[str, ...]]

    @property
    def function(self) -> str:
        """Return how the names of its triggers begin."""
        return self.table.removeprefix("invoice_")


TALLIES: Final = (
    Tally("invoice_sum", {key: (key,) for key in ("month", "state", "quality")}),
    Tally(
        "band_sum",
        {
            "month": ("month",),
            "day": ("issued_on", "period_end"),
            "state": ("state",),
            "quality": ("quality",),
            "band": ("total_yen",),
        },
    ),
    Tally("owner_sum", {key: (key,) for key in ("customer_id", "state", "quality")}),
)
"""Of months; of days and amounts; and of customers."""


def statements(connection: Connection) -> Iterator[str]:
    """Yield what makes the triggers of those tables that the migrations have made so far."""
    made = set(inspect(connection).get_table_names())
    make = _sqlite if connection.dialect.name == "sqlite" else _postgresql
    for tally in TALLIES:
        if tally.table in made:
            yield from make(tally)


def functions() -> list[str]:
    """Return the names of all functions on PostgreSQL that keep sums."""
    return [
        f"{tally.function}_{name}" for tally in TALLIES for name in ("added", "taken", "changed")
    ]


def fill(table: str, dialect: str) -> str:
    """Return what sums up the bills that are there, into an empty table of sums."""
    tally = _tally(table)
    return f"INSERT INTO {table} ({_columns(tally)}) {_summed(tally, dialect, 'invoice', '')}"


def astray(table: str, dialect: str) -> str:
    """Return the query of the rows that a table of sums and the bills do not tell alike."""
    tally = _tally(table)
    kept = f"SELECT {_columns(tally)} FROM {table} WHERE bills <> 0"
    counted = f"SELECT * FROM ({_summed(tally, dialect, 'invoice', '')}) AS counted"
    return (
        f"SELECT * FROM ({kept} EXCEPT {counted}) AS too_many "
        f"UNION ALL SELECT * FROM ({counted} EXCEPT {kept}) AS too_few"
    )


def _tally(table: str) -> Tally:
    return next(one for one in TALLIES if one.table == table)


def _columns(tally: Tally) -> str:
    return ", ".join((*tally.keys, "bills", *FIGURES))


def _key(key: str, dialect: str, row: str) -> str:
    """Return a key of a bill; `row` is what its columns are asked of.

    Its day is that of its issue, before which it is the last of its period.
    """
    if key == "day":
        day_before = "date({0}, '-1 day')" if dialect == "sqlite" else "{0} - 1"
        return f"COALESCE({row}.issued_on, {day_before.format(f'{row}.period_end')})"
    if key == "band":
        yen = f"{row}.total_yen"
        down = f"CASE WHEN {yen} < 0 THEN {yen} - {BAND_YEN - 1} ELSE {yen} END"
        return f"COALESCE(({down}) / {BAND_YEN}, {UNKNOWN_BAND})"
    return f"{row}.{key}"


def _summed(tally: Tally, dialect: str, rows: str, sign: str) -> str:
    sums = ", ".join(f"{sign}COALESCE(SUM({name}), 0)" for name in FIGURES)
    keys = [_key(key, dialect, rows) for key in tally.keys]
    places = ", ".join(str(place) for place in range(1, len(keys) + 1))
    return f"SELECT {', '.join(keys)}, {sign}COUNT(*), {sums} FROM {rows} GROUP BY {places}"


def _conflict(tally: Tally) -> str:
    adding = ", ".join(
        f"{name} = {tally.table}.{name} + excluded.{name}" for name in ("bills", *FIGURES)
    )
    return f"ON CONFLICT ({', '.join(tally.keys)}) DO UPDATE SET {adding}"


def _watched(tally: Tally) -> str:
    sources = (name for names in tally.keys.values() for name in names)
    return ", ".join(dict.fromkeys((*sources, *FIGURES)))


def _sqlite(tally: Tally) -> Iterator[str]:
    for event, rows in (
        ("INSERT", ("NEW",)),
        ("DELETE", ("OLD",)),
        (f"UPDATE OF {_watched(tally)}", ("OLD", "NEW")),
    ):
        name = f"guard_{tally.function}_{event.partition(' ')[0].lower()}"
        steps = _steps(tally, "sqlite", rows)
        yield f"CREATE TRIGGER {name} AFTER {event} ON invoice BEGIN {steps} END"


def _steps(tally: Tally, dialect: str, rows: Iterable[str]) -> str:
    """Return what takes an OLD row from the sums, or adds a NEW one."""
    return " ".join(_step(tally, dialect, row, "-" if row == "OLD" else "") for row in rows)


def _step(tally: Tally, dialect: str, row: str, sign: str) -> str:
    keys = ", ".join(_key(key, dialect, row) for key in tally.keys)
    figures = ", ".join(f"{sign}COALESCE({row}.{name}, 0)" for name in FIGURES)
    into = f"INSERT INTO {tally.table} ({_columns(tally)})"
    return f"{into} VALUES ({keys}, {sign}1, {figures}) {_conflict(tally)};"


def _postgresql(tally: Tally) -> Iterator[str]:
    """Yield one for all bills of an INSERT, which are many, and one for each that changes."""
    into, conflict = f"INSERT INTO {tally.table} ({_columns(tally)})", _conflict(tally)
    for name, steps in (
        ("added", f"{into} {_summed(tally, 'postgresql', 'added', '')} {conflict};"),
        ("taken", f"{into} {_summed(tally, 'postgresql', 'taken', '-')} {conflict};"),
        ("changed", _steps(tally, "postgresql", ("OLD", "NEW"))),
    ):
        yield (
            f"CREATE FUNCTION {tally.function}_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ "
            f"BEGIN {steps} RETURN NULL; END $$"
        )
    for event, name, table in (("INSERT", "added", "NEW"), ("DELETE", "taken", "OLD")):
        yield (
            f"CREATE TRIGGER guard_{tally.function}_{event.lower()} AFTER {event} ON invoice "
            f"REFERENCING {table} TABLE AS {name} FOR EACH STATEMENT "
            f"EXECUTE FUNCTION {tally.function}_{name}()"
        )
    watched = _watched(tally)
    yield (
        f"CREATE TRIGGER guard_{tally.function}_update AFTER UPDATE OF {watched} ON invoice "
        f"FOR EACH ROW EXECUTE FUNCTION {tally.function}_changed()"
    )
