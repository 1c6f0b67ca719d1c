"""Who may open what, as one table (interfaces.md, Roles); an endpoint without a row is closed."""

from typing import Final

from shared.doors.sessions import Principal

VIEWER: Final = "viewer"
BILLING: Final = "billing"
ADMIN: Final = "admin"

_RANK: Final = {VIEWER: 1, BILLING: 2, ADMIN: 3}

LEAST_ROLE: Final = {
    "office.morning": VIEWER,
    "office.log_out": VIEWER,
    "office.invoices": VIEWER,
    "office.invoices_csv": VIEWER,
    "office.invoices_download": VIEWER,
    "office.invoice": VIEWER,
    "office.invoice_csv": VIEWER,
    "office.invoice_pdf": VIEWER,
    "office.issued_pdf": VIEWER,
    "office.holds": VIEWER,
    "office.proposals": VIEWER,
    "office.runs": VIEWER,
    "office.customers": VIEWER,
    "office.customers_csv": VIEWER,
    "office.customers_download": VIEWER,
    "office.customer": VIEWER,
    "office.customer_invoices": VIEWER,
    "office.customer_invoices_csv": VIEWER,
    "office.customer_invoice": VIEWER,
    "office.gateways": VIEWER,
    "office.gateway": VIEWER,
    "office.ask_gateway": BILLING,
    "office.commission_gateway": BILLING,
    "office.meters": VIEWER,
    "office.meters_csv": VIEWER,
    "office.meter": BILLING,
    "office.record_meter_change": BILLING,
    "office.state_meter": BILLING,
    "office.messages": VIEWER,
    "office.create_message": BILLING,
    "office.take_message_back": BILLING,
    "office.edit_invoice": BILLING,
    "office.correct_invoice": BILLING,
    "office.release_invoice": BILLING,
    "office.estimate_invoice": BILLING,
    "office.void_invoice": BILLING,
    "office.release_holds": BILLING,
    "office.estimate_holds": BILLING,
    "office.accept_proposal": BILLING,
    "office.refuse_proposal": BILLING,
    "office.new_customer": BILLING,
    "office.create_customer": BILLING,
    "office.edit_customer": BILLING,
    "office.save_customer": BILLING,
    "office.show_code": BILLING,
    "office.rotate_code_of": BILLING,
    "office.import_customers": BILLING,
    "office.preview_import": BILLING,
    "office.apply_import": BILLING,
    "office.import_report": BILLING,
    "office.customer_measurements": VIEWER,
    "office.customer_equipment": VIEWER,
    "office.customer_history": VIEWER,
    "office.create_note": BILLING,
    "office.ask_leave": BILLING,
    "office.leave": BILLING,
    "office.stay": BILLING,
    "office.ask_move": BILLING,
    "office.move": BILLING,
    "office.ask_delete": ADMIN,
    "office.delete": ADMIN,
    "office.disable": ADMIN,
    "office.restore": ADMIN,
    "office.archive": ADMIN,
    "office.ask_archive_selected": ADMIN,
    "office.archive_selected": ADMIN,
    "office.operators": ADMIN,
    "office.create_operator": ADMIN,
    "office.operator": ADMIN,
    "office.give_role": ADMIN,
    "office.disable_operator": ADMIN,
    "office.enable_operator": ADMIN,
    "office.remove_operators_totp": ADMIN,
    "office.link_operator": ADMIN,
    "office.account": VIEWER,
    "office.change_own_password": VIEWER,
    "office.enrol": VIEWER,
    "office.remove_own_totp": VIEWER,
    "office.audit": ADMIN,
    "office.audit_csv": ADMIN,
    "office.save_settings": ADMIN,
    "office.settings": ADMIN,
}
"""The least role for each private endpoint of the back office."""


def may(person: Principal, endpoint: str) -> bool:
    """Say whether an operator may open an endpoint."""
    least = LEAST_ROLE.get(endpoint)
    return least is not None and _RANK.get(person.role, 0) >= _RANK[least]
