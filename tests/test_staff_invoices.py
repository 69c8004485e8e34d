"""Invoices, payments and PDFs as the vendor keeps them, and what their clients see of it (S9, S1, C41)."""

import html
import re
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from portal import invariants
from portal.clock import now
from portal.extensions import db
from portal.models import Activity, Company, ContactTopic, Document, Invoice, InvoiceLine, Payment, WorkOrder
from tests import places, town_billing, work
from tests.surfing import form_fields

AT = "/staff/clients/acme/billing"
HEAD = {
    "number": "INV-1001",
    "title": "Lift repair",
    "place": "alpha",
    "purchase_order": "PO 7",
    "issued_on": "2026-11-02",
    "due_on": "2026-12-02",
}
# 1.5 × 40.00 and 2 × 19.99 at 20 %, 1 × 100.00 at 5 %: 199.98 net, 19.996 and 5.00 tax.
LINES = {
    "lines-0-text": "Labour, hours",
    "lines-0-quantity": "1,5",
    "lines-0-unit_price": "£40",
    "lines-0-tax_percent": "20",
    "lines-2-text": "Bulb",
    "lines-2-quantity": "2",
    "lines-2-unit_price": "19.99",
    "lines-2-tax_percent": "20.0",
    "lines-3-text": "Insulation",
    "lines-3-quantity": "1",
    "lines-3-unit_price": "100.00",
    "lines-3-tax_percent": "5",
}
NEW = HEAD | LINES
DRAFT = ("draft", 19_998, 2_500, 0)


@pytest.fixture
def sue(town, on_duty):
    return on_duty(town.sue)


@pytest.fixture
def drafted(sue, reading):
    """The id of a draft that was made by the form."""
    assert sue.post(f"{AT}/new", NEW).status_code == 303
    with reading():
        return one("INV-1001").id


def one(number):
    return db.session.scalars(db.select(Invoice).where(Invoice.number == number)).unique().one()


def sums(invoice):
    return (invoice.status, invoice.net, invoice.tax, invoice.paid)


def words(answer):
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", answer.text).split()))


def did(company_id):
    """What stands in the activity about invoices, of a client or (None) of the vendor alone."""
    rows = db.session.scalars(db.select(Activity).order_by(Activity.id))
    return [row.what for row in rows if "nvoice" in row.target_name and row.company_id == company_id]


def sent(person, address, files, field="file"):
    """Send files as a browser does."""
    body = b""
    for name, content in files:
        head = f'--frontier\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'
        body += head.encode() + content + b"\r\n"
    headers = {"X-CSRFToken": person.token()}
    kind = "multipart/form-data; boundary=frontier"
    return person.client.post(address, data=body + b"--frontier--\r\n", headers=headers, content_type=kind)


def issued(person, invoice_id):
    """Issue a draft as it is seen where one is asked."""
    address = f"{AT}/{invoice_id}/issue"
    return person.post(address, asked_by(person.get(address)))


def asked_by(page):
    """What the button of a question sends."""
    return dict(re.findall(r'type="hidden" name="(seen)" value="([^"]+)"', page.text))


