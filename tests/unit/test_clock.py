"""What time it is."""

import time
from pathlib import Path

import pytest

from shared.clock import make_clock, now, parse_instant
from shared.errors import SettingsInvalid, ValueRefused


def test_an_instant_is_read_with_its_offset() -> None:
    assert parse_instant("2024-01-16T00:00:00+09:00") == 1705330800
    assert parse_instant("2024-01-15T15:00:00Z") == 1705330800


@pytest.mark.parametrize(
    "text", ["2024-01-16T00:00:00", "2024-01-16", "", "now", "2024-01-16T00:00:00.5+09:00"]
)
def test_an_instant_without_an_offset_or_with_fractions_is_refused(text: str) -> None:
    with pytest.raises(ValueRefused):
        parse_instant(text)


def test_without_a_file_the_clock_is_the_machine_s() -> None:
    assert make_clock(None) is now
    assert abs(now() - time.time()) < 2


def test_a_written_clock_follows_its_file(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    clock = make_clock(file)
    for text, at in (("1970-01-01T00:00:07Z\n", 7), ("1970-01-01T09:00:08+09:00", 8)):
        file.write_text(text, encoding="utf-8")
        assert clock() == at


def test_a_missing_or_wrong_written_clock_names_its_variable(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    for text in (None, "soon"):
        if text:
            file.write_text(text, encoding="utf-8")
        with pytest.raises(SettingsInvalid, match="PPA_TEST_CLOCK"):
            make_clock(file)()
