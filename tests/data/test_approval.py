"""The setting `approval` on the command line, which knows no two people (docs/decisions/0014)."""

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from shared.energy.quantities import Quantity
from shared.models.invoices import Invoice
from tests.conftest import Ppa
from tests.data.homes import a_home, registers

NO = "1120220110"
ISSUE = ("bill", "issue", "2024-01", "--apply")


def states(engine: Engine) -> list[str]:
    """Return the states of all bills."""
    with Session(engine) as session:
        return list(session.scalars(select(Invoice.state)))


def test_the_command_line_issues_nothing_while_a_second_person_has_to_approve(
    ppa: Ppa, engine: Engine
) -> None:
    with Session(engine) as session, session.begin():
        pv = [("2024-01-16 00:00", "100"), ("2024-02-16 00:00", "400")]
        export = [("2024-01-16 00:00", "50"), ("2024-02-16 00:00", "150")]
        registers(session, a_home(session, NO), {Quantity.PV: pv, Quantity.EXPORT: export})
    ppa("bill", "run", "2024-01", "--apply")
    ppa("settings", "set", "approval", "1")
    refused = ppa(*ISSUE)
    assert (refused.code, refused.out) == (1, "")
    assert "approval" in refused.err
    assert "/office/runs" in refused.err
    assert states(engine) == ["closed"]
    shown = ppa("bill", "issue", "2024-01")
    assert (shown.code, shown.out) == (0, "2024-01: 1 would be issued\n")
    ppa("settings", "set", "approval", "0")
    assert ppa(*ISSUE).code == 0
    assert states(engine) == ["issued"]
