"""How strong a password is, in words, while it is typed and after it was refused (UI 8.1, B22)."""

import logging
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from portal import passwords
from portal.extensions import db
from tests.town import PASSWORD

WORD = re.compile(r"Strength: <b>([\w ]+)</b>")
METER = re.compile(r'<meter min="0" max="4" low="2" high="3" optimum="4" value="(\d)">([\w ]+)</meter>')


def judged(browser, typed: str, name: str = "new_password", **about: str) -> str:
    answer = browser.post("/password-strength", {name: typed, **about}, htmx=True)
    assert answer.status_code == 200
    found = WORD.search(answer.text)
    return found[1] if found else ""


class TestWords:
    @pytest.mark.parametrize(
        ("typed", "word"),
        [
            ("", ""),
            ("passwordpassword", "very weak"),
            ("Tr0ub4dor&3", "weak"),  # too short, whatever it is made of
            ("harbour velvet ninety owls", "strong"),
            ("\U0001f40c \U0001f355  \U0001f9f2 \U0001f6f6 \U0001fa81 \U0001f300 ", "strong"),
            ("x" * 10_000, "very weak"),
        ],
    )
    def test_says_how_strong(self, town, browser, typed, word):
        assert judged(browser(), typed) == word

    @pytest.mark.parametrize("name", ["new_password", "password", "initial_password"])
    def test_every_page_with_a_new_password_can_ask(self, town, browser, name):
        assert judged(browser(), "harbour velvet ninety owls", name) == "strong"

    def test_names_of_person_company_and_vendor_count_for_nothing(self, town, browser):
        """B22: what would be refused is never called better than weak."""
        for typed in ("Acme Estates 2026", "MiaStone!2026#", "AlderServices1"):
            assert judged(browser(town.mia), typed) in ("very weak", "weak"), typed
        assert judged(browser(), "Zeppelin Quark 77", about="Zeppelin Quark") in ("very weak", "weak")
        form = {"first_name": "Zeppelin", "last_name": "Quark"}
        assert judged(browser(), "zeppelinquark1", "initial_password", **form) in ("very weak", "weak")

    @pytest.mark.parametrize("typed", ["elevenchar!", "passwordpassword", "Acme Estates 1", "12341234123412"])
    def test_the_words_agree_with_what_is_refused(self, town, browser, typed):
        mia = browser(town.mia)
        form = {"current_password": PASSWORD, "new_password": typed}
        assert mia.post("/profile/password", form).status_code == 422
        assert judged(mia, typed) in ("very weak", "weak")

    def test_a_meter_stands_beside_the_word(self, town, browser):
        form = {"new_password": "harbour velvet ninety owls"}
        answer = browser().post("/password-strength", form, htmx=True)
        assert METER.findall(answer.text) == [("4", "strong")]

    def test_without_javascript_it_stands_there_after_a_refusal(self, town, browser):
        form = {"current_password": PASSWORD, "new_password": "passwordpassword"}
        page = browser(town.mia).post("/profile/password", form)
        assert WORD.search(page.text)[1] == "very weak"
        assert "passwordpassword" not in page.text
        assert not WORD.search(browser(town.mia).get("/profile/password").text)


def test_two_at_once_are_each_judged_by_their_own_names(app, quick_switches):
    """B22: what is typed next door neither helps nor harms."""
    typed, names = "brimstone fettercairn", ["Brimstone Fettercairn"]

    def judge(known: list[str]) -> set[int]:
        with app.app_context():
            return {passwords.strength(typed, known)[0] for _ in range(30)}

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(judge, [names, [], names, []])) == [{0}, {4}, {0}, {4}]


class TestDiscretion:
    def test_what_is_typed_is_nowhere(self, town, browser, reading, caplog):
        """Nothing of it comes back, is written down, stored or cached."""
        typed = "harbour velvet ninety owls"
        with caplog.at_level(logging.DEBUG):
            answer = browser(town.mia).post("/password-strength", {"new_password": typed}, htmx=True)
        assert answer.headers["Cache-Control"] == "no-store"
        assert "velvet" not in answer.text
        assert "velvet" not in caplog.text
        with reading():
            for table in db.metadata.sorted_tables:
                assert all("velvet" not in repr(row) for row in db.session.execute(select(table)))

    def test_only_parts_of_pages_ask(self, town, browser):
        assert browser().post("/password-strength", {"new_password": "x"}).status_code == 404
        assert browser().get("/password-strength").status_code in (404, 405)

    def test_needs_the_token_of_the_page(self, town, browser):
        form = {"new_password": "harbour velvet"}
        assert browser().post("/password-strength", form, htmx=True, token=False).status_code == 400

    def test_is_limited(self, app, town, browser):
        """T58."""
        app.config["STRENGTH_LIMIT"] = "2 per 5 minutes"
        form = {"new_password": "harbour velvet ninety owls"}
        answers = [browser().post("/password-strength", form, htmx=True) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]

    def test_a_megabyte_costs_little(self, monkeypatch, town, browser):
        """T58: what is judged is cut before it is looked at."""
        seen = []
        judge = passwords.verdict
        monkeypatch.setattr(
            passwords, "verdict", lambda typed, words: seen.append(typed) or judge(typed, words)
        )
        assert judged(browser(), "x" * 900_000) == "very weak"
        assert len(seen[0]) == 257
