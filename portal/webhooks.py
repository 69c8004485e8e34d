"""What webhooks are told: written as rows with the change itself, and signed when it is sent."""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit

from cryptography.fernet import InvalidToken
from flask import current_app
from sqlalchemy import ColumnElement, and_, case, insert, literal, or_, select

from portal.clock import now
from portal.doorbell import doorbell
from portal.extensions import db
from portal.models import Activity, HookDelivery, HookEvent, HookState, Webhook
from portal.models.webhook import UNSENT
from portal.sealed import box
from portal.sides import API
from portal.transaction import after_commit, after_rollback

_LISTENING = "which webhooks are told of what"
_RUNG = "how many deliveries a worker was woken for"
MOST_RUNG = 10
_PREFIX = "whsec_"
_SECRET_BYTES = 32
# What the activity says was done, and what that means to whoever keeps a copy.
EVENTS: Mapping[str, HookEvent] = {
    "added": HookEvent.CONTACT_CREATED,
    "edited": HookEvent.CONTACT_CHANGED,
    "edited the own details": HookEvent.CONTACT_CHANGED,
    "deactivated": HookEvent.CONTACT_DEACTIVATED,
    "activated": HookEvent.CONTACT_ACTIVATED,
    "deleted": HookEvent.CONTACT_DELETED,
    "linked the properties of": HookEvent.ACCESS_CHANGED,
    "changed the rights of": HookEvent.ACCESS_CHANGED,
    "changed the access of": HookEvent.ACCESS_CHANGED,
    "authorized": HookEvent.ACCESS_CHANGED,
    "cancelled the invitation of": HookEvent.ACCESS_CHANGED,
    "accepted the invitation": HookEvent.ACCESS_CHANGED,
    "made a login for": HookEvent.ACCESS_CHANGED,
    "unlinked the user name of": HookEvent.ACCESS_CHANGED,
    "changed the role": HookEvent.ACCESS_CHANGED,
    "archived the role": HookEvent.ACCESS_CHANGED,
    "took on": HookEvent.COMPANY_CREATED,
    "marked as exited": HookEvent.COMPANY_CHANGED,
    "took back the exit of": HookEvent.COMPANY_CHANGED,
    "changed the details of": HookEvent.COMPANY_CHANGED,
    "required a second factor at": HookEvent.COMPANY_CHANGED,
    "stopped requiring a second factor at": HookEvent.COMPANY_CHANGED,
    "added the property": HookEvent.PROPERTY_CHANGED,
    "changed the property": HookEvent.PROPERTY_CHANGED,
    "archived the property": HookEvent.PROPERTY_CHANGED,
    "restored the property": HookEvent.PROPERTY_CHANGED,
}


def announce(row: Activity) -> None:
    """Have every webhook told that wants to know of what `row` says, once that is committed."""
    event = event_of(row)
    if event is None:
        return
    for hook_id, events in _listening():
        if event in events:
            delivery = HookDelivery(webhook_id=hook_id, activity=row, event=event)
            db.session.add(delivery)
            wake_soon(delivery)


def announce_since(mark: int, company_id: int) -> None:
    """As `announce`, for what the database itself wrote about contacts of the company after row `mark`."""
    for hook_id, events in _listening():
        told = {what: event for what, event in EVENTS.items() if event in events}
        if not told:
            continue
        moment, event = literal(now(), HookDelivery.due_at.type), case(told, value=Activity.what)
        start = (literal(str(HookState.WAITING)), literal(0), moment, moment, literal(""))
        rows = select(literal(hook_id), Activity.id, event, *start).where(
            Activity.id > mark, Activity.company_id == company_id, Activity.what.in_(told)
        )
        names = ["webhook_id", "activity_id", "event", "state", "attempts", "due_at", "created_at", "answer"]
        found = rows.where(Activity.contact_id.is_not(None)).order_by(Activity.id)
        db.session.execute(insert(HookDelivery).from_select(names, found, include_defaults=False))


def wake_soon(delivery: HookDelivery) -> None:
    """Have a worker deliver this once the transaction is committed; of many, the clock finds the rest."""
    info = db.session().info
    info[_RUNG] = info.get(_RUNG, 0) + 1
    if info[_RUNG] <= MOST_RUNG:
        after_commit(lambda: wake(delivery.id))
        _forget_after(_RUNG)


def _forget_after(key: str) -> None:
    """Forget what was noted under `key` when the running transaction ends, however it does."""
    info = db.session().info
    for ending in (after_commit, after_rollback):
        ending(lambda: info.pop(key, None))


