"""Adding a contact and changing one: details, type, roles, permissions and access in a single save."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from portal import audit, mail, policy
from portal.actions import access as moves
from portal.actions.invite import invite
from portal.actions.logins import make_login
from portal.actions.topics import choose_topics
from portal.audit import Changes
from portal.clock import now
from portal.extensions import db
from portal.models import (
    CLIENT_ADMIN,
    Access,
    Category,
    Company,
    Contact,
    ContactPermission,
    ContactRole,
    ContactType,
    Permission,
    Role,
)
from portal.models.keys import refresh
from portal.policy import Actor
from portal.queries.people import having_email, primary_of
from portal.queries.vocabulary import ordinary_type, preset, primary_type
from portal.refusals import FieldRefusal, NotAllowed

DETAILS = {
    "honorific": "Title",
    "first_name": "First name",
    "last_name": "Last name",
    "job_title": "Job title",
    "phone": "Phone",
    "mobile": "Mobile",
    "email": "E-mail",
    "notes": "Notes",
}


@dataclass(frozen=True)
class Login:
    """A login that an admin makes at once instead of inviting (C14)."""

    password: str
    username: str | None = None
    recovery_email: str | None = None


@dataclass(frozen=True)
class Wanted:
    """What a contact shall be after a save; None leaves a part as it is."""

    details: dict[str, str | None] = field(default_factory=dict)
    contact_type: ContactType | None = None
    category: Category | None = None
    sets_category: bool = False
    access: str | None = None
    roles: frozenset[Role] | None = None
    permissions: frozenset[Permission] | None = None
    topics: frozenset[str] | None = None
    login: Login | None = None


def add_contact(company: Company, wanted: Wanted, by: Actor, *, form_key: str | None = None) -> Contact:
    """Return a new contact of `company`, invited, noticed or given a login as `wanted` says (behaviour 4).

    Raises FieldRefusal for a value that cannot be kept, NotAllowed for a right that `by` may not give.
    """
    first = primary_of(company.id) is None
    kind = primary_type() if first else wanted.contact_type or ordinary_type()
    contact = Contact(
        company_id=company.id,
        contact_type_id=kind.id,
        is_primary=first and kind.is_primary,
        access=Access.NONE,
        form_key=form_key,
        **{name: wanted.details.get(name) or ("" if name != "email" else None) for name in DETAILS},
    )
    contact.company, contact.category = company, wanted.category
    if not first and kind.is_primary:
        contact.contact_type_id = ordinary_type().id
    _check_address(contact)
    refresh(contact)
    db.session.add(contact)
    db.session.flush()
    changes = choose_topics(contact, wanted.topics or frozenset())
    audit.record("added", by=by, contact=contact, changes={**as_added(contact), **changes})
    if kind.is_primary and not first:
        _set_type(contact, kind)
    roles = (wanted.roles or frozenset()) | ({preset(CLIENT_ADMIN)} if first else frozenset())
    _give(contact, roles, wanted.permissions or frozenset(), by)
    _set_access(contact, wanted.access or Access.NONE, wanted.login, by)
    return contact


def edit_contact(contact: Contact, wanted: Wanted, by: Actor) -> None:
    """Bring `contact` to what is `wanted`; what is already so leaves no trace.

    Raises FieldRefusal for a value that cannot be kept, NotAllowed for a right that `by` may not set.
    """
    had_email = contact.email
    changes = _set_details(contact, wanted, by)
    if wanted.contact_type is not None and wanted.contact_type.id != contact.contact_type_id:
        _demand(by, "contact_type", contact)
        changes |= _set_type(contact, wanted.contact_type)
    if changes:
        contact.changed_at = now()
        audit.record("edited", by=by, contact=contact, changes=changes)
    if wanted.roles is not None or wanted.permissions is not None:
        roles = frozenset(contact.roles) if wanted.roles is None else wanted.roles
        boxes = contact.direct_permissions if wanted.permissions is None else wanted.permissions
        _give(contact, roles, boxes, by)
    target = contact.access if wanted.access is None else wanted.access
    _follow_address(contact, had_email, target, by)
    _set_access(contact, target, wanted.login, by)


def _follow_address(contact: Contact, had_email: str | None, target: str, by: Actor) -> None:
    """Send a pending contact whose address changed a new link there; the old one dies."""
    pending = contact.access == Access.PORTAL and contact.portal_user_id is None
    if pending and target == Access.PORTAL and contact.email != had_email:
        invite(contact, by.name)


def _set_details(contact: Contact, wanted: Wanted, by: Actor) -> dict[str, tuple[str, str]]:
    changes: dict[str, tuple[str, str]] = {}
    for name, label in DETAILS.items():
        if name not in wanted.details:
            continue
        before, after = getattr(contact, name) or "", wanted.details[name] or ""
        if before != after:
            _demand(by, name, contact)
            setattr(contact, name, after or (None if name == "email" else ""))
            changes[label] = (before, after)
    if wanted.sets_category and contact.category_id != (wanted.category.id if wanted.category else None):
        _demand(by, "category", contact)
        was = contact.category.name if contact.category else ""
        contact.category = wanted.category
        changes["Category"] = (was, wanted.category.name if wanted.category else "")
    if wanted.topics is not None and wanted.topics != contact.topics:
        _demand(by, "topics", contact)
        changes |= choose_topics(contact, wanted.topics)
    if "E-mail" in changes:
        _check_address(contact)
    refresh(contact)
    return changes


def _demand(by: Actor, name: str, contact: Contact) -> None:
    if not policy.may_set(by, name, contact):
        raise NotAllowed(
            f"Your role does not include changing the {name.replace('_', ' ')} of {contact.name}."
        )


def _check_address(contact: Contact) -> None:
    if not contact.email:
        return
    with db.session.no_autoflush:
        other = having_email(contact.company_id, contact.email, except_id=contact.id)
    if other is not None:
        raise FieldRefusal("email", f"{other.name} at {contact.company.name} already uses this address.")


def _set_type(contact: Contact, kind: ContactType) -> dict[str, tuple[str, str]]:
    """Change the contact type; a new Primary makes the former one ordinary in the same save (P13)."""
    if contact.is_primary and not kind.is_primary:
        raise FieldRefusal(
            "contact_type", f"{contact.name} is the Primary contact. Choose another Primary contact first."
        )
    was = contact.contact_type.name if contact.contact_type else ""
    if kind.is_primary:
        _step_down(contact)
    contact.contact_type_id, contact.is_primary = kind.id, kind.is_primary
    db.session.flush()
    db.session.expire(contact, ["contact_type"])
    return {"Contact type": (was, kind.name)}


def _step_down(successor: Contact) -> None:
    with db.session.no_autoflush:
        former = primary_of(successor.company_id)
    if former is not None and former.id != successor.id:
        kind = ordinary_type()
        former.contact_type_id, former.is_primary = kind.id, False
        db.session.flush()
        db.session.expire(former, ["contact_type"])


def _give(contact: Contact, roles: Iterable[Role], boxes: frozenset[Permission], by: Actor) -> None:
    """Make `roles` and `boxes` what the contact holds; refuse what `by` may not give or take (P6, P7)."""
    roles = frozenset(roles)
    had_roles, had_boxes = frozenset(contact.roles), contact.direct_permissions
    if roles == had_roles and boxes == had_boxes:
        return
    moved = (had_boxes ^ boxes).union(*(role.permissions for role in had_roles ^ roles))
    if not policy.may_give(by, moved, contact):
        raise NotAllowed(f"You cannot change the roles and permissions of {contact.name}.")
    _replace_roles(contact, roles)
    _replace_boxes(contact, boxes)
    contact.changed_at = now()
    audit.record(
        "changed the rights of",
        by=by,
        contact=contact,
        changes=rights_changed(had_roles, roles, had_boxes, boxes),
    )


def _replace_roles(contact: Contact, roles: frozenset[Role]) -> None:
    for link in list(contact.role_links):
        if link.role not in roles:
            contact.role_links.remove(link)
    held = {link.role_id for link in contact.role_links}
    for role in roles:
        if role.id not in held:
            link = ContactRole(company_id=contact.company_id, role_id=role.id, role_owner=role.owner)
            link.role = role
            contact.role_links.append(link)


def _replace_boxes(contact: Contact, boxes: frozenset[Permission]) -> None:
    for box in list(contact.boxes):
        if box.permission not in boxes:
            contact.boxes.remove(box)
    held = {box.permission for box in contact.boxes}
    for permission in sorted(boxes - held):
        contact.boxes.append(ContactPermission(company_id=contact.company_id, permission=permission))


def rights_changed(
    had_roles: frozenset[Role],
    roles: frozenset[Role],
    had: frozenset[Permission],
    boxes: frozenset[Permission],
) -> Changes:
    """Return what became of a contact's roles and boxes, for the activity."""
    changes = {}
    if had_roles != roles:
        changes["Roles"] = (_names(had_roles), _names(roles))
    if had != boxes:
        changes["Permissions"] = (", ".join(sorted(had)), ", ".join(sorted(boxes)))
    return changes


