"""Figures, days and times as the pages print them; nothing else turns numbers into text."""

from datetime import UTC, date, datetime, timedelta

from flask_babel import get_locale

from shared import units
from shared.months import JST_S, Month, day_of, instant
from shared.units import grouped

UNKNOWN = "—"
_WEEKDAYS = {"ja": "月火水木金土日", "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _is_english() -> bool:
    return str(get_locale() or "ja") == "en"


def number(figure: int | None) -> str:
    """Return a whole number with commas, or a dash where it is unknown."""
    return UNKNOWN if figure is None else grouped(str(figure))


def kwh(wh: int | None) -> str:
    """Return Wh as kWh with two decimals and commas, without the unit."""
    return UNKNOWN if wh is None else grouped(units.kwh_text(wh))


def signed(figure: int | None) -> str:
    """Return a difference with its sign: +54, −54, ±0."""
    return _with_sign(figure, number(figure))


def signed_kwh(wh: int | None) -> str:
    """Return a difference of Wh as kWh with its sign."""
    return _with_sign(wh, kwh(wh))


def _with_sign(figure: int | None, text: str) -> str:
    if figure is None or figure < 0:
        return text
    return f"+{text}" if figure else f"±{text}"


def register(wh: int | None) -> str:
    """Return a raw register in kWh with three decimals and commas."""
    return UNKNOWN if wh is None else grouped(units.register_text(wh))


def price(sen: int | None) -> str:
    """Return a price in sen as yen with two decimals, without the unit."""
    return UNKNOWN if sen is None else grouped(units.price_text(sen))


def kilos(grams: int) -> str:
    """Return grams as kilograms with one decimal: 37756 is 37.8."""
    tenths = units.half_up(grams, 100)
    return grouped(f"{tenths // 10}.{tenths % 10}")


def grams_as_kilos(grams: int) -> str:
    """Return grams as kilograms with all three decimals: 438 is 0.438."""
    return grouped(f"{grams // 1000}.{grams % 1000:03d}")


def dialled(number: str) -> str:
    """Return a telephone number as a link dials it: digits, and a plus before them."""
    return "".join(sign for sign in number if sign in "+0123456789")


def day(moment: date | str | int | None) -> date | None:
    """Return a day given as a date, as ISO text or as a UTC second."""
    if isinstance(moment, int):
        return day_of(moment)
    return date.fromisoformat(moment[:10]) if isinstance(moment, str) else moment


def day_before(moment: date | str) -> date:
    """Return the last day of a period that ends without `moment`."""
    found = date.fromisoformat(moment) if isinstance(moment, str) else moment
    return found - timedelta(days=1)


def long_day(moment: date | str | int | None) -> str:
    """Return 2024年1月16日, or 16 Jan 2024."""
    found = day(moment)
    if found is None:
        return UNKNOWN
    if _is_english():
        return f"{found.day} {_MONTHS[found.month - 1]} {found.year}"
    return f"{found.year}年{found.month}月{found.day}日"


def short_day(moment: date | str | int | None) -> str:
    """Return 1月16日, or 16 Jan."""
    found = day(moment)
    if found is None:
        return UNKNOWN
    if _is_english():
        return f"{found.day} {_MONTHS[found.month - 1]}"
    return f"{found.month}月{found.day}日"


def slashed_day(moment: date | str | int | None) -> str:
    """Return 2024/01/16, as dense tables print a day."""
    found = day(moment)
    return UNKNOWN if found is None else f"{found:%Y/%m/%d}"


def tick_day(moment: date | str | int | None) -> str:
    """Return 1/16, as charts and rulers print a day."""
    found = day(moment)
    return UNKNOWN if found is None else f"{found.month}/{found.day}"


def weekday(moment: date | str | int | None) -> str:
    """Return the weekday: 火, or Tue."""
    found = day(moment)
    return "" if found is None else _WEEKDAYS["en" if _is_english() else "ja"][found.weekday()]


def whole_day(moment: date | str | int | None) -> str:
    """Return 2024年1月16日(火), or 16 Jan 2024 (Tue)."""
    gap = " " if _is_english() else ""
    return f"{long_day(moment)}{gap}({weekday(moment)})"


def long_month(month: Month | str | None) -> str:
    """Return 2024年1月, or Jan 2024."""
    if month is None:
        return UNKNOWN
    found = Month.parse(month) if isinstance(month, str) else month
    if _is_english():
        return f"{_MONTHS[found.month - 1]} {found.year}"
    return f"{found.year}年{found.month}月"


def short_month(month: Month | str) -> str:
    """Return 1月, or Jan."""
    found = Month.parse(month) if isinstance(month, str) else month
    return _MONTHS[found.month - 1] if _is_english() else f"{found.month}月"


def second(moment: int | str | None) -> int | None:
    """Return a UTC second given as such or as ISO text with an offset."""
    if isinstance(moment, str):
        return int(datetime.fromisoformat(moment).astimezone(UTC).timestamp())
    return moment


def clock_time(moment: int | str | None) -> str:
    """Return 1月27日 00:05 in Japan's time."""
    at = second(moment)
    if at is None:
        return UNKNOWN
    seconds = at - instant(day_of(at))
    return f"{short_day(at)} {seconds // 3600:02d}:{seconds // 60 % 60:02d}"


def hour(at: int) -> str:
    """Return 13:30 in Japan's time."""
    seconds = (at + JST_S) % 86_400
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}"


def change(wh: int) -> str:
    """Return a difference in kWh with its sign: +1.20, −0.35, ±0.00."""
    return f"{'+' if wh > 0 else '' if wh else '±'}{kwh(wh)}"


def stamp(moment: int | str | None) -> str:
    """Return 2024/01/27 00:05 in Japan's time."""
    at = second(moment)
    if at is None:
        return UNKNOWN
    seconds = (at + JST_S) % 86_400
    return f"{slashed_day(at)} {seconds // 3600:02d}:{seconds // 60 % 60:02d}"


def midnight(moment: int | str | None) -> str:
    """Return 1月16日 0時 where a moment is a midnight, else the time as usual."""
    at = second(moment)
    if at is None or (at + JST_S) % 86_400:
        return clock_time(at)
    return f"{short_day(at)} 00:00" if _is_english() else f"{short_day(at)} 0時"


def digits(wh: int) -> list[tuple[str, str]]:
    """Return a register as a meter's wheels: (digit, class), five whole and two decimals."""
    whole, decimals = units.kwh_text(units.take_down(wh)).split(".")
    padded = whole.zfill(5)
    zeros = len(padded) - len(padded.lstrip("0"))
    wheels = [(sign, "z" if n < zeros else "") for n, sign in enumerate(padded)]
    return wheels + [(sign, "d") for sign in decimals]


FILTERS = {
    "number": number,
    "kwh": kwh,
    "signed": signed,
    "signed_kwh": signed_kwh,
    "register": register,
    "price": price,
    "kilos": kilos,
    "grams_as_kilos": grams_as_kilos,
    "dialled": dialled,
    "day": day,
    "day_before": day_before,
    "long_day": long_day,
    "short_day": short_day,
    "slashed_day": slashed_day,
    "tick_day": tick_day,
    "weekday": weekday,
    "whole_day": whole_day,
    "long_month": long_month,
    "short_month": short_month,
    "clock_time": clock_time,
    "hour": hour,
    "change": change,
    "stamp": stamp,
    "midnight": midnight,
    "digits": digits,
}
