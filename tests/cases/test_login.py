"""The cases about signing in: B28 to B32."""

import re
from urllib.parse import urljoin, urlsplit

import time_machine

from portal.clock import now
from portal.extensions import db
from portal.models import SignInSession
from tests.town import PASSWORD

TOKEN = re.compile(r'(?:value|content)="[\w.\-]{60,}"')
TARGETS = [
    *("http://e", "https://e", "//e", "///e", "////e", "/\\e", "\\\\e", "/%09/e", "https:e", "http:///e"),
    *("javascript:alert(1)", "data:text/html,x", "ftp://e", "%2f%2fe", "@e", "/..//e"),
]


def test_B28_every_failure_looks_the_same(town, browser, reading):
    tries = {
        "unknown": ("nobody@acme.example", PASSWORD),
        "wrong password": (town.mia.email, "wrong wrong wrong"),
        "deactivated": (town.ian.email, PASSWORD),
        "disabled": (town.dan.email, PASSWORD),
        "pending": (town.ann.email, PASSWORD),
    }
    seen = {}
    for name, (identity, password) in tries.items():
        answer = browser().sign_in(identity, password)
        text = TOKEN.sub("", answer.text).replace(identity, "IDENTITY")
        seen[name] = (answer.status_code, text, len(answer.data) - len(identity))
    assert set(seen.values()) == {seen["unknown"]}
    assert seen["unknown"][0] == 422
    with reading():
        assert db.session.scalars(db.select(SignInSession)).all() == []


def test_B30_the_way_leads_on_this_origin(town, browser):
    mia = browser()
    for target in TARGETS:
        place = mia.sign_in(town.mia.email, next=target).location
        assert place.startswith("/"), target
        assert not place.startswith("//"), target
        assert urlsplit(urljoin("http://localhost/sign-in", place)).netloc == "localhost", target
        assert mia.get(place).status_code < 500


def test_B32_the_attacker_waits_and_the_victim_does_not(app, town, browser):
    app.config["SIGN_IN_LIMIT"] = "3 per 5 minutes"
    with time_machine.travel(now(), tick=False) as clock:
        attacker, mia = browser(), browser()
        attacker.client.environ_base["REMOTE_ADDR"] = "192.0.2.66"
        mia.client.environ_base["REMOTE_ADDR"] = "192.0.2.7"
        codes = [attacker.sign_in(town.mia.email, "wrong wrong wrong").status_code for _ in range(4)]
        assert codes == [422, 422, 422, 429]
        stopped = attacker.sign_in(town.mia.email)
        assert stopped.status_code == 429
        assert 0 < int(stopped.headers["Retry-After"]) <= 300
        assert mia.sign_in(town.mia.email).status_code == 303
        clock.shift(int(stopped.headers["Retry-After"]) + 1)
        assert attacker.sign_in(town.mia.email).status_code == 303
    app.config["ADDRESS_LIMIT"] = "4 per 5 minutes"
    sprayer = browser()
    sprayer.client.environ_base["REMOTE_ADDR"] = "192.0.2.67"
    codes = [sprayer.sign_in(f"somebody{n}@acme.example").status_code for n in range(5)]
    assert codes == [422, 422, 422, 422, 429]
