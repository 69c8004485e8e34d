"""The vendor's settings, for administrators: an overview, and one room for each part (S6)."""

from collections.abc import Iterator

from flask import Blueprint, Response, url_for

from portal import htmx, words
from portal.models import Area, Branding, Category, ContactType
from portal.queries import settings
from portal.queries.staff import terms as terms_queries
from portal.queries.staff import vocabulary as words_queries
from portal.staff_gate import demand
from portal.staff_policy import Deed
from portal.templating import branding as vendor
from portal.views.staff.settings import branding, rules, terms, vocabulary

blueprint = Blueprint("settings", __name__, url_prefix="/settings")
for part in (vocabulary, terms, branding, rules):
    blueprint.register_blueprint(part.blueprint)
_FACTOR = {
    "optional": "each client decides about a second factor",
    "admins": "admins need a second factor",
    "everybody": "everybody needs a second factor",
}


@blueprint.get("")
def index() -> Response:
    """Show what can be set, and how it stands."""
    demand(Deed.KEEP_SETTINGS)
    return htmx.page("staff/settings/index.html", parts=list(_parts(vendor())))


def _parts(row: Branding) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield each part: its name, how it stands, a line more, where it is, and its icon."""
    kinds = (("contact-types", ContactType, "users"), ("categories", Category, "list-filter"))
    for kind, model, icon in kinds:
        live = [each for each in words_queries.entries(model) if each.word.archived_at is None]
        href = url_for(".vocabulary.index", kind=kind)
        yield vocabulary.TITLE[kind], str(len(live)), "to choose from", href, icon
    yield _terms()
    yield "Branding", row.name, f"hue {row.hue}", url_for(".branding.show"), "sun-moon"
    on = len(Area) - len(settings.areas_off())
    yield "Areas", f"{on} of {len(Area)}", "there for clients", url_for(".rules.areas"), "map-pin-house"
    lasts = words.span(settings.invitation_life())
    line = f"an invitation works; {_FACTOR[row.second_factor]}"
    yield "Sign-in", lasts, line, url_for(".rules.sign_in"), "key-round"


def _terms() -> tuple[str, str, str, str, str]:
    href, there = url_for(".terms.index"), terms_queries.versions()
    newest = next((each for each in there if each.terms.published_at), None)
    if newest is None:
        return "Terms of use", "None", "published", href, "file-text"
    line = f"accepted by {newest.accepted:,} of {terms_queries.logins():,}"
    return "Terms of use", f"Version {newest.terms.number}", line, href, "file-text"
