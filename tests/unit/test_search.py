"""Search text: what people write in different ways is found all the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.search import folded, search_text


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("こきやく", "コキャク"),
        ("ｺｷｬｸ", "コキヤク"),
        ("サトー", "サト"),
        ("さとう　たろう", "サトウタロウ"),
        ("高橋", "髙橋"),
        ("山崎", "山﨑"),
        ("渡邊", "渡辺"),
        ("渡邉", "渡辺"),
        ("齋藤", "斉藤"),
        ("齊藤", "斎藤"),
        ("澤田", "沢田"),
        ("ＡＢＣ＠example.jp", "abc@EXAMPLE.jp"),
        ("１１２０", "1120"),
        ("ヴァヵヶ", "ヴアカケ"),
    ],
)
def test_spellings_of_one_name_fold_to_the_same(typed: str, stored: str) -> None:
    assert folded(typed) == folded(stored)


def test_voiced_and_unvoiced_stay_apart() -> None:
    assert folded("カワタ") != folded("カワダ")


@given(st.text())
def test_no_space_and_no_long_mark_survives(text: str) -> None:
    assert not any(letter.isspace() or letter == "ー" for letter in folded(text))


def test_a_search_never_matches_across_two_fields() -> None:
    searched = search_text("1120230170", "顧客0170", "コキャク", "a@example.jp")
    assert folded("顧客0170") in searched
    assert folded("0170顧客") not in searched
