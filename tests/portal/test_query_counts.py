"""How often the homeowner's pages ask the database: a page is slow by its many small questions."""

from sqlalchemy import event

from tests.portal.conftest import Portal

BUDGET = {"/": 24, "/energy": 40, "/bills": 6, "/contract": 8, "/notices": 14}
"""The most statements for a page, among them the session's own and two that begin to read."""
OF_A_BILL = 9


def test_a_homeowners_pages_ask_no_more_than_they_need(portal: Portal) -> None:
    browser, sent = portal.mine(), list[str]()

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    event.listen(portal.engine, "before_cursor_execute", note)
    for path, most in {**BUDGET, f"/bills/{portal.my_bill}": OF_A_BILL}.items():
        sent.clear()
        assert browser.get(path).status == 200
        assert 0 < len(sent) <= most, f"{path}: {len(sent)}"
