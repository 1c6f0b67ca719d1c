"""The vendored fonts are what their manifest says, and show what names need."""

import hashlib
import json

from shared.documents.fonts import FONTS, covered, showable

MANIFEST = json.loads((FONTS / "manifest.json").read_text("utf-8"))


def test_every_font_is_the_one_of_the_manifest_under_an_open_licence() -> None:
    assert {path.name for path in FONTS.glob("*.ttf")} == set(MANIFEST)
    for name, entry in MANIFEST.items():
        assert hashlib.sha256((FONTS / name).read_bytes()).hexdigest() == entry["sha256"]
        assert "SIL OPEN FONT LICENSE" in (FONTS / entry["licence_file"]).read_text("utf-8")


def test_both_weights_show_the_same_signs() -> None:
    one, other = (covered((FONTS / name).read_bytes()) for name in MANIFEST)
    assert one == other
    assert len(one) > 15_000


def test_rare_signs_of_names_are_shown_and_what_is_missing_is_a_geta() -> None:
    assert showable("髙﨑𠮷濵邉 様\n①") == "髙﨑𠮷濵邉 様\n①"
    assert showable("\U0001f600") == "〓"
