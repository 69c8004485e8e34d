"""Tables of records on their way in and out, for all clients or one (S9): every kind by the same steps."""

import csv
import io
import re
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select

from portal import jobs
from portal.actions import imports
from portal.actions.work_orders import set_status
from portal.clock import now
from portal.csv_out import csv_text
from portal.extensions import db
from portal.importing.properties import Properties
from portal.importing.registry import KINDS
from portal.models import (
    Activity,
    Company,
    Contact,
    Import,
    Invoice,
    InvoiceLine,
    Payment,
    Property,
    WorkOrder,
    WorkStatus,
)
from portal.policy import SYSTEM
from portal.queries import imports as queries
from portal.standing import totals
from portal.transaction import transaction
from tests import places as things
from tests import town_billing
from tests.machinery.counts import count
from tests.surfing import form_fields
from tests.test_imports import everything, report, sent_to, table
from tests.test_races import at_once, posting
from tests.work import ordered, stored

NO_PROPERTY = "There is no such property. Leave it empty for the entire client."
NO_DAY = "Write a day from 1970 to 2099 like 2026-11-30."
# kind: its header, and rows that cannot be: the row, the column and the sentence.
WRONG = {
    "properties": (
        "Client,Name,Street,City,Postcode",
        (
            (",Hall,,,", "Client", "Say which client it is for."),
            ("Nobody,Hall,,,", "Client", "There is no client called Nobody."),
            ("Twice,Hall,,,", "Client", "Several clients are called Twice. Use the number, like C-104."),
            ("Left,Hall,,,", "Client", "Left is marked as exited. Take that back first."),
            ("acme,,1 High St,,", "Name", "Enter the property's name."),
            ("acme,www.hall.example,,,", "Name", "A name cannot hold a web address."),
            ("acme,Hall,,,", None, None),
            ("ACME ESTATES,HALL,,,", "Name", "Row 8 has the same name."),
            ("globex,Hall,,,", None, None),
            (f"acme,Barn,,,{'9' * 41}", "Postcode", "This is too long. Use at most 40 characters."),
        ),
    ),
    "contracts": (
        "Client,Reference,Title,Starts on,Ends on,Yearly value,Properties",
        (
            ("acme,,Lifts,2026-01-01,,,", "Reference", "Enter the reference."),
            ("acme,C-1,,2026-01-01,,,", "Title", "Enter the title."),
            ("acme,C-2,Lifts,soon,,,", "Starts on", "Write a day from 1970 to 2099 like 2026-11-30."),
            (
                "acme,C-3,Lifts,2026-02-01,31/1/2026,,",
                "Ends on",
                "It ends before it starts. Change one of the two days.",
            ),
            (
                "acme,C-4,Lifts,2026-01-01,,-5,",
                "Yearly value",
                "Write an amount like 1278.60, with at most two digits behind the dot.",
            ),
            ("acme,C-5,Lifts,2026-01-01,,,Alpha;Delta", "Properties", "There is no property called Delta."),
            ("acme,C-6,Lifts,2026-01-01,,,alpha; BETA", None, None),
            ("acme,c-6,Lifts,2026-01-01,,,", "Reference", "Row 8 has the same reference."),
            ("globex,C-6,Lifts,2026-01-01,,,Delta", None, None),
        ),
    ),
    "rfps": (
        "Client,Reference,Title,Answers by,Status,Properties",
        (
            ("acme,R-1,Roof,,,", "Answers by", "Enter the last day for answers."),
            (
                "acme,R-2,Roof,2026-12-05,waiting,",
                "Status",
                "Use one of: Open, Answered, Accepted, Declined, Closed.",
            ),
            ("acme,R-3,Roof,5.12.2026,ANSWERED,Entire client", None, None),
        ),
    ),
    "invoices": (
        "Client,Invoice,For,Property,Issued,Due,Net,Tax,Paid,Status",
        (
            ("acme,,Lift,,2026-01-02,2026-02-02,1,,,", "Invoice", "Enter the number of the invoice."),
            ("acme,I-1,Lift,Delta,2026-01-02,2026-02-02,1,,,", "Property", NO_PROPERTY),
            ("acme,I-2,Lift,,30.02.2026,2026-02-02,1,,,", "Issued", NO_DAY),
            ("acme,I-3,Lift,,2026-01-02,2026-01-01,1,,,", "Due", "It cannot be due before it is issued."),
            ("acme,I-4,Lift,,2026-01-02,2026-02-02,,,,", "Net", "Enter the amount without tax."),
            (
                "acme,I-5,Lift,,2026-01-02,2026-02-02,1,2,,",
                "Tax",
                "The tax is more than the amount without it.",
            ),
            ("acme,I-6,Lift,,2026-01-02,2026-02-02,1,,2,", "Paid", "More is paid than the total."),
            ("acme,I-7,Lift,,2026-01-02,2026-02-02,1,,1,draft", "Paid", "Nothing is paid on a draft."),
            (
                "acme,I-8,Lift,,2026-01-02,2026-02-02,2,,1,PAID",
                "Status",
                "It says paid, but less than the total is.",
            ),
            (
                "acme,I-9,Lift,,2026-01-02,2026-02-02,1,,,sold",
                "Status",
                "Use one of: Draft, Open, Paid, Void.",
            ),
            ("acme,I-10,Lift,,2026-01-02,2026-02-02,1,,,", None, None),
            ("globex,i-10,Lift,,2026-01-02,2026-02-02,1,,,", None, None),
            ("acme,I-10,Roof,,2026-01-02,2026-02-02,1,,,", "Invoice", "Row 12 has the same invoice."),
        ),
    ),
    "clients": (
        "Name,Short name,Website,Tax id,First name,Last name,Email,Number",
        (
            (",none,,,Ann,Le,a@new.example", "Name", "Enter the client's name."),
            ("Kirk & Co,,,,Ann,Le,a@new.example", None, None),
            ("Kirk Co,,,,Ann,Le,b@new.example", "Name", "Row 3 has the same name."),
            ("Dale,,,,,Le,c@new.example", "First name", "Enter the first name."),
            ("Moor,,,,Ann,Le,", "Email", "Enter an e-mail address."),
            ("Fell,,nowhere,,Ann,Le,d@new.example", "Website", "Enter a web address, like www.company.com."),
            (
                "Tarn,staff,,,Ann,Le,e@new.example",
                "Short name",
                "The portal itself uses the address staff. Choose another one.",
            ),
            (
                "Twice,,,,Ann,Le,f@new.example",
                "Name",
                "A client is called Twice already. To change it, give its number or short name.",
            ),
            (
                "LEFT,,,,Ann,Le,g@new.example",
                "Name",
                "A client is called LEFT already. To change it, give its number or short name.",
            ),
            ("Left,left-1,,,Ann,Le,g@new.example", "Name", "Left is marked as exited. Take that back first."),
            ("Tor,,,,Ann,Le,i@new.example,C-99999", "Number", "There is no client C-99999."),
            (
                "Beck,A B,,,Ann,Le,h@new.example",
                "Short name",
                "Use 2 to 40 small letters, digits and hyphens.",
            ),
        ),
    ),
}


