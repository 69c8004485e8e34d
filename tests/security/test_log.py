"""Log lines: one JSON object an event, with the request's id, and never a secret (issue 4, T38, T71)."""

import json
import logging

import pytest
import structlog

from portal import jobs, logs
from portal.extensions import db
from portal.guards import public
from portal.models import Contact, SignInSession
from portal.transaction import transaction
from tests.machinery.counts import count
from tests.surfing import LINK
from tests.town import PASSWORD

NEW = "seven purple otters dancing"


@pytest.fixture
def written(app, monkeypatch):
    """The lines that production writes, as they come: `written()` gives them all."""
    lines: list[str] = []

    class Paper(logging.StreamHandler):
        def emit(self, record):
            lines.append(self.format(record))

    kept, level = list(logging.getLogger().handlers), logging.getLogger().level
    monkeypatch.setattr(logging, "StreamHandler", Paper)
    logs._configure(True)
    yield lambda: lines
    structlog.reset_defaults()
    logging.getLogger().handlers, logging.getLogger().level = kept, level
    logs._configure(app.config["PRODUCTION"])
    logging.getLogger().handlers = kept


def test_every_request_is_one_line_of_json(town, browser, written):
    mia = browser(town.mia)
    answers = [
        mia.get("/acme/contacts?q=secret"),
        mia.get("/nothing/here"),
        mia.post("/acme/contacts/new", {}),
        mia.post(f"/acme/contacts/{town.ava.id}/deactivate", token=False),
        mia.client.get("/sign-in", headers={"Host": "evil.example"}),
    ]
    found = [json.loads(line) for line in written()]
    by_id = {each["id"]: each for each in found if each["event"] == "request"}
    for answer in answers:
        line = by_id[answer.headers["X-Request-Id"]]
        assert line["status"] == answer.status_code
        assert line["timestamp"].endswith("Z")
        assert {"method", "rule", "ms", "level"} <= set(line)
    assert len(by_id) == sum(each["event"] == "request" for each in found)
    assert not any("q=secret" in line for line in written())


def test_what_nobody_foresaw_is_there_with_its_number(app, town, browser, written, monkeypatch):
    monkeypatch.setitem(app.view_functions, "well_known.robots", public(lambda: 1 / 0))
    answer = browser().get("/robots.txt")
    assert answer.status_code == 500
    found = [json.loads(line) for line in written()]
    broken = next(each for each in found if each["event"] == "unforeseen error")
    assert broken["level"] == "error"
    assert "ZeroDivisionError" in broken["exception"]
    assert broken["id"] == answer.headers["X-Request-Id"]
    assert answer.headers["X-Request-Id"] in answer.text


@pytest.mark.parametrize("evil", ["\r\n{}", "\x1b[31m", "\0", "\u2028", '"}\n{"event": "forged'])
def test_no_line_can_be_forged(town, browser, written, evil):
    """T71: an event is a line, and a line is one JSON object."""
    stranger = browser()
    stranger.sign_in(f"x{evil}@y.example", f"p{evil}")
    stranger.client.get("/acme/", headers={"User-Agent": evil.replace("\n", "").replace("\r", "")})
    logging.getLogger("elsewhere").warning("somebody typed %s", evil)
    for line in written():
        assert "\n" not in line
        assert "\x1b" not in line
        json.loads(line)
    assert not any(json.loads(line)["event"] == "forged" for line in written())


def test_holds_no_secret_of_a_whole_sweep(app, town, browser, mailbox, reading, written):
    """T38, B55: passwords, tokens, keys of sessions, links, addresses typed at the door."""
    secrets = {PASSWORD, NEW, "wrong-password-1", "somebody@unknown.example"}
    mia, stranger = browser(town.mia), browser()
    stranger.sign_in(town.mia.email, "wrong-password-1")
    stranger.sign_in("somebody@unknown.example", "wrong-password-1")
    stranger.post("/forgot", {"email": town.bill.email})
    mia.post(f"/acme/contacts/{town.ann.id}/resend")
    mailbox.answer_requests()
    links = [letter.link for letter in mailbox.letters() if letter.link]
    for link in links:
        secrets.add(link.rpartition("/")[2])
        stranger.get(link)
        stranger.post(link, {"new_password": NEW, "password": NEW, "accept_terms": "y"})
    mia.post("/profile/password", {"current_password": PASSWORD, "new_password": NEW})
    simple = [rule for rule in app.url_map.iter_rules() if not rule.arguments - {"company"}]
    for rule in simple[:: count(5, 1)]:
        mia.get(rule.build({"company": "acme"})[1], htmx=True)
    with app.app_context(), transaction(write=False):
        letters = list(db.session.scalars(db.text("SELECT id FROM letter")))
        secrets |= set(db.session.scalars(db.select(SignInSession.key_hash)))
        secrets.add(db.session.get_one(Contact, town.mia.id).user.password_hash)
    with app.app_context():
        jobs.send_letter(letters[0])  # nobody listens: the failure is written down
    for person in (mia, stranger):
        secrets |= {person.token(), person.cookie() or PASSWORD}
    text = "\n".join(written())
    assert len(written()) > 30
    assert [secret for secret in secrets if secret in text] == []
    assert not LINK.search(text)
    assert app.config["SECRET_KEY"] not in text
