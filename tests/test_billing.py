"""Billing: invoices, what is owed, statements, PDF and CSV; who sees which (C41, C44, P2, P10, P11)."""

import csv
import html
import io
import re
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from pypdf import PdfReader
from sqlalchemy import select

from portal import money
from portal.demo import invoices as demo
from portal.extensions import db
from portal.models import Company, CompanyArea, Invoice, Property
from tests.statements import counted
from tests.town_billing import allow, build, invoice, today

MARK = re.compile(r"mark[a-z]+")
ROW = re.compile(r'<tr[^>]* id="invoice-(\d+)"')
PAGES = (
    "/acme/billing",
    "/acme/billing/invoices.csv",
    "/acme/billing/statement",
    "/acme/billing/statement.pdf",
    "/acme/billing/statement.csv",
)


@pytest.fixture
def bills(town, writing):
    """The ids of the town's invoices by name."""
    with writing():
        return build(town)


@pytest.fixture
def pam(town, bills, writing):
    """Pam, who sees Alpha only, with billing."""
    with writing():
        allow(town.pam, town.acme.id, "billing")
    return town.pam


def rows(answer) -> list[int]:
    assert answer.status_code == 200, answer.status_code
    return [int(each) for each in ROW.findall(answer.text)]


def table(answer) -> list[dict[str, str]]:
    assert answer.mimetype == "text/csv"
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))


def text_of(answer) -> str:
    assert answer.status_code == 200
    assert answer.mimetype == "application/pdf"
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.data)).pages)


def sentence(answer) -> str:
    found = re.search(r"You owe[^<]*", answer.text)
    assert found
    return found[0].strip()


class TestList:
    """C41: invoices with status and balance; overdue first; drafts never, void as void."""

    def test_overdue_first_then_due_then_the_newest(self, browser, town, bills):
        found = rows(browser(town.bill).get("/acme/billing"))
        assert found == [bills.late, bills.part, bills.due, bills.void, bills.paid]

    def test_says_what_is_owed_and_what_of_it_is_overdue(self, browser, town, bills):
        assert sentence(browser(town.bill).get("/acme/billing")) == "You owe £270.00. £210.00 is overdue."

    def test_owing_nothing(self, browser, town):
        assert sentence(browser(town.bill).get("/acme/billing")) == "You owe nothing."

    @pytest.mark.parametrize(
        ("view", "names"),
        [
            ("", "late part due void paid"),
            ("due", "due"),
            ("overdue", "late part"),
            ("paid", "paid"),
            ("odd", "late part due void paid"),
        ],
    )
    def test_views(self, browser, town, bills, view, names):
        found = rows(browser(town.bill).get("/acme/billing", query_string={"view": view}))
        assert found == [getattr(bills, name) for name in names.split()]

    def test_counts_of_the_views(self, browser, town, bills):
        page = browser(town.bill).get("/acme/billing").text
        assert dict(re.findall(r'id="count-(\w+)">(\d+)<', page)) == {
            "all": "5",
            "due": "1",
            "overdue": "2",
            "paid": "1",
        }

    @pytest.mark.parametrize(
        ("search", "names"),
        [
            ("a-1", "late"),
            ("MARKBETA", "part"),
            ("po 4471", "late"),
            ("roof markbeta", "part"),
            ("%", ""),
            ("_", ""),
            ("markdraft", ""),
            ("markglobex", ""),
            ("\0", "late part due void paid"),
        ],
    )
    def test_search_by_number_or_text(self, browser, town, bills, search, names):
        found = rows(browser(town.bill).get("/acme/billing", query_string={"q": search}))
        assert found == [getattr(bills, name) for name in names.split()]

    def test_search_folds_case_and_accents(self, browser, town, bills, writing):
        with writing():
            made = invoice(town.acme.id, "A-9", "Überholung in ŁÓDŹ", age=3).id
        assert rows(browser(town.bill).get("/acme/billing?q=uberholung")) == [made]

    def test_filters_by_property_and_year(self, browser, town, bills):
        person = browser(town.bill)
        assert rows(person.get(f"/acme/billing?property={town.beta.id}")) == [bills.part]
        assert rows(person.get("/acme/billing?property=none")) == [bills.due]
        mia = browser(town.mia)
        for page in ("billing", "billing/invoices.csv", "reports/spend", "reports/spend.csv", "work-orders"):
            for foreign in (town.delta.id, 999_999):  # P11: another company's, nobody's
                assert mia.get(f"/acme/{page}?property={foreign}").status_code == 404, page
        assert rows(person.get("/acme/billing?year=1999")) == []
        issued = today() - timedelta(days=200)
        assert bills.paid in rows(person.get(f"/acme/billing?year={issued.year}"))
        for bad in (
            "property=x",
            "property=99999999999",
            "year=99999",
            "year=²",
            "after=x",
            "after=WzEsMV0",
            "before=e30",
        ):
            assert person.get(f"/acme/billing?{bad}").status_code == 200, bad

    def test_htmx_gets_the_list_alone(self, browser, town, bills):
        part = browser(town.bill).get("/acme/billing", htmx=True)
        assert part.text.strip().startswith('<div id="list"')
        assert "<html" not in part.text