WRONG["work_order_status"] = (
    "Client,Work order,Title,Status,Visit",
    (
        ("acme,,,Done,", "Work order", "Say which work order it is about, like WO-12."),
        ("acme,WO-99,,Done,", "Work order", "There is no work order WO-99."),
        # T16: a number of Acme's is nobody's at Globex.
        ("globex,WO-1,,Done,", "Work order", "There is no work order WO-1."),
        ("acme,WO-1,Roof,Done,", "Title", "WO-1 is another one: Leak."),
        (
            "acme,WO-2,,Perhaps,",
            "Status",
            "Use one of: Requested, Scheduled, In progress, Done, Cancelled.",
        ),
        ("acme,WO-3,,Scheduled,soon", "Visit", "Write a day from 1970 to 2099 like 2026-11-30."),
        ("acme,wo-3,LEAK,Done,", "Work order", "Row 7 has the same work order."),
        ("acme,4,Leak,scheduled,30/11/2026", None, None),
        ("acme,WO-5,,Scheduled,", "", "WO-5 is done already. Ask for new work instead."),
    ),
)


@pytest.fixture
def sue(on_duty, town):
    return on_duty(town.sue)


@pytest.fixture
def work(app):
    """What the clock does once: takes up whatever waits."""

    def work_once() -> None:
        with app.app_context():
            jobs.find_due()

    return work_once


@pytest.fixture
def checked(sue, work):
    """Hands a table in as Sue, with its columns as guessed; gives the address of its page."""

    def check(kind: str, content: bytes, client: str = "", **choices: str) -> str:
        parts = {"client": client} if client else {}
        answer = sent_to(sue, f"/staff/imports/new/{kind}", content, **parts)
        assert answer.status_code == 303, answer.text
        form = form_fields(sue.get(answer.location).text, "columns")
        assert sue.post(f"{answer.location}/columns", {**form, **choices}).status_code == 303
        work()
        return answer.location

    return check


@pytest.fixture
def taken_in(sue, checked, work):
    """The same, and has it written; gives what became of each row."""

    def take(kind: str, content: bytes, client: str = "", **choices: str) -> list[str]:
        page = checked(kind, content, client, **choices)
        answer = sue.post(f"{page}/start")
        assert answer.status_code == 303, report(sue, page)
        work()
        assert "Imported</h2>" in sue.get(page).text, sue.get(page).text
        return [row[2] for row in report(sue, page)]

    return take


@pytest.fixture
def clients(writing):
    """Two clients of one name, one that has left, and one without anything."""
    with writing():
        for slug, name, left in (
            ("twice-1", "Twice", None),
            ("twice-2", "Twice", None),
            ("left-1", "Left", now()),
            ("fresh", "Fresh", None),
        ):
            db.session.add(Company(slug=slug, name=name, exited_at=left))


@pytest.fixture
def orders(writing, town):
    """Five work orders that Wes asked for; the last one is done."""
    with writing():
        made = [ordered(town.wes, "Leak", town.alpha) for _ in range(5)]
        set_status(stored(made[-1]), WorkStatus.DONE, SYSTEM)


def places(slug: str) -> dict[str, str]:
    """The properties of a client: street by name."""
    query = select(Property.name, Property.street).join(Company, Company.id == Property.company_id)
    return dict(db.session.execute(query.where(Company.slug == slug)).all())


