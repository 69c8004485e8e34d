"""Branding: name, logo, hue with its preview, and whom customers turn to (S6)."""

from typing import Any

from flask import Blueprint, Response, request, url_for

from portal import htmx, hue, logos
from portal.actions.staff import settings as actions
from portal.forms.records import fingerprint
from portal.forms.settings import BrandingForm, LogoForm
from portal.guards import SAFE_METHODS
from portal.models import Branding
from portal.refusals import FieldRefusal
from portal.staff_gate import acting, demand
from portal.staff_policy import Deed
from portal.templating import branding, say

blueprint = Blueprint("branding", __name__, url_prefix="/branding")
THEMES = (("light", "Light"), ("dark", "Dark"))


@blueprint.route("", methods=["GET", "POST"])
def show() -> Response:
    """Show the form with a preview, draw the preview anew, or save; a stale save shows both versions."""
    demand(Deed.KEEP_SETTINGS)
    known = _known(branding())
    form = BrandingForm.over(known)
    if request.method in SAFE_METHODS or not form.validate():
        return _page(form, status=422 if form.errors else 200)
    if "preview" in request.form:
        return _page(form)
    if form.stale(known):
        return _page(form, status=409, conflict=form.differences(known))
    values = form.values()
    changed = actions.brand({**values, "hue": int(values["hue"])}, acting())
    say("The branding was saved." if changed else "Nothing changed.")
    return htmx.go(url_for(".show"))


@blueprint.get("/preview")
def preview() -> Response:
    """Draw the preview at the hue that the slider or the number says, and let the other one follow."""
    demand(Deed.KEEP_SETTINGS)
    slid = request.args.get("slide", type=int)
    shown = _held(request.args.get("hue", type=int) if slid is None else slid)
    name = "slide" if slid is None else "hue"
    return htmx.page("staff/settings/_preview.html", follows=name, **_drawn(shown))


@blueprint.get("/preview.css")
def preview_css() -> Response:
    """Colour the preview, whatever hue the page around it has."""
    demand(Deed.KEEP_SETTINGS)
    return Response(hue.preview(_held(request.args.get("hue", type=int))), mimetype="text/css")


@blueprint.post("/logo")
def logo() -> Response:
    """Take a new logo."""
    demand(Deed.KEEP_SETTINGS)
    form = LogoForm()
    if form.validate():
        try:
            drawn = logos.drawn(form.logo.data.stream, "logo")
        except FieldRefusal as refusal:
            form.logo.errors = [refusal.sentence]
        else:
            actions.show_logo(drawn, acting())
            say("The logo was saved.")
            return htmx.go(url_for(".show"))
    return _page(BrandingForm(formdata=None, data=_filled()), logo_form=form, status=422)


@blueprint.post("/logo/remove")
def remove_logo() -> Response:
    """Show the leaf again."""
    demand(Deed.KEEP_SETTINGS)
    say("The logo was removed." if actions.remove_logo(acting()) else "Nothing changed.")
    return htmx.go(url_for(".show"))


def _page(
    form: BrandingForm,
    *,
    status: int = 200,
    conflict: list[dict[str, str]] | None = None,
    logo_form: LogoForm | None = None,
) -> Response:
    typed = str(form.hue.data or "")
    unsaved = any((form[name].data or "") != value for name, value in _known(branding()).items())
    return htmx.page(
        "staff/settings/branding.html",
        block="form",
        status=status,
        form=form,
        conflict=conflict,
        unsaved=unsaved,
        logo_form=logo_form or LogoForm(formdata=None),
        follows="",
        **_drawn(_held(int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 6 else None)),
    )


def _drawn(shown: int) -> dict[str, Any]:
    themes = [(name, label, hue.contrast(name, shown)) for name, label in THEMES]
    return {"hue": shown, "themes": themes, "passes": hue.PASSES}


def _held(asked: int | None) -> int:
    return min(max(asked, 0), 360) if asked is not None else branding().hue


def _known(row: Branding) -> dict[str, str]:
    return {name: str(getattr(row, name)) for name in actions.BRANDING}


def _filled() -> dict[str, str]:
    known = _known(branding())
    return {**known, "seen": fingerprint(known)}
