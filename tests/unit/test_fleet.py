"""What polls, certificates and yields say of a home, without a database."""

from datetime import date, timedelta

import pytest

from shared.energy.quantities import Quantity
from shared.fleet.board import find_risk
from shared.fleet.meters import alarm_of
from shared.fleet.states import State, state_of
from shared.fleet.yields import weak_of
from shared.months import instant
from shared.telemetry.facts import SILENT_S

NOON = instant(date(2024, 2, 13)) + 12 * 3600
TODAY = date(2024, 2, 13)


@pytest.mark.parametrize(
    ("outcome", "failures", "heard_ago", "state"),
    [
        (None, 0, None, State.UNTRIED),
        ("ok", 0, 60, State.GOOD),
        ("unreachable", 1, 1800, State.GOOD),
        ("unreachable", 3, 1800, State.GATEWAY_SILENT),
        ("unreachable", 1, SILENT_S + 1, State.GATEWAY_SILENT),
        ("unreachable", 1, None, State.GATEWAY_SILENT),
        ("busy", 3, 5400, State.GATEWAY_SILENT),
        ("meter_silent", 1, 1800, State.GOOD),
        ("meter_silent", 3, 5400, State.METER_SILENT),
        ("auth_failed", 1, 60, State.AUTH_FAILED),
        ("wrong_meter", 0, 60, State.DATA_ODD),
        ("implausible", 0, 60, State.DATA_ODD),
        ("ok", 0, SILENT_S + 1, State.GATEWAY_SILENT),
    ],
)
def test_a_device_is_silent_only_when_it_lasts_and_odd_at_once(
    outcome: str | None, failures: int, heard_ago: int | None, state: State
) -> None:
    last_ok_at = None if heard_ago is None else NOON - heard_ago
    assert state_of(outcome, failures, last_ok_at, NOON) is state


def test_a_silent_channel_is_a_risk_three_days_before_the_closing_and_not_earlier() -> None:
    heard = {Quantity.PV: NOON - 60, Quantity.EXPORT: NOON - SILENT_S - 1}
    risk = find_risk(heard, NOON, 15)
    assert risk is not None
    assert (risk.last_day, risk.days_left, risk.channels) == (
        date(2024, 2, 15), 3, (Quantity.EXPORT,),
    )  # fmt: skip
    earlier = {quantity: at and at - 86_400 for quantity, at in heard.items()}
    assert find_risk(earlier, NOON - 86_400, 15) is None
    assert find_risk({Quantity.PV: NOON, Quantity.EXPORT: NOON}, NOON, 15) is None
    never = find_risk({Quantity.PV: NOON, Quantity.EXPORT: None}, NOON, 15)
    assert never is not None
    assert never.channels == (Quantity.EXPORT,)


@pytest.mark.parametrize(
    ("until", "alarm"),
    [
        (None, "unknown"),
        (date(2024, 1, 1), "expired"),
        (date(2024, 2, 1), "1"),
        (date(2024, 3, 1), "1"),
        (date(2024, 4, 1), "3"),
        (date(2024, 8, 1), "6"),
        (date(2025, 2, 1), "12"),
        (date(2025, 3, 1), ""),
    ],
)
def test_a_certificate_alarms_twelve_six_three_and_one_month_before(
    until: date | None, alarm: str
) -> None:
    assert alarm_of(until, TODAY) == alarm


def a_fleet(days: int) -> dict[int, dict[date, int]]:
    """Return ten homes with the same weather, each with a share of it of its own."""
    weather = [2_000 + 500 * (n % 4) for n in range(days)]
    return {
        site: {
            TODAY - timedelta(days=days - n): sun * (80 + 4 * site) // 100
            for n, sun in enumerate(weather)
        }
        for site in range(10)
    }


def test_a_roof_that_gives_less_than_its_own_past_is_found_whatever_the_weather() -> None:
    yields = a_fleet(33)
    assert weak_of(yields, TODAY) == []
    for n in range(1, 6):
        yields[3][TODAY - timedelta(days=n)] //= 2
    (weak,) = weak_of(yields, TODAY)
    assert (weak.site_id, weak.days) == (3, 5)
    assert 48 <= weak.lost_percent <= 52


def test_a_roof_in_the_shadow_is_not_weak_for_being_as_it_always_was() -> None:
    yields = a_fleet(33)
    yields[0] = {day: wh // 2 for day, wh in yields[0].items()}
    assert weak_of(yields, TODAY) == []


def test_few_days_or_few_homes_say_nothing() -> None:
    yields = {site: days for site, days in a_fleet(33).items() if site < 4}
    yields[0] = dict.fromkeys(yields[0], 1)
    assert weak_of(yields, TODAY) == []
    lost = a_fleet(33)
    for n in range(1, 4):
        del lost[3][TODAY - timedelta(days=n)]
    lost[3][TODAY - timedelta(days=4)] = 1
    assert weak_of(lost, TODAY) == []
