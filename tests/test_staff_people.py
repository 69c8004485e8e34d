"""The staff's own list: who is on it, as what, and never without an administrator (behaviour S1)."""

import threading

import pytest
from flask.cli import FlaskGroup
from sqlalchemy import select

from portal.actions.staff import people
from portal.clock import now
from portal.extensions import db
from portal.models import Activity, SecondFactor, StaffLink, StaffRole, StaffUser
from portal.policy import Actor
from portal.queries.staff.sign_in import acting
from portal.refusals import Refusal
from portal.transaction import transaction
from tests.machinery.counts import count
from tests.town import PASSWORD

LIST = "/staff/people"
NEO = {"name": "Neo Lin", "email": "neo.lin@alder.example", "role": "support"}


def person(person_id):
    return db.session.get_one(StaffUser, person_id, populate_existing=True)


class TestAdd:
    def test_a_link_goes_out(self, town, on_duty, mailbox, reading):
        """T87: nobody types a password for somebody else."""
        sue = on_duty(town.sue)
        assert sue.post(f"{LIST}/new", NEO).status_code == 303
        letter = mailbox.letters(NEO["email"])[-1]
        assert (letter.kind, letter.subject) == (
            "staff_welcome",
            "Your access to the staff side of Alder Services",
        )
        assert letter.link.startswith("/staff/password/")
        assert "Sue Marsh of Alder Services added you" in letter.text
        page = sue.get(LIST).text
        assert "Neo Lin" in page
        assert "Pending" in page
        with reading():
            assert (
                db.session.scalars(select(Activity.what).order_by(Activity.id.desc())).first()
                == "added to the staff"
            )

    @pytest.mark.parametrize(
        ("wrong", "sentence"),
        [
            ({"email": "SUE.Marsh@Alder.example"}, "Somebody of the staff has this address already."),
            ({"email": "nobody"}, "Enter a full address, like name@company.com."),
            ({"name": ""}, "Enter the name."),
            ({"role": "owner"}, "Not a valid choice."),
        ],
    )
    def test_what_is_wrong_is_said_beside_the_field(self, town, on_duty, mailbox, wrong, sentence):
        answer = on_duty(town.sue).post(f"{LIST}/new", {**NEO, **wrong})
        assert answer.status_code == 422
        assert sentence in answer.text
        assert mailbox.letters() == [] or mailbox.letters()[-1].kind != "staff_welcome"


class TestChange:
    def test_role(self, town, on_duty, mailbox, reading):
        assert on_duty(town.sue).post(f"{LIST}/{town.tom.id}", {"role": "administrator"}).status_code == 303
        with reading():
            assert person(town.tom.id).role == "administrator"
        assert mailbox.letters(town.tom.email)[-1].subject == "Your role is Administrator now"

    def test_deactivate_and_activate(self, town, on_duty):
        sue, tom = on_duty(town.sue), on_duty(town.tom)
        assert sue.post(f"{LIST}/{town.tom.id}/deactivate").status_code == 303
        assert tom.get("/staff/account").headers["Location"].startswith("/staff/sign-in")
        assert sue.post(f"{LIST}/{town.tom.id}/deactivate").status_code == 409
        assert sue.post(f"{LIST}/{town.tom.id}/activate").status_code == 303
        assert tom.get("/staff/account").status_code == 303
        assert on_duty(town.tom).get("/staff/account").status_code == 200

    def test_start_anew(self, town, on_duty, mailbox, reading):
        """Password, second factor and sessions go; the way back leads through the mailbox."""
        sue, tom = on_duty(town.sue), on_duty(town.tom)
        assert sue.post(f"{LIST}/{town.tom.id}/start-anew").status_code == 303
        assert tom.get("/staff/account").headers["Location"].startswith("/staff/sign-in")
        assert on_duty().give_password(town.tom.email).status_code == 422
        assert mailbox.letters(town.tom.email)[-1].kind == "staff_password"
        with reading():
            factors = select(SecondFactor.id).where(SecondFactor.staff_user_id == town.tom.id)
            assert db.session.scalar(factors) is None
        tom.post(mailbox.link(town.tom.email), {"new_password": "seven purple otters dancing"})
        assert tom.get("/staff/account").headers["Location"].startswith("/staff/second-factor")

    @pytest.mark.parametrize(
        ("path", "form"),
        [("", {"role": "support"}), ("/deactivate", {}), ("/start-anew", {}), ("/activate", {})],
    )
    def test_nobody_does_it_to_themselves(self, town, on_duty, reading, path, form):
        """P7, and so the last administrator stays."""
        sue = on_duty(town.sue)
        assert sue.post(f"{LIST}/{town.sue.id}{path}", form).status_code == 403
        with reading():
            assert (person(town.sue.id).role, person(town.sue.id).able) == ("administrator", True)

    def test_support_does_nothing_of_it(self, town, on_duty, reading):
        tom = on_duty(town.tom)
        for path in ("", "/deactivate", "/start-anew"):
            assert tom.post(f"{LIST}/{town.sue.id}{path}", {"role": "support"}).status_code == 403
        assert tom.post(f"{LIST}/new", NEO).status_code == 403
        with reading():
            assert person(town.sue.id).role == "administrator"


