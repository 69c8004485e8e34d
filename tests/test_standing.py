"""`flask check`: each rule of reliability.md is broken by raw SQL, found, and taken back."""

import pytest
from sqlalchemy import false, text

from portal import standing, visibility
from portal.extensions import db
from portal.models import Contact, Invoice, Property, WorkOrder
from tests import town_billing, work

ADMINS = "a company that had an admin has one who can sign in"
INVITED = "a contact has one live invitation at most"
SESSION = "nobody is signed in who may not be"
PRIMARY = "a company has one Primary contact while it has contacts"
MAIL = "a mail has one final state"
FAILED = "a mail that failed says so at its invitation"
TRACE = "a change leaves one trace"
TWICE = "a trace is left once"
PARENT = "a row belongs to the company of what it belongs to"
SCREEN = "numbers on the screen are those of the rows"
INVOICE = "an invoice adds up"
REVIEW = "an access review adds up"

USER = "(SELECT portal_user_id FROM contact WHERE id = {mia})"
SESSION_ROW = (
    "INSERT INTO sign_in_session (key_hash, portal_user_id, remembered, created_at, last_seen_at, "
    f"expires_at, address, browser) VALUES ('x', {USER}, false, {{now}}, {{now}}, '2099-01-01', '', '')"
)
ACTIVITY = (
    "INSERT INTO activity (at, company_id, actor_kind, actor_name, what, contact_id, target_name, changes, "
    "result, reason, address, request_id) VALUES ({now}, {acme}, '%s', 'X', '%s', {ava}, 'Ava', '{{}}', "
    "'done', '%s', '', '%s')"
)
INVITATION = (
    "INSERT INTO invitation (company_id, contact_id, generation, email, invited_by, created_at, expires_at) "
    "VALUES ({acme}, {contact}, 99, 'x@y.example', 'X', {now}, '2099-01-01')"
)
NO_ADMIN = (
    "UPDATE portal_user SET disabled_at = {now} WHERE email LIKE '%@globex.example' OR email LIKE 'duo%'"
)
LETTER = "UPDATE letter SET {} WHERE id = (SELECT min(id) FROM letter)"
BILL = (
    "INSERT INTO invoice (id, company_id, number, title, purchase_order, status, issued_on, due_on, net, "
    "tax, paid, void_reason, created_at, search_key) VALUES (900, {acme}, 'N', 'T', '', 'open', "
    "'2026-01-01', '2026-02-01', %s, 0, %s, '', {now}, 'n')"
)
LINE = (
    "INSERT INTO invoice_line (invoice_id, position, text, quantity, unit_price, tax_percent, net) "
    "VALUES (900, 1, 'x', 1, 500, 20, 500)"
)
REVIEWED = (
    "INSERT INTO access_review (company_id, by_name, people, everybody, at, finished_at) "
    "VALUES ({acme}, 'X', 3, 9, {now}, {now})"
)

# The rule that is broken, and the statements that break it.
PLANTED = [
    (ADMINS, [ACTIVITY.replace("{acme}", "{globex}") % ("contact", "deleted", "", ""), NO_ADMIN]),
    (ADMINS, ["UPDATE portal_user SET last_sign_in_at = {now}", NO_ADMIN]),
    (INVITED, ["DROP INDEX uq_invitation_live", INVITATION.replace("{contact}", "{ann}")]),
    (INVITED, [INVITATION.replace("{contact}", "{mia}")]),
    (INVITED, ["UPDATE contact SET access = 'none' WHERE id = {ann}"]),
    (SESSION, [SESSION_ROW, f"UPDATE portal_user SET disabled_at = {{now}} WHERE id = {USER}"]),
    (SESSION, [SESSION_ROW, f"UPDATE portal_user SET closed_at = {{now}} WHERE id = {USER}"]),
    (SESSION, [SESSION_ROW, f"UPDATE portal_user SET password_hash = NULL WHERE id = {USER}"]),
    (SESSION, [SESSION_ROW, "UPDATE contact SET deactivated_at = {now} WHERE id = {mia}"]),
    (SESSION, [SESSION_ROW, "UPDATE company SET exited_at = {now} WHERE id = {acme}"]),
    (
        PRIMARY,
        [
            "DROP INDEX uq_contact_one_primary",
            "UPDATE contact SET is_primary = true, contact_type_id = "
            "(SELECT id FROM contact_type WHERE is_primary) WHERE id = {ava}",
        ],
    ),
    (
        PRIMARY,
        [
            "UPDATE contact SET is_primary = false, contact_type_id = "
            "(SELECT max(id) FROM contact_type WHERE NOT is_primary) WHERE id = {mia}"
        ],
    ),
    (MAIL, [LETTER.format("state = 'sent', attempts = 1")]),
    (MAIL, [LETTER.format("state = 'sent', sent_at = {now}")]),
    (MAIL, [LETTER.format("state = 'cancelled', sent_at = {now}")]),
    (MAIL, [LETTER.format("state = 'sending'")]),
    (MAIL, [LETTER.format("state = 'sending', leased_until = '2020-01-01'")]),
    (MAIL, [LETTER.format("leased_until = '2099-01-01'")]),
    (MAIL, [LETTER.format("state = 'failed'")]),
    (MAIL, [LETTER.format("state = 'expired', last_error = ''")]),
    (FAILED, [LETTER.format("state = 'failed', last_error = '550 no'")]),
    (
        TRACE,
        [
            ACTIVITY % ("system", "began", "", ""),
            "UPDATE contact SET deleted_at = '2098-01-01', access = 'none' WHERE id = {ava}",
        ],
    ),
    (TRACE, [ACTIVITY % ("contact", "deactivated", "", "")]),
    (
        TRACE,
        [
            ACTIVITY % ("contact", "activated", "", ""),
            "UPDATE contact SET deactivated_at = {now} WHERE id = {ava}",
        ],
    ),
    (
        TRACE,
        [
            ACTIVITY % ("system", "began", "", ""),
            "UPDATE invitation SET ended_at = '2098-01-01', ended_as = 'used' WHERE contact_id = {ann}",
        ],
    ),
    (TRACE, [ACTIVITY % ("system", "began", "", ""), REVIEWED.replace("{now})", "'2098-01-01')")]),
    (TWICE, [ACTIVITY % ("contact", "edited", "", "r1"), ACTIVITY % ("contact", "edited", "", "r1")]),
    (PARENT, ["UPDATE property_link SET company_id = {globex} WHERE contact_id = {pam}"]),
    (PARENT, ["UPDATE contact_permission SET company_id = {globex} WHERE contact_id = {max}"]),
    (PARENT, ["UPDATE letter SET company_id = {globex} WHERE invitation_id IS NOT NULL"]),
    (PARENT, [ACTIVITY.replace("{acme}", "{globex}") % ("contact", "edited", "", "")]),
    (PARENT, ["DELETE FROM property WHERE name = 'Alpha'"]),
    (INVOICE, [BILL % (400, 0), LINE]),
    (INVOICE, [BILL % (500, 500), LINE]),
    (REVIEW, [REVIEWED]),
]


