"""Register-map profiles: a Modbus meter described as TOML instead of code (interfaces.md §3)."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache
from pathlib import Path
from typing import NoReturn, TypeVar

from ingest.drivers.protocol import Outcome, ReadingFailed, step_wh
from ingest.drivers.registers import KINDS, ORDERS, Kind, Order, bits_of, width
from shared.energy.quantities import Quantity
from shared.errors import InputRefused

SHIPPED = (
    "abb-b",
    "carlo-gavazzi-em",
    "dzg",
    "eastron-sdm",
    "inepro-pro",
    "janitza-umg",
    "orno-we",
    "schneider-iem3000",
)
LARGEST_FILE = 64_000

_Word = TypeVar("_Word", bound=str)

_FOLDER = Path(__file__).with_name("profiles")
_SCALE = re.compile(r"\d{1,12}(\.\d{1,12})?", re.ASCII)
_SENTINEL = re.compile(r"0[xX][0-9A-Fa-f]{1,16}", re.ASCII)
_UNITS = {"Wh": 1, "kWh": 1000}
_FLOWS = ("export", "import")
_REQUIRED = ("fc", "address", "type", "unit")
_FLOW_OF = {
    Quantity.PV: "export",
    Quantity.EXPORT: "export",
    Quantity.BATTERY_DISCHARGE: "export",
    Quantity.IMPORT: "import",
    Quantity.BATTERY_CHARGE: "import",
}


@dataclass(frozen=True, slots=True)
class Register:
    """One register of a meter: Wh = number times `scale_wh`; `sentinels` are ordered patterns.

    `modulus` is in raw counts, None where nobody said; `direction` blank likewise.
    """

    name: str
    fc: int
    address: int
    kind: Kind
    scale_wh: Fraction
    word_order: Order = "big"
    byte_order: Order = "big"
    sentinels: frozenset[int] = frozenset()
    modulus: int | None = None
    direction: str = ""

    @property
    def modulus_wh(self) -> int | None:
        """The energy at which the register wraps, None where nobody said."""
        return None if self.modulus is None else step_wh(self.modulus * self.scale_wh)


@dataclass(frozen=True, slots=True)
class Profile:
    """A meter's registers by name, in the order of the file."""

    name: str
    registers: Mapping[str, Register]


def find_profile(name: str, beside: Path | None = None) -> Profile:
    """Return a shipped profile, or the one in a file (a relative path lies in `beside`).

    Raises InputRefused naming file, register and key.
    """
    if name in SHIPPED:
        return shipped_profile(name)
    if not name or not (beside or Path(name).is_absolute()):
        raise InputRefused(f"{name!r} is no profile; there are {', '.join(SHIPPED)}, and files")
    return read_profile((beside or Path()) / name)


@cache
def shipped_profile(name: str) -> Profile:
    """Return a profile that comes with the product; raises InputRefused for another name."""
    if name not in SHIPPED:
        raise InputRefused(f"{name!r} is no shipped profile; there are {', '.join(SHIPPED)}")
    return read_profile(_FOLDER / f"{name}.toml", name)


