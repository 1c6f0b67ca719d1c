"""What the rail counts, for eyes and for ears."""

from sqlalchemy import update
from sqlalchemy.orm import Session

from shared.invoices.documents import get_invoice
from shared.invoices.notifying import queue_mails
from shared.models.gateways import Gateway, Poll
from shared.models.mail import Outbox
from tests.backoffice.conftest import Office
from tests.pages import Page, words
from tests.people import NOW


def rail(page: Page) -> dict[str, str]:
    """Return what each link of the rail says, by its address."""
    (nav,) = [one for one in page.all("nav") if one.get("class") == "rail"]
    return {one.get("href", ""): words(one) for one in nav.iter() if one.tag.endswith("}a")}


def test_the_rail_counts_what_waits_and_says_what_it_counts(office: Office) -> None:
    with Session(office.engine) as session, session.begin():
        queue_mails(session, [get_invoice(session, office.bill).id], NOW)
        session.execute(update(Outbox).values(state="refused"))
        gateway = Gateway(site_id=1, driver="modbus", address="10.0.0.5:502", failures=3)
        session.add(gateway)
        session.flush()
        session.add(
            Poll(
                gateway_id=gateway.id, slot=NOW, tries=1, tried_at=NOW, settled=1,
                outcome="unreachable",
            )
        )  # fmt: skip
    page = office.as_("admin").get("/office/settings")
    told = rail(page)
    assert told["/office/holds"] == "要確認1(確認を待つ請求書 1 件)"
    assert told["/office/mail"] == "メール1(届いていないメール 1 通)"
    assert told["/office/gateways"] == "発電所長HOME1(機器を見る家 1 軒)"
    assert told["/office/proposals"] == "見直し"
    counts = [one for one in page.all("span") if (one.get("class") or "").startswith("n ")]
    assert [one.get("aria-hidden") for one in counts] == ["true"] * 3


def test_english_says_it_in_english(office: Office) -> None:
    told = rail(office.as_("viewer").get("/office/?lang=en"))
    assert told["/office/holds"].endswith("1(bills on hold: 1)")
