"""What every driver offers, whatever its wire speaks: samples with typed outcomes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Final, NamedTuple, Protocol

from ingest.addresses import Address, Net, refusal
from shared.energy.quantities import Quantity
from shared.units import MAX_WH, Wh

Clock = Callable[[], int]
"""Gives now as whole UTC seconds."""


class Outcome(StrEnum):
    """How asking for a channel ended (`gateways poll --json`)."""

    OK = "ok"
    UNREACHABLE = "unreachable"
    METER_SILENT = "meter_silent"
    BUSY = "busy"
    BAD_ANSWER = "bad_answer"
    AUTH_FAILED = "auth_failed"
    NO_DATA = "no_data"
    NO_CHANNEL = "no_channel"
    NO_HISTORY = "no_history"
    WRONG_METER = "wrong_meter"
    IMPLAUSIBLE = "implausible"
    REFUSED_ADDRESS = "refused_address"


class ReadingFailed(Exception):
    """A channel could not be read; the sentence says what happened."""

    def __init__(self, outcome: Outcome, sentence: str) -> None:
        """Keep the outcome beside the sentence."""
        super().__init__(sentence)
        self.outcome = outcome


class WireBroken(ReadingFailed):
    """The failure lies in the connection or the frame, so a fresh connection may mend it."""


class Implausible(ReadingFailed):
    """A register that no meter can have; `wh` is what it would say, for the record."""

    def __init__(self, sentence: str, wh: int) -> None:
        """Keep the energy that was refused."""
        super().__init__(Outcome.IMPLAUSIBLE, sentence)
        self.wh = wh


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a poll may go and how long it may take (PPA_GATEWAY_*); times in seconds.

    `echonet_bind` is our own side of ECHONET Lite (PPA_ECHONET_BIND). `bulk` says that a device's
    whole memory may be fetched, megabytes over 4G, where a day can be had no other way.
    """

    nets: tuple[Net, ...] = ()
    allow_loopback: bool = False
    timeout_s: float = 5.0
    deadline_s: float = 20.0
    echonet_bind: tuple[str, int] = ("0.0.0.0", 3610)  # noqa: S104 - answers come to any interface
    bulk: bool = False

    def guard(self, address: Address) -> None:
        """Raise ReadingFailed `refused_address` unless the address may be connected to."""
        why_not = refusal(address, self.nets, allow_loopback=self.allow_loopback)
        if why_not:
            raise ReadingFailed(Outcome.REFUSED_ADDRESS, why_not)


TCP_OCTETS: Final = 40
UDP_OCTETS: Final = 28
"""What IP and the protocol above it put before each packet (IPv4)."""
_SEGMENT_OCTETS: Final = 1400


