"""Several contacts changed at once: seen before, done or skipped with the reason, all or nothing."""

import pytest

from portal.actions.several import MOST
from portal.extensions import db
from portal.models import Contact, Role
from tests import ledger
from tests.statements import counted
from tests.surfing import form_fields

PATH = "/acme/contacts/bulk"
READERS = ["ed", "vic", "pam", "una", "bill", "rita", "wes", "nora", "duo"]


def ids(*people) -> list[str]:
    return [str(person.id) for person in people]


def preview(actor, people, **wish):
    return actor.post(PATH, {"contacts": ids(*people), "step": "preview", **wish})


def confirm(actor, shown):
    """Press the button under what was shown."""
    return actor.post(PATH, form_fields(shown.text, "agree") | {"step": "confirm"})


def change(actor, people, **wish):
    """Look and agree."""
    return confirm(actor, preview(actor, people, **wish))


@pytest.fixture
def role(town, reading):
    """The ids of the preset roles by code."""
    with reading():
        return {role.code: str(role.id) for role in db.session.scalars(db.select(Role)).unique() if role.code}


class TestWhoMay:
    """P5, P11, T16: admins of this company, contacts of this company."""

    @pytest.mark.parametrize("who", READERS)
    def test_only_admins(self, town, browser, reading, who):
        reader = browser(getattr(town, who))
        token = reader.token()
        with reading():
            before = ledger.everything()
        assert reader.get(f"{PATH}?contacts={town.ava.id}").status_code == 403
        for step in ("preview", "confirm", "back"):
            data = {"csrf_token": token, "contacts": ids(town.ava), "permissions_how": "add", "step": step}
            for htmx in (False, True):
                sent = reader.post(PATH, data | {"permissions": "admin"}, htmx=htmx, token=False)
                assert sent.status_code == 403
        assert "bulk-form" not in reader.get("/acme/contacts").text
        with reading():
            assert ledger.everything() == before

    @pytest.mark.parametrize("bad", ["gus", "0", "2147483647", "99999999999", "x", "-1", ""])
    def test_foreign_and_impossible_ids(self, town, browser, reading, bad):
        mia = browser(town.mia)
        with reading():
            before = ledger.everything()
        foreign = str(town.gus.id) if bad == "gus" else bad
        assert mia.get(f"{PATH}?contacts={town.ava.id}&contacts={foreign}").status_code == 404
        wish = {"contacts": [str(town.ava.id), foreign], "move": "deactivate", "step": "confirm"}
        assert mia.post(PATH, wish).status_code == 404
        with reading():
            assert ledger.everything() == before

    def test_foreign_properties_and_roles(self, town, browser, reading):
        mia = browser(town.mia)
        stan = browser(town.stan)
        stan.post("/globex/roles/new", {"name": "Theirs", "permissions": "admin"})
        with reading():
            theirs = db.session.scalar(db.select(Role.id).where(Role.name == "Theirs"))
        answer = preview(mia, [town.ava], places_how="exactly", properties=str(town.delta.id))
        assert answer.status_code == 404
        assert preview(mia, [town.ava], roles_how="add", roles=str(theirs)).status_code == 404

    def test_at_most_so_many_at_once(self, town, browser, writing):
        mia = browser(town.mia)
        with writing():
            one = ledger.contact(town.ava.id)
            plain = {name: getattr(one, name) for name in ("company_id", "contact_type_id", "last_name")}
            rows = [{**plain, "first_name": "X", "name_key": "x", "search_key": "x"}] * (MOST + 1)
            many = [str(each) for each in db.session.scalars(db.insert(Contact).returning(Contact.id), rows)]
        answer = mia.post(PATH, {"contacts": many, "move": "deactivate", "step": "confirm"})
        assert answer.status_code == 422
        assert f"at most {MOST}" in answer.text

    def test_nobody_ticked(self, town, browser):
        answer = browser(town.mia).get(PATH)
        assert answer.status_code == 303
        assert answer.location.endswith("/acme/contacts")