def event_of(row: Activity) -> HookEvent | None:
    """Return what happened in the words of webhooks, None for what they are not told."""
    event = EVENTS.get(row.what) if row.result == "done" and row.company_id else None
    of_contact = event is not None and event.startswith("contact.")
    return None if of_contact and row.contact_id is None else event


def _listening() -> list[tuple[int, list[str]]]:
    """Return the webhooks with what each wants to know; asked once in a transaction."""
    info = db.session().info
    if _LISTENING not in info:
        with db.session.no_autoflush:
            query = select(Webhook.id, Webhook.events).where(Webhook.removed_at.is_(None))
            info[_LISTENING] = [(hook_id, events) for hook_id, events in db.session.execute(query)]
        _forget_after(_LISTENING)
    found: list[tuple[int, list[str]]] = info[_LISTENING]
    return found


def wake(delivery_id: int) -> None:
    """Have a worker deliver this soon. Raises nothing and takes at most half a second."""
    bell = doorbell()
    if bell:
        bell.ring("call_webhook", delivery_id)


def due(at: datetime) -> ColumnElement[bool]:
    """Return the condition that a delivery may be taken at `at`, as far as its own row says."""
    waiting = and_(HookDelivery.state == HookState.WAITING, HookDelivery.due_at <= at)
    left = and_(HookDelivery.state == HookState.SENDING, HookDelivery.leased_until <= at)
    return or_(waiting, left)


def open_hooks(at: datetime) -> ColumnElement[bool]:
    """Return the condition that a delivery's webhook can be called at `at`."""
    rested = or_(Webhook.resting_until.is_(None), Webhook.resting_until <= at)
    there = select(Webhook.id).where(Webhook.paused_at.is_(None), Webhook.removed_at.is_(None), rested)
    return HookDelivery.webhook_id.in_(there)


def due_ids(limit: int) -> list[int]:
    """Return the ids of up to `limit` deliveries that should be on their way, the longest due first."""
    query = select(HookDelivery.id).where(UNSENT, due(now()), open_hooks(now()))
    return list(db.session.scalars(query.order_by(HookDelivery.due_at, HookDelivery.id).limit(limit)))


def body(delivery: HookDelivery) -> bytes:
    """Return what is sent: what happened, when, and where to look it up; nobody's data."""
    row, base = delivery.activity, f"{current_app.config['PUBLIC_URL']}{API}/v1"
    data: dict[str, object] = {}
    if row is not None:
        place = f"contacts/{row.contact_id}" if row.contact_id else f"companies/{row.company_id}"
        data = {
            "activity_id": row.id,
            "company_id": row.company_id,
            "contact_id": row.contact_id,
            "url": f"{base}/{place}",
        }
    at = (row.at if row is not None else delivery.created_at).isoformat(timespec="milliseconds")
    said = {"type": delivery.event, "timestamp": at.replace("+00:00", "Z"), "data": data}
    return json.dumps(said, separators=(",", ":")).encode()


def headers(delivery: HookDelivery, sent: bytes) -> dict[str, str]:
    """Return the headers of Standard Webhooks: the message's id, the time, a signature for each secret."""
    name, at = f"msg_{delivery.id}", str(int(now().timestamp()))
    signed = f"{name}.{at}.".encode() + sent
    return {
        "Content-Type": "application/json",
        "User-Agent": "Gatehouse-Webhooks/1",
        "Webhook-Id": name,
        "Webhook-Timestamp": at,
        "Webhook-Signature": " ".join(_signature(secret, signed) for secret in _secrets(delivery.webhook)),
    }


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def _secrets(hook: Webhook) -> list[str]:
    """Return the secrets that sign for `hook`: its own, and for a while the one before."""
    kept = [hook.sealed_secret]
    if hook.sealed_former and hook.former_until and hook.former_until > now():
        kept.append(hook.sealed_former)
    return [unseal(each) for each in kept]


def new_secret() -> str:
    """Return a new secret of 256 bits, as Standard Webhooks writes them."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def seal(secret: str) -> str:
    """Return `secret` encrypted: what the database may hold."""
    return box(b"gatehouse webhook").encrypt(secret.encode()).decode()


def unseal(sealed: str) -> str:
    """Return the secret in `sealed`. Raises LookupError where the key it was sealed with is known no more."""
    try:
        return box(b"gatehouse webhook").decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise LookupError("The secret cannot be read: SECRET_KEY was changed. Make a new one.") from None


def host(hook: Webhook) -> str:
    """Return the host of a webhook's address; the rest of the address may be a secret."""
    return urlsplit(hook.url).hostname or ""
