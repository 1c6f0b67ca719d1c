"""Two runs at once, killed anywhere: another run finishes, and every invariant holds (N7).

`PPA_KILL_ROUNDS` asks for more rounds than a quick test does.
"""

import os
import random
import signal
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import Engine, delete, func, select
from sqlalchemy.orm import Session

from shared.energy.quantities import Quantity
from shared.models.invoices import BillItem, BillRun, Hold, Invoice, InvoiceDay, InvoiceRegister
from shared.telemetry.deriving import refresh
from shared.verify import Finding, verify
from tests.data.homes import a_home, billed, issued, registers

ROUNDS = int(os.environ.get("PPA_KILL_ROUNDS", "2"))
HOMES = 24
STATEMENTS = (10, 110)
"""When a run dies; with this many homes, in chunks of three, it makes 130 statements and more."""

CAREFUL = """
import os, signal, sys
import app
from sqlalchemy import event
from sqlalchemy.engine import Engine
from shared.invoices import running
running.CHUNK = 3
left = int(sys.argv.pop(1))
@event.listens_for(Engine, "after_cursor_execute")
def dies(*_):
    global left
    left -= 1
    if left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
sys.exit(app.main(sys.argv[1:], os.environ))
"""
NAIVE = """
import os, signal, sys
import app
from shared.invoices import running, writing
running.CHUNK = 3
left = int(sys.argv.pop(1)) % 5
write = writing._write_parts
def commits_between(session, written):
    global left
    session.connection().connection.dbapi_connection.commit()
    left -= 1
    if left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
    if session.get_bind().dialect.name == "sqlite":
        session.connection().exec_driver_sql("BEGIN IMMEDIATE")
    write(session, written)
writing._write_parts = commits_between
sys.exit(app.main(sys.argv[1:], os.environ))
"""


def a_fleet(engine: Engine) -> None:
    """Store homes with the registers of every midnight of a month."""
    first = date(2024, 1, 16)
    midnights = [(f"{first + timedelta(days=n)} 00:00", n) for n in range(32)]
    with Session(engine) as session, session.begin():
        for number in range(HOMES):
            customer = a_home(session, f"11202301{number:02d}")
            pv = [(time_, f"{100 + 12 * n}") for time_, n in midnights]
            export = [(time_, f"{50 + 7 * n}") for time_, n in midnights]
            registers(session, customer, {Quantity.PV: pv, Quantity.EXPORT: export})


def kill_both(engine: Engine, home: Path, program: str, chance: random.Random) -> int:
    """Let two runs of a month that nobody billed yet die by kill -9; return the bills written."""
    with Session(engine) as session, session.begin():
        for part in (Hold, InvoiceDay, InvoiceRegister, Invoice, BillItem, BillRun):
            session.execute(delete(part))
    environ = os.environ | {
        "PPA_HOME": str(home),
        "PPA_DATABASE_URL": engine.url.render_as_string(hide_password=False),
        "PPA_SECRET_KEY": "a secret for sessions, in tests only",
        "PPA_CODE_KEY": "a secret for auth codes, in tests only",
    }
    words = ["bill", "run", "2024-01", "--apply"]
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(chance.randint(*STATEMENTS)), *words],
            env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            cwd=Path(__file__).parents[2],
        )
        for _ in range(2)
    ]  # fmt: skip
    try:
        assert -signal.SIGKILL in [run.wait(timeout=60) for run in runs]
    finally:
        for run in runs:
            run.kill()
            run.wait()
    with Session(engine) as session:
        return session.scalar(select(func.count(Invoice.id))) or 0


def findings(engine: Engine) -> list[Finding]:
    """Finish the month and look for what is broken."""
    billed(engine, "2024-01")
    issued(engine, "2024-01")
    with Session(engine) as session, session.begin():
        refresh(session)
        bills = session.scalar(select(func.count(Invoice.id)).where(Invoice.state == "issued"))
        assert bills == HOMES
        return verify(session)


def test_runs_killed_anywhere_are_finished_by_the_next(engine: Engine, tmp_path: Path) -> None:
    a_fleet(engine)
    chance = random.Random(20240116)  # noqa: S311 - chance, not a secret
    written = []
    for _ in range(ROUNDS):
        written.append(kill_both(engine, tmp_path, CAREFUL, chance))
        with Session(engine) as session:
            assert verify(session) == []
    assert max(written) <= HOMES
    assert findings(engine) == []


def test_a_run_that_commits_halfway_is_caught(engine: Engine, tmp_path: Path) -> None:
    """The control: without one transaction a chunk, a kill leaves bills without their days."""
    a_fleet(engine)
    chance = random.Random(7)  # noqa: S311 - chance, not a secret
    kill_both(engine, tmp_path, NAIVE, chance)
    with Session(engine) as session:
        assert "I3" in {finding.invariant for finding in verify(session)}
