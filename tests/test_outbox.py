"""The outbox: what happens to a letter from the change it tells about to the mail server (M1 to M3, L10)."""

import json
import multiprocessing
import ssl
import threading
import time
import zlib
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
import trustme
from redis import Redis
from rq import Queue

from portal import claims, delivery, jobs, mail, outbox
from portal.clock import now
from portal.doorbell import QUEUE, Doorbell
from portal.extensions import db
from portal.models import Access, Contact, Invitation, Letter, LoginLink, PasswordRequest, Purpose
from portal.transaction import transaction
from tests.machinery import post_office, postgres, smtp_sink, valkey
from tests.machinery.counts import count
from tests.machinery.post_office import Office


@pytest.fixture(scope="module")
def database(request):
    """The address of an empty database of the kind under test; empty for a file in the office's folder."""
    if request.config.getoption("database") == "sqlite":
        yield ""
        return
    with postgres.running() as server:
        yield server.new_database()


@pytest.fixture(scope="module")
def whole_office(tmp_path_factory, database):
    with post_office.opened(tmp_path_factory.mktemp("office"), database=database) as office:
        yield office


@pytest.fixture
def office(whole_office):
    """The office with an empty outbox and a sink that behaves."""
    with whole_office.writing():
        for model in (Letter, Invitation, LoginLink, PasswordRequest, Contact):
            db.session.execute(db.delete(model))
    whole_office.sink.accept()
    whole_office.sink.clear()
    yield whole_office
    whole_office.sink.accept()


@pytest.fixture(scope="module")
def redis():
    with valkey.running() as server:
        yield server


def due(office: Office) -> list[int]:
    with office.app.app_context(), transaction(write=False):
        return outbox.due_ids(1000)


class TestPosting:
    def test_a_letter_is_written_with_its_change(self, office):
        letter_id = office.invite()
        letter = office.letter(letter_id)
        assert (letter.state, letter.attempts) == ("waiting", 0)
        assert due(office) == [letter_id]

    def test_no_letter_for_a_change_that_was_rolled_back(self, office):
        """L10."""

        def change() -> None:
            with office.writing():
                mail.email_only_notice(
                    office.contact("a@northgate.example", access=Access.EMAIL_ONLY), "Amelia"
                )
                raise RuntimeError("the change did not happen")

        with pytest.raises(RuntimeError):
            change()
        assert due(office) == []

    def test_only_the_id_goes_to_redis_and_as_json(self, office, redis):
        office.app.config["REDIS_URL"] = redis.url
        try:
            letter_id = office.invite()
        finally:
            office.app.config["REDIS_URL"] = ""
            office.app.extensions.pop("doorbell", None)
        with Redis.from_url(redis.url) as line:
            [job_id] = Queue(QUEUE, connection=line, serializer="json").get_job_ids()
            data = json.loads(zlib.decompress(line.hget(f"rq:job:{job_id}", "data")))
            assert data == ["portal.jobs.send_letter", None, [letter_id], {}]


