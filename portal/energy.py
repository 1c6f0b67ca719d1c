"""The page of the electricity itself: a day, a month or a year, as picture, table and file."""

from collections.abc import Iterator

from flask import render_template, request
from flask.typing import ResponseReturnValue

from portal.blueprint import customer_id, portal
from portal.energies import Home, Told, compare, neighbours, tell
from portal.spans import MONTH, YEAR, Span, span_of
from shared.csvfile import Column, CsvWriter
from shared.invoices.exporting import QUALITIES
from shared.months import day_of
from shared.settings import find_settings
from shared.telemetry.today import find_today
from shared.units import kwh_text
from shared.web.downloads import asked_encoding, csv_answer
from shared.web.filters import stamp
from shared.web.request import database, now

FIGURES = (
    ("発電量(kWh)", "pv_wh"), ("売電量(kWh)", "export_wh"), ("利用量(kWh)", "use_wh"),
    ("買電量(kWh)", "import_wh"), ("充電量(kWh)", "charge_wh"), ("放電量(kWh)", "discharge_wh"),
    ("消費量(kWh)", "home_wh"),
)  # fmt: skip
LABELS = {"day": "時刻", "month": "利用日", "year": "利用月"}


def _asked() -> tuple[Home, Span]:
    """Return the reader's home and the span that the address asks for."""
    session, at = database(), now()
    today = day_of(at)
    closing_day = find_settings(session, on=today).closing_day
    return Home(session, customer_id(), at), span_of(request.args, today, closing_day)


@portal.get("/energy")
def energy() -> ResponseReturnValue:
    """Show what was generated, used, sold and bought in a day, a month or a year."""
    home, span = _asked()
    told = tell(home, span)
    before, after = neighbours(home, span)
    return render_template(
        "portal/energy.html",
        span=span,
        told=told,
        kinds={kind: span.of_kind(kind, home.today) for kind in LABELS},
        before=before,
        after=after,
        comparisons=compare(home, span, told),
        heard_at=find_today(home.session, home.customer_id, home.now).heard_at,
        has={name for _, name in FIGURES if getattr(told.total, name) is not None},
    )


@portal.get("/energy.csv")
def energy_csv() -> ResponseReturnValue:
    """Send what the page shows."""
    home, span = _asked()
    columns = [Column(LABELS[span.kind]), *(Column(title) for title, _ in FIGURES)]
    writer = CsvWriter([*columns, Column("区分", is_text=True)], asked_encoding())
    name = f"電気_{span.args()['at']}.csv"
    return csv_answer(name, writer.chunks(_lines(span, tell(home, span))))


def _lines(span: Span, told: Told) -> Iterator[list[str]]:
    for row in told.rows:
        if isinstance(row.at, int):
            label = stamp(row.at)
        else:
            label = f"{row.at:%Y/%m/%d}" if span.kind == MONTH else f"{row.at:%Y/%m}"
        figures = [getattr(row.energy, name) for _, name in FIGURES]
        cells = ["" if wh is None else kwh_text(wh) for wh in figures]
        quality = "" if span.kind == YEAR else QUALITIES[row.energy.quality]
        yield [label, *cells, quality]
