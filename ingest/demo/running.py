"""`ppa demo`: everything set up in a folder that goes away, run until Ctrl-C."""

import argparse
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import webbrowser
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

from sqlalchemy.orm import Session

from ingest.demo import history
from ingest.demo.gateways import Gateways
from ingest.demo.homes import DemoHome, make_homes
from shared import schema
from shared.commands.context import Context
from shared.commands.output import share_bar
from shared.customers.registering import reveal_code
from shared.db import make_engine
from shared.errors import InputRefused, Refused
from shared.months import day_of, instant
from shared.telemetry.exporting import time_text

PPA = Path(sys.executable).with_name("ppa")
POLL_SECONDS = 10
BEGINS_S = 10 * 3600
STOP_S = 10
EMAIL = "demo@example.jp"
DEFAULT_HOMES, MOST_HOMES = 7, 50


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `ppa demo`."""
    summary = "run the product with a small simulated fleet"
    parser = commands.add_parser("demo", help=summary, description=summary)
    parser.add_argument("--homes", type=int, default=DEFAULT_HOMES, metavar="N")
    parser.add_argument("--port", type=int, default=8000, metavar="P")
    parser.add_argument("--no-browser", action="store_true")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, context: Context) -> int:
    """Set up, print where to look, and run until Ctrl-C or SIGTERM; nothing is left behind."""
    if not 1 <= args.homes <= MOST_HOMES:
        raise InputRefused(f"--homes: {args.homes} is not from 1 to {MOST_HOMES}")
    _require_free(args.port)
    stopped = threading.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda _signum, _frame: _stop(stopped, _frame))
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="ppa-demo-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        demo = Demo(folder, args.port, context)
        demo.set_up(args.homes, stack)
        if stopped.is_set():
            return 0
        demo.run(stack, stopped, open_browser=not args.no_browser)
    context.say("stopped")
    return 0


def _stop(stopped: threading.Event, _frame: FrameType | None) -> None:
    stopped.set()


def _require_free(port: int) -> None:
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            raise InputRefused(
                f"--port: {port} cannot be had; another program listens there, or it is no port"
            ) from None


class Demo:
    """The demo's folder, clock, settings and processes."""

    def __init__(self, folder: Path, port: int, context: Context) -> None:
        """Begin the clock at 10:00 JST of today."""
        self.folder, self.port, self.context = folder, port, context
        self._began = instant(day_of(context.clock())) + BEGINS_S
        self._started = time.monotonic()
        self.code_key = secrets.token_hex(32)
        self.password = secrets.token_urlsafe(12)
        self.homes: list[DemoHome] = []
        self.environ = self._settings()

    def now(self) -> int:
        """Return the demo's time: from 10:00 JST on, as fast as ours."""
        return self._began + int(time.monotonic() - self._started)

    def _settings(self) -> dict[str, str]:
        kept = {name: text for name, text in os.environ.items() if not name.startswith("PPA_")}
        return kept | {
            "PPA_HOME": str(self.folder),
            "PPA_DATABASE_URL": f"sqlite:///{self.folder / 'ppa.sqlite3'}",
            "PPA_SECRET_KEY": secrets.token_hex(32),
            "PPA_CODE_KEY": self.code_key,
            "PPA_BASE_URL": f"http://127.0.0.1:{self.port}",
            "PPA_TEST_CLOCK": str(self.folder / "clock"),
            "PPA_GATEWAY_NETS": "127.0.0.0/8",
            "PPA_ALLOW_LOOPBACK_GATEWAYS": "1",
            "PPA_POLL_SECONDS": str(POLL_SECONDS),
        }

    # -- setting up -------------------------------------------------------------------------

    def set_up(self, count: int, stack: ExitStack) -> None:
        """Make the homes with their year, and gateways that answer."""
        engine = make_engine(self.environ["PPA_DATABASE_URL"])
        stack.callback(engine.dispose)
        schema.upgrade(engine)

        @contextmanager
        def open_session() -> Iterator[Session]:
            with Session(engine) as session, session.begin():
                yield session

        now = self.now()
        with open_session() as session:
            closing_day = history.register_operator(session, now)
            self.homes = make_homes(count, now, closing_day)
            history.register_homes(session, self.homes, self.code_key)
        with share_bar(self.context, "a year of registers") as tell:
            for done, home in enumerate(self.homes, 1):
                with open_session() as session:
                    history.keep_registers(session, home, now, closing_day)
                tell(done, count)
        with share_bar(self.context, "a year of bills") as tell:
            history.bill_the_past(open_session, self.homes, now, tell)
        with open_session() as session:
            number = self.homes[0].customer_no
            self.code = reveal_code(session, self.code_key, number, now, history.ACTOR)
        gateways = Gateways(self.homes, self.now)
        gateways.start()
        stack.callback(gateways.stop)
        self._tick()
        gateways.write_file(self.folder / "gateways.csv")
        self._ppa("gateways", "import", str(self.folder / "gateways.csv"), "--apply")
        self._ppa(
            "operator", "add", EMAIL, "--role", "admin", "--password-stdin",
            stdin=self.password + "\n",
        )  # fmt: skip

    def _ppa(self, *argv: str, stdin: str = "") -> None:
        done = subprocess.run(  # noqa: S603 - our own program
            [PPA, *argv],
            input=stdin,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Refused(f"ppa {' '.join(argv)}: {done.stderr.strip()}")

    def _tick(self) -> None:
        """Write the time that every process takes for now."""
        part = self.folder / "clock.part"
        part.write_text(time_text(self.now()), encoding="ascii")
        part.replace(self.folder / "clock")

    # -- running ----------------------------------------------------------------------------

    def run(self, stack: ExitStack, stopped: threading.Event, *, open_browser: bool) -> None:
        """Run the pages and the worker until told to stop, or until one of them ends."""
        with_redis = self._start_redis(stack)
        commands = [["web", "--host", "127.0.0.1", "--port", str(self.port)]]
        if with_redis:
            commands += [["worker"], ["scheduler"]]
        processes = [self._start(stack, command) for command in commands]
        self._wait_for_pages(stopped)
        self._tell(with_redis=with_redis)
        if open_browser:
            webbrowser.open(self.environ["PPA_BASE_URL"])
        while not stopped.wait(1):
            self._tick()
            if any(process.poll() is not None for process in processes):
                raise Refused(f"a part of it ended by itself:\n{self._log()}")

    def _start(self, stack: ExitStack, command: Sequence[str]) -> "subprocess.Popen[bytes]":
        return self._popen(stack, [str(PPA), *command], self.environ)

    def _popen(
        self, stack: ExitStack, words: Sequence[str], environ: Mapping[str, str]
    ) -> "subprocess.Popen[bytes]":
        log = stack.enter_context((self.folder / "log").open("ab"))
        process = subprocess.Popen(  # noqa: S603 - our own programs
            words, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
        stack.callback(_end, process)
        return process

    def _start_redis(self, stack: ExitStack) -> bool:
        """Start a private redis-server on a unix socket where that program is on the machine."""
        program = shutil.which("redis-server")
        if program is None:
            return False
        path = self.folder / "redis.sock"
        words = [program, "--port", "0", "--unixsocket", str(path), "--save", "", "--dir"]
        self._popen(stack, [*words, str(self.folder), "--appendonly", "no"], self.environ)
        self.environ["PPA_REDIS_URL"] = f"unix://{path}"
        return True

    def _wait_for_pages(self, stopped: threading.Event) -> None:
        for _ in range(300):
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            if stopped.wait(0.1):
                return
        raise Refused(f"the pages did not come up:\n{self._log()}")

    def _log(self) -> str:
        """Return the last words of the processes."""
        lines = (self.folder / "log").read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-20:])

    def _tell(self, *, with_redis: bool) -> None:
        base = self.environ["PPA_BASE_URL"]
        jobs = (
            "a private Redis with RQ workers"
            if with_redis
            else "the pages' own process, as no Redis is here"
        )
        code = " ".join(self.code[n : n + 4] for n in range(0, len(self.code), 4))
        print(
            f"\nhomeowner   {base}/\n            code {code}\n\n"
            f"operator    {base}/office/\n            {EMAIL}\n            {self.password}\n\n"
            f"{len(self.homes)} homes, read every {POLL_SECONDS} s over Modbus TCP and from AiSEG2 "
            f"by {jobs}; its clock began at 10:00.\nCtrl-C ends it and leaves nothing behind.",
            file=self.context.out,
            flush=True,
        )


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ask a process and its children to end, and see to it."""
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
