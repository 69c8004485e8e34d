"""Between the contact form and the page around it: what the reader may set, what is shown, what was meant."""

import secrets
from datetime import datetime
from typing import Any

from flask import Response, request, url_for
from wtforms import Field

from portal import htmx, lifecycle, passwords, policy, words
from portal.actions.contacts import Login, Wanted
from portal.clock import now
from portal.forms.contact import ContactForm
from portal.forms.fields import options
from portal.guards import actor, membership
from portal.lifecycle import Move
from portal.models import Access, Category, Contact, ContactType, Permission, Role
from portal.policy import Actor, effective
from portal.queries import people, vocabulary
from portal.queries.contacts import row_of
from portal.queries.history import last_change
from portal.refusals import FieldRefusal, NotAllowed
from portal.templating import branding

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
    "additional": ("category", "notes"),
}
JUST_NOW = 60


def bind(contact: Contact | None, who: Actor) -> ContactForm:
    """Return the form for this reader, filled from the request or from `contact`.

    Raises NotAllowed where the request posts a field that the reader may not set (P6).
    """
    form = ContactForm(data=_known(contact))
    every = {name for names in TABS.values() for name in names}
    may = {name for name in every if policy.may_set(who, name, contact)}
    if contact is not None and contact.portal_user_id is not None:
        may -= set(LOGIN)
    # The scope has a dialog of its own; who may not give it may not post it here either.
    beyond = {"scope", "properties"} if not policy.may_set(who, "scope", contact) else set()
    refuse_smuggled((every - may) | beyond, contact)
    form.keep_only(may)
    _offer(form)
    if form.has("shown"):
        form.shown.data = " ".join(sorted(may)) if request.method == "GET" else form.shown.data
    return form


def refuse_smuggled(names: set[str], contact: Contact | None) -> None:
    """Refuse the whole save where it carries a value for a field that was not there to be filled in."""
    for name in names:
        posted = [value for value in request.form.getlist(name) if value]
        same = contact is not None and name in DETAILS and posted == [getattr(contact, name)]
        if posted and not same:
            raise NotAllowed(f"Your role does not include setting the {name.replace('_', ' ')}.")


def _known(contact: Contact | None) -> dict[str, Any]:
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
        "roles": [role.id for role in contact.roles],
        "permissions": [permission.value for permission in contact.direct_permissions],
        "category": contact.category.code if contact.category else "",
        "version": str(contact.version),
    }


def _offer(form: ContactForm) -> None:
    """Give the choices their options."""
    if form.has("contact_type"):
        form.contact_type.choices = options(*((kind.code, kind.name) for kind in vocabulary.contact_types()))
    if form.has("roles"):
        roles = vocabulary.roles_of(membership().company.id)
        form.roles.choices = options(*((role.id, role.name) for role in roles))
    if form.has("category"):
        known = ((each.code, each.name) for each in vocabulary.categories())
        form.category.choices = options(("", "None"), *known)


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
        roles=_chosen_roles(form) if _sent("roles") or "roles" in shown else None,
        permissions=_chosen_permissions(form) if _sent("permissions") or "permissions" in shown else None,
        login=Login(login, form.value("username") or None, form.value("recovery_email") or None)
        if login
        else None,
    )


def _sent(name: str) -> bool:
    return name in request.form


def _chosen_type(form: ContactForm) -> ContactType | None:
    code = form.value("contact_type") if _sent("contact_type") else None
    return next((kind for kind in vocabulary.contact_types() if kind.code == code), None)


def _chosen_category(form: ContactForm) -> Category | None:
    return next((each for each in vocabulary.categories() if each.code == form.value("category")), None)


def _chosen_roles(form: ContactForm) -> frozenset[Role] | None:
    if not form.has("roles"):
        return None
    ids = set(form.value("roles") or [])
    return frozenset(role for role in vocabulary.roles_of(membership().company.id) if role.id in ids)


def _chosen_permissions(form: ContactForm) -> frozenset[Permission] | None:
    if not form.has("permissions"):
        return None
    # The preview of a form that does not validate still has to stand.
    posted = set(form.value("permissions") or [])
    return frozenset(permission for permission in Permission if permission in posted)


