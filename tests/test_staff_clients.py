"""The second door: staff in a client, through the same views as its people (behaviour S2, P11, C32)."""

import pytest

from portal.extensions import db
from tests import area_routes, ledger
from tests.staff_routes import CLIENTS

UNKNOWN = 2**31 - 1
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
        for name, method, answer in sweep(person, {**things[0], "contact": town.ola.id}):
            may = who in CLIENTS[name][2] and not (who == "tom" and method == "POST")
            if answer.status_code not in (TAKEN if may else (403,)):
                wrong[name, method] = answer.status_code
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
            mine = who in CLIENTS[name][2] and not (who == "tom" and method == "POST")
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
