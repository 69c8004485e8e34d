"""Two hundred hostile strings, each by itself in every text, read by an admin and staff (T63, T68, T72)."""

import re
from urllib.parse import quote, urlsplit

import pytest
from werkzeug.routing import Rule

from portal import doors
from tests import hostile_words, spoiling
from tests.browser.conftest import Window
from tests.machinery.counts import count
from tests.test_markers import TABLES

pytestmark = pytest.mark.browser

# So many strings at a time, each lot in a town of its own: a row in every table for each of them.
LOT = count(4, 10)
LOTS = count(1, len(hostile_words.STRINGS) // LOT)
# Every list is looked through; of the pages about one thing, each for every fifth row.
EVERY = 5
ALWAYS = re.compile(r"/static/|/(brand\.css|logo\.png|favicon\.ico|staff/settings/branding/preview\.css)$")
# On the pages of staff an argument is an id of other tables.
IDS = TABLES | {"person_id": "staff_user", "user_id": "portal_user"}
# Where what the address says stands in the page.
REFLECTED = [
    ("mia", "/acme/contacts?q={0}&sort={0}&after={0}"),
    ("sue", "/staff/portal-users?q={0}"),
    ("stranger", "/sign-in?next={0}"),
]
SEEN_BY_STAFF = ("activity.index", "contacts.index", "contacts.show")
NOT_OPENED = {"static", "dev"}

AMISS = r"""(workedOut) => {
  const made = [...document.querySelectorAll("[data-zq]")];
  const found = made.map((part) => `made ${part.outerHTML.slice(0, 80)}`);
  const own = (node) => [...node.attributes].filter(({ name }) => /^on|^(data-)?hx-on/.test(name));
  for (const part of document.querySelectorAll("*")) {
    for (const { name } of own(part)) found.push(`${part.localName} has ${name}`);
    for (const name of ["href", "src", "action", "formAction", "data", "ping"]) {
      const address = part.hasAttribute(name.toLowerCase()) ? `${part[name]}` : "";
      const plain = /^(https?|mailto|tel):|^\[object SVG/.test(address);
      if (address && !plain) found.push(`${part.localName} leads to ${address}`);
    }
  }
  const all = document.documentElement.outerHTML;
  return found.concat(workedOut.filter((words) => all.includes(words)));
}"""

NEXT = "() => document.querySelector('.foot a[rel=next]')?.getAttribute('href') ?? ''"


class Watched:
    """A window that notes whatever it does beyond showing the page it was asked for."""

    def __init__(self, window: Window) -> None:
        self.window, self.page, self.amiss = window, window.page, []
        self.asked, self.pages = "", 0
        window.context.on("request", self._request)
        window.context.on("dialog", self._dialog)

    def _request(self, request) -> None:
        parts = urlsplit(request.url)
        same = parts.netloc == urlsplit(self.page.url).netloc or self.page.url == "about:blank"
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        expected = path == self.asked or ALWAYS.match(parts.path)
        if not (same and expected and request.method == "GET"):
            self.amiss.append((self.asked, f"asked for {request.method} {request.url}"))

    def _dialog(self, dialog) -> None:
        if dialog.type == "beforeunload":  # a field of one line shows no line break: as if it were changed
            dialog.accept()
            return
        self.amiss.append((self.asked, f"said {dialog.message}"))
        dialog.dismiss()

    def look(self, path: str, *statuses: int) -> None:
        """Open a page and note what is amiss on it; none where there is no such thing."""
        if not path:
            return
        self.asked = path
        answer = self.page.goto(path)
        assert answer is not None
        assert answer.status in (statuses or (200,)), path
        self.pages += 1
        self.amiss += [(path, each) for each in self.page.evaluate(AMISS, list(hostile_words.WORKED_OUT))]

    def look_through(self, path: str) -> None:
        """Open a page, and where it is a list the pages that follow."""
        while path:
            self.look(path)
            path = self.page.evaluate(NEXT)


@pytest.fixture
def watched(window, on_duty, served, town):
    """The windows of Mia, admin of Acme, of Sue of the staff, and of a stranger, by name."""
    cookie = on_duty(town.sue).cookie()
    people = {"mia": window(town.mia), "sue": window(), "stranger": window()}
    people["sue"].context.add_cookies(
        [{"name": "gatehouse-staff", "value": cookie, "url": f"{served}/staff"}]
    )
    return {name: Watched(opened) for name, opened in people.items()}


def opened(app, ids: dict[str, int], client, *, staff: bool) -> list[Rule]:
    """Return the rules that show a page to whoever has `client`, asked for with `ids`."""
    found = []
    for rule in app.url_map.iter_rules():
        blueprint = rule.endpoint.partition(".")[0]
        if "GET" not in rule.methods or blueprint in NOT_OPENED or (blueprint == "staff") != staff:
            continue
        # Behind the staff's doors stand the customers' pages once more: those of most words are enough.
        if doors.plain(rule.endpoint) not in (rule.endpoint, *SEEN_BY_STAFF):
            continue
        path = address(app, rule, ids)
        answer = client.get(path) if path else None
        if answer is not None and answer.status_code == 200 and answer.mimetype == "text/html":
            found.append(rule)
    return found


def address(app, rule, ids: dict[str, int]) -> str:
    """Return the address of a rule with the ids of a thing, or "" where it has none of that kind."""
    values: dict[str, str | int] = {"company": "acme"} if "company" in rule.arguments else {}
    for name in rule.arguments - {"company"}:
        if IDS.get(name) not in ids:
            return ""
        values[name] = ids[IDS[name]]
    return app.url_map.bind("localhost").build(rule.endpoint, values)


@pytest.mark.parametrize("lot", range(LOTS))
def test_no_text_is_more_than_text(app, town, browser, on_duty, watched, writing, lot):
    """T63, T68, T72: 0 dialogs, 0 unexpected requests, 0 reports of the policy, nothing made."""
    first = lot * LOT
    with writing():
        spoiled = [spoiling.settle(town, first + place) for place in range(LOT)]
    shown = [
        *(("mia", rule) for rule in opened(app, spoiled[0], browser(town.mia), staff=False)),
        *(("sue", rule) for rule in opened(app, spoiled[0], on_duty(town.sue), staff=True)),
    ]
    assert len(shown) > 50
    about_one = [(who, rule) for who, rule in shown if rule.arguments - {"company"}]
    for place, ids in enumerate(spoiled):
        with writing():
            spoiling.spoil_what_there_is_one_of(town, first + place)
        for number, (who, rule) in enumerate(about_one):
            if (number + place) % EVERY == 0:
                watched[who].look(address(app, rule, ids), 200, 404, 409)
        who, path = REFLECTED[place % len(REFLECTED)]
        watched[who].look(path.format(quote(hostile_words.STRINGS[first + place].encode()[:90])), 200, 404)
        assert [amiss for each in watched.values() for amiss in each.amiss] == []
    for who, rule in shown:
        if (who, rule) not in about_one:
            watched[who].look_through(address(app, rule, spoiled[0]))
    assert [amiss for each in watched.values() for amiss in each.amiss] == []
    assert [words for each in watched.values() for words in each.window.complaints] == []
    assert sum(each.pages for each in watched.values()) > count(60, 100)
