"""Adding and editing a contact, the buttons beside the form, and the dialog that links properties."""

import re

import pytest
from sqlalchemy import func, select

from portal.extensions import db
from portal.models import (
    AccessReview,
    Activity,
    Contact,
    ContactPermission,
    ContactRole,
    Document,
    Invitation,
    Letter,
    PortalUser,
    PropertyLink,
    Role,
)
from tests.surfing import form_fields
from tests.test_documents import upload

KIM = {"first_name": "Kim", "last_name": "Fresh", "email": "kim.fresh@acme.example", "access": "portal"}
FORM = "contact-form"


def role_id(code: str) -> int:
    return db.session.scalars(select(Role.id).where(Role.code == code)).one()


@pytest.fixture
def kims(reading):
    """The contacts called Kim, as (id, access, email) of each."""

    def find() -> list[tuple]:
        with reading():
            query = select(Contact).where(Contact.first_name == "Kim").order_by(Contact.id)
            return [(each.id, each.access, each.email) for each in db.session.scalars(query).unique()]

    return find


@pytest.fixture
def facts(reading):
    """What is stored about a contact: columns, role codes, boxes."""

    def read(contact_id: int) -> dict:
        with reading():
            contact = db.session.get_one(Contact, contact_id)
            roles = select(Role.code).join(ContactRole).where(ContactRole.contact_id == contact_id)
            boxes = select(ContactPermission.permission).where(ContactPermission.contact_id == contact_id)
            columns = {name: getattr(contact, name) for name in Contact.__table__.columns.keys()}  # noqa: SIM118
            return columns | {
                "roles": set(db.session.scalars(roles)),
                "boxes": set(db.session.scalars(boxes)),
                "type": contact.contact_type.code,
                "category": contact.category.code if contact.category else None,
            }

    return read


@pytest.fixture
def filled(town, browser):
    """The edit form of a contact as a browser would send it back."""

    def get(contact_id: int, who=None) -> dict:
        page = (who or browser(town.mia)).get(f"/acme/contacts/{contact_id}/edit")
        assert page.status_code == 200
        fields = form_fields(page.text, FORM)
        fields.pop("csrf_token")
        return fields

    return get


@pytest.fixture
def traces(reading):
    """How many activity rows and letters there are."""

    def number() -> tuple[int, int]:
        with reading():
            rows = db.session.scalar(select(func.count(Activity.id)))
            return rows or 0, db.session.scalar(select(func.count(Letter.id))) or 0

    return number


