"""Coming in by an OpenID provider (PPA_OIDC_*), with state, nonce and PKCE (security.md T8)."""

from typing import Any, Final

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.base_client.errors import MismatchingStateError
from authlib.integrations.flask_client import OAuth
from flask import current_app, request, url_for
from flask.typing import ResponseReturnValue
from joserfc.errors import JoseError
from werkzeug.exceptions import BadRequest, ServiceUnavailable

from shared.doors.operators import LoginRefused, get_operator_by_mail
from shared.models.doors import Operator
from shared.web.request import database, site

KEY: Final = "ppa oidc"
TIMEOUT_S: Final = 10


def is_offered() -> bool:
    """Say whether the settings name a provider."""
    return site().settings.oidc is not None


def is_answer() -> bool:
    """Say whether the request is the provider's answer."""
    return is_offered() and "state" in request.args


def go_to_provider() -> ResponseReturnValue:
    """Send the browser to the provider, with a fresh state, nonce and PKCE verifier."""
    try:
        answer: ResponseReturnValue = _client().authorize_redirect(_return_to())
    except (requests.RequestException, AuthlibBaseError, ValueError) as error:
        current_app.logger.warning("the OpenID provider does not answer: %s", error)
        raise ServiceUnavailable from error
    return answer


def get_operator_by_answer() -> Operator:
    """Return the operator whose verified mail address the provider vouches for.

    Raises BadRequest for a state that is not ours, LoginRefused for everything else.
    """
    try:
        token = _client().authorize_access_token(
            claims_options={"iss": {"essential": True, "values": [_issuer()]}}
        )
    except MismatchingStateError as error:
        raise BadRequest from error
    except (AuthlibBaseError, JoseError, requests.RequestException, ValueError) as error:
        raise LoginRefused(f"the OpenID provider's answer is not taken: {error}") from error
    claims = token.get("userinfo") or {}
    if claims.get("email_verified") is not True or not isinstance(claims.get("email"), str):
        raise LoginRefused("the OpenID provider vouches for no mail address")
    return get_operator_by_mail(database(), claims["email"])


def _issuer() -> str:
    settings = site().settings.oidc
    if settings is None:
        raise BadRequest
    return settings.issuer


def _return_to() -> str:
    return site().settings.base_url + url_for("office.show_login")


def _client() -> Any:  # noqa: ANN401 - Authlib's client has no types
    """Return the provider's client, made once for each app."""
    settings = site().settings.oidc
    if settings is None:
        raise BadRequest
    if KEY not in current_app.extensions:
        current_app.extensions[KEY] = OAuth(current_app).register(
            "oidc",
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            server_metadata_url=f"{settings.issuer}/.well-known/openid-configuration",
            client_kwargs={
                "scope": "openid email",
                "code_challenge_method": "S256",
                "default_timeout": TIMEOUT_S,
            },
        )
    return current_app.extensions[KEY]
