"""HTTP to one gateway: to the checked address alone, one request at a time, sized and timed.

h11 reads the protocol; connecting, patience and the size of an answer stay ours, so that no
answer, not even a refusal's, can be longer or slower than a gateway may be (security.md T14).
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urljoin, urlsplit

import h11

from ingest.drivers.digest import DigestDoor
from ingest.drivers.protocol import Air, Outcome, Reach, ReadingFailed, Target

MOST_BYTES: Final = 1_000_000
"""The longest page that is read (interfaces.md: over 1 MB is `bad_answer`)."""
MOST_HOPS: Final = 3
BACKOFF_S: Final = (2.0, 3.0)
"""How long a device that is busy is left alone before each further try (gateways.md §1d)."""
_CHUNK: Final = 65_536
_OK, _REDIRECTS, _UNAUTHORIZED, _BUSY_FROM = 200, (301, 302, 303, 307, 308), 401, 500
_TARGET = re.compile(r"/[!-~]{0,2000}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: its method, path with query, and form body."""

    method: str
    target: str
    form: bytes = b""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        """Return every header of a name."""
        return [text for key, text in self.headers if key == name]


class _HungUp(ReadingFailed):
    """The other side closed before a byte of its answer had come."""


class WebLink:
    """The way to one gateway for one poll or one day; use it with `with`."""

    def __init__(self, target: Target, reach: Reach, door: DigestDoor, deadline_s: float) -> None:
        """Take where to connect, how far, the password's door, and how long in all."""
        self._target, self._reach, self._door = target, reach, door
        self._deadline = asyncio.get_running_loop().time() + deadline_s
        self._wire: _Wire | None = None
        self._given_up: ReadingFailed | None = None
        self._answered = False

    def __enter__(self) -> Self:
        """Connect to nobody yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Hang up."""
        self._close()

    async def get(self, target: str, most: int = MOST_BYTES, *, patient: bool = False) -> bytes:
        """Return the body of a page of at most `most` bytes; raises ReadingFailed.

        A patient request may take all that is left of the deadline, not only the time of one
        answer.
        """
        return await self._ask(Asked("GET", target), most, patient=patient)

    async def post(self, target: str, form: bytes) -> bytes:
        """Return the body that answers a form; raises ReadingFailed."""
        return await self._ask(Asked("POST", target, form), MOST_BYTES)

    async def _ask(self, asked: Asked, most: int, *, patient: bool = False) -> bytes:
        """Ask; a gateway that failed before it ever answered is not asked for the rest."""
        self._door.check()
        if self._given_up:
            raise self._given_up
        try:
            return await self._until_ready(asked, most, patient=patient)
        except ReadingFailed as failure:
            self._close()
            if not self._answered:
                self._given_up = failure
            raise

    async def _until_ready(self, asked: Asked, most: int, *, patient: bool) -> bytes:
        answer = await self._follow(asked, most, patient=patient)
        for pause_s in BACKOFF_S:
            if answer.status < _BUSY_FROM or pause_s >= self._left():
                break
            await asyncio.sleep(pause_s)
            answer = await self._follow(asked, most, patient=patient)
        if answer.status >= _BUSY_FROM:
            raise ReadingFailed(Outcome.BUSY, f"it answers {answer.status} to the end")
        if answer.status != _OK:
            sentence = f"{asked.target.partition('?')[0]} answers {answer.status}"
            raise ReadingFailed(Outcome.BAD_ANSWER, sentence)
        return answer.body

    async def _follow(self, asked: Asked, most: int, *, patient: bool) -> _Answer:
        """Follow redirects inside the device, signing anew for each path; raises ReadingFailed."""
        for _ in range(MOST_HOPS):
            answer = await self._sign_and_send(asked, most, patient=patient)
            if answer.status not in _REDIRECTS:
                return answer
            asked = Asked("GET", self._inside(asked.target, answer.all("location")))
        raise ReadingFailed(Outcome.BAD_ANSWER, "it redirects for ever")

    def _inside(self, target: str, locations: Sequence[str]) -> str:
        """Return the path that a redirect names; raises ReadingFailed where it leads elsewhere."""
        base = f"http://{self._target.address}"
        where = locations[0] if locations else ""
        try:
            parts = urlsplit(urljoin(base + target, where))
            same = parts.scheme == "http" and self._is_me(parts.hostname, parts.port)
        except ValueError:
            same, parts = False, urlsplit(base)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if not where or not same or not _TARGET.fullmatch(path):
            raise ReadingFailed(Outcome.BAD_ANSWER, f"it redirects elsewhere: {where[:80]!r}")
        return path

    def _is_me(self, host: str | None, port: int | None) -> bool:
        address = self._target.address
        return host == str(address.host) and (port or 80) == address.port

    async def _sign_and_send(self, asked: Asked, most: int, *, patient: bool) -> _Answer:
        """Send, and once more where the device asks for (another) signature."""
        answer, is_retry = await self._send(asked, most, patient=patient), False
        while answer.status == _UNAUTHORIZED:
            self._door.challenged(answer.all("www-authenticate"), is_retry=is_retry)
            answer, is_retry = await self._send(asked, most, patient=patient), True
        return answer

    async def _send(self, asked: Asked, most: int, *, patient: bool) -> _Answer:
        left = self._left()
        if left <= 0:
            raise ReadingFailed(Outcome.METER_SILENT, "the deadline passed before it was asked")
        patience = left if patient else min(self._reach.timeout_s, left)
        headers = self._door.sign(asked.method, asked.target)
        used = self._wire
        try:
            answer = await self._exchange(asked, headers, most, patience)
        except _HungUp:
            if used is None:
                raise
            # A kept connection may end at any time; that says nothing about the device.
            self._close()
            answer = await self._exchange(asked, headers, most, patience)
        self._answered = True
        return answer

    async def _exchange(
        self, asked: Asked, headers: list[tuple[str, str]], most: int, patience_s: float
    ) -> _Answer:
        wire = self._wire or await self._connect()
        try:
            async with asyncio.timeout(patience_s):
                answer = await wire.exchange(asked, headers, most)
        except TimeoutError:
            sentence = "connected, but no complete answer in time"
            raise ReadingFailed(Outcome.METER_SILENT, sentence) from None
        except h11.ProtocolError as fault:
            raise ReadingFailed(Outcome.BAD_ANSWER, f"it speaks no clean HTTP: {fault}") from None
        except OSError:
            if wire.heard:
                raise ReadingFailed(Outcome.BAD_ANSWER, "it hung up in the answer") from None
            raise _HungUp(Outcome.METER_SILENT, "the connection broke") from None
        if not wire.stays_open:
            self._close()
        return answer

    async def _connect(self) -> "_Wire":
        self._reach.guard(self._target.address)
        address = self._target.address
        patience = min(self._reach.timeout_s, max(self._left(), 0.0))
        try:
            async with asyncio.timeout(patience):
                streams = await asyncio.open_connection(str(address.host), address.port)
        except (TimeoutError, OSError):
            raise ReadingFailed(Outcome.UNREACHABLE, f"no connection to {address}") from None
        self._wire = _Wire(str(address), *streams, self._target.air)
        return self._wire

    def _left(self) -> float:
        return self._deadline - asyncio.get_running_loop().time()

    def _close(self) -> None:
        if self._wire:
            self._wire.close()
            self._wire = None