class TestDraft:
    def test_from_the_form_to_the_client(self, town, sue, drafted, browser, mailbox, writing, reading):
        """S9, T80: reckoned, hidden until it is issued, then seen and told to whoever chose the topic."""
        again = sue.post(f"{AT}/new", NEW)
        assert again.location == f"{AT}/{drafted}"
        with reading():
            made = one("INV-1001")
            assert sums(made) == DRAFT
            assert [(line.text, line.quantity, line.net) for line in made.lines] == [
                ("Labour, hours", 1.5, 6_000),
                ("Bulb", 2, 3_998),
                ("Insulation", 1, 10_000),
            ]
            assert (made.property.name, made.purchase_order) == ("Alpha", "PO 7")
            # Of a draft its client reads nothing, in the activity neither.
            assert (did(town.acme.id), did(None)) == ([], ["drafted"])
        bill = browser(town.bill)
        for path in ("", ".csv", "/pdf", "/statement?from=2026-11-01&to=2026-11-30"):
            there = f"/{drafted}{path}" if path in ("", "/pdf") else {".csv": "/invoices.csv"}.get(path, path)
            answer = bill.get(f"/acme/billing{there}")
            assert b"INV-1001" not in answer.data, path
            assert answer.status_code == (404 if path in ("", "/pdf") else 200)
        # Nor does it count where the vendor adds up.
        assert "Nothing was billed" in sue.get(f"{AT}/statement?from=2026-11-01&to=2026-11-30").text
        assert "INV-1001" in sue.get(f"{AT}?view=draft").text
        nobody = "Nobody at Acme Estates gets a mail about this."
        assert nobody in words(sue.get(f"{AT}/{drafted}/issue"))
        with writing():
            db.session.add(ContactTopic(company_id=town.acme.id, contact_id=town.bill.id, topic="billing"))
        assert f"{town.bill.name} gets a mail about this." in words(sue.get(f"{AT}/{drafted}/issue"))
        assert issued(sue, drafted).status_code == 303
        [letter] = mailbox.letters(kind="invoice_issued")
        assert (letter.to, "£224.98" in letter.subject) == (town.bill.email, True)
        assert f"/acme/billing/{drafted}" in letter.text
        assert "£224.98" in bill.get(f"/acme/billing/{drafted}").text
        assert "INV-1001" in bill.get("/acme/billing/statement?from=2026-11-01&to=2026-11-30").text
        with reading():
            assert did(town.acme.id) == ["issued"]
            assert one("INV-1001").status == "open"

    def test_starts_with_what_is_usual_at_the_client(self, town, sue, writing):
        """S9: the next number of the own series, not of an odd one; the usual tax; three properties."""
        with writing():
            for number, whose in (("AC-08", town.acme), ("AC-09", town.acme), ("AC-10", town.globex)):
                town_billing.invoice(whose.id, number, "Lift", age=5)
            town_billing.invoice(town.acme.id, "2026-ODD-777", "Fee", age=1).lines[0].tax_percent = 0
        assert "<title>Invoices · Alder Services</title>" in sue.get(AT).text
        page = sue.get(f"{AT}/new").text
        blank = form_fields(page, "record-form")
        assert (blank["number"], blank["lines-0-tax_percent"]) == ("AC-11", "20")
        listed = page[page.index('<select name="place"') :]
        assert re.findall(r"<option[^>]*>([^<]+)", listed) == ["The entire client", "Alpha", "Beta", "Gamma"]
        gone = sue.post(f"{AT}/new", NEW | {"place": "Nowhere"})
        assert (gone.status_code, "<option selected>Nowhere" in gone.text) == (422, True)

    def test_is_edited_until_it_is_issued(self, town, sue, drafted, reading):
        """C15: two at once overwrite nothing; what a client has seen is never edited or deleted."""
        page = sue.get(f"{AT}/{drafted}/edit")
        mine = form_fields(page.text, "record-form")
        assert mine["lines-0-unit_price"] == "40.00"
        other = mine | {"title": "Lift repaired"}
        assert sue.post(f"{AT}/{drafted}/edit", other).status_code == 303
        stale = sue.post(f"{AT}/{drafted}/edit", mine | {"lines-0-quantity": "3"})
        assert stale.status_code == 409
        assert "For Lift repair Lift repaired" in words(stale)
        assert "Labour, hours: 3 × 40.00, tax 20 %" in words(stale)
        again = form_fields(stale.text, "record-form")
        assert sue.post(f"{AT}/{drafted}/edit", again).status_code == 303
        with reading():
            assert sums(one("INV-1001"))[1:3] == (25_998, 3_700)
        issued(sue, drafted)
        for path, method in (("edit", "get"), ("edit", "post"), ("delete", "post"), ("issue", "post")):
            answer = getattr(sue, method)(f"{AT}/{drafted}/{path}")
            assert (answer.status_code, "What customers have seen stays" in answer.text) == (409, True), path

    def test_more_lines_without_javascript(self, sue):
        """Five rows, and a button for five more, up to fifty; what was typed stays, Enter saves."""
        page = sue.get(f"{AT}/new")
        assert page.text.count('-unit_price" ') >= 5
        fields = form_fields(page.text, "record-form") | {"lines-0-text": "Lamp", "number": ""}
        assert fields["lines-4-tax_percent"] == "20"
        for rows in (10, 15):
            page = sue.post(f"{AT}/new", fields | {"more": "1"})
            assert page.status_code == 200
            fields = form_fields(page.text, "record-form")
            assert (sum("-text" in name for name in fields), fields["lines-0-text"]) == (rows, "Lamp")
        many = {f"lines-{row}-text": "Lamp" for row in (*range(300), "²", "9" * 5_000, "x")}
        page = sue.post(f"{AT}/new", fields | many | {"more": "1"})
        assert sum("-text" in name for name in form_fields(page.text, "record-form")) == 50
        first = page.text.split('id="record-form"')[1].partition('type="submit"')[2]
        assert "Save draft" in first.partition("</button>")[0]

    def test_what_cannot_be(self, town, sue, drafted, reading, writing):
        """C16: a sentence at the field, what was typed stays; a number is used once over all clients."""
        with writing():
            town_billing.invoice(town.globex.id, "G-1", "Theirs", age=3)
        wrong = {
            "Enter the number": {"number": ""},
            "There is an invoice g-1 already": {"number": "g-1"},
            "There is no such property": {"place": "Delta"},
            "cannot be due before": {"due_on": "2026-11-01"},
            "like 2026-11-30": {"issued_on": "2026-02-30"},
            "at least one line": {
                f"lines-{row}-{name}": "" for row in range(5) for name in ("text", "unit_price")
            },
            "Say what it is for": {"lines-0-text": ""},
            "like 1278.60": {"lines-0-unit_price": "1.278"},
            "Enter a number from 0 to 100": {"lines-0-tax_percent": "101"},
            "too large": {"lines-0-quantity": "1000000", "lines-0-unit_price": "20,000,000.00"},
            "The total is below zero": {"lines-0-unit_price": "-500.00"},
            # 100.00 at 0 % less 50.00 at 100 %: 50.00 net with 50.00 less tax than none.
            "The tax is below zero": LINES
            | {"lines-0-quantity": "1", "lines-0-unit_price": "-50.00", "lines-0-tax_percent": "100"}
            | {"lines-2-unit_price": "0", "lines-3-tax_percent": "0"},
            "Write an amount": {"lines-2-unit_price": "-"},
        }
        known = form_fields(sue.get(f"{AT}/{drafted}/edit").text, "record-form")
        for sentence, change in wrong.items():
            # Neither is there a new one, nor does any of it reach the draft that is there.
            for path, fields in (("new", NEW | {"number": "INV-1"}), (f"{drafted}/edit", known)):
                answer = sue.post(f"{AT}/{path}", fields | change)
                assert (answer.status_code, sentence in words(answer)) == (422, True), (sentence, path)
                assert 'value="PO 7"' in answer.text
        answer = sue.post(f"{AT}/new", NEW | {"title": "Another"})
        assert (answer.status_code, "There is an invoice INV-1001 already" in words(answer)) == (422, True)
        with reading():
            assert db.session.scalar(db.select(db.func.count(Invoice.id))) == 2
            assert (one("INV-1001").title, sums(one("INV-1001"))) == ("Lift repair", DRAFT)

    def test_is_issued_as_it_was_seen(self, sue, drafted, reading, writing):
        """C15, T81: what somebody changed after the question is not issued unseen, neither lines nor PDF."""
        address = f"{AT}/{drafted}/issue"
        changes = (
            lambda: sue.post(f"{AT}/{drafted}/edit", known | {"lines-0-unit_price": "41"}),
            lambda: sent(sue, f"{AT}/{drafted}/pdf/replace", [("a.pdf", places.PDF)]),
        )
        for change in changes:
            seen = asked_by(sue.get(address))
            known = form_fields(sue.get(f"{AT}/{drafted}/edit").text, "record-form")
            assert change().status_code == 303
            for typed in ({}, seen):
                page = sue.post(address, typed)
                assert (page.status_code, "Somebody changed this draft" in page.text) == (409, True)
            assert "£226.78" in page.text
        with reading():
            assert one("INV-1001").status == "draft"
        assert sue.post(address, asked_by(page)).status_code == 303
        # An invoice of nothing would be neither owed nor ever void.
        nothing = NEW | {"number": "N-1"} | {name: "0" for name in NEW if name.endswith("price")}
        at = sue.post(f"{AT}/new", nothing).location
        for method in ("get", "post"):
            answer = getattr(sue, method)(f"{at}/issue")
            assert (answer.status_code, "N-1 asks for nothing" in words(answer)) == (409, True)

    def test_is_deleted_with_its_pdf(self, sue, drafted, reading):
        sent(sue, f"{AT}/{drafted}/pdf/replace", [("a.pdf", places.PDF)])
        assert sue.get(f"{AT}/{drafted}/delete").status_code == 200
        assert sue.post(f"{AT}/{drafted}/delete").location == AT
        with reading():
            for model in (Invoice, Document):
                assert db.session.scalar(db.select(db.func.count(model.id))) == 0


