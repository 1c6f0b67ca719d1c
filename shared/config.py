"""What the environment says: one frozen record, or every problem at once."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import SplitResult, urlsplit

from shared.errors import InputRefused, SettingsInvalid, ValueRefused

T = TypeVar("T")
D = TypeVar("D")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

SURFACES: Final = ("portal", "backoffice")
LANGUAGES: Final = ("ja", "en")
KEY_LENGTH: Final = 32
"""The fewest characters of a secret from which keys are derived."""
POLL_SLOT_S: Final = 1800
ECHONET_BIND: Final = ("0.0.0.0", 3610)  # noqa: S104 - answers come to any interface
DEFAULT_BASE_URL: Final = "http://127.0.0.1:8000"

_NUMBER = re.compile(r"\d{1,9}", re.ASCII)
_MAIL = re.compile(r"[^@\s<>]+@[^@\s<>]+")
_BIND = re.compile(r"(\d{1,3}(?:\.\d{1,3}){3}):(\d{1,5})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The settings of a process (interfaces.md §2); blank and unset are the same: None or ()."""

    home: Path
    database_url: str = field(repr=False)
    redis_url: str | None = field(repr=False)
    secret_key: str | None = field(repr=False)
    code_key: str | None = field(repr=False)
    base_url: str
    smtp_url: str | None = field(repr=False)
    mail_from: str | None
    surfaces: tuple[str, ...]
    gateway_nets: tuple[Network, ...]
    allow_loopback_gateways: bool
    proxy_hops: int
    oidc_issuer: str | None
    oidc_client_id: str | None
    oidc_client_secret: str | None = field(repr=False)
    lang: str
    test_clock: Path | None
    poll_concurrency: int
    gateway_timeout_s: int
    gateway_deadline_s: int
    poll_seconds: int | None
    echonet_bind: tuple[str, int]

    @property
    def poll_slot_s(self) -> int:
        """Return the length of a poll slot; where it is set, slots run round the clock."""
        return self.poll_seconds or POLL_SLOT_S

    @property
    def is_loopback(self) -> bool:
        """Say whether the base URL's host is this machine (decision 32)."""
        return _is_loopback(urlsplit(self.base_url))

    @property
    def sends_mail(self) -> bool:
        """Say whether a mail server and a sender are set; without them mails stay held."""
        return self.smtp_url is not None and self.mail_from is not None

    def find_missing_keys(self) -> list[str]:
        """Return a sentence for each secret that the pages need and that is not set."""
        keys = (("PPA_SECRET_KEY", self.secret_key), ("PPA_CODE_KEY", self.code_key))
        return [f"{name} is not set" for name, key in keys if key is None]

    def require_code_key(self) -> str:
        """Return the secret of the auth codes; raises InputRefused naming PPA_CODE_KEY."""
        return _required("PPA_CODE_KEY", self.code_key)

    def require_secret_key(self) -> str:
        """Return the secret of sessions and links; raises InputRefused naming PPA_SECRET_KEY."""
        return _required("PPA_SECRET_KEY", self.secret_key)

    def require_redis_url(self) -> str:
        """Return the queue's address; raises InputRefused naming PPA_REDIS_URL."""
        return _required("PPA_REDIS_URL", self.redis_url)

    def require_smtp_url(self) -> str:
        """Return the mail server's address; raises InputRefused naming PPA_SMTP_URL."""
        return _required("PPA_SMTP_URL", self.smtp_url)

    def require_mail_from(self) -> str:
        """Return the sender of the mails; raises InputRefused naming PPA_MAIL_FROM."""
        return _required("PPA_MAIL_FROM", self.mail_from)


def _required(name: str, text: str | None) -> str:
    if text is None:
        raise InputRefused(f"{name} is not set")
    return text


def load(environ: Mapping[str, str]) -> Config:
    """Read the settings; raises SettingsInvalid with a sentence for every variable at fault."""
    config, problems = examine(environ)
    if problems:
        raise SettingsInvalid(problems)
    return config


def examine(environ: Mapping[str, str]) -> tuple[Config, list[str]]:
    """Return the settings, defaults for those at fault, and a sentence for each of these."""
    read = _Reader(environ)
    home = read("PPA_HOME", _path, Path("var").absolute())
    base_url = read("PPA_BASE_URL", _base_url, DEFAULT_BASE_URL)
    config = Config(
        home=home,
        database_url=read("PPA_DATABASE_URL", _database_url, f"sqlite:///{home / 'ppa.sqlite3'}"),
        redis_url=read("PPA_REDIS_URL", _url("redis", "rediss", "unix"), None),
        secret_key=read("PPA_SECRET_KEY", str, None),
        code_key=read("PPA_CODE_KEY", _code_key, None),
        base_url=base_url,
        smtp_url=read("PPA_SMTP_URL", _url("smtp", "smtps"), None),
        mail_from=read("PPA_MAIL_FROM", _mail_from, None),
        surfaces=read("PPA_SURFACES", parse_surfaces, SURFACES),
        gateway_nets=read("PPA_GATEWAY_NETS", _nets, ()),
        allow_loopback_gateways=read("PPA_ALLOW_LOOPBACK_GATEWAYS", _is_one, default=False),
        proxy_hops=read("PPA_PROXY_HOPS", _whole(0, 10), 0),
        oidc_issuer=read("PPA_OIDC_ISSUER", _safe_url, None),
        oidc_client_id=read("PPA_OIDC_CLIENT_ID", str, None),
        oidc_client_secret=read("PPA_OIDC_CLIENT_SECRET", str, None),
        lang=read("PPA_LANG", _lang, "ja"),
        test_clock=read("PPA_TEST_CLOCK", _path, None),
        poll_concurrency=read("PPA_POLL_CONCURRENCY", _whole(1, 10_000), 500),
        gateway_timeout_s=read("PPA_GATEWAY_TIMEOUT_S", _whole(1, 600), 5),
        gateway_deadline_s=read("PPA_GATEWAY_DEADLINE_S", _whole(1, 3600), 20),
        poll_seconds=read("PPA_POLL_SECONDS", _whole(1, 86_400), None),
        echonet_bind=read("PPA_ECHONET_BIND", _bind, ECHONET_BIND),
    )
    if config.test_clock is not None and not config.is_loopback:
        read.problems.append("PPA_TEST_CLOCK: refused unless PPA_BASE_URL's host is loopback")
    return config, read.problems