class TestSeeing:
    """Nothing happens before it was seen, and nothing else than what was seen."""

    def test_the_preview_changes_nothing_and_sends_nothing(self, town, browser, reading, role):
        mia = browser(town.mia)
        with reading():
            before, mark = ledger.everything(), ledger.last_activity()
        people = [town.ava, town.eva, town.mia, town.bill]
        shown = preview(mia, people, roles_how="add", roles=role["reports"], move="authorize")
        assert shown.status_code == 200
        assert "2 will change, 2 will be skipped" in shown.text
        assert "Bill Ing already has a login." in shown.text
        assert "You cannot change your own rights. Ask another admin." in shown.text
        with reading():
            assert ledger.everything() == before
            assert ledger.activity(mark) == []

    def test_then_it_is_done_and_reported(self, town, browser, reading, role):
        mia = browser(town.mia)
        with reading():
            mark = ledger.last_letter()
        people = [town.ava, town.eva, town.mia, town.bill]
        done = change(mia, people, roles_how="add", roles=role["reports"], move="authorize")
        assert done.status_code == 200
        assert "2 changed, 2 skipped" in done.text
        with reading():
            assert ledger.letters(mark) == [
                ("invitation", "ava.address@acme.example"),
                ("invitation", "eva.mail@acme.example"),
            ]
            assert ledger.rights(town.ava.id)[0] == ledger.rights(town.eva.id)[0] == {"reports"}
            assert ledger.rights(town.bill.id)[0] == {"billing"}  # skipped as a whole
        again = preview(mia, people, roles_how="add", roles=role["reports"], move="authorize")
        assert "Nothing would change." in again.text

    def test_not_without_having_seen_it(self, town, browser, reading):
        mia = browser(town.mia)
        with reading():
            before = ledger.everything()
        for agreed in ("", "guessed", "0" * 32):
            wish = {"contacts": ids(town.ava), "move": "deactivate", "step": "confirm", "agreed": agreed}
            answer = mia.post(PATH, wish)
            assert answer.status_code == 409
            assert "Look again" in answer.text
        with reading():
            assert ledger.everything() == before

    def test_what_changed_meanwhile_is_shown_first(self, town, browser, reading, role):
        mia, max_ = browser(town.mia), browser(town.max)
        shown = preview(mia, [town.ava, town.nora], roles_how="exactly", roles=role["reports"])
        max_.post(f"/acme/contacts/{town.ava.id}/deactivate")
        answer = confirm(mia, shown)
        assert answer.status_code == 409
        assert "Something has changed since you looked" in answer.text
        with reading():
            assert ledger.rights(town.nora.id)[0] == set()
        assert confirm(mia, answer).status_code == 200
        with reading():
            assert ledger.rights(town.nora.id)[0] == {"reports"}
            assert ledger.rights(town.ava.id)[0] == set()

    def test_who_was_deleted_meanwhile_is_named(self, town, browser):
        mia = browser(town.mia)
        shown = preview(mia, [town.ava, town.nora], move="deactivate")
        browser(town.max).post(f"/acme/contacts/{town.ava.id}/delete")
        answer = confirm(mia, shown)
        assert answer.status_code == 409
        assert "Ava Address was deleted meanwhile." in answer.text

    def test_back_keeps_what_was_chosen(self, town, browser, role):
        mia = browser(town.mia)
        shown = preview(mia, [town.ava, town.nora], roles_how="add", roles=role["reports"])
        form = form_fields(shown.text, "agree") | {"step": "back"}
        kept = form_fields(mia.post(PATH, form).text, "several")
        assert (kept["roles_how"], kept["roles"]) == ("add", role["reports"])
        assert sorted(kept["contacts"]) == sorted(ids(town.ava, town.nora))

    @pytest.mark.parametrize(
        "wish",
        [{}, {"roles_how": "add"}, {"permissions_how": "take"}, {"places_how": "add"}, {"move": "delete"}],
    )
    def test_something_must_be_chosen(self, town, browser, wish):
        assert preview(browser(town.mia), [town.ava], **wish).status_code == 422


# What happens to each: "" is done, else a part of the reason.
WAITS, LOGS_IN = "not accepted", "already has"
MOVES = {
    "authorize": {"ava": "", "eva": "", "abe": "no e-mail", "ann": WAITS, "bill": LOGS_IN, "ian": "inactive"},
    "resend": {"ava": "no login", "ann": "", "exa": "", "bill": LOGS_IN, "ian": "inactive"},
    "cancel-invitation": {"ava": "no login", "ann": "", "exa": "", "bill": LOGS_IN, "ian": "inactive"},
    "deactivate": {"ava": "", "bill": "", "ann": WAITS, "mia": "Primary", "ian": "inactive"},
    "activate": {"ian": "", "ava": "no login", "ann": WAITS, "bill": LOGS_IN},
}


