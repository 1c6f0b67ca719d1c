"""Channels of which every reading stands: told in one quick look, judged by nobody again.

Nearly all are such. What is said here of them is what `judge` and `boundary` say, which a test
compares; whoever is not plain has to be judged.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from shared.energy.boundaries import How, boundary
from shared.energy.judging import SMALL_STEP_WH, plausible_wh
from shared.energy.ledger import Ledger, limit_w
from shared.energy.quantities import Battery, Quantity
from shared.energy.readings import MANUAL, METER, Channel, Point, Site
from shared.months import DAY_S, JST_S, day_of
from shared.units import MAX_WH, take_down

Told = tuple[int, int, int, str, int, int]
"""A boundary's register, ledger, meter, how it was had, when it was read, and what it rests on."""
EVENING_S = 20 * 3600
"""A last reading before 20:00 says nothing about the midnight after it."""


def is_plain(site: Site) -> bool:
    """Say whether every reading of a site stands, given each channel's in order of time.

    One channel rests on another only where export may not exceed generation.
    """
    if Quantity.BATTERY_DISCHARGE in site.channels:
        return False
    return all(
        _has_one_meter(channel)
        and _rises(begun(channel), limit_w(site, quantity), max(SMALL_STEP_WH, 2 * channel.unit_wh))
        for quantity, channel in site.channels.items()
    ) and _covers(site)


def _has_one_meter(channel: Channel) -> bool:
    """Say whether no meter was put in after the first reading, nor with another register."""
    if not channel.events:
        return True
    if len(channel.events) > 1 or not channel.readings:
        return False
    event, first = channel.events[0], channel.readings[0][0]
    shown = take_down(event.installed_wh)
    return event.at <= first and all(
        take_down(wh) == shown for at, _, wh in channel.readings if at == event.at
    )


def begun(channel: Channel) -> Sequence[tuple[int, int, int]]:
    """Return the readings of a plain channel after the register its meter was put in with."""
    if not channel.events:
        return channel.readings
    event = channel.events[0]
    return [(event.at, METER, event.installed_wh), *_after(channel)]


def _after(channel: Channel) -> Sequence[tuple[int, int, int]]:
    """Return the readings of a channel after its meter was put in."""
    if not channel.events or not channel.readings or channel.readings[0][0] > channel.events[0].at:
        return channel.readings
    return [cells for cells in channel.readings if cells[0] > channel.events[0].at]


def _rises(readings: Sequence[tuple[int, int, int]], panel_w: int, step_wh: int) -> bool:
    """Say whether registers go up in order of time, each by no more than panels give."""
    if not readings:
        return True
    last_at, source, last = readings[0]
    if not 0 <= last <= MAX_WH or source == MANUAL or (last == 0 and source != METER):
        return False
    for at, source, wh in readings[1:]:
        step = wh - last
        if step < 0 or at <= last_at or source == MANUAL:
            return False
        if step > step_wh and step - step_wh > plausible_wh(panel_w, at - last_at):
            return False
        last_at, last = at, wh
    return last <= MAX_WH


def _covers(site: Site) -> bool:
    """Say whether export never goes beyond generation between instants where both are known."""
    channels = site.channels
    if Quantity.PV not in channels or Quantity.EXPORT not in channels:
        return True
    if site.battery is Battery.MAY_EXPORT:
        return True
    pv = {at: wh - wh % 10 for at, _, wh in begun(channels[Quantity.PV])}
    surplus: int | None = None
    for at, _, wh in _after(channels[Quantity.EXPORT]):
        known = pv.get(at)
        if known is None:
            continue
        beyond = wh - wh % 10 - known
        if surplus is not None and beyond > surplus + SMALL_STEP_WH:
            return False
        surplus = beyond
    return True


def plain_boundaries(channel: Channel, *, night_is_flat: bool) -> dict[int, Told]:
    """Return every boundary of a plain channel by the instant of its day, as `boundary` tells it.

    Of a plain channel no reading is in doubt, and none is of a second meter.
    """
    readings = begun(channel)
    meter_at = channel.events[0].at if channel.events else 0
    if not readings:
        return {}
    base = take_down(readings[0][2])
    exact = How.EXACT.value
    told: dict[int, Told] = {
        at: (wh, wh - wh % 10 - base, meter_at, exact, at, at)
        for at, _, wh in readings
        if (at + JST_S) % DAY_S == 0
    }
    first, last = _midnights(readings[0][0], readings[-1][0])
    if len(told) < (last - first) // DAY_S + 1:
        left = [at for at in range(first, last + 1, DAY_S) if at not in told]
        others = _others(readings, left, meter_at, night_is_flat=night_is_flat)
        told |= others
    return told


def _midnights(begin: int, end: int) -> tuple[int, int]:
    """Return the first and the last midnight that may be known of readings between two instants."""
    into = (end + JST_S) % DAY_S
    first = begin - (begin + JST_S) % DAY_S
    return first, end - into + (DAY_S if into >= EVENING_S else 0)


def _others(
    readings: Sequence[tuple[int, int, int]],
    midnights: Iterable[int],
    meter_at: int,
    *,
    night_is_flat: bool,
) -> dict[int, Told]:
    """Return midnights at which nobody read, from the readings beside them."""
    instants = [at for at, _, _ in readings]
    base = take_down(readings[0][2])
    told: dict[int, Told] = {}
    for midnight in midnights:
        place = bisect_right(instants, midnight)
        beside = [
            Point(at, wh, take_down(wh) - base, meter_at, source)
            for at, source, wh in readings[max(place - 1, 0) : place + 1]
        ]
        known = boundary(Ledger(beside, (), {}, (), night_is_flat), day_of(midnight))
        if known is not None:
            told[midnight] = (
                known.wh, known.ledger, meter_at, known.how.value, known.read_at, known.until_at,
            )  # fmt: skip
    return told
