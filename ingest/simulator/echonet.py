"""A simulated ECHONET Lite node over UDP, honest by default and hostile on demand."""

import asyncio
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Protocol, Self

from ingest.drivers.echonet_frames import GET, NODE, SET_C, Frame, FrameBroken, Property, decode
from ingest.drivers.echonet_frames import encode as encode_frame
from ingest.simulator.house import SunnyHouse
from shared.energy.quantities import Quantity
from shared.months import DAY_S, day_of, instant

Properties = dict[int, bytes]
Twist = Callable[[Frame, bytes], list[bytes]]
"""Turns a question and its right answer into the datagrams that are sent."""

NO_DATA = b"\xff\xff\xff\xfe"
SMART_METER, PANELS = 0x028801, 0x027901
_SLOT_S = 1800


class SmartMeter:
    """A 0x0288 in counts of 0.1 kWh, with 99 days of half-hours; `chosen` is its day selector."""

    def __init__(self, house: SunnyHouse, serial: str = "SN-0170", digits: int = 6) -> None:
        """Measure a home."""
        self.house, self.serial, self.digits = house, serial, digits
        self.chosen = 0xFF

    def properties(self, at: int) -> Properties:
        """Return what it holds at an instant; it has no coefficient, as most have none."""
        day = day_of(at)
        second = at - instant(day)
        clock = bytes([second // 3600, second // 60 % 60])
        date = day.year.to_bytes(2, "big") + bytes([day.month, day.day])
        half = at - at % _SLOT_S
        stamp = _stamp(half)
        held = {
            0x80: b"\x30",
            0x8A: b"\x00\x00\x16",
            0x8D: self.serial.encode().ljust(12, b"\0"),
            0x97: clock,
            0x98: date,
            0xD7: bytes([self.digits]),
            0xE0: self._counts(Quantity.IMPORT, at),
            0xE1: b"\x01",
            0xE2: self._day(Quantity.IMPORT, at),
            0xE3: self._counts(Quantity.EXPORT, at),
            0xE4: self._day(Quantity.EXPORT, at),
            0xE5: bytes([self.chosen]),
            0xEA: stamp + self._counts(Quantity.IMPORT, half),
            0xEB: stamp + self._counts(Quantity.EXPORT, half),
        }
        return held | {0x9F: property_map([*held, 0x9F])}

    def set(self, epc: int, edt: bytes) -> bool:
        """Choose a day; return whether the property may be set."""
        if epc != 0xE5 or len(edt) != 1:  # noqa: PLR2004 - the day selector
            return False
        self.chosen = edt[0]
        return True

    def _counts(self, quantity: Quantity, at: int) -> bytes:
        counts = self.house.registers(at).of(quantity) // 100
        return int(counts % 10**self.digits).to_bytes(4, "big")

    def _day(self, quantity: Quantity, at: int) -> bytes:
        if self.chosen == 0xFF:  # noqa: PLR2004 - nothing was chosen
            return b"\x00\xff" + 48 * NO_DATA
        midnight = instant(day_of(at)) - self.chosen * DAY_S
        slots = (midnight + n * _SLOT_S for n in range(48))
        told = (self._counts(quantity, slot) if slot <= at else NO_DATA for slot in slots)
        return self.chosen.to_bytes(2, "big") + b"".join(told)


class Panels:
    """A 0x0279 that counts generation in Wh."""

    def __init__(self, house: SunnyHouse) -> None:
        """Measure a home."""
        self.house = house

    def properties(self, at: int) -> Properties:
        """Return what it holds at an instant."""
        held = {0x80: b"\x30", 0xE1: self.house.registers(at).pv.to_bytes(4, "big")}
        return held | {0x9F: property_map([*held, 0x9F])}

    def set(self, epc: int, edt: bytes) -> bool:  # noqa: ARG002 - whatever it is
        """Refuse: nothing of it is ours to set."""
        return False


class Device(Protocol):
    """One object of a node."""

    def properties(self, at: int) -> Properties:
        """Return what it holds at an instant."""
        ...

    def set(self, epc: int, edt: bytes) -> bool:
        """Take a property; return whether it may be set."""
        ...


class EchonetNode(asyncio.DatagramProtocol):
    """A node on a loopback address; use it with `async with`, `port` is then known.

    It answers to whatever port a question came from. `latency_s` passes before each answer;
    `asked` keeps every question.
    """

    def __init__(
        self,
        devices: Mapping[int, Device],
        clock: Callable[[], int],
        twist: Twist = lambda _question, answer: [answer],
        *,
        host: str = "127.0.0.1",
        latency_s: float = 0.0,
    ) -> None:
        """Serve devices by their EOJ."""
        self.twist, self.host, self.port, self.latency_s = twist, host, 0, latency_s
        self.asked: list[Frame] = []
        self._devices, self._clock = devices, clock
        self._transport: asyncio.DatagramTransport | None = None

    async def __aenter__(self) -> Self:
        """Listen."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=(self.host, self.port)
        )
        self.port = self._transport.get_extra_info("sockname")[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening."""
        if self._transport:
            self._transport.close()
        await asyncio.sleep(0)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer a question, as twisted; an object that is not there keeps silent."""
        try:
            question = decode(data)
        except FrameBroken:
            return
        self.asked.append(question)
        answer = self._answer(question)
        if answer is None:
            return
        for datagram in self.twist(question, encode_frame(answer)):
            asyncio.get_running_loop().call_later(self.latency_s, self._send, datagram, addr)

    def _send(self, datagram: bytes, addr: tuple[str, int]) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.sendto(datagram, addr)

    def _answer(self, question: Frame) -> Frame | None:
        if question.deoj == NODE:
            return _told(question, self._node())
        device = self._devices.get(question.deoj)
        if device is None:
            return None
        if question.esv == GET:
            return _told(question, device.properties(self._clock()))
        if question.esv != SET_C:
            return None
        taken = [device.set(one.epc, one.edt) for one in question.properties]
        left = tuple(
            Property(one.epc, b"" if done else one.edt)
            for one, done in zip(question.properties, taken, strict=True)
        )
        return _back(question, 0x71 if all(taken) else 0x51, left)

    def _node(self) -> Properties:
        eojs = b"".join(eoj.to_bytes(3, "big") for eoj in self._devices)
        own_id = b"\xfe\x00\x00\x16" + bytes(13)
        return {0x83: own_id, 0x8A: b"\x00\x00\x16", 0xD6: bytes([len(self._devices)]) + eojs}


def _told(question: Frame, held: Mapping[int, bytes]) -> Frame:
    told = tuple(Property(one.epc, held.get(one.epc, b"")) for one in question.properties)
    return _back(question, 0x72 if all(one.edt for one in told) else 0x52, told)


def _back(question: Frame, esv: int, properties: tuple[Property, ...]) -> Frame:
    return Frame(question.tid, question.deoj, question.seoj, esv, properties)


def _stamp(at: int) -> bytes:
    day = day_of(at)
    second = at - instant(day)
    time = bytes([second // 3600, second // 60 % 60, second % 60])
    return day.year.to_bytes(2, "big") + bytes([day.month, day.day]) + time


def property_map(epcs: list[int]) -> bytes:
    """Return a property map: a list up to 15, bits from 16 on."""
    if len(epcs) < 16:  # noqa: PLR2004 - the first count that is written in bits
        return bytes([len(epcs), *epcs])
    octets = [0] * 16
    for epc in epcs:
        octets[epc & 0x0F] |= 1 << (epc >> 4) - 8
    return bytes([len(epcs), *octets])
