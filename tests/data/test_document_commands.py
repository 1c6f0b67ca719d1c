"""Documents, and the sign at their head, by the command line."""

import io

import pypdf
import pytest
from PIL import Image
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from shared.invoices.runs import Kind, find_runs
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


def test_a_qualified_invoice_is_not_issued_without_its_issuers_name(
    ppa: Ppa, engine: Engine
) -> None:
    setting(engine, t_number=OPERATOR["t_number"])
    a_billed_home(engine)
    for way in ((), ("--apply",)):
        refused = ppa("bill", "issue", "2024-01", *way)
        assert (refused.code, len(refused.err.splitlines())) == (1, 1)
        assert f"operator_name is not set, and {JANUARY} would be a 適格請求書" in refused.err
    with Session(engine) as session:
        assert Kind.ISSUE not in {run.kind for run in find_runs(session, 5)}
    assert the_bill(engine, JANUARY)["state"] == "closed"
    assert ppa("settings", "set", "operator_name", OPERATOR["operator_name"]).code == 0
    assert "1 issued" in ppa("bill", "issue", "2024-01", "--apply").out
    assert ppa("settings", "set", "operator_name", " ").code == 0
    again = ("customers", "terms", "1120220110", "--from", "2024-01-16", "--use", "30")
    assert ppa(*again, now="2026-02-01T09:00Z").code == 0
    revised = ppa("bill", "revise", JANUARY, "--reason", "単価の訂正", "--apply")
    assert (revised.code, the_bill(engine, JANUARY)["state"]) == (1, "issued")
    assert "operator_name is not set" in revised.err


def test_a_bill_that_claims_nothing_needs_no_name(ppa: Ppa, engine: Engine) -> None:
    a_billed_home(engine)
    assert "1 issued" in ppa("bill", "issue", "2024-01", "--apply").out


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