def number_of(page: str) -> int:
    return int(re.search(r"/staff/imports/(\d+)", page)[1])


def exported(sue, kind: str, client: str = "") -> str:
    answer = sue.get(f"/staff/imports/export/{kind}" + (f"?client={client}" if client else ""))
    assert answer.status_code == 200
    return answer.text


class TestEveryKind:
    def test_every_error_by_row_and_cell(self, sue, checked, clients, orders):
        """S9: the sentence of the form at its cell, also where a client is not to be told."""
        for kind, (head, rows) in WRONG.items():
            page = checked(kind, table(*(row for row, _, _ in rows), head=head))
            found = {(int(row), column): sentence for row, _, _, column, sentence, _ in report(sue, page)}
            for number, (_row, column, sentence) in enumerate(rows, 2):
                assert found.get((number, column or "")) == (sentence or ""), (kind, number)
            assert len(found) == len(rows), kind
            assert "Start the import" not in sue.get(page).text
            assert sue.post(f"{page}/start").status_code == 409, kind
            assert sue.post(f"{page}/cancel").status_code == 303, kind

    def test_the_pages(self, sue, on_duty, browser, town, checked):
        """S1, S9, T28: administrators alone; an empty table of the same columns to start from."""
        listed, tom, mia = sue.get("/staff/imports").text, on_duty(town.tom), browser(town.mia)
        for code, kind in KINDS.items():
            assert f'href="/staff/imports/new/{code}"' in listed
            shown = sue.get(f"/staff/imports/new/{code}")
            assert (shown.status_code, tom.get(f"/staff/imports/new/{code}").status_code) == (200, 403), code
            empty = next(csv.reader([sue.get(f"/staff/imports/template/{code}").text.lstrip("\ufeff")]))
            assert [name for name in empty if name not in shown.text] == [], kind
            # T75: by whatever page it comes, a file that is none gets a reason and leaves nothing.
            client = {} if code == "clients" else {"client": "acme"}
            refused = sent_to(sue, f"/staff/imports/new/{code}", b"a,b\n\0,", **client)
            assert (refused.status_code, "NUL" in refused.text) == (422, True), code
        page = checked("properties", table("Hall", head="Name"), client="acme")
        assert tom.get(page).status_code == 403
        number = number_of(page)
        for other, address in ((mia, "/acme"), (sue, "/staff/clients/acme")):
            assert other.get(f"{address}/contacts/import/{number}").status_code == 404
        assert mia.get(page).status_code == 404
        assert "Properties, Acme Estates, 1 row" in sue.get("/staff/imports").text
        wrong = sent_to(sue, "/staff/imports/new/properties", table("x", head="Name"), client="Nobody")
        assert (wrong.status_code, "There is no client called Nobody." in wrong.text) == (422, True)
        assert sent_to(sue, "/staff/imports/new/contacts", table("x")).status_code == 422
        without = sent_to(sue, "/staff/imports/new/properties", table("Hall", head="Name")).location
        form = form_fields(sue.get(without).text, "columns")
        assert "Choose which column fills Client." in sue.post(f"{without}/columns", form).text