@dataclass(slots=True)
class Air:
    """Octets that went over the air for one gateway, each packet's headers included.

    Acknowledgements, and what a VPN adds, are not in it.
    """

    octets: int = 0

    def count(self, size: int, header: int = TCP_OCTETS) -> None:
        """Add a message of `size` octets, sent in as many packets as it takes."""
        self.octets += size + header * max(1, -(-size // _SEGMENT_OCTETS))


@dataclass(frozen=True, slots=True)
class Target:
    """One gateway as it is asked: driver, address, Modbus unit, profile name or path, secret.

    `profile_text`, where it is set, is the profile's TOML and `profile` only its name. `air` counts
    what asking costs; one that was `down` is probed with less patience.
    """

    driver: str
    address: Address
    unit: int = 1
    profile: str = ""
    secret: str = field(default="", repr=False)
    profile_text: str = ""
    down: bool = False
    air: Air = field(default_factory=Air, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Ask:
    """A channel to read; `source` as in the gateways CSV, `serial` where the meter's is known."""

    channel: Quantity
    source: str = ""
    serial: str = ""


@dataclass(frozen=True, slots=True)
class DeviceWord:
    """What a device says beside its figures: its firmware, and the price per kWh sold set in it."""

    firmware: str = ""
    sale_sen: int | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """What one channel answered.

    `wh` is null unless `ok`; `raw` the counts on the wire (f32 and f64: the bit pattern);
    `unit_wh` the register's least step; `set_aside_wh` the energy of an implausible answer;
    `error` a sentence unless `ok`; `model` the SunSpec model that a good register stood in;
    `modulus_wh` the energy at which the register wraps, where it is known; `clock_error_s` by how
    much the device's clock is ahead, where it shows one. Of a source of intervals `wh` is today's
    energy so far, `hours` those that are over as (start, Wh); `word` is what the device said of
    itself.
    """

    channel: Quantity
    read_at: int
    wh: Wh | None = None
    raw: int | None = None
    outcome: Outcome = Outcome.OK
    error: str | None = None
    set_aside_wh: int | None = None
    unit_wh: int = 1
    model: int | None = None
    modulus_wh: int | None = None
    clock_error_s: int | None = None
    hours: tuple[tuple[int, Wh], ...] = ()
    word: DeviceWord | None = None


@dataclass(frozen=True, slots=True)
class History:
    """One channel's day out of a gateway's memory: (instant, Wh or None for a hole).

    Of `kind` `register` each is the register at its instant, of `interval` the energy of the
    `minutes` that begin there.
    """

    channel: Quantity
    day: date
    kind: str = "register"
    minutes: int = 30
    moments: tuple[tuple[int, Wh | None], ...] = ()
    outcome: Outcome = Outcome.OK
    error: str | None = None
    clock_error_s: int | None = None
    word: DeviceWord | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """What a device says of itself, blank where it says nothing; its clock's error in seconds."""

    maker: str = ""
    model: str = ""
    serial: str = ""
    version: str = ""
    clock_error_s: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """One register met while trying a gateway out: its SOURCE and what it holds.

    What is no energy, such as a battery's charge, stands in `shows`.
    """

    source: str
    wh: Wh | None = None
    raw: int | None = None
    outcome: Outcome = Outcome.OK
    error: str | None = None
    shows: str | None = None


class Driver(Protocol):
    """One gateway's protocol, made for a target; it connects and closes by itself."""

    async def identify(self) -> Identity:
        """Return who answers; raises ReadingFailed."""
        ...

    async def read(self, asks: Sequence[Ask]) -> list[Sample]:
        """Return a sample an ask, in their order; never raises for what a gateway does."""
        ...

    async def survey(self) -> list[Found]:
        """Return every register that could feed a channel; raises ReadingFailed."""
        ...

    async def history(self, ask: Ask, day: date) -> History:
        """Return a past day of one channel, `no_history` where the protocol keeps none."""
        ...


class Decoded(NamedTuple):
    """A register that holds a figure: the counts on the wire, its energy and its least step.

    `modulus_wh` is the energy at which it wraps, None where nobody says.
    """

    raw: int
    wh: Wh
    unit_wh: int = 1
    modulus_wh: int | None = None


class PollInstant:
    """One instant for the registers of a poll, so that generation and export meet.

    Answers within `SHARED_S` seconds of the first are taken as of the same instant (gateways.md
    §5 rule 7); a slower one keeps its own time.
    """

    SHARED_S = 2

    def __init__(self, now: Clock) -> None:
        """Take time from `now`."""
        self._now = now
        self._first: int | None = None

    def mark(self) -> int:
        """Return the instant of an answer that has just arrived."""
        now = self._now()
        if self._first is None:
            self._first = now
        return self._first if 0 <= now - self._first <= self.SHARED_S else now


def failed(ask: Ask, at: int, failure: ReadingFailed) -> Sample:
    """Return the sample that tells a failure."""
    set_aside = failure.wh if isinstance(failure, Implausible) else None
    return Sample(
        ask.channel,
        at,
        outcome=failure.outcome,
        error=str(failure),
        set_aside_wh=set_aside,
    )


def to_wh(number: Fraction, scale: Fraction) -> Wh:
    """Return number times scale in whole Wh, half up and exact; raises Implausible below 0."""
    energy = number * scale
    wh = (2 * energy.numerator + energy.denominator) // (2 * energy.denominator)
    if energy < 0 or wh > MAX_WH:
        kept = max(-MAX_WH, min(wh, MAX_WH + 1))
        fault = "is negative" if energy < 0 else f"is above {MAX_WH} Wh"
        raise Implausible(f"the register {fault}", kept)
    return Wh(wh)


def step_wh(scale: Fraction) -> int:
    """Return what counts are worth in Wh, rounded up, at least 1."""
    return max(1, -(-scale.numerator // scale.denominator))