class TestSending:
    def test_sends_and_says_so(self, office):
        letter = office.send(office.invite())
        assert (letter.state, letter.attempts, letter.last_error, letter.leased_until) == (
            "sent",
            1,
            None,
            None,
        )
        assert letter.sent_at is not None
        assert len(office.sink.messages) == 1

    def test_twice_asked_is_once_sent(self, office):
        """M3."""
        letter_id = office.invite()
        for _ in range(3):
            office.send(letter_id)
        assert len(office.sink.messages) == 1
        assert office.letter(letter_id).attempts == 1

    def test_an_unknown_letter_is_nobodys_trouble(self, office):
        with office.app.app_context():
            delivery.send(999_999, mail.render)

    def test_server_away_then_back(self, office):
        office.sink.refuse()
        letter_id = office.invite()
        letter = office.send(letter_id)
        assert letter.state == "waiting"
        assert "refused" in letter.last_error
        assert due(office) == []
        office.sink.accept()
        with time_machine.travel(now() + timedelta(seconds=61)):
            assert due(office) == [letter_id]
            assert office.send(letter_id).state == "sent"

    def test_pauses_grow_and_end_with_the_link(self, office):
        office.sink.reply("451 4.7.1 Greylisted, come back later")
        began = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
        with time_machine.travel(began, tick=False) as clock:
            letter_id, waits = office.invite(), []
            while (letter := office.send(letter_id)).state == "waiting":
                waits.append((letter.due_at - now()).total_seconds() / 60)
                clock.move_to(letter.due_at)
            assert now() == began + timedelta(hours=24)
        assert waits[:6] == [1, 5, 15, 30, 60, 60]
        assert sum(waits) == 24 * 60
        assert letter.state == "expired"
        assert "Greylisted" in letter.last_error
        assert office.invitation_of(letter_id).mail_error.startswith(claims.TOO_LATE)
        assert office.sink.messages == []

    def test_greylisted_twice_then_taken_with_the_same_message_id(self, office):
        """F12."""
        office.sink.reply("451 later", times=2)
        letter_id = office.invite()
        with time_machine.travel(now(), tick=False) as clock:
            for _ in range(3):
                letter = office.send(letter_id)
                clock.move_to(max(letter.due_at, now()))
        assert (letter.state, letter.attempts) == ("sent", 3)
        assert len(office.sink.messages) == 1

    @pytest.mark.parametrize("at", ["RCPT", "DATA"])
    def test_refused_for_good(self, office, at):
        """M2, F13."""
        office.sink.reply("550 5.1.1 No such mailbox here", at=at)
        letter_id = office.invite()
        letter, invitation = office.send(letter_id), office.invitation_of(letter_id)
        assert (letter.state, letter.last_error) == ("failed", "550 5.1.1 No such mailbox here")
        assert invitation.mail_failed_at is not None
        assert invitation.mail_error == "550 5.1.1 No such mailbox here"
        with time_machine.travel(now() + timedelta(hours=5)):
            assert due(office) == []

    def test_signing_in_refused_is_no_fault_of_the_letter(self, office):
        office.sink.reply("530 5.7.0 Authentication required", at="RCPT")
        letter_id = office.invite()
        assert office.send(letter_id).state == "waiting"
        assert office.invitation_of(letter_id).mail_failed_at is None

    def test_dropped_after_data_is_tried_again_under_the_same_id(self, office):
        """F14."""
        office.sink.drop_after_data()
        letter_id = office.invite()
        assert office.send(letter_id).state == "waiting"
        with time_machine.travel(now() + timedelta(minutes=2)):
            assert office.send(letter_id).state == "sent"
        [dropped], [taken] = office.sink.unanswered, office.sink.messages
        assert dropped.message["Message-ID"] == taken.message["Message-ID"]
        assert parts_equal(dropped, taken)

    def test_a_poisoned_letter_fails_alone(self, office):
        first, poisoned, last = (office.invite(f"{n}@northgate.example") for n in range(3))
        with office.writing():
            db.session.get_one(Letter, poisoned).kind = "no such kind"
        for letter_id in due(office):
            office.send(letter_id)
        assert [office.letter(each).state for each in (first, poisoned, last)] == ["sent", "failed", "sent"]
        assert office.invitation_of(poisoned).mail_failed_at

    def test_no_utf8_at_the_server_is_a_refusal(self, office):
        with smtp_sink.running(enable_SMTPUTF8=False) as plain:
            letter = with_server(office, plain, lambda: office.send(office.invite("jörg@northgate.example")))
        assert letter.state == "failed"
        assert "such characters" in letter.last_error
        assert plain.messages == []

    def test_a_slow_server_is_waited_for_and_the_lease_kept(self, office, monkeypatch):
        """F11: slower than the lease is long, and nobody else takes the letter meanwhile."""
        monkeypatch.setattr(claims, "LEASE", timedelta(seconds=1))
        office.sink.slow(0.02)
        letter_id, others = office.invite(), []
        sender = threading.Thread(target=office.send, args=(letter_id,))
        sender.start()
        while sender.is_alive():
            others += due(office)
            time.sleep(0.1)
        office.sink.slow(0)
        assert others[1:] == []  # it was due before it was taken, never again
        assert office.letter(letter_id).attempts == 1
        assert len(office.sink.messages) == 1


def parts_equal(one, other) -> bool:
    texts = [mail.message.get_body(("plain",)).get_content() for mail in (one, other)]
    return texts[0] == texts[1]


def with_server(office: Office, sink: smtp_sink.Sink, act, **changes):
    """Do `act` while mail goes to another server."""
    state = office.app.extensions["mail"]
    kept = dict(vars(state))
    vars(state).update({"server": sink.host, "port": sink.port, **changes})
    try:
        return act()
    finally:
        vars(state).update(kept)