def dialog(page):
    """What a browser would send for the form of a dialog, which stands below those of the menus."""
    return form_fields(page.text[page.text.index('class="frame-form"') - 6 :])


class TestPayments:
    def test_until_it_is_paid_and_back(self, town, sue, browser, writing, reading):
        """T80: a second click records nothing; more than is left is refused; paid once nothing is left."""
        with writing():
            bill = town_billing.invoice(town.acme.id, "A-1", "Lift", age=5).id
        fields = dialog(sue.get(f"{AT}/{bill}/payment"))
        assert (fields["amount"], fields["paid_on"]) == ("120.00", str(town_billing.today()))
        part = fields | {"amount": "50", "reference": "Transfer 1"}
        for _ in range(2):
            assert sue.post(f"{AT}/{bill}/payment", part).status_code == 303
        with reading():
            assert sums(one("A-1")) == ("open", 10_000, 2_000, 5_000)
        late = sue.post(f"{AT}/{bill}/payment", part | {"amount": "60"})
        assert (late.status_code, "came in meanwhile" in late.text) == (422, True)
        fresh = dialog(late)["seen"]
        over = sue.post(f"{AT}/{bill}/payment", part | {"amount": "70.01", "seen": fresh})
        assert (over.status_code, "Only £70.00 is left" in over.text) == (422, True)
        for wrong in ("0", "-5", "x", "9" * 30):
            assert (
                sue.post(f"{AT}/{bill}/payment", part | {"amount": wrong, "seen": fresh}).status_code == 422
            )
        # What statements would not count yet is not paid either.
        early = str(town_billing.today() + timedelta(days=1))
        early = sue.post(f"{AT}/{bill}/payment", part | {"amount": "70", "paid_on": early, "seen": fresh})
        assert (early.status_code, "This day is still to come" in early.text) == (422, True)
        # With money on it, it cannot be void; the page says what to do first.
        assert "To make this invoice void, take back the payments first." in sue.get(f"{AT}/{bill}").text
        void = sue.post(f"{AT}/{bill}/void", {"reason": "Wrong"})
        assert (void.status_code, "Take them back first" in void.text) == (409, True)
        assert sue.post(f"{AT}/{bill}/payment", part | {"amount": "70", "seen": fresh}).status_code == 303
        customer = browser(town.bill).get(f"/acme/billing/{bill}")
        assert ("Transfer 1" in customer.text, "Take back" in customer.text) == (True, False)
        assert "Nothing to pay" in customer.text
        told = words(browser(town.mia).get("/acme/activity?kind=invoices"))
        assert told.count("recorded a payment for invoice A-1") == 2
        assert sue.post(f"{AT}/{bill}/payment", part).status_code == 409
        with reading():
            assert sums(one("A-1")) == ("paid", 10_000, 2_000, 12_000)
            last = max(each.id for each in one("A-1").payments)
        assert sue.post(f"{AT}/{bill}/payments/{last}/take-back").status_code == 303
        assert sue.post(f"{AT}/{bill}/payments/{last}/take-back").status_code == 404
        with reading():
            assert sums(one("A-1")) == ("open", 10_000, 2_000, 5_000)
            assert db.session.scalar(db.select(db.func.sum(Payment.amount))) == 5_000
            assert did(town.acme.id) == [*["recorded a payment for"] * 2, "took back a payment for"]

    def test_void_with_a_reason_that_the_client_reads(self, town, sue, browser, writing, reading):
        """S9: only void, never gone; S8: a draft is no open invoice, and goes with its client."""
        with writing():
            bill = town_billing.invoice(town.acme.id, "A-1", "Lift", age=5).id
        assert sue.post(f"{AT}/{bill}/void", {"reason": " "}).status_code == 422
        assert sue.post(f"{AT}/{bill}/void", {"reason": "Billed <twice>"}).status_code == 303
        customer = browser(town.bill)
        assert "Billed &lt;twice&gt;" in customer.get(f"/acme/billing/{bill}").text
        assert sue.post(f"{AT}/{bill}/payment", {"amount": "1"}).status_code in (409, 422)
        sue.post(f"{AT}/new", NEW)
        with writing():
            db.session.get_one(Company, town.acme.id).exited_at = now()
        refused = sue.get(f"/staff/privacy/company/{town.acme.id}/erase")
        assert ("open invoice" in refused.text, "Erase for good" in refused.text) == (False, True)
        # And nothing is billed to a client that has left.
        assert (sue.get(f"{AT}/new").status_code, sue.post(f"{AT}/new", NEW).status_code) == (403, 409)
        assert (
            sue.post(f"/staff/privacy/company/{town.acme.id}/erase", {"name": "Acme Estates"}).status_code
            == 303
        )
        with reading():
            assert list(db.session.scalars(db.select(Invoice.status))) == ["void"]


