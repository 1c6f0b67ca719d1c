"""The fleet board, one device with what may be asked of it, and its commissioning on site."""

from datetime import date, timedelta

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from backoffice.blueprint import office
from backoffice.fleet_words import (
    check_words,
    driver_words,
    hint_words,
    outcome_words,
    request_words,
    state_words,
)
from backoffice.permissions import ADMIN
from backoffice.words import channel_words
from shared.fleet.board import MONTH_OCTETS, Home, find_fleet, get_device_home
from shared.fleet.commissioning import commission, find_checks
from shared.fleet.requests import Kind, TooSoon, ask, find_requests
from shared.fleet.states import State
from shared.fleet.yields import find_weak
from shared.months import day_of
from shared.queue import Call, Task
from shared.settings import find_settings
from shared.web import paging
from shared.web.request import database, now, principal, start_soon

ONLY = ("closing", "weak", *(state.value for state in State))
LONGEST_DAYS = 99
SHOWN = 8


@office.get("/gateways")
def gateways() -> ResponseReturnValue:
    """List the homes' devices, those that need a person first."""
    session, shown, only = database(), paging.asked_slice(), paging.choice("only", ONLY)
    q = paging.word("q")
    homes = find_fleet(session, now(), _closing_day(), q, by_address=principal().role == ADMIN)
    weak = {one.site_id: one for one in find_weak(session, day_of(now()))}
    counts = {key: sum(_is(key, home, weak.keys()) for home in homes) for key in ONLY}
    found = [home for home in homes if only is None or _is(only, home, weak.keys())]
    return render_template(
        "office/gateways.html",
        homes=found[shown.offset : shown.offset + shown.size],
        pager=paging.Pager(shown, len(found)),
        counts=counts,
        only=only,
        q=q,
        weak=weak,
        budget=MONTH_OCTETS,
        **_all_words(),
    )


def _closing_day() -> int:
    return find_settings(database(), on=day_of(now())).closing_day


def _is(key: str, home: Home, weak: object) -> bool:
    if key == "closing":
        return home.risk is not None
    if key == "weak":
        return home.site_id in weak  # type: ignore[operator]
    return any(device.state.value == key for device in home.devices)


@office.get("/gateways/<int:gateway_id>")
def gateway(gateway_id: int) -> ResponseReturnValue:
    """Show one device: how it stands, what was asked of it, and what is left to do on site."""
    return _page(gateway_id, {})


@office.post("/gateways/<int:gateway_id>/ask")
def ask_gateway(gateway_id: int) -> ResponseReturnValue:
    """Have a device tried, read, or asked for past days, soon and by a worker."""
    kind = request.form.get("kind", "")
    if kind not in list(Kind):
        return _page(gateway_id, {"kind": _("試す、読む、取り込むのどれかを選んでください。")}), 422
    days, errors = _days(kind)
    if errors:
        return _page(gateway_id, errors), 422
    try:
        number = ask(database(), gateway_id, Kind(kind), (principal().name, now()), days)
    except TooSoon as soon:
        sentence = _("この機器には、いま頼んだところです。%(n)s 秒待ってください。", n=soon.wait_s)
        return _page(gateway_id, {"kind": sentence}), 429
    start_soon(Call(Task.ASK, (number,)))
    flash(_("機器に頼みました。結果はこのページに出ます。"))
    return redirect(url_for("office.gateway", gateway_id=gateway_id), 303)


def _days(kind: str) -> tuple[tuple[date, date] | None, dict[str, str]]:
    """Return the days that a backfill asks for, or a sentence for the field at fault."""
    if kind != Kind.BACKFILL:
        return None, {}
    try:
        first = date.fromisoformat(request.form.get("from", ""))
        last = date.fromisoformat(request.form.get("to", ""))
    except ValueError:
        return None, {"from": _("日付を 2024-01-16 のように入れてください。")}
    if not first <= last <= day_of(now()):
        return None, {"to": _("はじめの日から今日までの日を入れてください。")}
    if (last - first).days >= LONGEST_DAYS:
        return None, {"to": _("一度に頼めるのは %(n)s 日までです。", n=LONGEST_DAYS)}
    return (first, last), {}


@office.post("/gateways/<int:gateway_id>/commission")
def commission_gateway(gateway_id: int) -> ResponseReturnValue:
    """Keep that somebody has seen the device read rightly; refused while a check is open."""
    home = get_device_home(database(), gateway_id, now(), _closing_day())
    checks = find_checks(database(), gateway_id, now())
    if not all(check.is_done for check in checks):
        return _page(gateway_id, {"commission": _("まだ終わっていない確認があります。")}), 422
    commission(database(), gateway_id, (principal().name, now()))
    flash(_("%(name)s の設置を確認済にしました。", name=home.name))
    return redirect(url_for("office.gateway", gateway_id=gateway_id), 303)


def _page(gateway_id: int, errors: dict[str, str]) -> str:
    session, today = database(), day_of(now())
    home = get_device_home(session, gateway_id, now(), _closing_day())
    (device,) = [one for one in home.devices if one.gateway_id == gateway_id]
    asked, words = find_requests(session, gateway_id, SHOWN), _all_words()
    silent = home.risk.channels if home.risk else ()
    return render_template(
        "office/gateway.html",
        home=home,
        device=device,
        asked=asked,
        is_waiting=any(one.ended_at is None for one in asked),
        checks=find_checks(session, gateway_id, now()),
        errors=errors,
        typed={
            "from": request.form.get("from", str(today - timedelta(days=1))),
            "to": request.form.get("to", str(today - timedelta(days=1))),
        },
        budget=MONTH_OCTETS,
        silent="、".join(words["channels"][name] for name in silent),
        **words,
    )


def _all_words() -> dict[str, dict[str, str]]:
    return {
        "states": state_words(),
        "outcomes": outcome_words(),
        "hints": hint_words(),
        "kinds": request_words(),
        "channels": channel_words(),
        "drivers": driver_words(),
        "check_words": check_words(),
    }