class TestWanted:
    def test_ended_link_is_not_sent(self, office):
        letter_id = office.invite()
        with office.writing():
            invitation = db.session.get_one(Invitation, db.session.get_one(Letter, letter_id).invitation_id)
            invitation.ended_at, invitation.ended_as = now(), "cancelled"
        assert office.send(letter_id).state == "cancelled"
        assert office.sink.messages == []

    def test_expired_link_is_not_sent(self, office):
        letter_id = office.invite(life=timedelta(hours=1))
        with time_machine.travel(now() + timedelta(hours=1, seconds=1)):
            assert office.send(letter_id).state == "expired"
        assert office.invitation_of(letter_id).mail_error == claims.TOO_LATE
        assert office.sink.messages == []

    def test_link_of_a_disabled_login_is_not_sent(self, office):
        with office.writing():
            link = office.login_link(Purpose.RESET, "disabled@northgate.example")
            letter = mail.password_reset(link)
            link.user.disabled_at = now()
        assert office.send(letter.id).state == "cancelled"

    def test_notice_to_somebody_deleted_is_not_sent(self, office):
        with office.writing():
            contact = office.contact("gone@northgate.example", access=Access.EMAIL_ONLY)
            letter = mail.email_only_notice(contact, "Amelia Hart")
            contact.deleted_at = now()
        assert office.send(letter.id).state == "cancelled"

    def test_letter_without_link_is_tried_for_three_days(self, office):
        office.sink.refuse()
        with office.writing():
            contact = office.contact("away@northgate.example", access=Access.EMAIL_ONLY)
            letter = mail.email_only_notice(contact, "Amelia Hart")
        assert office.send(letter.id).state == "waiting"
        with time_machine.travel(now() + claims.PATIENCE):
            assert office.send(letter.id).state == "expired"


class TestClaims:
    def test_a_taken_letter_is_nobody_elses_until_its_lease_ends(self, office):
        letter_id = office.invite()
        with office.app.app_context():
            assert claims.claim(letter_id) == 1
            assert claims.claim(letter_id) == 0
        assert due(office) == []
        with time_machine.travel(now() + claims.LEASE):
            assert due(office) == [letter_id]
            assert office.send(letter_id).attempts == 2
        assert office.letter(letter_id).state == "sent"

    def test_who_lost_the_letter_does_not_put_it_off(self, office):
        letter_id = office.invite()
        with office.app.app_context():
            late = claims.claim(letter_id)
        with time_machine.travel(now() + claims.LEASE):
            assert office.send(letter_id).state == "sent"
            with office.app.app_context():
                claims.settle(letter_id, late, lambda letter: claims.put_off(letter, "451 later"))
        assert office.letter(letter_id).state == "sent"

    def test_sent_after_failing_takes_the_mark_off_the_invitation(self, office):
        office.sink.reply("550 no", times=1)
        letter_id = office.invite()
        office.send(letter_id)
        with office.writing():
            db.session.get_one(Letter, letter_id).state = "waiting"
        assert office.send(letter_id).state == "sent"
        assert office.invitation_of(letter_id).mail_failed_at is None

    def test_four_senders_at_once(self, office):
        """F23 with processes of their own, each with the whole list."""
        mails = count(40, 1000)
        ids = [office.invite(f"n{number}@northgate.example") for number in range(mails)]
        barrier = multiprocessing.get_context("fork").Barrier(4)
        with office.app.app_context():
            db.engine.dispose()
        senders = [
            multiprocessing.get_context("fork").Process(target=send_all, args=(office, ids, barrier))
            for _ in range(4)
        ]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        assert [sender.exitcode for sender in senders] == [0] * 4
        assert office.states() == {"sent": mails}
        assert sorted(mail.recipients[0] for mail in office.sink.messages) == sorted(
            f"n{number}@northgate.example" for number in range(mails)
        )


def send_all(office: Office, ids: list[int], barrier) -> None:
    barrier.wait()
    for letter_id in ids:
        office.send(letter_id)


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


class TestEncryption:
    @pytest.fixture
    def trusted(self, authority, tmp_path, monkeypatch):
        file = tmp_path / "authority.pem"
        authority.cert_pem.write_to_path(str(file))
        monkeypatch.setenv("SSL_CERT_FILE", str(file))

    @staticmethod
    def server(authority, *names: str):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*names).configure_cert(context)
        return smtp_sink.running(tls_context=context, require_starttls=True)

    def test_starttls_with_a_good_certificate(self, office, authority, trusted):
        with self.server(authority, "127.0.0.1") as sink:
            letter = with_server(office, sink, lambda: office.send(office.invite()), use_tls=True)
        assert letter.state == "sent"
        assert len(sink.messages) == 1

    def test_a_certificate_of_nobody_is_refused(self, office, authority):
        with self.server(authority, "127.0.0.1") as sink:
            letter = with_server(office, sink, lambda: office.send(office.invite()), use_tls=True)
        assert letter.state == "waiting"
        assert "CERTIFICATE_VERIFY_FAILED" in letter.last_error
        assert sink.messages == []

    def test_a_certificate_for_another_name_is_refused(self, office, authority, trusted):
        with self.server(authority, "mail.elsewhere.example") as sink:
            letter = with_server(office, sink, lambda: office.send(office.invite()), use_tls=True)
        assert letter.state == "waiting"
        assert "CERTIFICATE_VERIFY_FAILED" in letter.last_error
        assert sink.messages == []

    def test_never_in_plain_text_instead(self, office):
        with smtp_sink.running() as plain:
            letter = with_server(office, plain, lambda: office.send(office.invite()), use_tls=True)
        assert letter.state == "waiting"
        assert "STARTTLS" in letter.last_error
        assert plain.messages == []

    def test_asked_for_encryption_but_not_set_is_our_fault_not_the_letters(self, office, authority):
        with self.server(authority, "127.0.0.1") as sink:
            letter = with_server(office, sink, lambda: office.send(office.invite()))
        assert letter.state == "waiting"
        assert office.invitation_of(letter.id).mail_failed_at is None


