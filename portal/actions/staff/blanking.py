"""Emptying the rows that are about a person, or about a client as a whole, and nothing but that (S8)."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from portal import files, second_factor
from portal.actions import imports
from portal.actions.invite import end_invitation, end_login_links
from portal.actions.staff.sweeping import NO_TEXT
from portal.clock import now
from portal.extensions import db
from portal.models import (
    Access,
    Company,
    Contact,
    Document,
    Ended,
    Invitation,
    Invoice,
    Letter,
    LetterState,
    LetterTry,
    LoginLink,
    PortalUser,
    SignInSession,
    TermsAcceptance,
    WorkOrder,
)
from portal.models.keys import refresh
from portal.queries.imports import about as imports_about

# What the books need of a client that has left, and what is emptied by itself.
_KEPT = {
    *("invoice", "invoice_line", "payment", "activity", "erasure", "letter", "contact", "document"),
    *("company", "sign_in_session", "file_import", "import_row"),
}
_UNFINISHED = (LetterState.WAITING, LetterState.SENDING)


def nowhere(tombstone: str) -> str:
    """Return an address under which nobody is reached, made of the tombstone."""
    return f"{tombstone.replace(' ', '-').lower()}@erased.invalid"


def blank_contact(contact: Contact, tombstone: str) -> None:
    """Empty a contact and end what it had: links, rights, topics. Work it asked for stays, unnamed."""
    end_invitation(contact, Ended.CANCELLED)
    for held in (contact.role_links, contact.boxes, contact.property_links, contact.topic_links):
        held.clear()
    contact.user, contact.portal_user_id, contact.access = None, None, Access.NONE
    contact.deleted_at = contact.deleted_at or now()
    contact.erased_as, contact.first_name, contact.last_name = tombstone, tombstone, ""
    contact.honorific = contact.job_title = contact.phone = contact.mobile = contact.notes = ""
    contact.email, contact.category_id, contact.form_key = None, None, None
    refresh(contact)
    mine = Invitation.contact_id == contact.id
    emptied = sa.update(Invitation).where(mine).values(email=nowhere(tombstone), mail_error=None)
    db.session.execute(emptied)
    asked = sa.update(WorkOrder).where(WorkOrder.requested_by == contact.id)
    db.session.execute(asked.values(requester_name=tombstone))
    db.session.flush()


def blank_login(user: PortalUser, tombstone: str) -> None:
    """Empty and close a login; its sessions, links, second factor and yes to the terms go."""
    second_factor.remove(user)
    end_login_links(user, None, Ended.CANCELLED)
    for model in (SignInSession, TermsAcceptance):
        db.session.execute(sa.delete(model).where(model.portal_user_id == user.id))
    links = sa.update(LoginLink).where(LoginLink.portal_user_id == user.id)
    db.session.execute(links.values(email=nowhere(tombstone)))
    user.erased_as, user.first_name, user.last_name = tombstone, tombstone, ""
    user.email = user.email_key = nowhere(tombstone)
    user.closed_at = user.closed_at or now()
    for name in ("email_confirmed_at", "username", "username_key", "password_hash", "recovery_email"):
        setattr(user, name, None)
    user.recovery_key = user.recovery_confirmed_at = user.last_sign_in_at = None
    db.session.flush()


def blank_letters(letters: Iterable[Letter], tombstone: str) -> None:
    """Empty letters; those that still wait never leave."""
    for letter in letters:
        if letter.state in _UNFINISHED:
            letter.state, letter.leased_until = LetterState.CANCELLED, None
        letter.to_email, letter.facts, letter.last_error = nowhere(tombstone), {}, None
        tries = sa.update(LetterTry).where(LetterTry.letter_id == letter.id)
        db.session.execute(tries.values(words=""))
    db.session.flush()


def drop_documents(documents: Iterable[Document]) -> None:
    """Remove files, and their rows."""
    for document in documents:
        files.remove(document)
        db.session.delete(document)
    db.session.flush()


def blank_company(company: Company, tombstone: str) -> None:
    """Empty everything that was written about a client or at it, but its invoices; files and drafts go."""
    drop_documents(db.session.scalars(sa.select(Document).where(Document.company_id == company.id)))
    blank_letters(db.session.scalars(sa.select(Letter).where(Letter.company_id == company.id)), tombstone)
    drafts = sa.select(Invoice).where(Invoice.company_id == company.id, Invoice.status == "draft")
    for draft in db.session.scalars(drafts).unique():
        db.session.delete(draft)
    for imported in imports_about(company):
        imports.forget(imported)
    db.session.flush()
    for table in db.metadata.sorted_tables:
        rows = _rows_of(table, company.id)
        emptied = {each.name: _empty(each, tombstone) for each in table.columns if _says_something(each)}
        if rows is not None and emptied and table.name not in _KEPT:
            db.session.execute(sa.update(table).where(rows).values(**emptied))
    company.erased_as = company.name = tombstone
    company.slug = tombstone.replace(" ", "-").lower()
    company.street = company.city = company.postcode = company.phone = company.tax_id = company.website = ""
    db.session.flush()
    db.session.expire_all()


def _rows_of(table: sa.Table, company_id: int) -> sa.ColumnElement[bool] | None:
    if "company_id" in table.c:
        return table.c.company_id == company_id
    for key in table.foreign_keys:
        parent = key.column.table
        if "company_id" in parent.c and key.column.name == "id":
            return key.parent.in_(sa.select(parent.c.id).where(parent.c.company_id == company_id))
    return None


def _says_something(column: sa.Column[Any]) -> bool:
    """Return whether people may have written something into the column: no key, and no word of a choice."""
    if not isinstance(column.type, sa.String | sa.JSON) or column.primary_key or column.name in NO_TEXT:
        return False
    rules = [each.sqltext for each in column.table.constraints if isinstance(each, sa.CheckConstraint)]
    return not any(f"{column.name} IN (" in str(rule) for rule in rules)


def _empty(column: sa.Column[Any], tombstone: str) -> Any:
    """Return what a column holds afterwards: nothing, or the tombstone where a name must stand."""
    if column.nullable:
        return None
    if isinstance(column.type, sa.JSON):
        return {}
    if column.name in ("name", "title", "reference", "slug", "first_name", "email", "email_key"):
        number = sa.cast(next(iter(column.table.primary_key)), sa.Text)
        return sa.func.substr(
            sa.literal(f"{tombstone} ") + number, 1, getattr(column.type, "length", None) or 40
        )
    return ""