class TestPdf:
    def test_the_vendors_own_is_what_the_client_gets(self, town, sue, browser, writing, reading):
        """S9, T64: a PDF by what it holds; one an invoice; nobody without billing, nobody elsewhere."""
        with writing():
            bill = town_billing.invoice(town.acme.id, "A-1", "Lift", age=5, property_id=town.beta.id).id
            town_billing.allow(town.pam, town.acme.id, "billing")
        address, customer = f"{AT}/{bill}/pdf/replace", browser(town.bill)
        made = customer.get(f"/acme/billing/{bill}/pdf").data
        picture = b"\x89PNG\r\n\x1a\n" + bytes(40)
        for name, content in (("a.txt", b"no"), ("a.png", picture), ("a.png", places.PDF), ("a.pdf", b"")):
            assert sent(sue, address, [(name, content)]).status_code == 422, (name, content)
        assert customer.get(f"/acme/billing/{bill}/pdf").data[:200] == made[:200]
        for number in (1, 2):
            mine = places.PDF + b"% number " + str(number).encode()
            assert sent(sue, address, [("scan.pdf", mine)]).status_code == 303
            answer = customer.get(f"/acme/billing/{bill}/pdf")
            assert (answer.data, answer.mimetype) == (mine, "application/pdf")
        with reading():
            [document] = db.session.scalars(db.select(Document))
            file_id = document.id
            assert did(town.acme.id) == ["attached a PDF to"] * 2
        for who, wanted in (("bill", 200), ("mia", 200), ("rita", 403), ("wes", 403), ("pam", 404)):
            assert browser(getattr(town, who)).get(f"/acme/documents/{file_id}").status_code == wanted, who
        assert browser(town.stan).get(f"/globex/documents/{file_id}").status_code == 404
        # An admin deletes documents of the company's, not those of the vendor.
        assert browser(town.mia).post(f"/acme/documents/{file_id}/delete").status_code == 404

    def test_many_at_once(self, town, sue, on_duty, browser, writing, reading):
        """S9: each file named by its number; a reason for each that was not kept, and the rest is."""
        with writing():
            for name, company in (("INV-7", town.acme), ("A 8", town.globex), ("V-9", town.acme)):
                town_billing.invoice(
                    company.id, name, "Lift", age=5, status="void" if name == "V-9" else "open"
                )
            left = town_billing.invoice(town.acme.id, "D-10", "Draft", age=5, status="draft").id
            gone = Company(slug="gone", name="Gone", exited_at=now())
            db.session.add(gone)
            db.session.flush()
            town_billing.invoice(gone.id, "X-11", "Lift", age=5)
            town_billing.invoice(town.acme.id, "Z" * 40, "Long", age=5)
        files = [
            ("inv-7.PDF", places.PDF),
            ("A 8.pdf", places.PDF),
            ("V-9.pdf", places.PDF),
            ("D-10.pdf", places.PDF),
            ("INV-7.pdf", places.PDF),
            ("INV-70.pdf", places.PDF),
            ("X-11.pdf", places.PDF),
            ("A 8.png", b"no"),
            ("Z" * 40 + "1.pdf", places.PDF),
        ]
        page = sent(sue, "/staff/imports/invoice-pdfs", files, field="files")
        assert page.status_code == 200
        assert "3 of 9 files were attached" in words(page)
        reasons = (
            "Invoice V-9 is void",
            "has a PDF already",
            "no invoice of this number",
            "Gone is marked as",
        )
        for sentence in (*reasons, "a draft"):
            assert sentence in words(page), sentence
        assert sent(sue, "/staff/imports/invoice-pdfs", [], field="files").status_code == 422
        with reading():
            found = db.session.scalars(db.select(Document.company_id).order_by(Document.id)).all()
            assert found == [town.acme.id, town.globex.id, town.acme.id]
            assert (did(town.acme.id), did(town.globex.id), did(None)) == (*[["attached a PDF to"]] * 3,)
        assert browser(town.bill).get(f"/acme/billing/{left}/pdf").status_code == 404
        assert sent(on_duty(town.tom), "/staff/imports/invoice-pdfs", files, field="files").status_code == 403


