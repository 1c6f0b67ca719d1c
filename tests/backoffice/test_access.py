"""Who may open what: every route of the office for everybody, from the URL map itself."""

import pytest
from werkzeug.routing import Rule

from backoffice.permissions import LEAST_ROLE
from shared.web.marks import PUBLIC
from tests.backoffice.conftest import HOME, ROLES, Office
from tests.people import PASSWORD

RANK = {"viewer": 1, "billing": 2, "admin": 3}
PLACES = {
    "<customer_no>": HOME,
    "<int:message_id>": "1",
    "<int:gateway_id>": "1",
    "<int:operator_id>": "1",
    "<quantity>": "pv",
    "<int:run_id>": "1",
    "<month>": "2024-01",
}
ADMINS_OWN = {"/office/audit", "/office/operators", "/office/settings"}
ASKING = (
    "/edit",
    "/leave",
    "/move",
    "/delete",
    "/disclose",
    "/erase",
    "/operators/1",
    "/audit.csv",
    "/report.csv",
    "/codes",
    "/resend",
)
"""Pages that only lead to a change, and are for who may make it."""
WRITERS_OWN = {"/office/customers/new", "/office/customers/import", "/office/payments/import"}


def routes(office: Office) -> list[tuple[Rule, str, str]]:
    """Return every private route with a method and an address that exists."""
    found = []
    for rule in office.app.url_map.iter_rules():
        view = office.app.view_functions[rule.endpoint]
        if getattr(view, PUBLIC, False):
            continue
        path = rule.rule.replace("<invoice_no>", office.bill)
        for place, given in PLACES.items():
            path = path.replace(place, given)
        assert "<" not in path, f"{rule.rule}: give it a value"
        found += [
            (rule, method, path) for method in ("GET", "POST") if method in (rule.methods or ())
        ]
    return found


def test_every_private_route_has_a_row_in_the_table(office: Office) -> None:
    private = {rule.endpoint for rule, _, _ in routes(office)}
    assert private == set(LEAST_ROLE)


def test_strangers_are_led_to_the_login(office: Office) -> None:
    for _, method, path in [*routes(office), (None, "GET", "/office/nothing")]:
        stranger = office.browser()
        page = stranger.get(path) if method == "GET" else stranger.post_raw(path, {})
        assert (page.status, page.answer.headers["Location"]) == (303, "/office/login"), path


@pytest.mark.parametrize("role", ROLES)
def test_each_role_opens_exactly_its_pages(office: Office, role: str) -> None:
    browser = office.as_(role)
    for rule, method, path in routes(office):
        if rule.endpoint == "office.log_out":
            continue
        page = browser.get(path) if method == "GET" else browser.post(path)
        is_allowed = RANK[role] >= RANK[LEAST_ROLE[rule.endpoint]]
        assert (page.status == 403) is not is_allowed, f"{role} {method} {path}: {page.status}"


def test_the_table_says_what_the_contract_says(office: Office) -> None:
    for rule, method, path in routes(office):
        least = LEAST_ROLE[rule.endpoint]
        if path.startswith("/office/account"):
            assert least == "viewer"
        elif path in ADMINS_OWN or path.endswith("/archive"):
            assert least == "admin"
        elif path in WRITERS_OWN or (method == "POST" and path != "/office/logout"):
            assert least in ("billing", "admin")
        elif not path.endswith(ASKING) and rule.endpoint != "office.meter":
            assert least == "viewer", path


@pytest.mark.parametrize("role", ROLES)
def test_no_page_links_to_what_its_reader_may_not_open(office: Office, role: str) -> None:
    browser = office.as_(role)
    seen: set[str] = set()
    waiting = ["/office/"]
    while waiting:
        path = waiting.pop()
        page = browser.get(path)
        assert page.status == 200, f"{role}: {path} is {page.status}"
        if page.root is None:
            continue
        found = {one.split("?")[0] for one in page.links() if one.startswith("/office")}
        waiting += sorted(found - seen)
        seen |= found


def test_every_form_needs_its_token_and_our_own_pages(office: Office) -> None:
    browser = office.as_("admin")
    for rule, method, path in routes(office):
        if method != "POST":
            continue
        form = {"password": PASSWORD}
        assert browser.post_raw(path, form).status == 400, path
        assert browser.post_raw(path, form | {"csrf_token": "foreign"}).status == 400, path
        for elsewhere in (
            {"Sec_Fetch_Site": "cross-site"},
            {"Sec_Fetch_Site": "same-site"},
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
        ):
            assert browser.post(path, form, **elsewhere).status == 400, (rule.endpoint, elsewhere)
    assert browser.get("/office/").status == 200, "no attack signed anybody out"


def test_a_token_of_another_person_is_foreign(office: Office) -> None:
    theirs = office.as_("viewer").token("/office/")
    mine = office.as_("admin")
    assert mine.post_raw("/office/logout", {"csrf_token": theirs}).status == 400


def test_a_null_origin_of_our_own_page_is_ours(office: Office) -> None:
    browser = office.as_("admin")
    headers = {"Origin": "null", "Sec_Fetch_Site": "same-origin"}
    assert browser.post("/office/logout", {}, **headers).status == 303