def refuse(form: ContactForm, contact: Contact | None, refusal: FieldRefusal) -> Response:
    """Show the form again with the refusal at its field; a duplicate address offers the way out (C16)."""
    field: Field = form._fields.get(refusal.field) or form.first_name
    field.errors = [refusal.sentence]
    other = None
    if refusal.field == "email":
        other = people.having_email(
            membership().company.id, form.email.data, except_id=contact.id if contact else None
        )
    return page(form, contact, status=422, duplicate=_duplicate(other))


def _duplicate(other: Contact | None) -> dict[str, Any] | None:
    if other is None:
        return None
    can_activate = Move.ACTIVATE in lifecycle.possible(other) and not policy.objection(
        actor(), Move.ACTIVATE, other
    )
    return {
        "contact": other,
        "href": url_for("contacts.show", contact_id=other.id),
        "activate_url": url_for("access.take", contact_id=other.id, move=Move.ACTIVATE)
        if can_activate
        else None,
    }


def conflict(form: ContactForm, contact: Contact) -> Response:
    """Show what was typed beside what somebody else saved meanwhile; saving again is then a choice (C15)."""
    rows = []
    for field in form:
        if field.name in ("csrf_token", "version", "form_key", "shown", *LOGIN):
            continue
        yours, theirs = _shown(form, field, field.data), _shown(form, field, _known(contact).get(field.name))
        if yours != theirs:
            rows.append({"label": field.label.text, "yours": yours, "theirs": theirs})
    form.version.data = str(contact.version)
    form.version.raw_data = None
    change = last_change(contact)
    return page(
        form,
        contact,
        status=409,
        conflict=rows,
        conflict_by=change.actor_name if change else "",
        conflict_at=change.at if change else contact.changed_at,
    )


def _shown(form: ContactForm, field: Field, value: Any) -> str:
    """Return a field's value in words, with the labels of what can be chosen."""
    labels = {str(each.value): str(each.label) for each in getattr(field, "choices", None) or []}
    if isinstance(value, (list, tuple, set)):
        return ", ".join(sorted(labels.get(str(each), str(each)) for each in value))
    return labels.get(str(value), str(value)) if value else ""


def page(form: ContactForm, contact: Contact | None, *, status: int = 200, **more: Any) -> Response:
    """Return the page around the form, or the block of it that htmx asked for."""
    block = "can_do" if "preview" in request.form else "form"
    context: dict[str, Any] = {
        "form": form,
        "contact": contact,
        "row": row_of(contact) if contact else None,
        "role_options": _role_options(form),
        "permission_rows": _permission_rows(form),
        "types": [(kind.code, kind.name, _type_line(kind)) for kind in vocabulary.contact_types()],
        "primary_line": _primary_line(contact),
        "can_do": _preview(form, contact),
        "tab": _first_tab(form),
        "tab_errors": {
            tab: sum(bool(form._fields[n].errors) for n in names if form.has(n))
            for tab, names in TABS.items()
        },
        "user_details": buttons(contact) if contact else [],
        "title": f"Edit {contact.name}" if contact else "Add contact",
        "save_label": "Save" if contact else _add_label(),
        "cancel_href": url_for("contacts.show", contact_id=contact.id)
        if contact
        else url_for("contacts.index"),
        "conflict": None,
        "duplicate": None,
    }
    return htmx.page("contacts/form.html", block=block, status=status, **{**context, **more})


def _add_label() -> str:
    return "Create Authorized User" if request.args.get("access") == Access.EMAIL_ONLY else "Add contact"


def _role_options(form: ContactForm) -> list[dict[str, Any]]:
    if not form.has("roles"):
        return []
    chosen = set(form.roles.data or [])
    return [
        {
            "id": role.id,
            "name": role.name,
            "permissions": sorted(role.permissions),
            "sentence": role.purpose,
            "checked": role.id in chosen,
        }
        for role in vocabulary.roles_of(membership().company.id)
    ]


