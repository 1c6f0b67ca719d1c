"""What a file or a form may state of a customer, and what is refused."""

from datetime import date

import pytest

from shared.billing.terms import TermKind
from shared.customers.entries import FIELDS, Entry, EntryRefused, parse_day, parse_entry
from shared.customers.sheet import HEADERS
from shared.customers.terms import TermText, describe
from shared.errors import ValueRefused


def cells(**changed: str) -> dict[str, str]:
    given = {
        "customer_no": "1120230170",
        "serial": "23370657",
        "name": "顧客0170",
        "kana": "ｺｷﾔｸ",
        "contract_from": "2023-12-16",
        "contract_to": "2037/12/15",
        "base_fee": "980",
        "export_price": "16.00",
        "use_price": "27",
        "email": "1120230170@HSPPA.info",
    }
    return given | changed


def entry(**changed: str) -> Entry:
    return parse_entry(cells(**changed), "11")


def refusal(**changed: str) -> dict[str, str]:
    with pytest.raises(EntryRefused) as refused:
        entry(**changed)
    return refused.value.problems


def test_the_columns_of_the_file_are_the_fields_of_an_entry() -> None:
    assert set(FIELDS) - set(HEADERS.values()) == {"pcs", "pcs_kw"}, "only forms have these"
    assert set(HEADERS.values()) <= set(FIELDS)


def test_a_whole_row_is_read() -> None:
    stated = entry(panel_kw="5.55", battery="逆潮流あり", postal_code="1000001", note="a\r\nb")
    assert stated.contact["kana"] == "コキヤク"
    assert stated.contact["email"] == "1120230170@hsppa.info"
    assert stated.contact["postal_code"] == "100-0001"
    assert stated.contact["note"] == "a\nb"
    assert stated.site == {"panel_w": 5550, "battery": "may_export"}
    assert stated.terms == {
        TermKind.BASE_FEE: TermText(figure=980),
        TermKind.EXPORT_PRICE: TermText(figure=1600),
        TermKind.USE_PRICE: TermText(figure=2700),
        TermKind.CONTRACT: TermText(start_day=date(2023, 12, 16), end_day=date(2037, 12, 15)),
    }


def test_an_absent_field_stays_away_and_an_empty_one_is_empty() -> None:
    stated = entry(panel_kw="", battery="", base_fee="", contract_from="", contract_to="", email="")
    assert stated.site == {"panel_w": None, "battery": "none"}
    assert "phone" not in stated.contact
    assert stated.contact["email"] == ""
    assert stated.terms[TermKind.BASE_FEE] == TermText()
    assert stated.terms[TermKind.CONTRACT] == TermText()
    assert entry().site == {}


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("customer_no", ""),
        ("customer_no", "112023017"),
        ("customer_no", "１１２０２３０１７０"),
        ("customer_no", "2220230170"),
        ("name", ""),
        ("name", "　"),
        ("name", "a\nb"),
        ("name", "x" * 101),
        ("kana", "コ\x07"),
        ("contract_from", "2023-13-01"),
        ("contract_from", "2023-02-29"),
        ("contract_from", "0203-12-16"),
        ("contract_from", "2023-1-6"),
        ("contract_from", "令和5年12月16日"),
        ("contract_from", "２０２３-12-16"),
        ("base_fee", "980.00"),
        ("base_fee", "-1"),
        ("base_fee", "1,000"),
        ("use_price", "27.001"),
        ("use_price", "1e3"),
        ("export_price", "-16"),
        ("email", "nobody"),
        ("email", "a@b"),
        ("email", "a@b.example\nBcc: c@d.example"),
        ("email", "ａ@example.jp"),
        ("terms_from", "soon"),
        ("panel_kw", "5.5555"),
        ("panel_kw", "0"),
        ("panel_kw", "5,5"),
        ("battery", "あり"),
        ("postal_code", "12345"),
        ("note", "a\0b"),
    ],
)
def test_what_is_not_of_its_kind_is_refused_by_its_field(field: str, text: str) -> None:
    assert list(refusal(**{field: text})) == [field]


def test_a_contract_that_ends_without_a_start_or_before_it_is_refused() -> None:
    assert list(refusal(contract_from="")) == ["contract_to"]
    assert list(refusal(contract_to="2023-12-15")) == ["contract_to"]


def test_a_contract_without_an_end_is_open() -> None:
    contract = entry(contract_to="").terms[TermKind.CONTRACT]
    assert describe(TermKind.CONTRACT, contract) == "2023-12-16 ~"


def test_every_field_at_fault_is_told_at_once() -> None:
    assert set(refusal(name="", base_fee="x", email="x")) == {"name", "base_fee", "email"}


def test_a_stated_entry_states_the_same_again() -> None:
    once = entry(postal_code="1000001")
    contact = dict(once.contact)
    assert parse_entry(cells(**contact), "11").contact == contact


@pytest.mark.parametrize("text", ["2024-01-05", "2024/01/05", "2024/1/5"])
def test_days_are_read_as_people_and_spreadsheets_write_them(text: str) -> None:
    assert parse_day(text) == date(2024, 1, 5)


@pytest.mark.parametrize("text", ["2024-01/05", "20240105", "2024-1-5", "", "2024-00-10"])
def test_other_days_are_refused(text: str) -> None:
    with pytest.raises(ValueRefused):
        parse_day(text)
