"""Who has the ECHONET port: one process at a time, by a lease in the database (decision 36).

Devices answer to port 3610 alone, and of two sockets on it the newer one hears all. So what is done
by itself takes turns; what a person asks for does not wait, because lost answers are asked again.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final
from uuid import uuid4

from sqlalchemy import CursorResult, update

from ingest.keeping import lease_s
from shared.commands.context import Context
from shared.db import merge_rows
from shared.models.operations import Lease

NAME: Final = "echonet port"


@dataclass(frozen=True, slots=True)
class Port:
    """The port as one process has it; `take` again before each round, so that the lease goes on."""

    context: Context
    owner: str = field(default_factory=lambda: f"{os.getpid()}-{uuid4().hex}")

    def take(self) -> bool:
        """Take the port for one round of a poll, or keep it; return whether it is ours."""
        now = self.context.clock()
        with self.context.session() as session:
            merge_rows(session, Lease, ("name", "until", "owner"), [(NAME, 0, "")], keep=True)
            done = session.execute(
                update(Lease)
                .where(Lease.name == NAME, (Lease.until <= now) | (Lease.owner == self.owner))
                .values(until=now + lease_s(self.context.config), owner=self.owner)
            )
        return isinstance(done, CursorResult) and done.rowcount == 1

    def give_back(self) -> None:
        """Let another have it, where it still is ours."""
        with self.context.session() as session:
            session.execute(
                update(Lease)
                .where(Lease.name == NAME, Lease.owner == self.owner)
                .values(until=0, owner="")
            )


@contextmanager
def echonet_port(context: Context) -> Iterator[Port]:
    """Give the port to be taken, and give it back at the end."""
    port = Port(context)
    try:
        yield port
    finally:
        port.give_back()
