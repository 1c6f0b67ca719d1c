"""Settings by day and by what was known."""

import sqlite3
from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.errors import InputRefused
from shared.models.operations import Audit, Setting
from shared.months import MONTH_END, Month
from shared.settings import FROM_THE_BEGINNING, KEYS, Settings, find_settings, set_setting
from tests.conftest import Ppa


def setting(
    session: Session, key: str, text: str, *, since: date = FROM_THE_BEGINNING, now: int = 0
) -> str | None:
    """Set one as the tests' operator."""
    return set_setting(session, key, text, valid_from=since, now=now, actor="operator")


def test_a_new_house_has_the_defaults_of_the_contract(session: Session) -> None:
    settings = find_settings(session)
    assert (settings.closing_day, settings.customer_no_prefix, settings.grace_days) == (15, "11", 3)
    assert (settings.tax_rate, settings.tax_rounding) == (10, "floor")
    assert (settings.large_change_yen, settings.mail_link_days) == (3000, 60)
    assert (settings.mail_shows_amount, settings.approval, settings.require_totp) == (
        True,
        False,
        False,
    )
    assert (settings.first_month, settings.t_number, settings.due_day) == (None, None, None)
    assert (settings.operator_name, settings.payment_text) == ("", "")


def test_every_key_has_its_attribute() -> None:
    assert list(KEYS) == list(Settings.__dataclass_fields__)


def test_a_dated_setting_changes_on_its_day(session: Session) -> None:
    setting(session, "tax_rate", "8")
    setting(session, "tax_rate", "12", since=date(2024, 4, 1))
    assert find_settings(session, on=date(2024, 3, 31)).tax_rate == 8
    assert find_settings(session, on=date(2024, 4, 1)).tax_rate == 12


def test_what_was_recorded_later_was_not_known_before(session: Session) -> None:
    setting(session, "closing_day", "20", now=100)
    setting(session, "closing_day", "month-end", now=200)
    assert find_settings(session, known_at=199).closing_day == 20
    assert find_settings(session, known_at=200).closing_day == MONTH_END


def test_an_undated_setting_counts_for_every_day_at_once(session: Session) -> None:
    setting(session, "grace_days", "5", since=date(2024, 4, 1))
    assert find_settings(session, on=date(2020, 1, 1)).grace_days == 5


def test_an_empty_text_unsets(session: Session) -> None:
    setting(session, "first_month", "2024-01")
    assert find_settings(session).first_month == Month(2024, 1)
    setting(session, "first_month", "")
    assert find_settings(session).first_month is None


def test_setting_leaves_an_audit_row_with_old_and_new(session: Session) -> None:
    setting(session, "grace_days", "5", now=7)
    row = session.scalars(select(Audit)).one()
    assert (row.at, row.actor, row.action, row.subject) == (
        7,
        "operator",
        "setting_set",
        "grace_days",
    )
    assert row.detail == '{"from": "0001-01-01", "old": "3", "new": "5"}'


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("closing_day", "29"),
        ("closing_day", "0"),
        ("closing_day", "１５"),
        ("t_number", "1234567890123"),
        ("t_number", "T123"),
        ("first_month", "2024-13"),
        ("grace_days", "-1"),
        ("grace_days", ""),
        ("tax_rounding", "up"),
        ("approval", "yes"),
        ("operator_name", "two\nlines"),
        ("customer_no_prefix", "A1"),
        ("large_change", "1"),
    ],
)
def test_a_wrong_key_or_text_is_refused_naming_the_key(
    session: Session, key: str, text: str
) -> None:
    with pytest.raises(InputRefused, match=f"^{key}: "):
        setting(session, key, text)
    assert session.scalars(select(Setting)).all() == []


def test_only_the_check_digit_of_a_t_number_warns(session: Session) -> None:
    assert "check digit" in (setting(session, "t_number", "T1234567890123") or "")
    assert setting(session, "t_number", "T5835678256246") is None


def test_the_command_sets_from_the_beginning_and_then_from_today(ppa: Ppa, sqlite_url: str) -> None:
    assert ppa("settings", "set", "closing_day", "20").code == 0
    assert ppa("settings", "set", "closing_day", "10", now="2024-03-01T00:30:00+09:00").code == 0
    assert ppa("settings", "set", "closing_day", "25", "--from", "2024-06-01").code == 0
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as database:
        days = database.execute("SELECT valid_from FROM setting ORDER BY id").fetchall()
    database.close()
    assert days == [("0001-01-01",), ("2024-03-01",), ("2024-06-01",)]


def test_the_command_lists_what_counts_today(ppa: Ppa) -> None:
    ppa("settings", "set", "tax_rate", "8")
    ppa("settings", "set", "tax_rate", "12", "--from", "2024-04-01")
    listed = {entry["key"]: entry["value"] for entry in ppa("settings", "list", "--json").json()}
    assert listed["tax_rate"] == "8"
    assert list(listed) == list(KEYS)
    assert "closing_day\t15\n" in ppa("settings", "list").out


def test_the_command_refuses_with_2_and_one_line(ppa: Ppa) -> None:
    for words in (("no_such", "1"), ("closing_day", "31"), ("tax_rate", "8", "--from", "soon")):
        refused = ppa("settings", "set", *words)
        assert (refused.code, refused.out, refused.err.count("\n")) == (2, "", 1)
