"""A sender that dies at each named point: what was promised arrives, what was rolled back does not (F02)."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from portal.extensions import db
from portal.models import Access, Letter
from portal.transaction import transaction
from tests.faults.dying import CHANGES, POINTS
from tests.machinery import post_office
from tests.machinery.counts import LONG
from tests.machinery.post_office import Office, words

pytestmark = [pytest.mark.fault, pytest.mark.xdist_group("faults")]
SENDING = [point for point in POINTS if point not in CHANGES]
ROOT = Path(__file__).parents[2]
# How many mails may have reached the server once the letter was sent to its end. Killed after DATA, the
# server may have taken it or not; killed after its yes, it has, and the row does not know.
MAILS = {"after claim": {1}, "after connect": {1}, "after DATA": {1, 2}, "after 250": {2}, "after mark": {1}}


@pytest.fixture
def office(tmp_path):
    with post_office.opened(tmp_path) as office:
        yield office


def die(office: Office, point: str, row_id: int) -> None:
    command = [sys.executable, "-m", "tests.faults.dying", point, str(row_id)]
    done = subprocess.run(command, env=dict(office.env), cwd=ROOT, timeout=60)
    assert done.returncode == -signal.SIGKILL


def letters(office: Office) -> list[int]:
    with office.app.app_context(), transaction(write=False):
        return list(db.session.scalars(db.select(Letter.id)))


@pytest.mark.parametrize(("point", "written"), [("before commit", 0), ("after commit", 1)])
def test_killed_while_changing(office, point, written):
    with office.writing():
        contact_id = office.contact("paul@northgate.example", access=Access.EMAIL_ONLY).id
    die(office, point, contact_id)
    assert len(letters(office)) == written
    for letter_id in letters(office):
        assert office.send(letter_id).state == "sent"
    assert len(office.sink.messages) == written


@pytest.mark.parametrize("point", SENDING if LONG else ("after DATA", "after 250"))
def test_killed_while_sending(office, point):
    letter_id = office.invite()
    die(office, point, letter_id)
    assert office.letter(letter_id).state == ("sent" if point == "after mark" else "sending")
    assert office.send(letter_id).attempts == 1  # held by the dead until the lease ends
    with office.writing():
        letter = db.session.get_one(Letter, letter_id)
        letter.leased_until = letter.created_at if letter.leased_until else None
    assert office.send(letter_id).state == "sent"
    mails = office.sink.messages
    assert len(mails) in MAILS[point]
    assert len({mail.message["Message-ID"] for mail in mails}) == 1
    assert len({words(mail) for mail in mails}) == 1
