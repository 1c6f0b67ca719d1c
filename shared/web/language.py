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

from shared.paths import TEMPLATES
from shared.web.request import site

LANGUAGES = ("ja", "en")
SESSION_KEY = "lang"


class Catalog(Domain):  # type: ignore[misc]
    """Translations from `.po` files, compiled in memory when first needed."""

    _read: ClassVar[dict[str, NullTranslations]] = {}

    def get_translations(self) -> NullTranslations:
        """Return the catalog of the reader's language; Japanese is the source itself."""
        language = str(get_locale() or "ja")
        if language not in self._read:
            self._read[language] = read_catalog(language)
        return self._read[language]


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
    app.jinja_env.globals["lang"] = lambda: str(get_locale() or "ja")


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
