"""The mails on the desk: what went, what did not, and what the clerk does about it."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from shared.invoices.documents import get_invoice
from shared.invoices.notifying import queue_mails
from shared.mail.links import ensure_link, find_link
from shared.models.customers import Customer
from shared.models.mail import Outbox
from shared.models.operations import Audit
from tests.backoffice.conftest import Office
from tests.mailroom import html_of, link_of, sent
from tests.pages import parse, words


def opener(engine: Engine) -> Iterator[Session]:
    """Give a session that commits."""
    with Session(engine) as session, session.begin():
        yield session


@pytest.fixture
def mailed(office: Office) -> Office:
    """Give an office whose issued bills have their mails, one refused, one without address."""
    with Session(office.engine) as session, session.begin():
        mine, other = (get_invoice(session, number) for number in (office.bill, OTHER))
        session.get_one(Customer, other.customer_id).email = ""
        queue_mails(session, [mine.id, other.id], office.clock())
        session.execute(
            update(Outbox)
            .where(Outbox.invoice_id == mine.id)
            .values(state="refused", reply="550 5.1.1 no such user", attempts=1)
        )
    return office


OTHER = "24011120220111"


def test_the_clerks_list_is_what_was_refused_and_what_has_no_address(mailed: Office) -> None:
    browser = mailed.as_("viewer")
    page = browser.get("/office/mail?needs=1")
    assert mailed.bill in page.text
    assert OTHER in page.text
    assert "550 5.1.1 no such user" in page.text
    assert "メールアドレスがありません" in page.text
    refused = browser.get("/office/mail?state=refused")
    assert mailed.bill in refused.text
    assert OTHER not in refused.text
    assert "この条件のメールはありません。" in browser.get("/office/mail?state=accepted").text
    for bad in ("state=x", "month=13", "page=-1", "q=%25"):
        assert browser.get(f"/office/mail?{bad}").status == 200


def test_the_list_comes_as_csv(mailed: Office) -> None:
    answer = mailed.as_("viewer").get("/office/mail.csv?needs=1").answer
    lines = answer.data.decode("utf-8-sig").splitlines()
    assert lines[0] == "利用月,請求番号,氏名,宛先,状態,試行,返事,次の試行"
    assert sorted(line.split(",")[4] for line in lines[1:]) == ["不達", "保留"]


def test_the_ticked_mails_are_queued_again_and_the_others_are_named(mailed: Office) -> None:
    browser = mailed.as_("billing")
    path = "/office/mail/resend?needs=1"
    page = browser.post(path, {"every": "1"})
    assert page.answer.headers["Location"] == "/office/mail?needs=1"
    told = browser.get("/office/mail").text
    assert "1 通を送り直します。" in told
    assert f"1 通は送りません({OTHER})。顧客のメールアドレスがありません。" in told
    with Session(mailed.engine) as session:
        states = session.scalars(select(Outbox.state)).all()
        assert sorted(states) == ["held", "queued"]
        assert "mail.resend" in session.scalars(select(Audit.action)).all()


def test_an_unknown_bill_queues_nothing(mailed: Office) -> None:
    browser = mailed.as_("billing")
    form = {"picked": [mailed.bill, "24019999999999"], "csrf_token": browser.token("/office/mail")}
    browser.post_raw("/office/mail/resend", form)
    assert "何も送り直していません" in browser.get("/office/mail").text
    with Session(mailed.engine) as session:
        assert "queued" not in session.scalars(select(Outbox.state)).all()


def test_a_mail_tells_its_words_and_what_happened(mailed: Office) -> None:
    browser = mailed.as_("viewer")
    page = browser.get(f"/office/mail/{mailed.bill}")
    (letter,) = page.all("pre")
    assert "2024年1月分の請求書ができました。" in words(letter)
    assert f"http://127.0.0.1:8000/office/invoices/{mailed.bill}" in words(letter)
    assert "/b/" not in words(letter)
    html = browser.get(f"/office/mail/{mailed.bill}/html")
    assert html.heading() == "2024年1月分の請求書のお知らせ"
    assert browser.get(f"/office/mail/{mailed.held_bill}").status == 404
    assert browser.get("/office/mail/x").status == 404


def test_a_bills_page_tells_how_its_mail_stands(mailed: Office) -> None:
    page = mailed.as_("viewer").get(f"/office/invoices/{mailed.bill}")
    assert f"/office/mail/{mailed.bill}" in page.links()
    assert "550 5.1.1 no such user" in page.text


def test_a_link_is_revoked_on_the_desk(mailed: Office) -> None:
    with Session(mailed.engine) as session, session.begin():
        bill = get_invoice(session, mailed.bill)
        token = ensure_link(session, "s" * 40, bill.id, mailed.clock(), 60).token
    browser = mailed.as_("billing")
    assert "リンクを止める" in browser.get(f"/office/mail/{mailed.bill}").text
    browser.post(f"/office/mail/{mailed.bill}/revoke")
    assert "使えるリンクはありません。" in browser.get(f"/office/mail/{mailed.bill}").text
    with Session(mailed.engine) as session:
        assert find_link(session, token, mailed.clock()) is None
    browser.post(f"/office/mail/{mailed.bill}/revoke")
    assert "止めるリンクがありません。" in browser.get("/office/mail").text


def test_a_test_mail_goes_to_the_operator_alone_and_opens_nothing(mailed: Office) -> None:
    browser = mailed.as_("billing")
    for _ in range(2):
        browser.post(f"/office/mail/{mailed.bill}/test")
    room = sent(mailed.engine, mailed.clock)
    (mail,) = room.of("billing@example.jp")
    assert [address for address, _ in room.taken] == ["billing@example.jp"]
    assert mail["Subject"].startswith("[テスト] ")
    assert link_of(mail) == f"http://127.0.0.1:8000/office/invoices/{mailed.bill}"
    parse(html_of(mail))


def test_bills_ticked_in_the_list_are_looked_at_and_mailed_again(mailed: Office) -> None:
    browser = mailed.as_("billing")
    page = browser.get(f"/office/invoices?picked={mailed.bill}")
    assert "メールを送り直す…" in page.text
    ticked = "&".join(f"picked={no}" for no in (mailed.bill, OTHER, mailed.held_bill))
    page = browser.get(f"/office/resend?month=&q=11202&{ticked}")
    assert "発行済の 2 件のメールを" in page.text
    assert "発行済でない 1 件は送りません。" in page.text
    (form,) = page.all("form", action="/office/mail/resend?q=11202")
    sent = {
        "from": "invoices",
        "picked": [one.get("value") for one in page.all("input", name="picked")],
    }
    assert sent["picked"] == [mailed.bill, OTHER]
    answer = browser.post(form.get("action", ""), sent).answer
    assert answer.headers["Location"] == "/office/invoices?q=11202"
    told = browser.get("/office/invoices").text
    assert "1 通を送り直します。" in told
    assert f"1 通は送りません({OTHER})。顧客のメールアドレスがありません。" in told


def test_where_no_bill_ticked_is_issued_nothing_is_offered(mailed: Office) -> None:
    page = mailed.as_("billing").get(f"/office/resend?picked={mailed.held_bill}")
    assert "選んだ中に、発行済の請求書はありません。" in page.text
    assert not page.all("input", name="picked")


def test_a_mail_that_is_being_sent_or_was_never_written_says_so(mailed: Office) -> None:
    with Session(mailed.engine) as session, session.begin():
        wanted = Outbox.invoice_id == get_invoice(session, mailed.bill).id
        session.execute(
            update(Outbox).where(wanted).values(state="sending", claimed_at=mailed.clock())
        )
    browser = mailed.as_("billing")
    for numbers, why in (
        ([mailed.bill], "いま送信中です。"),
        ([mailed.held_bill], "この請求書は、発行済ではありません。"),
    ):
        browser.post("/office/mail/resend", {"picked": numbers})
        assert f"1 通は送りません({numbers[0]})。{why}" in browser.get("/office/mail").text
