"""Who may ask for what: an address or a number, and at once who it is and what they may ask for (S5)."""

import re
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import event

from portal.clock import now
from portal.extensions import db
from portal.models import Company, Contact, ContactPermission, PortalUser, Property, PropertyLink
from portal.models.keys import refresh
from tests.statements import counted

PATH = "/staff/look-up"
NUMBER = "+442079460123"


@pytest.fixture
def ask(town, on_duty):
    """Looks somebody up as support does; gives the words of the answer below the field."""
    tom = on_duty(town.tom)

    def look(sender: str) -> str:
        answer = tom.post(PATH, {"sender": sender}, follow_redirects=True)
        assert answer.status_code == 200, sender
        below = answer.text.split("<main")[1].split("</main>")[0].partition("</form>")[2]
        return " ".join(re.sub("<[^>]+>", " ", below).split()).replace(" @", "@")

    return look


@pytest.fixture
def change(writing):
    """Changes a contact behind the portal's back."""

    def set_facts(person, **facts) -> None:
        with writing():
            contact = db.session.get_one(Contact, person.id)
            for name, value in facts.items():
                setattr(contact, name, value)
            refresh(contact)

    return set_facts


def test_everybody_in_town_by_address(town, ask, writing, change):
    """S5, behaviour 1: authorized by portal, by e-mail only, or not, and why not; for what and where."""
    change(town.rita, deleted_at=now() - timedelta(days=1), portal_user_id=None, access="none")
    expected = {
        "mia": (
            "Mia Stone, Acme Estates Authorized May ask for work: yes, at every property May ask by e-mail",
            "Admin Access",
            "Every property",
        ),
        "bill": ("Authorized May ask for work: no May ask", "For what Access Billing", "Every property"),
        "pam": ("Authorized May ask for work: no May ask", "For what View Client", "Alpha"),
        "nora": ("Authorized May ask for work: no May ask", "No permission is set"),
        "ann": (
            "Authorized, invited",
            "at once; in the portal once the invitation is accepted",
            "For what Access Billing",
        ),
        "eva": ("Authorized by e-mail", "cannot sign in", "No permission is set"),
        "ava": ("Not authorized May ask for work: no Only kept in the address book"),
        "dan": ("Not authorized", "We disabled the login"),
        "ian": ("Not authorized", "Inactive there for now"),
        "rita": ("Not authorized", "Deleted there", "Since Yesterday"),
    }
    for name, parts in expected.items():
        answer = ask(getattr(town, name).email)
        assert [part for part in parts if part not in answer] == [], (name, answer)
        assert ("For what" in answer) == ("Not authorized" not in answer), name
    assert "Beta" not in ask(town.pam.email)
    with writing():
        db.session.get_one(Company, town.globex.id).exited_at = now()
    assert "Not authorized May ask for work: no No client of ours any more. Take no order" in ask(
        town.stan.email
    )


def test_one_person_at_two_companies_and_under_another_address(town, ask, change, writing):
    """S5: for which companies; by the login's address, too."""
    change(town.duo, email="d.both@elsewhere.example")
    answer = ask("  Duo.Both@ACME.example ")
    assert "people have this address" not in answer
    assert re.search("Acme Estates Authorized .*Access Billing.*, Globex Authorized .*Admin Access", answer)
    assert "Acme Estates" in ask("Duo B <d.both@elsewhere.example>")
    with writing():
        user = db.session.scalars(db.select(PortalUser).where(PortalUser.email == "duo.both@acme.example"))
        user.one().closed_at = now()
    assert "Nobody is known here" in ask("duo.both@acme.example")


def test_a_number_in_every_usual_writing(town, ask, change):
    """S5, C12: several people with one number are all shown, the authorized first."""
    change(town.eva, phone=NUMBER)
    change(town.ava, mobile=NUMBER)
    change(town.gus, phone="+49301234567")
    for typed in ("020 7946 0123", "+44 20 7946 0123", "0044 (0)20-7946 0123", "(020) 7946.0123", NUMBER):
        answer = ask(typed)
        assert "2 people have this number. Ask for the name." in answer
        assert answer.index("Eva Mail") < answer.index("Ava Address"), typed
        assert "Gus" not in answer
    assert "Gus Globe" in ask("tel:+49-30-1234567")


def test_a_foreign_number_as_it_is_dialled_there(town, ask, change):
    """S5: without its country code it is a guess, and only where nobody at home has it."""
    change(town.gus, phone="+4930901820")
    for typed in ("030 901820", "(030) 90-18-20", "30901820"):
        answer = ask(typed)
        assert "Perhaps. Nobody has the number" in answer, typed
        assert "Gus Globe, Globex Authorized by e-mail" in answer
    for typed in ("030 901821", "+44 30 901820", "0044 30 901820", "0901820"):
        assert "Nobody is known here" in ask(typed), typed
    change(town.eva, phone=NUMBER)
    change(town.gus, phone="+492079460123")
    answer = ask("020 7946 0123")
    assert "Eva Mail" in answer
    assert "Gus" not in answer
    assert "Perhaps" not in answer


