"""Panasonic AiSEG2 over its local web pages: sums by the hour, no registers (gateways.md §1d)."""

import base64
import json
from collections.abc import Sequence
from datetime import date
from typing import Final
from urllib.parse import quote

from ingest.drivers.aiseg2_card import HALF_HOUR_S, MOST_ZIP_BYTES, Card, find_token
from ingest.drivers.aiseg2_pages import (
    PAGES,
    DayPage,
    LiveFlow,
    decode_day_page,
    decode_live,
)
from ingest.drivers.digest import DigestDoor
from ingest.drivers.protocol import (
    Ask,
    Clock,
    Found,
    History,
    Identity,
    Outcome,
    Reach,
    ReadingFailed,
    Sample,
    Target,
    failed,
)
from ingest.drivers.weblink import WebLink
from shared.energy.quantities import Quantity
from shared.months import DAY_S, day_of, instant
from shared.units import Wh

USER: Final = "aiseg"
CARD_PAGE: Final = "/set/exectop2.cgi"
CARD_DEADLINES: Final = 3
"""How many deadlines the SD card may take: the device packs years into one ZIP, up to a minute."""
_FATAL: Final = (Outcome.UNREACHABLE, Outcome.AUTH_FAILED, Outcome.REFUSED_ADDRESS)

Moments = tuple[tuple[int, Wh | None], ...]


