"""What AiSEG2's pages say: a day's energy by the hour, the live flow (gateways.md §1d); pure.

Pages are searched for their few known parts and never parsed as a whole: a page comes from a
stranger, and a search with short limits takes no longer than the page is long.
"""

import json
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from fractions import Fraction
from typing import Final

from ingest.drivers.protocol import DeviceWord, Implausible, Outcome, ReadingFailed, to_wh
from shared.energy.quantities import Quantity
from shared.months import instant
from shared.units import Wh

JST: Final = timezone(timedelta(hours=9))
PAGES: Final = {Quantity.PV: 51111, Quantity.IMPORT: 53111, Quantity.EXPORT: 54111}
"""The day page of each quantity that has one, in kWh, compared with the day before."""
TITLES: Final = {Quantity.PV: "発電量", Quantity.IMPORT: "買電量", Quantity.EXPORT: "売電量"}
OTHER_TITLES: Final = frozenset({*TITLES.values(), "使用電力量"})
HOURS: Final = 24
HOUR_S: Final = 3600
MOST_WH: Final = 100_000
"""More than any home's wires carry in an hour: 100 kW."""
_ROUNDING_WH: Final = 24
"""How far 24 rounded hours may be from the rounded total of the day."""
_NO_DATA: Final = frozenset({"-", "--", "−", "ー"})
_NUMBER = re.compile(r"(\d{1,6})(?:\.(\d{1,6}))?", re.ASCII)
_HOURS = re.compile(
    r'graph_data\s{0,9}=\s{0,9}\{[^{}]{0,9000}?"total1"\s{0,9}:\s{0,9}\[([^\]\[{}]{0,2000})\]'
)
_CLOCK = re.compile(r"serverTime\s{0,9}=\s{0,9}'\s{0,9}(\{[^{}']{0,300}\})")
_FIRMWARE = re.compile(r"/contents/(Ver\.[0-9A-Za-z.-]{1,40})/")
_DAY = re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class DayPage:
    """A day of one quantity: its total so far, and the energy of each of its 24 hours.

    `clock_at` is the device's clock as a UTC second, None where it shows none.
    """

    day: date
    total_wh: Wh | None
    hours: tuple[Wh | None, ...]
    clock_at: int | None
    word: DeviceWord

    def clock_error_s(self, now: int) -> int | None:
        """Return by how many seconds the device's clock is ahead."""
        return None if self.clock_at is None else self.clock_at - now

    def moments(self, now: int) -> tuple[tuple[int, Wh | None], ...]:
        """Return (start, Wh) of each hour; one not yet over, by either clock, is a hole."""
        start = instant(self.day)
        over = now if self.clock_at is None else min(now, self.clock_at)
        return tuple(
            (at, wh if at + HOUR_S <= over else None)
            for at, wh in zip(range(start, start + HOURS * HOUR_S, HOUR_S), self.hours, strict=True)
        )


@dataclass(frozen=True, slots=True)
class LiveFlow:
    """The flow at this moment in W; `grid` is `buy`, `sell` or `none`."""

    generation_w: int
    consumption_w: int
    grid: str


