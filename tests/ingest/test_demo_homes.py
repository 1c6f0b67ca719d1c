"""The homes of the demo: one sells through an AiSEG2, and its bills come out like the others'."""

from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from ingest.demo import history
from ingest.demo.gateways import HEADER, Gateways
from ingest.demo.homes import make_homes
from shared.models.invoices import Invoice
from tests.conftest import Ppa
from tests.data.homes import at, opener
from tests.ingest.test_probe_command import OPEN

NOW = "2024-03-28 10:00"


def test_every_demo_has_a_home_with_an_aiseg() -> None:
    for count in (1, 2, 3, 7):
        homes = make_homes(count, at(NOW), 15)
        assert any(home.story.sells_through_aiseg for home in homes)
        assert not all(home.story.sells_through_aiseg for home in homes) or count == 1


def test_a_home_that_sells_through_an_aiseg_is_billed_and_read(
    ppa: Ppa, engine: Engine, tmp_path: Path
) -> None:
    now, key = at(NOW), "k" * 32
    homes = make_homes(1, now, 15)
    with Session(engine) as session, session.begin():
        closing_day = history.register_operator(session, now)
        history.register_homes(session, homes, key)
        history.keep_registers(session, homes[0], now, closing_day)
    history.bill_the_past(opener(engine), homes, now)
    with Session(engine) as session:
        states = session.scalars(select(Invoice.state).order_by(Invoice.month)).all()
    assert states == ["issued"] * 12 + ["open"]
    file = tmp_path / "gateways.csv"
    with ExitStack() as stack:
        gateways = Gateways(homes, lambda: now)
        gateways.start()
        stack.callback(gateways.stop)
        gateways.write_file(file)
        code = {"PPA_CODE_KEY": key, "now": "2024-03-28T10:00:00+09:00"}
        assert ppa("gateways", "import", str(file), "--apply", **code, **OPEN).code == 0
        told = ppa("gateways", "poll", "--json", **code, **OPEN)
    assert file.read_text(encoding="utf-8").startswith(HEADER)
    assert [(row["channel"], row["outcome"]) for row in told.json()] == [
        ("pv", "ok"), ("export", "ok"), ("import", "ok"),
    ]  # fmt: skip
