"""Noise into every decoder: nothing uncaught, nothing taken that does not answer its question.

PPA_RANDOM_FRAMES sets how many are tried of each (3,000; 100,000 before a release).
"""

import asyncio
import contextlib
import os
import random
import struct
from collections.abc import Sequence

import pytest

from ingest.drivers import echonet_meters, sunspec, sunspec_models
from ingest.drivers.echonet_classes import KINDS
from ingest.drivers.echonet_frames import (
    CONTROLLER,
    Frame,
    FrameBroken,
    Property,
    decode,
    encode,
    get,
)
from ingest.drivers.frames import ModbusRefused, Request, examine
from ingest.drivers.protocol import Ask, Outcome, ReadingFailed, WireBroken
from ingest.drivers.sunspec import SunSpecDriver
from ingest.drivers.sunspec_models import BASES, MARKER, POINTS
from tests.ingest.gateways import EXPORT, IMPORT, NOON, PATIENT, PV, a_target

TURNS = int(os.environ.get("PPA_RANDOM_FRAMES", "3000"))
METER = 0x028801
NO_ENERGY = {Outcome.NO_DATA, Outcome.IMPLAUSIBLE, Outcome.BAD_ANSWER, Outcome.NO_CHANNEL}


@pytest.fixture
def chance() -> random.Random:
    """Give noise that is the same in every run."""
    return random.Random(20260116)  # noqa: S311 - noise, no secret


def disturbed(chance: random.Random, right: bytes, turn: int) -> bytes:
    """Return pure noise, or a right frame with some bytes changed, cut off, or more at its end."""
    if turn % 2 == 0:
        return chance.randbytes(chance.randint(0, 300))
    noise = bytearray(right)
    for _ in range(chance.randint(1, 4)):
        noise[chance.randrange(len(noise))] = chance.randrange(256)
    if turn % 8 == 1:
        return bytes(noise[: chance.randint(0, len(noise))])
    return bytes(noise) + (chance.randbytes(3) if turn % 8 == 3 else b"")


def test_no_random_frame_is_taken_for_an_echonet_answer(chance: random.Random) -> None:
    question = get(METER, [0xE0, 0xE3, 0xD3])
    told = tuple(Property(epc, b"\0\0\0\1") for epc in (0xE0, 0xE3, 0xD3))
    right = encode(Frame(7, METER, CONTROLLER, 0x72, told))
    taken = 0
    for turn in range(TURNS):
        datagram = disturbed(chance, right, turn)
        try:
            frame = decode(datagram)
            answer = question.answer(frame)
        except FrameBroken:
            continue
        taken += 1
        assert datagram[:2] + datagram[4:10] == right[:2] + right[4:10]
        assert frame.esv in (0x72, 0x52)
        assert set(answer) <= {0xE0, 0xE3, 0xD3}
        assert encode(frame) == datagram
    assert taken < TURNS


def test_no_random_properties_break_an_echonet_decoder(chance: random.Random) -> None:
    kinds = [(code, kind, epc) for code, kind in KINDS.items() for epc in kind.registers]
    outcomes: set[Outcome] = set()
    for _ in range(TURNS):
        code, kind, epc = chance.choice(kinds)
        epcs = (epc, *kind.scaling(), echonet_meters.CLOCK, echonet_meters.DATE)
        answer = {one: noise(chance) for one in epcs}
        echonet_meters.clock_error_s(answer, 0)
        try:
            _, decoded = echonet_meters.read_register(kind, code << 8 | 1, epc, answer)
        except ReadingFailed as failure:
            outcomes.add(failure.outcome)
            continue
        assert 0 <= decoded.wh <= 10**15
        assert len(answer[epc] or b"") in (4, 11)
    assert outcomes <= NO_ENERGY


def noise(chance: random.Random) -> bytes | None:
    length = chance.choice((1, 2, 4, 4, 4, 11, chance.randint(0, 255)))
    return None if chance.random() < 0.1 else chance.randbytes(length)


def test_no_random_frame_is_taken_for_a_modbus_answer(chance: random.Random) -> None:
    question = Request(3, 0, 4, 1)
    right = struct.pack(">HHHBBB8s", 7, 0, 11, 1, 3, 8, bytes(8))
    taken = 0
    for turn in range(TURNS):
        received = disturbed(chance, right, turn)
        try:
            complete = examine(question, 7, received)
        except WireBroken:
            continue
        if complete:
            taken += 1
            refused = struct.pack(">HHHBB", 7, 0, 3, 1, 0x83)
            assert received[:8] == refused or received[:9] == right[:9]
            assert len(received) == (9 if received[:8] == refused else 17)
    assert taken < TURNS


def test_no_random_registers_break_a_sunspec_decoder(chance: random.Random) -> None:
    points = [point for model in POINTS.values() for point in model.values()]
    gauges = [gauge for model in sunspec_models.GAUGES.values() for gauge in model.values()]
    outcomes: set[Outcome] = set()
    for _ in range(TURNS):
        words = [chance.choice((0, 0xFFFF, 0x8000, chance.getrandbits(16))) for _ in range(125)]
        try:
            sunspec_models.gauge_text(chance.choice(gauges), words)
        except ReadingFailed as failure:
            outcomes.add(failure.outcome)
        try:
            assert 0 <= sunspec_models.decode(chance.choice(points), words, 0).wh <= 10**15
        except ReadingFailed as failure:
            outcomes.add(failure.outcome)
    assert outcomes <= NO_ENERGY


class NoiseLink:
    """A way to a device whose registers are noise, behind a right marker."""

    def __init__(self, chance: random.Random) -> None:
        """Take the noise."""
        self._chance = chance

    async def read(self, _fc: int, address: int, count: int) -> Sequence[int]:
        if address == BASES[0]:
            return MARKER
        if self._chance.random() < 0.02:
            raise ModbusRefused(self._chance.randrange(256))
        if count == len(MARKER) and self._chance.random() < 0.5:
            known = (0xFFFF, 1, *POINTS, *sunspec_models.GAUGES)
            return self._chance.choice(known), self._chance.choice((0, 66, 105, 124, 153))
        return [self._chance.getrandbits(16) for _ in range(count)]

    def close(self) -> None:
        """Do nothing."""


def test_no_random_chain_breaks_the_sunspec_driver(
    chance: random.Random, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sunspec, "ModbusLink", lambda *_: NoiseLink(chance))
    driver = SunSpecDriver(a_target(1), PATIENT, lambda: NOON)
    outcomes: set[Outcome] = set()

    async def asked() -> None:
        for _ in range(TURNS // 10):
            for sample in await driver.read([Ask(PV), Ask(EXPORT), Ask(IMPORT)]):
                assert (sample.wh is None) == (sample.outcome is not Outcome.OK)
                outcomes.add(sample.outcome)
            with contextlib.suppress(ReadingFailed):
                await driver.survey()

    asyncio.run(asked())
    assert {Outcome.OK, Outcome.NO_DATA, Outcome.NO_CHANNEL, Outcome.BAD_ANSWER} <= outcomes
