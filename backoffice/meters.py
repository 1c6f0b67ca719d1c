"""The meter book: meters, their certificates, a swap recorded, what a channel's values are."""

from collections.abc import Mapping
from datetime import date, datetime

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound as PageMissing

from backoffice.acting import own_act, reason_missing, typed, typed_reason
from backoffice.blueprint import office
from backoffice.fleet_words import alarm_words, driver_words, metrology_words
from backoffice.words import channel_words
from shared.csvfile import Column, CsvWriter
from shared.customers.stored import get_stored
from shared.energy.quantities import Quantity
from shared.errors import ValueRefused
from shared.fleet.meters import (
    ALARMS,
    METROLOGIES,
    BookRow,
    count_alarms,
    find_book,
    find_meters_of,
    state_metrology,
)
from shared.invoices.rederiving import rederive
from shared.months import JST_S, Month, day_of
from shared.telemetry.storing import MeterChange, record_meter
from shared.units import MAX_DIGITS, parse_kwh
from shared.web import paging
from shared.web.downloads import asked_encoding, csv_answer
from shared.web.request import database, now, principal

FIELDS = ("at", "removed_kwh", "installed_kwh", "serial", "digits", "certified_until", "reference")
LONGEST = 100
HEADERS = (
    "顧客番号", "氏名", "区分", "計器番号", "取付日", "検定有効期限", "計量", "機器", "写真の控え",
)  # fmt: skip
TEXTS = ("氏名", "計器番号", "写真の控え")


@office.get("/meters")
def meters() -> ResponseReturnValue:
    """List the channels with their meters, certificates that end first."""
    shown, alarm = paging.asked_slice(), paging.choice("alarm", ALARMS)
    rows = find_book(database(), day_of(now()), paging.word("q"))
    found = [row for row in rows if alarm is None or row.alarm == alarm]
    return render_template(
        "office/meters.html",
        rows=found[shown.offset : shown.offset + shown.size],
        pager=paging.Pager(shown, len(found)),
        counts=count_alarms(rows),
        alarm=alarm,
        q=paging.word("q"),
        **_all_words(),
    )


@office.get("/meters.csv")
def meters_csv() -> Response:
    """Send every channel that the filter finds."""
    alarm = paging.choice("alarm", ALARMS)
    rows = find_book(database(), day_of(now()), paging.word("q"))
    words = _all_words()
    writer = CsvWriter([Column(header, header in TEXTS) for header in HEADERS], asked_encoding())
    cells = (_cells(row, words) for row in rows if alarm is None or row.alarm == alarm)
    return csv_answer("計器一覧.csv", writer.chunks(cells))


def _cells(row: BookRow, words: Mapping[str, Mapping[str, str]]) -> list[str]:
    return [
        row.customer_no, row.name, words["channels"][row.quantity], row.serial,
        f"{day_of(row.installed_at):%Y/%m/%d}" if row.installed_at is not None else "",
        f"{row.certified_until:%Y/%m}" if row.certified_until else "",
        words["metrologies"][row.metrology], words["drivers"].get(row.driver, ""), row.reference,
    ]  # fmt: skip


@office.get("/meters/<customer_no>/<quantity>")
def meter(customer_no: str, quantity: str) -> ResponseReturnValue:
    """Show a channel's meters, and the forms for a swap and for what its values are."""
    return _page(customer_no, _channel(quantity), dict.fromkeys(FIELDS, ""), {})


@office.post("/meters/<customer_no>/<quantity>")
def record_meter_change(customer_no: str, quantity: str) -> ResponseReturnValue:
    """Record a meter put in, or one in place of another, however late; bills follow."""
    channel, form = _channel(quantity), {name: typed(name) for name in FIELDS}
    stored = get_stored(database(), customer_no)
    change, errors = _change(form, now())
    if change is None:
        return _page(customer_no, channel, form, errors), 422
    act = own_act()
    is_new = record_meter(
        database(), (stored.site_id, channel), change, now=act.now, actor=act.actor
    )
    effects = rederive(database(), [stored.customer_id], day_of(change.at), act) if is_new else []
    if not is_new:
        flash(_("同じ記録が、もうあります。"))
    else:
        flash(_("計器を記録しました。変わる請求書は %(n)s 件です。", n=len(effects)))
    return redirect(url_for("office.meter", customer_no=customer_no, quantity=quantity), 303)