class TestProperties:
    """C40, S9."""

    def test_into_several_clients(self, town, sue, checked, taken_in, writing, reading, browser):
        """One file, each row into its client, as the form does it there: traces, names and updates."""
        with writing():
            db.session.get_one(Property, town.alpha.id).postcode = "LS9"
        head = "Client,Building,Address,Zip"
        rows = (
            f"C-{town.acme.id},Hall,1 High St,LS1",
            f"{town.globex.name},Hall,2 Low St,",
            "acme,ALPHA,9 New St,",
        )
        content = table(*rows, head=head)
        assert taken_in("properties", content, twins="update") == ["Added", "Added", "Changed"]
        with reading():
            assert (places("acme")["Hall"], places("globex")["Hall"]) == ("1 High St", "2 Low St")
            assert places("acme")["ALPHA"] == "9 New St"
            assert db.session.get_one(Property, town.alpha.id).postcode == "LS9"
            told = select(Activity).where(Activity.what == "added the property").order_by(Activity.id)
            mine, theirs = db.session.scalars(told).all()[-2:]
            assert (mine.company_id, theirs.company_id) == (town.acme.id, town.globex.id)
            assert (mine.actor_name, mine.target_name) == (f"{town.sue.name} of Alder Services", "Hall")
            assert mine.changes == {
                "Name": ["", "Hall"],
                "Street": ["", "1 High St"],
                "Postcode": ["", "LS1"],
            }
            whole = db.session.scalars(select(Activity).where(Activity.what == "imported properties")).one()
            assert (whole.company_id, whole.changes["Added"]) == (None, ["", "2"])
        assert "Hall" in browser(town.mia).get("/acme/activity").text
        # In a file for one client, a row of another is none of it.
        other = checked("properties", table("Globex,Barn,,", "acme,Barn,,", head=head), "acme")
        assert [row[3:5] for row in report(sue, other)] == [
            ["Client", "This row is of Globex. Import it there."],
            ["", ""],
        ]
        # Once more: what is there is skipped, or is so already; there is nothing to start.
        with reading():
            before = places("acme")
        with pytest.raises(AssertionError):
            taken_in("properties", content, twins="update")
        with pytest.raises(AssertionError):
            taken_in("properties", content)
        with reading():
            assert places("acme") == before

    @settings(
        max_examples=count(4, 100),
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        st.lists(
            st.tuples(*(st.text(st.sampled_from("aß=+-@'\",; ＝é"), max_size=8) for _ in range(4))),
            min_size=1,
            max_size=6,
            unique_by=lambda row: row[0].strip().casefold(),
        )
    )
    def test_out_and_in(self, sue, taken_in, writing, reading, rows):
        """S9, T69: import(export(x)) = x, into a client that has nothing, whatever the names are."""
        with writing():
            company = Company(slug=f"new-{db.session.scalar(select(func.max(Company.id))) + 1}", name="New")
            db.session.add(company)
            db.session.flush()
            slug, other = company.slug, f"{company.slug}-2"
            db.session.add(Company(slug=other, name="Other"))
        named = [row for row in rows if row[0].strip()]
        head = ("Name", "Street", "City", "Postcode")
        if not named:
            return
        taken_in("properties", csv_text(head, named).encode(), slug)
        out = exported(sue, "properties", slug)
        assert len(list(csv.reader(io.StringIO(out)))) == len(named) + 1
        taken_in("properties", out.encode(), other)
        assert exported(sue, "properties", other) == out

    def test_over_all_clients(self, sue, taken_in, writing):
        """S9: what is exported of all clients says whose each row is, and brings back what was changed."""
        before = exported(sue, "properties")
        assert before.startswith('\ufeff"Client","Client name","Name","Street","City","Postcode"')
        with writing():
            for place in db.session.scalars(select(Property)):
                place.street, place.postcode = "Somewhere", "X"
        changed = exported(sue, "properties")
        assert "Somewhere" in changed
        again = re.sub(r'"Somewhere","([^"]*)","X"', r'"1 High St","\1","LS1"', changed)
        assert set(taken_in("properties", again.encode(), twins="update")) == {"Changed"}
        assert exported(sue, "properties") == again


class TestAgreements:
    """S9, C40: contracts and RFPs, told by their reference within the client."""

    def test_in_and_changed(self, sue, town, taken_in, browser):
        """As the form writes them; an empty cell takes nothing away."""
        head = "Reference,Title,What is agreed,Start,End,Value,Sites"
        rows = (
            'Ä-1,Lifts,Two visits,1 Jan 2026,31/12/2026,"£1,278.60",beta; Alpha',
            "C-2,Moss,,2026-03-01,,,",
        )
        assert taken_in("contracts", table(*rows, head=head), "acme") == ["Added", "Added"]
        rows = ("Ä-1,Lifts and doors,,2026-01-01,,,", "c-2,Moss,,2026-03-01,,,Gamma")
        again = table(*rows, head=head)
        assert taken_in("contracts", again, "acme", twins="update") == ["Changed", "Changed"]
        assert exported(sue, "contracts", "acme").splitlines()[1:] == [
            '"Ä-1","Lifts and doors","Two visits","2026-01-01","2026-12-31","1278.60","Alpha;Beta"',
            '"c-2","Moss","","2026-03-01","","","Gamma"',
        ]
        entire = table("C-2,Moss,,2026-03-01,,,Entire client", head=head)
        assert taken_in("contracts", entire, "acme", twins="update") == ["Changed"]
        assert '"C-2","Moss","","2026-03-01","","","Entire client"' in exported(sue, "contracts", "acme")
        page = " ".join(browser(town.mia).get("/acme/activity").text.split())
        for said in ("added the contract Moss", "changed the contract Lifts", "£1,278.60", "Entire client"):
            assert said in page

    def test_out_and_in(self, town, sue, clients, taken_in, checked, writing):
        """S9, T69: import(export(x)) = x, into a client that has nothing; where it is, it is so already."""
        with writing():
            things.contract(town.acme.id, "=Walls", summary='\'a\n; "b"', yearly_value=5, reference="@1")
            things.contract(town.acme.id, "Lifts", town.alpha.id, town.beta.id)
            things.rfp(town.acme.id, "+Roof", town.alpha.id, status="declined", scope_of_work="-1\nx")
            things.rfp(town.acme.id, "Lamps", status="answered")
            fresh = db.session.scalar(select(Company.id).where(Company.slug == "fresh"))
            for name in ("Alpha", "Beta"):
                db.session.add(Property(company_id=fresh, name=name))
        for kind in ("contracts", "rfps"):
            out = exported(sue, kind, "acme")
            assert taken_in(kind, out.encode(), "fresh") == ["Added", "Added"]
            assert exported(sue, kind, "fresh") == out
            same = checked(kind, out.encode(), "acme", twins="update")
            assert {row[4] for row in report(sue, same)} == {"It is so already."}


