"""What erasing a person does to each table that holds something of one (security.md R28).

They are the tables that a person is told of (`shared/documents/disclosing.py`), and those that hold
something of a person without being told; a test knows no others.
"""

from typing import Final

AT_ONCE: Final = {
    "audit": "details that tell the person's data are emptied; who did what, when, stays",
    "bill_link": "opens nothing any more",
    "customer": "all but name and address goes, which go with the last bill; the code is no one's",
    "customer_note": "deleted",
    "energy_interval": "half-hours and hours of the person's days are deleted: they bill nothing",
    "feed": "deleted with the gateway",
    "gateway": "deleted where nobody else lives in the house, with what it told and was asked",
    "mail_event": "what mail servers said is emptied",
    "message": "deleted where it was to this customer alone",
    "outbox": "address and answer are emptied; what waits is not sent",
    "session": "deleted",
}
AFTER_THE_TERM: Final = {
    "invoice": "the name is replaced; figures, number and hash stay for good",
    "invoice_document": "the bytes are emptied; their sum stays",
    "invoice_person": "name and address are emptied",
    "past_bill": "the name is replaced",
}
STAYS: Final = {
    "bill_item": "numbers and reasons of a run",
    "day_value": "bills rest on it; of a roof",
    "hold": "reasons of a bill",
    "invoice_day": "the bill's, hashed",
    "invoice_event": "the chain",
    "invoice_paper": "the operator's own words on a bill",
    "invoice_register": "the bill's, hashed",
    "occupancy": "which roof the bills are of",
    "payment": "the books",
    "proposal": "figures of a bill",
    "settlement": "why a bill went out; bound to its figures",
    "site": "a roof, which its next people have too",
    "term": "what the bills rest on",
}
"""None of these holds a name or an address by itself; a number stays in them that tells nobody."""
