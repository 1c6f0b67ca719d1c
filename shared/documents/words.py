"""Days, times and figures as documents print them: documents are Japanese, whoever reads them."""

from datetime import date, timedelta

from shared.months import JST_S, Month, Period, day_of
from shared.units import grouped, kwh_text, register_text

UNKNOWN = "—"
WEEKDAYS = "月火水木金土日"
ROUNDINGS = {"floor": "切り捨てて", "half_up": "四捨五入して", "ceil": "切り上げて"}
CHANNELS = {"pv": "発電", "export": "売電"}
HOWS = {
    "night": "夜間",
    "still": "前後同値",
    "first": "最初の検針値",
    "interpolated": "前後からの推定",
    "manual": "手入力",
    "estimated": "推定",
}
"""How a register was had, where its time alone does not tell."""
GRADES = {
    "A": "実測。はじめと終わりの指示数も、日ごとの値も、すべて検針値です。",
    "B": "実測(途中に欠測あり)。合計は、はじめと終わりの指示数の差で、実測です。",
    "C": "推定を含む。はじめか終わりの指示数に、推定、按分又は手入力の値があります。",
}


def long_day(day: date | str) -> str:
    """Return 2024年1月16日."""
    found = date.fromisoformat(day) if isinstance(day, str) else day
    return f"{found.year}年{found.month}月{found.day}日"


def long_month(month: str) -> str:
    """Return 2024年1月."""
    found = Month.parse(month)
    return f"{found.year}年{found.month}月"


def span(period: Period) -> str:
    """Return 2024年1月16日〜2024年2月15日(31日間)."""
    last = period.end - timedelta(days=1)
    return f"{long_day(period.start)}〜{long_day(last)}({len(period)}日間)"


def weekday(day: date) -> str:
    """Return 2024/01/16(火)."""
    return f"{day:%Y/%m/%d}({WEEKDAYS[day.weekday()]})"


def stamp(at: int) -> str:
    """Return 2024/01/16 00:05 in Japan's time."""
    seconds = (at + JST_S) % 86_400
    return f"{day_of(at):%Y/%m/%d} {seconds // 3600:02d}:{seconds // 60 % 60:02d}"


def number(figure: int | None) -> str:
    """Return a whole number with commas."""
    return UNKNOWN if figure is None else grouped(str(figure))


def kwh(wh: int | None) -> str:
    """Return Wh as kWh with two decimals."""
    return UNKNOWN if wh is None else grouped(kwh_text(wh))


def fine(amount: str | None) -> str:
    """Return a day's amount in yen with its two decimals."""
    return UNKNOWN if amount is None else grouped(amount)


def register(wh: int) -> str:
    """Return a raw register in kWh with three decimals."""
    return grouped(register_text(wh))
