"""The demo's crowd: generated people with names from many languages, in every state a contact can have."""

import random
from datetime import datetime, timedelta
from typing import Any

from faker import Faker
from sqlalchemy import func, insert, select

from portal.clock import now
from portal.demo.making import address
from portal.extensions import db
from portal.models import (
    Access,
    Company,
    Contact,
    ContactRole,
    ContactType,
    Invitation,
    PortalUser,
    Property,
    PropertyLink,
    Role,
    Scope,
    TermsAcceptance,
    TermsVersion,
)
from portal.models.keys import fold, search_key

SIZES = {"northgate": 40, "harbour": 12, "canal": 3, "metro": 5_000}
_LOCALES = (
    "en_GB",
    "pl_PL",
    "de_DE",
    "fr_FR",
    "es_ES",
    "tr_TR",
    "cs_CZ",
    "el_GR",
    "ja_JP",
    "uk_UA",
    "hi_IN",
    "ar_AA",
)
_WEIGHTS = (30, 8, 8, 8, 8, 6, 6, 4, 4, 4, 4, 4)
_JOBS = (
    "Site supervisor",
    "Caretaker",
    "Receptionist",
    "Facilities assistant",
    "Accounts payable",
    "Night porter",
    "Block manager",
    "Health and safety lead",
    "Office manager",
    "Tenant representative",
    "Lettings agent",
    "",
)
# How a country's number starts and how many digits follow; ranges kept free for examples where they exist.
_NUMBERS = (
    ("+4420794609", 2),
    ("+4416149605", 2),
    ("+4413149608", 2),
    ("+491522343", 4),
    ("+4822555", 4),
    ("+3319900", 4),
    ("+3491000", 4),
    ("+12025550", 3),
    ("+4684650", 4),
    ("+8135550", 4),
)
_STATES = (
    ("login",) * 6
    + ("none",) * 3
    + ("email_only",) * 2
    + ("invited", "expired", "failed", "inactive", "disabled")
)


def fill(companies: dict[str, Company]) -> None:
    """Add generated contacts to each company until it has its size; the same each time but for the dates."""
    dice = random.Random(2026)  # noqa: S311 - names for a demo, no secret
    names = _names(dice)
    for slug, company in companies.items():
        have = (
            db.session.scalar(select(db.func.count(Contact.id)).where(Contact.company_id == company.id)) or 0
        )
        _Company(company, dice, names).add(SIZES[slug] - have)


def _names(dice: random.Random) -> list[list[tuple[str, str]]]:
    """Return a few dozen first and last names for each language, drawn once: drawing 5,000 takes seconds."""
    pools = []
    for locale in _LOCALES:
        fake = Faker(locale)
        fake.seed_instance(dice.randrange(10**6))
        pools.append([(fake.first_name(), fake.last_name()) for _ in range(60)])
    return pools