class TestInvoices:
    """C41, S9: as the pages do it, told apart by number."""

    HEAD = "Client,Number,Title,Property,Invoice date,Due date,Net,VAT,Amount paid,Status"

    def test_what_the_dry_run_shows(self, sue, checked, taken_in, reading):
        """S9: the client, what is left out, the sums and the first rows as they will be; tax by its rate."""
        head = "Number,Title,Invoice date,Due date,Net amount,{},Notes 2"
        rows = [f"R-{net},Lift,2 Jan 2026,2026-02-02,{net},20%,x" for net in ("1000.00", "0.33")]
        page = checked("invoices", table(*rows, head=head.format("Rate")), "acme")
        without, untaxed = (
            " ".join(sue.get(page).text.split()),
            "No column fills Tax: 2 invoices have no tax.",
        )
        for said in ("2 rows into Acme Estates", untaxed, "<dd>Rate, Notes 2</dd>"):
            assert said in without
        page = checked("invoices", table(*rows, head=head.format("VAT %")), "acme")
        shown = " ".join(sue.get(page).text.split())
        # 20 % of 1,000.00 and of 0.33, which is 0.066.
        for said in ("<dd>£1,000.33</dd>", "<dd>£200.07</dd>", "<dd>£1,200.40</dd>", "<dd>Notes 2</dd>"):
            assert said in shown
        for said in ("<b>Issued</b> 2026-01-02", "<b>Tax</b> 0.07", "Rows as they will be"):
            assert said in shown
        assert "No column fills" not in shown
        part = checked("invoices", table(rows[0].replace("20%", "0.2"), head=head.format("Tax rate")), "acme")
        assert report(sue, part)[0][3:] == ["Tax rate", "Write the tax in percent, like 20 or 17.5%.", "0.2"]
        assert "The cell says “0.2”." in sue.get(part).text
        assert taken_in("invoices", table(*rows, head=head.format("VAT %")), "acme") == ["Added"] * 2
        with reading():
            lines = db.session.scalars(select(InvoiceLine)).all()
            assert {each.tax_percent for each in lines} == {20}
        same = checked("invoices", exported(sue, "invoices", "acme").encode(), "acme", twins="update")
        shown = sue.get(same).text
        assert "Nothing to do: all 2 rows are as they are here." in shown
        assert "Ready to start" not in shown
        # What a column would have to say is said once, not on every row.
        needs = checked("clients", table("Fell", "Dale", head="Name"))
        shown = " ".join(sue.get(needs).text.split())
        assert shown.count("Enter the first name.") == 1
        assert "No column fills First name. Enter the first name." in shown

    def test_drafts_open_and_paid_ones(self, town, sue, taken_in, checked, reading, mailbox, browser):
        """A draft is hidden; paid is recorded once, later payments are added; what was seen stays."""
        rows = (
            'acme,T-1,Lift,alpha,02.01.2026,2026-02-02,"1,000.00",200,,',
            "acme,T-2,Roof,,2 Jan 2026,2026-02-02,99.99,5,,Overdue",
            "globex,T-3,Fee,,2026-01-02,2026-02-02,50,10,60,",
        )
        assert taken_in("invoices", table(*rows, head=self.HEAD)) == ["Added"] * 3
        with reading():
            found = {each.number: each for each in db.session.scalars(select(Invoice)).unique()}
            assert {
                number: (each.status, each.net, each.tax, each.paid) for number, each in found.items()
            } == {
                "T-1": ("draft", 100_000, 20_000, 0),
                "T-2": ("open", 9_999, 500, 0),
                "T-3": ("paid", 5_000, 1_000, 6_000),
            }
            assert [(line.text, line.net) for line in found["T-2"].lines] == [("Roof", 9_999)]
            assert found["T-1"].property.name == "Alpha"
            assert list(totals.invoices_add_up()) == []
        assert mailbox.letters(kind="invoice") == []
        seen = browser(town.bill).get("/acme/billing").text
        assert ("T-1" in seen, "T-2" in seen) == (False, True)
        more = (
            "acme,T-1,Lifts,alpha,02.01.2026,2026-02-02,900,,,",
            "acme,T-2,Roof,,2026-01-02,2026-02-02,99.99,5,4.99,",
        )
        assert taken_in("invoices", table(*more, head=self.HEAD), twins="update") == ["Changed"] * 2
        page = checked(
            "invoices",
            table(
                "acme,T-2,Roofs,,2026-01-02,2026-02-02,99.99,5,4.99,",
                "acme,T-3,Fee,,2026-01-02,2026-02-02,50,10,60,",
                head=self.HEAD,
            ),
            twins="update",
        )
        wrong = {row[3]: row[4] for row in report(sue, page)}
        head = self.HEAD + ",Paid on"
        cannot = (
            "acme,T-4,Lift,,2026-01-02,2026-02-02,50,-50,,,",
            "acme,T-5,Lift,,2026-01-02,2026-02-02,50,10,60,Paid,2099-12-31",
            "acme,T-6,Lift,,2026-01-02,2026-02-02,0,0,0,Open,",
        )
        page_of_these = checked("invoices", table(*cannot, head=head))
        assert [row[3:5] for row in report(sue, page_of_these)] == [
            ["Tax", "Write an amount like 1278.60, with at most two digits behind the dot."],
            ["Paid on", "This day is still to come. Write the day the money came in."],
            ["", "Invoice T-6 asks for nothing. Give it lines that cost something."],
        ]
        assert wrong == {
            "For": "T-2 was issued. What customers have seen stays as it is.",
            "Invoice": "Another client has an invoice of this number.",
        }
        with reading():
            found = {each.number: each for each in db.session.scalars(select(Invoice)).unique()}
            assert (found["T-1"].title, found["T-1"].net) == ("Lifts", 90_000)
            assert [each.amount for each in found["T-2"].payments] == [499]

    def test_out_and_in(self, town, sue, browser, checked, taken_in, writing):
        """S9, T69: import(export(x)) = x, with lines and payments as they were; gone ones come back so."""
        with writing():
            town_billing.build(town)
            for each in db.session.scalars(select(Invoice)).unique():
                each.title = f"={each.title}\", 'x"
        before = exported(sue, "invoices")
        assert "markdraft" in before
        page = checked("invoices", before.encode(), twins="update")
        assert {row[4] for row in report(sue, page)} == {"It is so already."}
        # So is what a client exports, whatever its list calls the invoices.
        theirs = browser(town.bill).get("/acme/billing/invoices.csv").data
        page = checked("invoices", theirs, "acme", twins="update")
        assert [row[4] for row in report(sue, page)] == ["It is so already."] * 5
        with writing():
            for model in (Payment, InvoiceLine, Invoice):
                db.session.execute(delete(model))
        assert set(taken_in("invoices", before.encode(), twins="update")) == {"Added"}
        in_order = lambda text: sorted(csv.reader(io.StringIO(text)))  # noqa: E731
        assert in_order(exported(sue, "invoices")) == in_order(before)