class _Wire:
    """One TCP connection speaking HTTP/1.1."""

    def __init__(
        self, host: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, air: Air
    ) -> None:
        self._host, self._reader, self._writer, self._air = host, reader, writer, air
        air.count(0)
        self._http = h11.Connection(h11.CLIENT)
        self.heard = False
        self.stays_open = True

    async def exchange(self, asked: Asked, headers: list[tuple[str, str]], most: int) -> _Answer:
        """Return the answer to one request; raises ReadingFailed, OSError or h11's errors."""
        await self._write(asked, headers)
        self.heard = False
        response = await self._event()
        while isinstance(response, h11.InformationalResponse):
            response = await self._event()
        if not isinstance(response, h11.Response):
            raise _HungUp(Outcome.METER_SILENT, "the connection was closed without an answer")
        told = [(k.decode("ascii").lower(), v.decode("latin-1")) for k, v in response.headers]
        body = await self._body(most, is_page=response.status_code == _OK)
        return _Answer(response.status_code, told, body)

    async def _write(self, asked: Asked, headers: list[tuple[str, str]]) -> None:
        told = [("Host", self._host), ("Accept-Encoding", "identity"), *headers]
        if asked.method == "POST":
            told += [
                ("Content-Type", "application/x-www-form-urlencoded"),
                ("Content-Length", str(len(asked.form))),
            ]
        request = h11.Request(method=asked.method, target=asked.target, headers=told)
        words = [self._http.send(request), self._http.send(h11.Data(asked.form))]
        words.append(self._http.send(h11.EndOfMessage()))
        message = b"".join(word for word in words if word)
        self._air.count(len(message))
        self._writer.write(message)
        await self._writer.drain()

    async def _body(self, most: int, *, is_page: bool) -> bytes:
        """Return the body of a page; that of a refusal is dropped, with the connection if long."""
        parts, size = [], 0
        while isinstance(event := await self._event(), h11.Data):
            size += len(event.data)
            if size > most and is_page:
                raise ReadingFailed(Outcome.BAD_ANSWER, f"its answer is longer than {most} bytes")
            if size > _CHUNK and not is_page:
                self.stays_open = False
                return b""
            parts.append(bytes(event.data))
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
        else:
            self.stays_open = False
        return b"".join(parts)

    async def _event(self) -> object:
        while True:
            event = self._http.next_event()
            if event is not h11.NEED_DATA:
                return event
            octets = await self._reader.read(_CHUNK)
            if not octets and not self.heard:
                raise _HungUp(Outcome.METER_SILENT, "the connection was closed without an answer")
            self.heard = True
            self._air.count(len(octets))
            self._http.receive_data(octets)

    def close(self) -> None:
        """Hang up."""
        self._writer.close()
