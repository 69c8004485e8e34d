"""The case about the activity: B74, one row for each change and each refusal, none for nothing."""

import re
from datetime import timedelta

import pytest

from portal.clock import now
from tests import ledger
from tests.town import PASSWORD

NEW = "harbour velvet ninety owls"
CHANGED = {"current_password": PASSWORD, "new_password": NEW}
SECRETS = (PASSWORD, NEW, "argon2")
# Who, to whom, the move; what the row says, and whether it was done. Each stands on those before it.
MOVES = [
    ("mia", "ava", "authorize", "authorized", "done"),
    ("mia", "ann", "resend", "resent the invitation to", "done"),
    ("mia", "ann", "cancel-invitation", "cancelled the invitation of", "done"),
    ("mia", "vic", "send-reset", "sent a password reset to", "done"),
    ("mia", "vic", "unlink", "unlinked the user name of", "done"),
    ("mia", "vic", "deactivate", "deactivated", "done"),
    ("mia", "vic", "activate", "activated", "done"),
    ("mia", "vic", "delete", "deleted", "done"),
    ("mia", "rita", "resend", "resend", "refused"),
    ("mia", "mia", "delete", "delete", "refused"),
    ("ed", "rita", "deactivate", "deactivate", "refused"),
]
# Who, the page, the form; what the row says, and its result.
FORMS = [
    ("mia", "/acme/contacts/new", ledger.new_form(), "added", "done"),
    ("mia", "/acme/client/edit", {"name": "Acme & Sons"}, "changed the details of", "done"),
    ("mia", "/acme/roles/new", {"name": "Keepers", "permissions": ["reports"]}, "added the role", "done"),
    ("mia", "/acme/properties/new", {"name": "Omega"}, "added the property", "done"),
    ("mia", "/sign-out", {}, "signed out", "done"),
    ("mia", "/sign-out", {"everywhere": "1"}, "signed out everywhere", "done"),
    ("ted", "/terms", {"accept_terms": "y"}, "accepted the terms", "done"),
    ("rita", "/profile", {"first_name": "Rita", "last_name": "Harbour"}, "edited the own details", "done"),
    ("max", "/profile/password", CHANGED, "changed the password", "done"),
    ("ed", "/acme/contacts/new", ledger.new_form(), "add a contact", "refused"),
    ("nora", "/acme/roles/new", {"name": "Keepers", "permissions": ["reports"]}, "add a role", "refused"),
]


@pytest.fixture
def rows(town, reading):
    """Gives what the activity gained since the last call, as dictionaries."""
    seen = 0

    def gained() -> list[dict]:
        nonlocal seen
        with reading():
            new = ledger.activity(seen)
            seen = ledger.last_activity()
            return [{**vars(row)} for row in new]

    gained()
    return gained


def the_one(found: list[dict], what: str, result: str) -> dict:
    """The one row of a change: what, when, from where, and no secret."""
    (row,) = found
    assert (row["what"], row["result"]) == (what, result)
    assert abs(row["at"] - now()) < timedelta(minutes=1)
    assert row["address"] == "127.0.0.1"
    assert row["request_id"]
    assert not any(secret in repr(row) for secret in SECRETS)
    return row


def test_B74_each_move_leaves_one_row(town, browser, rows):
    """Behaviour 4, done and refused."""
    for who, whom, move, what, result in MOVES:
        person, target = getattr(town, who), getattr(town, whom)
        actor = browser(person)
        rows()
        answer = actor.post(f"/acme/contacts/{target.id}/{move}")
        row = the_one(rows(), what, result)
        assert (answer.status_code == 303) == (result == "done")
        assert (row["actor_name"], row["actor_contact_id"]) == (person.name, person.id)
        assert (row["company_id"], row["contact_id"]) == (town.acme.id, target.id)
        assert row["target_name"] == target.name
        assert bool(row["reason"]) == (result == "refused")


def test_B74_each_form_leaves_one_row(town, browser, rows):
    """Roles, properties, the company, one's own details and password, signing out, the terms."""
    for who, path, form, what, result in FORMS:
        actor = browser(getattr(town, who))
        shown = re.findall(r'name="seen"[^>]*value="([^"]+)"', actor.get(path).text)
        rows()
        answer = actor.post(path, {**form, **({"seen": shown[0]} if shown else {})})
        assert answer.status_code == (303 if result == "done" else 403), path
        row = the_one(rows(), what, result)
        assert row["actor_name"] in (getattr(town, who).name, "Rita Harbour")


def test_B74_signing_in_leaves_one_row(town, browser, rows):
    """Done, and refused."""
    browser(town.mia)
    row = the_one(rows(), "signed in", "done")
    assert row["actor_name"] == "Mia Stone"
    browser().sign_in(town.mia.email, "wrong wrong wrong")
    row = the_one(rows(), "sign in", "refused")
    assert row["actor_kind"] == "stranger"


def test_B74_each_grant_and_link_says_what_was_and_what_is(town, browser, rows, save):
    assert save(town.nora, permissions=["billing"]).status_code == 303
    given = [row for row in rows() if row["actor_name"] == "Mia Stone" and row["what"] != "signed in"]
    assert [row["changes"] for row in given] == [{"Permissions": ["", "billing"]}]
    mia = browser(town.mia)
    rows()
    form = {"scope": "property", "properties": [str(town.alpha.id)]}
    assert mia.post(f"/acme/contacts/{town.nora.id}/properties", form).status_code == 303
    row = the_one(rows(), "linked the properties of", "done")
    assert "Alpha" in repr(row["changes"])


def test_B74_accepting_leaves_one_row(town, browser, link, rows):
    browser().post(link, {"password": NEW, "accept_terms": "y"})
    found = [row["what"] for row in rows()]
    assert sorted(found) == ["accepted the invitation", "accepted the terms", "signed in"]


def test_B74_saving_the_same_leaves_none(town, browser, rows, reading):
    mia = browser(town.mia)
    with reading():
        form = ledger.edit_form(town.nora.id)
    rows()
    assert mia.post(f"/acme/contacts/{town.nora.id}/edit", form).status_code == 303
    assert mia.post("/profile", {"first_name": "Mia", "last_name": "Stone"}).status_code == 303
    assert rows() == []


def test_B74_each_deed_of_the_staff_leaves_one_row(town, on_duty, rows, reading):
    """In each company of the login, with who of the staff it was."""
    with reading():
        user_id = ledger.contact(town.vic.id).portal_user_id
    sue = on_duty(town.sue)
    for deed, what in (
        ("disable", "disabled the login of"),
        ("enable", "enabled the login of"),
        ("require-password-change", "required a password change of"),
        ("sign-out", "signed out everywhere"),
        ("send-reset", "sent a password reset to"),
    ):
        rows()
        assert sue.post(f"/staff/portal-users/{user_id}/{deed}").status_code == 303, deed
        row = the_one(rows(), what, "done")
        assert (row["actor_kind"], row["actor_staff_id"]) == ("staff", town.sue.id)
        assert (row["company_id"], row["contact_id"]) == (town.acme.id, town.vic.id)