def test_a_name_over_all_clients(town, ask, change):
    """S5: by how the first or the last name begins, in either order, else by any part of name or address."""
    said = "in the portal. For what Admin"
    for typed in ("Mia", "mia st", "STONE", "Stone, Mia", "Stöne mia", "ton", "mia.stone", " Mia  Stone "):
        answer = ask(typed)
        assert said in answer, typed
        assert "people match" not in answer
    change(town.eva, last_name="Mia")
    assert "Eva Mia" in ask("mia")
    change(town.ola, last_name="李")
    assert "Ola 李" in ask("李")
    # A first name cut short before the last one, also where somebody is called just so.
    change(town.eva, first_name="Mi", last_name="Stoneham")
    answer = ask("mi stone")
    assert "Mi Stoneham" in answer
    assert said in answer
    assert f"Globex C-{town.globex.id} Active" in ask(f"c-{town.globex.id}")
    answer = ask("both")
    assert re.search("Acme Estates Authorized .*Access Billing.*, Globex Authorized .*Admin Access", answer)
    many = ask("acme")
    assert "20 people match. Ask for the company or the e-mail address." in many
    assert many.count("Known as") == 20
    assert "There are more. Only the first are shown." in many
    answer = ask("Nobody Atall")
    assert "No contact, property or client is called “Nobody Atall”." in answer
    assert "Please ask an admin of your company to authorize you." in answer


def test_who_may_ask_for_work_at_a_property(town, ask, change, writing):
    """S5, C44, P1, P9: whoever holds work orders or admin, there or at client level, and may deal with us."""
    with writing():
        place = db.session.get_one(Property, town.gamma.id)
        place.name, place.street, place.city = "Kirkgate Court", "12 Kirkgate", "Leeds"
        db.session.add(Property(company_id=town.globex.id, name="Kirkgate Court East"))
        mine = {"company_id": town.acme.id, "contact_id": town.pam.id}
        db.session.add(ContactPermission(**mine, permission="work_orders"))
        db.session.add(ContactPermission(**mine | {"contact_id": town.ava.id}, permission="work_orders"))
        db.session.add(ContactPermission(**mine | {"contact_id": town.eva.id}, permission="work_orders"))
    change(town.wes, phone=NUMBER)
    admins = {"Mia Stone", "Max Reed", "Tess Change", "Ted Terms"}
    for typed in ("Kirkgate Court", "kirkgate court, leeds", "12 kirkgate"):
        answer = ask(typed)
        assert ("Kirkgate Court East" in answer) == (typed == "Kirkgate Court")
        assert "Kirkgate Court Property Kirkgate Court Acme Estates: 12 Kirkgate, Leeds" in answer, typed
        below = answer.partition("Who may ask for work there")[2]
        assert set(re.findall("[A-Z][a-z]+ [A-Z][a-z]+", below)) >= admins | {"Wes Order", "Eva Mail"}
        for nobody in ("Pam", "Ava", "Bill", "Dan", "Ian", "Ann", "Vic", "Stan"):
            assert nobody not in below, (typed, nobody)
        assert "wes.order@acme.example Work orders 020 7946 0123" in below
    answer = ask("Alpha")
    assert "Ola Alpha" in answer
    assert "Pam Propp pam.propp@acme.example Work orders View client" in answer
    assert "Who may ask for work there" in ask("delta")
    with writing():
        db.session.get_one(Company, town.globex.id).exited_at = now()
    answer = ask("delta")
    assert "No client of ours any more. Take no order." in answer
    assert "Stan" not in answer
    assert f"Globex C-{town.globex.id} Exited" in ask("globex")


def test_what_is_done_about_it_right_there(town, on_duty, writing):
    """S1, S5, L1: Ann left, Bob cannot get in; only what will work, and for Support only what it may."""
    login, off, left = ["Send password reset", "Disable login"], ["Disable login"], ["Deactivate", "Delete"]
    expected = {
        "sue": {"bill": [login[0], *left, *off], "ann": ["Resend", "Delete"], "ian": ["Activate", *off]},
        "tom": {"bill": login, "ann": ["Resend"], "ian": off, "ava": [], "dan": []},
    }
    for who, whom in expected.items():
        person = on_duty(getattr(town, who))
        for name, labels in whom.items():
            page = person.post(PATH, {"sender": getattr(town, name).email}, follow_redirects=True).text
            shown = re.findall(
                r"<span>([^<]+)</span></(?:a|button)>", page.partition('class="facts"')[2].split("</main>")[0]
            )
            assert [each for each in shown if each not in ("Contact", "Login")] == labels, (who, name)
    sue = on_duty(town.sue)
    page = sue.post(PATH, {"sender": town.bill.email}, follow_redirects=True).text
    action = f"/staff/clients/acme/contacts/{town.bill.id}/deactivate"
    assert f'action="{action}"' in page
    assert f'hx-get="/staff/clients/acme/contacts/{town.bill.id}/delete?from=view"' in page
    done = sue.post(action, {"from": "view"})
    assert done.location == f"/staff/clients/acme/contacts/{town.bill.id}"
    assert "Undo" in sue.get(done.location).text
    with writing():
        db.session.get_one(Company, town.acme.id).exited_at = now()
    assert "Resend" not in sue.post(PATH, {"sender": town.ann.email}, follow_redirects=True).text