class TestAdd:
    """C11 to C13, behaviour 4: one form makes a contact, and one mail or none."""

    def test_form_has_every_field(self, town, browser):
        fields = form_fields(browser(town.mia).get("/acme/contacts/new").text, FORM)
        expected = {"honorific", "first_name", "last_name", "job_title", "phone", "mobile", "email"}
        expected |= {"contact_type", "access", "username", "initial_password", "recovery_email", "category"}
        assert expected | {"notes", "csrf_token", "version", "form_key", "shown"} <= fields.keys()
        assert fields["access"] == "portal"
        assert fields["contact_type"] == "secondary"

    @pytest.mark.parametrize(
        ("access", "status", "kinds"),
        [
            ("portal", "Pending", ["invitation"]),
            ("email_only", "Active", ["email_only"]),
            ("none", "Active", []),
        ],
    )
    def test_one_mail_or_none(self, town, browser, mailbox, kims, access, status, kinds):
        mia = browser(town.mia)
        answer = mia.post("/acme/contacts/new", KIM | {"access": access})
        ((contact_id, stored, _),) = kims()
        assert (answer.status_code, answer.location) == (303, f"/acme/contacts/{contact_id}")
        assert stored == access
        assert [letter.kind for letter in mailbox.letters(KIM["email"])] == kinds
        assert status in mia.get(answer.location).text

    def test_everything_is_stored(self, town, browser, facts, reading):
        with reading():
            billing, reports = role_id("billing"), role_id("reports")
        form = KIM | {
            "honorific": "Dr",
            "job_title": "Clerk",
            "phone": "020 7946 0123",
            "mobile": "+49 30 901820",
            "contact_type": "manager",
            "roles": [str(billing), str(reports)],
            "permissions": ["work_orders", "view_client"],
            "category": "finance",
            "notes": "Two\r\nlines",
        }
        answer = browser(town.mia).post("/acme/contacts/new", form)
        stored = facts(int(answer.location.rsplit("/", 1)[1]))
        assert stored["honorific"] == "Dr"
        assert stored["phone"] == "+442079460123"
        assert stored["mobile"] == "+4930901820"
        assert stored["type"] == "manager"
        assert stored["roles"] == {"billing", "reports"}
        assert stored["boxes"] == {"work_orders", "view_client"}
        assert stored["category"] == "finance"
        assert stored["notes"] == "Two\nlines"

    def test_the_default_is_portal(self, town, browser, kims):
        """Behaviour 4: create, access portal (the default)."""
        browser(town.mia).post(
            "/acme/contacts/new",
            {**KIM, "access": form_fields(browser(town.mia).get("/acme/contacts/new").text, FORM)["access"]},
        )
        assert kims()[0][1] == "portal"

    def test_add_authorized_user_starts_with_email_only(self, town, browser):
        """C36."""
        page = browser(town.mia).get("/acme/contacts/new?access=email_only")
        assert form_fields(page.text, FORM)["access"] == "email_only"
        assert "Create Authorized User" in page.text

    def test_htmx_is_led_to_the_contact(self, town, browser, kims):
        answer = browser(town.mia).post("/acme/contacts/new", KIM, htmx=True)
        assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, f"/acme/contacts/{kims()[0][0]}")

    def test_sent_twice_makes_one(self, town, browser, kims, mailbox):
        """B73, T80: a double click, and back and again."""
        mia = browser(town.mia)
        form = KIM | {"form_key": form_fields(mia.get("/acme/contacts/new").text, FORM)["form_key"]}
        answers = [mia.post("/acme/contacts/new", form) for _ in range(3)]
        assert {answer.location for answer in answers} == {f"/acme/contacts/{kims()[0][0]}"}
        assert len(kims()) == 1
        assert len(mailbox.letters(KIM["email"])) == 1

    def test_sent_again_after_a_delete_says_so(self, town, browser, kims):
        """T80: back to the form, Add once more: no second contact, and no page that is not there."""
        mia = browser(town.mia)
        form = KIM | {"form_key": form_fields(mia.get("/acme/contacts/new").text, FORM)["form_key"]}
        mia.post("/acme/contacts/new", form)
        mia.post(f"/acme/contacts/{kims()[0][0]}/delete")
        answer = mia.post("/acme/contacts/new", form)
        assert (answer.status_code, answer.location) == (303, "/acme/contacts")
        assert "was deleted" in mia.get(answer.location).text

    def test_each_form_has_a_key_of_its_own(self, town, browser):
        mia = browser(town.mia)
        keys = {form_fields(mia.get("/acme/contacts/new").text, FORM)["form_key"] for _ in range(3)}
        assert len(keys) == 3

    def test_only_admins(self, town, browser, kims):
        """P5."""
        for who in (town.ed, town.vic, town.bill, town.nora):
            assert browser(who).get("/acme/contacts/new").status_code == 403
            assert browser(who).post("/acme/contacts/new", KIM).status_code == 403
        assert kims() == []

    def test_needs_its_token(self, town, browser, kims):
        assert browser(town.mia).post("/acme/contacts/new", KIM, token=False).status_code == 400
        assert kims() == []

    def test_columns_that_are_no_fields(self, town, browser, facts):
        """T17: nothing but the form's fields is ever stored."""
        form = KIM | {"company_id": town.globex.id, "portal_user_id": "1", "is_primary": "1", "version": "99"}
        form |= {
            "deactivated_at": "2020-01-01",
            "id": "1",
            "email_key": "x",
            "is_staff": "1",
            "created_at": "1",
        }
        answer = browser(town.mia).post("/acme/contacts/new", form)
        stored = facts(int(answer.location.rsplit("/", 1)[1]))
        assert stored["company_id"] == town.acme.id
        assert stored["portal_user_id"] is None
        assert stored["is_primary"] is False
        assert stored["deactivated_at"] is None
        assert stored["email_key"] == KIM["email"]


BAD = [
    ("first_name", ""),
    ("first_name", "   "),
    ("first_name", "x" * 101),
    ("first_name", "Kim\nBcc: x"),
    ("first_name", "Kim\r\n" + "x"),
    ("first_name", "K\x00im"),
    ("first_name", "K\x1bim"),
    ("first_name", "Kim \u202egnp.exe"),
    ("first_name", "see https://evil.example"),
    ("first_name", "www.evil.example"),
    ("last_name", ""),
    ("last_name", "y" * 101),
    ("last_name", "Fr\u2028esh"),
    ("honorific", "x" * 21),
    ("job_title", "z" * 101),
    ("job_title", "a\tb\x07"),
    ("phone", "call me"),
    ("phone", "123"),
    ("phone", "9" * 500),
    ("phone", "+44 20 7946 0123 ext\x00"),
    ("mobile", "0"),
    ("email", ""),
    ("email", "no address"),
    ("email", "a@b@c.example"),
    ("email", "a@localhost"),
    ("email", "kim@acme.example\r\nBcc: x@y.example"),
    ("email", "x" * 250 + "@acme.example"),
    ("email", "kim@acme.example, x@y.example"),
    ("contact_type", "nonsense"),
    ("access", "root"),
    ("category", "nonsense"),
    ("permissions", "root"),
    ("notes", "n" * 5_001),
    ("notes", "a\x00b"),
]


