"""SunSpec devices over Modbus TCP: find the models, read counter and scale factor together."""

from collections.abc import Callable, Sequence
from datetime import date

from ingest.drivers import sunspec_models as sunspec
from ingest.drivers.frames import MOST_REGISTERS, ModbusRefused
from ingest.drivers.protocol import (
    Ask,
    Clock,
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
)
from ingest.drivers.sunspec_models import Block, Choice, Gauge, Point
from ingest.drivers.transport import ModbusLink
from shared.energy.quantities import Quantity

_HOLDING = 3
_LONGEST_CHAIN = 100
_ELSEWHERE = (1, 2, 3, 4)
"""Exceptions that say no more than: nothing is at this address."""


class SunSpecDriver:
    """A gateway that speaks SunSpec: walks the chain of models, then reads what was asked."""

    def __init__(self, target: Target, reach: Reach, now: Clock) -> None:
        """Take what is to be read, how far, and the time."""
        self._target, self._reach, self._now = target, reach, now

    async def identify(self) -> Identity:
        """Return maker, model, version and serial out of model 1; raises ReadingFailed."""
        link = ModbusLink(self._target, self._reach)
        try:
            chain = await _walk(link, lambda chain: chain[0].model == sunspec.COMMON)
            return await _identity(link, chain)
        finally:
            link.close()

    async def read(self, asks: Sequence[Ask]) -> list[Sample]:
        """Return a sample an ask; counters of one model come in one transaction."""
        link = ModbusLink(self._target, self._reach)
        try:
            chain = await _walk(link, lambda chain: _certain(asks, chain))
            reading = _Reading(link, PollInstant(self._now))
            return [await self._sample(reading, ask, asks, chain) for ask in asks]
        except ReadingFailed as failure:
            return [failed(ask, self._now(), failure) for ask in asks]
        finally:
            link.close()

    async def _sample(
        self, reading: "_Reading", ask: Ask, asks: Sequence[Ask], chain: Sequence[Block]
    ) -> Sample:
        try:
            choice = _choose(ask, asks, chain)
            await reading.check_serial(choice.block, ask.serial)
            at, words = await reading.words(choice.block)
            decoded = sunspec.decode(choice.point, words, _first(choice.block))
        except ReadingFailed as failure:
            return failed(ask, self._now(), failure)
        return Sample(
            ask.channel,
            at,
            decoded.wh,
            decoded.raw,
            unit_wh=decoded.unit_wh,
            modulus_wh=decoded.modulus_wh,
            model=choice.block.model,
        )

    async def survey(self) -> list[Found]:
        """Return every energy counter of the device's models, and what its batteries hold."""
        link = ModbusLink(self._target, self._reach)
        try:
            chain = await _walk(link, lambda _: False)
            reading = _Reading(link, PollInstant(self._now))
            found: list[Found] = []
            for block in chain:
                for name, point in sunspec.POINTS.get(block.model, {}).items():
                    found.append(await reading.found(block, name, point))
                if block.model in sunspec.GAUGES:
                    found += await _gauges(link, block)
            return found
        finally:
            link.close()

    async def history(self, ask: Ask, day: date) -> History:
        """Return `no_history`: a SunSpec counter knows only now."""
        return History(
            ask.channel,
            day,
            outcome=Outcome.NO_HISTORY,
            error="a SunSpec counter keeps no history",
        )


def _choose(ask: Ask, asks: Sequence[Ask], chain: Sequence[Block]) -> Choice:
    taken = any(other.channel in (Quantity.EXPORT, Quantity.IMPORT) for other in asks)
    return sunspec.choose(ask.channel, ask.source, chain, meter_taken=taken)


def _certain(asks: Sequence[Ask], chain: Sequence[Block]) -> bool:
    """Return whether the rest of the chain can no longer change what is read."""
    try:
        return all(_choose(ask, asks, chain).certain for ask in asks)
    except ReadingFailed:
        return False


async def _walk(link: ModbusLink, enough: Callable[[Sequence[Block]], bool]) -> list[Block]:
    """Return the models of the chain, up to where `enough` says so; raises ReadingFailed."""
    address = await _find_marker(link) + len(sunspec.MARKER)
    chain: list[Block] = []
    common: int | None = None
    while len(chain) < _LONGEST_CHAIN and address <= 0xFFFF - 1:
        model, length = await _header(link, address)
        if model == sunspec.END:
            return chain
        common = address if model == sunspec.COMMON else common
        nth = 1 + sum(block.model == model for block in chain)
        chain.append(Block(model, nth, address, length, common))
        if enough(chain):
            return chain
        address += 2 + length
    raise ReadingFailed(Outcome.BAD_ANSWER, "the chain of SunSpec models has no end")


