"""Settings from the environment."""

from pathlib import Path

import pytest

from shared.config import DEFAULT_BASE_URL, Config, load
from shared.errors import InputRefused, SettingsInvalid

KEY = "k" * 32


def problems(**environ: str) -> list[str]:
    """Return the sentences for a wrong environment."""
    with pytest.raises(SettingsInvalid) as caught:
        load(environ)
    assert caught.value.exit_code == 2
    return caught.value.problems


def test_an_empty_environment_is_a_house_on_sqlite_under_var() -> None:
    config = load({})
    assert config.database_url == f"sqlite:///{Path.cwd()}/var/ppa.sqlite3"
    assert (config.base_url, config.lang, config.proxy_hops) == (DEFAULT_BASE_URL, "ja", 0)
    assert config.surfaces == ("portal", "backoffice")
    assert config.gateway_nets == ()
    assert (config.poll_concurrency, config.gateway_timeout_s, config.gateway_deadline_s) == (
        500,
        5,
        20,
    )
    assert (config.poll_seconds, config.poll_slot_s) == (None, 1800)
    assert config.echonet_bind == ("0.0.0.0", 3610)  # noqa: S104 - the contract's default
    assert not config.allow_loopback_gateways


def test_blank_is_the_same_as_unset() -> None:
    assert load(dict.fromkeys(("PPA_REDIS_URL", "PPA_GATEWAY_NETS", "PPA_CODE_KEY"), " ")) == load(
        {}
    )


def test_the_database_lies_in_the_home(tmp_path: Path) -> None:
    assert load({"PPA_HOME": str(tmp_path)}).database_url == f"sqlite:///{tmp_path}/ppa.sqlite3"


def test_every_problem_is_told_at_once_naming_its_variable() -> None:
    found = problems(
        PPA_DATABASE_URL="mysql://x/y",
        PPA_PROXY_HOPS="-1",
        PPA_CODE_KEY="short",
        PPA_GATEWAY_NETS="10.0.0.1/8",
        PPA_LANG="fr",
    )
    assert [sentence.split(":")[0] for sentence in found] == [
        "PPA_DATABASE_URL",
        "PPA_CODE_KEY",
        "PPA_GATEWAY_NETS",
        "PPA_PROXY_HOPS",
        "PPA_LANG",
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PPA_DATABASE_URL", "sqlite://"),
        ("PPA_DATABASE_URL", "sqlite:///:memory:"),
        ("PPA_DATABASE_URL", "postgresql://host:5432"),
        ("PPA_DATABASE_URL", "postgresql://host:port/name"),
        ("PPA_REDIS_URL", "http://localhost"),
        ("PPA_BASE_URL", "http://ppa.example.jp"),
        ("PPA_BASE_URL", "https://ppa.example.jp/sub"),
        ("PPA_BASE_URL", "http://127.0.0.1.example.jp"),
        ("PPA_SMTP_URL", "mail.example.jp"),
        ("PPA_MAIL_FROM", "nobody"),
        ("PPA_SURFACES", "portal,office"),
        ("PPA_ALLOW_LOOPBACK_GATEWAYS", "true"),
        ("PPA_POLL_CONCURRENCY", "0"),
        ("PPA_GATEWAY_TIMEOUT_S", "1.5"),
        ("PPA_POLL_SECONDS", "0"),
        ("PPA_ECHONET_BIND", "localhost:3610"),
        ("PPA_ECHONET_BIND", "0.0.0.0:0"),
        ("PPA_OIDC_ISSUER", "http://login.example.jp"),
    ],
)
def test_a_wrong_text_is_refused_by_name(name: str, text: str) -> None:
    (sentence,) = problems(**{name: text})
    assert sentence.startswith(f"{name}: ")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PPA_DATABASE_URL", "postgresql://user@host:5432/name"),
        ("PPA_DATABASE_URL", "sqlite:///relative.sqlite3"),
        ("PPA_REDIS_URL", "unix:///run/redis.sock"),
        ("PPA_BASE_URL", "http://localhost:8010"),
        ("PPA_BASE_URL", "http://[::1]:8010/"),
        ("PPA_SMTP_URL", "smtp://user:pass@mail.example.jp:587?starttls=1"),
        ("PPA_SURFACES", "backoffice"),
    ],
)
def test_a_right_text_is_taken(name: str, text: str) -> None:
    assert load({name: text}) != load({})


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text(f"{KEY}\n", encoding="utf-8")
    assert load({"PPA_CODE_KEY_FILE": str(secret)}).require_code_key() == KEY
    assert problems(PPA_CODE_KEY=KEY, PPA_CODE_KEY_FILE=str(secret))
    assert problems(PPA_CODE_KEY_FILE=str(tmp_path / "missing"))


def test_the_written_clock_is_refused_where_others_can_come() -> None:
    assert problems(PPA_TEST_CLOCK="clock", PPA_BASE_URL="https://ppa.example.jp")
    assert load({"PPA_TEST_CLOCK": "clock", "PPA_BASE_URL": "http://localhost"}).test_clock


def test_a_command_names_the_secret_that_it_misses() -> None:
    config = load({})
    for require, name in (
        (Config.require_code_key, "PPA_CODE_KEY"),
        (Config.require_secret_key, "PPA_SECRET_KEY"),
        (Config.require_redis_url, "PPA_REDIS_URL"),
        (Config.require_smtp_url, "PPA_SMTP_URL"),
    ):
        with pytest.raises(InputRefused, match=name):
            require(config)


def test_no_secret_shows_when_a_config_is_printed() -> None:
    config = load(
        {
            "PPA_CODE_KEY": KEY,
            "PPA_SECRET_KEY": "sessions",
            "PPA_REDIS_URL": "redis://:hidden@h/0",
            "PPA_DATABASE_URL": "postgresql://u:hidden@h/n",
            "PPA_SMTP_URL": "smtp://u:hidden@h",
        }
    )
    assert not any(secret in repr(config) for secret in (KEY, "sessions", "hidden"))
