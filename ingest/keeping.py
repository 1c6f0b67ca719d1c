"""From stored gateways to what is asked of them, and from their answers to stored readings."""

from collections.abc import Sequence

from sqlalchemy import update
from sqlalchemy.orm import Session

from ingest.addresses import parse_address
from ingest.drivers.polling import poll_many
from ingest.drivers.protocol import (
    Ask,
    Clock,
    History,
    Outcome,
    Reach,
    ReadingFailed,
    Sample,
    Target,
    failed,
)
from ingest.drivers.sunspec_models import METERS
from ingest.due import Polled
from shared import seal
from shared.config import Config
from shared.energy.quantities import Source
from shared.errors import PpaError
from shared.fleet.states import PATIENCE
from shared.fleet.traffic import add_traffic
from shared.gateways import FeedPlan, StoredGateway, put_words
from shared.models import telemetry
from shared.telemetry.deriving import mark_stale
from shared.telemetry.intervals import IntervalRow, store_intervals
from shared.telemetry.storing import store_readings

LEASE_LEEWAY_S = 5


def lease_s(config: Config) -> int:
    """Return the length of a lease: the deadline and a little longer (decision 36)."""
    return config.gateway_deadline_s + LEASE_LEEWAY_S


def reach_of(config: Config) -> Reach:
    """Return how far and how long this process may reach for gateways (PPA_GATEWAY_*)."""
    return Reach(
        config.gateway_nets,
        config.allow_loopback_gateways,
        config.gateway_timeout_s,
        config.gateway_deadline_s,
        config.echonet_bind,
    )


def seal_secret(config: Config, secret: str, site_id: int) -> bytes:
    """Return a gateway's secret sealed for its site; raises InputRefused without PPA_CODE_KEY."""
    return seal.seal(config.require_code_key(), secret, f"gateway of site {site_id}")


def unseal_secret(config: Config, gateway: StoredGateway) -> str:
    """Return a gateway's secret, blank where it has none; raises PpaError."""
    if gateway.secret_sealed is None:
        return ""
    bound = f"gateway of site {gateway.site_id}"
    return seal.unseal(config.require_code_key(), gateway.secret_sealed, bound)


async def ask_all(gateways: Sequence[StoredGateway], config: Config, now: Clock) -> list[Polled]:
    """Ask gateways for all their channels; one that cannot even be asked harms no other."""
    targets: list[tuple[Target, Sequence[Ask]]] = []
    found: dict[int, list[Sample]] = {}
    for gateway in gateways:
        asks = [Ask(feed.quantity, feed.source, feed.serial) for feed in gateway.feeds]
        try:
            targets.append((target_of(gateway, config), asks))
        except PpaError as error:
            outcome = Outcome.AUTH_FAILED if gateway.secret_sealed else Outcome.REFUSED_ADDRESS
            unfit = ReadingFailed(outcome, str(error))
            found[gateway.id] = [failed(ask, now(), unfit) for ask in asks]
    asked = [gateway for gateway in gateways if gateway.id not in found]
    lines = [(gateway.site_id, gateway.address) for gateway in asked]
    answers = await poll_many(targets, config.poll_concurrency, reach_of(config), now, lines)
    found |= {gateway.id: samples for gateway, samples in zip(asked, answers, strict=True)}
    octets = {
        gateway.id: target.air.octets for gateway, (target, _) in zip(asked, targets, strict=True)
    }
    return [Polled(gateway, found[gateway.id], octets.get(gateway.id, 0)) for gateway in gateways]


def target_of(gateway: StoredGateway, config: Config) -> Target:
    """Return a stored gateway as it is asked; raises PpaError where that cannot be."""
    return Target(
        gateway.driver,
        parse_address(gateway.address),
        gateway.unit,
        gateway.profile,
        unseal_secret(config, gateway),
        gateway.profile_text,
        down=gateway.failures >= PATIENCE,
    )


def keep(session: Session, polled: Sequence[Polled], now: int) -> int:
    """Store every register that was had, and implausible ones to be set aside; return new ones.

    A channel of day values takes no registers: what it tells of today is not finished, and the
    hours that are over go to the charts.
    """
    rows, hours = [], []
    for one in polled:
        for feed, sample in zip(one.gateway.feeds, one.samples, strict=True):
            wh = sample.wh if sample.wh is not None else sample.set_aside_wh
            if wh is not None and feed.is_register:
                rows.append((feed.channel_id, sample.read_at, int(Source.POLL), wh))
            hours += [
                IntervalRow(feed.channel_id, at, 60, of_hour, int(Source.POLL))
                for at, of_hour in sample.hours
            ]
            _learn(session, one.gateway.site_id, feed, sample)
        keep_words(session, one.gateway.id, one.samples, now)
    store_intervals(session, hours, now)
    add_traffic(session, {one.gateway.id: one.octets for one in polled}, now)
    return store_readings(session, rows, now)


def keep_words(
    session: Session, gateway_id: int, told: Sequence[Sample | History], now: int
) -> None:
    """Keep what a device said of itself beside its figures; a silent one takes nothing away."""
    words = [one.word for one in told if one.word]
    errors = [one.clock_error_s for one in told if one.clock_error_s is not None]
    if not words and not errors:
        return
    firmware = next((word.firmware for word in words if word.firmware), "")
    prices = [word.sale_sen for word in words if word.sale_sen is not None]
    price = prices[0] if prices else None
    put_words(session, [(gateway_id, now, errors[0] if errors else None, firmware, price)])


def _learn(session: Session, site_id: int, feed: FeedPlan, sample: Sample) -> None:
    """Keep the register's least step, whether a meter answered, and the largest modulus told.

    A scale factor that comes and goes makes the modulus do so too; the largest never takes a
    register for wrapped that is not. A new one judges the readings of the past as well.
    """
    if sample.wh is None:
        return
    learnt: dict[str, int | str] = {"unit_wh": sample.unit_wh}
    if sample.modulus_wh is not None and sample.modulus_wh > (feed.modulus_wh or 0):
        learnt["modulus_wh"] = sample.modulus_wh
        mark_stale(session, {site_id: 0})
    if sample.model is not None and not feed.metrology:
        learnt["metrology"] = "certified" if sample.model in METERS else "inverter"
    known = {"unit_wh": feed.unit_wh, "metrology": feed.channel_metrology}
    if learnt.items() <= known.items():
        return
    session.execute(
        update(telemetry.Channel)
        .where(telemetry.Channel.id == feed.channel_id)
        .values(**learnt)
        .execution_options(synchronize_session=False)
    )
