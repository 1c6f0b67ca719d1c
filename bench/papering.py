"""P8: a bill's document, many different ones in a row with the compiler kept."""

import time
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from bench.measuring import NS, Row, told
from shared.documents.keeping import document_facts
from shared.documents.paper import ISSUED
from shared.documents.typesetting import typeset
from shared.models.invoices import Invoice

MOST_S, MOST_KB, KB = 0.040, 100, 1000


def rows(patterns: Engine, count: int) -> Iterator[Row]:
    """Yield what a document costs, each of another bill and person, and how large they get."""
    with Session(patterns) as session:
        bills = session.scalars(
            select(Invoice).where(Invoice.state == "issued").order_by(Invoice.id)
        ).all()
        facts = [document_facts(session, bill, ISSUED) for bill in bills]
    typeset("bill.typ", facts[0], NS)  # loads compiler and fonts
    before = time.process_time()
    sizes = [
        len(typeset("bill.typ", _as_other(facts[number % len(facts)], number), NS))
        for number in range(count)
    ]
    each = (time.process_time() - before) / count
    work = f"document of a bill, {count:,} set"
    yield Row("P8", work, "–", told(each), "–", f"≤ {told(MOST_S)}", passes=each <= MOST_S)
    largest = max(sizes) / KB
    yield Row(
        "P8", "the largest of them", "–", f"{largest:.1f} KB", "–", f"< {MOST_KB} KB",
        passes=largest < MOST_KB,
    )  # fmt: skip


def _as_other(facts: dict[str, Any], number: int) -> dict[str, Any]:
    """Return a document's facts as those of another bill and person."""
    recipient = facts["recipient"] | {"name": f"顧客{number:04d}"}
    return facts | {"number": f"{facts['number'][:-5]}{number:05d}", "recipient": recipient}
