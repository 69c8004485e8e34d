"""Who always remains: an admin who can sign in, and one Primary contact (P8, P13)."""

from datetime import timedelta

import pytest

from portal.actions import access
from portal.actions.contacts import Wanted, add_contact, edit_contact
from portal.clock import now
from portal.extensions import db
from portal.invariants import watch
from portal.models import Company, Contact, ContactPermission, ContactType, Permission, Scope
from portal.policy import EVERY_PERMISSION, SYSTEM, Actor
from portal.refusals import NotNow
from tests import ledger
from tests.rights import DONE, only_role


def by_another(town) -> Actor:
    """An admin of acme who is none of the town's people: what counts is what stays in the database."""
    return Actor(
        kind="contact",
        name="Somebody",
        company_id=town.acme.id,
        permissions=EVERY_PERMISSION,
        scope=Scope.CLIENT,
    )


WAYS_OUT = {
    "delete": lambda contact, by: access.delete(contact, by),
    "deactivate": lambda contact, by: access.deactivate(contact, by),
    "unlink": lambda contact, by: access.unlink(contact, by),
    "access none": lambda contact, by: edit_contact(contact, Wanted(access="none"), by),
    "access e-mail only": lambda contact, by: edit_contact(contact, Wanted(access="email_only"), by),
    "roles and boxes": lambda contact, by: edit_contact(
        contact, Wanted(roles=frozenset(), permissions=frozenset({Permission.BILLING})), by
    ),
}


class TestLastAdmin:
    """P8, T08, T10, B64: a company that has an admin who can sign in keeps one, on every path."""

    @pytest.fixture
    def alone(self, town, writing):
        """Max is the only admin of acme who can sign in; the others are there, but do not count."""
        with writing():
            for who in (town.mia, town.tess, town.ted):
                only_role(who.id, None)
        return town.max.id

    def change(self, writing, town, contact_id, way):
        with writing():
            watch(db.session(), town.acme.id)
            WAYS_OUT[way](db.session.get_one(Contact, contact_id), by_another(town))

    @pytest.mark.parametrize("way", WAYS_OUT)
    def test_the_last_one_stays(self, town, writing, reading, alone, way):
        with reading():
            before = ledger.everything()
        with pytest.raises(NotNow, match="at least one admin"):
            self.change(writing, town, alone, way)
        with reading():
            assert ledger.everything() == before

    @pytest.mark.parametrize("way", WAYS_OUT)
    def test_one_of_two_may_go(self, town, writing, way):
        self.change(writing, town, town.max.id, way)

    @pytest.mark.parametrize(
        ("other", "counts"),
        [
            ("pending", False),
            ("inactive", False),
            ("disabled by vendor", False),
            ("initial password expired", False),
            ("closed", False),
            ("e-mail only", False),
            ("deleted", False),
            ("of another company", False),
            ("terms outstanding", True),
            ("must change", True),
            ("initial password alive", True),
            ("by a box", True),
        ],
    )
    def test_who_counts_as_another(self, town, writing, reading, alone, other, counts):
        with writing():
            made = {
                "pending": town.ann,
                "inactive": town.ian,
                "disabled by vendor": town.dan,
                "e-mail only": town.eva,
                "of another company": town.stan,
                "must change": town.tess,
                "terms outstanding": town.ted,
            }.get(other, town.nora)
            only_role(made.id, "client-admin")
            contact = db.session.get_one(Contact, made.id)
            if other.startswith("initial"):
                alive = timedelta(hours=1 if "alive" in other else -1)
                contact.user.initial_password_until = now() + alive
                contact.user.must_change_password = True
            if other == "closed":
                contact.user.closed_at, contact.user.password_hash = now(), None
            if other == "deleted":
                contact.deleted_at = now()
            if other == "by a box":
                only_role(made.id, None)
                db.session.add(
                    ContactPermission(company_id=town.acme.id, contact_id=made.id, permission="admin")
                )
        if counts:
            self.change(writing, town, alone, "delete")
            return
        with pytest.raises(NotNow):
            self.change(writing, town, alone, "delete")

    def test_a_company_that_has_none_may_go_on_having_none(self, town, writing, alone):
        """P8 forbids the way from one to none, nothing else."""
        with writing():
            db.session.get_one(Contact, alone).deactivated_at = now()
        self.change(writing, town, town.nora.id, "deactivate")

    def test_the_last_one_by_every_door(self, town, browser, writing, reading, alone):
        """Through HTTP only the last admin could do it, and P7 already says no."""
        last = browser(town.max)
        with reading():
            before = ledger.rights(alone), ledger.contact(alone).access
            form = ledger.edit_form(alone, permissions=[], access="none")
        for move in ("delete", "deactivate", "unlink"):
            assert last.post(f"/acme/contacts/{alone}/{move}").status_code == 403
        assert last.post(f"/acme/contacts/{alone}/edit", form).status_code == 403
        with reading():
            assert (ledger.rights(alone), ledger.contact(alone).access) == before


