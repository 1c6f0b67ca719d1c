"""The pages, the live answer and the SD card of a made-up AiSEG2, built like a real one's."""

import csv
import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

from ingest.simulator.house import DAY_S, SLOT_S, SunnyHouse
from shared.months import day_of, instant

JST = timezone(timedelta(hours=9))
FIRMWARE = "Ver.2.97I-01"
TOKEN = "40817"  # noqa: S105 - a real device gives five digits too, and they guard nothing here
GENERATION, CONSUMPTION, BUY, SELL = "1", "2", "3", "4"
_TITLES = {GENERATION: "発電量", CONSUMPTION: "使用電力量", BUY: "買電量", SELL: "売電量"}
_HOUR_S = 3600
CARD_COLUMNS = (
    "計測日時", "太陽光発電(創蓄パワコン)", "蓄電池充電", "蓄電池放電", "主幹買電", "主幹売電",
    "太陽光発電(PV1)", "太陽光発電(PV2)", "EV充電電力量", "無効1", "無効2", "ＬＤＫ", "ＬＤＫ",
    "洋室１", "使用電力量",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Household:
    """What an AiSEG2 measures: a house, from when on, and the price of sold power in sen."""

    house: SunnyHouse
    since: date
    sale_sen: int = 1600

    def wh(self, kind: str, start: int, end: int) -> int:
        """Return what one of the four meters counted between two instants."""
        before, after = self.house.registers(start), self.house.registers(end)
        pv, export, imported = (b - a for a, b in zip(before, after, strict=True))
        return {GENERATION: pv, CONSUMPTION: pv - export + imported, BUY: imported, SELL: export}[
            kind
        ]


def day_page(home: Household, kind: str, day: date, clock_at: int, *, lost: bool = False) -> str:
    """Return the page of a day in kWh; hours that have not come yet show 0, as on a real one."""
    hours = _hours(home, kind, day, clock_at)
    has_data = not lost and home.since <= day <= day_of(clock_at)
    total = _kwh(sum(hours)) if has_data else "-"
    before = day - timedelta(days=1)
    graph = {
        "isSell": kind == SELL,
        "unit": "day",
        "total1": [wh / 1000 if has_data else 0 for wh in hours],
        "total2": [wh / 1000 for wh in _hours(home, kind, before, clock_at)],
        "max": 5,
        "totalValue": total,
    }
    tabs = {"day": [day.year, day.month, day.day], "month_compare": "mon", "day_compare": "day"}
    sale = f"{home.sale_sen // 100}.{home.sale_sen % 100:02d}"
    price = f'<div id="info_txt">売電単価：<span id="val_sale">{sale}</span>円</div>'
    parts = (
        _head(_TITLES[kind], clock_at),
        '<div id="stage" class="day graph_contents"><canvas id="graph_current"></canvas></div>',
        f'<div id="info_last"><span id="val_last">{before:%m/%d}</span></div>',
        price if kind == SELL else "",
        f'<div id="txt_val_wrapper"><div id="val_current">{day:%Y/%m/%d}</div>',
        f'<div id="txt_graph_kwh"><span id="val_kwh">{total}</span>',
        '<span id="unit_kwh">kWh</span></div></div>',
        f'<script type="text/javascript">\n\tvar version = "{FIRMWARE}";',
        f"\tvar graph_data = {_json(graph)};\n\tvar tabs = {_json(tabs)};\n</script>",
        "</body>\n</html>\n",
    )
    return "\n".join(parts)


def index_page(clock_at: int) -> str:
    """Return the page behind the redirect of `/`."""
    return _head("ホーム", clock_at) + "\n</body>\n</html>\n"


def smart_meter_page(home: Household, clock_at: int) -> str:
    """Return the page that tells which way the power flows at this moment."""
    _, grid_w = home.house.watts(clock_at)
    word, watts = ("売電中", -grid_w) if grid_w < 0 else ("買電中", grid_w)
    said = f'<div id="valinfo"><div class="valimg">{watts}W {word}</div></div>'
    return _head("スマートメーター", clock_at) + said + "\n</body>\n</html>\n"


def live_answer(home: Household, clock_at: int, *, registered: bool = True) -> str:
    """Return the answer to /data/electricflow/111/update."""
    pv_w, grid_w = home.house.watts(clock_at)
    told = {
        "g_capacity": f"{pv_w / 1000:.1f}",
        "u_capacity": f"{(pv_w + grid_w) / 1000:.1f}",
        "lo_buy_sell": 2 if grid_w == 0 else int(grid_w < 0),
        "soc": 0,
        "percent": "-",
        "charge": 2,
        "connSb": 0,
        "g_d_1_title": "太陽光発電",
        "g_d_1_capacity": pv_w,
        "g_d_2_title": "",
        "g_d_2_capacity": "-",
        "u_d_1_title": "ＬＤＫ",
        "u_d_1_capacity": max(0, pv_w + grid_w),
        "best1": 1,
        "measReg": int(registered),
    }
    return _json(told)


def card_page(*, has_card: bool) -> str:
    """Return the page of the SD card; without one it has no token to give."""
    token = f'<input type="hidden" NAME="csrftoken" VALUE="{TOKEN}" />' if has_card else ""
    return (
        "<!DOCTYPE html>\n<html><head><title></title></head>\n<body>\n"
        '<form name="set" method="post"><input type="hidden" NAME="top" VALUE="0" />'
        f'<input type="hidden" NAME="downType" VALUE="0" />{token}</form>\n</body></html>\n'
    )


def card_zip(home: Household, clock_at: int, days: int, lost: Sequence[date] = ()) -> bytes:
    """Return the ZIP of the card: half-hours and hours of the last days, and days by month."""
    today = day_of(clock_at)
    kept = [today - timedelta(days=n) for n in range(days, -1, -1)]
    kept = [day for day in kept if day >= home.since]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("co2.conf", "co2=0.423\n")
        for day in kept:
            for name, step in (("30minhistory", SLOT_S), ("hourhistory", _HOUR_S)):
                rows = _slots(home, day, step, clock_at, lost=day in lost)
                archive.writestr(f"{name}_rc_{day:%Y%m%d}.csv", _csv(rows))
        for month in sorted({(day.year, day.month) for day in kept}):
            rows = [_day_row(home, day) for day in kept[:-1] if (day.year, day.month) == month]
            archive.writestr(f"dayhistory_rc_{month[0]}{month[1]:02d}.csv", _csv(rows))
    return packed.getvalue()


def _slots(
    home: Household, day: date, step_s: int, clock_at: int, *, lost: bool
) -> list[list[str]]:
    """Return a row for each slot of a day; those to come, and lost ones, say nothing."""
    rows = []
    form = "%Y%m%d%H%M+0900" if step_s == SLOT_S else "%Y%m%d%H+0900"
    for start in range(instant(day), instant(day) + DAY_S, step_s):
        known = not lost and start + step_s <= clock_at
        stamp = datetime.fromtimestamp(start, UTC).astimezone(JST).strftime(form)
        rows.append([stamp, *_cells(home, (start, start + step_s), known=known)])
    return rows


def _day_row(home: Household, day: date) -> list[str]:
    start = instant(day)
    return [f"{day:%Y%m%d}", *_cells(home, (start, start + DAY_S), known=True)]


def _cells(home: Household, span: tuple[int, int], *, known: bool) -> list[str]:
    """Return the columns after the time; a battery, a second roof and an EV are not there."""
    if not known:
        return ["-"] * (len(CARD_COLUMNS) - 1)
    pv, used, bought, sold = (home.wh(k, *span) for k in (GENERATION, CONSUMPTION, BUY, SELL))
    rooms = [used // 2, used // 4, used // 8]
    cells = ["-", "-", "-", bought, sold, pv, "-", "-", "-", "-", *rooms, used]
    return [str(cell) for cell in cells]


def _csv(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(CARD_COLUMNS)
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def _hours(home: Household, kind: str, day: date, clock_at: int) -> list[int]:
    starts = range(instant(day), instant(day) + DAY_S, _HOUR_S)
    return [
        home.wh(kind, start, min(start + _HOUR_S, clock_at)) if start < clock_at else 0
        for start in starts
    ]


def _head(title: str, clock_at: int) -> str:
    """Return the beginning of every page, with the firmware in its links and the clock."""
    now = datetime.fromtimestamp(clock_at, UTC).astimezone(JST)
    clock = {
        "year": f"{now:%y}", "month": str(now.month), "day": str(now.day),
        "hour": str(now.hour), "min": str(now.minute), "sec": str(now.second),
        "weekday": str(now.isoweekday() % 7),
    }  # fmt: skip
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="ja" lang="ja">\n<head>\n'
        f'<link href="/contents/{FIRMWARE}/stylesheets/common.css" rel="stylesheet" />\n'
        f"<title>{title}</title>\n</head>\n"
        f'<body class="pc">\n<h1 id="h_title">{title}<span id="h_subtitle"></span></h1>\n'
        '<script type="text/javascript">\n\tTimeInfoVariable = {};\n'
        f"\tTimeInfoVariable.serverTime = '{_json(clock)}';\n</script>"
    )


def _json(told: object) -> str:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def _kwh(wh: int) -> str:
    return f"{wh // 1000}.{wh % 1000:03d}"