class TestBadValues:
    """C16: every error stands at its field and keeps what was typed; nothing is stored, nothing sent."""

    def test_on_add(self, town, browser, kims, traces):
        mia, before = browser(town.mia), traces()
        for name, value in BAD:
            form = KIM | {"job_title": "Keep this title", "notes": "Keep this note", name: value}
            for htmx in (False, True):
                answer = mia.post("/acme/contacts/new", form, htmx=htmx)
                assert answer.status_code == 422, (name, value)
                back = form_fields(answer.text, FORM)
                kept = {key: form[key] for key in ("first_name", "last_name", "email", "job_title", "notes")}
                kept.pop(name, None)
                assert {key: back[key] for key in kept} == kept, (name, value)
                assert "aria-invalid" in answer.text or "error" in answer.text
                assert ("<html" in answer.text) is not htmx
        assert kims() == []
        assert traces() == before

    def test_what_was_typed_wrongly_stays_too(self, town, browser):
        mia = browser(town.mia)
        for name, value in (
            ("phone", "call me"),
            ("email", "no address"),
            ("honorific", "x" * 21),
            ("last_name", "y" * 101),
        ):
            answer = mia.post("/acme/contacts/new", KIM | {name: value})
            assert form_fields(answer.text, FORM)[name] == value

    def test_on_edit(self, town, browser, filled, facts, traces):
        mia = browser(town.mia)
        before, form, count = facts(town.ava.id), filled(town.ava.id, mia), traces()
        for name, value in BAD:
            if name in ("access", "email") and value == "":
                continue
            answer = mia.post(f"/acme/contacts/{town.ava.id}/edit", {**form, name: value})
            assert answer.status_code == 422, (name, value)
        assert facts(town.ava.id) == before
        assert traces() == count

    def test_roles_that_are_not_there(self, town, browser, filled, facts):
        """P11, T16: no id at all is as good as an unknown one."""
        mia, before = browser(town.mia), facts(town.ava.id)
        for value in ("abc", "999999", "0", "-1", "9" * 30):
            form = filled(town.ava.id, mia) | {"roles": value}
            assert mia.post("/acme/contacts/new", KIM | {"roles": value}).status_code == 404
            assert mia.post(f"/acme/contacts/{town.ava.id}/edit", form).status_code == 404
        assert facts(town.ava.id) == before

    @pytest.mark.parametrize("access", ["portal", "email_only"])
    def test_address_is_needed_for_access(self, town, browser, kims, access):
        """C12: required unless access is No."""
        mia = browser(town.mia)
        assert mia.post("/acme/contacts/new", KIM | {"email": "", "access": access}).status_code == 422
        assert mia.post("/acme/contacts/new", KIM | {"email": "", "access": "none"}).status_code == 303
        assert [each[1:] for each in kims()] == [("none", None)]

    @pytest.mark.parametrize(
        ("first", "last"),
        [
            ("\u5f20", "\u4f1f"),
            ("\u0645\u062d\u0645\u062f", "\u0627\u0644\u0633\u064a\u062f"),
            ("Jean-Luc", "O\u2019Neill"),
            ("d'Arc", "von der Leyen-M\u00fcller"),
            ("\U0001f31f", "Star"),
            ("X \u00c6 A-12", "M."),
            ("\u0928\u093e\u0930\u093e\u092f\u0923", "\u0936\u0930\u094d\u092e\u093e"),
            ("x" * 100, "y" * 100),
            ("Null", "None"),
            ("{{7*7}}", "%s%n"),
            ("<b>Bold</b>", '"quoted"'),
        ],
    )
    def test_names_keep_every_character(self, town, browser, facts, first, last):
        """L11, Bad input: emoji, right-to-left, long and strange names are names."""
        mia = browser(town.mia)
        answer = mia.post(
            "/acme/contacts/new", {"first_name": f" {first} ", "last_name": last, "access": "none"}
        )
        assert answer.status_code == 303
        stored = facts(int(answer.location.rsplit("/", 1)[1]))
        assert (stored["first_name"], stored["last_name"]) == (first, last)
        assert mia.get(answer.location).status_code == 200


class TestDuplicate:
    """C16, B52, L11: an address is one contact's in a company, however it is written."""

    @pytest.mark.parametrize(
        "spelling", ["ava.address@acme.example", "AVA.Address@ACME.example", "  ava.address@acme.example "]
    )
    def test_names_the_contact_that_has_it(self, town, browser, kims, mailbox, spelling, traces):
        before = traces()
        for htmx in (False, True):
            answer = browser(town.mia).post("/acme/contacts/new", KIM | {"email": spelling}, htmx=htmx)
            assert answer.status_code == 422
            assert "Ava Address" in answer.text
            assert f'href="/acme/contacts/{town.ava.id}"' in answer.text
            assert form_fields(answer.text, FORM)["first_name"] == "Kim"
        assert kims() == []
        assert traces()[1] == before[1]

    def test_the_permissions_of_the_other_stay(self, town, browser, facts):
        before = facts(town.ava.id)
        browser(town.mia).post(
            "/acme/contacts/new", KIM | {"email": town.ava.email, "permissions": ["admin"]}
        )
        assert facts(town.ava.id) == before

    def test_on_edit(self, town, browser, filled, facts):
        answer = browser(town.mia).post(
            f"/acme/contacts/{town.ola.id}/edit", filled(town.ola.id) | {"email": town.ava.email.upper()}
        )
        assert answer.status_code == 422
        assert "Ava Address" in answer.text
        assert facts(town.ola.id)["email"] == town.ola.email

    def test_inactive_one_can_be_activated_from_there(self, town, browser):
        answer = browser(town.mia).post("/acme/contacts/new", KIM | {"email": town.ian.email})
        assert answer.status_code == 422
        assert f"/acme/contacts/{town.ian.id}/activate" in answer.text

    def test_another_company_is_no_matter(self, town, browser, kims):
        """T23: nobody learns whether an address is known elsewhere."""
        assert (
            browser(town.mia).post("/acme/contacts/new", KIM | {"email": town.gus.email}).status_code == 303
        )

    def test_own_address_again_is_fine(self, town, browser, filled):
        form = filled(town.ava.id) | {"email": "Ava.Address@acme.example"}
        assert browser(town.mia).post(f"/acme/contacts/{town.ava.id}/edit", form).status_code == 303

    def test_deleted_one_frees_it(self, town, browser):
        """L11: unique among the living."""
        mia = browser(town.mia)
        mia.post(f"/acme/contacts/{town.ava.id}/delete")
        assert mia.post("/acme/contacts/new", KIM | {"email": town.ava.email}).status_code == 303