class TestDoorbell:
    def test_no_redis_costs_nothing_and_raises_nothing(self, tmp_path):
        bell = Doorbell(f"unix://{tmp_path}/nobody.sock")
        assert spent(lambda: bell.ring("send_letter", 1)) < 0.5

    def test_frozen_redis_costs_half_a_second_once(self):
        with valkey.running() as server:
            bell = Doorbell(server.url)
            bell.ring("send_letter", 1)
            server.freeze()
            times = [spent(lambda: bell.ring("send_letter", 2)) for _ in range(20)]
            server.thaw()
        print("frozen Redis, seconds per ring:", [round(each, 3) for each in times])
        assert max(times) < 0.5
        assert sorted(times)[-2] < 0.05

    def test_restarted_redis_is_rung_again_at_once(self):
        with valkey.running() as server:
            bell = Doorbell(server.url)
            bell.ring("send_letter", 1)
            server.stop()
            server.start()
            bell.ring("send_letter", 2)
            assert waiting(server) == ["send_letter-1", "send_letter-2"]

    def test_the_clock_adds_only_what_does_not_wait_already(self):
        with valkey.running() as server:
            bell = Doorbell(server.url)
            for _ in range(3):
                bell.ring_missing([("send_letter", 1), ("answer_password_request", 1)])
            assert waiting(server) == ["send_letter-1", "answer_password_request-1"]


def spent(act) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


def waiting(server: valkey.Valkey) -> list[str]:
    with Redis.from_url(server.url) as line:
        return Queue(QUEUE, connection=line, serializer="json").get_job_ids()


class TestClock:
    def test_without_redis_it_sends_itself(self, office):
        office.invite()
        with office.app.app_context():
            jobs.find_due()
        assert office.states() == {"sent": 1}

    def test_finds_requests_that_nobody_answered(self, office):
        with office.writing():
            db.session.add(
                PasswordRequest(email="nobody@northgate.example", created_at=now() - timedelta(minutes=1))
            )
        with office.app.app_context():
            jobs.find_due()
            with transaction(write=False):
                assert db.session.scalar(db.select(PasswordRequest.answered_at)) is not None

    def test_which_requests_it_takes_up(self, office):
        """Not the answered, not one whose own job is on its way, not one of long ago; the oldest first."""
        until = now().replace(microsecond=0)
        since, names = until - timedelta(days=1), {}
        moments = {
            "answered": until - timedelta(minutes=1),
            "too fresh": until + timedelta(seconds=1),
            "just old enough": until,
            "just too old": since,
            "waiting": since + timedelta(seconds=1),
        }
        with office.writing():
            for name, at in moments.items():
                request = PasswordRequest(email=f"{name[:3]}@northgate.example", created_at=at)
                request.answered_at = now() if name == "answered" else None
                db.session.add(request)
                db.session.flush()
                names[request.id] = name
            found = [names[each] for each in outbox.unanswered_ids(since, until, 9)]
            assert found == ["just old enough", "waiting"]
            assert [names[each] for each in outbox.unanswered_ids(since, until, 1)] == ["just old enough"]

    def test_takes_up_as_many_letters_as_it_is_asked_for(self, office):
        for number in range(3):
            office.invite(f"{number}@northgate.example")
        with office.app.app_context(), transaction(write=False):
            assert len(outbox.due_ids(2)) == 2

    def test_cleans_up_what_is_long_over_and_nothing_else(self, office):
        old, new = office.invite("old@northgate.example"), office.invite("new@northgate.example")
        for letter_id in (old, new):
            office.send(letter_id)
        unsent = office.invite("unsent@northgate.example")
        with office.writing():
            for letter_id in (old, unsent):
                db.session.get_one(Letter, letter_id).created_at = now() - timedelta(days=200)
        with office.app.app_context():
            jobs.clean_up()
        assert office.states() == {"sent": 1, "waiting": 1}
