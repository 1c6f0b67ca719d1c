"""What the rail beside every page of the office counts."""

from backoffice.blueprint import office
from shared.waiting import Waiting, count_waiting
from shared.web.request import database, now


@office.app_template_global("waiting")
def waiting() -> Waiting:
    """Count what waits for a person; asked only by a page that shows the rail."""
    return count_waiting(database(), now())
