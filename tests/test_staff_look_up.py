"""Who may ask for what: an address or a number, and at once who it is and what they may ask for (S5)."""

import re
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import event

from portal.clock import now
from portal.extensions import db
from portal.models import Company, Contact, PortalUser
from portal.models.keys import refresh
from tests.statements import counted

PATH = "/staff/look-up"
NUMBER = "+442079460123"


@pytest.fixture
def ask(town, on_duty):
    """Looks somebody up as support does; gives the words of the answer below the field."""
    tom = on_duty(town.tom)

    def look(sender: str) -> str:
        answer = tom.post(PATH, {"sender": sender})
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
        "mia": ("Mia Stone Authorized Acme Estates", "Admin Access", "Every property"),
        "bill": ("Authorized Acme Estates: may ask", "For what Access Billing", "Every property"),
        "pam": ("Authorized Acme Estates: may ask", "For what View Client", "Alpha"),
        "nora": ("Authorized Acme Estates: may ask", "No permission is set"),
        "ann": ("Authorized, invited", "the invitation is not accepted yet", "For what Access Billing"),
        "eva": ("Authorized by e-mail", "cannot sign in", "No permission is set"),
        "ava": ("Not authorized", "only kept in the address book"),
        "dan": ("Not authorized", "we disabled the login"),
        "ian": ("Not authorized", "inactive there for now"),
        "rita": ("Not authorized", "deleted by the company", "Since Yesterday"),
    }
    for name, parts in expected.items():
        answer = ask(getattr(town, name).email)
        assert [part for part in parts if part not in answer] == [], (name, answer)
        assert ("For what" in answer) == ("Not authorized" not in answer), name
    assert "Beta" not in ask(town.pam.email)
    with writing():
        db.session.get_one(Company, town.globex.id).exited_at = now()
    assert "Not authorized Globex: no client of ours any more" in ask(town.stan.email)


def test_one_person_at_two_companies_and_under_another_address(town, ask, change, writing):
    """S5: for which companies; by the login's address, too."""
    change(town.duo, email="d.both@elsewhere.example")
    answer = ask("  Duo.Both@ACME.example ")
    assert "people have this address" not in answer
    assert re.search("Authorized Acme Estates: .*Access Billing.* Authorized Globex: .*Admin Access", answer)
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
        assert re.search("deleted by .* Since Today, .* by Mia Stone", ask(town.ava.email))
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
    for typed in ("", "mia", "@", "12", "a@b@c", "x" * 300, "\u202e020"):
        answer = tom.post(PATH, {"sender": typed})
        assert answer.status_code == 422, typed
        assert 'aria-invalid="true"' in answer.text
        assert f'value="{typed}"' in answer.text
    assert tom.post(PATH, {"sender": town.mia.email}).headers["Cache-Control"] == "no-store"


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
        token = tom.token()
        event.listen(engine, "before_cursor_execute", note)
        try:
            with counted(app) as statements:
                tom.post(PATH, {"sender": sender, "csrf_token": token}, token=False)
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


def _plan(statement: str, parameters) -> str:
    """How the database would do it were the table large."""
    connection = db.session.connection()
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        return "\n".join(row[3] for row in rows)
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    return "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", parameters))