class _Company:
    """Fills one company; rows are collected and inserted in bulk."""

    def __init__(self, company: Company, dice: random.Random, names: list[list[tuple[str, str]]]) -> None:
        self.company, self.dice, self.names = company, dice, names
        self.types = [
            row.id for row in db.session.scalars(select(ContactType).where(~ContactType.is_primary))
        ]
        roles = select(Role).where(
            Role.owner.in_((0, company.id)), Role.code.is_distinct_from("client-admin")
        )
        self.roles = list(db.session.scalars(roles).unique())
        self.properties = list(
            db.session.scalars(select(Property.id).where(Property.company_id == company.id))
        )
        self.terms = db.session.scalars(select(TermsVersion.id)).one()

    def add(self, count: int) -> None:
        """Add `count` contacts with logins, invitations, roles and links as their state wants them."""
        states = [_STATES[number % len(_STATES)] for number in range(count)]
        contacts = [self._contact(number, state) for number, state in enumerate(states)]
        users = [self._user(row) for row, state in zip(contacts, states, strict=True) if state in _WITH_LOGIN]
        self._join(contacts, states, self._insert(PortalUser, users))
        ids = self._insert(Contact, contacts)
        self._invitations(ids, contacts, states)
        self._rights(ids, states)

    def _insert(self, model: type[Any], rows: list[dict[str, Any]]) -> list[int]:
        """Insert the rows and return their ids in order; nobody else inserts meanwhile."""
        newest = db.session.scalar(select(func.max(model.id))) or 0
        self._insert_plain(model, rows)
        return list(db.session.scalars(select(model.id).where(model.id > newest).order_by(model.id)))

    def _contact(self, number: int, state: str) -> dict[str, Any]:
        first, last = self._name()
        email = address(first, last, self.company.slug, number + 2)
        phone, mobile = self._phone(), self._phone() if number % 3 == 0 else ""
        name_key = fold(f"{first} {last}")
        return {
            "company_id": self.company.id,
            "honorific": self.dice.choice(("Ms", "Mr", "Mx", "Dr", "")),
            "first_name": first,
            "last_name": last,
            "job_title": self.dice.choice(_JOBS),
            "phone": phone,
            "mobile": mobile,
            "email": email,
            "email_key": email,
            "contact_type_id": self.dice.choice(self.types),
            "access": _ACCESS.get(state, Access.PORTAL),
            "scope": Scope.PROPERTY if number % 4 == 1 else Scope.CLIENT,
            "deactivated_at": self._ago(60) if state == "inactive" else None,
            "name_key": name_key,
            "search_key": search_key(name_key, email, phone, mobile),
            "created_at": self._ago(700),
            "portal_user_id": None,
        }

    def _name(self) -> tuple[str, str]:
        pool = self.dice.choices(self.names, _WEIGHTS)[0]
        return self.dice.choice(pool)[0], self.dice.choice(pool)[1]

    def _phone(self) -> str:
        start, digits = self.dice.choice(_NUMBERS)
        return start + str(self.dice.randrange(10**digits)).zfill(digits)

    def _ago(self, days: int) -> datetime:
        return now() - timedelta(minutes=self.dice.randrange(60, days * 24 * 60))

    def _user(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return a login without a password: nobody of the crowd signs in."""
        return {
            "first_name": row["first_name"],
            "last_name": row["last_name"],
            "email": row["email"],
            "email_key": row["email_key"],
            "email_confirmed_at": row["created_at"],
            "password_set_at": row["created_at"],
            "last_sign_in_at": self._ago(120) if self.dice.random() < 0.8 else None,
        }

    def _join(self, contacts: list[dict[str, Any]], states: list[str], user_ids: list[int]) -> None:
        waiting = iter(user_ids)
        for row, state in zip(contacts, states, strict=True):
            if state in _WITH_LOGIN:
                row["portal_user_id"] = next(waiting)
        disabled = [
            row["portal_user_id"] for row, state in zip(contacts, states, strict=True) if state == "disabled"
        ]
        db.session.execute(db.update(PortalUser).where(PortalUser.id.in_(disabled)).values(disabled_at=now()))
        self._insert_plain(
            TermsAcceptance, [{"portal_user_id": each, "terms_version_id": self.terms} for each in user_ids]
        )

    def _invitations(self, ids: list[int], contacts: list[dict[str, Any]], states: list[str]) -> None:
        rows = [
            self._invitation(*each) for each in zip(ids, contacts, states, strict=True) if each[2] in _PENDING
        ]
        self._insert_plain(Invitation, rows)

    def _invitation(self, contact_id: int, contact: dict[str, Any], state: str) -> dict[str, Any]:
        sent = now() - timedelta(
            hours=self.dice.randrange(30, 300) if state == "expired" else self.dice.randrange(1, 20)
        )
        failed = state == "failed"
        return {
            "company_id": self.company.id,
            "contact_id": contact_id,
            "generation": 1,
            "email": contact["email"],
            "invited_by": "Amelia Hart",
            "created_at": sent,
            "expires_at": sent + timedelta(hours=24),
            "ended_as": None,
            "mail_failed_at": sent if failed else None,
            "mail_error": "550 5.1.1 No such mailbox here" if failed else None,
        }

    def _rights(self, ids: list[int], states: list[str]) -> None:
        held = [each for each, state in zip(ids, states, strict=True) if state not in ("none",)]
        roles = [(each, self.dice.choice(self.roles)) for each in held]
        self._insert_plain(
            ContactRole,
            [
                {
                    "company_id": self.company.id,
                    "contact_id": each,
                    "role_id": role.id,
                    "role_owner": role.owner,
                }
                for each, role in roles
            ],
        )
        linked = [each for number, each in enumerate(ids) if number % 4 == 1]
        self._insert_plain(PropertyLink, [link for each in linked for link in self._links(each)])

    def _links(self, contact_id: int) -> list[dict[str, Any]]:
        some = self.dice.sample(self.properties, self.dice.randint(0, min(4, len(self.properties))))
        return [
            {"company_id": self.company.id, "contact_id": contact_id, "property_id": each, "linked_by": ""}
            for each in some
        ]

    def _insert_plain(self, model: type[Any], rows: list[dict[str, Any]]) -> None:
        if rows:
            db.session.execute(insert(model), rows)


_WITH_LOGIN = frozenset({"login", "disabled", "inactive"})
_PENDING = frozenset({"invited", "expired", "failed"})
_ACCESS = {"none": Access.NONE, "email_only": Access.EMAIL_ONLY}
