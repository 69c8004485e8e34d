"""The second door: staff in a client, through the same views as its people (behaviour S2, P11, C32)."""

import re
from time import perf_counter

import html5lib
import pytest

from portal import claims
from portal.clock import now
from portal.extensions import db
from portal.models import Company, Contact, ContactType, Letter, ViewAs
from tests import area_routes, ledger
from tests.machinery.counts import count
from tests.staff_routes import CLIENTS, VIEW_AS
from tests.statements import counted
from tests.surfing import form_fields

UNKNOWN = 2**31 - 1
LOOK = "staff.clients.starting.start"
TAKEN = (*area_routes.TAKEN, 404)


@pytest.fixture
def things(town, writing):
    """What the paths speak of: of Acme, and the same of Globex."""
    with writing():
        return area_routes.things(town, db.session)


@pytest.fixture
def unchanged(reading):
    """Call it before and after: whatever was asked in between has changed nothing but a staff session."""

    def note():
        with reading():
            return {name: rows for name, rows in ledger.everything().items() if name != "staff_session"}

    return note


def sweep(person, ids, *, names=None, token=True):
    """Ask every page behind the door, each second time with htmx; yield name, method, answer."""
    for number, name in enumerate(names or CLIENTS):
        path, methods, _may = CLIENTS[name]
        for method in methods.split():
            htmx = (number + (method == "POST")) % 2 == 1
            address = path.format(**ids)
            ask = (
                person.get(address, htmx=htmx)
                if method == "GET"
                else person.post(address, htmx=htmx, token=token)
            )
            yield name, method, ask


class TestDoor:
    @pytest.mark.parametrize("who", ["sue", "tom"])
    def test_who_may(self, town, on_duty, things, who):
        person, wrong = on_duty(getattr(town, who)), {}
        ids = {**things[0], "contact": town.ola.id}
        for name, method, answer in sweep(person, ids):
            may = who in CLIENTS[name][2] and not (who == "tom" and method == "POST" and name != LOOK)
            if answer.status_code not in (TAKEN if may else (403,)):
                wrong[name, method] = answer.status_code
            # T62: whoever asks for the head alone gets the answer of the page.
            if (who, method, answer.status_code) == ("sue", "GET", 200):
                head = person.client.head(CLIENTS[name][0].format(**ids)).status_code
                wrong |= {(name, "HEAD"): head} if head != 200 else {}
        assert wrong == {}

    def test_nobody_else_comes_in(self, town, browser, on_duty, things, unchanged):
        """T15: whoever was never on the staff's side finds nothing there, whatever they are on the other."""
        customer, ids = on_duty(), {**things[0], "contact": town.ola.id}
        customer.client = browser(town.mia).client
        before = unchanged()
        assert {answer.status_code for _, _, answer in sweep(customer, ids)} == {404}
        assert unchanged() == before
        # And a session of the staff opens no page of the customers' own.
        answer = on_duty(town.sue).get("/acme/contacts")
        assert (answer.status_code, answer.headers["Location"][:8]) == (303, "/sign-in")

    @pytest.mark.parametrize("who", ["sue", "tom"])
    def test_another_clients_things(self, town, on_duty, things, unchanged, who):
        """P11: what belongs to Globex is not at Acme, whoever asks; Support may be told 403 first."""
        person = on_duty(getattr(town, who))
        names = [name for name in CLIENTS if "{" in CLIENTS[name][0]]
        before, wrong = unchanged(), {}
        for name, method, answer in sweep(person, {**things[1], "contact": town.gus.id}, names=names):
            mine = who in CLIENTS[name][2] and not (who == "tom" and method == "POST" and name != LOOK)
            if answer.status_code not in ((404,) if mine else (403, 404)):
                wrong[name, method] = answer.status_code
        assert wrong == {}
        assert unchanged() == before

    def test_a_form_of_another_page(self, town, on_duty, unchanged):
        """T20, T67: foreign ids in a form are not there; without the token of this side nothing is taken."""
        sue, before = on_duty(town.sue), unchanged()
        form = {"scope": "property", "properties": [str(town.delta.id)]}
        address = f"/staff/clients/acme/contacts/{town.ola.id}/properties"
        assert sue.post(address, form).status_code == 404
        assert sue.post(address, {"scope": "client"}, token=False).status_code == 400
        assert sue.get("/staff/clients/nowhere/contacts").status_code == 404
        assert unchanged() == before


