"""P1 and P2: fresh and repeated batches of readings, against the database's own quickest way."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import Engine

from bench.databases import Databases, PostgresqlServer, sessions
from bench.fleet import NOW
from bench.measuring import Row, cpu_clock, in_turn, ratio_row, seconds
from ingest.demo.homes import STEP_S
from ingest.simulator.house import Home, SunnyHouse
from shared.energy.quantities import Quantity, Source
from shared.models.customers import Site
from shared.telemetry.storing import ensure_channels, store_readings

CHANNELS = 400
COLUMNS = "channel_id, at, source, wh, received_at"
Batch = list[tuple[int, int, int, int]]
FRESH, REPLAY, SQLITE = 1.25, 2.5, 1.2


def rows(databases: Databases, readings: int, rounds: int) -> Iterator[Row]:
    """Yield what storing batches costs, fresh and again."""
    engine = databases.new()
    channel_ids = _channels(engine)
    batches = [_batch(channel_ids, number, readings) for number in range(rounds + 1)]
    floor = _copying if isinstance(databases, PostgresqlServer) else _upserting
    with sessions(engine)() as session:
        session.connection().exec_driver_sql(_floor_table(engine))
    ways = [floor(engine, batches), _storing(engine, batches), _storing(engine, batches)]
    bare, fresh, again = in_turn(rounds, ways)
    key = "P1" if isinstance(databases, PostgresqlServer) else "P2"
    what = f"ingest {databases.name}, {readings:,} readings"
    most = FRESH if key == "P1" else SQLITE
    yield ratio_row((key, f"{what}, fresh"), bare, fresh, most)
    yield ratio_row((key, f"{what}, again"), bare, again, REPLAY)
    engine.dispose()


def _channels(engine: Engine) -> list[int]:
    with sessions(engine)() as session:
        sites = [Site() for _ in range(CHANNELS // 2)]
        session.add_all(sites)
        session.flush()
        wanted = [(site.id, q) for site in sites for q in (Quantity.PV, Quantity.EXPORT)]
        return list(ensure_channels(session, wanted).values())


def _batch(channel_ids: Sequence[int], number: int, readings: int) -> Batch:
    """Return some half-hours of all channels, as a poll round brings them."""
    steps = readings // len(channel_ids)
    house = SunnyHouse(Home(seed=number + 1, panel_w=5_000))
    found: Batch = []
    for step in range(number * steps, (number + 1) * steps):
        at = NOW + step * STEP_S
        wh = house.registers(at).pv
        found += [(channel_id, at, int(Source.POLL), wh + channel_id) for channel_id in channel_ids]
    return found


def _floor_table(engine: Engine) -> str:
    """Return the statement for a table of the readings' columns and key, without references."""
    end = " WITHOUT ROWID" if engine.dialect.name == "sqlite" else ""
    cells = ", ".join(f"{name} BIGINT NOT NULL" for name in COLUMNS.split(", "))
    return f"CREATE TABLE bare ({cells}, PRIMARY KEY (channel_id, at, source, wh)){end}"


def _storing(engine: Engine, batches: Sequence[Batch]) -> Callable[[int], float]:
    clock, open_session = cpu_clock(engine), sessions(engine)

    def store(number: int) -> None:
        with open_session() as session:
            store_readings(session, batches[number], NOW)

    return lambda number: seconds(clock, lambda: store(number))


def _copying(engine: Engine, batches: Sequence[Batch]) -> Callable[[int], float]:
    clock, open_session = cpu_clock(engine), sessions(engine)
    blobs = [
        "".join("\t".join(map(str, (*row, NOW))) + "\n" for row in batch).encode()
        for batch in batches
    ]

    def copy(number: int) -> None:
        with open_session() as session:
            cursor = _cursor(session.connection())
            with cursor.copy(f"COPY bare ({COLUMNS}) FROM STDIN") as copy:
                copy.write(blobs[number])

    return lambda number: seconds(clock, lambda: copy(number))


def _upserting(engine: Engine, batches: Sequence[Batch]) -> Callable[[int], float]:
    clock, open_session = cpu_clock(engine), sessions(engine)
    statement = f"INSERT INTO bare ({COLUMNS}) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
    ready = [[(*row, NOW) for row in batch] for batch in batches]

    def upsert(number: int) -> None:
        with open_session() as session:
            _cursor(session.connection()).executemany(statement, ready[number])

    return lambda number: seconds(clock, lambda: upsert(number))


def _cursor(connection: Any) -> Any:  # noqa: ANN401 - the drivers' cursors share no type
    return connection.connection.cursor()