class AisegDriver:
    """One AiSEG2; its SD card is read once, and only where the pages do not tell a day."""

    def __init__(self, target: Target, reach: Reach, now: Clock) -> None:
        """Take what is to be read, how far, and the time."""
        self._target, self._reach, self._now = target, reach, now
        self._door = DigestDoor(USER, target.secret)
        self._card: Card | ReadingFailed | None = None

    async def identify(self) -> Identity:
        """Return maker, model and firmware; raises ReadingFailed."""
        with self._link() as link:
            page = await self._today(link, Quantity.EXPORT)
        error_s = page.clock_error_s(self._now())
        return Identity("Panasonic", "AiSEG2", version=page.word.firmware, clock_error_s=error_s)

    async def read(self, asks: Sequence[Ask]) -> list[Sample]:
        """Return today's energy so far of each channel, one page after another."""
        with self._link() as link:
            return [await self._sample(link, ask) for ask in asks]

    async def _sample(self, link: WebLink, ask: Ask) -> Sample:
        try:
            page = await self._today(link, ask.channel)
        except ReadingFailed as failure:
            return failed(ask, self._now(), failure)
        at = self._now()
        if page.total_wh is None:
            sentence = "its page of today shows no figure"
            return Sample(ask.channel, at, outcome=Outcome.NO_DATA, error=sentence)
        return Sample(
            ask.channel,
            at,
            page.total_wh,
            clock_error_s=page.clock_error_s(at),
            hours=tuple((start, wh) for start, wh in page.moments(at) if wh is not None),
            word=page.word,
        )

    async def survey(self) -> list[Found]:
        """Return today's energy of every page; raises ReadingFailed where none can be had."""
        found = []
        with self._link() as link:
            for quantity in PAGES:
                sample = await self._sample(link, Ask(quantity))
                if sample.outcome in _FATAL:
                    raise ReadingFailed(sample.outcome, sample.error or "")
                found.append(Found(quantity.value, sample.wh, None, sample.outcome, sample.error))
        return found

    async def live(self) -> LiveFlow:
        """Return what flows at this moment; raises ReadingFailed."""
        with self._link() as link:
            return decode_live(await link.post("/data/electricflow/111/update", b"data=%7B%7D"))

    async def history(self, ask: Ask, day: date) -> History:
        """Return a day by the hour from its page, or by the half-hour from the SD card.

        An hour that is not yet over, by our clock or by the device's own, is a hole.
        """
        try:
            if ask.channel not in PAGES:
                return _told(ask, day, 30, await self._on_card(ask.channel, day))
            with self._link() as link:
                page = await self._page(link, ask.channel, day)
            return await self._best(ask, page)
        except ReadingFailed as failure:
            return History(
                ask.channel, day, "interval", 60, outcome=failure.outcome, error=str(failure)
            )

    async def _best(self, ask: Ask, page: DayPage) -> History:
        """Return the page's hours, or the card's half-hours where those tell more of the day."""
        moments = page.moments(self._now())
        known = _known(moments)
        is_over = instant(page.day) + DAY_S <= self._now()
        if known < len(moments) and is_over and self._reach.bulk:
            try:
                card = await self._on_card(ask.channel, page.day)
            except ReadingFailed:
                card = ()
            if _known(card) == DAY_S // HALF_HOUR_S or (_known(card) and not known):
                return _told(ask, page.day, 30, card)
        if not known:
            raise ReadingFailed(Outcome.NO_DATA, f"its page of {page.day} shows no finished hour")
        error_s = page.clock_error_s(self._now())
        return History(
            ask.channel,
            page.day,
            "interval",
            60,
            moments,
            clock_error_s=error_s,
            word=page.word,
        )

    async def _on_card(self, quantity: Quantity, day: date) -> Moments:
        """Return a day's half-hours on the SD card; raises ReadingFailed where it has none."""
        if not self._reach.bulk:
            raise ReadingFailed(Outcome.NO_HISTORY, "its SD card is read in a backfill only")
        if self._card is None:
            try:
                self._card = await self._fetch_card()
            except ReadingFailed as failure:
                self._card = failure
        if isinstance(self._card, ReadingFailed):
            raise self._card
        moments = self._card.day(quantity, day)
        if moments is None:
            raise ReadingFailed(Outcome.NO_HISTORY, f"its SD card has no file of {day}")
        return moments

    async def _fetch_card(self) -> Card:
        with self._link(CARD_DEADLINES) as link:
            token = find_token(await link.get(CARD_PAGE))
            if token is None:
                raise ReadingFailed(Outcome.NO_HISTORY, "there is no SD card in it")
            query = f"{CARD_PAGE}?downType=1&csrftoken={quote(token)}"
            body = await link.get(query, MOST_ZIP_BYTES, patient=True)
        if not body.startswith(b"PK"):
            raise ReadingFailed(Outcome.NO_HISTORY, "it sends no ZIP, as without an SD card")
        return Card(body)

    async def _today(self, link: WebLink, quantity: Quantity) -> DayPage:
        if quantity not in PAGES:
            sentence = f"its pages tell no {quantity}; only its SD card does"
            raise ReadingFailed(Outcome.NO_CHANNEL, sentence)
        today = day_of(self._now())
        return decode_day_page(await link.get(f"/page/graph/{PAGES[quantity]}"), quantity, today)

    async def _page(self, link: WebLink, quantity: Quantity, day: date) -> DayPage:
        wanted = {
            "day": [day.year, day.month, day.day],
            "month_compare": "mon",
            "day_compare": "day",
        }
        code = base64.b64encode(json.dumps(wanted, separators=(",", ":")).encode()).decode()
        body = await link.get(f"/page/graph/{PAGES[quantity]}?data={quote(code, safe='')}")
        return decode_day_page(body, quantity, day)

    def _link(self, deadlines: int = 1) -> WebLink:
        return WebLink(self._target, self._reach, self._door, self._reach.deadline_s * deadlines)


def _known(moments: Moments) -> int:
    return sum(wh is not None for _, wh in moments)


def _told(ask: Ask, day: date, minutes: int, moments: Moments) -> History:
    """Return a day as the SD card tells it; raises ReadingFailed `no_data` for one of holes."""
    if not _known(moments):
        raise ReadingFailed(Outcome.NO_DATA, f"its SD card holds no figure of {day}")
    return History(ask.channel, day, "interval", minutes, moments)