class TestSkipping:
    """L1, P7, P9, P13: what the row menu would not do is skipped, with the reason."""

    @pytest.mark.parametrize("move", MOVES)
    def test_moves(self, town, browser, move):
        shown = preview(browser(town.max), [getattr(town, who) for who in MOVES[move]], move=move)
        changed, _, skipped = shown.text.partition("Will be skipped")
        for who, reason in MOVES[move].items():
            name = getattr(town, who).name
            assert name in (skipped if reason else changed), (move, who)
            if reason:
                assert reason in skipped.split(name, 1)[1].split("</li>")[0], (move, who)

    @pytest.mark.parametrize("move", ["deactivate", "cancel-invitation", "authorize", "activate", "resend"])
    def test_oneself(self, town, browser, reading, move):
        """P7, T12: not through this door either."""
        with reading():
            before = ledger.rights(town.max.id)
        shown = preview(browser(town.max), [town.max], move=move)
        assert "Skipped because: You cannot" in shown.text
        with reading():
            assert ledger.rights(town.max.id) == before

    def test_an_admin_keeps_client_level(self, town, browser, role):
        """P9; what makes an admin of somebody first is no way around it."""
        max_ = browser(town.max)
        alpha = str(town.alpha.id)
        shown = preview(max_, [town.mia, town.nora], places_how="exactly", properties=alpha)
        assert "Mia Stone is an admin, and an admin sees the entire client." in shown.text
        assert "1 will change, 1 will be skipped" in shown.text
        both = {"roles_how": "add", "roles": role["client-admin"]}
        assert (
            "0 will change" in preview(max_, [town.nora], places_how="exactly", properties=alpha, **both).text
        )

    def test_inactive_contacts_only_come_back(self, town, browser, reading, role):
        mia = browser(town.mia)
        wish = {"roles_how": "exactly", "roles": role["reports"]}
        assert "Ian Idle is inactive." in preview(mia, [town.ian], **wish).text
        change(mia, [town.ian], move="activate", **wish)
        with reading():
            assert ledger.contact(town.ian.id).deactivated_at is None
            assert ledger.rights(town.ian.id)[0] == {"reports"}


class TestChanging:
    """Roles, permissions, properties: added, taken away, exactly."""

    @pytest.mark.parametrize(
        ("how", "bill", "vic"),
        [
            ("add", {"billing", "reports"}, {"property-manager", "billing", "reports"}),
            ("take", set(), {"property-manager"}),
            ("exactly", {"billing", "reports"}, {"billing", "reports"}),
        ],
    )
    def test_roles(self, town, browser, reading, role, how, bill, vic):
        change(
            browser(town.mia),
            [town.bill, town.vic],
            roles_how=how,
            roles=[role["billing"], role["reports"]],
        )
        with reading():
            assert ledger.rights(town.bill.id)[0] == bill
            assert ledger.rights(town.vic.id)[0] == vic

    def test_permissions_count_at_the_next_request(self, town, browser):
        """P12."""
        rita = browser(town.rita)
        assert rita.get("/acme/contacts").status_code == 403
        change(browser(town.mia), [town.rita], permissions_how="add", permissions="view_client")
        assert rita.get("/acme/contacts").status_code == 200
        change(browser(town.mia), [town.rita], permissions_how="exactly")
        assert rita.get("/acme/contacts").status_code == 403

    @pytest.mark.parametrize(
        ("how", "places", "links", "nora"),
        [
            ("add", ["beta"], {"Alpha", "Beta"}, None),
            ("take", ["alpha"], set(), None),
            ("exactly", ["gamma"], {"Gamma"}, {"Gamma"}),
            ("client", [], {"Alpha"}, None),
        ],
    )
    def test_properties(self, town, browser, reading, how, places, links, nora):
        chosen = [str(getattr(town, place).id) for place in places]
        mia = browser(town.mia)
        shown = preview(mia, [town.pam, town.nora], places_how=how, properties=chosen)
        confirm(mia, shown)
        with reading():
            pam = ledger.contact(town.pam.id)
            assert pam.scope == ("client" if how == "client" else "property")
            assert {link.property.name for link in pam.property_links} == links
            assert ledger.contact(town.nora.id).scope == ("property" if nora else "client")
        assert ("will see nothing that belongs to a property" in shown.text) == (not links)

    def test_everybody_whom_the_filters_leave(self, town, browser, reading, role):
        mia = browser(town.mia)
        page = mia.get(f"{PATH}?all=1&role={role['property-manager']}").text
        assert sorted(form_fields(page, "several")["contacts"]) == sorted(ids(town.vic, town.pam))

    def test_one_transaction(self, town, browser, app, reading, role, monkeypatch):
        """T85: what breaks in the middle leaves nothing behind."""
        from portal.actions import several

        mia = browser(town.mia)
        shown = preview(mia, [town.ava, town.bill, town.nora], roles_how="add", roles=role["reports"])
        with reading():
            before = ledger.everything()
        real, seen = several.edit_contact, []

        def breaks(contact: Contact, *rest) -> None:
            seen.append(contact)
            if len(seen) == 3:
                raise OSError("the disk is full")
            real(contact, *rest)

        monkeypatch.setattr(several, "edit_contact", breaks)
        assert confirm(mia, shown).status_code == 500
        with reading():
            assert ledger.everything() == before


def test_statements_of_the_form_do_not_grow(town, browser, app):
    mia = browser(town.mia)
    few_people = "&".join(f"contacts={each.id}" for each in (town.bill, town.vic))
    mia.get(f"{PATH}?{few_people}")
    with counted(app) as few:
        mia.get(f"{PATH}?{few_people}")
    with counted(app) as many:
        mia.get(f"{PATH}?all=1")
    assert len(many) <= len(few) + 1
