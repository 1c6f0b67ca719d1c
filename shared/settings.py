"""The operator's settings, kept in the database by day (decisions 25 and 26)."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from stdnum.exceptions import ValidationError
from stdnum.jp import cn

from shared import audit
from shared.db import once, rows_of
from shared.errors import InputRefused, ValueRefused
from shared.models.operations import Setting
from shared.months import MONTH_END, Month

FROM_THE_BEGINNING: Final = date(1, 1, 1)
ROUNDINGS: Final = ("floor", "half_up", "ceil")
LONGEST: Final = 500

_T_NUMBER = re.compile(r"T\d{13}", re.ASCII)
_PREFIX = re.compile(r"\d{0,4}", re.ASCII)
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting as it counts on a day; None is unset."""

    operator_name: str
    operator_postal_code: str
    operator_address: str
    operator_tel: str
    operator_email: str
    operator_hours: str
    t_number: str | None
    customer_no_prefix: str
    closing_day: int
    """1 to 28, or MONTH_END."""
    first_month: Month | None
    grace_days: int
    tax_rate: int
    """Percent."""
    tax_rounding: str
    due_day: int | None
    """1 to 28, or MONTH_END."""
    payment_text: str
    grid_price_sen: int | None
    grid_price_source: str
    co2_g_per_kwh: int | None
    co2_source: str
    large_change_yen: int
    mail_shows_amount: bool
    mail_link_days: int
    approval: bool
    require_totp: bool
    bill_retention_years: int


@dataclass(frozen=True, slots=True)
class Key:
    """How one setting is read; of a `dated` one the day decides which text counts."""

    parse: Callable[[str], object]
    default: str = ""
    dated: bool = False


def _line(text: str) -> str:
    if len(text) > LONGEST or not text.isprintable():
        raise ValueRefused(f"must be one line of at most {LONGEST} characters")
    return text


def _lines(text: str) -> str:
    if len(text) > LONGEST or not text.replace("\n", "").isprintable():
        raise ValueRefused(f"must be text of at most {LONGEST} characters")
    return text


def _t_number(text: str) -> str | None:
    if text and not _T_NUMBER.fullmatch(text):
        raise ValueRefused(f"{text!r} is not T and 13 digits")
    return text or None


def _prefix(text: str) -> str:
    if not _PREFIX.fullmatch(text):
        raise ValueRefused(f"{text!r} is not up to 4 digits")
    return text


