"""Hostile strings in every text column, read in a real browser by an admin and by staff (T63, T68, T72).

No dialog, no request that the page did not mean, no report of the content security policy.
"""

import pytest

from portal.extensions import db
from portal.models import Contact
from tests import marking
from tests.hostile import CORPUS
from tests.machinery.counts import count
from tests.staff_routes import STAFF
from tests.test_every_route import ROUTES

pytestmark = pytest.mark.browser

# Each column holds several at once; every string has been in every column when all lots are done.
AT_ONCE = 10
LOTS = len(CORPUS) // AT_ONCE
FILES = ("export", ".csv", ".pdf", "/pdf", "documents/{document}", "photos/", "robots", "favicon", "brand")


class Hostile(marking.World):
    """Rows whose every text is a handful of the corpus, another handful in each lot."""

    lot = 0

    def mark(self, place: str) -> str:
        """Return what stands in a place such as "contact.notes"; no two of the same in one table."""
        start = (self.lot + len(self.marks)) % LOTS
        words = f"{len(self.marks):03}" + "".join(CORPUS[start::LOTS])
        self.marks[words] = place
        return words


@pytest.fixture
def infested(town, writing):
    """Writes the strings of one lot everywhere, and gives the ids of what holds them."""

    def write(lot: int) -> dict[str, int]:
        with writing():
            nora = db.session.get_one(Contact, town.nora.id)
            ids = {"property": [town.alpha.id], "contact": [town.ola.id, town.ava.id, town.nora.id]}
            world = Hostile("x", town.acme.id, ids | {"portal_user": [nora.portal_user_id or 0]})
            world.lot = lot
            marking.hide(world)
            marking.mark_company(world)
            return {name: rows[0] for name, rows in world.ids.items()}

    return write


def readable(ids: dict[str, int]) -> list[str]:
    """Every page of the portal and of the staff that is no file, about what holds the strings."""
    named = ids | {"order": ids["work_order"], "person": ids["contact"], "foreign_session": 1}
    named |= {"user": ids["portal_user"], "session": 1}
    found = [route.path for route in ROUTES.values() if "GET" in route.methods.split()]
    found += [path for path, methods, _ in STAFF.values() if "GET" in methods.split()]
    found += ["/acme/contacts/bulk?contacts={contact}", "/acme/contacts?q=img", "/acme/billing?q=%3Cimg"]
    return [path.format_map(named) for path in found if not any(part in path for part in FILES)]


@pytest.mark.parametrize("lot", range(0, LOTS, count(LOTS, 1)))
def test_stay_text(town, window, on_duty, served, infested, lot):
    paths = readable(infested(lot))[:: count(3, 1)]
    opened = window(town.mia)
    staff = {"name": "gatehouse-staff", "value": on_duty(town.sue).cookie(), "url": served}
    opened.context.add_cookies([staff])
    page, dialogs, asked = opened.page, [], []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.type), dialog.accept()))
    page.on("request", lambda request: asked.append(request.url))
    shown = 0
    for path in paths:
        answer = page.goto(path, wait_until="load")
        assert answer is not None
        assert answer.status < 500, path
        shown += "/evil/" in (page.inner_text("body") if answer.status == 200 else "")
        # Whoever leaves a form that is not saved yet is asked by the portal itself.
        assert set(dialogs) <= {"beforeunload"}, path
        strange = [url for url in asked if "evil" in url or not url.startswith(served)]
        assert strange == [], path
    assert shown > count(5, 15), shown