@pytest.fixture
def broken(app, town):
    """Runs statements with the database's own guards off; gives what is found, and takes all of it back."""
    facts = {name: getattr(thing, "id", thing) for name, thing in vars(town).items()}

    def plant(*statements):
        with app.app_context():
            postgresql = db.engine.dialect.name == "postgresql"
            facts["now"] = "now()" if postgresql else "'2026-01-01 00:00:00'"
            quiet = "SET LOCAL session_replication_role = replica"
            db.session.execute(text(quiet if postgresql else "PRAGMA defer_foreign_keys = ON"))
            for statement in statements:
                # Raw, so that a colon in JSON is no parameter.
                db.session.connection().exec_driver_sql(statement.format(**facts).replace("%", "%%"))
            try:
                return standing.found()
            finally:
                db.session.rollback()

    return plant


class TestBroken:
    """Reliability.md: `flask check` finds each."""

    @pytest.mark.parametrize(("rule", "statements"), PLANTED)
    def test_each_is_found(self, broken, rule, statements):
        assert rule in {each.rule for each in broken(*statements)}

    def test_every_rule_was_broken_once(self):
        assert {rule for rule, _ in PLANTED} | {SCREEN} == set(standing.RULES)

    @pytest.mark.parametrize("model", [Contact, Property, WorkOrder, Invoice])
    def test_a_list_that_counts_wrongly(self, broken, town, writing, monkeypatch, model):
        """C5: the rows cannot be wrong here, only the list can; so it is the list that is broken."""
        with writing():
            work.ordered(town.wes, "Leak", town.alpha)
            town_billing.invoice(town.acme.id, "A-1", "Lift", age=3)
        monkeypatch.setitem(visibility._VISIBLE, model, lambda _actor: false())
        assert {each.rule for each in broken()} == {SCREEN}

    def test_the_town_breaks_none(self, broken):
        assert broken() == []


class TestWhatIsNoneOfIt:
    def test_staff_took_the_last_admin_away(self, broken):
        """T11: with a reason, and later than the admin's last act."""
        by_admin = ACTIVITY.replace("{acme}", "{globex}").replace("{ava}", "{gus}") % (
            "contact",
            "deleted",
            "",
            "",
        )
        by_staff = ACTIVITY.replace("{acme}", "{globex}").replace("{ava}", "{gus}") % (
            "staff",
            "disabled",
            "They asked us to",
            "",
        )
        assert broken(by_admin, by_staff, NO_ADMIN) == []
        assert {each.rule for each in broken(by_staff, by_admin, NO_ADMIN)} == {ADMINS}

    def test_a_company_that_never_had_an_admin(self, broken):
        assert broken(NO_ADMIN) == []

    def test_an_exited_company(self, broken):
        gone = "UPDATE company SET exited_at = {now} WHERE id = {globex}"
        assert broken("UPDATE portal_user SET last_sign_in_at = {now}", NO_ADMIN, gone) == []

    def test_what_people_do(self, town, browser, broken):
        """After a day's work nothing is broken."""
        mia = browser(town.mia)
        for contact, move in (
            (town.ava, "authorize"),
            (town.ann, "resend"),
            (town.exa, "cancel-invitation"),
            (town.bill, "deactivate"),
            (town.bill, "activate"),
            (town.rita, "unlink"),
            (town.wes, "delete"),
            (town.nora, "deactivate"),
        ):
            assert mia.post(f"/acme/contacts/{contact.id}/{move}", {"confirmed": "y"}).status_code == 303, (
                move
            )
        browser(town.vic)
        assert broken() == []
