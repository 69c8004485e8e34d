"""Nothing of another company and nothing out of scope stands in any answer (P10, C44, T16, T21, T23)."""

import io
import re
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from pypdf import PdfReader

from portal.extensions import db
from portal.models import Company, Contact, ContactPermission
from tests import marking
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
}
# The staff see everything; that their side is shut to customers is swept in test_every_staff_route.
NOT_SWEPT = {"dev", "static", "staff", "sign_in", "resets", "invitations", "confirmations", "well_known"}
SEARCHES = ("zqf", "zqh")


@pytest.fixture
def marked(app, town, writing) -> SimpleNamespace:
    """The town with marks on everything of the other company and of Beta; Una may do all but administrate."""
    foreign, hidden = marking.worlds(town)
    with writing():
        for world in (foreign, hidden):
            marking.hide(world)
        stan = db.session.get_one(Contact, town.stan.id)
        marking.mark_logins(foreign, [stan.portal_user_id or 0])
        name = {"name": foreign.mark("company.name"), "street": foreign.mark("company.street")}
        db.session.execute(sa.update(Company).where(Company.id == town.globex.id).values(**name))
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


def _arguments(rule, marked) -> list[dict]:
    found: list[dict] = [{}]
    for name in sorted(rule.arguments - {"company"}):
        assert name in TABLES, f"{rule}: say in TABLES which table {name} belongs to"
        ids = [*marked.foreign.ids.get(TABLES[name], []), *marked.hidden.ids.get(TABLES[name], [])]
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
        ("mia", "f"),
        ("una", "fh"),
        ("pam", "fh"),
        ("vic", "f"),
        ("bill", "f"),
        ("rita", "f"),
        ("wes", "f"),
        ("ed", "f"),
        ("nora", "fh"),
    ],
)
def test_no_answer_holds_what_its_reader_may_not_see(app, browser, town, marked, who, letters):
    start = list(addresses(app, marked))
    # Whoever sees much also follows what the pages link to.
    most = count(320 if who in ("mia", "una") else 0, 3_000)
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


def test_every_table_of_a_company_is_marked(marked):
    """A new table with a company in it is marked by itself, or named in LEFT_OUT with a reason."""
    tables = {place.partition(".")[0] for place in marked.foreign.marks.values()}
    missing = {
        table.name
        for table in db.metadata.sorted_tables
        if "company_id" in table.c and next(marking._texts(table), None) is not None
    } - tables
    assert missing <= marking.LEFT_OUT


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
