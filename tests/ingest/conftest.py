"""Settings for every test of the way from the roof to a day's energy."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import Engine

from tests.ingest.fleets import Fleet, a_fleet
from tests.servers import a_redis


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """Give the address of a real Redis of our own."""
    with a_redis() as url:
        yield url


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """Give an empty Redis."""
    with Redis.from_url(redis_server) as connection:
        connection.flushall()
    return redis_server


@pytest.fixture(params=["in process", "through redis"])
def fleet(request: pytest.FixtureRequest, engine: Engine, tmp_path: Path) -> Iterator[Fleet]:
    """Give a fleet without homes, whose work is done in this process or by `ppa worker`."""
    through = request.param == "through redis"
    url = request.getfixturevalue("redis_url") if through else None
    with a_fleet(engine, tmp_path, url) as fleet:
        if through:
            fleet.run("worker")
        yield fleet
