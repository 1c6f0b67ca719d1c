"""Mails under kill -9 and a server in every mood: none lost, doubles at most one a kill (N10).

`PPA_MAIL_ROUNDS` and `PPA_MAIL_BILLS` ask for more than a quick test does.
"""

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from shared.mail.claiming import STUCK_S
from shared.mail.listing import MailFilter, find_mails
from shared.mail.resending import resend
from shared.models.mail import Outbox
from tests.data.homes import NOW
from tests.data.mailed import issued_bills
from tests.mailroom import Mailroom, a_mailroom, link_of

ROUNDS = int(os.environ.get("PPA_MAIL_ROUNDS", "2"))
BILLS = int(os.environ.get("PPA_MAIL_BILLS", "9"))
MOST_PASSES = 40
REPLIES = {"4xx": "450 not now", "5xx": "550 never", "kill": "450 not now"}

CAREFUL = """
import os, signal, sys
import app
from sqlalchemy import event
from sqlalchemy.engine import Engine
left = int(sys.argv.pop(1))
@event.listens_for(Engine, "after_cursor_execute")
def dies(*_):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
sys.exit(app.main(sys.argv[1:], os.environ))
"""
"""`ppa`, killed by itself after so many statements; 0: never."""
BELIEVER = """
import os, sys
import app
from shared.mail import sending
from shared.mail.server import Outcome, Reply
sys.argv.pop(1)
write = sending._written
def believes(session, desk, mail, ours):
    envelope = write(session, desk, mail, ours)
    sending.settle(session, ours, Reply(Outcome.ACCEPTED, "250 surely"), desk.clock())
    return envelope
sending._written = believes
sys.exit(app.main(sys.argv[1:], os.environ))
"""


@dataclass(frozen=True, slots=True)
class Sender:
    """A program that sends, and after how many statements it dies."""

    program: str = CAREFUL
    dies_after: int = 0


@dataclass(slots=True)
class Weather:
    """What a server does to each mail, by chance; it can also kill the sender mid-sentence."""

    chance: random.Random
    room: Mailroom
    sender: subprocess.Popen[bytes] | None = None
    kills: int = 0
    moods: Counter[str] = field(default_factory=Counter)

    def over(self, fine: float) -> None:
        """Let the server be fine with so many of a hundred mails, and moody with the others."""

        def mood(_recipient: str, *names: str) -> str:
            if self.chance.randrange(100) < fine:
                return ""
            found = self.chance.choice(["4xx", "5xx", "kill", *names])
            self.moods[found] += 1
            return found

        def at_rcpt(recipient: str) -> str | None:
            found = mood(recipient)
            if found == "kill":
                self.kill()
            return REPLIES.get(found)

        def at_data(recipient: str) -> str | None:
            found = mood(recipient)
            if found == "kill":  # the mail is taken, and nobody is there to hear the 250
                self.kill()
                return None
            return REPLIES.get(found)

        self.room.at_rcpt, self.room.at_data = at_rcpt, at_data
        self.room.hangs_up = lambda recipient: mood(recipient, "hangs up") == "hangs up"

    def kill(self) -> None:
        """Kill the sender while it waits for our answer."""
        if self.sender is not None:
            self.sender.send_signal(signal.SIGKILL)


def one_pass(engine: Engine, home: Path, weather: Weather, now: int, sender: Sender) -> None:
    """Run `ppa mail send` in a process of its own; a kill is counted."""
    clock = home / "clock"
    clock.write_text(datetime.fromtimestamp(now, UTC).isoformat(), encoding="utf-8")
    environ = os.environ | weather.room.environ | {
        "PPA_HOME": str(home),
        "PPA_DATABASE_URL": engine.url.render_as_string(hide_password=False),
        "PPA_SECRET_KEY": "a secret for sessions, in tests only",
        "PPA_CODE_KEY": "a secret for auth codes, in tests only",
        "PPA_TEST_CLOCK": str(clock),
    }  # fmt: skip
    weather.sender = subprocess.Popen(
        [sys.executable, "-c", sender.program, str(sender.dies_after), "mail", "send"],
        env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    _, said = weather.sender.communicate(timeout=300)
    weather.kills += weather.sender.returncode == -signal.SIGKILL
    assert weather.sender.returncode in (0, 1, -signal.SIGKILL), said.decode()


def a_round(engine: Engine, home: Path, weather: Weather, now: int) -> tuple[int, int]:
    """Send every mail through bad weather that clears; return when it was done and the doubles."""
    with Session(engine) as session, session.begin():
        session.execute(
            update(Outbox).values(state="queued", attempts=0, next_at=None, claim="", reply="")
        )
    weather.room.taken.clear()
    kills = weather.kills
    for number in range(MOST_PASSES):
        weather.over(fine=min(100, 80 + 2 * number))
        statements = weather.chance.randint(1, 40 * BILLS) if number < MOST_PASSES // 4 else 0
        one_pass(engine, home, weather, now, Sender(dies_after=statements))
        now += max(STUCK_S, 3600)
        the_clerk_sends_again(engine, now)
        with Session(engine) as session:
            if set(session.scalars(select(Outbox.state))) == {"accepted"}:
                break
    return now, check(engine, weather.room, weather.kills - kills)


def the_clerk_sends_again(engine: Engine, now: int) -> None:
    """Queue again what was refused."""
    with Session(engine) as session, session.begin():
        refused = find_mails(session, MailFilter(state="refused"), goes_out=True)
        resend(session, [row.invoice_no for row in refused], now, "test")


def check(engine: Engine, room: Mailroom, kills: int) -> int:
    """Each mail came; whoever got it twice got the same; return how many came twice."""
    with Session(engine) as session:
        rows = session.execute(select(Outbox.recipient, Outbox.message_id, Outbox.state)).all()
    assert {row.state for row in rows} == {"accepted"}
    got = Counter(address for address, _ in room.taken)
    assert set(got) == {row.recipient for row in rows}, "lost"
    doubles = sum(got.values()) - len(rows)
    assert doubles <= kills
    for row in rows:
        mails = room.of(row.recipient)
        assert {str(mail["Message-ID"]) for mail in mails} == {row.message_id}
        assert len({link_of(mail) for mail in mails}) == 1
    return doubles


def sent_through_bad_weather(engine: Engine, home: Path, rounds: int) -> tuple[int, int]:
    """Return how many kills and how many doubled mails there were in so many rounds."""
    issued_bills(engine, BILLS)
    now, doubles = NOW, 0
    with a_mailroom() as room:
        weather = Weather(random.Random(20240216), room)  # noqa: S311 - chance, not a secret
        for _ in range(rounds):
            now, more = a_round(engine, home, weather, now)
            doubles += more
        print(f"{rounds} × {BILLS}: {weather.kills} kills, {doubles} doubles, {weather.moods}")
        return weather.kills, doubles


def test_no_mail_is_lost_and_doubles_are_at_most_the_kills(engine: Engine, tmp_path: Path) -> None:
    kills, doubles = sent_through_bad_weather(engine, tmp_path, ROUNDS)
    assert kills > 0
    assert doubles <= kills


def test_a_sender_that_believes_before_it_hears_is_caught(engine: Engine, tmp_path: Path) -> None:
    """The control: marked as accepted before the server's word, mails are lost."""
    issued_bills(engine, BILLS)
    with a_mailroom() as room:
        room.at_data = lambda _recipient: "452 no room"
        weather = Weather(random.Random(1), room)  # noqa: S311 - chance, not a secret
        one_pass(engine, tmp_path, weather, NOW, Sender(BELIEVER))
        with pytest.raises(AssertionError, match="lost"):
            check(engine, room, 0)
