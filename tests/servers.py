"""Real servers for the tests, started from Debian's packages in temporary folders."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOM = 4 * 1024**3
"""The bytes that a private server with a few small databases never comes near."""


@contextmanager
def a_postgresql() -> Iterator[str]:
    """Give the address of a private server; it and its folder go away at the end."""
    binaries = _postgresql_binaries()
    folder = Path(tempfile.mkdtemp(prefix="ppa-postgresql-", dir=_memory()))
    cluster, port = folder / "cluster", free_port()
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    _run(
        folder,
        binaries / "initdb",
        "-D",
        cluster,
        "-U",
        "postgres",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "-N",
    )
    speed = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"
    speed += " -c max_wal_size=256MB"
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 {speed}"
    control = (binaries / "pg_ctl", "-D", cluster, "-s", "-w", "-l", folder / "log")
    try:
        _run(folder, *control, "-o", options, "start")
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    finally:
        _run(folder, *control, "-m", "immediate", "stop")
        shutil.rmtree(folder)


def _memory() -> str | None:
    """Return a folder in memory, where there is one with room to spare; a disk is slower."""
    folder = Path("/dev/shm")  # noqa: S108 - mkdtemp makes a folder of its own in it
    is_roomy = folder.is_dir() and shutil.disk_usage(folder).free > ROOM
    return str(folder) if is_roomy else None


def _run(folder: Path, *command: object) -> None:
    """Run as the user `postgres` where we are root, which PostgreSQL refuses to be."""
    words = [str(word) for word in command]
    owner = "postgres" if os.geteuid() == 0 else None
    done = subprocess.run(
        words,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        user=owner,
        group=owner,
        extra_groups=None if owner is None else [],
    )
    if done.returncode:
        pytest.fail(f"PostgreSQL: {' '.join(words)}: {done.stdout.strip()}", pytrace=False)


@contextmanager
def a_redis() -> Iterator[str]:
    """Give the address of a private server on a socket of its own, which keeps nothing."""
    binary = shutil.which("redis-server")
    if binary is None:
        pytest.fail("Redis is missing: apt-get install redis-server", pytrace=False)
    folder = Path(tempfile.mkdtemp(prefix="ppa-redis-"))
    path = folder / "redis.sock"
    options = ("--port", "0", "--unixsocket", str(path), "--save", "", "--dir", str(folder))
    server = subprocess.Popen([binary, *options], stdout=subprocess.DEVNULL)
    try:
        for _ in range(500):
            if path.exists() or server.poll() is not None:
                break
            time.sleep(0.01)
        yield f"unix://{path}"
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder)


def _postgresql_binaries() -> Path:
    """Return the newest server's folder; a missing one is a failure, never a skip."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3])
    )
    if found:
        return found[-1].parent
    elsewhere = shutil.which("initdb")
    if elsewhere is None:
        pytest.fail(
            "PostgreSQL is missing: apt-get install postgresql, or set PPA_TEST_DATABASE_URL",
            pytrace=False,
        )
    return Path(elsewhere).resolve().parent


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
