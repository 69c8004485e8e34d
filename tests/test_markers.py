"""Nothing of another company and nothing out of scope stands in any answer (P10, C44, T16, T21, T23)."""

import io
import re
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
import time_machine
from pypdf import PdfReader

from portal import delivery, jobs, mail
from portal.actions.access import ACTIONS
from portal.clock import now
from portal.extensions import db
from portal.models import (
    TOPICS,
    Contact,
    ContactPermission,
    ContactTopic,
    Invoice,
    Letter,
    PropertyLink,
)
from tests import marking, work
from tests.machinery.counts import count

MARK = re.compile(rb"zq([fh])\d{3}q")
HREF = re.compile(r'(?:href|hx-get|src)="(/[^"#]*)"')
# Which table an argument of an address is an id of.
TABLES = {
    "contact_id": "contact",
    "property_id": "property",
    "contract_id": "contract",
    "rfp_id": "rfp",
    "document_id": "document",
    "photo_id": "document",
    "order_id": "work_order",
    "invoice_id": "invoice",
    "role_id": "role",
    "review_id": "access_review",
    "request_id": "access_request",
    "import_id": "file_import",  # seen by whoever handed it in alone: test_imports
}
# What an argument that is no id may be.
WORDS = {"move": list(ACTIONS), "what": ["keep", "deactivate", "activate", "cancel-invitation"]}
# The staff see everything; that their side is shut to customers is swept in test_every_staff_route.
NOT_SWEPT = {"dev", "static", "staff", "api", "sign_in", "resets", "invitations", "confirmations"}
NOT_SWEPT |= {"request_access", "well_known"}
SEARCHES = ("zqf", "zqh")


@pytest.fixture
def marked(app, town, writing) -> SimpleNamespace:
    """The town with marks on everything of the other company and of Beta; Una may do all but administrate."""
    with writing():
        foreign, hidden = marking.worlds(town)
        for world in (foreign, hidden):
            marking.hide(world)
        marking.mark_company(foreign)
        for word in ("billing", "reports", "work_orders", "view_client"):
            box = ContactPermission(company_id=town.acme.id, contact_id=town.una.id, permission=word)
            db.session.add(box)
    return SimpleNamespace(foreign=foreign, hidden=hidden)


def addresses(app, marked) -> Iterator[str]:
    """Every address that can be asked for with GET, with the ids of what must not be seen."""
    for rule in sorted(app.url_map.iter_rules(), key=str):
        if "GET" not in (rule.methods or ()) or rule.endpoint.partition(".")[0] in NOT_SWEPT:
            continue
        for values in _arguments(rule, marked):
            given = values | ({"company": "acme"} if "company" in rule.arguments else {})
            built = app.url_map.bind("localhost").build(rule.endpoint, given)
            yield built
            if not values and built.startswith("/acme"):
                yield built.replace("/acme", "/globex", 1)
                yield from (f"{built}?q={words}" for words in SEARCHES)


def _arguments(rule, marked, more=None) -> list[dict]:
    found: list[dict] = [{}]
    for name in sorted(rule.arguments - {"company"}):
        assert name in TABLES.keys() | WORDS.keys(), f"{rule}: say in TABLES which table {name} belongs to"
        if name not in TABLES:  # a word, not an id: what can be done
            found = [{**values, name: str(word)} for values in found for word in WORDS[name]]
            continue
        ids = [*marked.foreign.ids.get(TABLES[name], []), *marked.hidden.ids.get(TABLES[name], [])]
        ids += (more or {}).get(name, [])
        found = [{**values, name: each} for values in found for each in ids]
    return found


def seen(answer) -> set[bytes]:
    """The marks in an answer: its headers and body, and the words of a PDF."""
    body = answer.get_data()
    if body.startswith(b"%PDF") and b"startxref" in body:
        body += "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(body)).pages).encode()
    return {hit[0] for hit in MARK.finditer(str(answer.headers).encode() + body)}


def walk(person, start: list[str], most: int) -> Iterator[tuple[str, object]]:
    """Ask for the addresses, each as a page and by htmx, and then for what they link to."""
    waiting, known = list(dict.fromkeys(start)), set(start)
    most = max(most, len(waiting))
    while waiting and most:
        address, most = waiting.pop(0), most - 1
        for htmx in (False, True):
            answer = person.get(address, htmx=htmx)
            assert answer.status_code < 500, address
            yield f"{address}{' by htmx' if htmx else ''}", answer
            if answer.mimetype == "text/html":
                links = {link.replace("&amp;", "&") for link in HREF.findall(answer.text)}
                new = sorted(link for link in links - known if not link.startswith(("/static", "/dev")))
                known.update(new)
                waiting += new