def _whole(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not _NUMBER.fullmatch(text) or not least <= int(text) <= most:
            raise ValueRefused(f"{text!r} is not a whole number from {least} to {most}")
        return int(text)

    return parse


def _or_unset(parse: Callable[[str], object]) -> Callable[[str], object]:
    return lambda text: parse(text) if text else None


def _day_of_month(text: str) -> int:
    if text == "month-end":
        return MONTH_END
    try:
        return _whole(1, 28)(text)
    except ValueRefused:
        raise ValueRefused(f"{text!r} is neither a day from 1 to 28 nor month-end") from None


def _rounding(text: str) -> str:
    if text not in ROUNDINGS:
        raise ValueRefused(f"{text!r} is not {', '.join(ROUNDINGS[:-1])} or {ROUNDINGS[-1]}")
    return text


def _yes_no(text: str) -> bool:
    if text not in {"0", "1"}:
        raise ValueRefused(f"{text!r} is neither 1 (yes) nor 0 (no)")
    return text == "1"


KEYS: Final[Mapping[str, Key]] = {
    "operator_name": Key(_line),
    "operator_postal_code": Key(_line),
    "operator_address": Key(_line),
    "operator_tel": Key(_line),
    "operator_email": Key(_line),
    "operator_hours": Key(_line),
    "t_number": Key(_t_number, dated=True),
    "customer_no_prefix": Key(_prefix, "11"),
    "closing_day": Key(_day_of_month, "15", dated=True),
    "first_month": Key(_or_unset(Month.parse)),
    "grace_days": Key(_whole(0, 60), "3"),
    "tax_rate": Key(_whole(0, 100), "10", dated=True),
    "tax_rounding": Key(_rounding, "floor", dated=True),
    "due_day": Key(_or_unset(_day_of_month)),
    "payment_text": Key(_lines),
    "grid_price_sen": Key(_or_unset(_whole(0, 1_000_000)), dated=True),
    "grid_price_source": Key(_line, dated=True),
    "co2_g_per_kwh": Key(_or_unset(_whole(0, 10_000)), dated=True),
    "co2_source": Key(_line, dated=True),
    "large_change_yen": Key(_whole(0, 100_000_000), "3000"),
    "mail_shows_amount": Key(_yes_no, "1"),
    "mail_link_days": Key(_whole(1, 3650), "60"),
    "approval": Key(_yes_no, "0"),
    "require_totp": Key(_yes_no, "0"),
    "bill_retention_years": Key(_whole(9, 100), "10"),
}


class SettingRow(NamedTuple):
    """A setting's text from a day on, known since an instant."""

    id: int
    key: str
    text: str
    valid_from: date
    recorded_at: int
    recorded_by: str


_ALL: Final = select(*(getattr(Setting, name) for name in SettingRow._fields)).order_by(Setting.id)


def find_settings(
    session: Session, *, on: date | None = None, known_at: int | None = None
) -> Settings:
    """Return the settings of a day as known at an instant.

    Without `on` the last text of each key counts, also one of a day to come.
    """
    chosen = find_rows(session, on=on, known_at=known_at)
    parsed: dict[str, Any] = {
        name: key.parse(chosen[name].text if name in chosen else key.default)
        for name, key in KEYS.items()
    }
    return Settings(**parsed)


def find_rows(
    session: Session, *, on: date | None = None, known_at: int | None = None
) -> dict[str, SettingRow]:
    """Return the row that counts for each key that was ever set."""
    rows: dict[str, list[SettingRow]] = {}
    for row in once(session, "settings", lambda: _find_all(session)):
        if known_at is not None and row.recorded_at > known_at:
            continue
        if on is None or row.valid_from <= on or not KEYS[row.key].dated:
            rows.setdefault(row.key, []).append(row)
    return {name: _counting(KEYS[name], of_key) for name, of_key in rows.items()}


def _find_all(session: Session) -> list[SettingRow]:
    rows = (SettingRow(*row) for row in rows_of(session, _ALL))
    return [row for row in rows if row.key in KEYS]


def _counting(key: Key, rows: Sequence[SettingRow]) -> SettingRow:
    """Choose the latest day of a dated key, and of the same day what was recorded last."""
    return max(rows, key=lambda row: (row.valid_from, row.id)) if key.dated else rows[-1]


def lacks_issuer(settings: Settings) -> bool:
    """Say whether what is issued now would name its issuer by the T-number alone."""
    return settings.t_number is not None and not settings.operator_name.strip()


def set_setting(  # noqa: PLR0913 - each of them is a column of the row
    session: Session, key: str, text: str, *, valid_from: date, now: int, actor: str
) -> str | None:
    """Record a setting with its audit row; returns a sentence where it deserves a second look.

    Raises InputRefused naming the key where key or text is wrong.
    """
    if key not in KEYS:
        raise InputRefused(f"{key}: no such setting; `ppa settings list` shows them")
    try:
        KEYS[key].parse(text)
    except ValueRefused as error:
        raise InputRefused(f"{key}: {error}") from error
    before = find_rows(session, on=valid_from).get(key)
    session.add(
        Setting(key=key, text=text, valid_from=valid_from, recorded_at=now, recorded_by=actor)
    )
    old = KEYS[key].default if before is None else before.text
    change = {"from": valid_from.isoformat(), "old": old, "new": text}
    audit.record(session, now, actor, "setting_set", key, change)
    return _t_number_warning(text) if key == "t_number" and text else None


def _t_number_warning(text: str) -> str | None:
    try:
        cn.validate(text.removeprefix("T"))
    except ValidationError:
        return f"t_number: the check digit of {text} does not fit; please compare it once more"
    return None


def find_history(session: Session, limit: int, offset: int) -> tuple[list[Setting], int]:
    """Return one page of all that was ever set, newest first, and how many there are."""
    rows = session.scalars(
        select(Setting)
        .where(Setting.key.in_(KEYS))
        .order_by(Setting.id.desc())
        .limit(limit)
        .offset(offset)
    )
    count = select(func.count(Setting.id)).where(Setting.key.in_(KEYS))
    return list(rows), session.scalar(count) or 0


def newest_row_id(session: Session) -> int:
    """Return the id of what was set last; 0 where nothing was."""
    return session.scalar(select(func.max(Setting.id))) or 0


def was_set(session: Session, key: str) -> bool:
    """Say whether a key was ever set."""
    return session.scalar(select(Setting.id).where(Setting.key == key).limit(1)) is not None
