"""Many contacts in one go: prepared one by one beforehand, and written by the database itself in a moment.

What stands in the tables afterwards is what `contacts.add_contact` would have written, row for row: contact,
rights, links, topics, invitation, mail and activity (L10). The database moves the prepared rows over, so that
the write lock is held for seconds where doing it one by one would take minutes.
"""

from typing import Any

from sqlalchemy import JSON, ColumnElement, Select, cast, column, func, insert, literal, select, true, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.selectable import TableValuedAlias

from portal import webhooks
from portal.actions.newcomers import CHANGED, COLUMNS
from portal.clock import now
from portal.extensions import db
from portal.models import (
    Access,
    Activity,
    Contact,
    ContactPermission,
    ContactRole,
    ContactTopic,
    Import,
    ImportRow,
    Invitation,
    Letter,
    LetterState,
    Outcome,
    PropertyLink,
)
from portal.policy import Actor
from portal.queries import history, settings


def write(imported: Import, by: Actor) -> None:
    """Write everything that the rows of `imported` are prepared for; runs within the caller's transaction.

    Raises IntegrityError where somebody took an address meanwhile: then nothing of it has happened.
    """
    assert imported.company_id is not None
    company_id = imported.company_id
    _add_contacts(imported.id)
    for model, part, values in (
        (ContactRole, "roles", {"role_id": "id", "role_owner": "owner"}),
        (ContactPermission, "boxes", {"permission": "permission"}),
        (PropertyLink, "places", {"property_id": "id"}),
        (ContactTopic, "topics", {"topic": "topic"}),
    ):
        _add_parts(imported.id, company_id, model, part, values, by)
    _invite(imported.id, company_id, by)
    _notice(imported.id, company_id, by)
    _change_contacts(imported.id)
    mark = history.newest()
    _tell(imported.id, company_id, by)
    webhooks.announce_since(mark, company_id)


def _ready(*path: str) -> Any:
    return ImportRow.ready[path]


def _typed(each: ColumnElement[Any], found: Any) -> Any:
    if each.type.python_type is bool:
        return found.as_boolean()
    return found.as_integer() if each.type.python_type is int else found.as_string()


def _rows(import_id: int, outcome: Outcome, *columns: Any) -> Select[Any]:
    return select(*columns).where(ImportRow.import_id == import_id, ImportRow.outcome == outcome)


def _add_contacts(import_id: int) -> None:
    plain = [each for each in COLUMNS if each.key not in ("deactivated_at", "deleted_at")]
    values = [_typed(each, _ready("contact", each.key)) for each in plain]
    moment = literal(now(), Contact.created_at.type)
    query = _rows(import_id, Outcome.ADD, *values, moment, moment).order_by(ImportRow.number)
    names = [*(each.key for each in plain), "created_at", "changed_at"]
    db.session.execute(insert(Contact).from_select(names, query, include_defaults=False))


def _made(import_id: int, *columns: Any) -> Select[Any]:
    """Return a question about the contacts just added and their prepared rows."""
    key = _ready("contact", "form_key").as_string()
    there = (Contact.company_id == Import.company_id) & (Contact.form_key == key)
    return (
        select(*columns)
        .select_from(ImportRow)
        .join(Import, Import.id == ImportRow.import_id)
        .join(Contact, there)
        .where(ImportRow.import_id == import_id, ImportRow.outcome == Outcome.ADD)
    )


def _each(part: str) -> TableValuedAlias:
    """Return the things of a list that is kept in ImportRow.ready, as rows with a `value`."""
    name = "json_each" if _sqlite() else "json_array_elements"
    return getattr(func, name)(_ready(part)).table_valued(column("value", JSON), name=f"every_{part}")  # type: ignore[no-any-return]


def _sqlite() -> bool:
    return db.engine.dialect.name == "sqlite"


def _add_parts(
    import_id: int, company_id: int, model: type[Any], part: str, values: dict[str, str], by: Actor
) -> None:
    """Add what hangs on the new contacts: `values` says which column comes from which word of the list."""
    every = _each(part)
    taken = [_typed(model.__table__.columns[name], every.c.value[key]) for name, key in values.items()]
    names, more = ["company_id", "contact_id", *values], []
    if model is PropertyLink:
        names += ["linked_by", "created_at"]
        more = [literal(by.name[:100]), literal(now(), PropertyLink.created_at.type)]
    query = _made(import_id, literal(company_id), Contact.id, *taken, *more).join(every, true())
    db.session.execute(insert(model).from_select(names, query, include_defaults=False))