def test_whether_and_where_somebody_may_ask_for_work(town, ask, writing, on_duty):
    """S5, P1, C21: yes or no first, and at which properties; invited and by e-mail only count, too."""
    assert "May ask for work: yes, at every property" in ask(town.wes.email)
    with writing():
        for person in (town.pam, town.eva, town.ann, town.ava, town.ian, town.dan):
            mine = {"company_id": town.acme.id, "contact_id": person.id}
            db.session.add(ContactPermission(**mine, permission="work_orders"))
        names = ("Kirkgate Court", "Leeds Yard", "Mill Lane")
        for name, place in zip(names, (town.alpha, town.beta, town.gamma), strict=True):
            db.session.get_one(Property, place.id).name = name
            pam = db.session.get_one(Contact, town.pam.id)
            if place.id not in {link.property_id for link in pam.property_links}:
                facts = {"company_id": town.acme.id, "contact_id": pam.id, "property_id": place.id}
                db.session.add(PropertyLink(**facts))
    assert "May ask for work: yes, at Kirkgate Court and 2 more" in ask(town.pam.email)
    with writing():
        db.session.get_one(Property, town.alpha.id).archived_at = now()
        for link in db.session.get_one(Contact, town.pam.id).property_links[2:]:
            db.session.delete(link)
    for name in ("ann", "eva"):
        assert "May ask for work: yes, at every property May ask by" in ask(getattr(town, name).email), name
    for name in ("ava", "ian", "dan"):
        assert "May ask for work: no " in ask(getattr(town, name).email), name
    below = ask("Mill Lane").partition("Who may ask for work there")[2]
    assert re.search(
        "Ann .*May ask by e-mail and by phone; has not accepted the invitation yet .*Pending", below
    )
    with writing():
        for link in db.session.get_one(Contact, town.pam.id).property_links:
            db.session.delete(link)
    assert "May ask for work: no, because no property is linked" in ask(town.pam.email)


def test_a_primary_contact_who_left(town, ask, on_duty):
    """P13: the look-up says why nothing can be done about it, and leads to where another one is chosen."""
    sue = on_duty(town.sue)
    page = sue.post(PATH, {"sender": town.mia.email}, follow_redirects=True).text
    assert "is the Primary contact. Choose another Primary contact first." in page
    assert '<a class="link" href="/staff/clients/acme/contacts">Choose among the contacts</a>' in page
    assert "Primary contact first" not in ask(town.mia.email)
    assert "Primary contact first" not in ask(town.max.email)


def test_since_when_and_by_whom(town, ask, browser):
    """S5: as the activity tells it; who is there again is not shown as deleted."""
    mia = browser(town.mia)
    with time_machine.travel(now(), tick=False):
        mia.post(f"/acme/contacts/{town.ava.id}/authorize")
        assert "Since Today" in ask(town.ava.email)
        assert "by Mia Stone" in ask(town.ava.email)
        mia.post(f"/acme/contacts/{town.ava.id}/cancel-invitation")
        assert re.search("Not authorized .* Since Today, .* by Mia Stone", ask(town.ava.email))
        mia.post(f"/acme/contacts/{town.ava.id}/delete")
        assert re.search("Deleted there.* Since Today, .* by Mia Stone", ask(town.ava.email))
        form = {"first_name": "Ava", "last_name": "Again", "email": town.ava.email, "access": "email_only"}
        assert mia.post("/acme/contacts/new", form).status_code == 303
    answer = ask(town.ava.email)
    assert "Ava Again" in answer
    assert "deleted" not in answer


