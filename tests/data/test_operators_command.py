"""`ppa operator add` lets people in; the password comes from standard input only."""

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from shared.doors.operators import get_operator_by_login
from tests.conftest import Ppa

PASSWORD = "correct horse battery"


def test_an_operator_is_added_and_can_sign_in(ppa: Ppa, engine: Engine) -> None:
    argv = ("operator", "add", "New@Example.jp", "--role", "billing", "--password-stdin")
    result = ppa(*argv, stdin=f"{PASSWORD}\n")
    assert (result.code, result.out) == (0, "")
    assert result.err == "operator new@example.jp may sign in as billing\n"
    with Session(engine) as session:
        assert get_operator_by_login(session, "new@example.jp", PASSWORD).role == "billing"


@pytest.mark.parametrize(
    ("words", "password", "told"),
    [
        ("new@example.jp --role billing", "short", "15 to 256"),
        ("nobody --role billing", PASSWORD, "not a mail address"),
        ("new@example.jp --role king", PASSWORD, "invalid choice"),
    ],
)
def test_what_is_wrong_is_said(
    ppa: Ppa, engine: Engine, words: str, password: str, told: str
) -> None:
    result = ppa("operator", "add", *words.split(), "--password-stdin", stdin=password)
    assert result.code == 2
    assert told in result.err


def test_nobody_is_added_twice(ppa: Ppa, engine: Engine) -> None:
    argv = ("operator", "add", "new@example.jp", "--role", "admin", "--password-stdin")
    ppa(*argv, stdin=PASSWORD)
    assert ppa(*argv, stdin=PASSWORD).code == 2
