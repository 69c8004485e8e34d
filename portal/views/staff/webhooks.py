"""Webhooks, for administrators: add, change, try out, pause, remove, and what was delivered (S1)."""

from typing import Any

from flask import Blueprint, Response, abort, url_for

from portal import htmx
from portal.actions.staff import webhooks as actions
from portal.forms.staff_api import EVENTS, WebhookForm
from portal.models import Webhook
from portal.queries.staff import webhooks
from portal.refusals import FieldRefusal
from portal.staff_gate import acting, demand
from portal.staff_policy import Deed
from portal.templating import say
from portal.transaction import part

blueprint = Blueprint("webhooks", __name__, url_prefix="/webhooks")
_MOVES = {
    "pause": actions.pause,
    "resume": actions.resume,
    "remove": actions.remove,
    "test": actions.try_out,
}
LABELS = {choice.value: choice.label for choice in EVENTS}
STATES = {
    "waiting": ("Waiting", "wait", "half"),
    "sending": ("Sending", "wait", "half"),
    "delivered": ("Delivered", "ok", "disc"),
    "failed": ("Failed", "fail", "triangle"),
}


@blueprint.route("/new", methods=["GET", "POST"])
def new() -> Response:
    """Show the form, or add the webhook it describes and show its secret this once."""
    demand(Deed.KEEP_API)
    form = WebhookForm()
    if not form.validate_on_submit():
        return _form(form, None)
    try:
        with part():
            hook, secret = actions.add(form.url.data or "", form.events.data or [], acting())
    except FieldRefusal as refusal:
        form.url.errors = [refusal.sentence]
        return _form(form, None)
    return _secret(hook, secret)


@blueprint.get("/<id:hook_id>")
def show(hook_id: int) -> Response:
    """Show a webhook and what was delivered to it."""
    demand(Deed.KEEP_API)
    hook = _find(hook_id)
    return htmx.page(
        "staff/api/webhooks/show.html",
        hook=hook,
        told=[LABELS.get(event, event) for event in hook.events],
        deliveries=webhooks.deliveries(acting(), hook),
        states=STATES,
        most=webhooks.SHOWN,
    )


@blueprint.route("/<id:hook_id>/edit", methods=["GET", "POST"])
def edit(hook_id: int) -> Response:
    """Show the form with what is known of a webhook, or save it."""
    demand(Deed.KEEP_API)
    hook = _find(hook_id)
    form = WebhookForm(data={"url": hook.url, "events": hook.events})
    if not form.validate_on_submit():
        return _form(form, hook)
    try:
        with part():
            changed = actions.change(hook, form.url.data or "", form.events.data or [], acting())
    except FieldRefusal as refusal:
        form.url.errors = [refusal.sentence]
        return _form(form, hook)
    say("The webhook was saved." if changed else "Nothing changed.")
    return htmx.go(url_for(".show", hook_id=hook_id))


@blueprint.post("/<id:hook_id>/secret")
def rotate(hook_id: int) -> Response:
    """Make a new secret and show it this once."""
    demand(Deed.KEEP_API)
    hook = _find(hook_id)
    return _secret(hook, actions.rotate(hook, acting()))


@blueprint.post("/<id:hook_id>/<any('pause', 'resume', 'remove', 'test'):move>")
def move(hook_id: int, move: str) -> Response:
    """Do one of the moves of a webhook."""
    demand(Deed.KEEP_API)
    say(_MOVES[move](_find(hook_id), acting()))
    return htmx.go(url_for("staff.api.index") if move == "remove" else url_for(".show", hook_id=hook_id))


@blueprint.post("/deliveries/<id:delivery_id>/again")
def again(delivery_id: int) -> Response:
    """Send what was delivered, or given up, once more."""
    demand(Deed.KEEP_API)
    delivery = webhooks.delivery(acting(), delivery_id) or abort(404)
    say(actions.send_again(delivery, acting()))
    return htmx.go(url_for(".show", hook_id=delivery.webhook_id))


def _find(hook_id: int) -> Webhook:
    return webhooks.found(acting(), hook_id) or abort(404)


def _form(form: WebhookForm, hook: Webhook | None) -> Response:
    context: dict[str, Any] = {"form": form, "hook": hook, "status": 422 if form.errors else 200}
    return htmx.page("staff/api/webhooks/form.html", **context)


def _secret(hook: Webhook, secret: str) -> Response:
    return htmx.page(
        "staff/api/secret.html",
        heading="Keep this secret",
        words="It proves that what the webhook is sent came from here.",
        secret=secret,
        onwards=url_for(".show", hook_id=hook.id),
    )
