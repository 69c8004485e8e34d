"""Attaching documents to properties, contracts and RFPs, and removing them (behaviour C40)."""

from typing import BinaryIO

from portal import audit, files, policy, staff_policy
from portal.extensions import db
from portal.files import Stored
from portal.models import Document, Property
from portal.policy import Actor
from portal.queries.documents import Owner, column_of, owner_of
from portal.refusals import NotNow


def attach(owner: Owner, stream: BinaryIO, name: str, by: Actor) -> Document:
    """Return a new document of `owner`.

    Raises NotAllowed unless `by` is an admin, FieldRefusal at "file" for a file that cannot be kept.
    """
    policy.demand_admin(by)
    stored = files.store(stream, name)
    document = row_of(stored, by, company_id=owner.company_id, **{column_of(owner).key: owner.id})
    db.session.add(document)
    db.session.flush()
    audit.record(
        "attached a document to", by=by, about=title_of(owner), changes={"Document": ("", stored.name)}
    )
    return document


def row_of(stored: Stored, by: Actor, *, company_id: int, **owner: int) -> Document:
    """Return the row of a stored file; `owner` says by its column what the file belongs to."""
    return Document(
        company_id=company_id,
        name=stored.name,
        media_type=stored.media_type,
        size=stored.size,
        stored_as=stored.stored_as,
        added_by=by.signed,
        added_by_staff=by.is_staff,
        **owner,
    )


def remove(document: Document, by: Actor) -> str:
    """Delete `document` with its file; return what it belonged to.

    Raises NotAllowed unless `by` is an admin, and of the staff where these attached it; NotNow for a photo
    and for the PDF of an invoice.
    """
    policy.demand_admin(by)
    staff_policy.demand_removing(by, document)
    owner = owner_of(document)
    if owner is None:
        raise NotNow("This file stays with what it belongs to.")
    files.remove(document)
    db.session.delete(document)
    audit.record(
        "removed a document from", by=by, about=title_of(owner), changes={"Document": (document.name, "")}
    )
    return title_of(owner)


def title_of(owner: Owner) -> str:
    """Return what `owner` is called."""
    return owner.name if isinstance(owner, Property) else owner.title