def read_profile(path: Path, name: str = "") -> Profile:
    """Return the profile in a file, called `name` or the path; raises InputRefused."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        raise InputRefused(f"{path}: cannot be read ({error})") from None
    if len(content) > LARGEST_FILE:
        raise InputRefused(f"{path}: longer than {LARGEST_FILE} bytes, so not a profile")
    return parse_profile(content, str(path), name)


@lru_cache(maxsize=64)
def parse_profile(content: bytes, file: str, name: str = "") -> Profile:
    """Return the profile written as TOML; raises InputRefused naming file, register and key."""
    try:
        document = tomllib.loads(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputRefused(f"{file}: not TOML ({error})") from None
    unknown = next((key for key in document if key != "registers"), None)
    if unknown is not None:
        raise InputRefused(f"{file}: unknown key {unknown!r}, only [registers.NAME] is known")
    tables = document.get("registers")
    if not isinstance(tables, dict) or not tables:
        raise InputRefused(f"{file}: has no [registers.NAME]")
    registers = {key: _Table(file, key, table).register() for key, table in tables.items()}
    return Profile(name or file, registers)


def register_for(profile: Profile, channel: Quantity, source: str = "") -> Register:
    """Return the register a channel takes: SOURCE, its own name, or the one direction that fits.

    Raises ReadingFailed `no_channel`.
    """
    if source:
        if source in profile.registers:
            return profile.registers[source]
        raise _no_channel(f"profile {profile.name} has no register {source!r}")
    if channel in profile.registers:
        return profile.registers[channel]
    fitting = [r for r in profile.registers.values() if r.direction == _FLOW_OF[channel]]
    if len(fitting) == 1:
        return fitting[0]
    why = f"{len(fitting)} registers" if fitting else "no register"
    raise _no_channel(f"profile {profile.name} has {why} for {channel}; name one as {channel}:NAME")


def _no_channel(sentence: str) -> ReadingFailed:
    return ReadingFailed(Outcome.NO_CHANNEL, sentence)


class _Table:
    """One [registers.NAME] under examination."""

    def __init__(self, file: str, name: str, table: object) -> None:
        self._at = f"{file}: register {name!r}"
        self._name = name
        if not isinstance(table, dict):
            raise InputRefused(f"{self._at}: is not a table")
        self._table = table

    def register(self) -> Register:
        """Return the checked register."""
        self._check_keys()
        kind = self._choice("type", KINDS)
        return Register(
            name=self._name,
            fc=self._whole("fc", 3, 4),
            address=self._whole("address", 0, 65536 - width(kind)),
            kind=kind,
            scale_wh=self._scale() * _UNITS[self._choice("unit", tuple(_UNITS))],
            word_order=self._choice("word_order", ORDERS, "big"),
            byte_order=self._choice("byte_order", ORDERS, "big"),
            sentinels=self._sentinels(kind),
            modulus=self._whole("modulus", 2, 1 << 64) if "modulus" in self._table else None,
            direction=self._direction(),
        )

    def _check_keys(self) -> None:
        for key in self._table:
            if key not in _KEYS:
                self._refuse(key, f"is unknown; known are {', '.join(_KEYS)}")
        for key in _REQUIRED:
            if key not in self._table:
                self._refuse(key, "is missing")

    def _choice(self, key: str, choices: tuple[_Word, ...], default: str = "") -> _Word:
        chosen = self._table.get(key, default)
        if not isinstance(chosen, str) or chosen not in choices:
            self._refuse(key, f"must be one of {', '.join(choices)}, not {chosen!r}")
        return choices[choices.index(chosen)]

    def _whole(self, key: str, least: int, most: int) -> int:
        figure = self._table[key]
        if type(figure) is not int or not least <= figure <= most:
            self._refuse(key, f"must be a whole number from {least} to {most}, not {figure!r}")
        return figure

    def _scale(self) -> Fraction:
        text = self._table.get("scale", "1")
        if not isinstance(text, str) or not _SCALE.fullmatch(text) or not Fraction(text):
            self._refuse(
                "scale", f"must be a decimal above 0 in quotes such as '0.1', not {text!r}"
            )
        return Fraction(text)

    def _sentinels(self, kind: Kind) -> frozenset[int]:
        texts = self._table.get("sentinels", [])
        if not isinstance(texts, list):
            self._refuse("sentinels", f"must be a list, not {texts!r}")
        return frozenset(self._sentinel(text, kind) for text in texts if text != "nan")

    def _sentinel(self, text: object, kind: Kind) -> int:
        if not isinstance(text, str) or not _SENTINEL.fullmatch(text):
            self._refuse("sentinels", f"must hold patterns such as '0x7FFFFFFF', not {text!r}")
        bits = int(text, 16)
        if bits >> bits_of(kind):
            self._refuse("sentinels", f"{text} does not fit into {kind}")
        return bits

    def _direction(self) -> str:
        default = self._name if self._name in _FLOWS else ""
        if "direction" not in self._table:
            return default
        return self._choice("direction", _FLOWS)

    def _refuse(self, key: str, sentence: str) -> NoReturn:
        raise InputRefused(f"{self._at}: key {key!r} {sentence}")


_KEYS = (
    *_REQUIRED,
    "scale",
    "word_order",
    "byte_order",
    "sentinels",
    "modulus",
    "direction",
)
