"""The cases about forgotten passwords: B01 to B18."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

import time_machine

from portal.clock import now
from tests import ledger
from tests.machinery import smtp_sink, web
from tests.town import PASSWORD

NEW = "harbour velvet ninety owls"
OTHER = "copper lantern seven gulls"
TOKEN = re.compile(r'(?:value|content)="[\w.\-]{60,}"')


def bare(answer, address: str) -> tuple[int, str]:
    """The status, and the body without its CSRF token and the echoed address."""
    return answer.status_code, TOKEN.sub("", answer.text).replace(address, "ADDRESS")


def test_B01_unknown_address_looks_like_a_known_one(app, town, ask, mailbox, monkeypatch):
    known = bare(ask(town.mia.email), town.mia.email)
    mailbox.send_waiting()  # whatever the town still had to say
    with smtp_sink.running() as sink:
        monkeypatch.setattr(app.extensions["mail"], "port", sink.port)
        assert bare(ask("nobody@x.example"), "nobody@x.example") == known
        mailbox.send_waiting()
        assert sink.messages == []


def test_B02_one_message_with_one_link_to_the_public_address(app, town, ask, mailbox, monkeypatch):
    with smtp_sink.running() as sink:
        monkeypatch.setattr(app.extensions["mail"], "port", sink.port)
        mailbox.send_waiting()
        sink.clear()
        ask(town.mia.email)
        mailbox.send_waiting()
        mailbox.send_waiting()
        (received,) = sink.messages
    assert received.recipients == (town.mia.email,)
    assert "portal@gatehouse.example" in received.message["From"]
    for kind in ("plain", "html"):
        text = received.message.get_body((kind,)).get_content()
        found = {link for link in re.findall(r'https?://[^\s"<>]+', text) if "/reset/" in link}
        assert len(found) == 1
        assert urlsplit(found.pop())._replace(path="").geturl() == "http://localhost"


def test_B03_no_mail_names_a_host_that_a_request_brought(app, town, browser, mailbox):
    poison = [
        {"Host": "portal.example:x@evil.example"},
        {"Host": "evil.example"},
        {"X-Forwarded-Host": "evil.example"},
        {"Forwarded": "host=evil.example"},
    ]
    for headers in poison:
        stranger = browser()
        token = stranger.token()
        stranger.headers = headers
        form = {"email": town.mia.email, "csrf_token": token}
        assert stranger.post("/forgot", form, token=False).status_code in (200, 400), headers
    stranger = browser()
    form = {"email": town.mia.email, "csrf_token": stranger.token()}
    with web.process(app) as server:  # only a real server reads an absolute-form request line
        status = server.raw_form("http://evil.example/forgot", form, cookie=stranger.cookie() or "")
        assert status in (200, 400)
    mailbox.answer_requests()
    letters = mailbox.letters()
    assert len(mailbox.letters(town.mia.email, "password_reset")) >= 1
    assert not any("evil.example" in each.text + each.html + each.subject for each in letters)


def test_B04_a_changed_token_is_no_link(town, browser, reset_link, opens):
    head, token = reset_link.rsplit("/", 1)
    for at in (0, 2, len(token) // 2, len(token) - 4):
        other = "A1b2" if token[at : at + 4] != "A1b2" else "B2a1"
        bad = f"{head}/{token[:at]}{other}{token[at + 4 :]}"
        for answer in (browser().get(bad), browser().post(bad, {"new_password": NEW})):
            assert answer.status_code == 404
            assert "link is not valid" in answer.text.lower() or "no such" in answer.text.lower()
    assert opens(town.mia, PASSWORD)


def test_B06_a_used_link_is_refused(town, browser, reset_link, opens):
    assert browser().post(reset_link, {"new_password": NEW}).status_code == 303
    again = browser().get(reset_link)
    assert again.status_code == 410
    assert "already used" in again.text
    assert browser().post(reset_link, {"new_password": OTHER}).status_code == 410
    assert opens(town.mia, NEW)
    assert not opens(town.mia, OTHER)


def test_B07_a_bad_password_leaves_the_link_alone(town, browser, reset_link):
    refused = browser().post(reset_link, {"new_password": "short"})
    assert refused.status_code == 422
    assert "Use at least 12 characters." in refused.text
    assert 'name="new_password"' in refused.text
    assert browser().post(reset_link, {"new_password": NEW}).status_code == 303


def test_B09_a_changed_address_ends_the_link(town, browser, reset_link, mailbox, opens):
    mia = browser(town.mia)
    form = {"email": "mia@new.example", "current_password": PASSWORD, "contacts_follow": "y"}
    assert mia.post("/profile/email", form).status_code == 303
    assert browser().get(reset_link).status_code == 200  # asking alone changes nothing
    assert mia.post(mailbox.link("mia@new.example")).status_code == 200
    assert browser().get(reset_link).status_code == 410
    assert browser().post(reset_link, {"new_password": NEW}).status_code == 410
    assert browser().sign_in("mia@new.example").status_code == 303


def test_B11_a_second_before_and_after_its_end(app, town, browser, ask, mailbox):
    app.config["RESET_LIFE"] = timedelta(hours=0.5)
    with time_machine.travel(now(), tick=False) as clock:
        ask(town.mia.email)
        ask(town.max.email)
        clock.shift(timedelta(minutes=29, seconds=59))
        assert browser().post(mailbox.link(town.mia.email), {"new_password": NEW}).status_code == 303
        clock.shift(timedelta(seconds=2))
        for late in (
            browser().get(mailbox.link(town.max.email)),
            browser().post(mailbox.link(town.max.email), {"new_password": NEW}),
        ):
            assert late.status_code == 410
            assert "expired" in late.text


def test_B12_only_the_newest_link_lives(town, browser, ask, mailbox):
    with time_machine.travel(now(), tick=False) as clock:
        ask(town.mia.email)
        clock.shift(timedelta(minutes=1))
        ask(town.mia.email)
        first, second = mailbox.links(town.mia.email)
        assert browser().get(first).status_code == 410
        assert browser().post(first, {"new_password": NEW}).status_code == 410
        assert browser().post(second, {"new_password": NEW}).status_code == 303


def test_B14_who_may_not_sign_in_gets_no_reset_link(town, ask, mailbox):
    seen = {bare(ask("nobody@x.example"), "nobody@x.example")}
    for person in (town.ian, town.dan, town.ava, town.ann, town.exa, town.eva):
        seen.add(bare(ask(person.email), person.email))
    assert len(seen) == 1
    assert mailbox.letters(kind="password_reset") == []
    # The pending invitee got her invitation again, which obeys the rules of invitations.
    assert {letter.kind.partition("_")[0] for letter in mailbox.letters(town.ann.email)} == {"invitation"}


def test_B14_somebody_whom_staff_just_disabled(town, ask, browser, on_duty, mailbox, reading):
    """By the vendor's own door: the links of before die, too, and no new one goes out."""
    ask(town.bill.email)
    link = mailbox.link(town.bill.email)
    with reading():
        path = f"/staff/portal-users/{ledger.contact(town.bill.id).portal_user_id}"
    assert on_duty(town.tom).post(f"{path}/disable").status_code == 303
    before = len(mailbox.letters(kind="password_reset"))
    ask(town.bill.email)
    assert len(mailbox.letters(kind="password_reset")) == before
    assert browser().post(link, {"new_password": NEW}).status_code == 410
    assert on_duty(town.tom).post(f"{path}/send-reset").status_code == 409


