"""Erasing a person, or a client that has left, for good: a tombstone takes the name's place (S8, T93)."""

import json
import secrets
from collections.abc import Callable
from typing import Any

from sqlalchemy import delete, or_, select, update

from portal import audit, invariants, staff_policy
from portal.actions import imports
from portal.actions.staff import blanking
from portal.actions.staff.obstacles import in_the_way, why_not
from portal.actions.staff.sweeping import Sweeper
from portal.clock import now
from portal.extensions import db
from portal.models import (
    AccessRequest,
    Activity,
    Company,
    Contact,
    Erasure,
    Import,
    ImportState,
    PasswordRequest,
)
from portal.models.keys import email_key, search_key
from portal.policy import Actor
from portal.queries.staff import naming, privacy
from portal.queries.staff.privacy import Person
from portal.refusals import NotNow
from portal.staff_policy import Deed

Finds = Callable[[str], bool]
# Labels whose values tell nothing about a person: they stay, so that it stays known who gave which rights.
_PLAIN = {
    *("Portal access", "Permissions", "Roles", "E-mail about", "Level", "Status", "Login"),
    *("Contact type", "Category", "Properties"),
}


def erase_person(person: Person, by: Actor) -> str:
    """Erase a person at one client, or over all of them with the login; return the tombstone.

    The login goes with the last contact, and stays where it serves another client. Raises NotNow for a
    Primary contact and for the last admin who can sign in: their clients choose others first. A client that
    has left needs no admin.
    """
    running = _begin("person", by)
    for company_id in person.company_ids:
        invariants.watch(db.session(), company_id)
    for each in in_the_way(person):
        raise NotNow(each.sentence)
    left = {contact.company_id for contact in person.contacts if contact.company.exited_at is not None}
    invariants.let_go_without(db.session(), sorted(left))
    _hold(person)
    name = person.name
    _erase_elsewhere(_erase(person, running.tombstone), running.tombstone)
    for contact in person.contacts:
        audit.record("erased", by=by, contact=contact)
    if not person.contacts:
        audit.record("erased", by=by, user=person.user)
    running.ended_at = now()
    return f"{name} was erased and is called {running.tombstone} from now on."


def erase_company(company: Company, by: Actor) -> str:
    """Erase a client that has left, with everybody it ever had; its invoices stay as the books need them.

    Raises NotNow while it has not left, an invoice is open or a work order unfinished.
    """
    for each in why_not(company):
        raise NotNow(each.sentence)
    running = _begin("company", by)
    invariants.watch(db.session(), company.id)
    name, everybody = company.name, privacy.people_of(by, company.id)
    logins = privacy.logins_only_at(company.id)
    everybody.names |= {name}
    found = _erase(everybody, running.tombstone)
    for user in logins:
        found |= _erase(privacy.alone(user), running.tombstone)
    _erase_elsewhere(found, running.tombstone)
    blanking.blank_company(company, running.tombstone)
    audit.record("erased", by=by, company_id=company.id, about=running.tombstone)
    invariants.let_go_without(db.session(), [company.id])
    running.ended_at = now()
    return f"{name} was erased and is called {running.tombstone} from now on."


def _begin(kind: str, by: Actor) -> Erasure:
    """Open the erasing: until it ends, in this very transaction, its tombstone may enter the activity."""
    staff_policy.demand(by.staff_role, Deed.ERASE)
    assert by.staff_id is not None
    tombstone = f"Erased {kind} {secrets.token_hex(3).upper()}"
    running = Erasure(kind=kind, tombstone=tombstone, staff_id=by.staff_id)
    db.session.add(running)
    db.session.flush()
    return running


def _hold(person: Person) -> None:
    """Wait for whoever works with the login at this moment; it stays where it serves somebody else now."""
    if person.user is None:
        return
    db.session.refresh(person.user, with_for_update=True)
    mine = (Contact.portal_user_id == person.user.id, Contact.deleted_at.is_(None))
    if db.session.scalar(select(Contact.id).where(*mine, Contact.id.not_in(person.contact_ids)).limit(1)):
        person.user = None


