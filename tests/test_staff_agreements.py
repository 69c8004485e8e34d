"""Contracts, RFPs and answers to them, as the vendor's administrators keep them in a client (S9, C40)."""

from datetime import date
from decimal import Decimal
from io import BytesIO
from types import SimpleNamespace

import pytest
from wtforms import ValidationError

from portal.actions import agreements
from portal.actions.agreements import ContractWish, RfpWish
from portal.actions.staff import invoice_files, invoices, payments
from portal.actions.staff.invoices import Bill, Item
from portal.clock import now
from portal.extensions import db
from portal.forms import figures
from portal.models import Company, Contact, Contract, Document, Rfp, RfpAnswer, StaffUser
from portal.policy import SYSTEM, as_reader
from portal.queries.staff.sign_in import acting
from portal.refusals import NotAllowed
from tests import places, town_billing
from tests.surfing import form_fields
from tests.test_documents import upload

AT = "/staff/clients/acme"
CONTRACT = {
    "reference": "C-2026-001",
    "title": "Lift service",
    "summary": "Two inspections a year.",
    "starts_on": "2026-01-01",
    "ends_on": "2026-12-31",
    "yearly_value": "£12,780.50",
    "covers": "properties",
}
RFP = {
    "reference": "R-7",
    "title": "Roof works",
    "scope_of_work": "Renew the flat roof.",
    "answers_by": "2026-12-05",
    "status": "open",
    "covers": "client",
}


def words(answer) -> str:
    return " ".join(answer.text.split())


def rows(model) -> list:
    return list(db.session.scalars(db.select(model).order_by(model.id)))


@pytest.fixture
def sue(town, on_duty):
    return on_duty(town.sue)


def test_a_contract(town, sue, browser, reading):
    """S9, T80, C40: one form, one contract; its page, its change and its end, as the client reads them."""
    form = {**CONTRACT, "properties": [str(town.alpha.id), str(town.beta.id)]}
    first, again = (sue.post(f"{AT}/contracts/new", form) for _ in range(2))
    with reading():
        (made,) = rows(Contract)
        assert (made.starts_on.isoformat(), made.yearly_value) == ("2026-01-01", 1_278_050)
        assert {link.property_id for link in made.property_links} == {town.alpha.id, town.beta.id}
        number = made.id
    assert first.location == again.location == f"{AT}/contracts/{number}"
    mia, page = browser(town.mia), f"/acme/contracts/{number}"
    assert "£12,780.50" in mia.get(page).text
    sent = form_fields(sue.get(f"{AT}/contracts/{number}/edit").text, "record-form")
    assert sent["yearly_value"] == "12780.50"
    changed = {**sent, "ends_on": "", "yearly_value": "13000", "properties": [str(town.alpha.id)]}
    assert sue.post(f"{AT}/contracts/{number}/edit", changed).status_code == 303
    read = words(mia.get("/acme/activity"))
    for said in (
        "Sue Marsh of Alder Services added the contract Lift service",
        "Sue Marsh of Alder Services changed the contract Lift service",
    ):
        assert said in read
    for said in ("31 Dec 2026", "£12,780.50", "£13,000.00", "Alpha, Beta"):
        assert said in read
    # Deleting asks first; its documents go with it, and the activity keeps what it was.
    with reading():
        assert rows(Contract)[0].ends_on is None
    address = f"{AT}/contracts/{number}/delete"
    assert "Confirm delete: Lift service" in sue.get(address).text
    assert mia.get(page).status_code == 200
    assert sue.post(address).location == f"{AT}/contracts"
    assert mia.get(page).status_code == 404
    assert "Sue Marsh of Alder Services deleted the contract Lift service" in words(mia.get("/acme/activity"))


def test_what_staff_attached_only_staff_remove(town, sue, browser, writing, reading):
    """S9, C40: at a contract and at an RFP; it says who attached it; an admin's own file is the admin's."""
    with writing():
        pages = (
            f"contracts/{places.contract(town.acme.id, 'Lift')}",
            f"rfps/{places.rfp(town.acme.id, 'Roof')}",
        )
    mia = browser(town.mia)
    for page in pages:
        assert upload(sue, f"{AT}/{page}/documents").status_code == 303
        assert upload(mia, f"/acme/{page}/documents").status_code == 303
        with reading():
            theirs, own = (each.id for each in rows(Document))
        seen = mia.get(f"/acme/{page}").text
        assert "attached by Sue Marsh of Alder Services" in words(mia.get(f"/acme/{page}"))
        asked = f"/acme/documents/{theirs}/delete"
        assert (asked in seen, f"/acme/documents/{own}/delete" in seen) == (False, True)
        for answer in (mia.get(asked), mia.post(asked)):
            assert (answer.status_code, "Only the staff can remove it" in answer.text) == (403, True)
        assert mia.post(f"/acme/documents/{own}/delete").status_code == 303
        assert f"{AT}/documents/{theirs}/delete" in sue.get(f"{AT}/{page}").text
        assert sue.post(f"{AT}/documents/{theirs}/delete").status_code == 303
    with reading():
        assert rows(Document) == []