class TestEdit:
    """C11, L10: Save stores what changed and writes it down; the same again changes nothing."""

    def test_shows_what_is_stored(self, town, filled):
        form = filled(town.vic.id)
        assert (form["first_name"], form["last_name"], form["email"]) == ("Vic", "Viewer", town.vic.email)
        assert form["access"] == "portal"
        assert form["version"] == "1"

    def test_unchanged_leaves_no_trace(self, town, browser, filled, facts, traces):
        """B74."""
        mia = browser(town.mia)
        for who in (town.ava, town.vic, town.ann, town.eva, town.oda):
            before, count = facts(who.id), traces()
            assert mia.post(f"/acme/contacts/{who.id}/edit", filled(who.id, mia)).status_code == 303
            assert facts(who.id) == before
            assert traces() == count

    def test_change_is_written_down(self, town, browser, filled, facts, reading):
        form = filled(town.ava.id) | {"last_name": "Newer", "notes": "A note", "category": "finance"}
        answer = browser(town.mia).post(f"/acme/contacts/{town.ava.id}/edit", form)
        assert (answer.status_code, answer.location) == (303, f"/acme/contacts/{town.ava.id}")
        assert facts(town.ava.id)["last_name"] == "Newer"
        with reading():
            row = db.session.scalars(select(Activity).where(Activity.contact_id == town.ava.id)).one()
            assert row.actor_name == "Mia Stone"
            assert row.changes["Last name"] == ["Address", "Newer"]
            assert row.changes["Category"] == ["", "Finance"]

    def test_access_follows_the_table(self, town, browser, filled, facts, mailbox):
        """Behaviour 4: with Save, along the table, one mail or none each time."""
        mia = browser(town.mia)
        for access, kind in (
            ("email_only", "email_only"),
            ("portal", "invitation"),
            ("none", None),
            ("portal", "invitation_again"),
        ):
            before = len(mailbox.letters(town.ava.email))
            form = filled(town.ava.id, mia) | {"access": access}
            assert mia.post(f"/acme/contacts/{town.ava.id}/edit", form).status_code == 303
            assert facts(town.ava.id)["access"] == access
            assert [each.kind for each in mailbox.letters(town.ava.email)[before:]] == (
                [kind] if kind else []
            )

    def test_withdrawing_access_unlinks(self, town, browser, filled, facts):
        wes = browser(town.wes)
        form = filled(town.wes.id) | {"access": "email_only"}
        browser(town.mia).post(f"/acme/contacts/{town.wes.id}/edit", form)
        assert (facts(town.wes.id)["access"], facts(town.wes.id)["portal_user_id"]) == ("email_only", None)
        assert wes.get("/acme/").status_code == 303

    def test_new_primary_makes_the_former_one_secondary(self, town, browser, filled, facts):
        """P13."""
        form = filled(town.max.id)
        page = browser(town.max).get(f"/acme/contacts/{town.ava.id}/edit").text
        assert "Mia Stone is the Primary contact now" in page
        form = filled(town.ava.id) | {"contact_type": "primary"}
        assert browser(town.max).post(f"/acme/contacts/{town.ava.id}/edit", form).status_code == 303
        assert facts(town.ava.id)["type"] == "primary"
        assert facts(town.mia.id)["type"] == "secondary"

    def test_primary_cannot_just_stop(self, town, browser, filled, facts):
        max_ = browser(town.max)
        form = filled(town.mia.id, max_) | {"contact_type": "secondary"}
        assert max_.post(f"/acme/contacts/{town.mia.id}/edit", form).status_code == 422
        assert facts(town.mia.id)["type"] == "primary"

    def test_boxes_that_were_not_shown_stay(self, town, browser, facts):
        """T84: a form without the boxes says nothing about them."""
        form = {"first_name": "Max", "last_name": "Reeder", "email": town.max.email, "version": "1"}
        assert browser(town.mia).post(f"/acme/contacts/{town.max.id}/edit", form).status_code == 303
        assert facts(town.max.id)["boxes"] == {"admin"}
        assert facts(town.max.id)["access"] == "portal"

    def test_boxes_that_were_shown_and_unticked_go(self, town, browser, filled, facts):
        form = filled(town.rita.id)
        assert form.pop("permissions") == "reports"
        assert browser(town.mia).post(f"/acme/contacts/{town.rita.id}/edit", form).status_code == 303
        assert facts(town.rita.id)["boxes"] == set()

    def test_editor_saves_details_and_nothing_else(self, town, browser, filled, facts):
        """P4."""
        ed = browser(town.ed)
        form = filled(town.ola.id, ed)
        assert (
            not {"access", "roles", "permissions", "contact_type", "username", "initial_password"}
            & form.keys()
        )
        before = facts(town.ola.id)
        assert (
            ed.post(f"/acme/contacts/{town.ola.id}/edit", form | {"job_title": "Porter"}).status_code == 303
        )
        after = facts(town.ola.id)
        assert after["job_title"] == "Porter"
        assert {key: after[key] for key in ("access", "roles", "boxes", "type")} == {
            key: before[key] for key in ("access", "roles", "boxes", "type")
        }

    def test_inactive_cannot_be_edited(self, town, browser):
        mia = browser(town.mia)
        assert mia.get(f"/acme/contacts/{town.ian.id}/edit").status_code == 409
        assert mia.post(f"/acme/contacts/{town.ian.id}/edit", KIM).status_code == 409