def _names(roles: Iterable[Role]) -> str:
    return ", ".join(sorted(role.name for role in roles))


def as_added(contact: Contact) -> Changes:
    """Return what a new contact starts with, for the activity."""
    return {label: ("", getattr(contact, name)) for name, label in DETAILS.items() if getattr(contact, name)}


def _set_access(contact: Contact, target: str, login: Login | None, by: Actor) -> None:
    """Lead the contact from the access it has to `target`, along the table of behaviour 4."""
    if login is not None and contact.portal_user_id is None and target == Access.PORTAL:
        _enable_login(contact, login, by)
        return
    if target == contact.access:
        return
    _demand(by, "access", contact)
    if target == Access.PORTAL:
        moves.authorize(contact, by)
    elif contact.access == Access.PORTAL:
        leave = moves.unlink if contact.portal_user_id else moves.cancel_invitation
        leave(contact, by, target)
    else:
        _without_login(contact, target, by)


def _without_login(contact: Contact, target: str, by: Actor) -> None:
    before, contact.access = contact.access, target
    audit.record("changed the access of", by=by, contact=contact, changes={"Portal access": (before, target)})
    if target == Access.EMAIL_ONLY:
        mail.email_only_notice(contact, by.name)


def _enable_login(contact: Contact, login: Login, by: Actor) -> None:
    _demand(by, "initial_password", contact)
    if make_login(contact, login.password, login.username, login.recovery_email, by) is None:
        if contact.access == Access.PORTAL:
            moves.resend(contact, by)
        else:
            moves.authorize(contact, by)
