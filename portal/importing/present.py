"""Who of the people in a table is a contact already: found by address, else by name and number (S9)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from portal.models import Contact
from portal.models.keys import email_key, fold
from portal.queries import imports

Details = Mapping[str, str]
_NUMBERS = ("phone", "mobile")


@dataclass(frozen=True)
class Met:
    """The contact that a row is about, if it is there, or why that cannot be told."""

    contact: Contact | None = None
    unsure: str = ""


def find(company_id: int, people: Sequence[Details]) -> list[Met]:
    """Return for each of `people`, in their order, who of the company's contacts that is."""
    addresses = {email_key(each["email"]) for each in people if each["email"]}
    names = {name_key(each) for each in people if not each["email"]}
    having, called = imports.having(company_id, addresses), imports.called(company_id, names)
    return [
        Met(having.get(email_key(each["email"]))) if each["email"] else _among(called[name_key(each)], each)
        for each in people
    ]


def name_key(person: Details) -> str:
    """Return the folded name, as contacts are sorted by it."""
    return fold(f"{person['first_name']} {person['last_name']}")[:220]


def key(person: Details, contact: Contact | None) -> str | None:
    """Return what tells a person from the others of the table; None for nobody in particular."""
    if contact is not None:
        return f"#{contact.id}"
    if person["email"]:
        return email_key(person["email"])[:254]
    parts = [name_key(person), *(person[name] for name in _NUMBERS)]
    return "|".join(parts)[:254] if parts[0] else None


def _among(called: Collection[Contact], person: Details) -> Met:
    """Return who of those `called` so is meant: the more a contact and the row agree, the rather that one."""
    numbers = {person[name] for name in _NUMBERS} - {""}
    for fits in (
        [each for each in called if _same_numbers(each, person) and not each.email],
        [each for each in called if _same_numbers(each, person)],
        [each for each in called if numbers & {each.phone, each.mobile}],
    ):
        if fits:
            return Met(fits[0]) if len(fits) == 1 else _unsure(len(fits), person)
    without = [each for each in called if not numbers or not (each.phone or each.mobile)]
    if len(called) == 1 and without:
        return Met(without[0])
    return _unsure(len(called), person) if called else Met()


def _same_numbers(contact: Contact, person: Details) -> bool:
    return (contact.phone, contact.mobile) == tuple(person[name] for name in _NUMBERS)


def _unsure(many: int, person: Details) -> Met:
    name = f"{person['first_name']} {person['last_name']}".strip()
    if many == 1:
        return Met(unsure=f"{name} is there with another number. An e-mail address would tell who this is.")
    return Met(unsure=f"{many} contacts are called {name}. An e-mail address would tell which one this is.")