class TestConflict:
    """C15, B71, T81: the second save shows both versions and overwrites nothing."""

    def test_both_versions_stand_side_by_side(self, town, browser, filled, facts):
        mia, max_ = browser(town.mia), browser(town.max)
        mine, theirs = filled(town.ava.id, mia), filled(town.ava.id, max_)
        assert (
            max_.post(f"/acme/contacts/{town.ava.id}/edit", theirs | {"job_title": "Theirs now"}).status_code
            == 303
        )
        for htmx in (False, True):
            answer = mia.post(
                f"/acme/contacts/{town.ava.id}/edit", mine | {"job_title": "Mine typed"}, htmx=htmx
            )
            assert answer.status_code == 409
            for words in ("Mine typed", "Theirs now", "Max Reed", "Job title"):
                assert words in answer.text
        assert facts(town.ava.id)["job_title"] == "Theirs now"
        again = form_fields(answer.text, FORM)
        assert again["job_title"] == "Mine typed"
        assert again["version"] == "2"
        assert mia.post(f"/acme/contacts/{town.ava.id}/edit", {**mine, **again}).status_code == 303
        assert facts(town.ava.id)["job_title"] == "Mine typed"

    @pytest.mark.parametrize("version", ["", "0", "-1", "99", "abc", "1.0", "9" * 30])
    def test_versions_that_are_none(self, town, browser, filled, facts, version):
        form = filled(town.ava.id) | {"job_title": "Mine typed", "version": version}
        assert browser(town.mia).post(f"/acme/contacts/{town.ava.id}/edit", form).status_code == 409
        assert facts(town.ava.id)["job_title"] == ""

    def test_a_move_meanwhile_counts_too(self, town, browser, filled, facts):
        """T84: a stale form does not give back what was taken away."""
        mia, max_ = browser(town.mia), browser(town.max)
        stale = filled(town.rita.id, mia)
        newer = filled(town.rita.id, max_)
        newer.pop("permissions")
        max_.post(f"/acme/contacts/{town.rita.id}/edit", newer)
        assert (
            mia.post(f"/acme/contacts/{town.rita.id}/edit", stale | {"job_title": "Clerk"}).status_code == 409
        )
        assert facts(town.rita.id)["boxes"] == set()

    def test_saving_again_gives_nothing_back_that_was_left_alone(self, town, browser, filled, facts):
        """T84: per permission; what one took away and the other did not touch stays away, also the access."""
        mia, max_, path = browser(town.mia), browser(town.max), f"/acme/contacts/{town.rita.id}/edit"
        stale = filled(town.rita.id, mia)
        assert stale["permissions"] == "reports"
        newer = filled(town.rita.id, max_) | {"permissions": "billing", "access": "email_only"}
        assert max_.post(path, newer).status_code == 303
        stale |= {"permissions": ["reports", "work_orders"], "job_title": "Clerk"}
        again = form_fields(mia.post(path, stale).text, FORM)
        assert sorted(again["permissions"]) == ["billing", "work_orders"]
        assert again["access"] == "email_only"
        assert mia.post(path, again).status_code == 303
        found = facts(town.rita.id)
        assert (found["boxes"], found["access"]) == ({"billing", "work_orders"}, "email_only")
        assert found["job_title"] == "Clerk"

    def test_what_was_unticked_stays_so(self, town, browser, filled, facts, reading):
        """T84: the other way round; nobody's box comes back, and none that somebody else ticked goes."""
        with reading():
            requester = str(role_id("requester"))
        mia, max_, path = browser(town.mia), browser(town.max), f"/acme/contacts/{town.rita.id}/edit"
        stale = {**filled(town.rita.id, mia)}
        stale.pop("permissions")
        newer = filled(town.rita.id, max_) | {"permissions": ["reports", "billing"], "roles": requester}
        assert max_.post(path, newer).status_code == 303
        again = form_fields(mia.post(path, stale).text, FORM)
        assert again["permissions"] == "billing"
        assert mia.post(path, again).status_code == 303
        assert facts(town.rita.id)["boxes"] == {"billing"}
        assert facts(town.rita.id)["roles"] == {"requester"}

    def test_a_form_that_does_not_say_what_it_was_filled_from(self, town, browser, filled, facts):
        """T84: it may be any age, so it saves nothing, and says why."""
        mia, path = browser(town.mia), f"/acme/contacts/{town.rita.id}/edit"
        form = filled(town.rita.id, mia) | {"job_title": "Clerk"}
        for missing in (["version"], ["version", "ticked"], ["version", "shown", "ticked", "permissions"]):
            answer = mia.post(path, {name: value for name, value in form.items() if name not in missing})
            assert answer.status_code == 409
            assert "does not say which version of the contact" in answer.text
        assert facts(town.rita.id)["job_title"] == ""

    def test_boxes_that_the_form_did_not_show_are_not_wiped(self, town, browser, filled, facts):
        """T84: a form without the part of the rights leaves them as they are."""
        form = {**filled(town.rita.id), "job_title": "Clerk"}
        for name in ("shown", "permissions", "ticked"):
            form.pop(name)
        assert browser(town.mia).post(f"/acme/contacts/{town.rita.id}/edit", form).status_code == 303
        assert (facts(town.rita.id)["boxes"], facts(town.rita.id)["job_title"]) == ({"reports"}, "Clerk")


