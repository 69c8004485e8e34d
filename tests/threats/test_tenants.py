"""Group B, tenants and properties: one company's people must not meet another's."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.exc import IntegrityError

from portal import jobs, visibility
from portal.extensions import db
from portal.models import ContactPermission, Letter, PropertyLink
from portal.policy import STRANGER, SYSTEM
from portal.transaction import transaction
from tests.machinery.counts import count

TOKEN = re.compile(r'(?:value|content)="[\w.\-]{60,}"|X-Request-Id.*')
PAGES = ["/acme/", "/acme/contacts", "/acme/client", "/acme/properties", "/profile"]


@pytest.mark.parametrize("who", [STRANGER, SYSTEM])
def test_without_a_company_nothing_is_seen(app, town, reading, who):
    """T25: whoever acts without a company, as a job or a stranger does, gets no row of any table."""
    models = list(visibility._VISIBLE)
    assert len(models) > 8
    with reading():
        for model in models:
            assert db.session.scalars(visibility.own(who, model)).unique().all() == [], model
            assert db.session.scalars(visibility.visible(who, model)).unique().all() == [], model


def test_a_job_for_nothing_does_nothing(app, mailbox):
    """T25: ids that are none, or were somebody's, end a job quietly."""
    with app.app_context():
        with transaction(write=False):
            before = [tuple(row) for row in db.session.execute(db.select(Letter.id, Letter.state))]
        for number in (0, -1, 2**31 - 1):
            jobs.send_letter(number)
            jobs.answer_password_request(number)
        with transaction(write=False):
            assert [tuple(row) for row in db.session.execute(db.select(Letter.id, Letter.state))] == before


def test_two_companies_through_the_same_connections(app, town, browser):
    """T26: requests of two companies mixed over few connections; each sees its own, whatever came before."""
    faces = [(browser(town.mia), "/acme/contacts", "Nora", "Gus")]
    faces += [(browser(town.stan), "/globex/contacts", "Gus", "Nora")]
    duo = browser(town.duo)
    faces += [(duo, "/globex/contacts", "Gus", "Nora"), (duo, "/acme/", "Acme", "Gus")]
    barrier, wrong = threading.Barrier(len(faces)), []

    def ask(face):
        person, path, own, foreign = face
        window = type(person)(app)
        window.client.set_cookie("gatehouse", person.cookie())
        barrier.wait()
        for number in range(count(15, 2_500)):
            answer = window.get(path, htmx=number % 2 == 1)
            if answer.status_code != 200 or own not in answer.text or foreign in answer.text:
                wrong.append((path, answer.status_code))

    with ThreadPoolExecutor(len(faces)) as pool:
        list(pool.map(ask, faces))
    assert wrong == []


def test_nothing_of_a_page_is_kept_for_the_next_reader(town, browser):
    """T27: the same address for two readers, asked alone and one after the other, byte by byte."""

    def bare(person, path: str) -> str:
        return TOKEN.sub("", person.get(path).text)

    mia, pam = browser(town.mia), browser(town.pam)
    for path in PAGES:
        alone = bare(pam, path)
        admins = bare(mia, path)
        assert bare(pam, path) == alone
        assert bare(mia, path) == admins
        assert alone != admins


def test_no_row_ties_two_companies_together(app, town, writing):
    """T29: the tables themselves refuse it, whatever a query has forgotten."""
    foreign = [
        PropertyLink(company_id=town.acme.id, contact_id=town.ava.id, property_id=town.delta.id),
        PropertyLink(company_id=town.globex.id, contact_id=town.ava.id, property_id=town.delta.id),
        ContactPermission(company_id=town.globex.id, contact_id=town.ava.id, permission="billing"),
    ]
    for row in foreign:
        with pytest.raises(IntegrityError), writing():
            db.session.add(row)