def _permission_rows(form: ContactForm) -> list[dict[str, Any]]:
    if not form.has("permissions"):
        return []
    chosen, roles = set(form.permissions.data or []), _chosen_roles(form) or frozenset()
    rows = []
    for permission, (label, sentence) in words.PERMISSION.items():
        sources = sorted(role.name for role in roles if permission in role.permissions)
        row = {"value": permission.value, "label": label, "sentence": sentence}
        rows.append(row | {"checked": permission in chosen, "from_roles": sources, "locked": bool(sources)})
    return rows


def _type_line(kind: ContactType) -> str:
    return "Our first address for the company. There is exactly one." if kind.is_primary else ""


def _primary_line(contact: Contact | None) -> str:
    former = people.primary_of(membership().company.id)
    if former is None or (contact is not None and former.id == contact.id):
        return ""
    becomes = vocabulary.ordinary_type().name
    return f"{former.name} is the Primary contact now and becomes {becomes} if you choose Primary here."


def _preview(form: ContactForm, contact: Contact | None) -> dict[str, Any]:
    """Return what the person could do if the form were saved as it stands (C13)."""
    name = (form.value("first_name") or (contact.first_name if contact else "")) or "this person"
    roles = _chosen_roles(form)
    boxes = _chosen_permissions(form)
    if roles is None or boxes is None:
        return {
            "heading": f"What {name} can do",
            "lines": words.can_do(policy.rights_of(contact)) if contact else [],
        }
    rights = effective(boxes.union(*(role.permissions for role in roles)))
    access = form.value("access")
    if access == Access.NONE:
        return {"heading": f"What {name} can do", "lines": words.can_do(frozenset())}
    heading = f"What {name} can do" if access == Access.PORTAL else f"What {name} may ask for by e-mail"
    return {"heading": heading, "lines": words.can_do(rights)}


def _first_tab(form: ContactForm) -> str:
    """Return the tab to open: the first with an error, else the one the address names."""
    for tab, names in TABS.items():
        if any(form._fields[name].errors for name in names if form.has(name)):
            return tab
    asked = request.args.get("tab", "")
    return asked if asked in TABS else "details"


def buttons(contact: Contact) -> list[dict[str, Any]]:
    """Return the buttons of User Details, each with the saved address it sends to (L5)."""
    who = actor()
    offered = [(Move.AUTHORIZE, "Send Sign-Up Link"), (Move.RESEND, "Send Sign-Up Link")]
    offered += [(Move.SEND_RESET, "Send Password Reset"), (Move.UNLINK, "Unlink User Name")]
    moves = set(policy.menu(who, contact, lifecycle.possible(contact), admin=policy.is_admin(contact)))
    return [_button(contact, move, label) for move, label in offered if move in moves]


def _button(contact: Contact, move: Move, label: str) -> dict[str, Any]:
    address, note = _destination(contact, move)
    return {
        "move": move.value,
        "label": label,
        "action": url_for("access.take", contact_id=contact.id, move=move),
        "address": address,
        "note": note,
        "disabled_text": f"Sent just now to {address}" if _sent_just_now(contact, move) else None,
    }


def _destination(contact: Contact, move: Move) -> tuple[str, str]:
    if move is Move.UNLINK:
        return (contact.user.username or contact.user.email) if contact.user else "", ""
    if move is not Move.SEND_RESET or contact.user is None:
        return contact.email or "", ""
    if contact.user.email == contact.email:
        return contact.user.email, ""
    return masked(contact.user.email), "The login has an address of its own; the reset goes there."


def masked(address: str) -> str:
    """Return an e-mail address with most of its name hidden, enough to recognize one's own."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}***@{domain}"


def _sent_just_now(contact: Contact, move: Move) -> bool:
    sent: datetime | None = None
    if move is Move.RESEND and contact.live_invitation:
        sent = contact.live_invitation.created_at
    elif move is Move.SEND_RESET and contact.user:
        sent = people.last_reset(contact.user)
    return sent is not None and (now() - sent).total_seconds() < JUST_NOW
