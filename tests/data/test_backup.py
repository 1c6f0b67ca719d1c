"""A backup taken while work goes on is one instant, and comes back whole or not at all."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, insert, inspect, select, text
from sqlalchemy.orm import Session

from shared import backup, schema
from shared.backup.files import sum_of
from shared.db import make_engine
from shared.energy.quantities import Quantity
from shared.invoices.running import Run, run_month
from shared.models.customers import Customer
from shared.models.doors import WebSession
from shared.models.invoices import Invoice
from shared.months import Month
from shared.seal import seal
from shared.telemetry.deriving import refresh
from shared.verify import Finding, verify
from tests.conftest import Ppa
from tests.data.homes import NOW, a_home, at, billed, issued, opener, registers

KEY = "a secret for auth codes, in tests only"
FIRST, SECOND = "2024-01", "2024-02"


def untold(_done: int, _total: int) -> None:
    """Show nothing."""


@pytest.fixture
def house(engine: Engine) -> Engine:
    """Give a database of three homes with a month that is issued and one that can be."""
    first = date(2024, 1, 16)
    midnights = [(f"{first + timedelta(days=n)} 00:00", n) for n in range(61)]
    with Session(engine) as session, session.begin():
        for number in ("1120230100", "1120230101", "1120230102"):
            read = {
                Quantity.PV: [(time_, f"{100 + 12 * n}") for time_, n in midnights],
                Quantity.EXPORT: [(time_, f"{50 + 7 * n}") for time_, n in midnights],
            }
            customer = a_home(session, number)
            registers(session, customer, read)
            session.get_one(Customer, customer).code_sealed = seal(KEY, "A CODE", number)
    billed(engine, FIRST)
    issued(engine, FIRST)
    return engine


@pytest.fixture
def elsewhere(engine: Engine, tmp_path: Path) -> Iterator[str]:
    """Give the address of a database of the same kind that has no tables."""
    if engine.dialect.name == "sqlite":
        yield f"sqlite:///{tmp_path / 'elsewhere' / 'ppa.sqlite3'}"
        return
    server = engine.execution_options(isolation_level="AUTOCOMMIT")
    name = f"{engine.url.database}_elsewhere"
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield engine.url.set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


def rows_of(engine: Engine) -> dict[str, list[str]]:
    """Return every row of every table as text."""
    with engine.connect() as connection:
        return {
            table: sorted(
                repr(tuple(row)) for row in connection.execute(text(f'SELECT * FROM "{table}"'))
            )
            for table in inspect(connection).get_table_names()
        }


def run_with(engine: Engine, month: str, progress: Callable[[int, int], None]) -> None:
    """Run a month for good and be told of each chunk."""
    run = Run(Month.parse(month), at("2026-01-05 10:00"), NOW, "test", apply=True)
    run_month(opener(engine), run, progress)


def bills(engine: Engine) -> int:
    """Return how many bills there are."""
    with Session(engine) as session:
        return session.scalar(select(func.count(Invoice.id))) or 0


def findings(engine: Engine) -> list[Finding]:
    """Return what breaks an invariant."""
    with Session(engine) as session, session.begin():
        refresh(session)
        return verify(session)


def test_what_is_restored_is_what_was_there_and_is_guarded_again(
    house: Engine, elsewhere: str, ppa: Ppa, tmp_path: Path
) -> None:
    file = tmp_path / "kept"
    with house.begin() as connection:
        connection.execute(
            insert(WebSession).values(
                id_hash=b"a", customer_id=1, created_at=NOW, seen_at=NOW, expires_at=NOW + 60,
                address="",
            )
        )  # fmt: skip
    told = ppa("backup", str(file))
    assert (told.code, told.out) == (0, "")
    assert "PPA_CODE_KEY and PPA_SECRET_KEY are not in it" in told.err
    assert file.stat().st_mode & 0o777 == 0o600
    shown = ppa("restore", str(file), "--verify", PPA_DATABASE_URL=elsewhere)
    assert (shown.code, shown.err.splitlines()[-1]) == (0, "every invariant holds")
    restored, before = make_engine(elsewhere), rows_of(house)
    assert rows_of(restored) == before | {"session": []}
    with restored.begin() as connection, pytest.raises(Exception, match="issued"):
        connection.execute(text("UPDATE invoice SET total_yen = 1 WHERE state = 'issued'"))
    restored.dispose()


def test_a_backup_in_the_middle_of_a_run_is_one_instant_of_it(
    house: Engine, elsewhere: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.invoices.running.CHUNK", 1)
    url = house.url.render_as_string(hide_password=False)
    taken: list[int] = []

    def in_the_middle(done: int, _total: int) -> None:
        if done == 1:
            taken.append(backup.back_up(url, tmp_path / "kept", untold))

    run_with(house, SECOND, in_the_middle)
    assert taken
    backup.restore(elsewhere, tmp_path / "kept", untold)
    restored = make_engine(elsewhere)
    assert (bills(house), bills(restored)) == (6, 4)
    assert findings(restored) == []
    run_with(restored, SECOND, untold)
    assert (bills(restored), findings(restored)) == (6, [])
    restored.dispose()


def test_a_backup_writes_over_nothing_and_leaves_nothing_half_written(
    house: Engine, ppa: Ppa, tmp_path: Path
) -> None:
    file = tmp_path / "kept"
    assert house.dialect.name in ("sqlite", "postgresql")
    file.write_text("a letter", encoding="utf-8")
    taken = ppa("backup", str(file))
    assert (taken.code, taken.err) == (
        2, f"{file}: is there already, and a backup overwrites nothing\n",
    )  # fmt: skip
    assert file.read_text(encoding="utf-8") == "a letter"
    nowhere = ppa("backup", str(tmp_path / "nowhere" / "kept"))
    assert (nowhere.code, "nowhere/kept: cannot be written" in nowhere.err) == (2, True)
    assert not [path for path in tmp_path.iterdir() if path.name.endswith((".part", ".sha256"))]


def test_a_restore_overwrites_nothing(
    house: Engine, elsewhere: str, ppa: Ppa, tmp_path: Path
) -> None:
    file = tmp_path / "kept"
    assert ppa("backup", str(file)).code == 0
    before = rows_of(house)
    refused = ppa("restore", str(file))
    assert (refused.code, "PPA_DATABASE_URL" in refused.err, rows_of(house)) == (2, True, before)
    assert ppa("restore", str(file), PPA_DATABASE_URL=elsewhere).code == 0
    assert ppa("restore", str(file), PPA_DATABASE_URL=elsewhere).code == 2


def test_a_cut_or_changed_backup_is_refused_and_nothing_is_restored(
    house: Engine, elsewhere: str, ppa: Ppa, tmp_path: Path
) -> None:
    file = tmp_path / "kept"
    assert house.dialect.name
    assert ppa("backup", str(file)).code == 0
    whole = file.read_bytes()
    spoilt = [
        whole[: len(whole) // 2],
        whole[:-1],
        whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:],
    ]
    for content in spoilt:
        file.write_bytes(content)
        refused = ppa("restore", str(file), PPA_DATABASE_URL=elsewhere)
        assert (refused.code, "it was cut or changed" in refused.err) == (2, True)
    sum_of(file).unlink()  # without the sum the database itself finds what is missing
    file.write_bytes(spoilt[0])
    assert ppa("restore", str(file), PPA_DATABASE_URL=elsewhere).code == 2
    file.write_bytes(whole)
    assert ppa("restore", str(file), PPA_DATABASE_URL=elsewhere).code == 0


def test_the_keys_are_not_in_a_backup_and_a_wrong_one_is_told(
    house: Engine, elsewhere: str, ppa: Ppa, tmp_path: Path
) -> None:
    file = tmp_path / "kept"
    assert house.dialect.name
    assert ppa("backup", str(file)).code == 0
    assert not [key for name, key in ppa.environ.items() if "KEY" in name
                and key.encode() in file.read_bytes()]  # fmt: skip
    other = {"PPA_DATABASE_URL": elsewhere, "PPA_CODE_KEY": "another secret, of as many letters"}
    told = ppa("restore", str(file), **other)
    assert told.code == 1
    assert "no homeowner can sign in until it is the right one" in told.err


def test_a_backup_of_an_older_program_is_restored_and_then_migrated(
    elsewhere: str, engine: Engine, ppa: Ppa, tmp_path: Path
) -> None:
    older = f"{int(schema.newest_revision()) - 1:04}"
    schema.downgrade(engine, older)
    file = tmp_path / "kept"
    backup.back_up(engine.url.render_as_string(hide_password=False), file, untold)
    assert ppa("restore", str(file), "--verify", PPA_DATABASE_URL=elsewhere).code == 2
    told = ppa("restore", str(file), PPA_DATABASE_URL=elsewhere)
    assert (told.code, told.err.splitlines()[-1]) == (
        0, f"this program needs revision {schema.newest_revision()}: run `ppa db upgrade`",
    )  # fmt: skip
    assert ppa("db", "upgrade", PPA_DATABASE_URL=elsewhere).code == 0
    assert ppa("verify", PPA_DATABASE_URL=elsewhere).code == 0


def test_a_backup_of_a_newer_program_is_refused(
    elsewhere: str, engine: Engine, ppa: Ppa, tmp_path: Path
) -> None:
    file = tmp_path / "kept"
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    backup.back_up(engine.url.render_as_string(hide_password=False), file, untold)
    refused = ppa("restore", str(file), PPA_DATABASE_URL=elsewhere)
    assert (refused.code, "run the newer program" in refused.err) == (2, True)


@pytest.mark.parametrize("content", [b"", b"a letter", b"SQLite format 3\0"])
def test_a_file_that_is_no_backup_is_named(ppa: Ppa, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "letter"
    file.write_bytes(content)
    refused = ppa("restore", str(file), PPA_DATABASE_URL=f"sqlite:///{tmp_path}/new.sqlite3")
    assert (refused.code, refused.err.startswith(f"{file}: is no backup")) == (2, True)
    assert not (tmp_path / "new.sqlite3").exists()


def test_a_backup_of_the_other_database_is_refused(ppa: Ppa, tmp_path: Path) -> None:
    file = tmp_path / "kept"
    assert ppa("backup", str(file)).code == 0
    other = "postgresql://nobody@127.0.0.1:1/nowhere"
    refused = ppa("restore", str(file), PPA_DATABASE_URL=other)
    assert (refused.code, "is a backup of sqlite" in refused.err) == (2, True)


def test_what_another_database_left_behind_is_in_the_way(ppa: Ppa, tmp_path: Path) -> None:
    file = tmp_path / "kept"
    assert ppa("backup", str(file)).code == 0
    (tmp_path / "new.sqlite3-wal").write_bytes(b"")
    refused = ppa("restore", str(file), PPA_DATABASE_URL=f"sqlite:///{tmp_path}/new.sqlite3")
    assert (refused.code, "new.sqlite3-wal is there already" in refused.err) == (2, True)


def test_a_missing_program_of_the_server_is_named(
    postgresql_url: str, ppa: Ppa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    refused = ppa("backup", str(tmp_path / "kept"), PPA_DATABASE_URL=postgresql_url)
    assert (refused.code, refused.err.startswith("pg_dump: is not installed")) == (2, True)
    assert list(tmp_path.glob("*kept*")) == []
