"""`ppa check`: settings that are missing or unsafe."""

import argparse
from collections.abc import Iterator

from shared.commands.context import Context
from shared.config import DEFAULT_BASE_URL, KEY_LENGTH, Config


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `ppa check`."""
    parser = commands.add_parser("check", help="list settings that are missing or unsafe")
    parser.set_defaults(run=run_check, also=find_unsafe)


def run_check(_args: argparse.Namespace, context: Context) -> int:
    """Print a sentence for every finding (security.md R25); 2 where one is, else 0."""
    findings = list(find_unsafe(context.config))
    for finding in findings:
        context.say(finding)
    context.say(f"{len(findings)} settings need attention" if findings else "all settings are safe")
    return 2 if findings else 0


def find_unsafe(config: Config) -> Iterator[str]:
    """Yield what is missing or unsafe in production, each sentence beginning with its variable."""
    if len(config.secret_key or "") < KEY_LENGTH:
        yield f"PPA_SECRET_KEY: sessions need a secret of at least {KEY_LENGTH} characters"
    if config.code_key is None:
        yield f"PPA_CODE_KEY: auth codes need a secret of at least {KEY_LENGTH} characters"
    elif config.code_key == config.secret_key:
        yield "PPA_CODE_KEY: must not be the same secret as PPA_SECRET_KEY"
    yield from _find_unsafe_addresses(config)
    if config.test_clock is not None:
        yield "PPA_TEST_CLOCK: a written clock is for tests only"


def _find_unsafe_addresses(config: Config) -> Iterator[str]:
    if config.base_url == DEFAULT_BASE_URL:
        yield "PPA_BASE_URL: not set, or the default of one machine; mails need the https address"
    elif config.is_loopback:
        yield "PPA_BASE_URL: a loopback host serves this machine only"
    if not config.gateway_nets:
        yield "PPA_GATEWAY_NETS: blank, so no gateway may be read; name the gateways' networks"
    if config.allow_loopback_gateways:
        yield "PPA_ALLOW_LOOPBACK_GATEWAYS: gateways on this machine are for tests and the demo"
    if config.smtp_url is None:
        yield "PPA_SMTP_URL: not set, so mails stay held"
    elif config.mail_from is None:
        yield "PPA_MAIL_FROM: not set, so mails have no sender"
    if config.oidc_issuer and not (config.oidc_client_id and config.oidc_client_secret):
        yield "PPA_OIDC_ISSUER: also needs PPA_OIDC_CLIENT_ID and PPA_OIDC_CLIENT_SECRET"
