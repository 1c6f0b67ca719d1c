"""A customer as a file or a form states them: every cell checked, none guessed."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from email_validator import EmailNotValidError, validate_email

from shared.billing.terms import TermKind
from shared.customers.terms import TermText, TermTexts, contract
from shared.energy.quantities import Battery
from shared.errors import ValueRefused
from shared.units import parse_price, parse_yen

BATTERIES: Final = {
    "なし": Battery.NONE,
    "逆潮流なし": Battery.NO_EXPORT,
    "逆潮流あり": Battery.MAY_EXPORT,
}
BATTERY_WORDS: Final = {battery.value: word for word, battery in BATTERIES.items()}
"""The words of BATTERIES by what is stored."""

_NUMBER: Final = re.compile(r"\d{10}", re.ASCII)
_DAY: Final = re.compile(r"(\d{4})(?:-(\d\d)-(\d\d)|/(\d{1,2})/(\d{1,2}))", re.ASCII)
_PANEL: Final = re.compile(r"(\d{1,4})(?:\.(\d{1,3}))?", re.ASCII)
_POSTAL: Final = re.compile(r"(\d{3})-?(\d{4})", re.ASCII)
_CONTROL: Final = re.compile("[\0-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_CONTROL_IN_LINES: Final = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_NAME_MOST: Final = 100
_LINE_MOST: Final = 200
_NOTE_MOST: Final = 5_000
_SHOWN: Final = 60
_YEARS: Final = range(2000, 2200)


@dataclass(frozen=True, slots=True)
class Entry:
    """What was stated of one customer; what is absent leaves what is stored.

    `contact` and `site` are keyed by the columns of their tables.
    """

    customer_no: str
    contact: Mapping[str, str]
    site: Mapping[str, str | int | None]
    terms: TermTexts
    terms_from: date | None = None


class EntryRefused(ValueRefused):
    """One or more fields cannot be used; `problems` has a sentence for each by its name."""

    def __init__(self, problems: dict[str, str]) -> None:
        """Keep the sentences, and be printed as all of them."""
        super().__init__("; ".join(f"{field}: {text}" for field, text in problems.items()))
        self.problems = problems


def parse_day(text: str) -> date:
    """Read `2024-01-16` or `2024/01/16`; raises ValueRefused."""
    match = _DAY.fullmatch(text)
    try:
        year, month, day = (int(part) for part in match.groups() if part) if match else (0, 0, 0)
        parsed = date(year, month, day)
    except ValueError:
        parsed = date.min
    if parsed.year not in _YEARS:
        raise ValueRefused(f"{_shown(text)} is not a day such as 2024-01-16")
    return parsed


def _shown(text: str) -> str:
    return repr(text[:_SHOWN])


def _customer_no(text: str) -> str:
    if not _NUMBER.fullmatch(text):
        raise ValueRefused(f"{_shown(text)} is not a customer number of 10 digits")
    return text


def _line(most: int) -> Callable[[str], str]:
    """Return a parser of one line of text, kept as it was typed."""

    def parse(text: str) -> str:
        if _CONTROL.search(text):
            raise ValueRefused("must be one line without control characters")
        if len(text) > most:
            raise ValueRefused(f"has more than {most} characters")
        return text

    return parse


def _name(text: str) -> str:
    if not text:
        raise ValueRefused("must not be empty")
    return _line(_NAME_MOST)(text)


def _kana(text: str) -> str:
    return _line(_NAME_MOST)(unicodedata.normalize("NFKC", text).strip())


def _note(text: str) -> str:
    """Take several lines; forms send CRLF, files LF or CRLF, and both are the same note."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    if _CONTROL_IN_LINES.search(lines):
        raise ValueRefused("has control characters")
    if len(lines) > _NOTE_MOST:
        raise ValueRefused(f"has more than {_NOTE_MOST} characters")
    return lines


