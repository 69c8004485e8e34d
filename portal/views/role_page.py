"""What the pages about one role show: its menu, the form with its switches, the newer version beside it."""

from hashlib import sha256
from typing import Any

from flask import Response, url_for

from portal import htmx, words
from portal.forms.roles import RoleForm
from portal.guards import actor
from portal.models import Permission, Role
from portal.queries import roles


def entries(role: Role, *, mine: bool) -> list[dict[str, Any]]:
    """Return what can be done with a role, as entries of its menu; presets can only be copied.

    `mine` says that the reader has the role: taking it away is for another admin.
    """
    own = role.company_id is not None
    pages = [("Who has it", "roles.show", "users", True), ("Edit", "roles.edit", "pencil", own)]
    pages += [("Copy", "roles.copy", "copy", True), ("Archive", "roles.archive", "ban", own and not mine)]
    return [
        {
            "label": label,
            "href": url_for(endpoint, role_id=role.id),
            "icon": icon,
            "dialog": label == "Archive",
        }
        for label, endpoint, icon, there in pages
        if there
    ]


def known(role: Role) -> dict[str, Any]:
    """Return what the form starts from."""
    return {
        "name": role.name,
        "purpose": role.purpose,
        "permissions": [permission.value for permission in role.permissions],
        "seen": stamp(role),
    }


def stamp(role: Role) -> str:
    """Return a short text that is another one as soon as anything about the role is."""
    facts = "\0".join((role.name, role.purpose, *sorted(role.permissions)))
    return sha256(facts.encode()).hexdigest()[:16]


def form(form: RoleForm, role: Role | None, *, title: str, status: int = 200, **more: Any) -> Response:
    """Return the page around the form, or the form alone for htmx."""
    chosen = set(form.permissions.data or [])
    context: dict[str, Any] = {
        "form": form,
        "role": role,
        "title": title,
        "people": roles.people_with(actor(), role) if role else 0,
        "holds": role is not None and roles.holds(actor(), role),
        "switches": [
            {"value": permission.value, "label": label, "sentence": line, "checked": permission in chosen}
            for permission, (label, line) in words.PERMISSION.items()
        ],
        "faults": sum(bool(field.errors) for field in form),
        "conflict": None,
        "conflict_by": "",
        "conflict_at": None,
        "cancel_href": url_for("roles.show", role_id=role.id) if role else url_for("roles.index"),
    }
    return htmx.page("roles/form.html", block="form", status=status, **{**context, **more})


def conflict(typed: RoleForm, role: Role, *, title: str) -> Response:
    """Show what was typed beside what somebody else saved meanwhile; saving again is then a choice."""
    ticked = frozenset(p for p in Permission if p in set(typed.permissions.data or []))
    pairs = (
        ("Name", typed.name.data, role.name),
        ("What it is for", typed.purpose.data, role.purpose),
        ("Permissions", words.gives(ticked), words.gives(role.permissions)),
    )
    rows = [
        {"label": label, "yours": yours, "theirs": theirs}
        for label, yours, theirs in pairs
        if yours != theirs
    ]
    known = bool(typed.seen.data)
    typed.seen.data, typed.seen.raw_data = stamp(role), None
    return form(typed, role, title=title, status=409, conflict=rows, conflict_known=known)