class TestTwoAtOnce:
    def test_made_void_at_that_moment(self, town, sue, writing, reading):
        """T83: two real connections; whoever hands in the PDF waits, and then reads."""
        with writing():
            number = town_billing.invoice(town.acme.id, "INV-8", "Lift", age=5, status="open").id
        file = [("INV-8.pdf", places.PDF)]
        with ThreadPoolExecutor(1) as pool, writing():
            invariants.lock(db.session(), town.acme.id)
            invoice = db.session.get_one(Invoice, number)
            invoice.status = "void"
            db.session.flush()
            sending = pool.submit(sent, sue, "/staff/imports/invoice-pdfs", file, field="files")
            wait([sending], timeout=0.3)
            db.session.commit()
            assert "Invoice INV-8 is void" in words(sending.result())
        with reading():
            assert db.session.scalar(db.select(Document)) is None

    def test_numbers_that_differ_in_capitals_alone(self, town, sue, writing, reading):
        """T16, C41: there are no such two; of those older than the rule, a file goes to the one spelt so."""
        with writing():
            town_billing.invoice(town.acme.id, "INV-77A", "Lift", age=5)
        with pytest.raises(IntegrityError), writing():
            town_billing.invoice(town.globex.id, "INV-77a", "Lift", age=5)
        with writing():
            db.session.execute(text("DROP INDEX uq_invoice_number_without_case"))
            for number in ("INV-77a", "INV-8b", "INV-8B"):
                town_billing.invoice(town.globex.id, number, "Lift", age=5)
        try:
            files = [("INV-77a.pdf", places.PDF), ("inv-8B.pdf", places.PDF)]
            page = sent(sue, "/staff/imports/invoice-pdfs", files, field="files")
            assert "Several invoices have this number" in words(page)
            with reading():
                [kept] = db.session.scalars(db.select(Document))
                assert kept.invoice_id == one("INV-77a").id
        finally:
            with writing():
                for model in (Document, InvoiceLine, Invoice):
                    db.session.execute(db.delete(model))
                index = "CREATE UNIQUE INDEX uq_invoice_number_without_case ON invoice (lower(number))"
                db.session.execute(text(index))


