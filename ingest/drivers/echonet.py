"""ECHONET Lite: smart meters, sub-meters, inverters and batteries over UDP (gateways.md §1c)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date

from ingest.drivers import echonet_meters as meters
from ingest.drivers.echonet_classes import Kind, choose, source_text
from ingest.drivers.echonet_frames import LAST_DAY, Answer
from ingest.drivers.echonet_link import EchonetLink, Talk
from ingest.drivers.echonet_socket import shared_socket
from ingest.drivers.echonet_survey import SERIAL, Heard, identify, survey
from ingest.drivers.protocol import (
    Ask,
    Clock,
    Found,
    History,
    Identity,
    Implausible,
    Outcome,
    PollInstant,
    Reach,
    ReadingFailed,
    Sample,
    Target,
    failed,
)
from shared.energy.quantities import Quantity
from shared.months import day_of, instant
from shared.units import Wh

_MOST_ERROR_S = 600
"""How wrong a meter's clock may be before what it stamps is not believed (gateways.md §5)."""


class EchonetDriver:
    """A node that is asked over the shared socket: one Get an object, Set only of a day."""

    def __init__(self, target: Target, reach: Reach, now: Clock) -> None:
        """Take what is to be read, how far, and the time."""
        self._target, self._reach, self._now = target, reach, now
        self._day_asked: tuple[date, set[Quantity], Talk] | None = None

    @contextmanager
    def _link(self, talk: Talk | None = None) -> Iterator[EchonetLink]:
        with shared_socket(self._reach.echonet_bind, self._target.address.host.version) as shared:
            talk = talk or Talk.begin(self._reach)
            yield EchonetLink(self._target, self._reach, shared, talk)

    async def identify(self) -> Identity:
        """Return who the first known object says it is, or else its node; raises ReadingFailed."""
        with self._link() as link:
            return await identify(link, self._now)

    async def read(self, asks: Sequence[Ask]) -> list[Sample]:
        """Return a sample an ask; the registers of one object come in one answer."""
        try:
            with self._link() as link:
                reading = _Reading(link, PollInstant(self._now))
                await reading.fetch(asks)
                return [self._sample(reading, ask) for ask in asks]
        except ReadingFailed as failure:
            return [failed(ask, self._now(), failure) for ask in asks]

    def _sample(self, reading: "_Reading", ask: Ask) -> Sample:
        try:
            eoj, epc, kind = choose(ask.channel, ask.source)
            heard = reading.heard(eoj)
            _check_serial(heard.answer, ask.serial)
            stamp, decoded = meters.read_register(kind, eoj, epc, heard.answer)
            if stamp is not None:
                _check_clock(heard.answer, heard.at)
                _check_stamp(stamp, heard.at)
        except ReadingFailed as failure:
            return failed(ask, self._now(), failure)
        return Sample(
            ask.channel,
            heard.at if stamp is None else stamp,
            decoded.wh,
            decoded.raw,
            unit_wh=decoded.unit_wh,
            modulus_wh=decoded.modulus_wh,
            clock_error_s=meters.clock_error_s(heard.answer, heard.at),
        )

    async def survey(self) -> list[Found]:
        """Return every cumulative register of every known object; raises ReadingFailed."""
        with self._link() as link:
            return await survey(link)

    async def history(self, ask: Ask, day: date) -> History:
        """Return the 48 half-hours of a day as registers; Set chooses the day, Get reads it.

        `no_history` where the object keeps none or not so long, `bad_answer` where what it shows
        is of another day than was chosen.
        """
        try:
            with self._link(self._talk_of(ask.channel, day)) as link:
                moments = await _history(link, ask, day, self._now)
        except ReadingFailed as failure:
            outcome = failure.outcome
            if isinstance(failure, Implausible):
                outcome = Outcome.BAD_ANSWER
            return History(ask.channel, day, outcome=outcome, error=str(failure))
        return History(ask.channel, day, moments=moments)

    def _talk_of(self, channel: Quantity, day: date) -> Talk:
        """Return the talk about a day: its channels share one deadline, and a dead node's silence.

        A channel that is asked about the same day once more begins anew.
        """
        if self._day_asked is None or self._day_asked[0] != day or channel in self._day_asked[1]:
            self._day_asked = day, set(), Talk.begin(self._reach)
        _, channels, talk = self._day_asked
        channels.add(channel)
        return talk


