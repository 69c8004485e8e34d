"""Many contacts in one go: prepared one by one, laid out beforehand, and written by the database in a moment.

What stands in the tables afterwards is what `contacts.add_contact` would have written, row for row: contact,
rights, links, topics, invitation, mail and activity (L10). The database moves the rows over as they were laid
out, so that the write lock is held for a second or two where doing it one by one would take minutes.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, ColumnElement, Table, case, cast, func, insert, literal, null, select, update
from sqlalchemy.dialects.postgresql import JSONB

from portal import webhooks
from portal.actions import laid_out
from portal.actions.laid_out import CHANGE, CONTACT, PARTS, PLAIN, TAKEN_OVER, TOLD
from portal.clock import now
from portal.extensions import db
from portal.models import (
    Activity,
    Contact,
    Import,
    Invitation,
    Letter,
    LetterState,
    PropertyLink,
)
from portal.policy import Actor
from portal.queries import history, settings


def write(imported: Import, by: Actor) -> None:
    """Write everything that was laid out for `imported`; runs within the caller's transaction.

    Raises IntegrityError where somebody took an address meanwhile: then nothing of it has happened.
    """
    assert imported.company_id is not None
    company_id = imported.company_id
    bulk = _Newcomers(company_id, by, laid_out.contact_ids())
    bulk.add_contacts()
    for model, table, _part, words in PARTS:
        bulk.add_parts(model, table, list(words))
    bulk.invite()
    bulk.notice()
    _change_contacts()
    mark = history.newest()
    bulk.tell()
    webhooks.announce_since(mark, company_id)


def _insert(
    model: type[Any], values: dict[str, Any], *joins: Any, where: Any = None, order: Any = None
) -> None:
    """Insert a row of `model` for each contact laid out, joined to what else its values come from."""
    query = select(*values.values()).select_from(CONTACT)
    for table, condition in joins:
        query = query.join(table, condition)
    if where is not None:
        query = query.where(where)
    query = query.order_by(*(order or [CONTACT.c.number]))
    db.session.execute(insert(model).from_select(list(values), query, include_defaults=False))


def _moment(column: Any) -> ColumnElement[Any]:
    return literal(now(), column.type)


@dataclass(frozen=True)
class _Newcomers:
    """Those who were laid out, with the ids that they get."""

    company_id: int
    by: Actor
    ids: ColumnElement[int]

    def add_contacts(self) -> None:
        moment = _moment(Contact.created_at)
        values: dict[str, Any] = {str(each.key): CONTACT.c[str(each.key)] for each in PLAIN}
        values |= {"id": self.ids, "created_at": moment, "changed_at": moment}
        values["deactivated_at"] = case((CONTACT.c.inactive, moment), else_=null())
        _insert(Contact, values)

    def add_parts(self, model: type[Any], table: Table, names: list[str]) -> None:
        """Add what hangs on the contacts."""
        values = self._owned() | {name: table.c[name] for name in names}
        if model is PropertyLink:
            values["linked_by"] = literal(self.by.signed)
            values["created_at"] = _moment(PropertyLink.created_at)
        _insert(model, values, (table, table.c.number == CONTACT.c.number))

    def _owned(self) -> dict[str, Any]:
        return {"company_id": literal(self.company_id), "contact_id": self.ids}

    def invite(self) -> None:
        """Make the invitations of those who may log in, and their letters."""
        invited = CONTACT.c.letter == "invitation"
        values = self._owned() | {
            "generation": literal(1),
            "email": CONTACT.c.email,
            "invited_by": literal(self.by.signed),
            "created_at": _moment(Invitation.created_at),
            "expires_at": literal(now() + settings.invitation_life(), Invitation.created_at.type),
        }
        _insert(Invitation, values, where=invited)
        letter = self._letter("invitation", _facts(literal(self.by.name)))
        letter["invitation_id"] = Invitation.id
        _insert(Letter, letter, (Invitation, Invitation.contact_id == self.ids), where=invited)

    def notice(self) -> None:
        """Post the one note to those who may deal with the vendor by e-mail."""
        facts = _facts(literal(self.by.name), self.ids)
        letter = self._letter("email_only", facts)
        _insert(Letter, letter, where=CONTACT.c.letter == "email_only")

    def _letter(self, kind: str, facts: Any) -> dict[str, Any]:
        moment = _moment(Letter.created_at)
        return {
            "company_id": literal(self.company_id),
            "kind": literal(kind),
            "to_email": CONTACT.c.email,
            "facts": facts,
            "message_id": CONTACT.c.message_id,
            "state": literal(str(LetterState.WAITING)),
            "attempts": literal(0),
            "due_at": moment,
            "created_at": moment,
        }

    def tell(self) -> None:
        """Write the activity rows of everybody who was added or changed (L10)."""
        order = [TOLD.c.number, TOLD.c.place]
        told = _as_done(self.by) | {"what": TOLD.c.what, "changes": TOLD.c.changes}
        name = func.trim(CONTACT.c.first_name + " " + CONTACT.c.last_name)
        added = told | self._owned() | {"target_name": name}
        _insert(Activity, added, (TOLD, TOLD.c.number == CONTACT.c.number), order=order)
        changed = told | {
            "company_id": literal(self.company_id),
            "contact_id": Contact.id,
            "user_id": Contact.portal_user_id,
            "target_name": func.trim(Contact.first_name + " " + Contact.last_name),
        }
        query = select(*changed.values()).select_from(CHANGE).join(TOLD, TOLD.c.number == CHANGE.c.number)
        query = query.join(Contact, Contact.id == CHANGE.c.contact_id).order_by(*order)
        db.session.execute(insert(Activity).from_select(list(changed), query, include_defaults=False))


def _facts(inviter: ColumnElement[Any], contact_id: Any | None = None) -> Any:
    """Return what a letter tells: what was prepared, who did it, and to which contact."""
    more = ["inviter", inviter] + (["contact_id", contact_id] if contact_id is not None else [])
    if laid_out.sqlite():
        return func.json_patch(CONTACT.c.facts, func.json_object(*more), type_=JSON)
    return cast(cast(CONTACT.c.facts, JSONB).concat(func.jsonb_build_object(*more)), JSON)


def _change_contacts() -> None:
    values: dict[str, Any] = {name: CHANGE.c[name] for name in TAKEN_OVER}
    change = update(Contact).values(**values, version=Contact.version + 1, changed_at=now())
    change = change.where(Contact.id == CHANGE.c.contact_id)
    db.session.execute(change.execution_options(synchronize_session=False))


def _as_done(by: Actor) -> dict[str, ColumnElement[Any]]:
    """Return what every row of the activity says about who did it and when."""
    ids = {name: getattr(by, name) for name in ("contact_id", "user_id", "staff_id")}
    return {
        "at": literal(now(), Activity.at.type),
        "actor_kind": literal(by.kind),
        "actor_name": literal(by.name[:200]),
        **{f"actor_{name}": literal(value, Activity.id.type) for name, value in ids.items()},
        "result": literal("done"),
        **{name: literal("") for name in ("reason", "address", "request_id")},
    }