class TestLastAdministrator:
    @pytest.mark.parametrize("how", ["deactivate", "change_role", "start_anew"])
    def test_both_at_once(self, app, town, writing, how):
        """T80: two administrators who remove each other at the same moment leave one."""
        with writing():
            person(town.tom.id).role = StaffRole.ADMINISTRATOR
        for _ in range(count(2, 50)):
            self.race(app, town, how)
            with app.app_context(), transaction(write=True):
                left = [
                    each
                    for each in db.session.scalars(select(StaffUser))
                    if each.is_administrator and each.able
                ]
                assert len(left) == 1
                for each in db.session.scalars(select(StaffUser)):
                    each.role, each.disabled_at, each.password_hash = StaffRole.ADMINISTRATOR, None, "x"

    def race(self, app, town, how):
        barrier = threading.Barrier(2)

        def remove(by_id, other_id):
            with app.app_context():
                try:
                    with transaction(write=False):
                        by = acting(person(by_id))
                    barrier.wait()
                    with transaction(write=True):
                        more = (StaffRole.SUPPORT,) if how == "change_role" else ()
                        getattr(people, how)(person(other_id), *more, by)
                except Refusal:
                    pass

        pair = (town.sue.id, town.tom.id)
        threads = [threading.Thread(target=remove, args=each) for each in (pair, pair[::-1])]
        for each in threads:
            each.start()
        for each in threads:
            each.join()

    def test_an_administrator_who_cannot_sign_in_does_not_count(self, app, town, writing):
        """T10: inactive ones, and those who have not set a password yet."""
        with writing():
            tom = person(town.tom.id)
            tom.role, tom.password_hash = StaffRole.ADMINISTRATOR, None
        with app.app_context(), transaction(write=False):
            ghost = Actor(kind="staff", name="Tom", staff_id=town.tom.id, staff_role="administrator")
        with app.app_context(), pytest.raises(Refusal), transaction(write=True):
            people.deactivate(person(town.sue.id), ghost)


class TestCommandLine:
    """S1, T91: the first administrator, and the last one who lost the phone."""

    def run(self, app, *words):
        door = FlaskGroup(create_app=lambda: app, add_default_commands=False)
        return app.test_cli_runner().invoke(door, words)

    def test_the_first(self, app, town, writing, reading, on_duty):
        with writing():
            for each in db.session.scalars(select(StaffUser)):
                each.role = "support"
        said = self.run(app, "create-staff", "ada@alder.example", "--name", "Ada Boss").output
        link = said.strip().splitlines()[-1]
        assert link.startswith("http://localhost/staff/password/")
        assert "no e-mail address" in self.run(app, "create-staff", "ada").output
        assert "There is an administrator already." in self.run(app, "create-staff", "eve@x.example").output
        ada = on_duty()
        answer = ada.post(
            link.removeprefix("http://localhost"), {"new_password": "seven purple otters dancing"}
        )
        assert answer.status_code == 303
        assert ada.get("/staff/people").headers["Location"].startswith("/staff/second-factor")

    def test_a_new_link(self, app, town, on_duty, writing):
        sue = on_duty(town.sue)
        said = self.run(app, "staff-link", "Sue.Marsh@alder.example").output
        assert "http://localhost/staff/password/" in said
        assert sue.get("/staff/account").status_code == 303
        assert on_duty().give_password(town.sue.email).status_code == 422
        assert "Nobody of the staff has the address" in self.run(app, "staff-link", "eve@x.example").output
        with writing():
            person(town.tom.id).disabled_at = now()
        assert "is deactivated" in self.run(app, "staff-link", town.tom.email).output