def test_a_document_goes_with_its_contract(town, sue, writing, reading, app):
    """C40: neither row nor file is left; those of others stay."""
    with writing():
        number = places.contract(town.acme.id, "Lifts", town.alpha.id)
        rfp = places.rfp(town.acme.id, "Roof", answers=("We can.",))
        places.document(town.acme.id, "Terms.pdf", contract_id=number)
        places.document(town.acme.id, "Scope.pdf", rfp_id=rfp)
        kept = [places.files.place_of(each.stored_as) for each in rows(Document)]
    assert "with 1 document," in words(sue.get(f"{AT}/contracts/{number}/delete"))
    assert sue.post(f"{AT}/contracts/{number}/delete").status_code == 303
    with reading():
        assert [each.rfp_id for each in rows(Document)] == [rfp]
    assert [file.exists() for file in kept] == [False, True]
    assert sue.post(f"{AT}/rfps/{rfp}/delete").status_code == 303
    with reading():
        assert rows(Rfp) == rows(RfpAnswer) == rows(Document) == []


def test_what_cannot_be_kept(town, sue, writing, reading):
    """C16: a sentence beside its field, what was typed stays, nothing is kept; T20: a foreign id is 404."""
    with writing():
        places.contract(town.acme.id, "Gardens", reference="c-2026-001")
        places.contract(town.globex.id, "Theirs", reference="C-9")
    wrong = {
        "reference": ("C-2026-001", "Gardens has this reference already."),
        "title": ("", "Enter the title."),
        "starts_on": ("2026-13-01", "Write a day from 1970 to 2099 like 2026-11-30."),
        "ends_on": ("2025-12-31", "It ends before it starts. Change one of the two days."),
        "yearly_value": ("12.345", "Write an amount like 1278.60, with at most two digits behind the dot."),
        "covers": ("properties", "Tick at least one property, or choose the entire client."),
    }
    good = {**CONTRACT, "covers": "client", "reference": "C-9"}
    for name, (typed, sentence) in wrong.items():
        answer = sue.post(f"{AT}/contracts/new", {**good, name: typed}, htmx=name == "title")
        assert (name, answer.status_code) == (name, 422)
        assert sentence in words(answer)
        sent = form_fields(answer.text, "record-form")
        assert (sent["summary"], sent[name]) == ("Two inspections a year.", typed)
    foreign = {**good, "covers": "properties", "properties": [str(town.delta.id)]}
    assert sue.post(f"{AT}/contracts/new", foreign).status_code == 404
    with reading():
        assert len(rows(Contract)) == 2
    assert sue.post(f"{AT}/contracts/new", good).status_code == 303


def test_two_at_once(town, sue, writing, reading):
    """C15: the second save shows both versions and overwrites nothing; saved again, it counts."""
    with writing():
        number = places.contract(town.acme.id, "Lifts", town.alpha.id, reference="C-1")
    address = f"{AT}/contracts/{number}/edit"
    mine = form_fields(sue.get(address).text, "record-form")
    theirs = {**mine, "title": "Lifts and doors", "properties": [str(town.beta.id)]}
    assert sue.post(address, theirs).status_code == 303
    answer = sue.post(address, {**mine, "title": "Lifts and stairs"})
    assert answer.status_code == 409
    for said in ("Lifts and doors", "Lifts and stairs", "Alpha", "Beta"):
        assert said in answer.text.partition("</table>")[0]
    with reading():
        assert rows(Contract)[0].title == "Lifts and doors"
    assert sue.post(address, form_fields(answer.text, "record-form")).status_code == 303
    with reading():
        (row,) = rows(Contract)
        assert (row.title, row.search_key) == ("Lifts and stairs", "lifts and stairs c-1")
        assert [link.property_id for link in row.property_links] == [town.alpha.id]


def test_an_rfp_and_its_answers(town, sue, browser, mailbox, reading):
    """C40: an answer makes an open RFP an answered one; two clicks are one; decided, it takes no more."""
    before = len(mailbox.letters())
    assert sue.post(f"{AT}/rfps/new", RFP).status_code == 303
    with reading():
        number = rows(Rfp)[0].id
    address, mia = f"{AT}/rfps/{number}/answers", browser(town.mia)
    refused = sue.post(address, {"text": "We can do it in May.", "amount": "lots"})
    assert (refused.status_code, "We can do it in May." in refused.text) == (422, True)
    for _ in range(2):
        sent = sue.post(address, {"text": "We can do it in May.", "amount": "19,500"})
        assert sent.location == f"{AT}/rfps/{number}"
    page = mia.get(f"/acme/rfps/{number}").text
    for said in ("Answered", "We can do it in May.", "£19,500.00", "Sue Marsh"):
        assert said in page
    with reading():
        assert [(each.amount, each.text) for each in rows(RfpAnswer)] == [(1_950_000, "We can do it in May.")]
    assert "Sue Marsh of Alder Services answered the RFP Roof works" in words(mia.get("/acme/activity"))
    form = form_fields(sue.get(f"{AT}/rfps/{number}/edit").text, "record-form")
    assert sue.post(f"{AT}/rfps/{number}/edit", {**form, "status": "accepted"}).status_code == 303
    assert address not in sue.get(f"{AT}/rfps/{number}").text
    assert sue.post(address, {"text": "And again."}).status_code == 409
    assert "Accepted" in mia.get(f"/acme/rfps/{number}").text
    assert len(mailbox.letters()) == before  # no topic is about RFPs (C11)


