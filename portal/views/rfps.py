"""Requests for proposals: list and page, with scope of work, answers and documents (behaviour C40)."""

from functools import partial
from typing import Any

from flask import Response, url_for

from portal import htmx, lifecycle, policy, staff_policy
from portal.clock import today
from portal.forms.agreements import AnswerForm
from portal.forms.records import AttachForm
from portal.guards import actor, enter_area, find, takes_files
from portal.models import Area, Rfp
from portal.queries import agreements, documents
from portal.queries.reach import reach
from portal.views.asked import Listing
from portal.views.documents import attached
from portal.views.within import company_blueprint

blueprint = company_blueprint("rfps", __name__, "/rfps")
LIST = Listing(agreements.RFP_VIEWS, tuple(agreements.RFP_ORDERS), "desc")


@blueprint.get("")
def index() -> Response:
    """Show the list; search, view and paging stand in the address."""
    enter_area(Area.RFPS)
    return htmx.page("rfps/index.html", block="list", **listing())


def listing() -> dict[str, Any]:
    """Return what the list of RFPs shows for this request."""
    who, asked = actor(), LIST.wish()
    return {
        **LIST.context(asked),
        "page": agreements.rfps(who, asked),
        "counts": agreements.rfp_counts(who, asked),
        "is_vendor": staff_policy.is_vendor(who),
        "reach": None if htmx.wants_part() else reach(who),
    }


@blueprint.get("/<id:rfp_id>")
def show(rfp_id: int) -> Response:
    """Show one RFP."""
    return rfp_page(find(Rfp, rfp_id, area=Area.RFPS))


def rfp_page(
    rfp: Rfp,
    *,
    attach_form: AttachForm | None = None,
    answer_form: AnswerForm | None = None,
    status: int = 200,
) -> Response:
    """Return the page of an RFP, with the forms as they were sent where something is wrong with them."""
    who = actor()
    late = (today() - rfp.answers_by).days > 0 and rfp.status == "open"
    return htmx.page(
        "rfps/show.html",
        status=status,
        rfp=rfp,
        late=late,
        places=agreements.properties_of_rfp(who, rfp),
        every=len(rfp.property_links),
        documents=documents.of(who, rfp),
        removes=partial(staff_policy.removes, who),
        links_places=policy.opens(who, Area.PROPERTIES),
        can_change=who.is_admin,
        is_vendor=staff_policy.is_vendor(who),
        answer_form=(answer_form or AnswerForm(formdata=None)) if lifecycle.takes_answer(rfp) else None,
        attach_form=attach_form or AttachForm(formdata=None),
        attach_action=url_for("rfps.attach", rfp_id=rfp.id),
    )


@blueprint.post("/<id:rfp_id>/documents")
@takes_files
def attach(rfp_id: int) -> Response:
    """Attach a document to an RFP."""
    return attached(find(Rfp, rfp_id, area=Area.RFPS), rfp_page)
