"""The AiSEG2 driver against a real HTTP server with Digest, friendly and hostile."""

import asyncio
import time
from datetime import date, timedelta

import pytest

from ingest.addresses import Address
from ingest.drivers import weblink
from ingest.drivers.aiseg2 import AisegDriver
from ingest.drivers.polling import poll_gateway
from ingest.drivers.protocol import Ask, DeviceWord, Found, Outcome, Reach, ReadingFailed
from ingest.simulator.aiseg2 import BROKEN, AisegManners
from ingest.simulator.aiseg2_pages import BUY, GENERATION, SELL
from shared.energy.quantities import Quantity
from shared.months import instant
from shared.units import Wh
from tests.ingest.aisegs import (
    BEFORE,
    HOME,
    PASSWORD,
    TODAY,
    YESTERDAY,
    an_aiseg,
    in_a_loop,
    its_target,
    metered,
    poll_aiseg,
    remembered,
)
from tests.ingest.gateways import EXPORT, IMPORT, LOOPBACK, NOON, PATIENT, PV, QUICK

CHARGE = Quantity.BATTERY_CHARGE


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a busy device be asked again at once."""
    monkeypatch.setattr(weblink, "BACKOFF_S", (0.0, 0.0))


@in_a_loop
async def test_a_poll_tells_todays_energy_so_far_and_the_hours_that_are_over() -> None:
    async with an_aiseg() as server:
        samples = await poll_aiseg(server, Ask(PV), Ask(EXPORT), Ask(IMPORT))
    start = instant(TODAY)
    assert [sample.wh for sample in samples] == [
        HOME.wh(kind, start, NOON) for kind in (GENERATION, SELL, BUY)
    ]
    assert {sample.outcome for sample in samples} == {Outcome.OK}
    for sample, kind in zip(samples, (GENERATION, SELL, BUY), strict=True):
        assert [at for at, _ in sample.hours] == [start + 3600 * n for n in range(12)]
        assert [wh for _, wh in sample.hours] == [
            HOME.wh(kind, at, at + 3600) for at, _ in sample.hours
        ]


@in_a_loop
async def test_a_device_tells_its_clock_its_firmware_and_the_price_set_in_it() -> None:
    async with an_aiseg(AisegManners(clock_error_s=-95)) as server:
        (sample,) = await poll_aiseg(server, Ask(EXPORT))
        identity = await AisegDriver(its_target(server.port), PATIENT, lambda: NOON).identify()
    assert sample.clock_error_s == identity.clock_error_s == -95
    assert sample.word == DeviceWord("Ver.2.97I-01", 1600)
    assert (identity.maker, identity.model, identity.version) == (
        "Panasonic", "AiSEG2", "Ver.2.97I-01",
    )  # fmt: skip


@in_a_loop
async def test_its_pages_tell_no_battery() -> None:
    async with an_aiseg() as server:
        battery, pv = await poll_aiseg(server, Ask(CHARGE), Ask(PV))
    assert (battery.outcome, pv.outcome) == (Outcome.NO_CHANNEL, Outcome.OK)


@in_a_loop
async def test_a_wrong_password_is_tried_once_and_nothing_more_is_asked() -> None:
    async with an_aiseg() as server:
        samples = await poll_aiseg(server, Ask(PV), Ask(EXPORT), Ask(IMPORT), password="wrong")
        assert [sample.outcome for sample in samples] == [Outcome.AUTH_FAILED] * 3
        assert (server.signed, len(server.asked)) == (1, 2)
        driver = AisegDriver(its_target(server.port, "wrong"), PATIENT, lambda: NOON)
        days = [await driver.history(Ask(PV), YESTERDAY) for _ in range(3)]
    assert [day.outcome for day in days] == [Outcome.AUTH_FAILED] * 3
    assert (server.signed, len(server.asked)) == (2, 4)


@in_a_loop
async def test_without_a_password_none_is_tried() -> None:
    async with an_aiseg() as server:
        (sample,) = await poll_aiseg(server, Ask(PV), password="")
    assert (sample.outcome, server.signed) == (Outcome.AUTH_FAILED, 0)


@pytest.mark.parametrize(
    "manners",
    [AisegManners(one_nonce_a_request=True), AisegManners(closes_after_answer=True)],
    ids=["one nonce a request", "closes after each answer"],
)
@in_a_loop
async def test_a_device_may_forget_a_signature_or_hang_up_between_pages(
    manners: AisegManners,
) -> None:
    async with an_aiseg(manners) as server:
        samples = await poll_aiseg(server, Ask(PV), Ask(EXPORT), Ask(IMPORT))
    assert {sample.outcome for sample in samples} == {Outcome.OK}


@in_a_loop
async def test_every_fifth_answer_may_be_a_503() -> None:
    async with an_aiseg(AisegManners("busy")) as server:
        for _ in range(20):
            samples = await poll_aiseg(server, Ask(PV), Ask(EXPORT))
            assert {sample.outcome for sample in samples} == {Outcome.OK}


@in_a_loop
async def test_a_device_that_stays_busy_is_told_so_after_three_tries() -> None:
    async with an_aiseg(AisegManners("always_busy")) as server:
        (sample,) = await poll_aiseg(server, Ask(PV))
    assert (sample.outcome, len(server.asked)) == (Outcome.BUSY, 3)


@pytest.mark.parametrize(
    ("mode", "outcome"),
    [
        *((mode, Outcome.BAD_ANSWER) for mode in BROKEN if mode not in ("full_width", "too_much")),
        ("full_width", Outcome.OK),
        ("too_much", Outcome.IMPLAUSIBLE),
        ("other_day", Outcome.BAD_ANSWER),
        ("other_page", Outcome.BAD_ANSWER),
        ("cut", Outcome.BAD_ANSWER),
        ("away", Outcome.BAD_ANSWER),
        ("circle", Outcome.BAD_ANSWER),
        ("basic", Outcome.BAD_ANSWER),
        ("not_http", Outcome.BAD_ANSWER),
        ("close", Outcome.METER_SILENT),
        ("silent", Outcome.METER_SILENT),
        ("drip", Outcome.METER_SILENT),
    ],
)
@in_a_loop
async def test_no_false_energy_comes_out_of_a_hostile_device(mode: str, outcome: Outcome) -> None:
    # Short times where time decides, and long ones where the answer does.
    reach = QUICK if mode in ("silent", "drip") else PATIENT
    async with an_aiseg(AisegManners(mode)) as server:
        started = time.perf_counter()
        samples = await poll_aiseg(server, Ask(PV), Ask(EXPORT), reach=reach)
        took = time.perf_counter() - started
        driver = AisegDriver(its_target(server.port), reach, lambda: NOON)
        day = await driver.history(Ask(EXPORT), YESTERDAY)
    assert [sample.outcome for sample in samples] == [outcome] * 2
    assert all(sample.error for sample in samples if sample.outcome is not Outcome.OK)
    assert [sample.wh is None for sample in samples] == [outcome is not Outcome.OK] * 2
    assert (day.outcome, bool(day.moments)) == (outcome, outcome is Outcome.OK)
    assert took < reach.deadline_s + 1.5


@in_a_loop
async def test_a_dead_address_is_unreachable_and_a_forbidden_one_never_connected_to() -> None:
    async with an_aiseg() as server:
        port = server.port
        refused = await poll_gateway(its_target(port), [Ask(PV)], Reach(), lambda: NOON)
        assert server.asked == []
    dead = await poll_gateway(its_target(port), [Ask(PV), Ask(EXPORT)], QUICK, lambda: NOON)
    assert [sample.outcome for sample in refused] == [Outcome.REFUSED_ADDRESS]
    assert [sample.outcome for sample in dead] == [Outcome.UNREACHABLE] * 2


@in_a_loop
async def test_the_root_redirects_inside_the_device_and_is_signed_anew_there() -> None:
    async with an_aiseg() as server:
        driver = AisegDriver(its_target(server.port), PATIENT, lambda: NOON)
        with driver._link() as link:
            body = await link.get("/")
    assert "ホーム" in body.decode()
    assert server.asked[-1] == "/index.cgi"


@in_a_loop
async def test_a_past_day_comes_by_the_hour_and_its_sum_is_the_meters() -> None:
    (pv, export), _ = await remembered(None, [(Ask(PV), YESTERDAY), (Ask(EXPORT), YESTERDAY)])
    for history, kind in ((pv, GENERATION), (export, SELL)):
        assert (history.kind, history.minutes, len(history.moments)) == ("interval", 60, 24)
        assert sum(wh or 0 for _, wh in history.moments) == metered(kind, YESTERDAY)
        assert history.moments[0][0] == instant(YESTERDAY)


@in_a_loop
async def test_an_hour_that_is_not_over_is_a_hole_by_either_clock() -> None:
    (today,), _ = await remembered(None, [(Ask(PV), TODAY)])
    assert [wh is None for _, wh in today.moments] == [False] * 12 + [True] * 12
    late = instant(TODAY) + 1200
    (finished,), _ = await remembered(None, [(Ask(PV), YESTERDAY)], late)
    assert None not in [wh for _, wh in finished.moments]
    slow = AisegManners(clock_error_s=-1800, has_card=False)
    (slow_day,), _ = await remembered(slow, [(Ask(PV), YESTERDAY)], late)
    assert [wh is None for _, wh in slow_day.moments] == [False] * 23 + [True]


@in_a_loop
async def test_a_day_that_the_page_has_lost_comes_off_the_card_read_once() -> None:
    lost = [TODAY - timedelta(days=n) for n in range(1, 6)]
    manners = AisegManners(lost=lost, lost_on_card=lost[-1:])
    days, server = await remembered(manners, [(Ask(EXPORT), day) for day in lost])
    assert [(day.minutes, day.outcome) for day in days[:-1]] == [(30, Outcome.OK)] * 4
    for history in days[:-1]:
        assert sum(wh or 0 for _, wh in history.moments) == metered(SELL, history.day)
    assert (days[-1].outcome, days[-1].moments) == (Outcome.NO_DATA, ())
    assert sum(path.startswith("/set/exectop2.cgi?") for path in server.asked) == 1


@in_a_loop
async def test_without_a_card_a_lost_day_has_no_data_and_a_battery_no_history() -> None:
    manners = AisegManners(has_card=False, lost=[YESTERDAY])
    asks = [(Ask(EXPORT), YESTERDAY), (Ask(CHARGE), YESTERDAY), (Ask(CHARGE), BEFORE)]
    days, server = await remembered(manners, asks)
    assert [day.outcome for day in days] == [
        Outcome.NO_DATA, Outcome.NO_HISTORY, Outcome.NO_HISTORY,
    ]  # fmt: skip
    assert server.asked.count("/set/exectop2.cgi") == 1


@in_a_loop
async def test_a_day_before_the_device_was_there_has_no_data() -> None:
    (day,), _ = await remembered(None, [(Ask(EXPORT), date(2023, 5, 1))])
    assert day.outcome is Outcome.NO_DATA


@in_a_loop
async def test_a_survey_tells_every_page_and_a_live_look_the_flow() -> None:
    async with an_aiseg() as server:
        driver = AisegDriver(its_target(server.port), PATIENT, lambda: NOON)
        found, flow = await driver.survey(), await driver.live()
        server.manners.registered = False
        with pytest.raises(ReadingFailed, match="not registered"):
            await driver.live()
        locked = AisegDriver(its_target(server.port, "wrong"), PATIENT, lambda: NOON)
        with pytest.raises(ReadingFailed, match="password"):
            await locked.survey()
    assert [row.source for row in found] == ["pv", "import", "export"]
    assert found[2] == Found("export", Wh(HOME.wh(SELL, instant(TODAY), NOON)))
    assert (flow.generation_w, flow.grid) == (2100, "sell")


@in_a_loop
async def test_pages_are_asked_for_one_after_another() -> None:
    async with an_aiseg(AisegManners(latency_s=0.02)) as server:
        target = its_target(server.port)
        assert target.address == Address(LOOPBACK, server.port)
        samples = await asyncio.gather(
            *(poll_aiseg(server, Ask(PV), Ask(EXPORT), Ask(IMPORT)) for _ in range(3))
        )
    assert all(s.outcome is Outcome.OK for told in samples for s in told)
    assert PASSWORD not in repr(target)