def test_who_writes_them(town, on_duty, sue, browser, writing):
    """S1, S9: administrators of the staff alone; an admin of the client has neither page nor button."""
    with writing():
        ids = {
            "contracts": places.contract(town.acme.id, "Lifts"),
            "rfps": places.rfp(town.acme.id, "Roof"),
        }
    mia, tom = browser(town.mia), on_duty(town.tom)
    for area, number in ids.items():
        pages = (area, f"{area}/{number}", f"client/{area}")
        tails = (
            f"{area}/new",
            f"{area}/{number}/edit",
            f"{area}/{number}/delete",
            f"{area}/{number}/answers",
        )
        for page in pages:
            shown = [
                any(tail in who.get(f"{at}/{page}").text for tail in tails)
                for who, at in ((mia, "/acme"), (tom, AT), (sue, AT))
            ]
            assert (page, shown) == (page, [False, False, True])
        for tail in tails:
            assert mia.post(f"/acme/{tail}").status_code in (404, 405)
    with writing():
        db.session.get_one(Company, town.acme.id).exited_at = now()
    assert "/edit" not in sue.get(f"{AT}/contracts/{ids['contracts']}").text
    assert sue.post(f"{AT}/contracts/new", CONTRACT).status_code == 409


def test_the_actions_ask_by_themselves(town, writing):
    """S1, S9, P7: whoever calls them, nobody but an administrator of the staff writes for the vendor."""
    day = date(2026, 11, 2)
    wish, asked = ContractWish("X", "Y", "", day, None, None), RfpWish("X", "Y", "", day, "open")
    bill = Bill("X", "Y", None, "", day, day, [Item("Z", Decimal(1), 1, Decimal(0))])
    with writing():
        company = db.session.get_one(Company, town.acme.id)
        contract = db.session.get_one(Contract, places.contract(town.acme.id, "Lifts"))
        rfp = db.session.get_one(Rfp, places.rfp(town.acme.id, "Roof"))
        draft = town_billing.invoice(town.acme.id, "D-1", "Lift", age=3, status="draft")
        sent = town_billing.invoice(town.acme.id, "S-1", "Lift", age=3, paid=1)
        calls = (
            *((agreements.add, each) for each in (wish, asked)),
            *((agreements.edit, *each) for each in ((contract, wish), (rfp, asked))),
            *((agreements.delete, each) for each in (contract, rfp)),
            (agreements.answer, rfp, "Yes", None),
            (invoices.draft, company, bill),
            (invoices.change, draft, bill),
            *((each, draft) for each in (invoices.issue, invoices.discard)),
            (invoices.make_void, sent, "Wrong"),
            (payments.record, sent, 1, day, ""),
            (payments.take_back, sent.payments[0], sent),
            (invoice_files.attach, sent, BytesIO(places.PDF), "S-1.pdf"),
            (invoice_files.attach_all, [("S-1.pdf", BytesIO(places.PDF))]),
        )
        support = acting(db.session.get_one(StaffUser, town.tom.id), town.acme.id)
        for by in (support, as_reader(db.session.get_one(Contact, town.mia.id)), SYSTEM):
            for action, *facts in calls:
                with pytest.raises(NotAllowed):
                    action(*facts, by)


def test_days_and_amounts_as_people_write_them(app):
    """S9: as people type them and spreadsheets keep them; what is not clear is refused."""
    read = {
        figures.day: {
            "2026-11-30": "2026-11-30",
            "30/11/2026": "2026-11-30",
            "30.11.2026": "2026-11-30",
            "2026-11-30 00:00:00": "2026-11-30",
            "1 Dec 2026": "2026-12-01",
            "": "",
            **dict.fromkeys(("2026-02-30", "11/30/2026", "1969-12-31", "2100-01-01", "soon", "1-1-26")),
        },
        figures.money: {
            "1278.6": "1278.60",
            "£1,278.60": "1278.60",
            "1.278,60": "1278.60",
            "1\u202f278": "1278.00",
            "EUR 0": "0.00",
            "": "",
            "20000000": "20000000.00",
            **dict.fromkeys(("1.278", "12,34,5", "-5", "£", "1e3", "20000000.01", "\u0661", "9" * 5_000)),
        },
    }
    with app.app_context():
        for check, table in read.items():
            for typed, wanted in table.items():
                field = SimpleNamespace(data=typed)
                try:
                    check(None, field)
                except ValidationError:
                    field.data = None
                assert (typed, field.data) == (typed, wanted)
    assert (figures.pence("1278.60"), figures.plain(127_860), figures.pence("")) == (127_860, "1278.60", None)
