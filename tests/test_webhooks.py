"""Webhooks: told of what was committed, once, signed, again after failures, never inside."""

import base64
import hashlib
import hmac
import json
import socket
import ssl
import threading
from ipaddress import ip_address
from pathlib import Path

import pytest
import trustme
from sqlalchemy import select, update

from portal import jobs, outside, webhook_delivery, webhooks
from portal.clock import now
from portal.extensions import db
from portal.models import Activity, HookDelivery, Webhook
from portal.outside import NotReached
from tests import ledger
from tests.machinery.receiver import receiving

PAGE = "/staff/api/webhooks"
EVERYTHING = [
    *("contact.created", "contact.changed", "contact.deactivated", "contact.activated", "contact.deleted"),
    *("access.changed", "company.changed", "property.changed"),
]


@pytest.fixture
def receiver():
    """A system that is called."""
    with receiving() as kept:
        yield kept


@pytest.fixture
def hook(app, town, on_duty, reading):
    """Adds a webhook as an administrator; gives back her browser, its id and its secret."""
    sue = on_duty(town.sue)

    def add(url, events=EVERYTHING):
        page = sue.post(f"{PAGE}/new", {"url": url, "events": list(events)})
        assert page.status_code == 200, page.text
        with reading():
            hook_id = db.session.scalars(select(Webhook.id).order_by(Webhook.id.desc())).first()
        return sue, hook_id, page.text.split("<code>")[1].split("</code>")[0]

    return add


@pytest.fixture
def deliver(app, writing):
    """Does what the clock does about all that waits, as if every pause were over."""

    def run():
        with writing():
            db.session.execute(update(HookDelivery).values(due_at=now()))
            db.session.execute(update(Webhook).values(resting_until=None))
        with app.app_context():
            jobs.find_due()

    return run


def log(reading):
    """Every delivery: event, state, attempts, status, answer."""
    with reading():
        rows = db.session.scalars(select(HookDelivery).order_by(HookDelivery.id))
        return [(row.event, row.state, row.attempts, row.status, row.answer) for row in rows]


def signed(secret, request) -> bool:
    """Whether one of the request's signatures is made with `secret`, as Standard Webhooks says."""
    head = {name.casefold(): value for name, value in request.headers.items()}
    content = f"{head['webhook-id']}.{head['webhook-timestamp']}.".encode() + request.body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mark = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return f"v1,{mark}" in head["webhook-signature"].split()