@office.post("/meters/<customer_no>/<quantity>/state")
def state_meter(customer_no: str, quantity: str) -> ResponseReturnValue:
    """Keep what somebody states a channel's values to be, with the reason; bills follow."""
    channel = _channel(quantity)
    stored = get_stored(database(), customer_no)
    found = find_meters_of(database(), stored.site_id, channel)
    metrology = request.form.get("metrology", "")
    errors = {} if typed_reason() else {"reason": reason_missing()}
    if metrology not in METROLOGIES:
        errors["metrology"] = _("どれかを選んでください。")
    if found.channel_id is None:
        raise PageMissing
    if errors:
        return _page(customer_no, channel, dict.fromkeys(FIELDS, ""), errors), 422
    who = (principal().name, now())
    if state_metrology(database(), found.channel_id, metrology, typed_reason(), who):
        rederive(database(), [stored.customer_id], date.min, own_act())
        flash(_("計量の区分を記録しました。"))
    else:
        flash(_("計量の区分は、もうそのとおりです。"))
    return redirect(url_for("office.meter", customer_no=customer_no, quantity=quantity), 303)


def _channel(quantity: str) -> Quantity:
    try:
        return Quantity(quantity)
    except ValueError:
        raise PageMissing from None


def _change(form: Mapping[str, str], at_most: int) -> tuple[MeterChange | None, dict[str, str]]:
    """Return the meter that a form states, or a sentence for each field at fault."""
    errors: dict[str, str] = {}
    at = _instant(form["at"])
    if at is None or at > at_most:
        errors["at"] = _("これまでの日時を 2024-01-16 10:30 のように入れてください。")
    registers: dict[str, int | None] = {}
    for name in ("installed_kwh", "removed_kwh"):
        try:
            registers[name] = int(parse_kwh(form[name])) if form[name] else None
        except ValueRefused:
            errors[name] = _("12345.6 のように、kWh の数字で入れてください。")
    if not form["installed_kwh"]:
        errors["installed_kwh"] = _("取り付けたときの指示数を入れてください。")
    if not form["serial"] or len(form["serial"]) > LONGEST:
        errors["serial"] = _("計器の番号を入れてください。")
    if form["digits"] and not _is_digits(form["digits"]):
        errors["digits"] = _("kWh の整数の桁数を 1 から %(n)s で入れてください。", n=MAX_DIGITS)
    until = _month(form["certified_until"])
    if form["certified_until"] and until is None:
        errors["certified_until"] = _("2034-01 のように入れてください。")
    if len(form["reference"]) > LONGEST:
        errors["reference"] = _("%(n)s 文字までで入れてください。", n=LONGEST)
    installed = registers.get("installed_kwh")
    if errors or at is None or installed is None:
        return None, errors
    digits = int(form["digits"]) if form["digits"] else None
    return _fitting(MeterChange(
        at, form["serial"], installed, registers["removed_kwh"], digits, until,
        form["reference"] or None,
    ))  # fmt: skip


def _fitting(change: MeterChange) -> tuple[MeterChange | None, dict[str, str]]:
    """Return a meter, or the sentence for a register that its digits cannot show."""
    if change.fits:
        return change, {}
    return None, {"installed_kwh": _("この桁数の計器には出ない指示数です。")}


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_DIGITS


def _instant(text: str) -> int | None:
    """Return a time of Japan written 2024-01-16T10:30 (or with a blank) as a UTC second."""
    try:
        said = datetime.fromisoformat(text)
    except ValueError:
        return None
    if said.tzinfo is not None:
        return None
    return int((said - datetime(1970, 1, 1)).total_seconds()) - JST_S  # noqa: DTZ001 - both without zone


def _month(text: str) -> date | None:
    try:
        return Month.parse(text).first() if text else None
    except ValueRefused:
        return None


def _page(
    customer_no: str, channel: Quantity, form: Mapping[str, str], errors: Mapping[str, str]
) -> str:
    stored = get_stored(database(), customer_no)
    return render_template(
        "office/meter.html",
        customer_no=customer_no,
        name=stored.contact["name"],
        quantity=channel.value,
        found=find_meters_of(database(), stored.site_id, channel),
        typed=form,
        errors=errors,
        **_all_words(),
    )


def _all_words() -> dict[str, dict[str, str]]:
    return {
        "alarms": alarm_words(),
        "drivers": driver_words(),
        "metrologies": metrology_words(),
        "channels": channel_words(),
    }
