"""Between the contact form and its meaning: what the reader may set, what is filled in, what was meant."""

import secrets
from typing import Any

from flask import request

from portal import passwords, policy
from portal.actions.contacts import Login, Wanted
from portal.forms.contact import ContactForm
from portal.forms.fields import options
from portal.guards import SAFE_METHODS, membership
from portal.models import Access, Category, Contact, ContactType, Permission, Role
from portal.policy import Actor
from portal.queries import people, vocabulary
from portal.refusals import NotAllowed
from portal.templating import branding
from portal.views import contact_copy

DETAILS = ("honorific", "first_name", "last_name", "job_title", "phone", "mobile", "email", "notes")
LOGIN = ("username", "initial_password", "recovery_email")
TABS = {
    "details": (
        "honorific",
        "first_name",
        "last_name",
        "job_title",
        "phone",
        "mobile",
        "email",
        "contact_type",
    ),
    "login": ("access", "roles", "permissions", *LOGIN),
    "additional": ("category", "notes", "topics"),
}


def bind(contact: Contact | None, who: Actor) -> ContactForm:
    """Return the form for this reader, filled from the request or from `contact`.

    Raises NotAllowed where the request posts a field that the reader may not set (P6).
    """
    form = ContactForm(data=known(contact))
    every = {name for names in TABS.values() for name in names}
    may = {name for name in every if policy.may_set(who, name, contact)}
    if contact is not None and contact.portal_user_id is not None:
        may -= set(LOGIN)
    # The scope has a dialog of its own and can be copied; who may not give it may not post it here either.
    beyond = set() if policy.may_set(who, "scope", contact) else {"scope", "properties", *contact_copy.FIELDS}
    refuse_smuggled((every - may) | beyond, contact)
    form.keep_only(may)
    _offer(form, contact)
    if form.has("shown"):
        form.shown.data = " ".join(sorted(may)) if request.method in SAFE_METHODS else form.shown.data
    return form


def refuse_smuggled(names: set[str], contact: Contact | None) -> None:
    """Refuse the whole save where it carries a value for a field that was not there to be filled in."""
    for name in names:
        posted = [value for value in request.form.getlist(name) if value]
        same = contact is not None and name in DETAILS and posted == [getattr(contact, name)]
        if posted and not same:
            raise NotAllowed(f"Your role does not include setting the {name.replace('_', ' ')}.")


def known(contact: Contact | None) -> dict[str, Any]:
    """Return what the form starts from: what is known of `contact`, or a new one's defaults."""
    if contact is None:
        wanted = request.args.get("access", "")
        access = wanted if wanted in set(Access) else Access.PORTAL
        kind = vocabulary.ordinary_type().code if people.primary_of(membership().company.id) else "primary"
        key = secrets.token_urlsafe(12)
        return {"access": access, "form_key": key, "contact_type": kind, "category": "", "version": ""}
    return {
        **{name: getattr(contact, name) for name in DETAILS},
        "contact_type": contact.contact_type.code,
        "access": contact.access,
        **_boxes(contact),
        "category": contact.category.code if contact.category else "",
        "version": str(contact.version),
        "ticked": _ticked(contact),
    }


def _boxes(contact: Contact) -> dict[str, list[Any]]:
    """Return what is ticked for `contact`, by the name of the field."""
    return {
        "roles": [role.id for role in contact.roles],
        "permissions": [permission.value for permission in contact.direct_permissions],
        "topics": sorted(contact.topics),
    }


def _ticked(contact: Contact) -> str:
    boxes = (f"{name}:{value}" for name, values in _boxes(contact).items() for value in values)
    return " ".join((f"access:{contact.access}", *boxes))


def follow(form: ContactForm, contact: Contact) -> None:
    """Bring rights that the reader left alone to what `contact` has by now; those they changed stay (T84)."""
    before = set((form.ticked.data or "").split())
    for name, newest in _boxes(contact).items():
        if before and form.has(name):
            field = form._fields[name]
            yours, theirs = set(field.data or []), set(newest)
            meant = {each for each in yours | theirs if (f"{name}:{each}" in before) != (each in yours)}
            field.data = [each for each in yours | theirs if each in (yours if each in meant else theirs)]
    if f"access:{form.value('access')}" in before:
        form.access.data = contact.access
    form.ticked.data, form.ticked.raw_data = _ticked(contact), None


def _offer(form: ContactForm, contact: Contact | None) -> None:
    """Give the choices their options; what is archived meanwhile can be kept, not chosen."""
    if form.has("contact_type"):
        form.offered_types = vocabulary.contact_types(contact.contact_type_id if contact else None)
        form.contact_type.choices = options(*((kind.code, kind.name) for kind in form.offered_types))
    if form.has("roles"):
        form.offered_roles = vocabulary.roles_of(membership().company.id)
        form.roles.choices = options(*((role.id, role.name) for role in form.offered_roles))
    if form.has("category"):
        form.offered_categories = vocabulary.categories(contact.category_id if contact else None)
        offered = ((each.code, each.name) for each in form.offered_categories)
        form.category.choices = options(("", "None"), *offered)


def valid(form: ContactForm, company_name: str) -> bool:
    """Return whether everything fits; each field that does not holds its sentence."""
    fits: bool = form.validate()
    password = form.value("initial_password")
    if password and not form.initial_password.errors:
        known = [
            form.first_name.data,
            form.last_name.data,
            form.email.data or "",
            company_name,
            branding().name,
        ]
        reason = passwords.objection(password, known)
        if reason:
            form.initial_password.errors = [reason]
            return False
    return fits


def wanted(form: ContactForm) -> Wanted:
    """Return what the form asks for; parts that it did not show stay as they are."""
    shown = set((form.shown.data or "").split())
    login = form.value("initial_password") or None
    return Wanted(
        details={name: form.value(name) for name in DETAILS if form.has(name) and _sent(name)},
        contact_type=_chosen_type(form),
        category=_chosen_category(form),
        sets_category=form.has("category") and _sent("category"),
        access=form.value("access") if _sent("access") else None,
        roles=chosen_roles(form) if _sent("roles") or "roles" in shown else None,
        permissions=chosen_permissions(form) if _sent("permissions") or "permissions" in shown else None,
        topics=_chosen_topics(form) if _sent("topics") or "topics" in shown else None,
        login=Login(login, form.value("username") or None, form.value("recovery_email") or None)
        if login
        else None,
    )


def _sent(name: str) -> bool:
    return name in request.form


def _chosen_type(form: ContactForm) -> ContactType | None:
    code = form.value("contact_type") if _sent("contact_type") else None
    return next((kind for kind in form.offered_types if kind.code == code), None)


def _chosen_category(form: ContactForm) -> Category | None:
    offered = form.offered_categories if form.has("category") else []
    return next((each for each in offered if each.code == form.value("category")), None)


def _chosen_topics(form: ContactForm) -> frozenset[str] | None:
    return frozenset(form.value("topics") or []) if form.has("topics") else None


def chosen_roles(form: ContactForm) -> frozenset[Role] | None:
    """Return the roles that are ticked, None where the reader was not shown any."""
    if not form.has("roles"):
        return None
    ids = set(form.value("roles") or [])
    return frozenset(role for role in form.offered_roles if role.id in ids)


def chosen_permissions(form: ContactForm) -> frozenset[Permission] | None:
    """Return the boxes that are ticked, None where the reader was not shown any."""
    if not form.has("permissions"):
        return None
    # The preview of a form that does not validate still has to stand.
    posted = set(form.value("permissions") or [])
    return frozenset(permission for permission in Permission if permission in posted)
