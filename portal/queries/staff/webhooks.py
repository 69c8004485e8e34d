"""The webhooks, and what was delivered to each."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import lazyload

from portal.extensions import db
from portal.models import HookDelivery, Webhook
from portal.models.webhook import UNSENT
from portal.policy import Actor
from portal.visibility import over_all

SHOWN = 50


@dataclass(frozen=True)
class Kept:
    """A webhook with how much waits for it."""

    hook: Webhook
    waiting: int


def kept(reader: Actor) -> list[Kept]:
    """Return the webhooks that were not removed, each with how many deliveries wait."""
    waiting = (
        select(func.count(HookDelivery.id))
        .where(HookDelivery.webhook_id == Webhook.id, UNSENT)
        .correlate(Webhook)
        .scalar_subquery()
    )
    query = over_all(reader, Webhook).where(Webhook.removed_at.is_(None)).add_columns(waiting)
    return [Kept(*row) for row in db.session.execute(query.order_by(Webhook.id))]


def found(reader: Actor, hook_id: int) -> Webhook | None:
    """Return the webhook with this id, unless it was removed."""
    query = over_all(reader, Webhook).where(Webhook.id == hook_id, Webhook.removed_at.is_(None))
    hook: Webhook | None = db.session.scalar(query)
    return hook


def deliveries(reader: Actor, hook: Webhook) -> list[HookDelivery]:
    """Return the newest deliveries of `hook`."""
    query = over_all(reader, HookDelivery).where(HookDelivery.webhook_id == hook.id)
    query = query.options(lazyload(HookDelivery.webhook)).order_by(HookDelivery.id.desc())
    return list(db.session.scalars(query.limit(SHOWN)))


def delivery(reader: Actor, delivery_id: int) -> HookDelivery | None:
    """Return the delivery with this id, unless its webhook was removed."""
    query = over_all(reader, HookDelivery).where(HookDelivery.id == delivery_id)
    there: HookDelivery | None = db.session.scalar(query.with_for_update(of=HookDelivery))
    return there if there is not None and there.webhook.removed_at is None else None
