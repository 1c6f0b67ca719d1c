"""Two machines in one: network namespaces with a wire between them that loses datagrams."""

import ctypes
import os
import random
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest

T = TypeVar("T")
CLIENT, DEVICE, WIRE = "10.81.0.1", "10.81.0.2", "10.81.0.3"
PORT = 3610
_NEW_NETWORK = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Machines:
    """The names of the two namespaces: where we are, and where the device is."""

    ours: str
    theirs: str


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)  # noqa: S607 - as installed


@contextmanager
def two_machines() -> Iterator[Machines]:
    """Give two namespaces joined by a wire; skips where the machine allows none."""
    if shutil.which("ip") is None:
        pytest.skip("ip is missing: apt-get install iproute2")
    machines = Machines(f"ppa-{os.getpid()}-a", f"ppa-{os.getpid()}-b")
    made: list[str] = []
    try:
        for name in (machines.ours, machines.theirs):
            _ip("netns", "add", name)
            made.append(name)
        _join(machines)
        yield machines
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no network namespaces here: {error.stderr.decode().strip()}")
    finally:
        for name in made:
            _ip("netns", "del", name)


def _join(machines: Machines) -> None:
    ends = {machines.ours: (CLIENT,), machines.theirs: (DEVICE, WIRE)}
    _ip("link", "add", "ppa-wire-a", "netns", machines.ours, "type", "veth",
        "peer", "name", "ppa-wire-b", "netns", machines.theirs)  # fmt: skip
    for (name, addresses), end in zip(ends.items(), ("ppa-wire-a", "ppa-wire-b"), strict=True):
        for address in addresses:
            _ip("-n", name, "address", "add", f"{address}/24", "dev", end)
        for link in ("lo", end):
            _ip("-n", name, "link", "set", link, "up")
        _ip("-n", name, "route", "add", "224.0.0.0/4", "dev", end)


def _enter(namespace: str) -> None:
    """Give this thread the network of a namespace."""
    with Path(f"/run/netns/{namespace}").open("rb") as file:
        if _libc.setns(file.fileno(), _NEW_NETWORK):
            raise OSError(ctypes.get_errno(), "setns")


def inside(namespace: str, work: Callable[[], T]) -> "Future[T]":
    """Do work in a thread whose network is a namespace's."""
    done: Future[T] = Future()

    def run() -> None:
        try:
            _enter(namespace)
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001 - told where the result is asked for
            done.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return done


@dataclass
class LossyWire:
    """Stands for the device at an address of its own, and loses a part of all datagrams."""

    lost_part: float
    chance: random.Random = field(default_factory=lambda: random.Random(810))  # noqa: S311
    lost: int = 0
    carried: int = 0
    _ended: threading.Event = field(default_factory=threading.Event)

    def carry(self) -> None:
        """Carry datagrams between our machine and the device until `end`."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            wire.bind((WIRE, PORT))
            wire.settimeout(0.05)
            while not self._ended.is_set():
                try:
                    datagram, sender = wire.recvfrom(8192)
                except TimeoutError:
                    continue
                if self.chance.random() < self.lost_part:
                    self.lost += 1
                    continue
                self.carried += 1
                wire.sendto(datagram, ((DEVICE if sender[0] == CLIENT else CLIENT), PORT))

    def end(self) -> None:
        """Carry no more."""
        self._ended.set()


@contextmanager
def a_lossy_wire(machines: Machines, lost_part: float) -> Iterator[LossyWire]:
    """Give a wire to the device at WIRE that loses a part of the datagrams, both ways."""
    wire = LossyWire(lost_part)
    carrying = inside(machines.theirs, wire.carry)
    try:
        yield wire
    finally:
        wire.end()
        carrying.result(10)