class TestPreview:
    """C13: what the result can do, before anything is saved."""

    @pytest.mark.parametrize("htmx", [False, True])
    def test_changes_with_the_boxes_and_stores_nothing(self, town, browser, kims, traces, htmx):
        mia, before = browser(town.mia), traces()
        path = "/acme/contacts/new"
        some = mia.post(path, KIM | {"permissions": ["billing"], "preview": "1"}, htmx=htmx)
        most = mia.post(path, KIM | {"permissions": ["admin"], "preview": "1"}, htmx=htmx)
        assert (some.status_code, most.status_code) == (200, 200)
        assert some.text != most.text
        assert "invoices" in some.text
        if htmx:
            assert 'id="can-do"' in some.text
            assert "<form" not in some.text
        else:
            assert form_fields(some.text, FORM)["email"] == KIM["email"]
        assert kims() == []
        assert traces() == before

    def test_on_edit(self, town, browser, filled, facts):
        before = facts(town.ava.id)
        form = filled(town.ava.id) | {"permissions": ["admin"], "preview": "1", "first_name": ""}
        assert browser(town.mia).post(f"/acme/contacts/{town.ava.id}/edit", form).status_code == 200
        assert facts(town.ava.id) == before


class TestUserDetails:
    """L5: the buttons act at once, on the saved address, and keep what is typed into the form around them."""

    @pytest.mark.parametrize(
        ("who", "moves"),
        [
            ("ava", {"authorize"}),
            ("ann", {"resend"}),
            ("vic", {"send-reset", "unlink"}),
            ("abe", set()),
            ("eva", {"authorize"}),
        ],
    )
    def test_which_there_are(self, town, browser, who, moves):
        person = getattr(town, who)
        page = browser(town.mia).get(f"/acme/contacts/{person.id}/edit").text
        found = set(re.findall(rf'formaction="/acme/contacts/{person.id}/([\w-]+)"', page))
        sent_just_now = {"resend"} if "Sent just now to" in page else set()
        assert found | sent_just_now == moves

    def test_saved_address_is_used_not_the_typed_one(self, town, browser, filled, mailbox):
        mia = browser(town.mia)
        form = filled(town.ava.id, mia) | {"email": "typed@new.example", "from": "edit"}
        answer = mia.post(f"/acme/contacts/{town.ava.id}/authorize", form)
        assert answer.status_code == 200
        assert form_fields(answer.text, FORM)["email"] == "typed@new.example"
        assert len(mailbox.letters(town.ava.email)) == 1
        assert mailbox.letters("typed@new.example") == []

    def test_form_can_be_saved_afterwards(self, town, browser, filled, facts):
        mia = browser(town.mia)
        form = filled(town.ava.id, mia) | {"job_title": "Typed before", "from": "edit"}
        answer = mia.post(f"/acme/contacts/{town.ava.id}/authorize", form)
        again = form_fields(answer.text, FORM)
        assert again["job_title"] == "Typed before"
        assert mia.post(f"/acme/contacts/{town.ava.id}/edit", again | {"access": "portal"}).status_code == 303
        assert facts(town.ava.id)["job_title"] == "Typed before"

    def test_htmx_gets_the_buttons_alone(self, town, browser, filled):
        mia = browser(town.mia)
        form = filled(town.ava.id, mia) | {"from": "edit"}
        answer = mia.post(f"/acme/contacts/{town.ava.id}/authorize", form, htmx=True)
        assert answer.status_code == 200
        assert 'id="user-details"' in answer.text
        assert 'id="contact-form"' not in answer.text
        assert f"Sent just now to {town.ava.email}" in answer.text
        version = re.search(r'name="version" value="(\d+)"', answer.text)[1]
        assert int(version) > int(form["version"])

    def test_sent_just_now_for_a_minute(self, town, browser):
        import time_machine

        from portal.clock import now

        with time_machine.travel(now(), tick=False) as clock:
            mia = browser(town.mia)
            mia.post(f"/acme/contacts/{town.vic.id}/send-reset")
            page = f"/acme/contacts/{town.vic.id}/edit"
            assert f"Sent just now to {town.vic.email}" in mia.get(page).text
            clock.shift(61)
            assert "Sent just now" not in mia.get(page).text

    def test_reset_to_another_address_is_masked(self, town, browser, writing):
        from portal.models.keys import email_key

        with writing():
            user = db.session.scalars(select(PortalUser).where(PortalUser.email == town.vic.email)).one()
            user.email, user.email_key = "victor@private.example", email_key("victor@private.example")
        for path in (f"/acme/contacts/{town.vic.id}/edit", f"/acme/contacts/{town.vic.id}"):
            page = browser(town.mia).get(path).text.replace("<wbr>", "")
            assert "victor@private.example" not in page
            assert "v***@private.example" in page


