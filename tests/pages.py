"""A browser without a window: it fetches pages, checks each, and presses their buttons."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
from flask import Flask
from werkzeug.test import Client, TestResponse

NS = "{http://www.w3.org/1999/xhtml}"
FIELDS = ("input", "select", "textarea")
UNNAMED = ("hidden", "submit", "button")
INLINE = re.compile(r"^on[a-z]+$")

SIGNED_IN = "signed in"


@dataclass(slots=True)
class Page:
    """An answer; where it is HTML, also its tree."""

    answer: TestResponse
    root: Element | None = None

    @property
    def status(self) -> int:
        """Return the status."""
        return self.answer.status_code

    @property
    def text(self) -> str:
        """Return the body as text."""
        return self.answer.get_data(as_text=True)

    def tree(self) -> Element:
        """Return the tree of a page that is HTML."""
        assert self.root is not None, f"{self.status}: not a page"
        return self.root

    def all(self, tag: str, **having: str) -> list[Element]:
        """Return the elements of a kind that have these attributes."""
        return [
            one
            for one in self.tree().iter(NS + tag)
            if all(
                one.get(key.rstrip("_").replace("_", "-")) == text for key, text in having.items()
            )
        ]

    def figure(self, invoice_no: str, name: str) -> int:
        """Return a bill's figure as the page carries it."""
        found = self.all("data", data_invoice=invoice_no, data_field=name)
        assert found, f"no {name} of {invoice_no}"
        values = {int(one.get("value", "")) for one in found}
        assert len(values) == 1
        return values.pop()

    def rows(self) -> list[list[str]]:
        """Return the data cells of each row of all tables."""
        return [[words(cell) for cell in row.iter(NS + "td")] for row in self.all("tr")]

    def heading(self) -> str:
        """Return the one h1."""
        (found,) = self.all("h1")
        return words(found)

    def links(self) -> list[str]:
        """Return the addresses that the page leads to."""
        return [one.get("href", "") for one in self.all("a")]

    def token(self) -> str:
        """Return the CSRF token of any form on the page."""
        return self.all("input", name="csrf_token")[0].get("value", "")


def words(element: Element) -> str:
    """Return the text of an element, spaces folded."""
    return " ".join("".join(element.itertext()).split())


@dataclass(slots=True)
class Browser:
    """One person's browser at one app; `address` is where they come from."""

    app: Flask | Any
    address: str = "192.0.2.1"
    headers: dict[str, str] = field(default_factory=dict)
    client: Client = field(init=False)

    def __post_init__(self) -> None:
        """Start without cookies."""
        self.client = Client(self.app)

    def head(self, path: str) -> TestResponse:
        """Ask for an answer's headers alone."""
        answer = self.client.head(path, **self._request({}))
        answer.close()
        return answer

    def get(self, path: str, **headers: str) -> Page:
        """Fetch a page and check it."""
        return self._page(self.client.get(path, **self._request(headers)))

    def post(self, path: str, form: Mapping[str, Any] | None = None, **headers: str) -> Page:
        """Send a form with a token from our own login page or the page at hand."""
        filled = dict(form or {})
        filled.setdefault("csrf_token", self.token(path))
        return self.post_raw(path, filled, **headers)

    def post_raw(self, path: str, form: dict[str, Any], **headers: str) -> Page:
        """Send a form exactly as given."""
        return self._page(self.client.post(path, data=form, **self._request(headers)))

    def token(self, path: str) -> str:
        """Return a token for this browser's session."""
        office = path.startswith("/office")
        page = self.get("/office/login" if office else "/login")
        if page.status == 303:
            page = self.get("/office/" if office else "/")
        return page.token()

    def _request(self, headers: dict[str, str]) -> dict[str, Any]:
        named = {key.replace("_", "-"): text for key, text in (self.headers | headers).items()}
        return {"headers": named, "environ_overrides": {"REMOTE_ADDR": self.address}}

    def _page(self, answer: TestResponse) -> Page:
        content = answer.get_data()
        answer.close()
        assert answer.status_code < 500, content
        check_headers(answer)
        if answer.mimetype != "text/html" or not 200 <= answer.status_code < 600:
            return Page(answer)
        if answer.status_code in (301, 302, 303, 307, 308):
            return Page(answer)
        page = Page(answer, parse(answer.get_data(as_text=True)))
        check_page(page)
        return page


def parse(text: str) -> Element:
    """Return the tree of a page; raises where it is not valid HTML5."""
    parser = html5lib.HTMLParser(strict=True)
    root: Element = parser.parse(text)
    return root


def check_headers(answer: TestResponse) -> None:
    """Every answer carries what protects the reader."""
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'")
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Cache-Control" in answer.headers


def check_page(page: Page) -> None:
    """One h1, unique ids, labelled fields, tokens in forms, nothing inline, a language."""
    root = page.tree()
    assert len(page.all("h1")) == 1, "one h1"
    assert root.get("lang") in ("ja", "en")
    ids = [one.get("id") for one in root.iter() if one.get("id")]
    assert len(ids) == len(set(ids)), f"ids twice: {ids}"
    for one in root.iter():
        assert not one.get("style"), "inline style"
        assert not [name for name in one.attrib if INLINE.match(str(name))], "inline handler"
        assert one.tag != NS + "style"
    for script in page.all("script"):
        assert script.get("src"), "inline script"
    _check_forms(page, {str(one) for one in ids})


def _check_forms(page: Page, ids: set[str]) -> None:
    labelled = {one.get("for") for one in page.all("label")}
    for tag in FIELDS:
        for one in page.all(tag):
            if one.get("type") not in UNNAMED:
                assert one.get("id") in labelled or one.get("aria-label"), f"no label: {one.attrib}"
            assert set((one.get("aria-describedby") or "").split()) <= ids
    for form in page.all("form", method="post"):
        names = [one.get("name") for one in form.iter(NS + "input")]
        assert names.count("csrf_token") == 1, "a POST form without a token"
    for table in page.all("table"):
        heads = list(table.iter(NS + "th"))
        assert heads, "a table without heads"
        assert all(one.get("scope") for one in heads), "a head of nothing"