def found(person, start: list[str], letters: str, marked, most: int) -> dict[str, list[str]]:
    places = marked.foreign.marks | marked.hidden.marks
    hits: dict[str, list[str]] = {}
    for address, answer in walk(person, start, most):
        wrong = {places[each.decode()] for each in seen(answer) if each[2:3].decode() in letters}
        if wrong:
            hits[address] = sorted(wrong)
    return hits


@pytest.mark.parametrize(
    ("who", "letters"),
    [
        # An admin sees all of the own company, a property manager what belongs to Alpha.
        pytest.param("mia", "f", marks=pytest.mark.long),
        ("una", "fh"),
        # Each has one right or none of those that Una has all of, so they wait for `make test-all`.
        *(pytest.param(who, "f", marks=pytest.mark.long) for who in ("vic", "bill", "rita", "wes", "ed")),
        *(pytest.param(who, "fh", marks=pytest.mark.long) for who in ("pam", "nora")),
    ],
)
def test_no_answer_holds_what_its_reader_may_not_see(app, browser, town, marked, who, letters):
    start = list(addresses(app, marked))
    # Whoever sees much also follows what the pages link to.
    most = count(60 if who in ("mia", "una") else 0, 3_000)
    assert found(browser(getattr(town, who)), start, letters, marked, most) == {}


def test_the_marks_are_seen_by_whoever_may_see_them(app, browser, town, marked):
    """Else the test above would find nothing because there is nothing."""
    for who, world in (("mia", marked.hidden), ("stan", marked.foreign)):
        slug = getattr(town, who).slug
        start = [each.replace("/acme/", f"/{slug}/", 1) for each in addresses(app, marked) if "?" not in each]
        everything: set[str] = set()
        for _address, answer in walk(browser(getattr(town, who)), start, 0):
            everything |= {each.decode() for each in seen(answer)}
        tables = {world.marks[each].partition(".")[0] for each in everything & world.marks.keys()}
        assert tables >= {"contact", "property", "contract", "rfp", "rfp_answer", "document"}
        assert tables >= {"the content of a document", "invoice", "invoice_line", "work_order", "activity"}


def test_every_column_with_text_is_marked(marked):
    """A new column or table is marked by itself, or named in SHARED or NO_CONTENT with a reason."""
    there = set(marked.foreign.marks.values())
    assert marking.content() - there == set()
    assert len(marking.content()) > 60
    # What stands at a property: all of it but the company, its roles and its logins.
    shared = {"company", "portal_user", "terms_acceptance", "sign_in_session", "login_link", "role"}
    at_property = {place for place in marking.content() if place.partition(".")[0] not in shared}
    assert at_property - set(marked.hidden.marks.values()) == set()


# What a form may ask for, without an id of anything.
FORM = {
    "text": "News",
    "title": "Lamp",
    "description": "It is dark",
    "priority": "normal",
    "reason": "Over",
    "first_name": "New",
    "last_name": "Name",
    "access": "portal",
    "email": "new@acme.example",
    "name": "New",
    "scope": "client",
    "version": "1",
    "street": "",
    "city": "",
    "postcode": "",
}
# About oneself, or it shuts every area and with it the rest of the sweep.
NOT_SENT = NOT_SWEPT | {"profile", "companies", "terms", "roles.areas"}


def posts(app, marked, more: dict[str, list[int]]) -> Iterator[str]:
    """Every address of the company that takes a form, with the ids of what is marked and of some more."""
    for rule in sorted(app.url_map.iter_rules(), key=str):
        blueprint = rule.endpoint.partition(".")[0]
        if "POST" not in (rule.methods or ()) or {rule.endpoint, blueprint} & NOT_SENT:
            continue
        for values in _arguments(rule, marked, more):
            yield app.url_map.bind("localhost").build(rule.endpoint, values | {"company": "acme"})


def written(letter: Letter) -> str:
    """Everything that a letter's reader gets: its headers, its text and its HTML."""
    words = mail.render(letter)
    headers = f"{words.sender} {words.reply_to}"
    if "@" in letter.to_email:  # else it is a mark, for whoever it stands for
        headers = delivery._compose(letter, words).as_bytes().partition(b"\r\n\r\n")[0].decode()
    return "\n".join((headers, words.subject, words.text, words.html))