def test_B16_every_other_browser_is_signed_out(town, browser, reset_link):
    there, here = browser(town.mia), browser()
    assert here.post(reset_link, {"new_password": NEW}).status_code == 303
    page, part = there.get("/acme/"), there.get("/acme/", htmx=True)
    assert page.status_code == 303
    assert page.location.startswith("/sign-in")
    assert part.status_code == 401
    assert part.headers["HX-Redirect"].startswith("/sign-in")
    assert here.get("/acme/").status_code == 200


def test_B18_two_addresses_in_one_request(town, browser, mailbox):
    victim, attacker = town.mia.email, town.stan.email
    stranger, before = browser(), len(mailbox.letters())
    token = stranger.token()
    forms = [
        {"email": [victim, attacker]},
        {"email[]": [victim, attacker]},
        {"email": f"{victim},{attacker}"},
        {"email": f"{victim}\r\nBcc:{attacker}"},
    ]
    for form in forms:
        answer = stranger.post("/forgot", {**form, "csrf_token": token}, token=False)
        assert answer.status_code in (200, 422), form
    raw = f"csrf_token={token}&email={victim}%0d%0aBcc:{attacker}"
    kind = "application/x-www-form-urlencoded"
    assert stranger.client.post("/forgot", data=raw, content_type=kind).status_code in (200, 400, 422)
    json = {"email": [victim, attacker]}
    assert stranger.client.post("/forgot", json=json, headers={"X-CSRFToken": token}).status_code < 500
    mailbox.answer_requests()
    sent = [letter.to for letter in mailbox.letters()[before:]]
    assert sent in ([], [victim])
