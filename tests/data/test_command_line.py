"""The `ppa` command: its exit codes, and what it says."""

import io
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

import app
from shared.clock import now
from shared.commands.context import Context
from shared.config import load
from shared.db import make_engine
from shared.errors import Refused
from tests.conftest import Ppa


def test_help_lists_every_command(ppa: Ppa) -> None:
    shown = ppa("--help")
    assert shown.code == 0
    assert all(family.name in shown.out for family in app.FAMILIES)


@pytest.mark.parametrize(
    "argv", [(), ("nonsense",), ("db",), ("db", "sideways"), ("check", "--all")]
)
def test_wrong_usage_is_2_and_prints_nothing_as_a_result(ppa: Ppa, argv: tuple[str, ...]) -> None:
    shown = ppa(*argv)
    assert (shown.code, shown.out) == (2, "")


@pytest.mark.parametrize("family", app.FAMILIES, ids=lambda family: family.name)
def test_every_listed_command_has_its_module(ppa: Ppa, family: app.Family) -> None:
    shown = ppa(family.name, "--help")
    assert shown.code == 0
    assert f"ppa {family.name}" in shown.out


def test_a_reader_that_has_enough_gets_no_traceback(ppa: Ppa) -> None:
    program = [sys.executable, str(Path(app.__file__)), "settings", "list"]
    with subprocess.Popen(
        program, env=ppa.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(10) == 0


def test_wrong_settings_are_all_named_a_line_each(ppa: Ppa) -> None:
    shown = ppa("settings", "list", PPA_LANG="fr", PPA_PROXY_HOPS="many")
    assert (shown.code, shown.out) == (2, "")
    assert [line.split(":")[0] for line in shown.err.splitlines()] == ["PPA_PROXY_HOPS", "PPA_LANG"]


def test_a_new_house_is_set_up_by_one_command(ppa: Ppa, tmp_path: Path) -> None:
    home = {"PPA_HOME": str(tmp_path / "new"), "PPA_DATABASE_URL": ""}
    for _ in range(2):
        assert ppa("db", "upgrade", **home).code == 0
    assert ppa("settings", "list", **home).code == 0
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0


def test_a_database_that_was_never_migrated_gets_one_sentence(ppa: Ppa, tmp_path: Path) -> None:
    shown = ppa("settings", "list", PPA_DATABASE_URL=f"sqlite:///{tmp_path}/empty.sqlite3")
    assert shown.code == 2
    assert shown.err == "the database has no tables yet: run `ppa db upgrade`\n"


@pytest.mark.parametrize(
    ("revision", "remedy"), [("0000", "ppa db upgrade"), ("9999", "newer program")]
)
def test_a_database_of_another_revision_gets_one_sentence(
    ppa: Ppa, sqlite_url: str, revision: str, remedy: str
) -> None:
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as database:
        database.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    database.close()
    shown = ppa("settings", "list")
    assert (shown.code, shown.err.count("\n")) == (2, 1)
    assert remedy in shown.err


@pytest.mark.parametrize("argv", [("settings", "list"), ("db", "upgrade")])
@pytest.mark.parametrize(
    "url", ["postgresql://ppa:hidden@127.0.0.1:1/ppa", "sqlite:////dev/null/ppa.sqlite3"]
)
def test_a_database_that_does_not_answer_gets_one_sentence(
    ppa: Ppa, argv: tuple[str, ...], url: str
) -> None:
    shown = ppa(*argv, PPA_DATABASE_URL=url)
    assert (shown.code, shown.out, shown.err.count("\n")) == (2, "", 1)
    assert shown.err.startswith("PPA_DATABASE_URL: ")
    assert "hidden" not in shown.err


def test_check_names_what_is_missing_in_an_empty_environment(ppa: Ppa) -> None:
    shown = ppa("check", PPA_SECRET_KEY="", PPA_CODE_KEY="")
    assert shown.code == 2
    for name in (
        "PPA_SECRET_KEY",
        "PPA_CODE_KEY",
        "PPA_BASE_URL",
        "PPA_GATEWAY_NETS",
        "PPA_TEST_CLOCK",
    ):
        assert f"{name}: " in shown.err


def test_what_is_missing_is_named_beside_what_is_wrong(ppa: Ppa) -> None:
    wrong = {"PPA_LANG": "fr", "PPA_CODE_KEY": "short", "PPA_SECRET_KEY": ""}
    for command in ("check", "web"):
        told = ppa(command, **wrong)
        assert told.code == 2
        assert [told.err.count(name) for name in wrong] == [1, 1, 1]
    both = ppa("web", PPA_CODE_KEY="", PPA_SECRET_KEY="")
    assert (both.code, both.err.count("is not set")) == (2, 2)


def test_check_is_content_with_a_production_environment(capsys: pytest.CaptureFixture[str]) -> None:
    environ = {
        "PPA_SECRET_KEY": "s" * 32,
        "PPA_CODE_KEY": "c" * 32,
        "PPA_BASE_URL": "https://ppa.example.jp",
        "PPA_GATEWAY_NETS": "10.8.0.0/16",
        "PPA_SMTP_URL": "smtp://mail.example.jp",
        "PPA_MAIL_FROM": "bills@example.jp",
    }
    assert app.main(["check"], environ) == 0
    assert capsys.readouterr().err == "all settings are safe\n"


def test_a_session_commits_at_its_end_and_not_when_something_is_raised(sqlite_url: str) -> None:
    context = Context(
        load({"PPA_DATABASE_URL": sqlite_url}), now, io.StringIO(), io.StringIO(), "a"
    )
    with context.session() as session:
        session.execute(text("INSERT INTO site (id, battery) VALUES (1, 'none')"))
    with pytest.raises(Refused):
        delete_and_refuse(context)
    context.close()
    engine = make_engine(sqlite_url)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM site")) == 1
    engine.dispose()


def delete_and_refuse(context: Context) -> None:
    """Change something, and then say no."""
    with context.session() as session:
        session.execute(text("DELETE FROM site"))
        raise Refused


def test_progress_draws_nothing_where_nobody_looks(sqlite_url: str) -> None:
    err = io.StringIO()
    context = Context(load({"PPA_DATABASE_URL": sqlite_url}), now, io.StringIO(), err, "a")
    with context.progress("homes", 2) as advance:
        advance()
        advance(1)
    assert err.getvalue() == ""