class TestProperties:
    """C20, C21, P9, T20: Client Level, or the ticked properties."""

    def path(self, person) -> str:
        return f"/acme/contacts/{person.id}/properties"

    @pytest.fixture
    def linked(self, reading):
        def read(person) -> tuple[str, set[int]]:
            with reading():
                query = select(PropertyLink.property_id).where(PropertyLink.contact_id == person.id)
                return db.session.get_one(Contact, person.id).scope, set(db.session.scalars(query))

        return read

    def test_dialog_shows_what_is_so(self, town, browser):
        mia = browser(town.mia)
        page, part = mia.get(self.path(town.ola)), mia.get(self.path(town.ola), htmx=True)
        for answer in (page, part):
            fields = form_fields(
                answer.text[answer.text.index(self.path(town.ola)) - 200 :] if answer is page else answer.text
            )
            assert 'name="scope"' in answer.text
            assert "Alpha" in answer.text
            assert "Delta" not in answer.text
            assert fields is not None
        assert "<html" in page.text
        assert "<html" not in part.text
        assert form_fields(part.text)["properties"] == str(town.alpha.id)
        assert form_fields(part.text)["scope"] == "property"

    def test_ticking_assigns_and_unticking_unassigns(self, town, browser, linked, reading):
        mia = browser(town.mia)
        form = {"scope": "property", "properties": [str(town.beta.id), str(town.gamma.id)]}
        answer = mia.post(self.path(town.ola), form)
        assert (answer.status_code, answer.location) == (303, "/acme/contacts")
        assert linked(town.ola) == ("property", {town.beta.id, town.gamma.id})
        with reading():
            rows = db.session.scalars(select(Activity).where(Activity.contact_id == town.ola.id)).all()
            assert len(rows) == 1
        mia.post(self.path(town.ola), form)
        with reading():
            assert (
                len(db.session.scalars(select(Activity).where(Activity.contact_id == town.ola.id)).all()) == 1
            )

    @pytest.mark.parametrize("htmx", [False, True])
    def test_a_dialog_that_is_stale_takes_nothing_back(self, town, browser, linked, htmx):
        """C15: says how it is now, keeps what was ticked, and takes it from somebody who has seen that."""
        mia = browser(town.mia)
        seen = form_fields(mia.get(self.path(town.ola), htmx=True).text)
        both = {"scope": "property", "properties": [str(town.beta.id), str(town.gamma.id)]}
        browser(town.max).post(self.path(town.ola), both)
        stale = mia.post(self.path(town.ola), {**seen, "properties": [str(town.gamma.id)]}, htmx=htmx)
        assert stale.status_code == 409
        assert "Somebody else changed this meanwhile: now it is 2 properties." in stale.text
        assert linked(town.ola) == ("property", {town.beta.id, town.gamma.id})
        once_more = form_fields(stale.text[stale.text.index('<form class="frame-form"') :])
        assert once_more["properties"] == str(town.gamma.id)
        mia.post(self.path(town.ola), once_more, htmx=htmx)
        assert linked(town.ola) == ("property", {town.gamma.id})

    def test_client_level(self, town, browser, linked):
        form = {"scope": "client", "from": "view"}
        answer = browser(town.mia).post(self.path(town.ola), form)
        assert answer.location == f"/acme/contacts/{town.ola.id}"
        assert linked(town.ola)[0] == "client"

    def test_htmx_gets_the_row(self, town, browser):
        form = {"scope": "property", "properties": [str(town.beta.id)]}
        answer = browser(town.mia).post(self.path(town.ola), form, htmx=True)
        assert answer.status_code == 200
        assert answer.headers["HX-Retarget"] == f"#contact-{town.ola.id}"
        assert f'id="contact-{town.ola.id}"' in answer.text

    @pytest.mark.parametrize("htmx", [False, True])
    def test_nothing_ticked_asks_once_more(self, town, browser, linked, htmx):
        """C21."""
        mia = browser(town.mia)
        answer = mia.post(self.path(town.ola), {"scope": "property"}, htmx=htmx)
        assert answer.status_code == 422
        assert 'name="confirm_empty"' in answer.text
        assert linked(town.ola) == ("property", {town.alpha.id})
        answer = mia.post(self.path(town.ola), {"scope": "property", "confirm_empty": "y"}, htmx=htmx)
        assert answer.status_code in (200, 303)
        assert linked(town.ola) == ("property", set())

    def test_foreign_and_unknown_properties(self, town, browser, linked):
        """T20, T16: as good as not there, and nothing is linked."""
        mia = browser(town.mia)
        for bad in (str(town.delta.id), "999999", "abc", "-1", "0", "", "9" * 30, "1\x00"):
            form = {"scope": "property", "properties": [str(town.beta.id), bad]}
            for htmx in (False, True):
                assert mia.post(self.path(town.ola), form, htmx=htmx).status_code == 404, bad
        assert linked(town.ola) == ("property", {town.alpha.id})

    @pytest.mark.parametrize("form", [{}, {"scope": ""}, {"scope": "all"}, {"properties": ["1"]}])
    def test_without_a_level(self, town, browser, linked, form):
        assert browser(town.mia).post(self.path(town.ava), form).status_code in (422, 404, 303)
        assert linked(town.ava)[0] == "client"

    def test_admin_sees_the_entire_client(self, town, browser, linked):
        """P9."""
        form = {"scope": "property", "properties": [str(town.beta.id)]}
        answer = browser(town.mia).post(self.path(town.max), form)
        assert answer.status_code == 422
        assert "admin" in answer.text
        assert linked(town.max) == ("client", set())

    def test_only_admins_and_never_oneself(self, town, browser, linked):
        form = {"scope": "property", "properties": [str(town.beta.id)]}
        for who in (town.ed, town.vic, town.pam, town.nora):
            assert browser(who).get(self.path(town.ola)).status_code == 403
            assert browser(who).post(self.path(town.ola), form).status_code == 403
        assert browser(town.mia).post(self.path(town.mia), form).status_code == 403
        assert linked(town.ola) == ("property", {town.alpha.id})

    def test_inactive_is_not_linked(self, town, browser):
        assert browser(town.mia).get(self.path(town.ian)).status_code == 409


