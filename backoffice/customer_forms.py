"""Registering a customer, and changing one from a day on."""

from collections.abc import Mapping

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from backoffice.blueprint import office
from backoffice.foreseen import Foreseen, foresee_change
from backoffice.trail import lines_of
from shared.customers.entries import EntryRefused, parse_entry
from shared.customers.listing import get_customer_page
from shared.customers.planning import Change, Verdict, plan_changes
from shared.customers.registering import Registrar, apply_changes
from shared.customers.stored import Stored, get_stored
from shared.customers.typed import typed_of
from shared.models.customers import Customer
from shared.months import day_of
from shared.settings import find_settings
from shared.web.request import database, now, principal, site

FIELDS = (
    "customer_no",
    "serial",
    "name",
    "kana",
    "contract_from",
    "contract_to",
    "base_fee",
    "export_price",
    "use_price",
    "email",
)
MORE = ("postal_code", "address", "phone", "note", "panel_kw", "battery", "pcs", "pcs_kw")
"""Fields that a form may leave out: what is not sent stays as it is."""
EDITED = (*FIELDS[1:], "terms_from")


@office.get("/customers/new")
def new_customer() -> ResponseReturnValue:
    """Show an empty form."""
    return _form(None, dict.fromkeys((*FIELDS, *MORE), ""), {})


@office.post("/customers/new")
def create_customer() -> ResponseReturnValue:
    """Store a new customer; what is wrong is told beside its field."""
    typed, prefix = _typed(FIELDS), _prefix()
    change, errors = _planned({**typed, "customer_no": prefix + typed["customer_no"].strip()})
    if change and change.verdict is not Verdict.NEW:
        errors = {"customer_no": _("この番号の顧客がもういます。")}
    if errors or change is None:
        return _form(None, typed, errors), 422
    apply_changes(database(), [change], registrar())
    flash(_("登録しました。認証コードを作りました。"))
    return redirect(url_for("office.customer", customer_no=change.entry.customer_no), 303)


@office.get("/customers/<customer_no>/edit")
def edit_customer(customer_no: str) -> ResponseReturnValue:
    """Show a customer's form as it is stored."""
    stored = get_stored(database(), customer_no)
    return _form(stored, typed_of(stored, day_of(now())), {})


@office.post("/customers/<customer_no>/edit")
def save_customer(customer_no: str) -> ResponseReturnValue:
    """Change a customer unless somebody else did meanwhile: then both versions are shown.

    With `step=preview` a change of terms is shown with what it does to bills before it is saved.
    """
    stored, typed = get_stored(database(), customer_no), _typed(EDITED)
    if request.form.get("version") != str(stored.version):
        return _form(stored, typed, {}, theirs=_differing(stored, typed)), 409
    if request.form.get("step") == "back":
        return _form(stored, typed, {})
    change, errors = _planned({**typed, "customer_no": customer_no})
    if errors or change is None:
        return _form(stored, typed, errors), 422
    if request.form.get("step") == "preview" and change.terms:
        foreseen = foresee_change(
            stored.customer_id,
            change.terms_from,
            lambda: apply_changes(database(), [change], registrar()),
        )
        return _preview(stored, typed, change, foreseen)
    apply_changes(database(), [change], registrar())
    is_same = change.verdict is Verdict.SAME
    flash(_("変わるところはありませんでした。") if is_same else _("変更を保存しました。"))
    return redirect(url_for("office.customer", customer_no=customer_no), 303)


def _preview(
    stored: Stored, typed: Mapping[str, str], change: Change, foreseen: Foreseen
) -> ResponseReturnValue:
    """Show what will be changed, and the bills that come out otherwise."""
    return render_template(
        "office/customer_preview.html",
        stored=stored,
        typed=typed,
        change=change,
        foreseen=foreseen,
        lines=lines_of({key: told for key, told in change.told().items() if key != "terms_from"}),
    )


def _typed(fields: tuple[str, ...]) -> dict[str, str]:
    sent = (field for field in MORE if field in request.form)
    return {field: request.form.get(field, "") for field in (*fields, *sent)}


def _prefix() -> str:
    return find_settings(database()).customer_no_prefix


def _planned(cells: Mapping[str, str]) -> tuple[Change | None, dict[str, str]]:
    """Return what a form asks for, or a sentence for each field at fault."""
    words = field_words()
    try:
        entry = parse_entry(cells, _prefix())
    except EntryRefused as refused:
        return None, {field: words[field][1] for field in refused.problems}
    (change,) = plan_changes(database(), [entry], now(), lock=True)
    return change, {}


def registrar() -> Registrar:
    """Return who writes customers now: this operator, with the key of the codes."""
    return Registrar(lambda: site().settings.code_key, now(), principal().name)


def _differing(stored: Stored, typed: Mapping[str, str]) -> dict[str, str]:
    """Return the stored text of the fields in which a stale form differs."""
    current = typed_of(stored, day_of(now()))
    return {
        field: current[field]
        for field, text in typed.items()
        if field in current and text.strip() != current[field]
    }


def _form(
    stored: Stored | None,
    typed: Mapping[str, str],
    errors: dict[str, str],
    theirs: Mapping[str, str] | None = None,
) -> str:
    return render_template(
        "office/customer_form.html",
        stored=stored,
        one=_row(stored),
        typed={**dict.fromkeys(MORE, ""), **typed},
        errors=errors,
        theirs=theirs,
        prefix=_prefix(),
        words=field_words(),
    )


def _row(stored: Stored | None) -> Customer | None:
    """Return the stored row itself, for when it was registered and changed."""
    if stored is None:
        return None
    return get_customer_page(database(), stored.customer_no, day_of(now())).customer


def field_words() -> dict[str, tuple[str, str]]:
    """Return for each field its name and the sentence for a bad value."""
    day = _("2024-01-16 のように入れてください。")
    price = _("27.00 のように、小数2桁までで入れてください。")
    text = _("1行で、長すぎないように入れてください。")
    return {
        "customer_no": (
            _("顧客番号"),
            _("%(n)s 桁の数字で入れてください。", n=10 - len(_prefix())),
        ),
        "serial": (_("製造番号"), text),
        "name": (_("氏名"), _("氏名を入れてください(100文字まで)。")),
        "kana": (_("氏名(カナ)"), text),
        "contract_from": (_("契約開始日"), day),
        "contract_to": (_("契約終了日"), _("契約開始日より後の日を入れてください。")),
        "base_fee": (_("基本料金(円)"), _("整数の円で入れてください。")),
        "export_price": (_("売電単価(円)"), price),
        "use_price": (_("利用単価(円)"), price),
        "email": (_("メールアドレス"), _("メールアドレスの形で入れてください。")),
        "terms_from": (_("適用開始日"), day),
        "postal_code": (_("郵便番号"), _("100-0001 のように入れてください。")),
        "address": (_("住所"), text),
        "phone": (_("電話番号"), text),
        "note": (_("各種情報"), _("5000文字までで入れてください。")),
        "panel_kw": (_("パネル容量(kW)"), _("5.50 のように入れてください。")),
        "battery": (_("蓄電池"), _("選び直してください。")),
        "pcs": (_("パワコン(PCS)"), text),
        "pcs_kw": (_("PCS の容量(kW)"), _("5.50 のように入れてください。")),
    }
