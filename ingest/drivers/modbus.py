"""Meters described by a register-map profile, over Modbus TCP (interfaces.md, profiles)."""

from collections.abc import Sequence
from datetime import date

from ingest.drivers import registers
from ingest.drivers.profiles import Profile, Register, register_for
from ingest.drivers.protocol import (
    Ask,
    Clock,
    Decoded,
    Found,
    History,
    Identity,
    Outcome,
    PollInstant,
    Reach,
    ReadingFailed,
    Sample,
    Target,
    failed,
    step_wh,
    to_wh,
)
from ingest.drivers.transport import ModbusLink


def decode(register: Register, words: Sequence[int]) -> Decoded:
    """Return bit pattern, energy and step; raises ReadingFailed where a register holds none."""
    bits = registers.pattern(words, register.word_order, register.byte_order)
    figure = None if bits in register.sentinels else registers.number(bits, register.kind)
    if figure is None:
        raise ReadingFailed(Outcome.NO_DATA, f"register {register.name} holds {bits:#x}: no figure")
    unit_wh = 1 if register.kind.startswith("f") else step_wh(register.scale_wh)
    return Decoded(bits, to_wh(figure, register.scale_wh), unit_wh, register.modulus_wh)


class ModbusDriver:
    """A gateway read by a profile; a read a register, all over one connection."""

    def __init__(self, target: Target, profile: Profile, reach: Reach, now: Clock) -> None:
        """Take what is to be read, through which profile, how far, and the time."""
        self._target, self._profile, self._reach, self._now = target, profile, reach, now

    async def identify(self) -> Identity:
        """Return a blank identity: a register map says nothing of who answers."""
        return Identity()

    async def read(self, asks: Sequence[Ask]) -> list[Sample]:
        """Return a sample an ask; a gateway that never answers is not asked for the rest."""
        instant = PollInstant(self._now)
        link = ModbusLink(self._target, self._reach)
        try:
            return [await self._sample(link, ask, instant) for ask in asks]
        finally:
            link.close()

    async def _sample(self, link: ModbusLink, ask: Ask, instant: PollInstant) -> Sample:
        try:
            register = register_for(self._profile, ask.channel, ask.source)
            decoded = await _read(link, register)
        except ReadingFailed as failure:
            return failed(ask, self._now(), failure)
        return Sample(
            ask.channel,
            instant.mark(),
            decoded.wh,
            decoded.raw,
            unit_wh=decoded.unit_wh,
            modulus_wh=decoded.modulus_wh,
        )

    async def survey(self) -> list[Found]:
        """Return every register of the profile."""
        link = ModbusLink(self._target, self._reach)
        try:
            return [await _found(link, register) for register in self._profile.registers.values()]
        finally:
            link.close()

    async def history(self, ask: Ask, day: date) -> History:
        """Return `no_history`: a Modbus register knows only now."""
        return History(
            ask.channel,
            day,
            outcome=Outcome.NO_HISTORY,
            error="a Modbus register keeps no history",
        )


async def _read(link: ModbusLink, register: Register) -> Decoded:
    words = await link.read(register.fc, register.address, registers.width(register.kind))
    return decode(register, words)


async def _found(link: ModbusLink, register: Register) -> Found:
    try:
        decoded = await _read(link, register)
    except ReadingFailed as failure:
        return Found(register.name, outcome=failure.outcome, error=str(failure))
    return Found(register.name, decoded.wh, decoded.raw)
