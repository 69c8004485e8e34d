"""Adding, changing, pausing and removing webhooks, and sending again; administrators are told (L10)."""

from collections.abc import Collection
from datetime import timedelta

from portal import audit, outside, staff_policy, webhooks
from portal.actions.staff.api_tokens import tell
from portal.clock import now
from portal.extensions import db
from portal.models import HookDelivery, HookEvent, HookState, Webhook
from portal.policy import Actor
from portal.refusals import FieldRefusal, NotNow
from portal.staff_policy import Deed

# How long the previous secret still signs beside a new one.
BOTH_SIGN = timedelta(hours=24)
CHOSEN = tuple(event for event in HookEvent if event is not HookEvent.TEST)


def add(url: str, events: Collection[str], by: Actor) -> tuple[Webhook, str]:
    """Return a new webhook and its secret, shown once. FieldRefusal for an address that cannot be."""
    staff_policy.demand(by.staff_role, Deed.KEEP_API)
    _demand_fit(url)
    secret = webhooks.new_secret()
    hook = Webhook(
        url=url,
        events=_ordered(events),
        sealed_secret=webhooks.seal(secret),
        made_by=by.signed,
        failures=0,
    )
    db.session.add(hook)
    _trace(hook, by, "added the webhook", {"Told of": ("", ", ".join(hook.events))})
    return hook, secret


def change(hook: Webhook, url: str, events: Collection[str], by: Actor) -> bool:
    """Bring `hook` to another address and events; return whether anything changed. Raises as add does."""
    staff_policy.demand(by.staff_role, Deed.KEEP_API)
    _demand_fit(url)
    was, place, wanted = ", ".join(hook.events), webhooks.host(hook), _ordered(events)
    if hook.url == url and hook.events == wanted:
        return False
    hook.url, hook.events = url, wanted
    _trace(
        hook,
        by,
        "changed the webhook",
        {"Host": (place, webhooks.host(hook)), "Told of": (was, ", ".join(wanted))},
    )
    return True


def pause(hook: Webhook, by: Actor) -> str:
    """Call `hook` no more until it is resumed; what happens meanwhile waits."""
    _begin(hook, by, paused=False)
    hook.paused_at, hook.paused_why = now(), f"Paused by {by.name}."[:200]
    _trace(hook, by, "paused the webhook")
    return "The webhook is paused. What happens meanwhile waits up to 3 days."


def resume(hook: Webhook, by: Actor) -> str:
    """Call `hook` again, at once, with all that waits."""
    _begin(hook, by, paused=True)
    hook.paused_at, hook.paused_why, hook.failures, hook.resting_until = None, "", 0, None
    waiting = (HookDelivery.webhook_id == hook.id, HookDelivery.state == HookState.WAITING)
    db.session.execute(db.update(HookDelivery).where(*waiting).values(due_at=now()))
    _trace(hook, by, "resumed the webhook")
    return "The webhook is called again, with all that waited."


def remove(hook: Webhook, by: Actor) -> str:
    """Call `hook` never again; what was delivered stays in the activity."""
    _begin(hook, by)
    hook.removed_at = now()
    hook.sealed_secret, hook.sealed_former = "", None
    unsent = (HookDelivery.webhook_id == hook.id, HookDelivery.state == HookState.WAITING)
    db.session.execute(db.update(HookDelivery).where(*unsent).values(state=HookState.FAILED))
    _trace(hook, by, "removed the webhook")
    return "The webhook was removed."


def rotate(hook: Webhook, by: Actor) -> str:
    """Return a new secret for `hook`; the one before signs beside it for a day."""
    _begin(hook, by)
    secret = webhooks.new_secret()
    hook.sealed_former, hook.former_until = hook.sealed_secret, now() + BOTH_SIGN
    hook.sealed_secret = webhooks.seal(secret)
    _trace(hook, by, "made a new secret for the webhook")
    return secret


def try_out(hook: Webhook, by: Actor) -> str:
    """Tell `hook` that this is a test."""
    _begin(hook, by, paused=False)
    delivery = HookDelivery(webhook_id=hook.id, event=HookEvent.TEST)
    db.session.add(delivery)
    hook.resting_until = None
    webhooks.wake_soon(delivery)
    audit.record("tested the webhook", by=by, about=webhooks.host(hook))
    return "The test is on its way. Reload to see what it was answered."


def send_again(delivery: HookDelivery, by: Actor) -> str:
    """Send what was delivered or given up once more, under its own number, so a system can tell."""
    _begin(delivery.webhook, by, paused=False)
    if delivery.state == HookState.SENDING:
        raise NotNow("This is on its way just now.")
    delivery.state, delivery.due_at, delivery.created_at = HookState.WAITING, now(), now()
    delivery.attempts, delivery.webhook.resting_until = 0, None
    webhooks.wake_soon(delivery)
    audit.record("sent again to the webhook", by=by, about=webhooks.host(delivery.webhook))
    return "It is on its way again."


def _begin(hook: Webhook, by: Actor, *, paused: bool | None = None) -> None:
    """Let nobody else change the webhook meanwhile. Raises NotNow where it is not as the move needs it."""
    staff_policy.demand(by.staff_role, Deed.KEEP_API)
    db.session.refresh(hook, with_for_update=True)
    if paused is not None and (hook.paused_at is not None) != paused:
        raise NotNow("The webhook is not paused." if paused else "The webhook is paused. Resume it first.")


def _demand_fit(url: str) -> None:
    reason = outside.objection(url)
    if reason is not None:
        raise FieldRefusal("url", reason)


def _ordered(events: Collection[str]) -> list[str]:
    return [event.value for event in CHOSEN if event in events]


def _trace(hook: Webhook, by: Actor, what: str, changes: dict[str, tuple[str, str]] | None = None) -> None:
    place = webhooks.host(hook)
    audit.record(what, by=by, about=place, changes=changes)
    tell(f"Webhook to {place}", f"{by.name} {what} to {place}.")
