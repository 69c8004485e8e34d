"""Documents: attaching them where they belong, downloading them, and the question before one is deleted."""

import io
from collections.abc import Callable

from flask import Response, abort, request, send_file, url_for

from portal import files, htmx, policy, visibility
from portal.actions.documents import attach, remove
from portal.forms.records import AttachForm
from portal.guards import SAFE_METHODS, actor, find
from portal.models import Contract, Document, Property
from portal.queries.documents import Owner, owner_of
from portal.refusals import FieldRefusal
from portal.staff_policy import demand_removing
from portal.templating import say
from portal.views.within import company_blueprint

blueprint = company_blueprint("documents", __name__, "/documents")


def attached(owner: Owner, page: Callable[..., Response]) -> Response:
    """Attach the file that was sent to `owner`, or show its `page` again with what is wrong."""
    policy.demand_admin(actor())
    form = AttachForm()
    if form.validate():
        try:
            document = attach(owner, form.file.data.stream, form.file.data.filename or "", actor())
        except FieldRefusal as refusal:
            form.file.errors = [refusal.sentence]
        else:
            say(f"{document.name} was attached.")
            return htmx.go(page_of(owner))
    return page(owner, attach_form=form, status=422)


def page_of(owner: Owner | None) -> str:
    """Return the address of the page that shows the documents of `owner`."""
    if isinstance(owner, Property):
        return url_for("properties.show", property_id=owner.id)
    if isinstance(owner, Contract):
        return url_for("contracts.show", contract_id=owner.id)
    return url_for("rfps.show", rfp_id=owner.id) if owner else url_for("dashboard.show")


@blueprint.get("/<id:document_id>")
def download(document_id: int) -> Response:
    """Send one file to whoever may see what it belongs to; never to be opened inside the portal's pages."""
    return sent(find(Document, document_id, area=visibility.area_of))


def sent(document: Document) -> Response:
    """Return the answer that sends a file. Raises 404 where it is gone from its place."""
    try:
        with files.open_stored(document) as opened:
            content = io.BytesIO(opened.read())
    except FileNotFoundError:
        abort(404)
    answer = send_file(
        content,
        mimetype=document.media_type,
        as_attachment=True,
        download_name=files.clean_name(document.name, document.media_type),
        conditional=False,
        etag=False,
    )
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'; sandbox"
    return answer


@blueprint.route("/<id:document_id>/delete", methods=["GET", "POST"])
def delete(document_id: int) -> Response:
    """Ask before deleting, as a dialog or a page; a POST deletes."""
    document = find(Document, document_id, area=visibility.area_of)
    policy.demand_admin(actor())
    owner = owner_of(document)
    if owner is None:
        abort(404)
    demand_removing(actor(), document)
    back = page_of(owner)
    if request.method in SAFE_METHODS:
        return htmx.page("documents/delete.html", block="dialog", document=document, back=back)
    name = document.name
    remove(document, actor())
    say(f"{name} was deleted.")
    return htmx.go(back)
