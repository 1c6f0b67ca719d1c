"""Auth codes as they are made, typed, found and sealed."""

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.codes import ALPHABET, LENGTH, new_code, normalise
from shared.seal import SealBroken, code_index, seal, unseal

KEY = "a key of at least thirty-two characters"
CODE = "ZsSpAwgSQuvMaFSx"


def test_the_alphabet_has_49_letters_and_none_that_looks_like_another() -> None:
    assert len(set(ALPHABET)) == len(ALPHABET) == 49
    assert not set("IlO") & set(ALPHABET)


def test_a_code_has_16_letters_of_the_alphabet() -> None:
    code = new_code(secrets.choice)
    assert len(code) == LENGTH == 16
    assert set(code) <= set(ALPHABET)


@pytest.mark.parametrize(
    "typed",
    [
        " ZsSp AwgS QuvM aFSx\n",
        "ZsSp-AwgS-QuvM-aFSx",
        "ZsSp‐AwgS–QuvM—aFSx",
        "ZsSp−AwgSーQuvMｰaFSx",
        "ＺｓＳｐ　ＡｗｇＳ　ＱｕｖＭ　ａＦＳｘ",
        "\ufeffZsSp\u200bAwgS\u00a0QuvM\u00adaFSx",
    ],
)
def test_a_code_is_found_however_it_is_typed(typed: str) -> None:
    assert normalise(typed) == CODE


def test_case_counts() -> None:
    assert normalise(CODE.lower()) != CODE


@given(st.text(max_size=3000))
def test_what_is_typed_is_capped_and_normalised_once(typed: str) -> None:
    once = normalise(typed)
    assert len(once) <= 64


def test_an_endless_code_is_cut() -> None:
    assert len(normalise("x" * 1_000_000)) == 64


def test_the_index_depends_on_the_key_and_the_code() -> None:
    assert len({code_index(KEY, CODE), code_index(KEY, CODE[::-1]), code_index(KEY * 2, CODE)}) == 3
    assert code_index(KEY, CODE) == code_index(KEY, CODE)
    assert len(code_index(KEY, CODE)) == 32


def test_a_sealed_code_opens_for_its_customer() -> None:
    assert unseal(KEY, seal(KEY, CODE, "1120230057"), "1120230057") == CODE


def test_a_sealed_code_never_looks_the_same_and_never_shows_the_code() -> None:
    one, other = (seal(KEY, CODE, "1120230057") for _ in range(2))
    assert one != other
    assert CODE.encode() not in one


def test_a_sealed_code_does_not_open_for_another_customer() -> None:
    with pytest.raises(SealBroken, match="1120230058"):
        unseal(KEY, seal(KEY, CODE, "1120230057"), "1120230058")


def test_a_sealed_code_does_not_open_under_another_key() -> None:
    with pytest.raises(SealBroken, match="PPA_CODE_KEY"):
        unseal(KEY + "!", seal(KEY, CODE, "1120230057"), "1120230057")


@pytest.mark.parametrize("cut", [0, 3, 4, 10, 16, 20])
def test_a_sealed_code_that_was_cut_does_not_open(cut: int) -> None:
    with pytest.raises(SealBroken):
        unseal(KEY, seal(KEY, CODE, "1120230057")[:cut], "1120230057")