def parse_email(text: str) -> str:
    """Check the form only; whether mail arrives is for the mail server to say."""
    if not text:
        return ""
    try:
        found = validate_email(
            text, check_deliverability=False, allow_smtputf8=False, globally_deliverable=False
        )
    except EmailNotValidError as error:
        raise ValueRefused(f"{_shown(text)} is not a mail address ({error})") from error
    if "." not in found.ascii_domain:
        raise ValueRefused(f"{_shown(text)} is not a mail address (its domain has no dot)")
    return f"{found.local_part}@{found.ascii_domain}"


def _postal_code(text: str) -> str:
    match = _POSTAL.fullmatch(unicodedata.normalize("NFKC", text))
    if text and not match:
        raise ValueRefused(f"{_shown(text)} is not a postal code such as 100-0001")
    return "-".join(match.groups()) if match else ""


def _watts(text: str) -> int | None:
    match = _PANEL.fullmatch(text)
    watts = int(match[1]) * 1000 + int((match[2] or "").ljust(3, "0")) if match else 0
    if text and watts == 0:
        raise ValueRefused(f"{_shown(text)} is not a capacity in kW such as 5.5")
    return watts or None


def _battery(text: str) -> str:
    if text and text not in BATTERIES:
        raise ValueRefused(f"{_shown(text)} is none of {'|'.join(BATTERIES)}")
    return BATTERIES.get(text, Battery.NONE).value


def _or_blank(parse: Callable[[str], object]) -> Callable[[str], object]:
    return lambda text: parse(text) if text else None


_PARSERS: Final[Mapping[str, Callable[[str], object]]] = {
    "customer_no": _customer_no,
    "serial": _line(_NAME_MOST),
    "name": _name,
    "kana": _kana,
    "contract_from": _or_blank(parse_day),
    "contract_to": _or_blank(parse_day),
    "base_fee": _or_blank(parse_yen),
    "export_price": _or_blank(parse_price),
    "use_price": _or_blank(parse_price),
    "email": parse_email,
    "note": _note,
    "terms_from": _or_blank(parse_day),
    "panel_kw": _watts,
    "battery": _battery,
    "pcs": _line(_NAME_MOST),
    "pcs_kw": _watts,
    "postal_code": _postal_code,
    "address": _line(_LINE_MOST),
    "phone": _line(_NAME_MOST),
}
FIELDS: Final = tuple(_PARSERS)
"""The names of what may be stated; the same in files and forms."""
CONTACT: Final[tuple[str, ...]] = (
    "serial",
    "name",
    "kana",
    "email",
    "note",
    "postal_code",
    "address",
    "phone",
)
SITE: Final = {"panel_kw": "panel_w", "battery": "battery", "pcs": "pcs", "pcs_kw": "pcs_w"}
"""The fields that are facts of the site, with their columns; a file has the first two."""
_FIGURES: Final = {
    TermKind.BASE_FEE: "base_fee",
    TermKind.EXPORT_PRICE: "export_price",
    TermKind.USE_PRICE: "use_price",
}


def parse_entry(cells: Mapping[str, str], prefix: str) -> Entry:
    """Return what text by FIELDS states; `prefix` is the setting customer_no_prefix.

    A field that is not there stays as stored; raises EntryRefused with every field at fault.
    """
    parsed: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for field, text in cells.items():
        try:
            parsed[field] = _PARSERS[field](text.strip())
        except ValueRefused as error:
            problems[field] = str(error)
    number = parsed.get("customer_no", prefix)
    if not number.startswith(prefix):
        problems["customer_no"] = f"{number} does not begin with {prefix}"
    terms: TermTexts = {}
    try:
        terms = _terms(parsed)
    except ValueRefused as error:
        problems["contract_to"] = str(error)
    if problems:
        raise EntryRefused(problems)
    contact = {field: parsed[field] for field in CONTACT if field in parsed}
    site = {column: parsed[field] for field, column in SITE.items() if field in parsed}
    return Entry(number, contact, site, terms, parsed.get("terms_from"))


def _terms(parsed: Mapping[str, Any]) -> TermTexts:
    terms = {
        kind: TermText(figure=parsed[field]) for kind, field in _FIGURES.items() if field in parsed
    }
    if "contract_from" in parsed and "contract_to" in parsed:
        terms[TermKind.CONTRACT] = contract(parsed["contract_from"], parsed["contract_to"])
    return terms
