"""Where a client's work order stands, as the vendor says it: status, visit and a note (S9, C43)."""

from typing import Any

from flask import Response, request, url_for

from portal import htmx, lifecycle, sentences, words
from portal.actions.notices import hearing_of_work
from portal.actions.work_orders import set_status
from portal.forms.figures import as_day, plain
from portal.forms.work_order import StatusForm
from portal.guards import SAFE_METHODS, actor, find, membership
from portal.models import Area, WorkOrder, WorkStatus
from portal.staff_policy import demand_vendor
from portal.templating import say
from portal.views.within import company_blueprint

blueprint = company_blueprint("progress", __name__, "/work-orders")


@blueprint.route("/<id:order_id>/status", methods=["GET", "POST"])
def change(order_id: int) -> Response:
    """Show where the order stands, in a dialog or on a page, or save it; a stale save shows both (C15)."""
    order = find(WorkOrder, order_id, area=Area.WORK_ORDERS)
    demand_vendor(actor())
    lifecycle.take_on(order)
    known = {"status": order.status, "visit_on": plain(order.visit_on)}
    form = StatusForm.over(known)
    if request.method in SAFE_METHODS or not form.validate():
        return _page(order, form)
    if form.stale(known):
        return _page(order, form, form.differences(known))
    status, day = WorkStatus(form.status.data), as_day(form.visit_on.data)
    changed = set_status(order, status, actor(), form.note.data or "", visit_on=day, no_visit=day is None)
    say(f"{order.name}: {words.WORK_STATUS[status]}." if changed else "Nothing changed.")
    return htmx.go(url_for("work_orders.show", order_id=order.id))


def _page(order: WorkOrder, form: StatusForm, conflict: list[dict[str, str]] | None = None) -> Response:
    status = 409 if conflict is not None else 422 if form.errors else 200
    asked, others = hearing_of_work(order)
    told = sentences.hear_of_it([each.name for each in asked + others], membership().company.name)
    context: dict[str, Any] = {"order": order, "form": form, "conflict": conflict, "told": told}
    return htmx.page("staff/work_orders/status.html", block="dialog", status=status, **context)
