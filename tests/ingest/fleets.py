"""A fleet of homes with simulated gateways, polled by the real worker on a written clock."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path

from redis import Redis
from rq.job import JobStatus
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from ingest.jobs import handlers, reconcile
from ingest.simulator.images import Device
from ingest.simulator.server import Manners
from shared.clock import make_clock
from shared.commands.context import Context
from shared.config import load
from shared.energy.quantities import Quantity
from shared.gateways import NewGateway, put_gateways
from shared.models.gateways import Gateway, Poll
from shared.models.telemetry import Channel, Reading
from shared.queue import InProcess, RedisQueue
from tests.data.homes import a_home, at
from tests.ingest.gateways import EXPORT, PV
from tests.ingest.test_probe_command import a_gateway

ROOT = Path(__file__).parents[2]
BUSY = {JobStatus.QUEUED.value.encode(), JobStatus.STARTED.value.encode()}
PATIENCE_S = 60
LONG_AGO = (date(2016, 1, 1), None)


@dataclass
class Fleet:
    """Homes, a clock that is written, and the way by which due work is done."""

    engine: Engine
    folder: Path
    stack: ExitStack
    redis_url: str | None = None
    environ: dict[str, str] = field(default_factory=dict)
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Settle what every process is told."""
        self.clock_file = self.folder / "clock"
        self.set_clock("2016-08-16 00:00")
        self.environ = {
            "PPA_HOME": str(self.folder),
            "PPA_DATABASE_URL": self.engine.url.render_as_string(hide_password=False),
            "PPA_REDIS_URL": self.redis_url or "",
            "PPA_TEST_CLOCK": str(self.clock_file),
            "PPA_ALLOW_LOOPBACK_GATEWAYS": "1",
            "PPA_GATEWAY_TIMEOUT_S": "2",
            **self.environ,
        }

    @property
    def context(self) -> Context:
        """Return what a process of the fleet works with."""
        config = load(self.environ)
        context = Context(config, make_clock(self.clock_file), sys.stdout, sys.stderr, "test")
        self.stack.callback(context.close)
        return context

    @cached_property
    def redis(self) -> Redis:
        """Return a connection to the queue's server."""
        connection = Redis.from_url(self.redis_url or "")
        self.stack.callback(connection.close)
        return connection

    def set_clock(self, text: str) -> None:
        """Write the time in Japan, at once for every process."""
        new = self.clock_file.with_suffix(".new")
        new.write_text(f"{text.replace(' ', 'T')}+09:00", encoding="utf-8")
        new.replace(self.clock_file)

    def clock(self) -> int:
        """Return the instant that is written."""
        return make_clock(self.clock_file)()

    def home(self, number: str, device: Device, manners: Manners | None = None) -> int:
        """Give a home one meter that counts generation and export; returns the customer."""
        return self._home(number, device, manners, [(1, {PV: "export", EXPORT: "import"})])

    def two_meters(self, number: str, device: Device, manners: Manners) -> int:
        """Give a home two meters behind one gateway; returns the customer."""
        return self._home(number, device, manners, [(1, {PV: "export"}), (2, {EXPORT: "import"})])

    def _home(
        self,
        number: str,
        device: Device,
        manners: Manners | None,
        meters: Sequence[tuple[int, Mapping[Quantity, str]]],
    ) -> int:
        address = self.stack.enter_context(a_gateway(device, manners, self.clock))
        with Session(self.engine) as session, session.begin():
            customer_id = a_home(session, number, contract=LONG_AGO)
            new = [
                NewGateway(
                    customer_id, "modbus", address, unit, "dzg", "", None, "register",
                    {quantity: (name, "certified", "") for quantity, name in feeds.items()},
                )
                for unit, feeds in meters
            ]  # fmt: skip
            put_gateways(session, new)
        return customer_id

    def tick(self, text: str) -> int:
        """Make due work exist at a time, have it done; returns how many calls were started."""
        self.set_clock(text)
        context = self.context
        if self.redis_url is None:
            return reconcile(context, InProcess(handlers(context)))
        started = reconcile(context, RedisQueue(self.redis))
        wait_until(self.is_idle)
        return started

    def is_idle(self) -> bool:
        """Say whether no job waits or runs."""
        keys = self.redis.keys("rq:job:*")
        return not any(self.redis.hget(key, "status") in BUSY for key in keys)

    def run(self, *words: str) -> subprocess.Popen[bytes]:
        """Start `ppa worker`, `ppa scheduler` or `ppa web` as a process of its own."""
        process = subprocess.Popen(
            [sys.executable, "-m", "app", *words],
            cwd=ROOT,
            env={**os.environ, **self.environ},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self.workers.append(process)
        return process

    def polls(self, start: str) -> dict[int, tuple[str, int, int]]:
        """Return outcome, tries and whether it is settled of each gateway in a slot."""
        with Session(self.engine) as session:
            rows = session.scalars(select(Poll).where(Poll.slot == at(start)))
            return {row.gateway_id: (row.outcome, row.tries, row.settled) for row in rows}

    def readings(self) -> list[tuple[int, str, int, int]]:
        """Return (site, channel, instant, Wh) in order."""
        with Session(self.engine) as session:
            rows = session.execute(
                select(Channel.site_id, Channel.quantity, Reading.at, Reading.wh)
                .join(Channel, Channel.id == Reading.channel_id)
                .order_by(Channel.site_id, Channel.quantity, Reading.at)
            )
            return [(site, channel, instant, wh) for site, channel, instant, wh in rows]

    def leased(self) -> list[int]:
        """Return the gateways whose lease somebody holds."""
        with Session(self.engine) as session:
            return list(session.scalars(select(Gateway.id).where(Gateway.lease_until > 0)))


@contextmanager
def a_fleet(engine: Engine, folder: Path, redis_url: str | None, **environ: str) -> Iterator[Fleet]:
    """Give a fleet, and stop all its processes at the end."""
    with ExitStack() as stack:
        fleet = Fleet(engine, folder, stack, redis_url, environ)
        try:
            yield fleet
        finally:
            stop(fleet.workers)


def stop(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Kill what still runs."""
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate()


def horses_of(pid: int) -> list[int]:
    """Return the children of a process."""
    told = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8")
    return [int(word) for word in told.split()]


def kill_hard(*pids: int) -> None:
    """Send signal 9."""
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def wait_until(true: Callable[[], bool]) -> None:
    """Wait for another process; fails where it takes a minute."""
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, "nothing happened for a minute"
        time.sleep(0.02)
