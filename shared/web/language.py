"""Japanese, the language of the sources, and English, from a catalog read as it is."""

import io
from pathlib import Path
from typing import ClassVar

from babel.messages.catalog import Catalog as BabelCatalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, has_request_context, request, session
from flask_babel import Babel, Domain, get_locale
from markupsafe import Markup

from shared.paths import TEMPLATES
from shared.web.request import site

LANGUAGES = ("ja", "en")
SESSION_KEY = "lang"
_FOUND: dict[tuple[str, str], tuple[Markup, bool]] = {}
"""What the templates' words are in a language, and whether something is put into them."""


class Catalog(Domain):  # type: ignore[misc]
    """Translations from `.po` files, compiled in memory when first needed."""

    _read: ClassVar[dict[str, NullTranslations]] = {}

    def get_translations(self) -> NullTranslations:
        """Return the catalog of the reader's language; Japanese is the source itself."""
        return self.of(_language())

    @classmethod
    def of(cls, language: str) -> NullTranslations:
        """Return the catalog of a language."""
        if language not in cls._read:
            cls._read[language] = read_catalog(language)
        return cls._read[language]


def catalog_paths(language: str) -> list[Path]:
    """Return the files of translations into a language, one a room."""
    return sorted((TEMPLATES / "translations" / language).glob("*.po"))


def read_catalog(language: str) -> NullTranslations:
    """Return a language's translations; a language without files speaks the sources' words."""
    whole = BabelCatalog(locale=language)
    for path in catalog_paths(language):
        with path.open("rb") as source:
            for message in read_po(source, locale=language):
                if message.id:
                    whole[message.id] = message
    if not len(whole):
        return NullTranslations()
    compiled = io.BytesIO()
    write_mo(compiled, whole)
    compiled.seek(0)
    return Translations(fp=compiled)


def speak(app: Flask) -> None:
    """Let an app's pages speak the reader's language."""
    babel = Babel(app, locale_selector=choose_language, default_locale="ja")
    babel.domain_instance = Catalog()
    app.jinja_env.globals |= {"lang": _language, "_": _said, "gettext": _said}


def _language() -> str:
    locale = get_locale()
    return str(locale.language) if locale else "ja"


def _said(text: str, /, **parts: object) -> Markup:
    """Return a template's words in the reader's language; a page has a hundred and more of them."""
    language = _language()
    found = _FOUND.get((language, text))
    if found is None:
        words = Markup(Catalog.of(language).gettext(text))  # noqa: S704 - of our own sources
        found = _FOUND[language, text] = words, "%" in words
    words, has_parts = found
    return words % parts if has_parts else words


def choose_language() -> str:
    """Return `?lang=`, else what was remembered, else the browser's wish, else PPA_LANG."""
    if not has_request_context():
        return "ja"
    for wish in (request.args.get("lang"), session.get(SESSION_KEY)):
        if wish in LANGUAGES:
            return str(wish)
    return request.accept_languages.best_match(LANGUAGES) or site().settings.lang


def remember_language(wish: str) -> None:
    """Remember a language for this browser; anything but ours is ignored."""
    if wish in LANGUAGES:
        session[SESSION_KEY] = wish


def own_path(path: str) -> str:
    """Return a path of ours, or nothing: a redirect never leaves the site."""
    is_ours = path.startswith("/") and not path.startswith("//") and "\\" not in path
    return path if is_ours and path.isprintable() else ""
