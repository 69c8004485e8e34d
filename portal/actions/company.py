"""Changing the company's own details (behaviour C30)."""

from collections.abc import Mapping

from portal import audit, policy
from portal.models import Company
from portal.policy import Actor
from portal.queries.staff.clients import another_called
from portal.refusals import FieldRefusal

DETAILS = {
    "name": "Name",
    "street": "Street",
    "city": "City",
    "postcode": "Postcode",
    "phone": "Phone",
    "tax_id": "Tax id",
    "website": "Website",
}


def edit_company(company: Company, wanted: Mapping[str, str], by: Actor) -> bool:
    """Bring the details of `company` to what is `wanted`; return whether anything changed.

    Raises NotAllowed unless `by` is an admin, FieldRefusal at "name" for a customer who takes what another
    client is called: staff find clients by it (T16).
    """
    policy.demand_admin(by)
    if not by.is_staff and wanted["name"] != company.name and another_called(wanted["name"], company):
        raise FieldRefusal("name", "This name is in use already. Choose another one, or ask us to change it.")
    changes = {}
    for name, label in DETAILS.items():
        before, after = getattr(company, name), wanted[name]
        if before != after:
            setattr(company, name, after)
            changes[label] = (before, after)
    if changes:
        audit.record("changed the details of", by=by, about=company.name, changes=changes)
    return bool(changes)
