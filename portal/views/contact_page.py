"""The page around the contact form: errors, the newer version, the preview, the options in words."""

from typing import Any

from flask import Response, request, url_for
from wtforms import Field

from portal import htmx, lifecycle, policy, words
from portal.forms.contact import ContactForm
from portal.guards import actor, membership
from portal.lifecycle import Move
from portal.models import Access, Contact, ContactType
from portal.phone import national
from portal.policy import effective
from portal.queries import people
from portal.queries.contacts import row_of
from portal.queries.history import last_change
from portal.refusals import FieldRefusal
from portal.views import contact_copy, contact_form, user_details


def copy(form: ContactForm, contact: Contact | None) -> Response:
    """Show the form with the access of another contact ticked in it; nothing is saved yet."""
    try:
        copied = contact_copy.fill(form)
    except FieldRefusal as refusal:
        return refuse(form, contact, refusal)
    return page(form, contact, copied=copied or contact_copy.carried())


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
    contact_form.follow(form, contact)
    rows, newest = [], contact_form.known(contact)
    for field in form:
        if field.name in ("csrf_token", "version", "form_key", "shown", "ticked", *contact_form.LOGIN):
            continue
        yours, theirs = _shown(form, field, field.data), _shown(form, field, newest.get(field.name))
        if yours != theirs:
            rows.append({"label": field.label.text, "yours": yours, "theirs": theirs})
    filled_from = form.version.data or ""
    known = filled_from.isascii() and filled_from.isdecimal() and int(filled_from[:9] or 0) < contact.version
    form.version.data = str(contact.version)
    form.version.raw_data = None
    change = last_change(contact)
    return page(
        form,
        contact,
        status=409,
        conflict=rows,
        conflict_by=change.actor_name if change else "",
        conflict_known=known,
        conflict_at=change.at if change else contact.changed_at,
    )


def _shown(form: ContactForm, field: Field, value: Any) -> str:
    """Return a field's value in words: chosen things by their labels, numbers as people write them."""
    if field.name in ("phone", "mobile"):
        return national(value or "")
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
        "types": [(kind.code, kind.name, _type_line(kind)) for kind in form.offered_types],
        "primary_line": _primary_line(form, contact),
        "can_do": _preview(form, contact),
        "sources": contact_copy.offered(contact) if form.has("permissions") else None,
        "copied": contact_copy.carried(),
        "tab": _first_tab(form),
        "tab_errors": _tab_errors(form),
        "user_details": user_details.buttons(contact) if contact else [],
        "title": f"Edit {contact.name}" if contact else "Add contact",
        "save_label": "Save" if contact else _add_label(),
        "cancel_href": url_for("contacts.show", contact_id=contact.id)
        if contact
        else url_for("contacts.index"),
        "conflict": None,
        "duplicate": None,
    }
    return htmx.page("contacts/form.html", block=block, status=status, **{**context, **more})


def _tab_errors(form: ContactForm) -> dict[str, int]:
    return {
        tab: sum(bool(form._fields[name].errors) for name in names if form.has(name))
        for tab, names in contact_form.TABS.items()
    }


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
        for role in form.offered_roles
    ]


def _permission_rows(form: ContactForm) -> list[dict[str, Any]]:
    if not form.has("permissions"):
        return []
    chosen, roles = set(form.permissions.data or []), contact_form.chosen_roles(form) or frozenset()
    rows = []
    for permission, (label, sentence) in words.PERMISSION.items():
        sources = sorted(role.name for role in roles if permission in role.permissions)
        row = {"value": permission.value, "label": label, "sentence": sentence}
        rows.append(row | {"checked": permission in chosen, "from_roles": sources, "locked": bool(sources)})
    return rows


def _type_line(kind: ContactType) -> str:
    return "Our first address for the company. There is exactly one." if kind.is_primary else ""


def _primary_line(form: ContactForm, contact: Contact | None) -> str:
    ordinary = next((kind.name for kind in form.offered_types if not kind.is_primary), "")
    if not ordinary:
        return ""
    former = people.primary_of(membership().company.id)
    if former is None or (contact is not None and former.id == contact.id):
        return ""
    return f"{former.name} is the Primary contact now and becomes {ordinary} if you choose Primary here."


def _preview(form: ContactForm, contact: Contact | None) -> dict[str, Any]:
    """Return what the person could do if the form were saved as it stands (C13)."""
    name = (form.value("first_name") or (contact.first_name if contact else "")) or "this person"
    roles = contact_form.chosen_roles(form)
    boxes = contact_form.chosen_permissions(form)
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
    for tab, names in contact_form.TABS.items():
        if any(form._fields[name].errors for name in names if form.has(name)):
            return tab
    asked = request.args.get("tab", "")
    return asked if asked in contact_form.TABS else "details"
