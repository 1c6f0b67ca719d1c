"""ECHONET Lite frames, bytes to properties and back; a length that does not fit is an error.

Only two things ever leave this program: reading properties, and choosing the day whose history a
meter shows (gateways.md §5, security). `Request` enforces it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ingest.drivers.protocol import Outcome, ReadingFailed

CONTROLLER: Final = 0x05FF01
"""Who we are: the controller class."""
NODE: Final = 0x0EF001
"""The node profile that every node has."""

SET_C: Final = 0x61
GET: Final = 0x62
_RESULT = {SET_C: 0x71, GET: 0x72}
_REFUSAL = {SET_C: 0x51, GET: 0x52}
_ANSWERS = frozenset({0x50, 0x51, 0x52, 0x53, 0x5E, 0x71, 0x72, 0x7A, 0x7E})

DAY_SELECTORS: Final = frozenset({(0x0288, 0xE5), (0x028D, 0xE0)})
"""Class and EPC of the only properties that are ever set."""
LAST_DAY: Final = 99

_HEADER = b"\x10\x81"
_FIXED = 12
_MOST_PROPERTIES = 255

Answer = Mapping[int, bytes | None]
"""What each EPC holds; None where the device refused it."""


class FrameBroken(ReadingFailed):
    """A datagram that is no answer to what was asked, or contradicts its own lengths."""

    def __init__(self, sentence: str) -> None:
        """Tell it as a bad answer."""
        super().__init__(Outcome.BAD_ANSWER, sentence)


@dataclass(frozen=True, slots=True)
class Property:
    """An EPC and its EDT, which is empty where none is given."""

    epc: int
    edt: bytes = b""


@dataclass(frozen=True, slots=True)
class Frame:
    """A whole frame: transaction, from whom, to whom, service, properties."""

    tid: int
    seoj: int
    deoj: int
    esv: int
    properties: tuple[Property, ...]

    @property
    def is_answer(self) -> bool:
        """Say whether it answers somebody; others tell or ask by themselves."""
        return self.esv in _ANSWERS


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of one object; raises ValueError for all but Get and choosing a day."""

    eoj: int
    esv: int
    properties: tuple[Property, ...]

    def __post_init__(self) -> None:
        """Refuse everything else (gateways.md §5, security)."""
        if not 0 < self.eoj & 0xFF <= 0x7F:  # noqa: PLR2004 - the instances there are
            raise ValueError(f"{self.eoj:06X} is no single instance")
        reads = self.esv == GET and not any(one.edt for one in self.properties)
        if not (reads or self._chooses_a_day()):
            raise ValueError(f"service {self.esv:02X} on {self.eoj:06X} does not only read")
        epcs = [one.epc for one in self.properties]
        if not epcs or len(epcs) > _MOST_PROPERTIES or len(set(epcs)) < len(epcs):
            raise ValueError("a request names one property or more, each once")

    def _chooses_a_day(self) -> bool:
        if self.esv != SET_C or len(self.properties) != 1:
            return False
        (one,) = self.properties
        known = (self.eoj >> 8, one.epc) in DAY_SELECTORS
        return known and len(one.edt) == 1 and one.edt[0] <= LAST_DAY

    def answer(self, frame: Frame) -> Answer:
        """Return what the object answered; raises FrameBroken where a frame contradicts this.

        A refusal (SNA) still carries what the device has: the others are None. One that names
        only some of the properties has left the rest for another request.
        """
        self._check_head(frame)
        asked = {one.epc for one in self.properties}
        told = [one.epc for one in frame.properties]
        if len(set(told)) < len(told) or not asked.issuperset(told):
            raise FrameBroken(f"it answers {_hex(told)} where {_hex(sorted(asked))} was asked")
        refused = frame.esv == _REFUSAL[self.esv]
        if not refused and len(told) < len(asked):
            raise FrameBroken(f"it answers {_hex(told)} alone, and claims that to be all")
        if self.esv == SET_C:
            return dict.fromkeys(told, None if refused else b"")
        if not refused and not all(one.edt for one in frame.properties):
            raise FrameBroken("a property has no data, and it claims to be there")
        return {one.epc: one.edt or None for one in frame.properties}

    def _check_head(self, frame: Frame) -> None:
        if frame.seoj != self.eoj:
            raise FrameBroken(f"{frame.seoj:06X} answers instead of {self.eoj:06X}")
        if frame.deoj != CONTROLLER:
            raise FrameBroken(f"the answer is for {frame.deoj:06X}, not for us")
        if frame.esv not in (_RESULT[self.esv], _REFUSAL[self.esv]):
            raise FrameBroken(f"service {frame.esv:02X} does not answer {self.esv:02X}")


def get(eoj: int, epcs: Sequence[int]) -> Request:
    """Return the request for properties of an object, each once."""
    return Request(eoj, GET, tuple(Property(epc) for epc in dict.fromkeys(epcs)))


def choose_day(eoj: int, selector: int, days_ago: int) -> Request:
    """Return the request that makes a meter show the history of a day, 0 (today) to 99."""
    if not 0 <= days_ago <= LAST_DAY:
        raise ValueError(f"no meter shows the day {days_ago} days ago")
    return Request(eoj, SET_C, (Property(selector, bytes([days_ago])),))


def encode(frame: Frame) -> bytes:
    """Return a frame's bytes; raises ValueError for a property longer than 255 bytes."""
    head = _HEADER + frame.tid.to_bytes(2, "big")
    head += frame.seoj.to_bytes(3, "big") + frame.deoj.to_bytes(3, "big")
    body = b"".join(bytes([one.epc, len(one.edt)]) + one.edt for one in frame.properties)
    return head + bytes([frame.esv, len(frame.properties)]) + body


def asking(tid: int, request: Request) -> bytes:
    """Return the datagram that carries a request."""
    return encode(Frame(tid, CONTROLLER, request.eoj, request.esv, request.properties))


def tid_of(datagram: bytes) -> int | None:
    """Return the transaction of what begins like a frame, whatever follows."""
    if len(datagram) < len(_HEADER) + 2 or not datagram.startswith(_HEADER):
        return None
    return int.from_bytes(datagram[2:4], "big")


def decode(datagram: bytes) -> Frame:
    """Return the frame that a datagram holds to its last byte; raises FrameBroken."""
    tid = tid_of(datagram)
    if tid is None or len(datagram) < _FIXED:
        raise FrameBroken("it is no ECHONET Lite frame")
    count, at = datagram[11], _FIXED
    properties = []
    for _ in range(count):
        if len(datagram) < at + 2:
            raise FrameBroken(f"it ends before its {count} properties do")
        epc, length = datagram[at], datagram[at + 1]
        at += 2
        if len(datagram) < at + length:
            raise FrameBroken(f"property {epc:02X} is cut off")
        properties.append(Property(epc, datagram[at : at + length]))
        at += length
    if not properties or len(datagram) > at:
        raise FrameBroken("its length is not that of its properties")
    return Frame(
        tid,
        int.from_bytes(datagram[4:7], "big"),
        int.from_bytes(datagram[7:10], "big"),
        datagram[10],
        tuple(properties),
    )


def _hex(epcs: Sequence[int]) -> str:
    return " ".join(f"{epc:02X}" for epc in epcs)