class TestClients:
    """S2, S9, P13."""

    def test_taken_on_as_by_the_form(self, sue, taken_in, writing, reading, mailbox):
        """S2, L10: client, Primary contact, admin and invitation; every row as the form makes it."""
        form = {"name": "Kirk & Co", "first_name": "Ann", "last_name": "Le", "email": "ann@kirk.example"}
        head = ",".join(each.label for each in KINDS["clients"].fields)
        row = "Dale & Co,,1 High St,Leeds,LS1,0113 496 0000,GB 1,dale.example,Ann,Le,ann@dale.example"
        assert taken_in("clients", table(row, head=head)) == ["Added"]
        assert sue.post("/staff/clients/new", form).status_code == 303
        with reading():
            dale, kirk = (
                db.session.scalars(select(Company).where(Company.slug == slug)).one()
                for slug in ("dale-co", "kirk-co")
            )
            found = (dale.street, dale.city, dale.postcode, dale.phone, dale.tax_id, dale.website)
            assert found == ("1 High St", "Leeds", "LS1", "+441134960000", "GB 1", "https://dale.example")
            assert [plainly(each) for each in people(dale)] == [plainly(each) for each in people(kirk)]
            took = select(Activity).where(Activity.what == "took on", Activity.company_id == dale.id)
            assert db.session.scalars(took).one().changes["Tax id"] == ["", "GB 1"]
        assert mailbox.links("ann@dale.example")
        row = "Kirk & Co,kirk-co,,York,,,,,Bob,Le,bob@kirk.example"
        assert taken_in("clients", table(row, head=head), twins="update") == ["Changed"]
        assert not mailbox.letters("bob@kirk.example")
        with reading():
            assert db.session.get_one(Company, kirk.id).city == "York"

    def test_out_and_in(self, sue, taken_in, checked, writing):
        """S9, T69: import(export(x)) = x; unchanged it is so already, and what was changed comes back."""
        with writing():
            for each in db.session.scalars(select(Company)):
                each.name, each.street, each.tax_id = f"={each.name}\", 'x", "+1 Low St", "-7"
                each.phone, each.website = "+442079460123", "https://a.example"
        before = exported(sue, "clients")
        page = checked("clients", before.encode(), twins="update")
        assert {row[4] for row in report(sue, page)} == {"It is so already."}
        with writing():
            for each in db.session.scalars(select(Company)):
                each.name = each.street = each.tax_id = each.phone = "Z"
        assert set(taken_in("clients", before.encode(), twins="update")) == {"Changed"}
        assert exported(sue, "clients") == before


def people(company: Company) -> list[Contact]:
    return list(db.session.scalars(select(Contact).where(Contact.company_id == company.id)).unique())


def plainly(contact: Contact) -> str:
    """Everything that hangs on a contact, as if it were Kirk's."""
    lines = re.sub(r"'company_id': \d+", "", everything(contact)).lower().replace("dale", "kirk")
    return "\n".join(sorted(lines.split("\n")))


