"""The digits of the second step, against the vectors of RFC 6238."""

import base64

import pytest

from shared.doors.totp import STEP_S, code_at, enrolment_uri, matching_step, new_secret

SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("at", "digits"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_the_digits_are_those_of_the_standard(at: int, digits: str) -> None:
    assert code_at(SECRET, at // STEP_S) == digits


def test_a_clock_may_be_half_a_minute_off_and_no_more() -> None:
    now = 1_700_000_000
    step = now // STEP_S
    for off, found in ((-2, None), (-1, step - 1), (0, step), (1, step + 1), (2, None)):
        assert matching_step(SECRET, code_at(SECRET, step + off), now, 0) == found


def test_digits_count_once_and_spaces_do_not_matter() -> None:
    now = 1_700_000_000
    digits = code_at(SECRET, now // STEP_S)
    step = matching_step(SECRET, f" {digits[:3]} {digits[3:]}", now, 0)
    assert step == now // STEP_S
    assert matching_step(SECRET, digits, now, step) is None


@pytest.mark.parametrize("typed", ["", "12345", "abcdef", "１２３４５６"])
def test_anything_else_is_refused(typed: str) -> None:
    assert matching_step(SECRET, typed, 1_700_000_000, 0) is None


def test_a_secret_has_160_bits_and_an_app_can_read_it() -> None:
    secret = new_secret()
    assert len(base64.b32decode(secret)) == 20
    uri = enrolment_uri(secret, "a@example.jp", "PPA Portal")
    assert uri == (
        f"otpauth://totp/PPA%20Portal:a%40example.jp?secret={secret}&issuer=PPA%20Portal"
    )