def test_longest_names_fit_everywhere(town, browser, filled, facts, reading):
    """Bad input: what the form takes fits into every row that repeats it, also as the name of who acts."""
    mia, longest = browser(town.mia), {"first_name": "x" * 100, "last_name": "y" * 100}
    assert mia.post("/profile", longest).status_code == 303
    assert (
        mia.post(f"/acme/contacts/{town.ava.id}/edit", filled(town.ava.id, mia) | longest).status_code == 303
    )
    for move in ("authorize", "resend", "cancel-invitation", "deactivate", "activate"):
        assert mia.post(f"/acme/contacts/{town.ava.id}/{move}").status_code == 303
    form = {"scope": "property", "properties": [str(town.beta.id)]}
    assert mia.post(f"/acme/contacts/{town.ava.id}/properties", form).status_code == 303
    assert mia.post(f"/acme/contacts/{town.ava.id}/resend").status_code == 409
    assert facts(town.ava.id)["last_name"] == "y" * 100
    assert upload(mia, f"/acme/properties/{town.alpha.id}/documents").status_code == 303
    assert mia.post(f"/acme/access-review/{town.bill.id}/keep", {"back": ""}).status_code == 303
    assert mia.post("/acme/access-review").status_code == 303
    with reading():
        for column in (Document.added_by, AccessReview.by_name):
            assert db.session.scalars(select(column)).one() == "x" * 100


def test_invitations_stay_one_per_contact(town, browser, filled, reading):
    """L2: whatever was saved, one live invitation at most."""
    mia = browser(town.mia)
    for email in ("ann1@acme.example", "ann2@acme.example"):
        mia.post(f"/acme/contacts/{town.ann.id}/edit", filled(town.ann.id, mia) | {"email": email})
    with reading():
        live = select(Invitation).where(Invitation.contact_id == town.ann.id, Invitation.ended_at.is_(None))
        assert db.session.scalars(live).one().email == "ann2@acme.example"


def test_an_invitation_is_promised_only_where_saving_sends_one(browser, town):
    """Ann is pending: she has hers; Ava is in the address book and would get one."""
    mia = browser(town.mia)
    promise = "gets an invitation by e-mail"
    assert promise not in mia.get(f"/acme/contacts/{town.ann.id}/edit").text
    assert promise in mia.get(f"/acme/contacts/{town.ava.id}/edit").text
