"""Trying an ECHONET Lite node out: who answers, and every register that it has."""

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.drivers import echonet_meters as meters
from ingest.drivers.echonet_classes import KINDS, Kind, source_text
from ingest.drivers.echonet_frames import NODE, Answer
from ingest.drivers.echonet_link import EchonetLink
from ingest.drivers.protocol import Clock, Found, Identity, ReadingFailed

MAKER, PRODUCT, SERIAL, OWN_ID, GET_MAP = 0x8A, 0x8C, 0x8D, 0x83, 0x9F


@dataclass(frozen=True, slots=True)
class Heard:
    """What one object answered, and when."""

    at: int
    answer: Answer


async def identify(link: EchonetLink, now: Clock) -> Identity:
    """Return who the first known object says it is, or else its node; raises ReadingFailed."""
    known = [eoj for eoj in await link.instances() if eoj >> 8 in KINDS]
    asked = (MAKER, PRODUCT, SERIAL, OWN_ID, meters.CLOCK, meters.DATE)
    return _identity([Heard(now(), await link.get(eoj, asked)) for eoj in (*known[:1], NODE)])


async def survey(link: EchonetLink) -> list[Found]:
    """Return every cumulative register of every known object; raises ReadingFailed."""
    found: list[Found] = []
    for eoj in await link.instances():
        kind = KINDS.get(eoj >> 8)
        if kind is not None:
            found += await _survey_object(link, eoj, kind)
    return found


async def _survey_object(link: EchonetLink, eoj: int, kind: Kind) -> list[Found]:
    try:
        listed = (await link.get(eoj, [GET_MAP]))[GET_MAP]
        has = frozenset(kind.registers) if listed is None else meters.property_map(listed)
        epcs = [epc for epc in kind.registers if epc in has]
        answer = await link.get(eoj, [*epcs, *kind.scaling()])
    except ReadingFailed as failure:
        return [Found(f"{eoj:06X}", outcome=failure.outcome, error=str(failure))]
    return [_found(kind, eoj, epc, answer) for epc in epcs]


def _found(kind: Kind, eoj: int, epc: int, answer: Answer) -> Found:
    source = source_text(eoj, epc)
    try:
        _, decoded = meters.read_register(kind, eoj, epc, answer)
    except ReadingFailed as failure:
        return Found(source, outcome=failure.outcome, error=str(failure))
    return Found(source, decoded.wh, decoded.raw)


def _identity(heard: Sequence[Heard]) -> Identity:
    """Return the first of each fact that an object or its node tells; the maker as its code."""

    def first(epc: int) -> bytes:
        return next((edt for one in heard if (edt := one.answer.get(epc))), b"")

    errors = (meters.clock_error_s(one.answer, one.at) for one in heard)
    return Identity(
        maker=first(MAKER).hex().upper(),
        model=meters.text(first(PRODUCT)),
        serial=meters.text(first(SERIAL)) or first(OWN_ID).hex().upper(),
        clock_error_s=next((error for error in errors if error is not None), None),
    )