class TestWorkOrderStatus:
    """C43, S9."""

    def test_as_by_the_form(self, town, orders, taken_in, reading, mailbox):
        """Status, visit and note as the page sets them; who asked for the work hears of it once."""
        rows = ("acme,WO-2,Scheduled,30 Nov 2026,Ring first", "acme,WO-3,Requested,,", "acme,WO-5,Done,,")
        content = table(*rows, head="Client,Work order,Status,Visit,Note")
        assert taken_in("work_order_status", content) == ["Changed", "Skipped", "Skipped"]
        with reading():
            order = db.session.scalars(select(WorkOrder).where(WorkOrder.number == 2)).one()
            assert (order.status, order.visit_on) == ("scheduled", date(2026, 11, 30))
            assert [each.text for each in order.events] == ["", "Ring first"]
            told = select(Activity).where(Activity.what == "changed the status of").order_by(Activity.id)
            last = db.session.scalars(told).all()[-1]
            assert (last.company_id, last.target_name) == (town.acme.id, "WO-2 Leak")
            assert last.changes["Status"] == ["Requested", "Scheduled"]
        assert len([each for each in mailbox.letters(town.wes.email) if "Ring first" in each.text]) == 1

    def test_out_and_in(self, sue, orders, checked, taken_in, writing):
        """S9: import(export(x)) = x of what can still change; unchanged it is so already."""
        with writing():
            for order in db.session.scalars(select(WorkOrder).where(WorkOrder.number < 4)):
                set_status(order, WorkStatus.SCHEDULED, SYSTEM, visit_on=date(2026, 12, order.number))
        out = exported(sue, "work_order_status")
        assert out.count("Leak") == 4
        page = checked("work_order_status", out.encode())
        assert {row[4] for row in report(sue, page)} == {"It is so already."}
        with writing():
            for order in db.session.scalars(select(WorkOrder).where(WorkOrder.number < 4)):
                set_status(order, WorkStatus.IN_PROGRESS, SYSTEM, visit_on=date(2027, 1, 1))
        assert taken_in("work_order_status", out.encode()) == ["Changed"] * 3 + ["Skipped"]
        assert exported(sue, "work_order_status") == out


class TestWhichClient:
    """T16: customers choose what they are called, so a name alone never leads to somebody else."""

    def test_a_name_that_another_took(self, sue, town, checked, clients, writing, reading):
        """S9: number and short name win over names; what it would touch is listed before it starts."""
        acme, globex = town.acme.id, town.globex.id
        with writing():
            db.session.get_one(Company, acme).name = "Globex"
            db.session.get_one(Company, globex).name = "Globex Group"
            gone = Company(slug="dale-1", name="Dale", exited_at=now())
            db.session.add_all([gone, Company(slug="dale-2", name="DALE")])
        rows = (
            *("Globex,Hall", f"C-{acme},Hall", "acme,Barn", "GLOBEX GROUP,Shed"),
            *("Dale,Hall", "dale-1,Hall", "dale-2,Hall"),
        )
        page = checked("properties", table(*rows, head="Client,Name"))
        assert [row[4] for row in report(sue, page)] == [
            *[""] * 4,
            "Several clients are called Dale. Use the number, like C-104.",
            "Dale is marked as exited. Take that back first.",
            "",
        ]
        with reading():
            number = db.session.scalar(select(Company.id).where(Company.slug == "dale-2"))
        listed = re.sub(r"<[^>]+>|\s+", " ", sue.get(page).text.split("3 clients</h3>")[1])
        for said in (
            f"DALE C-{number}, dale-2 1 row",
            f"Globex C-{acme}, acme 2 rows",
            f"Globex Group C-{globex}, globex 2 rows",
        ):
            assert said in " ".join(listed.split()), said

    def test_a_table_of_clients(self, sue, town, checked, taken_in, writing, reading):
        """S2: an existing client is found by number or short name alone, never by what it calls itself."""
        acme, globex = town.acme.id, town.globex.id
        with writing():
            db.session.get_one(Company, acme).name = "Kirk"
        head = "Name,Number,Short name,City"
        page = checked("clients", table("Kirk,,,York", head=head), twins="update")
        told = [row[4] for row in report(sue, page)]
        assert told == ["A client is called Kirk already. To change it, give its number or short name."]
        page = checked("clients", table(f"Kirk,C-{acme},globex,York", head=head), twins="update")
        assert [row[4] for row in report(sue, page)] == [f"C-{acme} is another one: acme."]
        rows = (f"Kirk,C-{globex},,York", "Kirk,,acme,Leeds")
        assert taken_in("clients", table(*rows, head=head), twins="update") == ["Changed"] * 2
        with reading():
            found = [db.session.get_one(Company, each).city for each in (acme, globex)]
            assert found == ["Leeds", "York"]