@pytest.fixture
def wanted(marked, writing, town):
    """Everybody wants mail about everything; Ola at Alpha by e-mail only, somebody at Globex as well."""
    with writing():
        db.session.get_one(Contact, town.ola.id).access = "email_only"
        for person in (town.mia, town.una, town.pam, town.ola, town.bill, town.rita, town.wes, town.stan):
            contact = db.session.get_one(Contact, person.id)
            for topic in TOPICS:
                link = ContactTopic(company_id=contact.company_id, contact_id=contact.id, topic=topic)
                db.session.merge(link)
        at_alpha = work.ordered(town.wes, "Lift at Alpha", town.alpha).id
        db.session.execute(sa.update(Invoice).values(paid=0))
        return {"order_id": [at_alpha], "contact_id": [town.ann.id, town.ava.id]}


def test_no_mail_and_no_refusal_holds_what_its_reader_may_not_see(
    app, browser, town, marked, wanted, reading
):
    """T22, C44: every form is sent with the ids of what is marked, by one who may see it and one who may not.

    Then come the days on which the clock tells of overdue invoices, the month and the invitations. In no mail
    that follows does anybody read a mark of the other company, nor whoever is at Alpha one of Beta.
    """
    with reading():
        before = db.session.scalar(sa.select(sa.func.max(Letter.id))) or 0
    wrong = {}
    for person, letters in ((town.una, "fh"), (town.mia, "f")):
        sender = browser(person)
        for address in posts(app, marked, wanted):
            for htmx in (False, True):
                answer = sender.post(address, FORM, htmx=htmx)
                assert answer.status_code < 500, address
                marks = {each for each in seen(answer) if chr(each[2]) in letters}
                wrong |= {(person.name, address, htmx): marks} if marks else {}
    assert wrong == {}
    for day in ("2026-06-02", _coming_monday()):
        with time_machine.travel(f"{day} 09:00+00:00", tick=False), app.app_context():
            jobs.tell()
    # Whatever the forms have done to Beta, what stands there is not for those at Alpha.
    with reading():
        mails = list(db.session.scalars(sa.select(Letter).where(Letter.id > before)))
        kinds = {letter.kind for letter in mails}
        for letter in mails:
            hidden = letter.to_email in {town.una.email, town.pam.email, town.ola.email}
            letters = b"h" if letter.company_id == town.globex.id else b"fh" if hidden else b"f"
            marks = {hit[0] for hit in MARK.finditer(written(letter).encode()) if hit[1] in letters}
            wrong |= {(letter.kind, letter.to_email): marks} if marks else {}
        read_by = {letter.to_email for letter in mails}
    assert wrong == {}
    assert kinds >= {"work_order_news", "invoice_overdue", "month_summary", "invitation_digest", "invitation"}
    assert read_by >= {each.email for each in (town.mia, town.una, town.ola, town.stan)}


def _coming_monday() -> str:
    today = now().date()
    return str(today + timedelta(days=7 - today.weekday()))


@pytest.mark.long
def test_moved_off_a_property_it_is_gone_at_the_next_request(app, browser, town, marked, writing):
    """P12, T21, T22: every address that showed a mark of Beta shows none after the link is gone.

    Page, partial, CSV, PDF, document, picker and chart, in the browser that had them open.
    """
    with writing():
        link = PropertyLink(company_id=town.acme.id, contact_id=town.una.id, property_id=town.beta.id)
        db.session.add(link)
    una, showed = browser(town.una), {}
    for address, answer in walk(una, [each for each in addresses(app, marked) if "/globex" not in each], 0):
        if seen(answer):
            showed[address] = answer.mimetype
    kinds = {"text/html", "text/csv", "application/pdf"}
    assert set(showed.values()) >= kinds
    assert len(showed) > 40
    form = {"scope": "property", "properties": [str(town.alpha.id)]}
    assert browser(town.mia).post(f"/acme/contacts/{town.una.id}/properties", form).status_code == 303
    left = {}
    for address in showed:
        path, _, htmx = address.partition(" by ")
        answer = una.get(path, htmx=bool(htmx))
        assert answer.status_code in (200, 404), address
        left |= {address: seen(answer)} if seen(answer) else {}
    assert left == {}


def test_what_is_taken_elsewhere_answers_like_what_is_free(browser, town, marked):
    """T23: names, addresses and ids of others are no oracle."""
    person = browser(town.mia)
    taken = next(mark for mark, place in marked.foreign.marks.items() if place == "property.name")
    new = {"name": taken, "street": "", "city": "", "postcode": ""}
    assert person.post("/acme/properties/new", new).status_code == 303
    wanted = {"scope": "property", "properties": str(town.delta.id)}
    answer = person.post(f"/acme/contacts/{town.ola.id}/properties", wanted)
    assert answer.status_code == 404
    assert not seen(answer)
