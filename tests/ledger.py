"""What stands in the database, written down so that a test can say what changed; call inside `reading()`."""

from typing import Any

from portal import mail
from portal.extensions import db
from portal.models import Activity, Contact, Invitation, Letter, LoginLink
from tests.surfing import LINK

# What a request that changes nothing may still add: traces, the sessions themselves, asked-for resets.
TRACES = {"activity", "sign_in_session", "password_request", "alembic_version"}


def everything() -> dict[str, list[tuple]]:
    """Every row of every table but the traces."""
    return {
        table.name: [tuple(row) for row in db.session.execute(db.select(table).order_by(*table.primary_key))]
        for table in db.metadata.sorted_tables
        if table.name not in TRACES
    }


def contact(contact_id: int) -> Contact:
    """The contact as it is now, deleted or not."""
    return db.session.get_one(Contact, contact_id, populate_existing=True)


def rights(contact_id: int) -> tuple[set[str], set[str], str]:
    """Codes of the roles, the boxes and the scope that a contact holds."""
    found = contact(contact_id)
    return (
        {role.code or role.name for role in found.roles},
        {str(box) for box in found.direct_permissions},
        found.scope,
    )


def letters(after: int = 0) -> list[tuple[str, str]]:
    """Kind and address of every letter with an id above `after`, in the order they were written."""
    query = db.select(Letter).where(Letter.id > after).order_by(Letter.id)
    return [(letter.kind, letter.to_email) for letter in db.session.scalars(query)]


def last_letter() -> int:
    """The highest letter id so far."""
    return db.session.scalar(db.select(db.func.max(Letter.id))) or 0


def activity(after: int = 0) -> list[Activity]:
    """The activity rows with an id above `after`, oldest first."""
    return list(db.session.scalars(db.select(Activity).where(Activity.id > after).order_by(Activity.id)))


def last_activity() -> int:
    """The highest activity id so far."""
    return db.session.scalar(db.select(db.func.max(Activity.id))) or 0


def live_invitations(contact_id: int) -> int:
    """How many invitations of a contact have not ended."""
    live = db.select(db.func.count(Invitation.id)).where(
        Invitation.contact_id == contact_id, Invitation.ended_at.is_(None)
    )
    return db.session.scalar(live) or 0


def invitation_link(contact_id: int) -> str:
    """The path in the newest invitation mail to a contact, as the mail says it."""
    newest = db.select(db.func.max(Invitation.id)).where(Invitation.contact_id == contact_id)
    return _link_in(db.select(Letter).where(Letter.invitation_id == newest.scalar_subquery()))


def reset_link(user_id: int) -> str:
    """The path in the newest password reset mail to a login."""
    newest = db.select(db.func.max(LoginLink.id)).where(LoginLink.portal_user_id == user_id)
    return _link_in(db.select(Letter).where(Letter.login_link_id == newest.scalar_subquery()))


def _link_in(query: Any) -> str:
    letter = db.session.scalars(query.order_by(Letter.id.desc())).first()
    assert letter is not None, "no such mail"
    found = LINK.search(mail.render(letter).text)
    assert found, "a mail without its link"
    return found[1]


def edit_form(contact_id: int, *, admin: bool = True, **changes: Any) -> dict[str, Any]:
    """What a browser sends from the edit page when only `changes` were made."""
    found = contact(contact_id)
    names = ("honorific", "first_name", "last_name", "job_title", "phone", "mobile", "notes")
    form: dict[str, Any] = {name: getattr(found, name) for name in names}
    form |= {"version": str(found.version), "category": found.category.code if found.category else ""}
    if admin:
        form |= {
            "email": found.email or "",
            "contact_type": found.contact_type.code,
            "access": found.access,
            "roles": [str(role.id) for role in found.roles],
            "permissions": [str(box) for box in found.direct_permissions],
            "shown": "roles permissions",
        }
    return {**form, **changes}


def new_form(**changes: Any) -> dict[str, Any]:
    """What a browser sends from the add page for somebody new who gets no access."""
    return {
        "first_name": "Nell",
        "last_name": "Newman",
        "email": "nell@acme.example",
        "access": "none",
        "contact_type": "secondary",
        "shown": "roles permissions",
        **changes,
    }
