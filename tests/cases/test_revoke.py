"""The cases about what is taken away in the middle of a session: B34 and B36; two processes: tests/faults."""


def test_B34_deactivated_at_the_very_next_request(town, browser):
    for person, htmx in ((town.max, False), (town.rita, True)):
        open_page = browser(person)
        assert open_page.get("/acme/").status_code == 200
        assert browser(town.mia).post(f"/acme/contacts/{person.id}/deactivate").status_code == 303
        answer = open_page.get("/acme/", htmx=htmx)
        assert answer.status_code == (401 if htmx else 303)
    max = browser()
    assert max.sign_in(town.max.email).status_code == 422


def test_B34_an_export_that_runs_is_not_downloadable(town, browser):
    for person, export in ((town.max, "activity/export"), (town.rita, "reports/people.csv")):
        open_page = browser(person)
        assert open_page.get(f"/acme/{export}").mimetype == "text/csv"
        browser(town.mia).post(f"/acme/contacts/{person.id}/deactivate")
        answer = open_page.get(f"/acme/{export}")
        assert answer.status_code == 303
        assert answer.mimetype != "text/csv"


def test_B36_a_removed_permission_at_the_next_click(town, browser, save):
    bill = browser(town.bill)
    assert bill.get("/acme/billing").status_code == 200
    assert 'href="/acme/billing"' in bill.get("/acme/").text
    assert save(town.bill, roles=[], permissions=[]).status_code == 303
    for htmx in (False, True):
        assert bill.get("/acme/billing", htmx=htmx).status_code == 403
    page = bill.get("/acme/")
    assert page.status_code == 200
    assert 'href="/acme/billing"' not in page.text