class _Reading:
    """What the objects of one node answered in one poll."""

    def __init__(self, link: EchonetLink, instant_of_poll: PollInstant) -> None:
        self._link, self._instant = link, instant_of_poll
        self._heard: dict[int, Heard | ReadingFailed] = {}

    async def fetch(self, asks: Iterable[Ask]) -> None:
        """Ask each object once for all that its channels need."""
        for eoj, epcs in _wanted(asks).items():
            try:
                answer = await self._link.get(eoj, epcs)
            except ReadingFailed as failure:
                self._heard[eoj] = failure
            else:
                self._heard[eoj] = Heard(self._instant.mark(), answer)

    def heard(self, eoj: int) -> Heard:
        """Return what an object answered; raises ReadingFailed."""
        heard = self._heard[eoj]
        if isinstance(heard, ReadingFailed):
            raise heard
        return heard


def _wanted(asks: Iterable[Ask]) -> Mapping[int, Sequence[int]]:
    """Return the properties to ask of each object."""
    wanted: dict[int, list[int]] = defaultdict(list)
    for ask in asks:
        try:
            eoj, epc, kind = choose(ask.channel, ask.source)
        except ReadingFailed:
            continue  # told when its sample is made
        wanted[eoj] += [epc, *_beside(kind, ask.serial)]
    return wanted


def _beside(kind: Kind, serial: str) -> tuple[int, ...]:
    """Return what is asked with a register: its scale, a meter's clock, its serial if known."""
    clock = (meters.CLOCK, meters.DATE) if kind.is_meter else ()
    return (*kind.scaling(), *clock, *((SERIAL,) if serial else ()))


def _check_serial(answer: Answer, serial: str) -> None:
    """Raise ReadingFailed `wrong_meter` where the object is known by another serial."""
    told = meters.text(answer.get(SERIAL))
    if serial and told and told != serial:
        raise ReadingFailed(Outcome.WRONG_METER, f"the meter says it is {told}, not {serial}")


def _check_clock(answer: Answer, now: int) -> None:
    """Raise ReadingFailed `bad_answer` where the clock shown is too wrong for what it stamps."""
    error = meters.clock_error_s(answer, now)
    if error is not None and abs(error) > _MOST_ERROR_S:
        sentence = f"the meter's clock is {error:+} s off, so what it stamps is not believed"
        raise ReadingFailed(Outcome.BAD_ANSWER, sentence)


def _check_stamp(stamp: int, now: int) -> None:
    if stamp > now + _MOST_ERROR_S:
        sentence = f"the meter stamps a register {stamp - now} s ahead of now"
        raise ReadingFailed(Outcome.BAD_ANSWER, sentence)


async def _history(
    link: EchonetLink, ask: Ask, day: date, now: Clock
) -> tuple[tuple[int, Wh | None], ...]:
    eoj, epc, kind = choose(ask.channel, ask.source)
    shown = kind.registers[epc]
    if shown is None or kind.selector is None:
        raise _no_history(f"{source_text(eoj, epc)} keeps no half-hours by day")
    first = await link.get(eoj, _beside(kind, ask.serial))
    _check_serial(first, ask.serial)
    _check_clock(first, now())
    scale = meters.scale_of(kind, first)
    today = meters.device_day(first) or day_of(now())
    days_ago = (today - day).days
    if not 0 <= days_ago <= LAST_DAY:
        raise _no_history(f"a meter shows today and {LAST_DAY} days before, not {day}")
    if not await link.choose_day(eoj, kind.selector, days_ago):
        raise _no_history(f"the meter does not take the day {days_ago} days ago")
    answer = await link.get(eoj, (shown, meters.DATE))
    edt = answer[shown]
    if edt is None:
        raise _no_history(f"{source_text(eoj, shown)}: the device does not have it")
    word, slots = meters.read_history(source_text(eoj, shown), edt, scale)
    if word != days_ago or (meters.device_day(answer) or day_of(now())) != today:
        sentence = f"the half-hours are of {word} days ago, not of {days_ago} ({day})"
        raise ReadingFailed(Outcome.BAD_ANSWER, sentence)
    midnight = instant(day)
    return tuple(
        (midnight + n * meters.SLOT_S, None if slot is None else slot.wh)
        for n, slot in enumerate(slots)
    )


def _no_history(sentence: str) -> ReadingFailed:
    return ReadingFailed(Outcome.NO_HISTORY, sentence)