NEW = {
    "name": "Kirk & Söhne",
    "first_name": "Kay",
    "last_name": "Kirk",
    "email": "kay@kirk.example",
    "form_key": "one-form",
}


class TestClients:
    """S2: the list, a new client with its first contact, its areas, its exit."""

    def test_a_new_client(self, town, on_duty, browser, mailbox, reading):
        """P13, T80: one form, one client; its contact is Primary and an admin, invited by name."""
        sue = on_duty(town.sue)
        first = sue.post("/staff/clients/new", NEW)
        again = sue.post("/staff/clients/new", NEW)
        assert first.location == again.location == "/staff/clients/kirk-sohne/client"
        page = " ".join(re.sub("<[^>]+>", " ", sue.get(first.location).text).split())
        waits = "Until the invitation is accepted, nobody of Kirk &amp; Söhne can sign in. Resend Next steps"
        assert re.search(
            "Kay Kirk was invited today, [0-9:]{5}. " + waits + " Import properties Import contacts", page
        )
        assert "has no admin who can sign in" not in page
        letter = mailbox.letters("kay@kirk.example")[-1]
        assert "Sue Marsh of Alder Services" in letter.text
        kay = browser()
        answer = kay.post(letter.link, {"password": "seven purple otters dancing", "accept_terms": "y"})
        assert answer.status_code == 303
        assert kay.get("/kirk-sohne/roles").status_code == 200
        with reading():
            made = (
                db.session.scalars(db.select(Contact).where(Contact.email == "kay@kirk.example"))
                .unique()
                .one()
            )
            assert made.is_primary
        page = kay.get("/kirk-sohne/activity").text
        assert "Sue Marsh of Alder Services took on Kirk &amp; Söhne as a client" in page
        assert len(mailbox.letters("kay@kirk.example")) == 1

    def test_support_is_told_whom_to_ask(self, town, on_duty, browser):
        """S1, P11: the administrators of the staff by name; who may look is not told that nobody may."""
        tom, sue = on_duty(town.tom), on_duty(town.sue)
        for path in ("/staff/settings", f"/staff/clients/acme/contacts/{town.bill.id}/edit"):
            answer = tom.get(path)
            assert answer.status_code == 403
            assert "Only an administrator of the staff can do this. Ask Sue Marsh." in answer.text, path
        page = tom.get(f"/staff/clients/acme/contacts/{town.bill.id}").text
        assert "Only an administrator of the staff can edit Bill." in page
        assert "View as" in page
        assert "can do this" not in page
        assert "Ask Sue" not in browser(town.bill).get("/acme/contacts/new").text
        primary = sue.get(f"/staff/clients/acme/contacts/{town.mia.id}").text
        assert '<a class="link" href="/staff/clients/acme/contacts">Choose among the contacts</a>' in primary

    def test_a_search_that_found_a_person_says_no_more(self, town, on_duty):
        """S2: one answer, not also that nothing matches."""
        tom = on_duty(town.tom)
        found = tom.get("/staff/clients?q=pam propp").text
        assert "1 person matches." in found
        assert "Nothing matches" not in found
        assert "Nothing matches" in tom.get("/staff/clients?q=zzqx").text

    def test_an_address_that_is_none(self, town, on_duty, unchanged):
        """Behaviour 2: a slug equal to a top-level path is refused; so is one that is taken or no word."""
        sue, before = on_duty(town.sue), unchanged()
        wrong = {
            "staff": "The portal itself uses",
            "acme": "Another client has",
            "A B": "small letters",
            "a": "Use 2",
        }
        for slug, sentence in wrong.items():
            answer = sue.post("/staff/clients/new", {**NEW, "slug": slug})
            assert (answer.status_code, sentence in answer.text, 'value="Kay"' in answer.text) == (
                422,
                True,
                True,
            )
        # What is made of the name is held to the same.
        assert sue.post("/staff/clients/new", {**NEW, "name": "Profile"}).status_code == 422
        assert unchanged() == before
        assert (
            sue.post("/staff/clients/new", {**NEW, "name": "Acme"}).location == "/staff/clients/acme-2/client"
        )

    def test_the_list(self, town, on_duty, writing):
        """Search by name and number; who stands there with how many of its people, and where it stands."""
        with writing():
            db.session.get_one(Company, town.globex.id).exited_at = now()
        tom = on_duty(town.tom)

        def shown(query):
            return set(re.findall(r'id="client-(\d+)"', tom.get(f"/staff/clients{query}").text))

        acme, globex = str(town.acme.id), str(town.globex.id)
        assert shown("") == shown("?q=e") == {acme, globex}
        assert shown("?q=ACME") == shown(f"?q=C-{acme}") == shown("?status=active") == {acme}
        assert shown(f"?q={globex}") == shown("?status=exited") == {globex}
        assert shown("?status=portal_off") == shown("?q=nothing") == set()
        page = " ".join(tom.get("/staff/clients").text.split())
        assert "Mia Stone" in page
        assert "15 of 22" in page
        assert "Portal users 15 of 22, nobody signed in yet" in page

    def test_the_list_knows_more_than_clients(self, town, on_duty):
        """S2, S5: people and properties that the words name are counted there, and looked up by a tap."""
        tom = on_duty(town.tom)
        expected = {
            "stone": "1 person matches.",
            "alpha": "1 person and 1 property match.",
            town.ava.email: "1 person matches.",
            "a": "4 people and 4 properties match.",
            "acme": "",
            "nobody": "",
        }
        for words, sentence in expected.items():
            for htmx in (False, True):
                page = tom.get("/staff/clients", query_string={"q": words}, htmx=htmx).text
                said = re.search(r'class="banner[^>]*>.*?<div>([^<]*)</div>', page, re.DOTALL)
                assert (said[1] if said else "") == sentence, words
                assert (f'name="sender" value="{words}"' in page) is bool(sentence)

    def test_the_list_of_many(self, app, town, on_duty, writing):
        """Issue 5: quick over 20,000 clients, whichever view and page; a bounded number of statements."""
        tom, taken = on_duty(town.tom), {}
        paths = [f"/staff/clients?status={view}" for view in ("", "active", "portal_off", "exited")]
        paths += ["/staff/clients?q=number+7", "/staff/clients?dir=desc", "/staff/clients/acme/client"]
        for number in (30, count(400, 20_000)):
            with writing():
                names = [f"Client number {each} of {number}" for each in range(number)]
                rows = [
                    {"slug": f"c-{number}-{at}", "name": name, "name_key": name.casefold()}
                    for at, name in enumerate(names)
                ]
                db.session.execute(db.insert(Company), rows)
            started = perf_counter()
            for path in paths:
                with counted(app) as sent:
                    assert tom.get(path).status_code == 200
                taken.setdefault(path, []).append(len(sent))
            spent = (perf_counter() - started) / len(paths)
        most = {path: 10 if path.endswith("client") else 8 for path in paths}
        assert [path for path, (few, many) in taken.items() if few != many or many > most[path]] == []
        assert spent < 1

    def test_exit_and_back(self, town, on_duty, browser, mailbox, reading):
        """T11, T49: out at the next request, links dead, no mail; taken back, all but the links as before."""
        sue, mia, duo = on_duty(town.sue), browser(town.mia), browser(town.duo)
        for who in (town.bill, town.duo):
            browser().post("/forgot", {"email": who.email})
        mailbox.answer_requests()
        resets = [mailbox.link(who.email) for who in (town.bill, town.duo)]
        link = mailbox.link("ann.invited@acme.example")
        assert on_duty(town.tom).post("/staff/clients/acme/exit").status_code == 403
        assert sue.post("/staff/clients/acme/exit").status_code == 303
        assert mia.get("/acme/").location.startswith("/sign-in")
        assert duo.get("/acme/").status_code == 404
        assert duo.get("/globex/").status_code == 200
        # P11: the way back to one's own, and not a word on whether there is such a company.
        own = re.compile(r'(content|value)="[^"]+"')
        gone, never = (own.sub("", duo.get(f"/{slug}/").text) for slug in ("acme", "nowhere"))
        assert gone == never
        assert "Go to Globex" in gone
        assert browser().sign_in(town.mia.email).status_code == 422
        assert browser().get(link).status_code == 410
        # T31: the reset that waits for somebody who can enter nowhere is not sent, and its link is dead.
        assert [browser().get(each).status_code for each in resets] == [410, 200]
        with reading():
            waiting = db.session.scalars(db.select(Letter).where(Letter.kind == "password_reset"))
            assert {each.to_email: claims.wanted(each) for each in waiting} == {
                town.bill.email: False,
                town.duo.email: True,
            }
        sent = len(mailbox.letters())
        # Nothing happens to it any more: not by a button that is not there, nor by one pressed before.
        page = sue.get("/staff/clients/acme/contacts").text
        assert "Resend" not in page
        assert "Add Contact" not in page
        assert sue.post(f"/staff/clients/acme/contacts/{town.exa.id}/resend").status_code == 409
        assert sue.post("/staff/clients/acme/exit").status_code == 409
        assert len(mailbox.letters()) == sent
        assert sue.post("/staff/clients/acme/take-back").status_code == 303
        assert mia.get("/acme/").location.startswith("/sign-in")
        assert browser(town.mia).get("/acme/").status_code == 200
        assert browser().get(link).status_code == 410
        page = browser(town.mia).get("/acme/activity").text
        assert "Sue Marsh of Alder Services marked Acme Estates as exited" in page
        assert "took back the exit of Acme Estates" in page

    def test_an_area_switched_off(self, town, on_duty, browser):
        """C44: gone for everybody of the client, there for the staff, and not for its admins to switch on."""
        sue, mia = on_duty(town.sue), browser(town.mia)
        rest = ["properties", "contracts", "rfps", "billing", "reports"]
        assert sue.post("/staff/clients/acme/areas", {"areas": rest}).status_code == 303
        assert mia.get("/acme/work-orders").status_code == 404
        assert mia.post("/acme/roles/areas", {"areas": [*rest, "work_orders"]}).status_code == 403
        assert sue.get("/staff/clients/acme/work-orders").status_code == 200
        assert "Areas switched off" in mia.get("/acme/activity").text


