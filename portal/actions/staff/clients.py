"""Clients: taking one on with its first contact, the areas it has, its exit and taking that back."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from sqlalchemy import exists, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from portal import audit, staff_policy
from portal.actions.company import DETAILS
from portal.actions.contacts import Wanted, add_contact
from portal.clock import now
from portal.converters import TOP_LEVEL
from portal.extensions import db
from portal.models import (
    Access,
    Area,
    Company,
    CompanyArea,
    Contact,
    Ended,
    Invitation,
    LoginLink,
    SignInSession,
)
from portal.models.folding import fold
from portal.policy import Actor
from portal.queries import roles
from portal.queries.staff.clients import having_slug
from portal.refusals import FieldRefusal, NotNow
from portal.staff_policy import Deed
from portal.words import AREA

LONGEST_SLUG = 40


@dataclass(frozen=True)
class Newcomer:
    """A client to take on: its name, what stands for it in addresses ("": made of the name), its contact.

    `details` are further ones of the client itself, by the name of their column.
    """

    name: str
    slug: str
    contact: dict[str, str | None]
    form_key: str | None = None
    details: Mapping[str, str] = field(default_factory=dict)


def take_on(wanted: Newcomer, by: Actor) -> Company:
    """Return the new client; its first contact is the Primary one, an admin, and invited (P13).

    Raises FieldRefusal for an address that is taken or no client's, or a contact that cannot be kept.
    """
    if by.token_id is None:  # of a system's token, the API's gate has asked for the scopes
        staff_policy.demand(by.staff_role, Deed.KEEP_CLIENTS)
    company = Company(name=wanted.name, slug=wanted.slug or _free_slug(wanted.name), **wanted.details)
    _demand_free(company.slug)
    try:
        with db.session.begin_nested():
            db.session.add(company)
    except IntegrityError:
        raise _taken(company.slug) from None
    inside = replace(by, company_id=company.id)
    given = {DETAILS[name]: ("", value) for name, value in wanted.details.items() if value}
    audit.record("took on", by=inside, company_id=company.id, about=company.name, changes=given)
    first = Wanted(details=wanted.contact, access=Access.PORTAL)
    add_contact(company, first, inside, form_key=wanted.form_key)
    return company


def _free_slug(name: str) -> str:
    """Return what can stand for `name` in addresses and is free: "Kirk & Co" is "kirk-co" or "kirk-co-2"."""
    plain = plain_slug(name)
    if len(plain) < 2:
        raise FieldRefusal("slug", "Nothing of the name can stand in an address. Type one.")
    tries = (plain, *(f"{plain}-{number}" for number in range(2, 100)))
    return next((each for each in tries if each in TOP_LEVEL or not having_slug(each)), plain)


def plain_slug(name: str) -> str:
    """Return what of `name` can stand in addresses, taken or not; perhaps too little to be one."""
    letters = "".join(char if char.isascii() and char.isalnum() else " " for char in fold(name))
    return "-".join(letters.split())[: LONGEST_SLUG - 4].strip("-")


def _demand_free(slug: str) -> None:
    if slug in TOP_LEVEL:
        raise FieldRefusal("slug", f"The portal itself uses the address {slug}. Choose another one.")
    if having_slug(slug):
        raise _taken(slug)


def _taken(slug: str) -> FieldRefusal:
    return FieldRefusal("slug", f"Another client has the address {slug}. Choose another one.")


def exit_client(company: Company, by: Actor) -> None:
    """Mark the client as exited: nobody of it enters, invitations and links die, no mail goes to it (T11,
    T31, T49)."""
    staff_policy.demand(by.staff_role, Deed.EXIT)
    if company.exited_at is not None:
        raise NotNow(f"{company.name} is marked as exited already.")
    company.exited_at = now()
    live = (Invitation.company_id == company.id, Invitation.ended_at.is_(None))
    db.session.execute(update(Invitation).where(*live).values(ended_at=now(), ended_as=Ended.CANCELLED))
    db.session.flush()
    _shut_out(company, SignInSession)
    _shut_out(company, LoginLink, ended_as=Ended.CANCELLED)
    changes = {"Client": ("active", "exited")}
    audit.record("marked as exited", by=by, company_id=company.id, about=company.name, changes=changes)


def _shut_out(company: Company, model: type[SignInSession] | type[LoginLink], **ended: Ended) -> None:
    """End the sessions or links of logins that can enter no company any more: none wakes up later, and a
    mail with such a link that still waits is not sent."""
    other = aliased(Company)
    its = select(Contact.portal_user_id).where(Contact.company_id == company.id, Contact.deleted_at.is_(None))
    elsewhere = exists().where(
        Contact.portal_user_id == model.portal_user_id,
        Contact.deleted_at.is_(None),
        Contact.deactivated_at.is_(None),
        Contact.access == Access.PORTAL,
        Contact.company_id == other.id,
        other.exited_at.is_(None),
    )
    shut = (model.portal_user_id.in_(its), model.ended_at.is_(None), ~elsewhere)
    query = update(model).where(*shut).values(ended_at=now(), **ended)
    db.session.execute(query, execution_options={"synchronize_session": False})


def take_back(company: Company, by: Actor) -> None:
    """Let the client in again as it was; invitations that died stay dead."""
    staff_policy.demand(by.staff_role, Deed.EXIT)
    if company.exited_at is None:
        raise NotNow(f"{company.name} is not marked as exited.")
    company.exited_at = None
    changes = {"Client": ("exited", "active")}
    audit.record("took back the exit of", by=by, company_id=company.id, about=company.name, changes=changes)


def switch_areas(company: Company, on: Collection[Area], by: Actor) -> bool:
    """Let the client have the areas in `on` and no other; return whether anything changed."""
    staff_policy.demand(by.staff_role, Deed.KEEP_CLIENTS)
    states = roles.areas_of(company.id)
    before = [AREA[state.area] for state in states if state.off_by_staff]
    after = [AREA[state.area] for state in states if state.area not in on]
    if before == after:
        return False
    for state in states:
        row = db.session.get(CompanyArea, (company.id, state.area))
        if row is None:
            row = CompanyArea(company_id=company.id, area=state.area)
            db.session.add(row)
        row.off_by_staff = state.area not in on
    changes = {"Areas switched off": (", ".join(before), ", ".join(after))}
    audit.record("switched areas of", by=by, company_id=company.id, about=company.name, changes=changes)
    return True