def test_an_unknown_sender(town, ask, change, writing):
    """S5: what to say, and which company it may be; a mail provider's domain tells nothing."""
    answer = ask("new.person@acme.example")
    assert "Nobody is known here" in answer
    assert "Please ask an admin of your company to authorize you." in answer
    assert "Acme Estates Can authorize: Max Reed, Mia Stone or Ted Terms" in answer
    assert "Globex" not in answer
    with writing():
        db.session.get_one(Company, town.globex.id).phone = NUMBER
    assert "Globex Can authorize: Duo Both or Stan Ley" in ask("020 7946 0123")
    with writing():
        kind = db.session.get_one(Contact, town.ava.id).contact_type_id
        for number in range(4):
            company = Company(slug=f"client-{number}", name=f"Client {number}")
            db.session.add(company)
            db.session.flush()
            address = f"{number}@free.example"
            contact = Contact(company_id=company.id, first_name="F", last_name="Ree", contact_type_id=kind)
            contact.email = address
            refresh(contact)
            db.session.add(contact)
    assert "Client 0" not in ask("stranger@free.example")
    assert "Can authorize" not in ask("stranger@free.example")


def test_what_was_typed_stands_in_no_address(town, on_duty):
    """T38 of addresses: they stay out of histories and logs; wrong ones are kept in the field (C16)."""
    tom = on_duty(town.tom)
    assert "Mia Stone" not in tom.get(f"{PATH}?sender={town.mia.email}").text
    for typed in ("", "m", "@", "mia@", "a@b@c", "x" * 300, "\u202e020", "++"):
        answer = tom.post(PATH, {"sender": typed})
        assert answer.status_code == 422, typed
        assert 'aria-invalid="true"' in answer.text
        assert f'value="{typed}"' in answer.text
    sent = tom.post(PATH, {"sender": town.mia.email})
    assert (sent.status_code, "mia" in sent.location.lower()) == (303, False)
    began, pages = now(), {}
    for minutes in (10, 20, 30, 40, 50, 59, 61):
        with time_machine.travel(began + timedelta(minutes=minutes), tick=False):
            pages[minutes] = tom.get(sent.location)
    again, lost = pages[59], "This answer is an hour old or somebody else"
    assert "Mia Stone, Acme Estates" in again.text
    assert f'value="{town.mia.email}"' in again.text
    assert again.headers["Cache-Control"] == "no-store"
    sue = on_duty(town.sue)
    assert lost in pages[61].text
    assert "Mia Stone" not in sue.get(sent.location).text
    assert lost in sue.get(sent.location).text
    assert lost in tom.get(f"{PATH}?asked=made-up").text


def test_the_indexes_find_them(app, town, on_duty, change, writing):
    """S5: nine statements however many people are found, and every contact by an index."""
    for name in ("eva", "ava", "bill", "mia", "pam"):
        change(getattr(town, name), phone=NUMBER)
    tom, sent = on_duty(town.tom), []

    def note(_connection, _cursor, statement, parameters, _context, _many) -> None:
        sent.append((statement, parameters))

    with app.app_context():
        engine = db.engine
    for sender in (NUMBER, town.mia.email, "nobody@acme.example"):
        sent.clear()
        there = tom.post(PATH, {"sender": sender}).location
        event.listen(engine, "before_cursor_execute", note)
        try:
            with counted(app) as statements:
                tom.get(there)
        finally:
            event.remove(engine, "before_cursor_execute", note)
        assert len(statements) <= 9, statements
        found = [each for each in sent if "FROM contact" in each[0] and "UNION" in each[0]]
        assert "email_key" in found[0][0] or "mobile" in found[0][0]
        with writing():
            plans = [_plan(*each) for each in found]
        wanted = {"mobile": "ix_contact_by_mobile", "email_domain =": "ix_contact_by_domain"}
        for (statement, _parameters), plan in zip(found, plans, strict=True):
            names = [index for part, index in wanted.items() if part in statement.split("WHERE", 1)[1]]
            assert (names or ["ix_contact_by_email"])[0] in plan, plan


def test_the_indexes_find_a_name(app, town, on_duty, change, writing):
    """S5: a bounded number of statements whatever the words name, and the names by their indexes."""
    for name in ("eva", "ava", "bill", "pam"):
        change(getattr(town, name), last_name="Stone")
    tom, sent = on_duty(town.tom), []

    def note(_connection, _cursor, statement, parameters, _context, _many) -> None:
        sent.append((statement, parameters))

    with app.app_context():
        engine = db.engine
    for words in ("stone", "mia stone", "alpha"):
        sent.clear()
        there = tom.post(PATH, {"sender": words}).location
        event.listen(engine, "before_cursor_execute", note)
        try:
            with counted(app) as statements:
                tom.get(there)
        finally:
            event.remove(engine, "before_cursor_execute", note)
        assert len(statements) <= 16, statements
        (found,) = [each for each in sent if "turned_key" in each[0].partition("WHERE")[2]]
        with writing():
            plan = _plan(*found)
        assert "ix_contact_by_any_name" in plan, plan
        assert "ix_contact_by_turned_name" in plan, plan


def _plan(statement: str, parameters) -> str:
    """How the database would do it were the table large."""
    connection = db.session.connection()
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        return "\n".join(row[3] for row in rows)
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    return "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", parameters))
