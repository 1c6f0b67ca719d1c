"""A small AiSEG2 of our own: HTTP with Digest on a loopback port, hostile on demand."""

import asyncio
import base64
import hashlib
import json
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from urllib.parse import parse_qs, urlsplit
from urllib.request import parse_http_list, parse_keqv_list

import h11

from ingest.simulator import aiseg2_pages as pages
from ingest.simulator.aiseg2_pages import Household
from ingest.simulator.serving import Server
from shared.months import day_of

USER: Final = "aiseg"
REALM: Final = "AiSEG"
_FULL_WIDTH: Final = str.maketrans("0123456789.", "０１２３４５６７８９．")
_EVERY: Final = 5
_GIANT_BYTES: Final = 3_000_000


@dataclass(slots=True)
class AisegManners:
    """How the device behaves; `mode` is one of MODES, or blank. Times in seconds.

    Days in `lost` show `-` on their page; those in `lost_on_card` have no figure there either.
    """

    mode: str = ""
    latency_s: float = 0.0
    has_card: bool = True
    card_days: int = 60
    clock_error_s: int = 0
    registered: bool = True
    lost: Sequence[date] = ()
    lost_on_card: Sequence[date] = ()
    one_nonce_a_request: bool = False
    closes_after_answer: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer before it is put on the wire."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