class TestWorkOrders:
    def test_status_visit_and_note(self, town, sue, on_duty, browser, mailbox, writing, reading):
        """C43, C15, S1: told to whoever asked; a stale save overwrites nothing; what has ended stays so."""
        with writing():
            order = work.ordered(town.wes, "Leak", town.alpha)
        at = f"/staff/clients/acme/work-orders/{order.id}"
        assert "Set status" in sue.get(at).text
        fields = dialog(sue.get(f"{at}/status"))
        assert f"{town.wes.name} gets a mail about this." in words(sue.get(f"{at}/status"))
        assert fields["status"] == "requested"
        visit = fields | {"status": "scheduled", "visit_on": "2026-12-01", "note": "Between 9 and 11"}
        assert sue.post(f"{at}/status", visit).status_code == 303
        page = browser(town.wes).get(order.path).text
        assert ("1 Dec 2026" in page, "Between 9 and 11" in page, "Set status" in page) == (True, True, False)
        [letter] = mailbox.letters(town.wes.email, "work_order_news")
        assert "Scheduled for 1 Dec 2026" in letter.subject + letter.text
        stale = sue.post(f"{at}/status", fields | {"status": "in_progress"})
        assert (stale.status_code, "Status In progress Scheduled" in words(stale)) == (409, True)
        again = dialog(stale) | {"visit_on": "", "note": ""}
        for wrong in ({"status": "gone"}, {"visit_on": "tomorrow"}):
            assert sue.post(f"{at}/status", again | wrong).status_code == 422
        assert sue.post(f"{at}/status", again).status_code == 303
        with reading():
            row = db.session.get_one(WorkOrder, order.id)
            assert (row.status, row.visit_on) == ("in_progress", None)
        tom = on_duty(town.tom)
        assert ("Set status" in tom.get(at).text, tom.get(f"{at}/status").status_code) == (False, 403)
        assert (
            sue.post(f"{at}/status", dialog(sue.get(f"{at}/status")) | {"status": "done"}).status_code == 303
        )
        assert ("Set status" in sue.get(at).text, sue.get(f"{at}/status").status_code) == (False, 409)
        assert sue.post(f"{at}/status", again).status_code == 409

    def test_asked_for_and_commented_on_for_a_client(self, town, sue, browser, reading):
        """S2, C43: it says who of the vendor asked, and the client follows it."""
        page = sue.get("/staff/clients/acme/work-orders/new")
        form = form_fields(page.text, "order-form") | {"title": "Gutter", "place": "Alpha"}
        assert sue.post("/staff/clients/acme/work-orders/new", form).status_code == 303
        with reading():
            order = db.session.scalars(db.select(WorkOrder)).one()
            made = order.id
            assert (order.requested_by, order.requester_name) == (None, "Sue Marsh of Alder Services")
        said = sue.post(f"/staff/clients/acme/work-orders/{made}/comment", {"text": "We come"})
        assert said.status_code == 303
        assert "We come" in browser(town.wes).get(f"/acme/work-orders/{made}").text
