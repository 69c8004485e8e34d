"""Writing down what was done or refused, and by whom: one row per thing, in the transaction of the change."""

from collections.abc import Mapping
from typing import Any

from flask import g, has_request_context, request

from portal import webhooks
from portal.extensions import db
from portal.models import Activity, Contact, PortalUser
from portal.policy import Actor

Changes = Mapping[str, tuple[Any, Any]]
# As many characters as the column holds; SQLite would take more.
LONGEST = 40


def record(
    what: str,
    *,
    by: Actor,
    contact: Contact | None = None,
    user: PortalUser | None = None,
    company_id: int | None = None,
    changes: Changes | None = None,
    result: str = "done",
    reason: str = "",
    about: str = "",
) -> Activity:
    """Add one activity row and return it.

    `what` is a word such as "authorized"; `changes` maps a field's label to what it was and what it is now,
    both in words and never a secret. The company is the contact's where there is one. What it was done to
    is the contact or login, else what `about` names.

    Raises ValueError where `what` is longer than its column, which only one of the databases would notice.
    """
    if len(what) > LONGEST:
        raise ValueError(f"{what!r} is longer than {LONGEST} characters.")
    target = contact or user
    row = Activity(
        what=what,
        company_id=contact.company_id if contact else company_id or by.company_id,
        actor_kind=by.kind,
        actor_name=by.name[:200],
        actor_contact_id=by.contact_id,
        actor_user_id=by.user_id,
        actor_staff_id=by.staff_id,
        contact_id=contact.id if contact else None,
        user_id=user.id if user else (contact.portal_user_id if contact else None),
        target_name=(target.name if target else about)[:200],
        changes={label: list(pair) for label, pair in (changes or {}).items()},
        result=result,
        reason=reason[:100],
        address=_address(),
        request_id=_request_id(),
    )
    db.session.add(row)
    webhooks.announce(row)
    return row


def _address() -> str:
    return (request.remote_addr or "")[:40] if has_request_context() else ""


def _request_id() -> str:
    return str(g.get("request_id", ""))[:40] if has_request_context() else ""