def _invite(import_id: int, company_id: int, by: Actor) -> None:
    """Make the invitations of those who may log in, and their letters."""
    moment = literal(now(), Invitation.created_at.type)
    end = literal(now() + settings.invitation_life(), Invitation.created_at.type)
    query = _made(
        import_id,
        literal(company_id),
        Contact.id,
        literal(1),
        Contact.email,
        literal(by.name[:100]),
        moment,
        end,
    ).where(Contact.access == Access.PORTAL)
    names = ["company_id", "contact_id", "generation", "email", "invited_by", "created_at", "expires_at"]
    db.session.execute(insert(Invitation).from_select(names, query, include_defaults=False))
    facts = _facts(literal(by.name))
    letters = _made(import_id, *_letter("invitation", company_id, facts), Invitation.id)
    letters = letters.join(Invitation, Invitation.contact_id == Contact.id).order_by(ImportRow.number)
    names = [*_LETTER, "invitation_id"]
    db.session.execute(insert(Letter).from_select(names, letters, include_defaults=False))


_LETTER = (
    "company_id",
    "kind",
    "to_email",
    "facts",
    "message_id",
    "state",
    "attempts",
    "due_at",
    "created_at",
)


def _letter(kind: str, company_id: int, facts: Any) -> tuple[Any, ...]:
    """Return what a letter to a contact just added starts with, in the order of _LETTER."""
    moment = literal(now(), Letter.created_at.type)
    message_id = _ready("message_id").as_string()
    start = (message_id, literal(str(LetterState.WAITING)), literal(0), moment, moment)
    return (literal(company_id), literal(kind), Contact.email, facts, *start)


def _notice(import_id: int, company_id: int, by: Actor) -> None:
    """Post the one note to those who may deal with the vendor by e-mail."""
    facts = _facts(literal(by.name), Contact.id)
    query = _made(import_id, *_letter("email_only", company_id, facts))
    query = query.where(Contact.access == Access.EMAIL_ONLY).order_by(ImportRow.number)
    db.session.execute(insert(Letter).from_select(list(_LETTER), query, include_defaults=False))


def _facts(inviter: ColumnElement[Any], contact_id: Any | None = None) -> Any:
    """Return what a letter tells: what was prepared, who did it, and to which contact."""
    more = ["inviter", inviter] + (["contact_id", contact_id] if contact_id is not None else [])
    if _sqlite():
        return func.json_patch(_ready("facts"), func.json_object(*more), type_=JSON)
    return cast(cast(_ready("facts"), JSONB).concat(func.jsonb_build_object(*more)), JSON)


def _change_contacts(import_id: int) -> None:
    names = (*CHANGED, "category_id", "name_key", "search_key")
    columns = Contact.__table__.columns
    values: dict[str, Any] = {name: _typed(columns[name], _ready("contact", name)) for name in names}
    change = update(Contact).values(**values, version=Contact.version + 1, changed_at=now())
    there = (ImportRow.import_id == import_id, ImportRow.outcome == Outcome.UPDATE)
    change = change.where(*there, Contact.id == ImportRow.contact_id)
    db.session.execute(change.execution_options(synchronize_session=False))


def _tell(import_id: int, company_id: int, by: Actor) -> None:
    """Write the activity rows of everybody who was added or changed (L10)."""
    every = _each("told")
    values = _as_done(by) | {
        "company_id": literal(company_id),
        "contact_id": Contact.id,
        "user_id": Contact.portal_user_id,
        "target_name": func.trim(Contact.first_name + " " + Contact.last_name),
        "what": every.c.value["what"].as_string(),
        "changes": every.c.value["changes"],
    }
    changed = (
        select(*values.values())
        .select_from(ImportRow)
        .join(Contact, Contact.id == ImportRow.contact_id)
        .where(ImportRow.import_id == import_id, ImportRow.outcome == Outcome.UPDATE)
    )
    for query in (_made(import_id, *values.values()), changed):
        told = query.join(every, true()).order_by(ImportRow.number)
        db.session.execute(insert(Activity).from_select(list(values), told, include_defaults=False))


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
