"""The cases about sessions: B24 to B27; the browser's own memory of B27 is looked at in tests/browser."""


def test_B24_a_cookie_is_worth_nothing_after_signing_out(town, browser):
    mia = browser(town.mia)
    cookie = mia.cookie()
    assert mia.get("/acme/").status_code == 200
    mia.post("/sign-out")
    for htmx in (False, True):
        thief = browser()
        thief.client.set_cookie("gatehouse", cookie)
        assert thief.get("/acme/", htmx=htmx).status_code == (401 if htmx else 303)


def test_B25_a_planted_session_is_not_signed_in(town, browser):
    attacker, victim = browser(), browser()
    attacker.get("/sign-in")
    planted = attacker.cookie()
    victim.client.set_cookie("gatehouse", planted)
    token = victim.token()
    assert victim.sign_in(town.mia.email).status_code == 303
    assert victim.cookie() != planted
    assert victim.token() != token
    assert victim.get("/acme/").status_code == 200
    assert attacker.get("/acme/").status_code == 303
    assert victim.post("/sign-out", {"csrf_token": token}, token=False).status_code == 400


def test_B27_nothing_signed_in_may_be_kept(town, browser):
    mia = browser(town.mia)
    for path in ("/acme/", "/acme/contacts", f"/acme/contacts/{town.ann.id}", "/profile", "/companies"):
        for htmx in (False, True):
            answer = mia.get(path, htmx=htmx)
            assert answer.status_code == 200
            assert answer.headers["Cache-Control"] == "no-store"
    assert mia.post("/sign-out").headers["Clear-Site-Data"] == '"cache", "storage"'
