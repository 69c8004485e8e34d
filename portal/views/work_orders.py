"""Work orders: the list, one order with its photos and conversation, asking for work, cancelling it (C43)."""

from io import BytesIO
from typing import Any

from flask import Response, abort, request, send_file, url_for
from werkzeug.datastructures import MultiDict

from portal import files, htmx, lifecycle, pictures, policy, words
from portal.actions import work_orders as actions
from portal.extensions import db
from portal.forms.work_order import CancelForm, CommentForm, WorkOrderForm
from portal.guards import SAFE_METHODS, actor, enter_area, find, membership, reads_first, takes_files
from portal.invariants import lock
from portal.models import Area, Document, WorkOrder
from portal.named import demand_place
from portal.queries import work_orders as listing
from portal.queries.reach import reach
from portal.queries.work_orders import VIEWS, Wish
from portal.refusals import FieldRefusal, NotNow
from portal.staff_policy import is_vendor
from portal.templating import say
from portal.transaction import start_writing
from portal.views import order_form
from portal.views.within import company_blueprint

blueprint = company_blueprint("work_orders", __name__, "/work-orders")


@blueprint.get("")
def index() -> Response:
    """Show the list; view, search, filters and paging stand in the address."""
    enter_area(Area.WORK_ORDERS)
    who, asked = actor(), _wish(request.args)
    part = htmx.wants_part()
    return htmx.page(
        "work_orders/index.html",
        block="list",
        page=listing.page(who, asked),
        counts=listing.counts(who, asked),
        places=[] if part else listing.places(who, limit=listing.MOST_CHOICES),
        priorities=words.PRIORITY,
        chips=_chips(asked),
        wish=asked,
        url=lambda **changes: _address(asked, **changes),
        reach=None if part else reach(who),
        most=listing.COUNTED,
        can_ask=policy.asks_for_work(who),
    )


def _wish(args: MultiDict[str, str]) -> Wish:
    """Return what `args` ask for; what makes no sense is as good as not said."""

    def number(name: str) -> str:
        text = args.get(name, "")
        fits = text.isascii() and text.isdecimal() and len(text) < 11 and 0 < int(text) < 2**31
        return text if fits else ""

    view, priority = args.get("status", ""), args.get("priority", "")
    return Wish(
        q=" ".join(args.get("q", "").replace("\0", " ").split())[: listing.LONGEST_SEARCH],
        view=view if view in VIEWS else VIEWS[0],
        place=demand_place(actor(), number("property")),
        priority=priority if priority in words.PRIORITY else "",
        after=number("after"),
        before=number("before"),
    )


def _address(asked: Wish, **changes: str) -> str:
    """Return the address of the list with `changes`; a changed filter starts at the first page."""
    values = {
        "q": asked.q,
        "status": asked.view,
        "property": asked.place,
        "priority": asked.priority,
        "after": asked.after,
        "before": asked.before,
    }
    if set(changes) - {"after", "before"}:
        values |= {"after": "", "before": ""}
    values |= changes
    if values["status"] == VIEWS[0]:
        values["status"] = ""
    kept: dict[str, Any] = {name: value for name, value in values.items() if value}
    return url_for(".index", **kept)


def _chips(asked: Wish) -> list[dict[str, str]]:
    found = []
    if asked.place:
        place = listing.place(actor(), int(asked.place))
        found.append({"label": place.name if place else "", "href": _address(asked, property="")})
    if asked.priority:
        found.append({"label": words.PRIORITY[asked.priority][0], "href": _address(asked, priority="")})
    return found


@blueprint.route("/new", methods=["GET", "POST"])
@reads_first
@takes_files
def new() -> Response:
    """Show the form, or ask for the work it describes; a second click leads to what the first one made."""
    enter_area(Area.WORK_ORDERS)
    if not policy.asks_for_work(actor()):
        policy.demand_admin(actor())
    form = order_form.bind()
    if request.method in SAFE_METHODS:
        return order_form.page(form)
    if not form.validate():
        return order_form.page(form, status=422)
    # Decoding photos takes a second: it is done between two transactions, while nothing is locked.
    start_writing()
    try:
        order = _ask_for(form, order_form.cleaned_photos())
    except FieldRefusal as refusal:
        return order_form.refuse(form, refusal)
    return htmx.go(url_for(".show", order_id=order.id))