def _erase(person: Person, tombstone: str) -> set[str]:
    """Empty what is about the person, put the tombstone wherever else something of their clients names them,
    and return by what they were named."""
    identifiers = _identifiers(person)
    sweeper = Sweeper(identifiers, tombstone)
    blanking.drop_documents(_photos(person))
    blanking.blank_letters(list(db.session.scalars(privacy.letters(person))), tombstone)
    for imported in privacy.imports(person):
        _forget(imported)
    _erase_activity(person, sweeper)
    for model, query in (
        (AccessRequest, privacy.requests_for_access(person)),
        (PasswordRequest, privacy.asked_passwords(person)),
    ):
        ids = list(db.session.scalars(query.with_only_columns(model.id)))
        db.session.execute(delete(model).where(model.id.in_(ids)))
    for contact in person.contacts:
        blanking.blank_contact(contact, tombstone)
    if person.user is not None:
        blanking.blank_login(person.user, tombstone)
    sweeper.sweep(person.company_ids)
    return identifiers


def _forget(imported: Import) -> None:
    if imported.state == ImportState.IMPORTING:
        raise NotNow(f"{imported.file_name} is being imported right now. Wait until it is done.")
    imports.forget(imported)


def _erase_elsewhere(identifiers: set[str], tombstone: str) -> None:
    """Take the names out of what is of no client: there they count as whole words, because most of it is
    about somebody else; and the names of the staff stay."""
    sweeper = Sweeper(identifiers, tombstone)
    db.session.flush()
    for row in db.session.execute(naming.of_the_vendor()).all():
        values = _erased(row, False, False, tombstone, sweeper.names)
        if row.actor_staff_id is not None:
            values.pop("actor_name", None)
        _write(row.id, values)
    for imported in naming.imports_for_all():
        said = [
            imported.file_name,
            *(json.dumps([*row], ensure_ascii=False) for row in naming.rows_of(imported)),
        ]
        if any(map(sweeper.names, said)):
            _forget(imported)
    db.session.expire_all()


def _photos(person: Person) -> list[Any]:
    """Return the photos of the person; none where a namesake at the same client may have handed them in."""
    others = select(Contact.id).where(
        Contact.company_id.in_(person.company_ids),
        Contact.id.not_in(person.contact_ids),
        (Contact.first_name + " " + Contact.last_name).in_(person.names),
    )
    if not person.contacts or db.session.scalar(others.limit(1)) is not None:
        return []
    return privacy.files_of(person)


def _identifiers(person: Person) -> set[str]:
    """Return every text by which the person is told from others."""
    found = person.names | person.addresses | {email_key(each) for each in person.addresses}
    for contact in person.contacts:
        for number in (contact.phone, contact.mobile):
            found |= {number, *search_key("", None, number).split()} if number else set()
    if person.user is not None and person.user.username:
        found.add(person.user.username)
    return found


def _erase_activity(person: Person, sweeper: Sweeper) -> None:
    """Put the tombstone into the rows about the person, by the person, and in which the person is named."""
    about, by = privacy.about(person), privacy.by(person)
    asked = sweeper.may_be_asked(5)
    named = naming.mentions(person, sweeper.words) if asked else naming.at_their_clients(person)
    query = select(Activity, about.label("about"), by.label("by")).where(or_(about, by, named))
    for row, is_about, is_by in db.session.execute(query).all():
        _write(row.id, _erased(row, bool(is_about), bool(is_by), sweeper.tombstone, sweeper.finds))
    db.session.expire_all()


def _write(row_id: int, values: dict[str, Any]) -> None:
    if values:
        db.session.execute(update(Activity).where(Activity.id == row_id).values(**values))


def _erased(row: Any, is_about: bool, is_by: bool, tombstone: str, finds: Finds) -> dict[str, Any]:
    """Return what changes in a row: the guard of the database lets nothing else through."""
    values: dict[str, Any] = {}
    if is_by or finds(row.actor_name):
        values |= {"actor_name": tombstone}
    if is_by:
        values |= {"address": ""}
    if row.target_name and (is_about or finds(row.target_name)):
        values |= {"target_name": tombstone}
    if is_about or finds(row.reason):
        values |= {"reason": ""}
    changes = {
        label: [tombstone if _tells(label, each, is_about, finds) else each for each in pair]
        for label, pair in row.changes.items()
    }
    return values | ({"changes": changes} if changes != row.changes else {})


def _tells(label: str, value: Any, is_about: bool, finds: Finds) -> bool:
    """Return whether a value names somebody."""
    told = (is_about and label not in _PLAIN) or (isinstance(value, str) and finds(value))
    return isinstance(value, str) and bool(value) and told