class TestTelling:
    def test_from_a_change_to_the_log(self, town, browser, hook, receiver, deliver, reading, mailbox):
        """L10: written with the change, sent after it: ids, event, time and address, and nobody's data."""
        sue, hook_id, secret = hook(receiver.url("/hooks?from=portal"))
        mia = browser(town.mia)
        assert mia.post(f"/acme/contacts/{town.bill.id}/deactivate").status_code == 303
        assert mia.post(f"/acme/contacts/{town.bill.id}/deactivate").status_code == 409
        assert log(reading) == [("contact.deactivated", "waiting", 0, None, "")]
        receiver.status, receiver.words = 202, b"thank you \x00 <b>"
        deliver()
        deliver()
        [request] = receiver.received
        said = json.loads(request.body)
        with reading():
            row = next(row for row in ledger.activity() if row.what == "deactivated")
            assert said == {
                "type": "contact.deactivated",
                "timestamp": row.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "data": {
                    "activity_id": row.id,
                    "company_id": town.acme.id,
                    "contact_id": town.bill.id,
                    "url": f"http://localhost/api/v1/contacts/{town.bill.id}",
                },
            }
            assert secret not in str(ledger.everything())
        assert request.path == "/hooks?from=portal"
        assert signed(secret, request)
        assert not signed("whsec_" + base64.b64encode(b"x" * 32).decode(), request)
        assert log(reading) == [("contact.deactivated", "delivered", 1, 202, "thank you <b>")]
        page = sue.get(f"{PAGE}/{hook_id}").text
        assert "answered 202" in page
        assert "thank you &lt;b&gt;" in page
        assert secret not in page
        assert "Webhook to 127.0.0.1" in [letter.subject for letter in mailbox.letters(town.sue.email)]

    def test_only_what_it_wants_and_what_was_committed(self, town, browser, hook, receiver, deliver, reading):
        """Each event by what a customer does; a change that is refused tells nobody (P8)."""
        hook(receiver.url(), ["contact.deleted", "access.changed", "property.changed", "company.changed"])
        mia, stan = browser(town.mia), browser(town.stan)
        mia.post(f"/acme/contacts/{town.ava.id}/authorize")
        mia.post(f"/acme/contacts/{town.ava.id}/cancel-invitation")
        mia.post(f"/acme/contacts/{town.ava.id}/delete")
        mia.post("/acme/properties/new", {"name": "Omega"})
        stan.post(f"/globex/contacts/{town.stan.id}/unlink")
        events = [event for event, *_rest in log(reading)]
        assert events == ["access.changed", "access.changed", "contact.deleted", "property.changed"]
        deliver()
        assert [json.loads(each.body)["type"] for each in receiver.received] == events

    def test_every_word_of_the_activity_is_still_said(self):
        """A word that the activity says otherwise from now on would tell nobody."""
        code = "\n".join(file.read_text() for file in Path("portal/actions").rglob("*.py"))
        assert [word for word in webhooks.EVENTS if f'"{word}"' not in code] == []

    def test_twice_at_once_sends_once(self, app, town, browser, hook, receiver, reading):
        hook(receiver.url())
        browser(town.mia).post(f"/acme/contacts/{town.bill.id}/deactivate")
        with reading():
            delivery_id = db.session.scalars(select(HookDelivery.id)).one()

        def send():
            with app.app_context():
                webhook_delivery.send(delivery_id)

        threads = [threading.Thread(target=send) for _ in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert len(receiver.received) == 1
        assert log(reading)[0][1:4] == ("delivered", 1, 204)


class TestFailing:
    def test_tries_again_rests_and_is_paused(
        self, app, town, browser, hook, receiver, deliver, reading, mailbox
    ):
        """After 15 failures in a row it is paused and people are told; resumed, all that waited goes."""
        sue, hook_id, _secret = hook(receiver.url())
        mia = browser(town.mia)
        mia.post(f"/acme/contacts/{town.bill.id}/deactivate")
        receiver.status, receiver.words = 500, b"Oops"
        deliver()
        assert log(reading) == [("contact.deactivated", "waiting", 1, 500, "Oops")]
        mia.post(f"/acme/contacts/{town.ava.id}/deactivate")
        with app.app_context():
            jobs.find_due()  # it rests now, for whatever is due
        assert len(receiver.received) == 1
        for _ in range(13):
            deliver()
        with reading():
            assert db.session.get_one(Webhook, hook_id).paused_at is None
        deliver()
        deliver()
        assert len(receiver.received) == 15
        assert len({each.headers["Webhook-Id"] for each in receiver.received}) == 1
        with reading():
            assert db.session.get_one(Webhook, hook_id).paused_why == "15 failures in a row. It answered 500."
        assert mailbox.letters(town.sue.email)[-1].subject == "Webhook paused: 127.0.0.1"
        mia.post(f"/acme/contacts/{town.bill.id}/activate")
        assert "Paused" in sue.get(f"{PAGE}/{hook_id}").text
        assert sue.post(f"{PAGE}/{hook_id}/test").status_code == 409
        receiver.status = 200
        assert sue.post(f"{PAGE}/{hook_id}/resume").status_code == 303
        with app.app_context():
            jobs.find_due()
        assert [row[1] for row in log(reading)] == ["delivered"] * 3

    def test_gone_is_paused_at_once_and_old_news_are_given_up(
        self, town, browser, hook, receiver, deliver, writing, reading
    ):
        sue, hook_id, _secret = hook(receiver.url())
        browser(town.mia).post(f"/acme/contacts/{town.bill.id}/deactivate")
        receiver.status = 410
        deliver()
        with reading():
            assert db.session.get_one(Webhook, hook_id).paused_at is not None
        sue.post(f"{PAGE}/{hook_id}/resume")
        with writing():
            long_ago = now() - webhook_delivery.PATIENCE
            db.session.execute(update(HookDelivery).values(created_at=long_ago))
        receiver.status = 500
        deliver()
        assert log(reading)[0][1] == "failed"
        with reading():
            delivery_id = db.session.scalars(select(HookDelivery.id)).one()
        receiver.status = 200
        assert sue.post(f"{PAGE}/deliveries/{delivery_id}/again").status_code == 303
        deliver()
        assert log(reading)[0][1:4] == ("delivered", 1, 200)

    def test_no_answer_at_all(self, town, hook, receiver, deliver, reading, monkeypatch):
        """T77: closed, redirected, or talking for ever: a failure with its reason, never elsewhere."""
        sue, hook_id, _secret = hook(receiver.url())
        monkeypatch.setattr(outside, "LONGEST_SECONDS", 0.4)
        sue.post(f"{PAGE}/{hook_id}/test")
        receiver.status, receiver.headers = 302, {"Location": receiver.url("/elsewhere")}
        deliver()
        assert [each.path for each in receiver.received] == ["/hooks"]
        assert log(reading)[0][3] == 302
        receiver.status, receiver.words, receiver.drip_seconds = 200, b"x" * 500, 0.1
        receiver.headers = {}
        deliver()
        assert len(receiver.received) == 2
        assert log(reading)[0][1] in ("waiting", "delivered")
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
            sue.post(f"{PAGE}/{hook_id}/edit", {"url": url, "events": ["contact.deleted"]})
            sue.post(f"{PAGE}/{hook_id}/test")
            deliver()
        assert log(reading)[-1][3:] == (None, "It refused the connection.")


class TestKeeping:
    def test_secrets_take_turns(self, town, hook, receiver, deliver, writing):
        """The one before signs beside the new one for a day, and then no more."""
        sue, hook_id, first = hook(receiver.url())
        page = sue.post(f"{PAGE}/{hook_id}/secret")
        second = page.text.split("<code>")[1].split("</code>")[0]
        sue.post(f"{PAGE}/{hook_id}/test")
        deliver()
        with writing():
            db.session.execute(update(Webhook).values(former_until=now()))
        sue.post(f"{PAGE}/{hook_id}/test")
        deliver()
        both, alone = receiver.received
        assert [signed(first, both), signed(second, both)] == [True, True]
        assert [signed(first, alone), signed(second, alone)] == [False, True]
        assert json.loads(alone.body)["data"] == {}

    def test_changing_and_removing(self, town, browser, hook, receiver, deliver, reading):
        sue, hook_id, _secret = hook(receiver.url())
        bad = sue.post(f"{PAGE}/{hook_id}/edit", {"url": "ftp://x", "events": []})
        assert (bad.status_code, "Tick at least one." in bad.text) == (422, True)
        refused = sue.post(f"{PAGE}/{hook_id}/edit", {"url": "http://crm.example/", "events": EVERYTHING})
        assert (refused.status_code, "The address must begin with https://." in refused.text) == (422, True)
        assert sue.post(f"{PAGE}/{hook_id}/pause").status_code == 303
        assert sue.post(f"{PAGE}/{hook_id}/pause").status_code == 409
        browser(town.mia).post(f"/acme/contacts/{town.bill.id}/deactivate")
        assert sue.post(f"{PAGE}/{hook_id}/remove").status_code == 303
        assert sue.get(f"{PAGE}/{hook_id}").status_code == 404
        deliver()
        assert receiver.received == []
        with reading():
            kept = db.session.get_one(Webhook, hook_id)
            assert kept.sealed_secret == ""
            done = [row.what for row in db.session.scalars(select(Activity).order_by(Activity.id))]
        assert done[-1] == "removed the webhook"


class TestWhere:
    """SSRF: only to the internet, to what is allowed, and to where the name led when it was judged."""

    WITHIN = (
        *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1"),
        *("224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1"),
        *("::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::", "2002:a00:1::"),
        *("::127.0.0.1", "::93.184.216.34", "fec0::1", "64:ff9b:1::5db8:d822", "5f00::1", "100::1"),
    )

    def test_addresses(self, app):
        app.config["PRODUCTION"] = True
        with app.app_context():
            assert [each for each in self.WITHIN if outside.may_reach(ip_address(each))] == []
            for each in ("93.184.216.34", "2606:4700::1111", "::ffff:93.184.216.34"):
                assert outside.may_reach(ip_address(each))
            app.config["WEBHOOK_NETWORKS"] = ["10.0.0.0/24"]
            allowed = [each for each in self.WITHIN if outside.may_reach(ip_address(each))]
            assert allowed == ["10.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::"]

    def test_what_is_no_address(self, app):
        app.config["PRODUCTION"] = True
        refused = [
            *("", "x", "https://", "http://crm.example/", "http://localhost/", "file:///etc/passwd"),
            *("https://user:pass@crm.example/", "https://crm.example/#x", "https://crm.example/a b"),
            *("https://crm.example:99999/", "https://crm.example/\r\nX: y", "https://exämple.de/"),
            *(
                "https://127.0.0.1/",
                "https://[::1]/",
                "https://169.254.169.254/latest",
                "gopher://crm.example/",
            ),
            "https://crm.example/" + "x" * 500,
        ]
        with app.app_context():
            assert [url for url in refused if outside.objection(url) is None] == []
            assert outside.objection("https://crm.example/hooks?x=1") is None

    def test_a_name_that_leads_inside(self, app, receiver, monkeypatch):
        """Judged by each address it has; looked up once, so it cannot lead elsewhere then."""
        app.config["PRODUCTION"] = True
        asked = []
        answers = [["93.184.216.34", "127.0.0.1"], ["127.0.0.1"], ["93.184.216.34"], ["127.0.0.1"]]

        def look_up(name, port, **_more):
            asked.append(name)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in answers.pop(0)]

        reached = []
        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        monkeypatch.setattr(socket.socket, "connect", lambda _line, place: reached.append(place) or _refuse())
        with app.app_context():
            for _ in range(3):
                with pytest.raises(NotReached):
                    outside.post(f"https://crm.example:{receiver.port}/", b"{}", {})
        assert asked == ["crm.example"] * 3
        assert reached == [("93.184.216.34", receiver.port)]

    def test_certificates(self, app, tmp_path, monkeypatch):
        """The one for its name, of an authority that is trusted."""
        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        with receiving(context) as secure, app.app_context():
            url = secure.url(scheme="https", host="localhost")
            with pytest.raises(NotReached, match="certificate is not trusted"):
                outside.post(url, b"{}", {})
            authority.cert_pem.write_to_path(tmp_path / "ca.pem")
            monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
            assert outside.post(url, b"{}", {}).status == 204
            with pytest.raises(NotReached, match="certificate is not trusted"):
                outside.post(secure.url(scheme="https"), b"{}", {})
        assert [each.body for each in secure.received] == [b"{}"]


def _refuse():
    raise ConnectionRefusedError
