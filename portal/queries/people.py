"""Questions about people of a company that are no list: whom to ask, who is Primary, who has an address."""

from sqlalchemy import exists, select
from sqlalchemy.orm import lazyload

from portal.extensions import db
from portal.invariants import can_sign_in, holds_permission
from portal.models import Contact, Permission, PortalUser
from portal.models.keys import email_key


def admin_names(company_id: int, most: int = 3, *, except_id: int = 0) -> list[str]:
    """Return the names of up to `most` admins of the company who can sign in: those to ask.

    `except_id` is a contact not to name.
    """
    query = (
        select(Contact)
        .join(PortalUser, PortalUser.id == Contact.portal_user_id)
        .where(Contact.company_id == company_id, can_sign_in(), holds_permission(Permission.ADMIN))
        .where(Contact.id != except_id)
        .order_by(Contact.name_key)
        .limit(most)
    )
    return [contact.name for contact in db.session.scalars(query)]


def primary_of(company_id: int) -> Contact | None:
    """Return the company's Primary contact, None while it has no contacts."""
    return db.session.scalar(
        select(Contact)
        .where(Contact.company_id == company_id, Contact.is_primary, Contact.deleted_at.is_(None))
        .options(lazyload(Contact.role_links))
    )


def has_others(contact: Contact) -> bool:
    """Return whether the contact's client has other contacts that were not deleted."""
    mine = (Contact.company_id == contact.company_id, Contact.deleted_at.is_(None))
    return db.session.scalar(select(exists().where(*mine, Contact.id != contact.id))) or False


def having_email(company_id: int, address: str, *, except_id: int | None = None) -> Contact | None:
    """Return the live contact of the company that has `address`, other than `except_id`."""
    query = select(Contact).where(
        Contact.company_id == company_id,
        Contact.email_key == email_key(address),
        Contact.deleted_at.is_(None),
        Contact.id != (except_id or 0),
    )
    return db.session.scalar(query)


def made_by_form(company_id: int, form_key: str) -> Contact | None:
    """Return the contact that the form with `form_key` has already made, so a second click makes none."""
    return db.session.scalar(
        select(Contact).where(Contact.company_id == company_id, Contact.form_key == form_key)
    )
