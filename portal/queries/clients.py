"""What the company's own page shows one reader: its Primary contact, and how much there is of each kind."""

from portal.extensions import db
from portal.models import Area, Contact, Contract, Property, Rfp
from portal.policy import Actor, opens
from portal.queries import paging
from portal.visibility import visible

_AREAS = {Area.PROPERTIES: Property, Area.CONTRACTS: Contract, Area.RFPS: Rfp}


def parts(reader: Actor) -> dict[str, int]:
    """Return the number of contacts, and of what is in each area `reader` may enter, by the part's name."""
    wanted = {"contacts": visible(reader, Contact)}
    for area, model in _AREAS.items():
        if opens(reader, area):
            wanted[area.value] = visible(reader, model)
    if "properties" in wanted:
        wanted["properties"] = wanted["properties"].where(Property.archived_at.is_(None))
    return paging.counts(wanted)


def primary(reader: Actor) -> Contact | None:
    """Return the company's Primary contact, where `reader` may know of it."""
    return db.session.scalars(visible(reader, Contact).where(Contact.is_primary)).unique().first()
