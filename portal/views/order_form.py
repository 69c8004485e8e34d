"""Between the form for new work and the page around it: which property is meant, which photos were sent."""

import secrets
from io import BytesIO
from typing import Any

from flask import Response, abort, request
from werkzeug.datastructures import FileStorage

from portal import files, htmx, pictures, words
from portal.actions.work_orders import Wanted
from portal.files import Stored
from portal.forms.work_order import WorkOrderForm
from portal.guards import SAFE_METHODS, actor
from portal.models import Property
from portal.queries import work_orders as listing
from portal.queries.people import admin_names
from portal.refusals import FieldRefusal

MOST_PHOTOS = 6
TOO_MANY = f"Send at most {MOST_PHOTOS} photos."


def bind() -> WorkOrderForm:
    """Return the form, filled from the request; a new one knows the property that the address names."""
    form = WorkOrderForm()
    if request.method in SAFE_METHODS:
        form.form_key.data = secrets.token_urlsafe(12)
        named = _by_id(request.args.get("property", ""))
        form.property.data, form.place.data = (str(named.id), named.name) if named else ("", "")
    return form


def cleaned_photos() -> list[bytes]:
    """Return the photos of the request without anything but their pixels; needs no database.

    Raises FieldRefusal for too many of them, and for one that cannot be kept.
    """
    sent = [each for each in request.files.getlist("photos") if each.filename or _holds_something(each)]
    if len(sent) > MOST_PHOTOS:
        raise FieldRefusal("photos", TOO_MANY)
    return [pictures.cleaned(each.stream, "photos") for each in sent]  # type: ignore[arg-type]


def _holds_something(sent: FileStorage) -> bool:
    found = bool(sent.stream.read(1))
    sent.stream.seek(0)
    return found


def store(photos: list[bytes]) -> list[Stored]:
    """Keep the photos, each under a plain name: what people called the file may say more than they meant."""
    return [
        files.store(BytesIO(photo), f"photo-{number}.jpg", field="photos")
        for number, photo in enumerate(photos, 1)
    ]


def wanted(form: WorkOrderForm) -> Wanted:
    """Return the work that the valid `form` asks for.

    Raises FieldRefusal where the property is missing or not clear, 404 where the reader has no such property.
    """
    return Wanted(
        title=form.title.data,
        description=form.description.data,
        priority=form.priority.data,
        place=_place(form),
        form_key=form.form_key.data or None,
    )


def _place(form: WorkOrderForm) -> Property | None:
    who, typed = actor(), form.place.data
    named = listing.place_named(who, typed) if typed else None
    if named is not None:
        return named
    if form.property.data:
        return _by_id(form.property.data) or abort(404)
    if typed:
        found = listing.places(who, limit=listing.FEW, like=typed)
        sentence = (
            "Choose one of these properties." if found else "There is no such property. Try another name."
        )
        raise FieldRefusal("place", sentence)
    if not who.sees_everything:
        raise FieldRefusal("place", "Choose the property it is about.")
    return None


def _by_id(text: str) -> Property | None:
    fits = text.isascii() and text.isdecimal() and 0 < int(text[:10]) < 2**31 and len(text) <= 10
    return listing.place(actor(), int(text)) if fits else None


def refuse(form: WorkOrderForm, refusal: FieldRefusal) -> Response:
    """Show the form again with what was refused at its field."""
    if refusal.field in form:
        form[refusal.field].errors = [refusal.sentence]
        return page(form, status=422)
    return page(form, status=422, photo_error=refusal.sentence)


def page(form: WorkOrderForm, *, status: int = 200, photo_error: str = "") -> Response:
    """Return the page around `form`; to htmx its form, or while a property is typed those it may mean."""
    who = actor()
    few = listing.places(who, limit=listing.FEW + 1)
    typed = (request.args.get("place", "") if request.method in SAFE_METHODS else form.place.data) or ""
    typing = len(few) > listing.FEW and bool(typed.strip())
    context: dict[str, Any] = {
        "form": form,
        "listed": few if len(few) <= listing.FEW else [],
        "needs_place": not who.sees_everything,
        "may_ask": bool(few) or who.sees_everything,
        "found": listing.places(who, limit=listing.FEW, like=typed) if typing else [],
        "priorities": words.PRIORITY,
        "photo_error": photo_error,
        "most_photos": MOST_PHOTOS,
        "admins": [] if few or who.sees_everything else admin_names(who.company_id or 0),
    }
    block = "places" if request.method in SAFE_METHODS else "form"
    return htmx.page("work_orders/new.html", block=block, status=status, **context)