class TestPaging:
    def test_every_invoice_once_both_ways_in_few_statements(self, app, browser, town, bills, writing):
        with writing():
            made = [invoice(town.acme.id, f"P-{n}", "paged", age=n % 9, due_in=n % 5).id for n in range(60)]
        person, seen, pages = browser(town.bill), [], []
        address = "/acme/billing"
        while address:
            with counted(app) as statements:
                answer = person.get(address)
            assert len(statements) <= 8, statements
            pages.append(rows(answer))
            seen += pages[-1]
            address = _neighbour(answer, "after")
            last = answer
        assert sorted(seen) == sorted([*made, bills.late, bills.part, bills.due, bills.void, bills.paid])
        assert len(pages) == 3
        assert rows(person.get(_neighbour(last, "before"))) == pages[1]

    def test_the_number_of_statements_does_not_grow(self, app, browser, pam, town, writing):
        person = browser(pam)
        person.get("/acme/billing")
        with counted(app) as few:
            person.get("/acme/billing")
        with writing():
            for n in range(40):
                invoice(town.acme.id, f"P-{n}", "paged", age=n, property_id=town.alpha.id)
        with counted(app) as many:
            person.get("/acme/billing")
        assert len(few) == len(many) <= 8


def _neighbour(answer, which: str) -> str | None:
    found = re.search(rf'href="([^"]*[?&;]{which}=[^"]+)"', answer.text)
    return html.unescape(found[1]) if found else None


class TestWho:
    """P2, P11: billing opens billing and nothing else does but admin; foreign and hidden ids answer 404."""

    @pytest.mark.parametrize("name", ["rita", "wes", "ed", "vic", "pam", "nora"])
    def test_without_billing_nothing_of_it(self, browser, town, bills, name):
        person = browser(getattr(town, name))
        for page in (*PAGES, f"/acme/billing/{bills.late}", f"/acme/billing/{bills.late}/pdf"):
            answer = person.get(page)
            assert answer.status_code == 403, page
            assert not MARK.search(answer.text)
        assert "/acme/billing" not in person.get("/acme/").text

    @pytest.mark.parametrize("name", ["mia", "max", "bill"])
    def test_with_billing_or_admin(self, browser, town, bills, name):
        person = browser(getattr(town, name))
        for page in (*PAGES, f"/acme/billing/{bills.late}", f"/acme/billing/{bills.late}/pdf"):
            assert person.get(page).status_code == 200, page

    @pytest.mark.parametrize("which", ["draft", "foreign"])
    @pytest.mark.parametrize("tail", ["", "/pdf"])
    def test_drafts_and_foreign_ids_are_not_there(self, browser, town, bills, which, tail):
        for person in (town.mia, town.bill, town.rita):
            assert browser(person).get(f"/acme/billing/{getattr(bills, which)}{tail}").status_code == 404

    def test_an_area_that_is_off_is_not_there(self, browser, town, bills, writing):
        with writing():
            db.session.add(CompanyArea(company_id=town.acme.id, area="billing", off_by_staff=True))
        for page in (*PAGES, f"/acme/billing/{bills.late}"):
            assert browser(town.mia).get(page).status_code == 404, page

    def test_a_stranger_signs_in_first(self, browser, bills):
        assert browser().get("/acme/billing").status_code == 303


class TestScope:
    """C44, P10: one linked property means its invoices alone, everywhere; no property is client level."""

    def test_list_counts_and_sums(self, browser, pam, bills):
        answer = browser(pam).get("/acme/billing")
        assert rows(answer) == [bills.late, bills.void, bills.paid]
        assert sentence(answer) == "You owe £120.00. £120.00 is overdue."
        assert dict(re.findall(r'id="count-(\w+)">(\d+)<', answer.text)) == {
            "all": "3",
            "due": "0",
            "overdue": "1",
            "paid": "1",
        }
        assert "You see 1 of 3 properties." in answer.text
        assert "Beta" not in answer.text
        assert "No property" not in answer.text

    def test_no_page_and_no_file_says_more(self, browser, pam, bills):
        person = browser(pam)
        for page in PAGES:
            answer = person.get(page)
            found = text_of(answer) if page.endswith("pdf") else answer.data.decode()
            assert set(MARK.findall(found)) == {"markalpha"}, page

    @pytest.mark.parametrize("which", ["part", "due"])
    def test_other_invoices_are_not_there(self, browser, pam, bills, which):
        for tail in ("", "/pdf"):
            assert browser(pam).get(f"/acme/billing/{getattr(bills, which)}{tail}").status_code == 404

    def test_moved_off_the_property_it_is_gone_at_the_next_request(self, browser, pam, bills, writing):
        person = browser(pam)
        assert rows(person.get("/acme/billing", htmx=True))
        with writing():
            db.session.execute(db.text("DELETE FROM property_link WHERE contact_id = :id"), {"id": pam.id})
        assert rows(person.get("/acme/billing", htmx=True)) == []
        assert person.get(f"/acme/billing/{bills.late}").status_code == 404


