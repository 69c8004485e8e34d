"""The contracts of a company: list and page, with properties covered and documents (behaviour C40)."""

from functools import partial
from typing import Any

from flask import Response, url_for

from portal import htmx, policy, staff_policy
from portal.clock import today
from portal.forms.records import AttachForm
from portal.guards import actor, enter_area, find, takes_files
from portal.models import Area, Contract
from portal.queries import agreements, documents
from portal.queries.reach import reach
from portal.views.asked import Listing
from portal.views.documents import attached
from portal.views.within import company_blueprint

blueprint = company_blueprint("contracts", __name__, "/contracts")
LIST = Listing(agreements.CONTRACT_VIEWS, tuple(agreements.CONTRACT_ORDERS), "desc")
SOON = 60


@blueprint.get("")
def index() -> Response:
    """Show the list; search, view and paging stand in the address."""
    enter_area(Area.CONTRACTS)
    return htmx.page("contracts/index.html", block="list", **listing())


def listing() -> dict[str, Any]:
    """Return what the list of contracts shows for this request."""
    who, asked, day = actor(), LIST.wish(), today()
    return {
        **LIST.context(asked),
        "page": agreements.contracts(who, asked, day),
        "counts": agreements.contract_counts(who, asked, day),
        "standing": lambda contract: agreements.standing(contract, day),
        "is_vendor": staff_policy.is_vendor(who),
        "reach": None if htmx.wants_part() else reach(who),
    }


@blueprint.get("/<id:contract_id>")
def show(contract_id: int) -> Response:
    """Show one contract."""
    return _page(find(Contract, contract_id, area=Area.CONTRACTS))


def _page(contract: Contract, *, attach_form: AttachForm | None = None, status: int = 200) -> Response:
    who, day = actor(), today()
    standing = agreements.standing(contract, day)
    left = (contract.ends_on - day).days if contract.ends_on and standing == "active" else SOON + 1
    return htmx.page(
        "contracts/show.html",
        status=status,
        contract=contract,
        standing=lambda _contract: standing,
        days_left=left if left <= SOON else None,
        places=agreements.properties_of_contract(who, contract),
        every=len(contract.property_links),
        documents=documents.of(who, contract),
        removes=partial(staff_policy.removes, who),
        links_places=policy.opens(who, Area.PROPERTIES),
        can_change=who.is_admin,
        is_vendor=staff_policy.is_vendor(who),
        attach_form=attach_form or AttachForm(formdata=None),
        attach_action=url_for(".attach", contract_id=contract.id),
    )


@blueprint.post("/<id:contract_id>/documents")
@takes_files
def attach(contract_id: int) -> Response:
    """Attach a document to a contract."""
    return attached(find(Contract, contract_id, area=Area.CONTRACTS), _page)