class TestPrimary:
    """P13."""

    def test_the_first_contact_of_a_company(self, town, writing, reading):
        """Becomes Primary and gets the Client Admin role."""
        with writing():
            company = Company(slug="fresh", name="Fresh")
            db.session.add(company)
            db.session.flush()
            details = {"first_name": "Fay", "last_name": "First", "email": "fay@fresh.example"}
            kind = db.session.scalars(db.select(ContactType).where(ContactType.code == "manager")).one()
            first = add_contact(company, Wanted(details=details, contact_type=kind, access="portal"), SYSTEM)
            details = {"first_name": "Sam", "last_name": "Second", "email": "sam@fresh.example"}
            second = add_contact(company, Wanted(details=details), SYSTEM)
            first_id, second_id = first.id, second.id
        with reading():
            assert ledger.contact(first_id).contact_type.code == "primary"
            assert ledger.rights(first_id)[0] == {"client-admin"}
            assert not ledger.contact(second_id).is_primary
            assert ledger.rights(second_id)[:2] == (set(), set())

    @pytest.mark.parametrize("door", ["edit", "new"])
    def test_a_new_primary_makes_the_former_secondary(self, town, browser, reading, door):
        mia = browser(town.mia)
        with reading():
            before = ledger.rights(town.mia.id)
            if door == "edit":
                path, form = f"{town.max.id}/edit", ledger.edit_form(town.max.id, contact_type="primary")
            else:
                path, form = "new", ledger.new_form(contact_type="primary")
        assert mia.post(f"/acme/contacts/{path}", form).status_code == 303
        with reading():
            primaries = db.session.scalars(
                db.select(Contact).where(Contact.company_id == town.acme.id, Contact.is_primary)
            ).all()
            assert len(primaries) == 1
            assert primaries[0].id == town.max.id or door == "new"
            assert ledger.contact(town.mia.id).contact_type.code == "secondary"
            # Type and rights are independent.
            assert ledger.rights(town.mia.id) == before

    @pytest.mark.parametrize("move", ["delete", "deactivate"])
    @pytest.mark.parametrize("htmx", [False, True])
    def test_the_primary_stays_until_there_is_another(self, town, browser, reading, move, htmx):
        max = browser(town.max)
        assert max.post(f"/acme/contacts/{town.mia.id}/{move}", htmx=htmx).status_code == 409
        with reading():
            form = ledger.edit_form(town.nora.id, contact_type="primary")
        assert max.post(f"/acme/contacts/{town.nora.id}/edit", form).status_code == 303
        assert max.post(f"/acme/contacts/{town.mia.id}/{move}", htmx=htmx).status_code in DONE[htmx]

    def test_the_primary_cannot_just_stop(self, town, browser, reading):
        with reading():
            form = ledger.edit_form(town.mia.id, contact_type="manager")
        assert browser(town.max).post(f"/acme/contacts/{town.mia.id}/edit", form).status_code in (409, 422)
        with reading():
            assert ledger.contact(town.mia.id).is_primary

    def test_said_beforehand(self, town, browser):
        """The form names who steps down."""
        page = browser(town.max).get(f"/acme/contacts/{town.nora.id}/edit").text
        assert "Mia Stone is the Primary contact now" in page
