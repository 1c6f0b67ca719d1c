"""What makes one of the two surfaces: its paths, cookie, people and rights (decision 28)."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint
from sqlalchemy.orm import Session

from shared.config import Config
from shared.doors.sessions import Lifetime, Principal


@dataclass(frozen=True, slots=True)
class Surface:
    """A surface as data; `may` says whether a signed-in person may open an endpoint."""

    name: str
    prefix: str
    cookie: str
    login_path: str
    blueprint: Blueprint
    lifetime: Lifetime
    find_principal: Callable[[Session, str, int], Principal | None]
    may: Callable[[Principal, str], bool]

    def owns(self, path: str) -> bool:
        """Say whether a path belongs to this surface."""
        in_office = path == "/office" or path.startswith("/office/")
        return in_office == bool(self.prefix)


@dataclass(frozen=True, slots=True)
class WebSettings:
    """The settings that the pages need; `base_url` without a slash at its end."""

    secret_key: str
    base_url: str
    proxy_hops: int
    lang: str
    code_key: str
    """The secret from which the keys of the auth codes are derived."""
    plain_http: bool
    """True only where the base URL is http on a loopback host (decision 32)."""
    sends_mail: bool
    """False: mails stay held, for no mail server is set (decision 34)."""


def settings_of(config: Config) -> WebSettings:
    """Return what the pages need; raises InputRefused where a secret is not set."""
    return WebSettings(
        secret_key=config.require_secret_key(),
        base_url=config.base_url,
        proxy_hops=config.proxy_hops,
        lang=config.lang,
        code_key=config.require_code_key(),
        plain_http=config.is_loopback and config.base_url.startswith("http://"),
        sends_mail=config.sends_mail,
    )
