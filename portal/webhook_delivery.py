"""Delivers to one webhook, outside of any transaction, and writes down what became of it.

Doing it twice sends once; what a killed sender left lying is taken up again. A webhook that fails rests,
longer each time, so that one that is gone keeps nobody waiting; after many failures it is paused.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import update

from portal import mail, outside, webhooks
from portal.clock import now
from portal.extensions import db
from portal.models import HookDelivery, HookState, Webhook
from portal.outside import Answer, NotReached
from portal.queries.staff.people import locked_administrators
from portal.transaction import transaction

# Longer than the longest conversation.
LEASE = timedelta(seconds=60)
SHORTEST, LONGEST = timedelta(seconds=10), timedelta(hours=1)
PATIENCE = timedelta(days=3)
PAUSE_AFTER = 15
GONE = 410
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Call:
    """What is sent, and which attempt it is."""

    attempt: int
    url: str
    body: bytes
    headers: dict[str, str]


def send(delivery_id: int) -> None:
    """Deliver this if it is due and nobody else is at it; afterwards its row says what became of it.

    Runs its own transactions. Raises SQLAlchemyError when the database goes away: it is taken up again later.
    """
    call = _claim(delivery_id)
    if call is None:
        return
    try:
        answer = outside.post(call.url, call.body, call.headers)
    except NotReached as reason:
        _settle(delivery_id, call.attempt, Answer(0, str(reason)))
    else:
        _settle(delivery_id, call.attempt, answer)


def _claim(delivery_id: int) -> Call | None:
    """Take a due delivery for LEASE; None where there is nothing to send."""
    with transaction(write=True):
        at = now()
        taking = update(HookDelivery).where(
            HookDelivery.id == delivery_id, webhooks.due(at), webhooks.open_hooks(at)
        )
        taking = taking.values(
            state=HookState.SENDING, attempts=HookDelivery.attempts + 1, leased_until=at + LEASE
        ).returning(HookDelivery.id)
        if db.session.scalar(taking.execution_options(synchronize_session=False)) is None:
            return None
        found = db.session.get_one(HookDelivery, delivery_id, populate_existing=True)
        try:
            sent = webhooks.body(found)
            return Call(found.attempts, found.webhook.url, sent, webhooks.headers(found, sent))
        except LookupError as reason:
            _failed(found, Answer(0, str(reason)))
            return None


def _settle(delivery_id: int, attempt: int, answer: Answer) -> None:
    """Write down what an attempt was answered, unless somebody else has taken the delivery meanwhile."""
    with transaction(write=True):
        found = db.session.get_one(
            HookDelivery, delivery_id, populate_existing=True, with_for_update={"of": HookDelivery}
        )
        good = 200 <= answer.status < 300
        if not good and (found.attempts != attempt or found.state != HookState.SENDING):
            return
        if good:
            _delivered(found, answer)
        else:
            _failed(found, answer)


def _delivered(found: HookDelivery, answer: Answer) -> None:
    found.state, found.delivered_at, found.leased_until = HookState.DELIVERED, now(), None
    found.status, found.answer = answer.status, answer.words
    found.webhook.failures, found.webhook.resting_until = 0, None


def _failed(found: HookDelivery, answer: Answer) -> None:
    """Try again after a pause until PATIENCE is over; let the webhook rest, or pause it after many."""
    hook, at = found.webhook, now()
    over = at >= found.created_at + PATIENCE
    found.state = HookState.FAILED if over else HookState.WAITING
    found.due_at, found.leased_until = at + _pause(found.attempts), None
    found.status, found.answer = answer.status or None, answer.words[:200]
    hook.failures += 1
    hook.resting_until = at + _pause(hook.failures)
    if hook.paused_at is None and (hook.failures >= PAUSE_AFTER or answer.status == GONE):
        _pause_hook(hook, answer)


def _pause(times: int) -> timedelta:
    """Return how long to wait after so many failures: twice as long each time, an hour at most."""
    doubled: int = 2 ** min(max(times, 1) - 1, 20)
    return min(SHORTEST * doubled, LONGEST)


def _pause_hook(hook: Webhook, answer: Answer) -> None:
    said = f"It answered {answer.status}." if answer.status else answer.words
    hook.paused_at, hook.paused_why = now(), f"{hook.failures} failures in a row. {said}"[:200]
    log.warning("webhook %s is paused", hook.id)
    place = webhooks.host(hook)
    sentence = f"The webhook to {place} is paused after {hook.paused_why} What happens waits up to 3 days."
    for person in locked_administrators():
        mail.api_news(person, f"Webhook paused: {place}", sentence)