class TestMoves:
    """S2, C32: every move an admin has, by administrators of the staff; Support only its own."""

    MOVES = (  # move, whom, what Support is answered
        ("resend", "ann", 303),
        ("send-reset", "bill", 303),
        ("authorize", "eva", 403),
        ("cancel-invitation", "exa", 403),
        ("unlink", "wes", 403),
        ("deactivate", "rita", 403),
        ("activate", "ian", 403),
        ("delete", "ola", 403),
    )

    def test_each(self, town, on_duty, browser):
        """The menu has what will work and nothing else; the client reads who of the staff did it."""
        tom, sue = on_duty(town.tom), on_duty(town.sue)
        menu = tom.get("/staff/clients/acme/contacts").text
        assert set(re.findall(r"/contacts/\d+/([a-z-]+)\"", menu)) <= {"resend", "send-reset"}
        for move, whom, status in self.MOVES:
            address = f"/staff/clients/acme/contacts/{getattr(town, whom).id}/{move}"
            assert (move, tom.post(address).status_code) == (move, status)
            if status == 403:
                assert (move, sue.post(address).status_code) == (move, 303)
        assert (
            sue.post(f"/staff/clients/acme/contacts/{town.exa.id}/edit", {"access": "portal"}).status_code
            != 403
        )
        # Nobody of the staff chooses a customer's password, not even a first one (T87).
        form = ledger.new_form(
            first_name="Pat", email="pat@acme.example", initial_password="orange boats sail home"
        )
        assert sue.post("/staff/clients/acme/contacts/new", form).status_code == 403
        page = " ".join(browser(town.mia).get("/acme/activity?kind=staff").text.split())
        for said in (
            "Tom Reyes of Alder Services resent the invitation to Ann Invited",
            "Sue Marsh of Alder Services deactivated Rita Port",
            "Sue Marsh of Alder Services deleted Ola Alpha",
            "Tom Reyes of Alder Services was refused: unlink the user name of Wes Order",
        ):
            assert said in page

    def test_the_last_admin(self, town, on_duty, browser, writing, reading):
        """P8, T11: refused with the reason, then done by an administrator who says why, and only then."""
        with writing():
            for person in (town.max, town.tess, town.ted):
                db.session.get_one(Contact, person.id).deactivated_at = now()
            mia, max = (db.session.get_one(Contact, each.id) for each in (town.mia, town.max))
            mia.contact_type_id, mia.is_primary = max.contact_type_id, False
            first = db.session.get_one(Contact, town.bill.id)
            first.contact_type_id = db.session.scalar(db.select(ContactType.id).where(ContactType.is_primary))
            first.is_primary = True
        address = f"/staff/clients/acme/contacts/{town.mia.id}/deactivate"
        sue, tom = on_duty(town.sue), on_duty(town.tom)
        asked = sue.post(address, {"from": "view"})
        assert asked.status_code == 409
        assert "Acme Estates needs at least one admin. Make someone else an admin first." in asked.text
        assert form_fields(asked.text, "no-admin-form")["from"] == "view"
        in_part = sue.post(address, htmx=True)
        assert (in_part.headers["HX-Retarget"], "<html" in in_part.text) == ("#dialog", False)
        assert sue.post(address, {"no_admin_reason": "  "}).status_code == 409
        assert tom.post(address, {"no_admin_reason": "Because"}).status_code == 403
        assert browser(town.mia).get("/acme/").status_code == 200
        assert sue.post(address, {"no_admin_reason": "The last one left."}).status_code == 303
        page = " ".join(sue.get("/staff/clients/acme/activity").text.split())
        assert "Sue Marsh of Alder Services left Acme Estates without an admin" in page
        assert "The last one left." in page
        assert "has no admin who can sign in" in sue.get("/staff/clients/acme/client").text

    def test_the_last_admins_of_several(self, town, on_duty, writing):
        """P8: said in the preview and asked why at once; without a reason nothing is done."""
        with writing():
            for person in (town.tess, town.ted):
                db.session.get_one(Contact, person.id).deactivated_at = now()
        sue, address = on_duty(town.sue), "/staff/clients/acme/contacts/bulk"
        wish = {"contacts": [town.mia.id, town.max.id], "roles_how": "exactly", "permissions_how": "exactly"}
        shown = sue.post(address, {**wish, "step": "preview"}).text
        assert "Acme Estates will have no admin who can sign in" in shown
        agreed = form_fields(shown, "agree") | {"step": "confirm"}
        assert sue.post(address, agreed).status_code == 409
        done = sue.post(address, agreed | {"no_admin_reason": "Both have left."})
        assert (done.status_code, "2 changed, 0 skipped" in done.text) == (200, True)
        page = sue.get("/staff/clients/acme/activity").text
        assert "Sue Marsh of Alder Services left Acme Estates without an admin" in page
        assert "Both have left." in page
        # Nobody is asked where an admin stays.
        one = {"contacts": [town.bill.id], "permissions_how": "exactly", "step": "preview"}
        assert "no_admin_reason" not in sue.post(address, one).text