class TestOwnAddress:
    """L7, B70 for the staff: it changes only once the new address confirms, and both are told."""

    FORM = {"email": "sue@new.example", "current_password": PASSWORD}  # noqa: RUF012

    def test_confirmed_by_the_new_address(self, town, on_duty, mailbox, reading):
        here, there = on_duty(town.sue), on_duty(town.sue)
        for wrong in (
            {"current_password": "wrong"},
            {"email": "no address"},
            {"email": town.sue.email.upper()},
        ):
            answer = here.post("/staff/account/email", {**self.FORM, **wrong})
            assert answer.status_code == 422, wrong
            assert 'aria-invalid="true"' in answer.text
        assert here.post("/staff/account/email", self.FORM).status_code == 303
        assert "A link was sent to sue@new.example." in here.get("/staff/account").text
        told = mailbox.letters(town.sue.email, "staff_changed")
        assert "to be another one" in told[-1].subject
        link = mailbox.link("sue@new.example")
        assert link.startswith("/staff/confirm/")
        for scanner in (on_duty(), on_duty()):
            assert scanner.get(link).status_code == 200
        assert on_duty().get(link.replace("confirm", "password")).status_code == 404
        assert on_duty().give_password("sue@new.example").status_code == 422
        assert on_duty().post(link).status_code == 200
        for ended in (here, there):
            assert ended.get("/staff/account").headers["Location"].startswith("/staff/sign-in")
        assert on_duty().give_password(town.sue.email).status_code == 422
        assert on_duty().give_password("sue@new.example").status_code == 303
        assert "was changed" in mailbox.letters(town.sue.email, "staff_changed")[-1].subject
        assert "is this one now" in mailbox.letters("sue@new.example", "staff_changed")[-1].subject
        assert on_duty().post(link).status_code == 410
        with reading():
            rows = db.session.scalars(
                select(Activity).where(Activity.what == "changed the e-mail address of")
            )
            assert [row.changes for row in rows] == [{"E-mail": [town.sue.email, "sue@new.example"]}]

    def test_links_too_late(self, town, on_duty, mailbox, writing):
        """Replaced, cancelled, expired, ended by a new password, and taken meanwhile (T45)."""
        sue = on_duty(town.sue)
        sue.post("/staff/account/email", self.FORM)
        first = mailbox.link("sue@new.example")
        sue.post("/staff/account/email", self.FORM)
        assert on_duty().post(first).status_code == 410
        assert sue.post("/staff/account/email/cancel").status_code == 303
        assert sue.post("/staff/account/email/cancel").status_code == 409
        assert on_duty().post(mailbox.link("sue@new.example")).status_code == 410
        sue.post("/staff/account/email", {**self.FORM, "email": town.tom.email})
        assert on_duty().get(mailbox.link(town.tom.email)).status_code == 409
        assert on_duty().post(mailbox.link(town.tom.email)).status_code == 409
        sue.post("/staff/account/email", self.FORM)
        form = {"current_password": PASSWORD, "new_password": "seven purple otters dancing"}
        assert sue.post("/staff/account/password", form).status_code == 303
        assert on_duty().post(mailbox.link("sue@new.example")).status_code == 410
        sue.post("/staff/account/email", {**self.FORM, "current_password": form["new_password"]})
        with writing():
            db.session.execute(db.update(StaffLink).values(expires_at=now()))
        assert on_duty().post(mailbox.link("sue@new.example")).status_code == 410
        with writing():
            assert db.session.get_one(StaffUser, town.sue.id).email == town.sue.email
