"""The cases about one's own password: B19 to B22."""

from tests.town import PASSWORD

NEW = "harbour velvet ninety owls"
PATH = "/profile/password"
ELEVEN = "elevenchar!"
TWELVE_BLANKS_AND_EMOJI = "\U0001f40c \U0001f355  \U0001f9f2 \U0001f6f6 \U0001fa81 \U0001f300 "[:12]
LONG = "velvet harbour owl ten " * 8 + "and sixteen more"


def test_B19_the_current_password_is_asked_for(town, browser, opens):
    for current in ("wrong wrong wrong", "", None):
        form = {"new_password": NEW} | ({} if current is None else {"current_password": current})
        for htmx in (False, True):
            assert browser(town.mia).post(PATH, form, htmx=htmx).status_code == 422
    assert opens(town.mia, PASSWORD)
    assert not opens(town.mia, NEW)


def test_B20_a_change_ends_the_other_sessions(town, browser):
    here, there = browser(town.mia), browser(town.mia)
    before = here.cookie()
    assert here.post(PATH, {"current_password": PASSWORD, "new_password": NEW}).status_code == 303
    assert here.get("/acme/").status_code == 200
    assert here.cookie() != before
    assert there.get("/acme/").location.startswith("/sign-in")
    old = browser()
    old.client.set_cookie("gatehouse", before)
    assert old.get("/acme/").location.startswith("/sign-in")


def test_B22_what_makes_a_password_good(app, town, browser, reset_link, monkeypatch):
    assert (len(ELEVEN), len(TWELVE_BLANKS_AND_EMOJI), len(LONG)) == (11, 12, 200)
    for bad in (ELEVEN, "passwordpassword", "Acme Estates 1", "acmeestates2026"):
        assert browser().post(reset_link, {"new_password": bad}).status_code == 422, bad
    with monkeypatch.context() as patch:
        patch.setattr("portal.passwords.hashed", None)  # nothing so long comes as far as hashing
        assert browser().post(reset_link, {"new_password": "x" * 10_000}).status_code == 422
    assert browser().post(reset_link, {"new_password": TWELVE_BLANKS_AND_EMOJI}).status_code == 303
    mia = browser()
    assert mia.sign_in(town.mia.email, TWELVE_BLANKS_AND_EMOJI).status_code == 303
    form = {"current_password": TWELVE_BLANKS_AND_EMOJI, "new_password": LONG}
    assert mia.post(PATH, form).status_code == 303
