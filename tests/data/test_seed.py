"""The original system's invoices, to the yen (mission.md S2)."""

from datetime import date

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from shared.energy.quantities import Quantity
from shared.verify import verify
from tests.data.homes import a_home, all_bills, billed, registers, terms, the_bill
from tests.data.seed import BLANK, JANUARY, the_seeds_homes


def test_the_22_invoices_of_january_reproduce_to_the_yen(engine: Engine) -> None:
    the_seeds_homes(engine)
    report = billed(engine, "2024-01")
    assert (report.counts["closed"], report.counts["held"], report.counts["failed"]) == (19, 3, 0)
    assert {entry.customer_no for entry in report.held} == BLANK
    shown = {bill["invoice_no"]: bill for bill in all_bills(engine, "2024-01")}
    for row in JANUARY:
        bill = shown[row["invoice_no"]]
        figures = (bill["base_yen"], bill["export_yen"], bill["use_yen"], bill["total_yen"])
        assert figures == (row["base_yen"], row["sell_yen"], row["use_yen"], row["total_yen"])
        assert bill["use_wh"] == round(1000 * float(row["use_kwh"]))
    assert report.totals["base_yen"] == 1960
    assert report.totals["pv_wh"] == 5_696_300
    assert report.totals["use_wh"] == 1_235_600
    assert report.totals["export_yen"] == 71_370
    assert report.totals["total_yen"] == 32_415
    with Session(engine) as session:
        assert verify(session) == []


def test_the_97_yen_are_one_day_of_a_contract_that_was_then_blanked(engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        customer = a_home(session, "1120230057", contract=(None, None), base_fee=980)
        ten_years = (date(2023, 12, 21), date(2033, 12, 15))
        terms(session, customer, date(2023, 12, 21), contract=ten_years)
        terms(session, customer, date(2023, 12, 22), contract=(None, None))
        registers(
            session,
            customer,
            {
                Quantity.PV: [
                    ("2023-12-16 00:00", "100.00"),
                    ("2023-12-21 00:00", "160.00"),
                    ("2023-12-22 00:00", "175.60"),
                    ("2024-01-16 00:00", "511.40"),
                ],
                Quantity.EXPORT: [
                    ("2023-12-16 00:00", "50.00"),
                    ("2023-12-21 00:00", "90.00"),
                    ("2023-12-22 00:00", "102.00"),
                    ("2024-01-16 00:00", "331.10"),
                ],
            },
        )
    billed(engine, "2023-12")
    bill = the_bill(engine, "23121120230057")
    assert (bill["pv_wh"], bill["export_wh"], bill["use_wh"]) == (411_400, 281_100, 130_300)
    assert (bill["use_yen"], bill["export_yen"], bill["total_yen"]) == (97, 4498, 1077)
    assert (bill["state"], bill["holds"]) == ("held", ["contract_missing"])
    charged = [day["date"] for day in bill["days"] if day["use_yen"] != "0.00"]
    assert charged == ["2023-12-21"]
