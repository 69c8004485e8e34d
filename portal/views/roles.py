"""Roles: presets and the company's own, who has them, what they give; and the areas of the portal (C31)."""

from dataclasses import replace
from typing import Any

from flask import Response, request, url_for

from portal import htmx, policy, words
from portal.actions.roles import RoleWish, add_role, archive_role, change_role, show_areas
from portal.forms.roles import ArchiveForm, AreasForm, RoleForm
from portal.guards import SAFE_METHODS, actor, find_role, membership
from portal.models import Area, Permission, Role
from portal.queries import contacts as listing
from portal.queries import roles
from portal.refusals import FieldRefusal
from portal.templating import say
from portal.views import lists, role_page
from portal.views.within import company_blueprint

blueprint = company_blueprint("roles", __name__, "/roles")


@blueprint.get("")
def index() -> Response:
    """Show every role with what it gives and how many have it, and the areas of the portal."""
    policy.demand_admin(actor())
    held = roles.held_roles(actor())
    areas = roles.areas_of(membership().company.id)
    return htmx.page("roles/index.html", held=held, areas=areas, entries=role_page.entries)


@blueprint.get("/<id:role_id>")
def show(role_id: int) -> Response:
    """Show what a role gives and who has it."""
    role = find_role(role_id)
    who, asked = actor(), replace(lists.wish(request.args), role=str(role_id))
    return htmx.page(
        "roles/show.html",
        block="list",
        role=role,
        entries=role_page.entries(role, mine=roles.holds(who, role)),
        lines=words.can_do(policy.effective(role.permissions)),
        page=listing.page(who, asked),
        counts=listing.counts(who, asked),
        most=listing.COUNTED,
        wish=asked,
        url=lambda **changes: lists.address(replace(asked, role=""), role_id=role_id, **changes),
    )


@blueprint.route("/new", methods=["GET", "POST"])
def add() -> Response:
    """Show the empty form, or add the role it describes."""
    policy.demand_admin(actor())
    return _make(RoleForm(), title="Add role")


@blueprint.route("/<id:role_id>/copy", methods=["GET", "POST"])
def copy(role_id: int) -> Response:
    """Show the form filled from a role, or add the copy."""
    role = find_role(role_id)
    data = {**role_page.known(role), "name": f"{role.name} copy"[:60]}
    return _make(RoleForm(data=data), title=f"Copy role: {role.name}")


def _make(form: RoleForm, *, title: str) -> Response:
    if request.method in SAFE_METHODS:
        return role_page.form(form, None, title=title)
    if not form.validate():
        return role_page.form(form, None, title=title, status=422)
    wish, company_id = _wish(form), membership().company.id
    same = roles.having_name(company_id, wish.name)
    # A second click on the same form leads to what the first one made.
    if same is not None and same.company_id and _is(same, wish):
        return htmx.go(url_for(".show", role_id=same.id))
    try:
        made = add_role(company_id, wish, actor())
    except FieldRefusal as refusal:
        form[refusal.field].errors = [refusal.sentence]
        return role_page.form(form, None, title=title, status=422)
    say(f"The role {made.name} was added.")
    return htmx.go(url_for(".show", role_id=made.id))


@blueprint.route("/<id:role_id>/edit", methods=["GET", "POST"])
def edit(role_id: int) -> Response:
    """Show the form with how many it applies to, or change the role for all of them."""
    role = find_role(role_id)
    who, title = actor(), f"Edit role: {role.name}"
    policy.demand_role(who, role, frozenset(), holds=False)
    form = RoleForm(data=role_page.known(role))
    if request.method in SAFE_METHODS:
        return role_page.form(form, role, title=title)
    if form.seen.data != role_page.stamp(role):
        return role_page.conflict(form, role, title=title)
    if not form.validate():
        return role_page.form(form, role, title=title, status=422)
    try:
        people = change_role(role, _wish(form), who)
    except FieldRefusal as refusal:
        form[refusal.field].errors = [refusal.sentence]
        return role_page.form(form, role, title=title, status=422)
    say(f"The role {role.name} was saved. {words.people(people)} {'has' if people < 2 else 'have'} it.")
    return htmx.go(url_for(".show", role_id=role.id))


def _wish(form: RoleForm) -> RoleWish:
    permissions = frozenset(Permission(value) for value in form.permissions.data or [])
    return RoleWish(form.name.data, form.purpose.data, permissions)


def _is(role: Role, wish: RoleWish) -> bool:
    return RoleWish(role.name, role.purpose, role.permissions) == wish


@blueprint.route("/<id:role_id>/archive", methods=["GET", "POST"])
def archive(role_id: int) -> Response:
    """Ask what takes the role's place, or put it away."""
    role = find_role(role_id)
    who = actor()
    policy.demand_role(who, role, policy.EVERY_PERMISSION, holds=roles.holds(who, role))
    form = ArchiveForm()
    if request.method in SAFE_METHODS:
        return _question(role, form)
    others = {each.role.id: each.role for each in roles.held_roles(who) if each.role.id != role.id}
    replacement = others.get(form.replacement.data)
    try:
        moved = archive_role(role, replacement, who)
    except FieldRefusal as refusal:
        form.replacement.errors = [refusal.sentence]
        return _question(role, form, status=422)
    say(f"The role {role.name} was archived." + (_moved(moved, replacement) if replacement else ""))
    return htmx.go(url_for(".index"))


def _moved(number: int, replacement: Role) -> str:
    return (
        f" {words.people(number)} {'have' if number > 1 else 'has'} {replacement.name} instead."
        if number
        else ""
    )


def _question(role: Role, form: ArchiveForm, *, status: int = 200) -> Response:
    held = roles.held_roles(actor())
    context: dict[str, Any] = {
        "role": role,
        "form": form,
        "people": next((each.people for each in held if each.role.id == role.id), 0),
        "others": [("", "Choose a role")]
        + [(str(e.role.id), e.role.name) for e in held if e.role.id != role.id],
    }
    return htmx.page("roles/archive.html", block="dialog", status=status, **context)


@blueprint.post("/areas")
def areas() -> Response:
    """Show or hide areas of the portal for everybody in the company."""
    policy.demand_admin(actor())
    form = AreasForm()
    known = set(Area)
    shown = [Area(value) for value in form.areas.data or [] if value in known]
    changed = show_areas(membership().company.id, shown, actor())
    say("The areas were saved." if changed else "Nothing changed.")
    return htmx.go(url_for(".index"))
