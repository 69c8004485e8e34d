"""What holds before every commit, on whichever path something came: tried past every form (P8, C12)."""

import pytest

from portal import invariants
from portal.extensions import db
from portal.models import Contact, ContactPermission, ContactRole, ContactType
from portal.refusals import NotNow
from portal.transaction import transaction
from tests import ledger


def change(app, town, what) -> None:
    """Do something to Acme Estates in a transaction that watches it, as a request would."""
    with app.app_context(), transaction(write=True):
        invariants.watch(db.session(), town.acme.id)
        what()


class TestOnePrimary:
    ONE = "^A company has exactly one Primary contact. Choose another Primary contact first.$"

    def of_type(self, primary: bool) -> ContactType:
        return db.session.scalars(db.select(ContactType).where(ContactType.is_primary == primary)).first()

    def make(self, contact: Contact, primary: bool) -> None:
        contact.contact_type, contact.is_primary = self.of_type(primary), primary
        db.session.flush()

    def primary(self, town) -> Contact:
        return db.session.scalars(
            db.select(Contact).where(Contact.company_id == town.acme.id, Contact.is_primary)
        ).one()

    def test_never_none(self, app, town, reading):
        with pytest.raises(NotNow, match=self.ONE):
            change(app, town, lambda: self.make(self.primary(town), False))
        with reading():
            assert self.primary(town)

    def test_another_takes_its_place(self, app, town, reading):
        def swap():
            self.make(self.primary(town), False)
            self.make(ledger.contact(town.bill.id), True)

        change(app, town, swap)
        with reading():
            assert self.primary(town).id == town.bill.id


def test_no_word_of_what_was_refused_at_the_end(town, on_duty, writing):
    """L10, P8: the view was done and had its notice ready when the rule refused."""
    with writing():
        for person in (town.mia, town.tess, town.ted, town.dan, town.ian):
            db.session.execute(db.delete(ContactRole).where(ContactRole.contact_id == person.id))
    sue = on_duty(town.sue)
    refused = sue.post(f"/staff/clients/acme/contacts/{town.max.id}/unlink")
    assert refused.status_code == 409
    assert "can no longer sign in here" not in refused.text + sue.get("/staff/clients").text
    done = sue.post(f"/staff/clients/acme/contacts/{town.bill.id}/unlink")
    assert done.status_code == 303
    assert "Bill Ing can no longer sign in here" in sue.get("/staff/clients/acme/contacts").text


def test_the_last_admin_stays(app, town, writing):
    def take_all():
        db.session.execute(db.delete(ContactPermission).where(ContactPermission.company_id == town.acme.id))
        for contact in db.session.scalars(
            db.select(Contact).where(Contact.company_id == town.acme.id)
        ).unique():
            contact.role_links.clear()

    with pytest.raises(NotNow, match=r"^Acme Estates needs at least one admin\. Make someone else an admin"):
        change(app, town, take_all)