def _ask_for(form: WorkOrderForm, photos: list[bytes]) -> WorkOrder:
    who, company = actor(), membership().company
    lock(db.session(), company.id)
    made = listing.made_by_form(company.id, form.form_key.data) if form.form_key.data else None
    if made is not None and made.requested_by != who.contact_id:
        raise NotNow("This form was sent by somebody else already. Load it again.")
    if made is not None:
        return made
    wanted = order_form.wanted(form)
    order = actions.ask_for(company, wanted, order_form.store(photos), who)
    say(f"{order.name} was sent.")
    return order


@blueprint.get("/<id:order_id>")
def show(order_id: int) -> Response:
    """Show one work order with everything that was said and done about it."""
    return _page(find(WorkOrder, order_id, area=Area.WORK_ORDERS), CommentForm())


@blueprint.post("/<id:order_id>/comment")
def comment(order_id: int) -> Response:
    """Add a comment."""
    order = find(WorkOrder, order_id, area=Area.WORK_ORDERS)
    form = CommentForm()
    if not form.validate():
        return _page(order, form, status=422)
    actions.comment(order, form.text.data, actor())
    if not htmx.wants_part():
        return htmx.go(url_for(".show", order_id=order.id, _anchor="conversation"))
    return _page(order, CommentForm(formdata=None), said=True)


def _page(order: WorkOrder, form: CommentForm, *, status: int = 200, **more: Any) -> Response:
    who = actor()
    return htmx.page(
        "work_orders/show.html",
        block="conversation",
        status=status,
        order=order,
        form=form,
        photos=listing.photos(who, order),
        can_ask=policy.asks_for_work(who),
        can_cancel=policy.may_cancel(who, order) and not lifecycle.ended(order),
        can_set_status=is_vendor(who) and not lifecycle.ended(order),
        priority=words.PRIORITY[order.priority][0],
        **more,
    )


@blueprint.route("/<id:order_id>/cancel", methods=["GET", "POST"])
def cancel(order_id: int) -> Response:
    """Ask before cancelling, in a dialog or on a page; or cancel."""
    order = find(WorkOrder, order_id, area=Area.WORK_ORDERS)
    policy.demand_cancelling(actor(), order)
    lifecycle.take_on(order)
    form = CancelForm()
    if not form.validate_on_submit():
        status = 422 if form.errors else 200
        return htmx.page("work_orders/cancel.html", block="dialog", status=status, order=order, form=form)
    actions.cancel(order, actor(), form.reason.data)
    say(f"{order.name} was cancelled.")
    return htmx.go(url_for(".show", order_id=order.id))


@blueprint.get("/<id:order_id>/photos/<id:photo_id>")
def photo(order_id: int, photo_id: int) -> Response:
    """Send a photo of a work order; what is no photo of ours is only ever saved."""
    document = _document(order_id, photo_id)
    return _sent(document, _content(document), inline=document.media_type == pictures.MEDIA_TYPE)


@blueprint.get("/<id:order_id>/photos/<id:photo_id>/small")
def thumbnail(order_id: int, photo_id: int) -> Response:
    """Send a small picture of a photo."""
    document = _document(order_id, photo_id)
    if document.media_type != pictures.MEDIA_TYPE:
        abort(404)
    return _sent(document, pictures.thumbnail(BytesIO(_content(document))), inline=True)


def _document(order_id: int, photo_id: int) -> Document:
    order = find(WorkOrder, order_id, area=Area.WORK_ORDERS)
    return listing.photo(actor(), order, photo_id) or abort(404)


def _content(document: Document) -> bytes:
    try:
        with files.open_stored(document) as kept:
            return kept.read()
    except FileNotFoundError:
        abort(404)


def _sent(document: Document, content: bytes, *, inline: bool) -> Response:
    answer = send_file(
        BytesIO(content),
        document.media_type,
        as_attachment=not inline,
        download_name=files.clean_name(document.name, document.media_type),
        etag=False,
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer
