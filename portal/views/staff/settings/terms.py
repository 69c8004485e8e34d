"""The versions of the terms: list, read, draft, preview as the customer will see it, and publish (S6)."""

from flask import Blueprint, Response, abort, request, url_for

from portal import htmx
from portal.actions.staff import terms as actions
from portal.forms.people import TermsForm
from portal.forms.records import fingerprint
from portal.forms.settings import PublishForm, TermsDraftForm
from portal.guards import SAFE_METHODS
from portal.models import TermsVersion
from portal.queries.staff import terms
from portal.refusals import NotNow
from portal.staff_gate import acting, demand
from portal.staff_policy import Deed
from portal.templating import say

blueprint = Blueprint("terms", __name__, url_prefix="/terms")


@blueprint.get("")
def index() -> Response:
    """Show every version, and how many accepted it."""
    demand(Deed.KEEP_SETTINGS)
    return htmx.page("staff/settings/terms.html", versions=terms.versions(), logins=terms.logins())


@blueprint.post("/draft")
def draft() -> Response:
    """Go on with the draft; begin one from the newest version where there is none."""
    demand(Deed.KEEP_SETTINGS)
    return htmx.go(url_for(".edit", terms_id=actions.draft(acting()).id))


@blueprint.get("/<id:terms_id>")
def show(terms_id: int) -> Response:
    """Show one version as the customer sees it, older ones too."""
    demand(Deed.KEEP_SETTINGS)
    found = _find(terms_id)
    return htmx.page("staff/settings/terms_text.html", terms=found, form=TermsForm(formdata=None))


@blueprint.route("/<id:terms_id>/edit", methods=["GET", "POST"])
def edit(terms_id: int) -> Response:
    """Show a draft to change it, or save it; a stale save shows both versions."""
    demand(Deed.KEEP_SETTINGS)
    found = _find(terms_id)
    actions.demand_draft(found)
    known = _known(found)
    form = TermsDraftForm.over(known)
    if request.method in SAFE_METHODS or not form.validate():
        return _form(found, form, status=422 if form.errors else 200)
    if form.stale(known):
        return _form(found, form, status=409, conflict=form.differences(known))
    changed = actions.change(found, form.values(), acting())
    say("The draft was saved." if changed else "Nothing changed.")
    return htmx.go(url_for(".show", terms_id=found.id))


def _form(
    found: TermsVersion, form: TermsDraftForm, *, status: int, conflict: list[dict[str, str]] | None = None
) -> Response:
    return htmx.page(
        "staff/settings/terms_form.html",
        block="form",
        status=status,
        terms=found,
        form=form,
        conflict=conflict,
        cancel_href=url_for(".index"),
    )


@blueprint.route("/<id:terms_id>/publish", methods=["GET", "POST"])
def publish(terms_id: int) -> Response:
    """Ask before a draft is published, or publish it; only what was looked at is."""
    demand(Deed.KEEP_SETTINGS)
    found = _find(terms_id)
    actions.demand_draft(found)
    state = fingerprint(_known(found))
    form = PublishForm(data={"seen": state})
    if form.validate_on_submit():
        if form.seen.data != state:
            raise NotNow("Somebody else changed the draft meanwhile. Read it again before you publish it.")
        actions.publish(found, acting())
        say(f"Version {found.number} is published. Everybody is asked for it at their next step.")
        return htmx.go(url_for(".index"))
    return htmx.page(
        "staff/settings/publish.html", block="dialog", terms=found, form=form, logins=terms.logins()
    )


def _known(found: TermsVersion) -> dict[str, str]:
    return {name: getattr(found, name) for name in actions.FIELDS}


def _find(terms_id: int) -> TermsVersion:
    return terms.version_with(terms_id) or abort(404)