def decode_day_page(body: bytes, quantity: Quantity, day: date) -> DayPage:
    """Return what a day page says; raises ReadingFailed `bad_answer`, or Implausible."""
    page = _text(body)
    if _title(page) not in ("", TITLES[quantity]):
        raise _bad(f"the page is of {_title(page)}, not of {TITLES[quantity]}")
    told = _day(_part(page, "val_current"))
    if told != day:
        raise _bad(f"the page is of {told}, not of {day}")
    unit = _find(page, "unit_kwh")
    if unit not in (None, "kWh"):
        raise _bad(f"the page counts in {unit!r}, not in kWh")
    total = _wh(_part(page, "val_kwh"))
    hours = _hours(page)
    known = [wh for wh in hours if wh is not None]
    highest = max((total or 0) // HOURS, *known, 0)
    if highest > MOST_WH:
        raise Implausible(f"an hour of {highest / 1000:g} kWh is more than a home can", highest)
    whole = len(known) == HOURS
    if total is not None and not (
        sum(known) <= total + _ROUNDING_WH and (not whole or total <= sum(known) + _ROUNDING_WH)
    ):
        raise _bad(f"its hours sum up to {sum(known)} Wh, its total is {total} Wh")
    if total is None:
        hours = (None,) * HOURS
    return DayPage(told, total, hours, _clock(page), _word(page))


def decode_live(body: bytes) -> LiveFlow:
    """Return the live flow; raises ReadingFailed, `no_data` where nothing measures."""
    try:
        told = json.loads(body.decode(), parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        raise _bad("the live answer is no JSON") from None
    if not isinstance(told, dict):
        raise _bad("the live answer is no JSON object")
    if told.get("measReg") == "0":
        raise ReadingFailed(Outcome.NO_DATA, "its measuring unit is not registered")
    grid = {"0": "buy", "1": "sell", "2": "none"}.get(str(told.get("lo_buy_sell")))
    watts = [_wh(_folded(told.get(name))) for name in ("g_capacity", "u_capacity")]
    if grid is None or None in watts:
        raise _bad("the live answer lacks its figures")
    generation, consumption = (int(w or 0) for w in watts)
    return LiveFlow(generation, consumption, grid)


def _bad(sentence: str) -> ReadingFailed:
    return ReadingFailed(Outcome.BAD_ANSWER, sentence)


def _text(body: bytes) -> str:
    """Return a page with its full-width digits made plain."""
    try:
        return unicodedata.normalize("NFKC", body.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise _bad("the page is not UTF-8") from None


def _folded(said: object) -> str:
    return unicodedata.normalize("NFKC", str(said)).strip()


def _find(page: str, name: str) -> str | None:
    """Return the text of the first element with an id, None where there is none."""
    found = re.search(
        rf"""\bid\s{{0,5}}=\s{{0,5}}["']?{name}["']?(?=[\s>/])[^<>]{{0,300}}>([^<>]{{0,100}})<""",
        page,
    )
    return found[1].strip() if found else None


def _part(page: str, name: str) -> str:
    text = _find(page, name)
    if text is None:
        raise _bad(f"the page lacks its part {name}")
    return text


def _title(page: str) -> str:
    """Return the page's title where it is one that we know, else nothing."""
    title = _find(page, "h_title") or ""
    return title if title in OTHER_TITLES else ""


def _day(text: str) -> date:
    match = _DAY.fullmatch(text)
    try:
        return date(*(int(part) for part in match.groups() if part)) if match else _no_day(text)
    except ValueError:
        return _no_day(text)


def _no_day(text: str) -> date:
    raise _bad(f"{text[:40]!r} is no day")


def _wh(text: str) -> Wh | None:
    """Return a figure in kWh as Wh, None for `-`; raises ReadingFailed for anything else."""
    if text in _NO_DATA:
        return None
    match = _NUMBER.fullmatch(text.replace(",", ""))
    if not match:
        raise _bad(f"{text[:40]!r} is no figure")
    whole, decimals = match[1], match[2] or ""
    return to_wh(Fraction(int(whole + decimals), 10 ** len(decimals)), Fraction(1000))


def _hours(page: str) -> tuple[Wh | None, ...]:
    """Return the day's hours; null and `-` are holes."""
    found = _HOURS.search(page)
    if not found:
        raise _bad("the page lacks its hours (graph_data)")
    try:
        told = json.loads(f"[{found[1]}]", parse_float=str, parse_int=str)
    except ValueError:
        raise _bad("the page's hours are no list of numbers") from None
    if len(told) != HOURS:
        raise _bad(f"the page has {len(told)} hours, not {HOURS}")
    return tuple(None if hour is None else _wh(_folded(hour)) for hour in told)


def _word(page: str) -> DeviceWord:
    firmware = _FIRMWARE.search(page)
    price = _NUMBER.fullmatch(_find(page, "val_sale") or "")
    sen = int(price[1]) * 100 + int((price[2] or "")[:2].ljust(2, "0")) if price else None
    return DeviceWord(firmware[1] if firmware else "", sen)


def _clock(page: str) -> int | None:
    """Return the device's clock as a UTC second; a year of two digits is of this century."""
    found = _CLOCK.search(page)
    try:
        told = json.loads(found[1]) if found else {}
        year, *rest = (int(told[name]) for name in ("year", "month", "day", "hour", "min", "sec"))
        return int(datetime(year if year > 99 else 2000 + year, *rest, tzinfo=JST).timestamp())  # type: ignore[arg-type, misc]  # noqa: PLR2004
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
