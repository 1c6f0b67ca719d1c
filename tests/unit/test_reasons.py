"""Every reason to hold a bill says what it is and what settles it."""

import pytest

from shared.billing.checks import RULES, WARNINGS, Reason
from shared.billing.reasons import SENTENCES, Settles


def test_every_reason_has_a_rule_and_a_sentence() -> None:
    assert set(SENTENCES) == set(Reason)
    assert set(RULES) == set(Reason) - {Reason.WAITING}
    assert set(Reason) > WARNINGS


@pytest.mark.parametrize("reason", list(Reason))
def test_a_sentence_is_one_in_each_language(reason: Reason) -> None:
    said = SENTENCES[reason]
    assert said.ja.endswith("。")
    assert not said.ja.isascii()
    assert said.en.endswith(".")
    assert said.en.isascii()
    assert said.settles in Settles
