"""A channel that is plain comes out as if it had been judged."""

from hypothesis import given
from hypothesis import strategies as st

from shared.energy.boundaries import Boundary, boundaries
from shared.energy.ledger import is_night_flat, judge
from shared.energy.plain import is_plain, plain_boundaries
from shared.energy.quantities import Battery, Quantity, Source
from shared.energy.readings import Channel, MeterEvent, Reading, Site
from shared.months import DAY_S, instant

FIRST = 1_705_330_800
"""A midnight in Japan."""

hops = st.sampled_from([0, 300, 1800, 9000, 20 * 3600, DAY_S, DAY_S, DAY_S, 3 * DAY_S])
steps = st.one_of(st.sampled_from([0, 0, 9, 10, 199, 201, 4000]), st.integers(-150, 60_000))


@st.composite
def channels(draw: st.DrawFn, begin: int) -> list[Reading]:
    at, wh, readings = begin, draw(st.integers(0, 50_000)), []
    source = draw(st.sampled_from([Source.IMPORT, Source.IMPORT, Source.POLL, Source.MANUAL]))
    for hop, step in draw(st.lists(st.tuples(hops, steps), max_size=30)):
        at, wh = at + hop, wh + step
        readings.append(Reading(at, int(source), max(wh, 0)))
    return readings


def put_in(after: int, wh: int) -> MeterEvent:
    return MeterEvent(FIRST + after, f"A{after}", wh)


@given(
    st.integers(0, DAY_S).flatmap(lambda s: st.tuples(channels(FIRST + s), channels(FIRST))),
    st.sampled_from(list(Battery)),
    st.sampled_from([None, 5000]),
    st.lists(
        st.builds(put_in, st.sampled_from([-9000, 0, DAY_S]), st.integers(0, 900)), max_size=2
    ),
)
def test_what_is_plain_is_what_judging_says(
    read: tuple[list[Reading], list[Reading]],
    battery: Battery,
    panel_w: int | None,
    events: list[MeterEvent],
) -> None:
    pv, export = read
    site = Site(
        {Quantity.PV: Channel(pv, events), Quantity.EXPORT: Channel(export)}, battery, panel_w
    )
    if not is_plain(site):
        return
    judged = judge(site)
    for quantity, channel in site.channels.items():
        ledger = judged.ledgers[quantity]
        assert ledger.refusals == []
        told = plain_boundaries(channel, night_is_flat=is_night_flat(site, quantity))
        assert told == {instant(b.day): cells(b) for b in boundaries(ledger)}


def cells(known: Boundary) -> tuple[int, int, int, str, int, int]:
    assert known.doubts == ()
    return (
        known.wh, known.ledger, known.meter_at, known.how.value, known.read_at, known.until_at,
    )  # fmt: skip


def test_steady_registers_of_midnight_are_plain() -> None:
    days = [Reading(FIRST + n * DAY_S, int(Source.IMPORT), 1000 + n * 9990) for n in range(40)]
    site = Site({Quantity.PV: Channel(days)})
    assert is_plain(site)
    assert len(plain_boundaries(Channel(days), night_is_flat=True)) == 40


def test_a_meter_put_in_before_its_first_reading_is_plain() -> None:
    days = [Reading(FIRST + n * DAY_S, int(Source.IMPORT), n * 9990) for n in range(1, 40)]
    channel = Channel(days, [put_in(0, 0)])
    site = Site({Quantity.PV: channel})
    assert is_plain(site)
    told = plain_boundaries(channel, night_is_flat=True)
    assert told == {instant(b.day): cells(b) for b in boundaries(judge(site).ledgers[Quantity.PV])}
    assert told[FIRST] == (0, 0, FIRST, "exact", FIRST, FIRST)
