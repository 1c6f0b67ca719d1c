"""What makes one of the two surfaces: its paths, cookie, people and rights (decision 28)."""

from collections.abc import Callable
from dataclasses import dataclass, field

from flask import Blueprint
from sqlalchemy.orm import Session

from shared.config import Config
from shared.doors.sessions import Lifetime, Principal
from shared.errors import InputRefused, SettingsInvalid


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
class OidcSettings:
    """The OpenID provider that operators may come in by; `issuer` without a slash at its end."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)


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
    oidc: OidcSettings | None
    sends_mail: bool
    """False: mails stay held, for no mail server is set (decision 34)."""


def settings_of(config: Config) -> WebSettings:
    """Return what the pages need; raises InputRefused where a secret is not set."""
    if missing := config.find_missing_keys():
        raise SettingsInvalid(missing)
    return WebSettings(
        secret_key=config.require_secret_key(),
        base_url=config.base_url,
        proxy_hops=config.proxy_hops,
        lang=config.lang,
        code_key=config.require_code_key(),
        plain_http=config.is_loopback and config.base_url.startswith("http://"),
        sends_mail=config.sends_mail,
        oidc=_oidc_of(config),
    )


def _oidc_of(config: Config) -> OidcSettings | None:
    """Return the OpenID provider, or None; raises InputRefused where only a part is set."""
    parts = {
        "PPA_OIDC_ISSUER": config.oidc_issuer,
        "PPA_OIDC_CLIENT_ID": config.oidc_client_id,
        "PPA_OIDC_CLIENT_SECRET": config.oidc_client_secret,
    }
    if not any(parts.values()):
        return None
    missing = [name for name, text in parts.items() if not text]
    if missing:
        raise InputRefused(f"{', '.join(missing)}: not set, but another part of PPA_OIDC_* is")
    return OidcSettings(*(text or "" for text in parts.values()))
