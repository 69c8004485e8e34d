"""Who can sign in: admins, Primary contacts, live invitations, live sessions."""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, exists, func, or_, select

from portal.clock import now
from portal.extensions import db
from portal.invariants import holds_permission
from portal.models import Activity, Company, Contact, Invitation, Permission, PortalUser, SignInSession
from portal.queries.sign_in import usable_contact
from portal.queries.standing import able_admin_of

# What only an admin does: whose company it was done in has had one.
ONLY_ADMINS = (
    "authorized",
    "resent the invitation to",
    "cancelled the invitation of",
    "changed the rights of",
    "deactivated",
    "activated",
    "deleted",
    "added the role",
    "changed the role",
)


def admins() -> Iterator[str]:
    """Every company that once had an admin and has none now who can sign in (P8).

    Where the vendor's staff took the last one away with a reason, later than an admin's last act, that holds.
    """
    by_act = _last(Activity.actor_kind == "contact", Activity.what.in_(ONLY_ADMINS))
    by_staff = _last(Activity.actor_kind == "staff", Activity.reason != "")
    signed_in = exists().where(
        Contact.company_id == Company.id,
        Contact.portal_user_id == PortalUser.id,
        PortalUser.last_sign_in_at.is_not(None),
        holds_permission(Permission.ADMIN),
    )
    had_one = or_(by_act.is_not(None), signed_in)
    overruled = func.coalesce(by_staff, 0) > func.coalesce(by_act, 0)
    query = select(Company.name).where(
        Company.exited_at.is_(None), had_one, ~overruled, ~able_admin_of(Company)
    )
    for name in db.session.scalars(query.order_by(Company.id)):
        yield f"{name} has no admin who can sign in."


def _last(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
    query = select(func.max(Activity.id)).where(
        Activity.company_id == Company.id, Activity.result == "done", *conditions
    )
    return query.correlate(Company).scalar_subquery()


def primaries() -> Iterator[str]:
    """Every company with live contacts that has no or more than one Primary among them (P13)."""
    live = Contact.deleted_at.is_(None)
    counted = func.count().filter(Contact.is_primary)
    query = select(Company.name, counted).join(Contact, Contact.company_id == Company.id).where(live)
    for name, count in db.session.execute(query.group_by(Company.id, Company.name).having(counted != 1)):
        yield f"{name} has {count} Primary contacts."


def invitations() -> Iterator[str]:
    """Every contact with several live invitations, and every live one of a contact that awaits none (L2)."""
    several = (
        select(Invitation.contact_id).where(Invitation.ended_at.is_(None)).group_by(Invitation.contact_id)
    )
    for contact_id in db.session.scalars(several.having(func.count() > 1)):
        yield f"Contact {contact_id} has several live invitations."
    awaits = (Contact.deleted_at.is_(None), Contact.portal_user_id.is_(None), Contact.access == "portal")
    stray = select(Invitation.id).where(
        Invitation.ended_at.is_(None), ~exists().where(Contact.id == Invitation.contact_id, *awaits)
    )
    for invitation_id in db.session.scalars(stray):
        yield f"Invitation {invitation_id} is live, but its contact awaits none."


def sessions() -> Iterator[str]:
    """Every live session of a login that is closed, disabled, or without password or company (P12)."""
    enters = exists().where(
        Contact.portal_user_id == PortalUser.id,
        usable_contact(),
        Company.id == Contact.company_id,
        Company.exited_at.is_(None),
    )
    dead = or_(
        PortalUser.closed_at.is_not(None),
        PortalUser.disabled_at.is_not(None),
        PortalUser.password_hash.is_(None),
        ~enters,
    )
    query = select(SignInSession.id, SignInSession.portal_user_id).join(
        PortalUser, PortalUser.id == SignInSession.portal_user_id
    )
    alive = (SignInSession.ended_at.is_(None), SignInSession.expires_at > now())
    for session_id, user_id in db.session.execute(query.where(*alive, dead)):
        yield f"Session {session_id} is live, but login {user_id} may not sign in."
