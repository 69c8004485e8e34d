"""What stands in the way of erasing a person or a client, and where it can be cleared away (S8, P8, P13)."""

from dataclasses import dataclass

from portal import invariants
from portal.extensions import db
from portal.models import Company
from portal.queries.people import has_others
from portal.queries.staff import privacy
from portal.queries.staff.privacy import Person


@dataclass(frozen=True)
class Obstacle:
    """What stands in the way of erasing, as a sentence, and where it can be cleared away."""

    sentence: str
    company: Company
    page: str = ""


def in_the_way(person: Person) -> list[Obstacle]:
    """Return what stands in the way of erasing a person: a Primary contact, or the last admin (P8, P13)."""
    found = []
    for contact in person.contacts:
        company = contact.company
        if contact.deleted_at is None and contact.is_primary and has_others(contact):
            primary = f"{contact.name} is the Primary contact of {company.name}."
            found.append(Obstacle(f"{primary} {_choose_another(company)}", company, "contacts"))
        admins = invariants.able_admins(db.session(), company.id)
        rest = invariants.able_admins(db.session(), company.id, but=person.contact_ids)
        if company.exited_at is None and admins and not rest:
            needs = f"{company.name} needs at least one admin who can sign in."
            found.append(Obstacle(f"{needs} Make someone else an admin first.", company, "contacts"))
    return found


def _choose_another(company: Company) -> str:
    if company.exited_at is None:
        return "Choose another Primary contact first."
    return "It has left: take that back, choose another Primary contact, and mark it as exited again."


def why_not(company: Company) -> list[Obstacle]:
    """Return what stands in the way of erasing a client; nothing where it can be erased now."""
    if company.erased_as is not None:
        return [Obstacle(f"{company.name} was erased already.", company)]
    found = []
    if company.exited_at is None:
        sentence = f"{company.name} is not marked as exited. Only a client that has left can be erased."
        found.append(Obstacle(sentence, company, "client"))
    if invoices := privacy.open_invoices(company.id):
        one = f"{company.name} has an open invoice. Settle it or make it void first."
        several = f"{company.name} has {invoices} open invoices. Settle them or make them void first."
        found.append(Obstacle(one if invoices == 1 else several, company, "billing"))
    if orders := privacy.unfinished_work(company.id):
        one = f"{company.name} has an unfinished work order. Finish or cancel it first."
        several = f"{company.name} has {orders} unfinished work orders. Finish or cancel them first."
        sentence = one if orders == 1 else several
        found.append(Obstacle(sentence, company, "work_orders"))
    return found