class TestAllOrNothing:
    ROWS = table(*(f"acme,Hall {number}" for number in range(6)), head="Client,Name")

    def test_whoever_dies_leaves_nothing(self, app, sue, checked, work, reading, monkeypatch):
        """S9, T85: killed while it writes, it is taken up again and written once, however often asked."""
        page = checked("properties", self.ROWS)
        with reading():
            before = places("acme")
        assert [sue.post(f"{page}/start").status_code for _ in "12"] == [303, 409]
        written = []

        def dying(_records, place, *_) -> bool:
            written.append(place)
            return len(written) < 4 or 1 / 0

        with monkeypatch.context() as patched:
            patched.setattr("portal.importing.properties.Properties.write", dying)
            with app.app_context(), pytest.raises(ZeroDivisionError), transaction(write=True):
                imports.write(number_of(page), KINDS["properties"].write)
        with reading():
            assert places("acme") == before
        for _ in range(2):
            work()
        with reading():
            assert len(places("acme")) == len(before) + 6

    def test_what_moves_on_meanwhile(self, town, sue, checked, work, writing, reading):
        """S9, T85: a name is taken, a client leaves: nothing is written, all is checked again."""
        page = checked("properties", self.ROWS)
        with writing():
            db.session.add(Property(company_id=town.acme.id, name="Hall 3"))
        assert sue.post(f"{page}/start").status_code == 303
        for _ in range(2):
            work()
        shown = sue.get(page).text
        assert "Row 5 came out otherwise than checked" in shown
        assert [row[2] for row in report(sue, page)].count("Skipped") == 1
        # What somebody has edited since is not written over unseen.
        beta = checked("properties", table("acme,Beta,2 New St", head="Client,Name,Street"), twins="update")
        with writing():
            db.session.get_one(Property, town.beta.id).city = "York"
        assert sue.post(f"{beta}/start").status_code == 303
        for _ in range(2):
            work()
        assert "Somebody has changed that meanwhile." in sue.get(beta).text
        with reading():
            assert places("acme")["Beta"] == ""
        with writing():
            db.session.get_one(Company, town.acme.id).exited_at = now()
        assert sue.post(f"{page}/start").status_code == 303
        for _ in range(2):
            work()
        with reading():
            assert "Hall 1" not in places("acme")
            found = db.session.get_one(Import, number_of(page))
            assert (found.state, found.errors) == ("checked", 6)

    def test_a_client_that_leaves_meanwhile(self, sue, town, checked, work, writing, reading):
        """T31, S8: what was checked neither starts nor is written once the client has left."""

        def leave(moment) -> None:
            with writing():
                db.session.get_one(Company, town.acme.id).exited_at = moment

        content = table("Zed,Le,zed@new.example,Yes", head="First name,Last name,Email,Authorize user")
        sentence = "Acme Estates is marked as exited. Take that back first."
        page = checked("contacts", content, "acme")
        for step in ("start", "columns"):
            leave(now())
            form = form_fields(sue.get(page).text, "columns") if step == "columns" else {}
            answer = sue.post(f"{page}/{step}", form)
            assert (answer.status_code, sentence in answer.text) == (409, True), step
            if step == "start":
                assert sue.post(f"{page}/columns", {"back": "1"}).status_code == 303
        for state in ("checking", "importing"):
            leave(None)
            page = checked("contacts", content, "acme")
            with writing():
                found = db.session.get_one(Import, number_of(page))
                found.state, found.position = state, found.position if state == "importing" else 0
            leave(now())
            work()
            assert sentence in sue.get(page).text, state
            with reading():
                assert db.session.get_one(Import, number_of(page)).state == "failed"
                assert db.session.scalar(select(Contact).where(Contact.email == "zed@new.example")) is None


class TestTwoAtOnce:
    """L10, T85: two real connections; what the page says is what happened."""

    def test_cancelled_while_it_is_written(self, sue, on_duty, town, checked, work, reading, monkeypatch):
        """Whoever cancels at that moment waits, and hears that it is over."""
        page, other = checked("properties", TestAllOrNothing.ROWS), on_duty(town.sue)
        assert sue.post(f"{page}/start").status_code == 303
        cancelling, asked, real = posting(other, f"{page}/cancel"), [], Properties.write

        def meanwhile(*of) -> bool:
            if not asked:
                asked.append(pool.submit(cancelling))
                wait(asked, timeout=0.3)
            return real(*of)

        with ThreadPoolExecutor(1) as pool, monkeypatch.context() as patched:
            patched.setattr(Properties, "write", meanwhile)
            work()
            answer = asked[0].result()
        assert (answer.status_code, "This import is over already." in answer.text) == (409, True)
        with reading():
            assert db.session.get_one(Import, number_of(page)).state == "done"
            assert "Hall 5" in places("acme")

    def test_two_steps(self, sue, on_duty, town, checked, monkeypatch):
        """Each step sees what the other has done: one of the two is refused."""
        windows, real = (sue, on_duty(town.sue)), queries.found
        for first, second in (("start", "start"), ("columns", "start"), ("cancel", "cancel")):
            page, both = checked("properties", TestAllOrNothing.ROWS), threading.Barrier(2)

            def found(*of, both=both, **more) -> Import | None:
                imported = real(*of, **more)
                with suppress(threading.BrokenBarrierError):
                    both.wait(0.3)
                return imported

            requests = [
                posting(window, f"{page}/{step}", {"back": "1"})
                for window, step in zip(windows, (first, second), strict=True)
            ]
            with monkeypatch.context() as patched:
                patched.setattr(queries, "found", found)
                assert sorted(at_once(*requests)) == [303, 409], (first, second)


@pytest.mark.postgresql_only
class TestLocks:
    def test_the_clients_of_the_file_are_held(self, app, town, sue, checked):
        """S9, T85: while a file is written nobody else changes the clients it is about; others are free."""
        page = checked("properties", table("acme,Hall", head="Client,Name"))
        assert sue.post(f"{page}/start").status_code == 303
        with app.app_context(), transaction(write=True), db.engine.connect() as other:
            imports.write(number_of(page), KINDS["properties"].write)
            # A row that only names its client lets others change that client.
            free = set(other.scalars(select(Company.slug).with_for_update(skip_locked=True, key_share=True)))
            assert ("globex" in free, "acme" in free) == (True, False)
