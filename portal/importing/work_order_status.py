"""Where work orders stand as a kind of table: it changes orders that are there and never makes one (C43)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from portal.actions.work_orders import set_status
from portal.forms.figures import as_day, plain
from portal.forms.imports import NoChoices
from portal.forms.work_order import StatusForm
from portal.importing.columns import Field
from portal.importing.records import Row, record_kind
from portal.models import Company, WorkOrder, WorkStatus
from portal.models.folding import fold
from portal.policy import Actor
from portal.queries import listed
from portal.queries.work_orders import ENDED, numbered
from portal.words import WORK_STATUS

_NUMBER = re.compile(r"(?:wo-)?([0-9]{1,9})", re.IGNORECASE)
_STATUS: dict[str, tuple[str, ...]] = {str(value): (label,) for value, label in WORK_STATUS.items()}


@dataclass(frozen=True)
class Step:
    """Where an order shall stand, with the day of the visit if one is said, and a note."""

    status: WorkStatus
    visit_on: date | None
    note: str


class WorkOrderStatus:
    """See importing.records.Records."""

    fields: tuple[Field, ...] = (
        Field("number", "Work order", ("Number", "Order", "Work order number", "WO"), needed=True),
        Field("title", "Title", ("Subject", "Summary")),
        Field("status", "Status", ("State",), needed=True),
        Field("visit_on", "Visit", ("Visit on", "Visit date", "Scheduled for")),
        Field("note", "Note", ("Notes", "Comment", "Comments")),
    )
    key = "number"

    def identity(self, row: Row) -> str:
        """See Records."""
        number = _NUMBER.fullmatch(row.said("number"))
        return str(int(number[1])) if number else row.said("number")

    def there(self, row: Row) -> WorkOrder | None:
        """See Records. There must be one, and where the row has a title, it must be the order's."""
        said = row.said("number")
        number = _NUMBER.fullmatch(said)
        order = numbered(row.by, int(number[1])) if number else None
        if not said:
            row.wrong("number", "Say which work order it is about, like WO-12.")
        elif order is None:
            row.wrong("number", f"There is no work order {said[:100]}.")
        elif row.said("title") and fold(row.said("title")) != fold(order.title):
            row.wrong("title", f"{order.name} is another one: {order.title}.")
        return order

    def known(self, record: WorkOrder) -> dict[str, str]:
        """See Records."""
        return {
            "number": record.name,
            "title": record.title,
            "status": WORK_STATUS[WorkStatus(record.status)],
            "visit_on": plain(record.visit_on),
            "note": "",
        }

    def wanted(self, row: Row, _record: WorkOrder | None) -> Any:
        """See Records."""
        form = row.checked(StatusForm, status=row.meant("status", _STATUS) or "requested")
        if row.problems:
            return None
        return Step(WorkStatus(form.status.data), as_day(form.visit_on.data), form.note.data or "")

    def write(self, row: Row, record: WorkOrder | None, wanted: Any) -> bool:
        """See Records."""
        assert record is not None, "a row that means no order has an error"
        return set_status(record, wanted.status, row.by, wanted.note, visit_on=wanted.visit_on)

    def listed(self, reader: Actor, after: int) -> Iterable[tuple[WorkOrder, Company]]:
        """See Records. Those that have ended can be changed no more."""
        return listed.stretch(reader, WorkOrder, after, WorkOrder.status.not_in(ENDED))


KIND = record_kind(
    WorkOrderStatus(),
    code="work_order_status",
    label="Work order status",
    several="work orders",
    most_on_sqlite=200,
    stretch=20,
    page="work_orders.index",
    adds=False,
    choices=NoChoices,
    hint="Where orders stand now, by their number within the client. Whoever asked for the work hears of it.",
)
