"""Changing the company's own details (behaviour C30)."""

from collections.abc import Mapping

from portal import audit, policy
from portal.models import Company
from portal.policy import Actor

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

    Raises NotAllowed unless `by` is an admin.
    """
    policy.demand_admin(by)
    changes = {}
    for name, label in DETAILS.items():
        before, after = getattr(company, name), wanted[name]
        if before != after:
            setattr(company, name, after)
            changes[label] = (before, after)
    if changes:
        audit.record("changed the details of", by=by, about=company.name, changes=changes)
    return bool(changes)
