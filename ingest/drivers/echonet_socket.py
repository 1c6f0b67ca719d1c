"""The one UDP socket through which all ECHONET Lite devices are asked (port 3610).

Devices answer to port 3610 of whoever asked, from whatever port they like. So all gateways of a
process share one socket, and an answer is known by its address, transaction and object alone.
"""

import asyncio
import secrets
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final
from weakref import WeakKeyDictionary

from ingest.addresses import Address
from ingest.drivers.echonet_frames import (
    Answer,
    Frame,
    FrameBroken,
    Request,
    asking,
    decode,
    tid_of,
)
from ingest.drivers.protocol import UDP_OCTETS, Air, Outcome, ReadingFailed

Bind = tuple[str, int]
_IPV6: Final = 6
_ANY = {4: "0.0.0.0", _IPV6: "::"}  # noqa: S104 - answers come to any interface
_LARGEST = 8192
_AT_ONCE = 256
_BUFFER = 4 << 20
_TRANSACTIONS = 1 << 16


@dataclass(slots=True)
class _Question:
    """One request under way, and what was heard of its device meanwhile."""

    host: str
    request: Request
    answer: "asyncio.Future[Answer]"
    air: Air
    is_heard: bool = False
    contradiction: str = ""

    def failure(self, tries: int) -> ReadingFailed:
        """Return how it ended, where no right answer came."""
        if self.contradiction:
            return FrameBroken(f"the answer contradicts the request: {self.contradiction}")
        if self.is_heard:
            return ReadingFailed(Outcome.METER_SILENT, "the node is there, but answers nothing")
        sentence = f"nothing came from {self.host}, asked {tries} times"
        return ReadingFailed(Outcome.UNREACHABLE, sentence)


@dataclass
class SharedSocket:
    """A bound socket of one event loop; give its address, then `ask` as often as you like."""

    sock: socket.socket
    users: int = 0
    _questions: dict[int, _Question] = field(default_factory=dict)
    _next: int = field(default_factory=lambda: secrets.randbelow(_TRANSACTIONS))

    def __post_init__(self) -> None:
        """Listen."""
        asyncio.get_running_loop().add_reader(self.sock.fileno(), self._on_readable)

    def close(self) -> None:
        """Stop listening."""
        asyncio.get_running_loop().remove_reader(self.sock.fileno())
        self.sock.close()

    async def ask(
        self, address: Address, request: Request, waits_s: Sequence[float], air: Air
    ) -> Answer:
        """Send a request, and again after each wait; raises ReadingFailed.

        Every try has the same transaction, so that the answer to any of them counts.
        """
        tid = self._free_transaction()
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        question = _Question(str(address.host), request, future, air)
        self._questions[tid] = question
        try:
            for wait_s in waits_s:
                datagram = asking(tid, request)
                air.count(len(datagram), UDP_OCTETS)
                self._send(datagram, address)
                await asyncio.wait((future,), timeout=wait_s)
                if future.done():
                    return future.result()
            raise question.failure(len(waits_s))
        finally:
            del self._questions[tid]
            if not future.cancel() and not future.cancelled():
                future.exception()

    def _free_transaction(self) -> int:
        for _ in range(_TRANSACTIONS):
            self._next = (self._next + 1) % _TRANSACTIONS
            if self._next not in self._questions:
                return self._next
        raise ReadingFailed(Outcome.BUSY, "too many questions are under way")

    def _send(self, datagram: bytes, address: Address) -> None:
        try:
            self.sock.sendto(datagram, (str(address.host), address.port))
        except BlockingIOError:
            pass  # as if it had been lost on the way; the next try follows
        except OSError as error:
            sentence = f"no way to {address}: {error.strerror or error}"
            raise ReadingFailed(Outcome.UNREACHABLE, sentence) from None

    def _on_readable(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                datagram, sender = self.sock.recvfrom(_LARGEST)
            except OSError:  # nothing more, or an error that the network told of an earlier one
                return
            self._take(datagram, str(sender[0]).partition("%")[0])

    def _take(self, datagram: bytes, host: str) -> None:
        tid = tid_of(datagram)
        question = self._questions.get(-1 if tid is None else tid)
        mine = question if question and question.host == host else None
        if mine is not None:
            mine.air.count(len(datagram), UDP_OCTETS)
        try:
            frame = decode(datagram)
        except FrameBroken as broken:
            self._tell(host, mine, broken)
            return
        if not frame.is_answer:
            self._hear(host)
        elif mine is None:
            self._hear(host, f"transaction {frame.tid:04X} was not asked")
        else:
            self._answer(mine, frame)

    def _answer(self, question: _Question, frame: Frame) -> None:
        """Take what answers a question; what comes from another object may be of another time."""
        if frame.seoj != question.request.eoj:
            question.is_heard = True
            question.contradiction = f"{frame.seoj:06X} answered"
            return
        try:
            answer = question.request.answer(frame)
        except FrameBroken as broken:
            self._tell(question.host, question, broken)
            return
        if not question.answer.done():
            question.answer.set_result(answer)

    def _tell(self, host: str, question: _Question | None, broken: FrameBroken) -> None:
        """End a question by a broken answer of its own, or note that its device sends such."""
        if question is None:
            self._hear(host, str(broken))
        elif not question.answer.done():
            question.answer.set_exception(broken)

    def _hear(self, host: str, contradiction: str = "") -> None:
        for question in self._questions.values():
            if question.host == host:
                question.is_heard = True
                question.contradiction = contradiction or question.contradiction


_open: "WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Bind, SharedSocket]]" = (
    WeakKeyDictionary()
)


@contextmanager
def shared_socket(bind: Bind, version: int) -> Iterator[SharedSocket]:
    """Give the running loop's socket for IPv4 or IPv6; it closes with its last user.

    Raises ReadingFailed `unreachable` where the port cannot be had.
    """
    if version == _IPV6:
        bind = (_ANY[_IPV6], bind[1])
    sockets = _open.setdefault(asyncio.get_running_loop(), {})
    if bind not in sockets:
        sockets[bind] = SharedSocket(open_port(bind))
    shared = sockets[bind]
    shared.users += 1
    try:
        yield shared
    finally:
        shared.users -= 1
        if not shared.users:
            del sockets[bind]
            shared.close()


def open_port(bind: Bind) -> socket.socket:
    """Return a bound socket; another ECHONET program may have the port too (SO_REUSEADDR).

    Raises ReadingFailed `unreachable` naming PPA_ECHONET_BIND.
    """
    family = socket.AF_INET6 if ":" in bind[0] else socket.AF_INET
    try:
        sock = socket.socket(family, socket.SOCK_DGRAM)
    except OSError as error:
        raise _port_refused(bind, error) from None
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(bind)
    except OSError as error:
        sock.close()
        raise _port_refused(bind, error) from None
    return sock


def _port_refused(bind: Bind, error: OSError) -> ReadingFailed:
    sentence = f"PPA_ECHONET_BIND: {bind[0]}:{bind[1]} cannot be had ({error.strerror or error})"
    return ReadingFailed(Outcome.UNREACHABLE, sentence)