class _Reader:
    """Reads variables one by one and keeps what is wrong with them."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.problems: list[str] = []

    def __call__(self, name: str, parse: Callable[[str], T], default: D) -> T | D:
        try:
            text = self._text(name)
            return parse(text) if text else default
        except ValueRefused as error:
            self.problems.append(f"{name}: {error}")
            return default

    def _text(self, name: str) -> str:
        """Return a variable, or what stands in the file that NAME_FILE names."""
        text = self._environ.get(name, "").strip()
        path = self._environ.get(f"{name}_FILE", "").strip()
        if not path:
            return text
        if text:
            raise ValueRefused(f"set both here and by {name}_FILE; keep one")
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ValueRefused(
                f"the file that {name}_FILE names cannot be read: {error}"
            ) from error


def _path(text: str) -> Path:
    return Path(text).absolute()


def _whole(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not _NUMBER.fullmatch(text) or not least <= int(text) <= most:
            raise ValueRefused(f"{text!r} is not a whole number from {least} to {most}")
        return int(text)

    return parse


def _is_one(text: str) -> bool:
    """Only `1` is yes; anything but 0 and 1 is a mistake worth telling."""
    if text not in {"0", "1"}:
        raise ValueRefused(f"{text!r} is neither 1 (yes) nor 0 (no)")
    return text == "1"


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        _ = parts.port  # a port out of range is found only when it is asked for
    except ValueError as error:
        raise ValueRefused(f"not an address: {error}") from error
    return parts


def _url(*schemes: str) -> Callable[[str], str]:
    """Return a parser of addresses; its sentence leaves the text out, which may hold a password."""

    def parse(text: str) -> str:
        parts = _split(text)
        if parts.scheme not in schemes or not (parts.hostname or parts.scheme == "unix"):
            raise ValueRefused(f"must begin with {' or '.join(f'{s}://' for s in schemes)}")
        return text

    return parse


def _database_url(text: str) -> str:
    parts = _split(text)
    if (
        parts.scheme == "sqlite"
        and not parts.netloc
        and len(parts.path) > 1
        and ":" not in text[9:]
    ):
        return text
    if parts.scheme == "postgresql" and len(parts.path) > 1:
        return text
    raise ValueRefused("must be sqlite:///FILE or postgresql://USER@HOST:PORT/NAME")


def _is_loopback(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _base_url(text: str) -> str:
    """Take an https address, or http on this machine, without anything after the host."""
    parts = _split(text)
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts)):
        raise ValueRefused("must be https://HOST (http only for a loopback host)")
    if not parts.hostname or parts.path not in {"", "/"} or parts.query or parts.username:
        raise ValueRefused("must be a scheme and a host only, such as https://ppa.example.jp")
    return text.rstrip("/")


def _safe_url(text: str) -> str:
    parts = _split(text)
    if not parts.hostname or not (parts.scheme == "https" or _is_loopback(parts)):
        raise ValueRefused("must be https://… (http only for a loopback host)")
    return text.rstrip("/")


def _code_key(text: str) -> str:
    if len(text) < KEY_LENGTH:
        raise ValueRefused(f"must have at least {KEY_LENGTH} characters")
    return text


def _mail_from(text: str) -> str:
    if not _MAIL.fullmatch(text):
        raise ValueRefused(f"{text!r} is not a mail address such as bills@example.jp")
    return text


def parse_surfaces(text: str) -> tuple[str, ...]:
    """Return the names in `portal,backoffice`; raises ValueRefused for any other."""
    names = [name.strip() for name in text.split(",")]
    if not set(names) <= set(SURFACES):
        raise ValueRefused(f"{text!r} is not portal, backoffice or portal,backoffice")
    return tuple(name for name in SURFACES if name in names)


def _nets(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in text.split(","))
    except ValueError as error:
        raise ValueRefused(f"networks such as 10.8.0.0/16, separated by commas: {error}") from error


def _lang(text: str) -> str:
    if text not in LANGUAGES:
        raise ValueRefused(f"{text!r} is neither ja nor en")
    return text


def _bind(text: str) -> tuple[str, int]:
    match = _BIND.fullmatch(text)
    try:
        if match and 1 <= int(match[2]) <= 65_535:  # noqa: PLR2004 - the ports there are
            return str(ipaddress.IPv4Address(match[1])), int(match[2])
    except ValueError:
        pass
    raise ValueRefused(f"{text!r} is not an address and port such as 0.0.0.0:3610")