async def _find_marker(link: ModbusLink) -> int:
    for base in sunspec.BASES:
        try:
            if tuple(await link.read(_HOLDING, base, len(sunspec.MARKER))) == sunspec.MARKER:
                return base
        except ModbusRefused as refusal:
            if refusal.code not in _ELSEWHERE:
                raise
    bases = ", ".join(str(base) for base in sunspec.BASES)
    raise ReadingFailed(Outcome.BAD_ANSWER, f"no SunSpec marker at {bases}")


async def _header(link: ModbusLink, address: int) -> tuple[int, int]:
    """Return number and length of a model; the end model may have no length (pysunspec2)."""
    try:
        model, length = await link.read(_HOLDING, address, 2)
    except ModbusRefused as refusal:
        if refusal.code not in _ELSEWHERE:
            raise
        (model,) = await link.read(_HOLDING, address, 1)
        if model != sunspec.END:
            raise
        length = 0
    return model, length


async def _identity(link: ModbusLink, chain: Sequence[Block]) -> Identity:
    common = next((block for block in chain if block.model == sunspec.COMMON), None)
    if common is None:
        return Identity()
    words = await link.read(_HOLDING, common.address + 2, 64)
    return Identity(
        maker=sunspec.text(words[:16]),
        model=sunspec.text(words[16:32]),
        version=sunspec.text(words[40:48]),
        serial=sunspec.text(words[48:64]),
    )


async def _gauges(link: ModbusLink, block: Block) -> list[Found]:
    """Return what the gauges of a battery's model show."""
    gauges = sunspec.GAUGES[block.model]
    count = 1 + max(max(gauge.offset, gauge.scale_offset) for gauge in gauges.values())
    try:
        if block.length + 2 < count:
            raise _too_short(block)
        words = await link.read(_HOLDING, block.address, count)
    except ReadingFailed as failure:
        return [Found(_source(block, n), None, None, failure.outcome, str(failure)) for n in gauges]
    return [_gauge(_source(block, name), gauge, words) for name, gauge in gauges.items()]


def _gauge(source: str, gauge: Gauge, words: Sequence[int]) -> Found:
    try:
        shows = sunspec.gauge_text(gauge, words)
    except ReadingFailed as failure:
        return Found(source, outcome=failure.outcome, error=str(failure))
    return Found(source, raw=words[gauge.offset], shows=shows)


def _source(block: Block, name: str) -> str:
    nth = f"/{block.nth}" if block.nth > 1 else ""
    return f"{block.model}{nth}.{name}"


def _too_short(block: Block) -> ReadingFailed:
    return ReadingFailed(Outcome.BAD_ANSWER, f"model {block.model} is too short for its points")


def _first(block: Block) -> int:
    """Return the offset at which the counters of a model begin."""
    return min(point.offset for point in sunspec.POINTS[block.model].values())


class _Reading:
    """What one poll has already read, so that a model's counters are of one transaction."""

    def __init__(self, link: ModbusLink, instant: PollInstant) -> None:
        self._link, self._instant = link, instant
        self._words: dict[Block, tuple[int, Sequence[int]]] = {}
        self._serials: dict[int, str] = {}

    async def words(self, block: Block) -> tuple[int, Sequence[int]]:
        """Return instant and registers of a model's counters with their scale factor."""
        if block not in self._words:
            first = _first(block)
            end = max(point.end for point in sunspec.POINTS[block.model].values())
            if block.length + 2 < end or end - first > MOST_REGISTERS:
                raise _too_short(block)
            words = await self._link.read(_HOLDING, block.address + first, end - first)
            self._words[block] = (self._instant.mark(), words)
        return self._words[block]

    async def check_serial(self, block: Block, serial: str) -> None:
        """Raise ReadingFailed `wrong_meter` where the device is known by another serial."""
        if not serial or block.common is None:
            return
        if block.common not in self._serials:
            start = block.common + sunspec.SERIAL_OFFSET
            words = await self._link.read(_HOLDING, start, sunspec.SERIAL_COUNT)
            self._serials[block.common] = sunspec.text(words)
        found = self._serials[block.common]
        if found and found != serial:
            sentence = f"the device says it is {found}, not {serial}"
            raise ReadingFailed(Outcome.WRONG_METER, sentence)

    async def found(self, block: Block, name: str, point: Point) -> Found:
        """Return what one counter holds."""
        source = _source(block, name)
        try:
            _, words = await self.words(block)
            decoded = sunspec.decode(point, words, _first(block))
        except ReadingFailed as failure:
            return Found(source, outcome=failure.outcome, error=str(failure))
        return Found(source, decoded.wh, decoded.raw)