class TestInvoice:
    def test_page_has_lines_tax_balance_and_payments(self, browser, town, bills):
        page = browser(town.bill).get(f"/acme/billing/{bills.part}").text
        for words in (
            "markbeta roof line",
            "Tax 20 %",
            "£100.00",
            "£20.00",
            "£120.00",
            "£30.00",
            "£90.00",
            "Transfer",
        ):
            assert words in page, words

    def test_void_is_said(self, browser, town, bills):
        person = browser(town.bill)
        assert "not to be paid" in person.get(f"/acme/billing/{bills.void}").text
        assert "Void" in text_of(person.get(f"/acme/billing/{bills.void}/pdf"))

    def test_pdf_says_what_the_page_says(self, browser, town, bills):
        answer = browser(town.bill).get(f"/acme/billing/{bills.part}/pdf")
        assert answer.headers["Content-Disposition"] == "attachment; filename=A-2.pdf"
        assert answer.headers["Cache-Control"] == "no-store"
        found = text_of(answer)
        for words in (
            "Invoice A-2",
            "Acme Estates",
            "markbeta roof line",
            "Tax 20 %",
            "£120.00",
            "£90.00",
            "Overdue",
        ):
            assert words in found, words

    @pytest.mark.parametrize(
        "name",
        [
            "Ingrid Sørensen & Söhne",
            "Wiśniewski, Łódź",
            "Παπαδόπουλος",
            "Шевченко Київ",
            "株式会社東京",
            "かなカナ",
            "한국어",
            "दिल्ली",
            "<b>{nb}</b>",
        ],
    )
    def test_pdf_holds_names_of_any_script(self, browser, town, bills, writing, name):
        with writing():
            db.session.get(Company, town.acme.id).name = name
        found = text_of(browser(town.bill).get(f"/acme/billing/{bills.late}/pdf"))
        # Where a glyph stands for no letter of its own the reader says a control character.
        letters = "".join(char for char in found if char.isprintable())
        assert name in letters

    def test_pdf_holds_arabic_letters_in_their_order_for_the_eye(self, browser, town, bills, writing):
        with writing():
            db.session.get(Company, town.acme.id).name = "صيانة"
        found = text_of(browser(town.bill).get(f"/acme/billing/{bills.late}/pdf"))
        assert "صيانة" in found or "صيانة"[::-1] in found

    def test_a_file_name_may_hold_any_letters(self, browser, town, writing):
        with writing():
            made = invoice(town.acme.id, '2026/1 "ŁÓDŹ"\r\nX: y', "odd", age=1).id
        answer = browser(town.bill).get(f"/acme/billing/{made}/pdf")
        assert answer.status_code == 200
        assert "X" not in answer.headers
        assert "/" not in answer.headers["Content-Disposition"].replace("''", "")


class TestCsv:
    def test_the_filtered_invoices_with_plain_amounts(self, browser, town, bills):
        found = table(browser(town.bill).get("/acme/billing/invoices.csv?view=overdue"))
        assert [
            (row["Invoice"], row["Total"], row["Paid"], row["Balance"], row["Status"]) for row in found
        ] == [
            ("A-1", "120.00", "0.00", "120.00", "Overdue"),
            ("A-2", "120.00", "30.00", "90.00", "Overdue"),
        ]

    def test_text_is_no_formula(self, browser, town, writing):
        with writing():
            invoice(town.acme.id, "A-1", "=1+1", age=1)
        assert table(browser(town.bill).get("/acme/billing/invoices.csv"))[0]["For"] == "'=1+1"