# Whole lists as files, and what is printed: nobody who only looks takes them along (T87).
FILES = {
    f"staff.view_as.{name}"
    for name in (
        *("exports.table", "exports.cards", "activity.export", "imports.report"),
        *("billing.export", "billing.pdf", "billing.statement_file", "billing.statement_table"),
        *("reports.people_table", "reports.spend_table", "reports.work_orders_table"),
    )
}


def switched_on(page):
    """What could be pressed or typed in forms that send something, but for the way out."""
    found = []
    for form in html5lib.parse(page, namespaceHTMLElements=False).iter("form"):
        if form.get("method") == "post" and form.get("action") != "/staff/stop-view-as":
            parts = [each for each in form.iter() if each.tag in ("button", "input", "select", "textarea")]
            found += [each.attrib for each in parts if each.get("type") not in ("hidden", "button")]
    return [each for each in found if "disabled" not in each]


class TestViewAs:
    """Issue 5, T87: read-only, for half an hour, with a reason, and the client reads it."""

    @pytest.fixture
    def look(self, town, on_duty):
        """Signs somebody of the staff in and starts their look through a contact's eyes."""

        def start(who, contact, reason="She cannot find the invoice."):
            person = on_duty(who)
            address = f"/staff/clients/{contact.slug}/contacts/{contact.id}/view-as"
            return person, person.post(address, {"reason": reason})

        return start

    @pytest.mark.parametrize("whose", ["mia", "bill", "pam"])
    def test_sees_what_the_contact_sees(self, town, look, browser, things, whose):
        """Rights and scope are the contact's, page for page; nothing of it can be sent."""
        seen = getattr(town, whose)
        tom, started = look(town.tom, seen)
        own, door, wrong, shown = browser(seen), f"/staff/as/{seen.id}", {}, {}
        assert started.location == f"/staff/as/{seen.id}/acme/"
        ids = {**things[0], "contact": town.ola.id, "seen_as": seen.id}
        names = [name for name, (_path, methods, _may) in VIEW_AS.items() if "GET" in methods]
        for name in names[:: 1 if whose == "pam" else 4]:
            path = VIEW_AS[name][0].format(**ids)
            page = tom.get(path)
            theirs = 403 if name in FILES else own.get(path.removeprefix(door)).status_code
            wrong |= {} if page.status_code == theirs else {path: (page.status_code, theirs)}
            shown |= {path: page.text} if page.mimetype == "text/html" and whose == "mia" else {}
        assert wrong == {}
        page = tom.get(f"/staff/as/{seen.id}/acme/").text
        assert f"You see what {seen.name} sees. Acme Estates, nothing can be changed, " in page
        assert re.search(r"changed, (29|30) min left\.", page)
        # Whatever could only be refused is switched off; looking for something is not.
        wrong = {path: on for path in shown if (on := switched_on(shown[path]))}
        assert wrong == {}
        assert "<input disabled" not in tom.get(f"/staff/as/{seen.id}/acme/properties").text
        assert not re.search(r'href="/(?!staff/|static/|brand)', page)
        assert "/profile" not in page

    def test_nothing_is_taken_along(self, town, look, things):
        """S1, T87: what Support may not download it does not get through an admin's eyes."""
        assert set(VIEW_AS) >= FILES
        for staff in (town.tom, town.sue):
            person, _ = look(staff, town.mia)
            ids, wrong = {**things[0], "contact": town.ola.id, "seen_as": town.mia.id}, {}
            for name in FILES:
                answer = person.get(VIEW_AS[name][0].format(**ids))
                said = "Stop that first, then download it as yourself." in answer.text
                wrong |= {} if (answer.status_code, said) == (403, True) else {name: answer.status_code}
            assert wrong == {}
        # One document is opened like the page it stands on.
        one = VIEW_AS["staff.view_as.documents.download"][0].format(**ids)
        assert person.get(one).status_code == 200
        for path, label in (
            *(("contacts", "Export as CSV"), ("contacts", "Export as vCard"), ("activity", "Export CSV")),
            *(
                ("billing", "Export CSV"),
                ("billing/statement", "Download PDF"),
                ("reports/people", "Export CSV"),
            ),
        ):
            page = html5lib.parse(
                person.get(f"/staff/as/{town.mia.id}/acme/{path}").text, namespaceHTMLElements=False
            )
            links = [each for each in page.iter() if each.tag in ("a", "button")]
            said = [
                each for each in links if label in (each.get("aria-label"), "".join(each.itertext()).strip())
            ]
            assert [(each.tag, "disabled" in each.attrib) for each in said] == [("button", True)], path

    def test_nothing_is_sent(self, town, look, things, unchanged):
        """403 for every form and every other method of an admin's pages, and the client reads who tried."""
        sue, _ = look(town.sue, town.mia)
        ids, wrong = {**things[0], "contact": town.ola.id, "seen_as": town.mia.id}, {}
        before = unchanged()
        for number, (name, (path, methods, _may)) in enumerate(VIEW_AS.items()):
            if "POST" in methods:
                code = sue.post(path.format(**ids), {"roles": "x"}, htmx=number % 2 == 1).status_code
                wrong |= {} if code == 403 else {name: code}
        assert wrong == {}
        assert unchanged() == before
        page = sue.get(f"/staff/as/{town.mia.id}/acme/activity?kind=refused").text
        assert "Sue Marsh of Alder Services was refused: add a contact" in page
        for path in ("profile", "profile/password", "profile/second-factor/set-up", "terms"):
            assert sue.get(f"/staff/as/{town.mia.id}/{path}").status_code == 404
            assert sue.get(f"/staff/as/{town.mia.id}/acme/{path}").status_code == 404

    def test_whom_why_and_how_long(self, town, look, browser, on_duty, writing, unchanged):
        """A look has a reason and belongs to one person and one contact, until it is over or stopped."""
        tom, refused = look(town.tom, town.bill, reason=" ")
        assert refused.status_code == 422
        assert unchanged()["view_as"] == []
        # Nobody to look through: no login, not active, of another client.
        for contact, status in ((town.ann, 409), (town.ian, 409), (town.gus, 404)):
            address = f"/staff/clients/acme/contacts/{contact.id}/view-as"
            assert tom.post(address, {"reason": "Why not"}).status_code == status
        tom, _ = look(town.tom, town.bill)
        bills = f"/staff/as/{town.bill.id}/acme/billing"
        assert tom.get(bills).status_code == 200
        assert tom.get(bills.replace("acme", "globex")).status_code == 404
        assert tom.get(bills.replace(f"/{town.bill.id}/", f"/{town.mia.id}/")).status_code == 404
        assert on_duty(town.sue).get(bills).status_code == 404
        assert browser(town.bill).get(bills).status_code == 404
        with writing():
            db.session.scalars(db.select(ViewAs)).one().expires_at = now()
        asks = f"/staff/clients/acme/contacts/{town.bill.id}/view-as"
        assert tom.get(bills).location == asks
        assert tom.post(asks, {"reason": "Once more"}).status_code == 303
        with writing():
            db.session.get_one(Contact, town.bill.id).deactivated_at = now()
        assert tom.get(bills).location == asks
        with writing():
            db.session.get_one(Contact, town.bill.id).deactivated_at = None
        assert tom.post("/staff/stop-view-as").location == f"/staff/clients/acme/contacts/{town.bill.id}"
        assert tom.get(bills).location == asks
        page = " ".join(browser(town.mia).get("/acme/activity").text.split())
        assert "Tom Reyes of Alder Services started to see the portal as Bill Ing" in page
        assert "She cannot find the invoice." in page
        assert "Tom Reyes of Alder Services stopped seeing the portal as Bill Ing" in page
