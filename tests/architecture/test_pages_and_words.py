"""What the files of the pages must keep to: words in both languages, small scripts, true copies."""

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from shared.paths import STATIC, TEMPLATES
from shared.web.language import catalog_paths

ROOT = TEMPLATES.parent
SOURCES = {"portal": "python", "backoffice": "python", "shared/web": "python"}
PLACES = re.compile(r"%\((\w+)\)s")


def spoken() -> set[str]:
    """Return every sentence that templates and views mark for translation."""
    python = [("**.py", "python")]
    found = [extract_from_dir(ROOT / folder, method_map=python) for folder in SOURCES]
    found.append(extract_from_dir(TEMPLATES, method_map=[("**.html", "jinja2.ext:babel_extract")]))
    return {str(message) for one in found for _, _, message, _, _ in one}


@pytest.fixture(scope="module")
def english() -> dict[str, str]:
    """Give the English catalog; a sentence stands in one file only."""
    found: dict[str, str] = {}
    for path in catalog_paths("en"):
        with path.open("rb") as file:
            words = {str(one.id): str(one.string) for one in read_po(file) if one.id}
        assert not found.keys() & words.keys(), f"{path.name}: there in another file"
        found |= words
    return found


def test_every_sentence_is_there_in_english_and_none_too_many(english: dict[str, str]) -> None:
    assert spoken() - set(english) == set()
    assert set(english) - spoken() == set()
    assert [message for message, words in english.items() if not words.strip()] == []


def test_a_translation_keeps_the_places_for_figures(english: dict[str, str]) -> None:
    for message, words in english.items():
        assert set(PLACES.findall(words)) == set(PLACES.findall(message)), message


def test_english_holds_no_japanese(english: dict[str, str]) -> None:
    japanese = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")
    assert [words for words in english.values() if japanese.search(words)] == []


def test_vendored_files_are_what_their_manifest_says() -> None:
    manifest = json.loads((STATIC / "vendor" / "manifest.json").read_text("utf-8"))
    assert manifest
    for name, told in manifest.items():
        content = (STATIC / "vendor" / name).read_bytes()
        digest = base64.b64encode(hashlib.sha384(content).digest()).decode()
        assert told["integrity"] == f"sha384-{digest}"
        assert f"v{told['version']}" in content[:200].decode()
        for licence in told["licence_files"].split():
            assert "MIT" in (STATIC / "vendor" / licence).read_text("utf-8")


def test_scripts_are_small_and_load_nothing_else() -> None:
    for path in (STATIC / "js").glob("*.js"):
        text = path.read_text("utf-8")
        assert len(text.splitlines()) < 80, path
        assert "import " not in text, path


def test_there_are_six_stylesheets_in_layers() -> None:
    sheets = sorted((STATIC / "css").glob("*.css"))
    assert len(sheets) == 6
    assert all("@layer" in sheet.read_text("utf-8") for sheet in sheets)


def _templates() -> list[Path]:
    return sorted(TEMPLATES.rglob("*.html"))


def test_templates_hold_nothing_inline_and_trust_nothing() -> None:
    for path in _templates():
        text = path.read_text("utf-8")
        assert not re.search(r"\sstyle=|\son[a-z]+=|<style|\|\s*safe|Markup|autoescape", text), path
        assert len(text.splitlines()) <= 80, path
