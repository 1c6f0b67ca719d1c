"""What a clerk does with customers in a real browser, with script and without."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

import app
from shared import schema
from shared.db import make_engine
from shared.doors.totp import STEP_S, code_at
from tests.browser.conftest import DESK, Site, Window, a_window, serving
from tests.data.customer_files import a_file, a_row
from tests.people import NOW, PASSWORD, Clock, a_bill, a_config, a_home, an_operator

HOME = "1120220110"
SCRIPT = pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Site]:
    """Serve an office of one home with bills, and an administrator."""
    engine = make_engine(f"sqlite:///{tmp_path / 'ppa.sqlite3'}")
    schema.upgrade(engine)
    an_operator(engine, "admin")
    bill = a_bill(engine, a_home(engine))
    wsgi = app.create_site(a_config(), engine=engine, clock=Clock())
    with serving(wsgi) as port:
        yield Site(f"http://127.0.0.1:{port}", bill)
    engine.dispose()


def a_desk(context: BrowserContext, desk: Site) -> Window:
    """Open a window in which the administrator is signed in."""
    window = a_window(context, desk)
    window.come_to_the_office()
    return window


def saved(page: Page, click: str) -> bytes:
    """Click what saves a file; return its bytes."""
    with page.expect_download() as download:
        page.click(click)
    return Path(download.value.path()).read_bytes()


def a_hundred_and_forty_five(*, bad: bool) -> bytes:
    """Return the file of 145 customers, three of them wrong or none."""
    rows = [a_row(1000 + n) for n in range(145)]
    if bad:
        rows[3]["契約開始日"] = "2023-13-16"
        rows[70]["利用単価(円)"] = "２７"
        rows[144]["顧客番号"] = rows[0]["顧客番号"]
    return a_file(*rows, encoding="cp932")


def looked_at(page: Page, content: bytes) -> None:
    """Choose a file on the page of the import and look at what it would do."""
    page.goto(page.url.split("/office")[0] + "/office/customers/import")
    chosen = {"name": "顧客.csv", "mimeType": "text/csv", "buffer": content}
    page.set_input_files("#file", chosen)  # type: ignore[arg-type]
    page.click("main form button[type=submit]")


@SCRIPT
def test_a_customer_is_registered_its_kana_corrected_and_found_by_it(
    chromium: Browser, desk: Site, *, script: bool
) -> None:
    with chromium.new_context(viewport=DESK, java_script_enabled=script, locale="ja-JP") as context:
        window = a_desk(context, desk)
        page = window.page
        window.open("/office/customers/new")
        page.fill("[name=customer_no]", "20240001")
        page.fill("[name=name]", "髙橋0001")
        page.fill("[name=kana]", "タカバシ")
        page.click("main form button[type=submit]")
        expect(page.locator("h1")).to_contain_text("髙橋0001")
        page.click(".custhead a[href$='/edit']")
        page.fill("[name=kana]", "タカハシ")
        page.click("main form button.is-primary")
        expect(page.locator(".notice")).to_contain_text("変更を保存しました。")
        for word in ("たかはし", "高橋", "0240001"):
            window.open("/office/customers")
            page.fill("#q", word)
            page.click("main form[role=search] button")
            expect(page.locator("main tbody tr")).to_have_count(1)
        page.click("main tbody a")
        expect(page.locator("h1")).to_contain_text("髙橋0001")
        assert window.complaints == []


@SCRIPT
def test_a_file_with_three_bad_rows_saves_nothing_and_mended_all_and_comes_back_the_same(
    chromium: Browser, desk: Site, *, script: bool
) -> None:
    with chromium.new_context(viewport=DESK, java_script_enabled=script, locale="ja-JP") as context:
        window = a_desk(context, desk)
        page = window.page
        looked_at(page, a_hundred_and_forty_five(bad=True))
        expect(page.locator("main")).to_contain_text("新しい 142、変わる 0、同じ 0、直す行 3")
        expect(page.locator("main")).to_contain_text("文字コード CP932")
        lines = page.locator("main tbody tr td:first-child").all_inner_texts()
        assert lines == ["5 行目", "72 行目", "146 行目"]
        window.open("/office/customers")
        expect(page.locator(".pagehead")).to_contain_text("全 1 件")
        looked_at(page, a_hundred_and_forty_five(bad=False))
        page.click("text=145 件を取り込む")
        expect(page.locator("main")).to_contain_text("登録 145 件、変更 0 件")
        report = saved(page, "text=結果を CSV で保存").decode("utf-8-sig")
        assert len(report.splitlines()) == 146
        window.open("/office/customers")
        expect(page.locator(".pagehead")).to_contain_text("全 146 件")
        looked_at(page, saved(page, "text=この 146 件を CSV で保存"))
        expect(page.locator("main")).to_contain_text("新しい 0、変わる 0、同じ 146")
        window.open("/office/customers/csv")
        looked_at(page, saved(page, "text=CP932 で保存"))
        expect(page.locator("main")).to_contain_text("新しい 0、変わる 0、同じ 146")


@SCRIPT
def test_a_house_is_handed_over(chromium: Browser, desk: Site, *, script: bool) -> None:
    with chromium.new_context(viewport=DESK, java_script_enabled=script, locale="ja-JP") as context:
        window = a_desk(context, desk)
        page = window.page
        window.open(f"/office/customers/{HOME}")
        page.click("text=家を引き継ぐ")
        page.fill("[name=customer_no]", "20240002")
        page.fill("[name=name]", "顧客0302")
        page.click("text=どうなるかを見る")
        expect(page.locator("main")).to_contain_text("2024/03/16 からの電気だけが見えます")
        page.click("main form button.is-primary")
        expect(page.locator("h1")).to_contain_text("顧客03021120240002")
        page.fill("#f-show", PASSWORD)
        page.click("form[action$='/code'] button")
        assert len("".join(page.locator(".letters").inner_text().split())) == 16
        window.open(f"/office/customers/{HOME}")
        expect(page.locator(".custhead")).to_contain_text("2024/03/15 に契約終了の予定")
        window.open("/office/customers?only=left")
        expect(page.locator("main tbody tr")).to_have_count(1)


def test_ticked_customers_are_counted_saved_and_archived(chromium: Browser, desk: Site) -> None:
    with chromium.new_context(viewport=DESK, locale="ja-JP") as context:
        window = a_desk(context, desk)
        page = window.page
        window.open("/office/customers")
        page.keyboard.press("/")
        expect(page.locator("#q")).to_be_focused()
        page.check("[data-pick-all]")
        expect(page.locator("[data-pick-count]")).to_have_text("1 件を選択")
        assert HOME in saved(page, ".runbar >> text=CSV で保存").decode("utf-8-sig")
        page.click("text=保管する…")
        page.click("main form button.is-primary")
        expect(page.locator(".notice")).to_contain_text("1 件を保管しました。")
        expect(page.locator("main")).to_contain_text("条件に合う顧客はいません。")


def test_a_person_is_invited_comes_in_and_enrols_a_second_step(
    chromium: Browser, desk: Site
) -> None:
    with chromium.new_context(viewport=DESK, locale="ja-JP") as context:
        page = a_desk(context, desk).page
        page.goto(desk.url + "/office/operators")
        page.fill("#f-email", "new@example.jp")
        page.fill("#f-password", PASSWORD)
        page.click("main form button.is-primary")
        link = page.locator(".linkonce").inner_text().replace("http://127.0.0.1:8000", desk.url)
    with chromium.new_context(viewport=DESK, locale="ja-JP") as context:
        window = a_window(context, desk)
        page = window.page
        page.goto(link)
        window.is_sound()
        page.fill("[name=new_password]", "a new long password")
        page.click("main form button.is-primary")
        entered(page)
        window.open("/office/account")
        secret = "".join(page.locator("code").inner_text().split())
        page.fill("[name=totp]", code_at(secret, NOW // STEP_S))
        page.fill("#f-totp_password", "a new long password")
        page.click("main form button.is-primary")
        expect(page.locator(".notice")).to_contain_text("2段階認証を登録しました")
        page.click("form[action$=logout] button")
        entered(page)
        window.is_sound()
        page.fill("#totp", code_at(secret, NOW // STEP_S))
        page.click("main form button")
        expect(page.locator("h1")).to_have_text("今日の仕事")


def entered(page: Page) -> None:
    """Send mail address and password of the person who was invited."""
    page.fill("#email", "new@example.jp")
    page.fill("#password", "a new long password")
    page.click("main form[action$=login] button")
