"""T75: a large import whose worker is killed with -9 again and again goes on, and nobody is invited twice."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from portal import tables
from portal.actions import imports
from portal.clock import now
from portal.extensions import db
from portal.models import Activity, Company, Contact, Import, Invitation, Letter
from portal.policy import as_reader
from portal.transaction import transaction
from tests.machinery import web
from tests.machinery.counts import count

pytestmark = [pytest.mark.fault, pytest.mark.long, pytest.mark.xdist_group("faults")]
ROOT = Path(__file__).parents[2]
ROWS, INVITED = count(2_000, 50_000), 100
COLUMNS = ("first_name", "last_name", "email", "phone", "access", "roles")


@pytest.fixture
def handed_in(app, writing, town) -> int:
    """A table that Mia handed in and whose columns she agreed to."""
    people = (
        [f"Ann{n}", "Le", f"ann{n}@new.example", "020 7946 0123", "Yes" if n < INVITED else "No", "Requester"]
        for n in range(ROWS)
    )
    with writing():
        mia = db.session.get_one(Contact, town.mia.id)
        file = ("people.csv", tables.keep(enumerate(people, 2)), "")
        begun = imports.begin("contacts", mia.company, file, COLUMNS, COLUMNS, ROWS, as_reader(mia))
        imports.check(begun, COLUMNS, {"access": "file", "twins": "skip"})
        return begun.id


@pytest.fixture
def worker(app):
    """Starts a worker of its own at an import."""
    keep = {"SECRET_KEY": app.config["SECRET_KEY"], "INSTANCE_DIR": app.config["INSTANCE_DIR"]}
    address = app.config["SQLALCHEMY_DATABASE_URI"].render_as_string(hide_password=False)
    env = {**os.environ, **keep, "DATABASE_URL": address, "REDIS_URL": "", "PYTHONUNBUFFERED": "1"}
    started = []

    def start(import_id: int) -> subprocess.Popen:
        command = [sys.executable, "-m", "tests.faults.importing", str(import_id)]
        started.append(subprocess.Popen(command, env=env, cwd=ROOT, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for each in started:
        each.kill()
        each.wait()
        each.stdout.close()


def stands(app, import_id: int) -> tuple[str, int]:
    with app.app_context(), transaction(write=False):
        found = db.session.get_one(Import, import_id)
        return found.state, found.position


def kill_later(app, process, import_id: int, rows: int) -> None:
    """Kill the worker once it has looked at `rows`; what it held is free half a minute later."""
    while stands(app, import_id)[1] < rows and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    let_go(app, import_id)


def let_go(app, import_id: int) -> None:
    with app.app_context(), transaction(write=True):
        db.session.get_one(Import, import_id).leased_until = now()


class Others:
    """People of another company, who look at pages and change things while somebody imports."""

    def __init__(self, app, web, cookie: str) -> None:
        self._app, self._web, self._cookie = app, web, cookie
        self.pages: list[float] = []
        self.changes: list[float] = []

    def once(self) -> None:
        begun = time.perf_counter()
        assert self._web.get("/globex/contacts", self._cookie).status == 200
        self.pages.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        with self._app.app_context(), transaction(write=True):
            db.session.execute(update(Company).where(Company.slug == "globex").values(phone=str(begun)[:9]))
        self.changes.append(time.perf_counter() - begun)

    def until(self, process) -> list[str]:
        """Go on until the process has ended; what it said."""
        while process.poll() is None:
            self.once()
            time.sleep(0.02)
        return process.communicate()[0].split()

    @property
    def p95(self) -> float:
        return sorted(self.pages)[int(len(self.pages) * 0.95)]

    def __str__(self) -> str:
        longest = max(self.changes)
        return (
            f"p95 {self.p95 * 1000:.0f} ms of {len(self.pages)} pages, longest wait to write {longest:.2f} s"
        )


@pytest.fixture
def others(app, town, browser):
    """Makes them, each time with clean figures; they ask a web process as production runs it."""
    cookie = browser(town.stan).cookie()
    with web.process(app) as running:
        yield lambda: Others(app, running, cookie)


def test_killed_in_the_middle(app, town, handed_in, worker, others):
    """S9, T75, T85: all of it or nothing, under 300 MB, and the portal answers others as before meanwhile."""
    calm, looking, writing = others(), others(), others()
    for _ in range(count(40, 300)):
        calm.once()
    kill_later(app, worker(handed_in), handed_in, ROWS // 3)
    said = looking.until(worker(handed_in))
    assert stands(app, handed_in) == ("checked", ROWS)
    assert int(said[-1]) < 300_000_000
    before = start(app, town, handed_in)
    # Killed while it writes: none of it is there, or all of it.
    writer = worker(handed_in)
    time.sleep(count(3, 6))
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    if stands(app, handed_in)[0] == "importing":
        with app.app_context(), transaction(write=False):
            assert db.session.scalar(select(func.count(Contact.id))) == before
        let_go(app, handed_in)
    said = writing.until(worker(handed_in))
    assert int(said[-1]) < 300_000_000
    everything_once(app, before)
    print(f"calm: {calm}\nwhile it looks: {looking}\nwhile it writes: {writing}\nmemory {said[-1]}")
    # Beside a worker that computes, on a machine that does other things, too: of what it took before.
    for busy in (looking, writing):
        assert busy.p95 < max(0.5, 3 * calm.p95)
    assert max(writing.changes) < 15


def start(app, town, import_id: int) -> int:
    """Start what was looked at; how many contacts there are before."""
    with app.app_context(), transaction(write=True):
        found = db.session.get_one(Import, import_id)
        assert (found.adds, found.errors) == (ROWS, 0)
        imports.start(found, as_reader(db.session.get_one(Contact, town.mia.id)))
        return db.session.scalar(select(func.count(Contact.id)))


def everything_once(app, before: int) -> None:
    """All of it is there, and nobody was invited twice."""
    with app.app_context(), transaction(write=False):
        assert db.session.scalar(select(func.count(Contact.id))) == before + ROWS
        mails = select(Letter.to_email).where(Letter.to_email.like("ann%@new.example"))
        found = list(db.session.scalars(mails))
        assert len(found) == len(set(found)) == INVITED
        invited = select(func.count(Invitation.id)).where(Invitation.email.like("ann%@new.example"))
        assert db.session.scalar(invited) == INVITED
        told = select(func.count(Activity.id)).where(Activity.what == "added")
        assert db.session.scalar(told) >= ROWS
