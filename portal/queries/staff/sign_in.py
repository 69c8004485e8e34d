"""Who of the staff is behind a session key, which person an address means, and their sessions."""

from dataclasses import dataclass
from typing import Any

from flask import current_app
from sqlalchemy import exists, func, select

from portal import staff_policy
from portal.clock import now
from portal.extensions import db
from portal.models import Branding, Scope, SecondFactor, StaffLink, StaffPurpose, StaffSession, StaffUser
from portal.models.keys import email_key
from portal.policy import Actor
from portal.queries.devices import device
from portal.tokens import hashed


@dataclass
class OnDuty:
    """What one request knows of the person of the staff behind it; read anew every time (P12)."""

    session: StaffSession
    person: StaffUser
    has_factor: bool

    @property
    def passed(self) -> bool:
        """True once the second factor was given in this browser."""
        return self.session.passed_at is not None and self.has_factor

    def actor(self, company_id: int | None = None) -> Actor:
        """Return the person as somebody who acts, inside a client or over all of them."""
        return acting(self.person, company_id)


def acting(person: StaffUser, company_id: int | None = None, *, role: str = "") -> Actor:
    """Return somebody of the staff as who acts: inside one client, or over all of them (T87).

    `role` says as what, where it is not the person's own.
    """
    role = role or person.role
    brand = db.session.get(Branding, 1)
    return Actor(
        kind="staff",
        name=f"{person.name} of {brand.name if brand else 'Gatehouse'}",
        company_id=company_id,
        staff_id=person.id,
        permissions=staff_policy.PERMISSIONS[role],
        scope=Scope.CLIENT,
        staff_role=role,
    )


def on_duty(key: str) -> OnDuty | None:
    """Return who is behind `key`, or None where the session or the person is gone."""
    has_factor = exists().where(SecondFactor.staff_user_id == StaffUser.id)
    query = (
        select(StaffSession, StaffUser, has_factor)
        .join(StaffUser, StaffUser.id == StaffSession.staff_user_id)
        .where(StaffSession.key_hash == hashed(key), StaffSession.ended_at.is_(None))
    )
    row = db.session.execute(query).one_or_none()
    if row is None or not row[1].able or not row[0].alive(now(), now() - current_app.config["STAFF_IDLE"]):
        return None
    return OnDuty(*row)


def person_with(email: str) -> StaffUser | None:
    """Return who of the staff has the address `email`."""
    return db.session.scalar(select(StaffUser).where(StaffUser.email_key == email_key(email)))


def live_sessions(person: StaffUser, current: StaffSession) -> list[dict[str, Any]]:
    """Return the sessions of `person` that still work, the newest first, in words a person recognizes."""
    query = select(StaffSession).where(
        StaffSession.staff_user_id == person.id,
        StaffSession.ended_at.is_(None),
        StaffSession.passed_at.is_not(None),
    )
    found = db.session.scalars(query.order_by(StaffSession.last_seen_at.desc()).limit(50))
    return [
        {
            "id": each.id,
            "session": each,
            "browser": device(each.browser),
            "address": each.address,
            "since": each.created_at,
            "last": each.last_seen_at,
            "current": each.id == current.id,
        }
        for each in found
        if each.alive(now(), now() - current_app.config["STAFF_IDLE"])
    ]


def link_with_id(link_id: int) -> StaffLink | None:
    """Return the link with this id."""
    return db.session.get(StaffLink, link_id)


def waiting_change(person: StaffUser) -> StaffLink | None:
    """Return the link that would change the address of `person`, None where no change waits."""
    return db.session.scalar(
        select(StaffLink).where(
            StaffLink.staff_user_id == person.id,
            StaffLink.purpose == StaffPurpose.CHANGE_EMAIL,
            StaffLink.ended_at.is_(None),
            StaffLink.expires_at > now(),
        )
    )


def newest_generation(person: StaffUser) -> int:
    """Return how many links `person` was made so far."""
    query = select(func.max(StaffLink.generation)).where(StaffLink.staff_user_id == person.id)
    return db.session.scalar(query) or 0
