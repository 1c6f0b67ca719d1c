"""Documents, and the sign at their head, by the command line."""

import io

import pypdf
import pytest
from PIL import Image
from sqlalchemy import Engine

from tests.conftest import Ppa
from tests.data.homes import issued, the_bill
from tests.data.papers import JANUARY, OPERATOR, a_billed_home, rendered, said, setting

ISSUE = "2024-02-20 10:00"


def test_the_operators_logo_stands_on_what_is_issued_from_then_on(ppa: Ppa, engine: Engine) -> None:
    setting(engine, **OPERATOR)
    logo = ppa.home / "logo.png"
    Image.new("RGB", (60, 30), "navy").save(logo)
    assert ppa("settings", "logo", str(logo)).code == 0
    a_billed_home(engine)
    issued(engine, "2024-01", ISSUE)
    assert ppa("settings", "logo", "none").code == 0
    (page, _) = pypdf.PdfReader(io.BytesIO(rendered(engine, JANUARY).content)).pages
    assert len(page.images) == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "No such file"),
        (b"\x89PNG\r\n\x1a\n and no picture", "not a readable PNG"),
        (b"<svg/>", "not a readable PNG"),
        (b"\x89PNG" + bytes(50_000), "at most 40000"),
    ],
)
def test_what_is_no_small_png_is_no_logo(ppa: Ppa, content: bytes, said: str) -> None:
    logo = ppa.home / "logo.png"
    if content:
        logo.write_bytes(content)
    result = ppa("settings", "logo", str(logo))
    assert (result.code, len(result.err.splitlines())) == (2, 1)
    assert said in result.err


def test_a_logo_that_only_the_filters_of_png_keep_small_is_refused(ppa: Ppa) -> None:
    """In a document it would be five times its file."""
    logo = ppa.home / "logo.png"
    shades = bytes((x * x + y * y) // 90 % 256 for y in range(300) for x in range(300))
    Image.frombytes("L", (300, 300), shades).save(logo)
    assert logo.stat().st_size < 8_000
    result = ppa("settings", "logo", str(logo))
    assert (result.code, len(result.err.splitlines())) == (2, 1)
    assert "bytes in a document, at most 30000" in result.err


def test_a_qualified_invoice_without_its_issuers_name_is_issued_with_a_word_of_it(
    ppa: Ppa, engine: Engine
) -> None:
    setting(engine, t_number=OPERATOR["t_number"])
    a_billed_home(engine)
    for way in ((), ("--apply",)):
        told = ppa("bill", "issue", "2024-01", *way)
        assert (told.code, told.err.count("operator_name: not set")) == (0, 1)
    assert the_bill(engine, JANUARY)["state"] == "issued"
    paper = said(ppa("bill", "pdf", JANUARY).raw)
    assert "適格請求書" in paper
    assert OPERATOR["t_number"] in paper


def test_a_bill_that_claims_nothing_needs_no_name(ppa: Ppa, engine: Engine) -> None:
    a_billed_home(engine)
    told = ppa("bill", "issue", "2024-01", "--apply")
    assert ("1 issued" in told.out, "operator_name" in told.err) == (True, False)


def test_a_document_comes_on_the_command_line(ppa: Ppa, engine: Engine) -> None:
    setting(engine, **OPERATOR)
    a_billed_home(engine)
    assert ppa("bill", "pdf", JANUARY).code == 2
    issued(engine, "2024-01", ISSUE)
    made = ppa("bill", "pdf", JANUARY)
    assert (made.code, made.raw[:5], made.err) == (0, b"%PDF-", "")
    path = ppa.home / "bill.pdf"
    assert ppa("bill", "pdf", JANUARY, "--output", str(path)).code == 0
    assert path.read_bytes() == made.raw
    assert ppa("bill", "void", JANUARY, "--reason", "誤り").code == 0
    assert "取消" in said(ppa("bill", "pdf", JANUARY).raw)
    assert ppa("bill", "pdf", JANUARY, "--issued").raw == made.raw