class TestStatement:
    """C41: a statement for a period: what was billed and paid, with the balance."""

    def test_balance_before_entries_and_balance_after_agree(self, browser, town, bills):
        first = today() - timedelta(days=85)
        found = table(browser(town.bill).get(f"/acme/billing/statement.csv?from={first}"))
        assert [(row["What"], row["Invoice"], row["Amount"], row["Balance"]) for row in found] == [
            ("Balance before", "", "", "120.00"),
            ("Payment for", "A-2", "-30.00", "90.00"),
            ("Invoice", "A-1", "120.00", "210.00"),
            ("Void invoice", "A-6", "0.00", "210.00"),
            ("Invoice", "A-3", "60.00", "270.00"),
        ]

    def test_void_invoices_count_neither_before_nor_in_the_period(self, browser, town, bills):
        first = today() - timedelta(days=10)
        found = table(browser(town.bill).get(f"/acme/billing/statement.csv?from={first}"))
        assert [(row["What"], row["Balance"]) for row in found] == [
            ("Balance before", "210.00"),
            ("Invoice", "270.00"),
        ]

    def test_ends_with_what_the_list_says_is_owed(self, browser, town, bills):
        person = browser(town.bill)
        first = today() - timedelta(days=300)
        assert "£270.00 to pay" in person.get(f"/acme/billing/statement?from={first}").text
        assert "£270.00" in text_of(person.get(f"/acme/billing/statement.pdf?from={first}"))

    @pytest.mark.parametrize(
        ("asked", "words"),
        [
            ("from=2026-13-01", "“2026-13-01” is not a day"),
            ("to=yesterday", "“yesterday” is not a day"),
            ("from=2026-05-02&to=2026-05-01", "ends before it begins"),
            ("from=2001-01-01&to=2026-05-01", "longer than three years"),
            ("from=0001-01-01", "is not a day from 2000"),
            ("from=٢٠٢٦-٠١-٠١", "is not a day from 2000"),
            ("from=<script>", "“&lt;script&gt;” is not a day"),
        ],
    )
    def test_a_period_that_is_none_is_said(self, browser, town, bills, asked, words):
        person = browser(town.bill)
        answer = person.get(f"/acme/billing/statement?{asked}")
        assert answer.status_code == 422
        assert words in html.unescape(answer.text) or words in answer.text
        assert not MARK.search(answer.text)
        for kind in ("pdf", "csv"):
            sent = person.get(f"/acme/billing/statement.{kind}?{asked}")
            assert sent.status_code == 303
            assert person.get(sent.location).status_code == 422


class TestMoney:
    """Money is whole pence: written out, rounded half up, tax once for each rate."""

    @pytest.mark.parametrize(
        ("pence", "words"),
        [
            (0, "£0.00"),
            (5, "£0.05"),
            (127_860, "£1,278.60"),
            (-127_860, "-£1,278.60"),
            (100_000_000_00, "£100,000,000.00"),
        ],
    )
    def test_written(self, pence, words):
        assert money.written(pence) == words

    @pytest.mark.parametrize(
        ("quantity", "price", "net"),
        [(1, 333, 333), (2.5, 333, 833), (0.5, 1, 1), (1.25, 202, 253), (3, 0, 0)],
    )
    def test_line(self, quantity, price, net):
        assert money.line_net(quantity, price) == net

    def test_tax_is_rounded_once_for_each_rate(self):
        # Three times 0.33 at 20 %: 19.8 pence are 20, not three times 7.
        assert money.taxes([(20, 33), (20, 33), (20, 33)]) == [(Decimal(20), 20)]
        assert money.taxes([(5, 10), (20, 333), (0, 7)]) == [
            (Decimal(0), 0),
            (Decimal(5), 1),
            (Decimal(20), 67),
        ]

    def test_taxes_that_do_not_add_up_are_one_sum(self, browser, town, writing):
        with writing():
            made = invoice(town.acme.id, "A-1", "odd", age=1, net=10_000, tax=1_999).id
        page = browser(town.bill).get(f"/acme/billing/{made}").text
        assert "Tax 20 %" not in page
        assert "£19.99" in page


def test_the_demo_adds_up(database, writing):
    """Two years of invoices: lines make up the net, rates the tax, payments what is paid."""
    with writing():
        company = Company(slug="northgate", name="Northgate Estates")
        db.session.add(company)
        db.session.flush()
        db.session.add_all(Property(company_id=company.id, name=f"Block {n}") for n in range(4))
        db.session.flush()
        demo.fill({"northgate": company})
        found = list(db.session.scalars(select(Invoice).where(Invoice.company_id == company.id)).unique())
        for each in found:
            assert sum(line.net for line in each.lines) == each.net
            assert each.tax == _tax(each)
            assert sum(payment.amount for payment in each.payments) == each.paid
            assert (each.status == "paid") == (each.paid == each.total)
            assert each.number.lower() in each.search_key
        assert {each.status for each in found} == {"draft", "open", "paid", "void"}
        assert any(each.status == "open" and each.due_on < today() for each in found)
        months = {(each.issued_on.year, each.issued_on.month) for each in found}
        assert len(months) == 24
        assert max(each.issued_on for each in found) <= today()


def _tax(each: Invoice) -> int:
    rates: dict[Fraction, int] = {}
    for line in each.lines:
        rates[Fraction(line.tax_percent)] = rates.get(Fraction(line.tax_percent), 0) + line.net
    return sum(int(rate * net / 100 + Fraction(1, 2)) for rate, net in rates.items())
