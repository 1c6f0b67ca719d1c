"""The gateways CSV of interfaces.md §3: all rows or none, and nothing is ever connected to."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from ingest.addresses import parse_address
from ingest.drivers import echonet_classes
from ingest.drivers.profiles import SHIPPED, find_profile
from ingest.drivers.protocol import Reach, ReadingFailed
from ingest.drivers.sunspec_models import METERS, parse_source
from shared.csvfile import Problems, read_rows
from shared.energy.quantities import Quantity
from shared.errors import InputRefused, ValueRefused
from shared.gateways import METROLOGIES, OF_DAYS, NewGateway, put_gateways
from shared.models import telemetry
from shared.telemetry.storing import find_sites

REQUIRED: Final = ("customer_no", "driver", "address", "channels")
OPTIONAL: Final = ("unit", "profile", "secret", "metrology")
DRIVERS: Final = ("modbus", "sunspec", "aiseg2", "echonet")
MOST_UNITS: Final = 255
CERTIFIED, INVERTER, CT = "certified", "inverter", "ct"

_UNIT = re.compile(r"\d{1,3}", re.ASCII)
_ECHONET_PANEL = 0x0287

Seal = Callable[[str, int], bytes]
"""Seals a secret for a site."""


@dataclass(frozen=True, slots=True)
class GatewayReport:
    """How many rows a file holds, and how many channels they feed."""

    rows: int
    channels: int


def import_gateways(
    session: Session, path: Path, reach: Reach, seal: Seal, *, apply: bool
) -> GatewayReport:
    """Take a file of gateways, or only check it; raises FileRefused."""
    problems = Problems(str(path))
    parser = _Parser(session, path.parent, reach, seal, problems)
    rows = read_rows(path, str(path), REQUIRED, OPTIONAL, problems=problems)
    for line, cells in rows:
        parser.row(line, [cell or "" for cell in cells])
    problems.check()
    if apply:
        put_gateways(session, parser.gateways)
    return GatewayReport(len(parser.gateways), sum(len(new.feeds) for new in parser.gateways))


class _Parser:
    """Rows to gateways; a fault becomes a sentence that names line and column."""

    def __init__(
        self, session: Session, folder: Path, reach: Reach, seal: Seal, problems: Problems
    ) -> None:
        self.gateways: list[NewGateway] = []
        self._session, self._folder, self._reach, self._seal = session, folder, reach, seal
        self._problems = problems
        self._sites = find_sites(session)
        self._taken: dict[tuple[int, Quantity], int] = {}

    def row(self, line: int, cells: Sequence[str]) -> None:
        """Take one row; the cells stand in the order of REQUIRED and OPTIONAL."""
        try:
            self.gateways.append(self._gateway(line, cells))
        except _Refused as refused:
            self._problems.add(line, refused.column, str(refused))

    def _gateway(self, line: int, cells: Sequence[str]) -> NewGateway:
        customer_no, driver, address, channels, unit, profile, secret, metrology = cells
        if customer_no not in self._sites:
            raise _Refused("customer_no", f"there is no customer {customer_no!r}")
        if driver not in DRIVERS:
            raise _Refused("driver", f"{driver!r} is none of {', '.join(DRIVERS)}")
        if metrology and metrology not in METROLOGIES:
            raise _Refused("metrology", f"{metrology!r} is none of {', '.join(METROLOGIES)}")
        site_id = self._sites[customer_no]
        kind = "days" if driver in OF_DAYS else "register"
        sources = _read_channels(channels, driver)
        self._check_channels(line, site_id, kind, sources)
        modbus = driver == "modbus"
        return NewGateway(
            site_id=site_id,
            driver=driver,
            address=self._address(address),
            unit=_read_unit(unit) if driver in ("modbus", "sunspec") else 1,
            profile=profile if modbus else "",
            profile_text=self._profile_text(profile) if modbus else "",
            secret_sealed=self._seal(secret, site_id) if secret and kind == "days" else None,
            kind=kind,
            feeds={
                quantity: (source, *_metrologies(driver, quantity, source, metrology))
                for quantity, source in sources.items()
            },
        )

    def _address(self, text: str) -> str:
        try:
            address = parse_address(text)
            self._reach.guard(address)
        except (ValueRefused, ReadingFailed) as error:
            raise _Refused("address", str(error)) from None
        return str(address)

    def _profile_text(self, profile: str) -> str:
        """Return the TOML of a profile beside the file, nothing for one that is shipped."""
        try:
            find_profile(profile, self._folder)
        except InputRefused as error:
            raise _Refused("profile", str(error)) from None
        return "" if profile in SHIPPED else (self._folder / profile).read_text(encoding="utf-8")

    def _check_channels(
        self, line: int, site_id: int, kind: str, sources: dict[Quantity, str]
    ) -> None:
        for quantity in sources:
            before = self._taken.setdefault((site_id, quantity), line)
            if before != line:
                raise _Refused("channels", f"{quantity} of this customer stands on line {before}")
        channel = telemetry.Channel
        other_kind = self._session.scalars(
            select(channel.quantity).where(
                channel.site_id == site_id,
                channel.quantity.in_([quantity.value for quantity in sources]),
                channel.kind != kind,
                exists().where(telemetry.Reading.channel_id == channel.id)
                | exists().where(telemetry.DayValue.channel_id == channel.id),
            )
        ).first()
        if other_kind is not None:
            has = "registers" if kind == "days" else "day values"
            raise _Refused("channels", f"{other_kind} holds {has}, and the two never mix")


class _Refused(Exception):
    """A cell is not taken."""

    def __init__(self, column: str, sentence: str) -> None:
        super().__init__(sentence)
        self.column = column


def _read_unit(text: str) -> int:
    """Return the Modbus unit, 1 where blank."""
    if not text:
        return 1
    if not _UNIT.fullmatch(text) or int(text) > MOST_UNITS:
        raise _Refused("unit", f"{text!r} is not a unit from 0 to {MOST_UNITS}")
    return int(text)


def _read_channels(text: str, driver: str) -> dict[Quantity, str]:
    """Return SOURCE, or nothing, of each channel written `CHANNEL` or `CHANNEL:SOURCE`."""
    found: dict[Quantity, str] = {}
    for word in text.split(" "):
        name, colon, source = word.partition(":")
        if not word:
            continue
        if name not in list(Quantity):
            raise _Refused("channels", f"{name!r} is none of {', '.join(Quantity)}")
        if name in found:
            raise _Refused("channels", f"{name} stands twice")
        if colon:
            _check_source(word, source, driver)
        found[Quantity(name)] = source
    if not found:
        raise _Refused("channels", "no channel is named")
    return found


def _check_source(word: str, source: str, driver: str) -> None:
    if not source:
        raise _Refused("channels", f"{word!r} names no source after the colon")
    if driver in OF_DAYS:
        raise _Refused("channels", f"{word!r}: {driver} has one source a channel, none to choose")
    parse = {"sunspec": parse_source, "echonet": echonet_classes.parse_source}.get(driver)
    if parse:
        try:
            parse(source)
        except ValueRefused as error:
            raise _Refused("channels", str(error)) from None


def _metrologies(driver: str, quantity: Quantity, source: str, stated: str) -> tuple[str, str]:
    """Return the metrology to keep, and the one that counts until the device has said.

    Only a SunSpec channel without SOURCE is left to the device; until then it bills nothing.
    """
    if stated or driver == "modbus":
        return stated or CERTIFIED, ""
    if driver == "aiseg2":
        return CT, ""
    if driver == "echonet":
        return _echonet_metrology(source or echonet_classes.DEFAULTS[quantity]), ""
    if source:
        return CERTIFIED if parse_source(source)[0] in METERS else INVERTER, ""
    return "", INVERTER


def _echonet_metrology(source: str) -> str:
    """Return what a class is: a meter, a panel that measures by CTs, or else an inverter's own."""
    code = echonet_classes.parse_source(source)[0] >> 8
    kind = echonet_classes.KINDS.get(code)
    if kind and kind.is_meter:
        return CERTIFIED
    return CT if code == _ECHONET_PANEL else INVERTER
