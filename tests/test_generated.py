"""Requests made up from the portal's own forms: whatever comes, no answer is 500 or above (T76).

What test_bad_input.py throws at every address at random, this sends through every form that a page offers:
nearly right, with one or a few values that nobody foresaw.
"""

import random

import pytest

from portal.extensions import db
from tests import area_routes, forms_around, ledger
from tests.machinery.counts import count
from tests.staff_routes import ANY_IDS, STAFF
from tests.test_every_route import ROUTES

# A body that is refused in the middle leaves the file it was put aside in to be closed by the collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

# Twenty thousand, each lot on a town of its own, because many of them change it.
LOTS, LOT, PAGES = count(1, 100), count(100, 200), count(20, 1_000)
PEOPLE = ["mia", "max", "ed", "pam", "duo"]


# The forms of the fresh town are the same in every lot.
KNOWN: list[forms_around.Door] = []


@pytest.fixture
def offered(town, browser, writing, app):
    """Every form that an admin finds on every page of the portal; on some of them in `make test`."""
    app.config["RESEND_LIMIT"] = "100000 per hour"
    with writing():
        ids, _ = area_routes.things(town, db.session)
    names = {"contact": town.ava.id, "foreign_session": 1, **ids}
    paths = [route.path.format_map(names) for route in ROUTES.values() if "GET" in route.methods.split()]
    paths += [f"/acme/contacts/{who.id}" for who in (town.ann, town.vic, town.ian, town.max)]
    paths += [f"/acme/contacts/{town.vic.id}/edit", f"/acme/contacts/bulk?contacts={town.ava.id}"]
    if not KNOWN:
        some = random.Random(5).sample(paths, min(PAGES, len(paths)))
        KNOWN.extend(forms_around.doors(browser(town.mia), some))
    return KNOWN


@pytest.mark.parametrize("lot", range(LOTS))
def test_no_answer_of_500_or_above(town, browser, offered, lot):
    dice = random.Random(lot)
    assert len({door.path for door in offered if door.method == "POST"}) > count(10, 25)
    people, seen = {}, {}
    for number in range(LOT):
        if number % 100 == 0:  # what was sent may have signed somebody out, or more
            people = _signed_in(town, browser)
        person, token = people[dice.choice(list(people))]
        door = dice.choice(offered)
        answer = forms_around.send(person, token, door, dice)
        seen[answer.status_code] = seen.get(answer.status_code, 0) + 1
        assert answer.status_code < 500, (answer.status_code, lot, number, door)
        assert b"Traceback" not in answer.data
    assert {200, 403, 404} & set(seen), seen


def _signed_in(town, browser) -> dict:
    """Whoever of the people can still sign in, with a token each, and a stranger."""
    opened = {"stranger": browser()}
    for name in PEOPLE:
        one = browser()
        if one.sign_in(getattr(town, name).email).status_code == 303:
            opened[f"{name} {len(opened)}"] = one
    return {name: (one, one.token()) for name, one in opened.items()}


@pytest.mark.parametrize("lot", range(count(1, 10)))
def test_no_answer_of_500_or_above_to_staff(town, on_duty, reading, lot):
    """T76: the same through every form of the vendor's side, by an administrator and by Support."""
    with reading():
        user_id = ledger.contact(town.bill.id).portal_user_id
    names = {**ANY_IDS, "person": town.tom.id, "user": user_id}
    paths = [path.format_map(names) for path, methods, _ in STAFF.values() if "GET" in methods.split()]
    dice, opened = random.Random(lot), (on_duty(town.sue), on_duty(town.tom), on_duty())
    people = [(each, each.token()) for each in opened]
    doors = forms_around.doors(on_duty(town.sue), paths)
    doors = [door for door in doors if door.path != "/staff/sign-out"]
    assert len({door.path for door in doors if door.method == "POST"}) > 4
    for number in range(count(60, 200)):
        person, token = dice.choice(people)
        door = dice.choice(doors)
        answer = forms_around.send(person, token, door, dice)
        assert answer.status_code < 500, (answer.status_code, lot, number, door)
