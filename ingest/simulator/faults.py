"""What a hostile or broken gateway answers instead of the truth (security.md §3.3)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

MODES = (
    "silent",
    "slow",
    "garbage",
    "partial",
    "wrong_unit",
    "wrong_tid",
    "http",
    "huge",
    "close",
    "reset",
    "exception",
    "wrong_fc",
    "fewer",
    "short",
    "drip",
    "rtu",
    "zero",
    "ffff",
    "stuck",
    "backwards",
    "rollover",
)
SERVED_AS_ASKED = ("zero", "ffff", "stuck", "backwards", "rollover")
"""Modes whose frames are right and whose figures are not: the ledger's business, not the wire's."""

_HTTP = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question and its right answer, as whole Modbus TCP frames."""

    question: bytes
    answer: bytes

    @property
    def head(self) -> bytes:
        """Transaction and protocol of the question."""
        return self.question[:4]


def _frame(head: bytes, body: bytes) -> bytes:
    return head + len(body).to_bytes(2, "big") + body


def _garbage(exchange: Exchange) -> bytes:
    seed = int.from_bytes(exchange.question[:2], "big")
    return bytes((seed * 31 + n * n * 7 + 13) % 256 for n in range(1, 40))


def _wrong_tid(exchange: Exchange) -> bytes:
    tid = int.from_bytes(exchange.question[:2], "big") + 7
    return (tid % 65536).to_bytes(2, "big") + exchange.answer[2:]


def _wrong_unit(exchange: Exchange) -> bytes:
    return exchange.answer[:6] + bytes([(exchange.answer[6] + 1) % 256]) + exchange.answer[7:]


def _wrong_fc(exchange: Exchange) -> bytes:
    return _frame(exchange.head, exchange.question[6:7] + b"\x10" + exchange.question[8:12])


def _fewer(exchange: Exchange) -> bytes:
    body = exchange.answer[6:]
    return _frame(exchange.head, body[:2] + bytes([max(body[2] - 2, 0)]) + body[3:-2])


def _short(exchange: Exchange) -> bytes:
    return _frame(exchange.head, exchange.answer[6:-2])


def _rtu(exchange: Exchange) -> bytes:
    """Return a serial frame as a mere tunnel passes it on: no transaction, but a checksum."""
    return exchange.answer[6:] + b"\x5a\xa5"


def _exception(exchange: Exchange) -> bytes:
    return exception(exchange.question, 4)


def _huge(exchange: Exchange) -> bytes:
    return exchange.head + b"\xff\xff" + exchange.answer[6:] + bytes(2000)


def exception(question: bytes, code: int) -> bytes:
    """Return the frame of a Modbus exception."""
    return _frame(question[:4], bytes([question[6], question[7] | 0x80, code]))


TWISTED: Mapping[str, Callable[[Exchange], bytes]] = {
    "silent": lambda _: b"",
    "garbage": _garbage,
    "partial": lambda exchange: exchange.answer[: len(exchange.answer) // 2],
    "wrong_unit": _wrong_unit,
    "wrong_tid": _wrong_tid,
    "http": lambda _: _HTTP,
    "huge": _huge,
    "exception": _exception,
    "wrong_fc": _wrong_fc,
    "fewer": _fewer,
    "short": _short,
    "rtu": _rtu,
}
"""Modes that are told by the bytes sent; the others by when, or whether, something is sent."""
