"""Without Redis the process that serves the pages does the jobs too (decision 37)."""

import socket
from pathlib import Path

from sqlalchemy import Engine

from tests.ingest.fleets import a_fleet, wait_until
from tests.ingest.test_jobs import NIGHT, a_meter


def test_the_pages_process_polls_each_home_once_a_slot(engine: Engine, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with a_fleet(engine, tmp_path, None) as fleet:
        for n in range(3):
            fleet.home(f"11202201{n:02}", a_meter())
        fleet.set_clock("2016-08-16 00:15")
        fleet.environ["PPA_CODE_KEY"] = fleet.environ["PPA_SECRET_KEY"] = "k" * 40
        fleet.run("web", "--port", str(port))
        wait_until(lambda: list(fleet.polls(NIGHT).values()) == [("ok", 1, 1)] * 3)
        assert len(fleet.readings()) == 3 * 2
