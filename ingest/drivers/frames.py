"""The examination of a Modbus TCP answer: every byte of it must answer what was asked."""

from dataclasses import dataclass

from ingest.drivers.protocol import Outcome, ReadingFailed, WireBroken

READ_CODES = (3, 4)
"""The only function codes that ever leave this program: reading registers changes nothing."""
MOST_REGISTERS = 125

_FIELDS = (
    ("transaction", 0, 2),
    ("protocol", 2, 4),
    ("length", 4, 6),
    ("unit", 6, 7),
    ("function", 7, 8),
    ("byte count", 8, 9),
)
_BEFORE_LENGTH = 6
_EXCEPTION_LENGTH = b"\x00\x03"
_ERROR = 0x80
_EXCEPTIONS = {
    1: "illegal function",
    2: "illegal address",
    3: "illegal value",
    4: "server failure",
    5: "acknowledged, not ready",
    6: "busy",
    8: "memory parity error",
    0x0A: "gateway path unavailable",
    0x0B: "the meter behind the gateway does not respond",
}
_OUTCOMES = {
    5: Outcome.BUSY,
    6: Outcome.BUSY,
    0x0A: Outcome.METER_SILENT,
    0x0B: Outcome.METER_SILENT,
}


class ModbusRefused(ReadingFailed):
    """The device answered with a Modbus exception; `code` is its number."""

    def __init__(self, code: int) -> None:
        """Name the exception and its outcome."""
        meaning = _EXCEPTIONS.get(code, "not in the standard")
        outcome = _OUTCOMES.get(code, Outcome.BAD_ANSWER)
        super().__init__(outcome, f"Modbus exception {code:02X}: {meaning}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Request:
    """A read of registers; raises ValueError for anything that could write or is too long."""

    fc: int
    address: int
    count: int
    unit: int

    def __post_init__(self) -> None:
        """Refuse everything that does not only read (gateways.md §5, security)."""
        if self.fc not in READ_CODES:
            raise ValueError(f"function code {self.fc} does not only read")
        if not 1 <= self.count <= MOST_REGISTERS or not 0 <= self.address <= 65536 - self.count:
            raise ValueError(f"no registers {self.address}+{self.count}")


def examine(request: Request, tid: int, received: bytes) -> bool:
    """Return whether the answer is complete; raises WireBroken as soon as it cannot be right.

    Transaction, protocol, length, unit, function code and byte count must all fit; nothing may
    follow.
    """
    expected = _expected(request, tid, received)
    for (name, start, end), figure in zip(_FIELDS, expected, strict=False):
        if len(received) < end:
            return False
        found = int.from_bytes(received[start:end], "big")
        if found != figure:
            raise _contradiction(f"{name} {found} instead of {figure}")
    size = _BEFORE_LENGTH + expected[2]
    if len(received) > size:
        raise _contradiction("more bytes than its own length says")
    return len(received) == size


def _expected(request: Request, tid: int, received: bytes) -> tuple[int, ...]:
    """Return the fields that the answer, or an exception as short as this one, must have."""
    if received[4:6] == _EXCEPTION_LENGTH:
        return (tid, 0, 3, request.unit, request.fc | _ERROR)
    return (tid, 0, 3 + 2 * request.count, request.unit, request.fc, 2 * request.count)


def _contradiction(sentence: str) -> WireBroken:
    return WireBroken(Outcome.BAD_ANSWER, f"the answer contradicts the request: {sentence}")