BROKEN: Final[dict[str, Callable[[bytes], bytes]]] = {
    "truncated": lambda body: body[: len(body) // 2],
    "giant": lambda body: body + b" " * _GIANT_BYTES,
    "garbage": lambda body: bytes(octet ^ 0xA5 for octet in body),
    "full_width": lambda body: _figures_wide(body.decode()).encode(),
    "negative": lambda body: body.replace(b'"val_kwh">', b'"val_kwh">-'),
    "too_much": lambda body: body.replace(b'"val_kwh">', b'"val_kwh">9999'),
    "no_hours": lambda body: body.replace(b"graph_data", b"graph_none"),
    "other_unit": lambda body: body.replace(b'"unit_kwh">kWh', '"unit_kwh">円'.encode()),
}
"""What each mode makes of a page that would have been right."""
MODES: Final = (
    *BROKEN, "busy", "always_busy", "other_day", "other_page", "cut", "silent", "close",
    "away", "circle", "basic", "not_http", "drip",
)  # fmt: skip


def _figures_wide(page: str) -> str:
    """Return a page whose shown figures are full-width, its scripts as they were."""
    head, mark, rest = page.partition('<div id="txt_val_wrapper">')
    shown, script, tail = rest.partition("<script")
    for name in ("val_current", "val_kwh"):
        before, found, after = shown.partition(f'id="{name}">')
        text, end, left = after.partition("<")
        shown = before + found + text.translate(_FULL_WIDTH) + end + left
    return head + mark + shown + script + tail


class AisegServer(Server):
    """An AiSEG2 on a loopback port; use it with `async with`, `port` is then known.

    `asked` holds the path of every request, `signed` counts those that carried a signature.
    """

    def __init__(
        self,
        home: Household,
        password: str,
        clock: Callable[[], int],
        manners: AisegManners | None = None,
        port: int = 0,
    ) -> None:
        """Serve a home as of the clock; port 0 takes a free one."""
        super().__init__(port)
        self.manners = manners or AisegManners()
        self.asked: list[str] = []
        self.signed = 0
        self._home, self._password, self._clock = home, password, clock
        self._nonces: dict[str, int] = {}

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        http = h11.Connection(h11.SERVER)
        with suppress(h11.ProtocolError):
            while await self._exchange(http, reader, writer):
                http.start_next_cycle()

    async def _exchange(
        self, http: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer one request; returns whether the connection stays."""
        request = await _request(http, reader)
        if request is None:
            return False
        await asyncio.sleep(self.manners.latency_s)
        mode, reply = self.manners.mode, self._reply(request)
        if mode == "close":
            return False
        if mode == "silent":
            await asyncio.sleep(3600)
        if mode == "not_http":
            writer.write(b"AiSEG2 says hello\r\n\r\n")
            return False
        if mode == "drip":
            return await _drip(writer)
        return await self._write(http, writer, reply) and not self.manners.closes_after_answer

    async def _write(
        self, http: h11.Connection, writer: asyncio.StreamWriter, reply: Reply
    ) -> bool:
        """Send a reply, or half of what it declares; returns whether the connection is fit."""
        is_cut = self.manners.mode == "cut" and bool(reply.body)
        headers = [
            ("Content-Type", "text/html; charset=UTF-8"),
            ("Content-Length", str(len(reply.body) * (1 + is_cut))),
            *reply.headers,
        ]
        response = h11.Response(status_code=reply.status, headers=headers)
        for event in (response, h11.Data(reply.body)):
            writer.write(http.send(event) or b"")
        await writer.drain()
        if is_cut:
            return False
        http.send(h11.EndOfMessage())
        return http.our_state is h11.DONE

    def _reply(self, request: h11.Request) -> Reply:
        target = request.target.decode()
        self.asked.append(target)
        if self.manners.mode == "always_busy" or (
            self.manners.mode == "busy" and len(self.asked) % _EVERY == 0
        ):
            return Reply(503, "<div>AiSEGの状態が更新されました</div>".encode())
        headers = {name.lower(): text for name, text in request.headers}
        if not self._lets_in(request.method.decode(), headers.get(b"authorization", b"").decode()):
            return self._challenge()
        return self._page(target)

    def _challenge(self) -> Reply:
        if self.manners.mode == "basic":
            return Reply(401, b"", (("WWW-Authenticate", f'Basic realm="{REALM}"'),))
        nonce = secrets.token_hex(16)
        self._nonces[nonce] = 0
        told = f'Digest realm="{REALM}", nonce="{nonce}", qop="auth", algorithm=MD5'
        return Reply(401, b"<html>401</html>", (("WWW-Authenticate", told),))

    def _lets_in(self, method: str, header: str) -> bool:
        """Say whether a request is signed rightly, with a count that goes up (RFC 2617 §3.2.2)."""
        scheme, _, rest = header.partition(" ")
        if scheme.lower() != "digest":
            return False
        self.signed += 1
        told = parse_keqv_list(parse_http_list(rest))
        secret = _md5(f"{USER}:{REALM}:{self._password}")
        asked = _md5(f"{method}:{told.get('uri', '')}")
        words = [told.get(name, "") for name in ("nonce", "nc", "cnonce", "qop")]
        rightly = told.get("response") == _md5(":".join([secret, *words, asked]))
        count = int(told.get("nc", "0"), 16)
        fresh = self._nonces.get(words[0], count) < count
        if rightly and fresh:
            self._nonces[words[0]] = 1 << 40 if self.manners.one_nonce_a_request else count
        return (
            rightly and fresh and told.get("username") == USER and told.get("uri") == self.asked[-1]
        )

    def _page(self, target: str) -> Reply:
        parts = urlsplit(target)
        mode, path, query = self.manners.mode, parts.path, parse_qs(parts.query)
        at = self._clock() + self.manners.clock_error_s
        if mode in ("away", "circle"):
            where = "http://192.0.2.9/page" if mode == "away" else target
            return Reply(302, b"", (("Location", where),))
        if path == "/":
            return Reply(302, b"", (("Location", "/index.cgi"),))
        if path.startswith("/page/graph/5"):
            return self._graph(path.rpartition("/")[2], query, at)
        fixed: dict[str, Callable[[], str | bytes]] = {
            "/index.cgi": lambda: pages.index_page(at),
            "/page/smartmeter/2": lambda: pages.smart_meter_page(self._home, at),
            "/data/electricflow/111/update": lambda: pages.live_answer(
                self._home, at, registered=self.manners.registered
            ),
            "/set/exectop2.cgi": lambda: self._card(query, at),
        }
        if path not in fixed:
            return Reply(404, b"<html>404</html>")
        body = fixed[path]()
        return Reply(200, body if isinstance(body, bytes) else body.encode())

    def _card(self, query: dict[str, list[str]], at: int) -> str | bytes:
        """Return the card's page, or its ZIP for whoever brings the token back."""
        manners = self.manners
        if manners.has_card and query.get("csrftoken") == [pages.TOKEN]:
            return pages.card_zip(self._home, at, manners.card_days, manners.lost_on_card)
        return pages.card_page(has_card=manners.has_card)

    def _graph(self, number: str, query: dict[str, list[str]], at: int) -> Reply:
        mode, kind = self.manners.mode, number[1:2]
        if number[2:] != "111" or kind not in "1234":
            return Reply(404, b"<html>404</html>")
        day = min(_day(query), day_of(at)) if "data" in query else day_of(at)
        if mode == "other_day":
            day -= timedelta(days=1)
        if mode == "other_page":
            kind = pages.CONSUMPTION
        lost = day in self.manners.lost
        body = pages.day_page(self._home, kind, day, at, lost=lost).encode()
        return Reply(200, BROKEN[mode](body) if mode in BROKEN else body)


def _day(query: dict[str, list[str]]) -> date:
    """Return the day that `data` asks for, in the base64 of JSON that the page's script makes."""
    asked = json.loads(base64.b64decode(query["data"][0]))
    return date(*asked["day"])


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


async def _request(http: h11.Connection, reader: asyncio.StreamReader) -> h11.Request | None:
    """Return the next request once its body is in, None where the other side has gone."""
    request: h11.Request | None = None
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            http.receive_data(await reader.read(65_536))
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.EndOfMessage):
            return request
        elif not isinstance(event, h11.Data):
            return None


async def _drip(writer: asyncio.StreamWriter) -> bool:
    """Send a header that never ends, a byte at a time."""
    writer.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while True:
        writer.write(b"a")
        await writer.drain()
        await asyncio.sleep(0.05)
