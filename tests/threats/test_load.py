"""Group F, load and input abuse: files without end, mail that answers mail."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from portal.extensions import db
from portal.models import Activity, Import
from tests import ledger
from tests.machinery import smtp_sink
from tests.machinery.counts import count
from tests.surfing import form_fields
from tests.test_imports import sent_to

FILES = ["activity/export", "billing/invoices.csv", "billing/statement.csv", "reports/people.csv"]


def test_files_in_a_loop(app, town, browser):
    """T78: one browser gets so many files, then 429 with when to come again; pages go on."""
    app.config["EXPORT_LIMIT"] = "6 per 5 minutes"
    mia, max = browser(town.mia), browser(town.max)
    codes = [mia.get(f"/acme/{FILES[number % 4]}").status_code for number in range(8)]
    assert codes == [200] * 6 + [429] * 2
    refused = mia.get("/acme/reports/spend.csv")
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 300
    assert mia.get("/acme/reports/people").status_code == 200
    assert max.get("/acme/activity/export").status_code == 200


def test_tables_in_a_loop(app, town, browser, on_duty, reading):
    """T75, T78: one browser hands in so many tables, then 429; of open ones the oldest goes first."""
    app.config["IMPORT_LIMIT"] = "8 per 5 minutes"
    mia, sue, table = browser(town.mia), on_duty(town.sue), b"First name,Last name\nAnn,Le\n"
    for who, path in ((mia, "/acme/contacts/import"), (sue, "/staff/imports/new/contacts")):
        pages = [sent_to(who, path, table, client="acme").location for _ in range(6)]
        assert [who.get(page).status_code for page in pages] == [404] + [200] * 5
        for page in pages[1:]:
            assert who.post(f"{page}/columns", form_fields(who.get(page).text, "columns")).status_code == 303
        refused = sent_to(who, path, table, client="acme")
        assert refused.status_code == 422
        assert "5 of your imports are still open. Start or cancel one of them first." in refused.text
        assert who.post(f"{pages[1]}/cancel").status_code == 303
        assert sent_to(who, path, table, client="acme").status_code == 303
        assert sent_to(who, path, table, client="acme").status_code == 429
        assert who.get(path).status_code == 200
    with reading():
        kept = [each for each in (Path(app.config["INSTANCE_DIR"]) / "files").rglob("*") if each.is_file()]
        names = set(db.session.scalars(db.select(Import.stored_as).where(Import.state != "cancelled")))
        assert names <= {each.name for each in kept}
        assert len(names) == 10


def test_a_mail_asks_for_no_answer(app, town, mailbox, monkeypatch):
    """T79: every mail says that a machine wrote it, and nothing here reads mail."""
    with smtp_sink.running() as sink:
        monkeypatch.setattr(app.extensions["mail"], "port", sink.port)
        mailbox.send_waiting()
        received = sink.wait(1)
    for each in received:
        assert each.message["Auto-Submitted"] == "auto-generated"
        assert each.message["Disposition-Notification-To"] is None
        assert each.message["Return-Receipt-To"] is None
    assert not [rule for rule in app.url_map.iter_rules() if "inbound" in rule.rule or "bounce" in rule.rule]


def test_sixteen_writers_at_once(app, town, browser, reading):
    """T86: nobody is told that the database is locked; each change is there, and each has its trace."""
    mia = browser(town.mia)
    token, barrier = mia.token(), threading.Barrier(16)
    with reading():
        seen = ledger.last_activity()

    def add(number: int) -> list[int]:
        window = type(mia)(app)
        window.client.set_cookie("gatehouse", mia.cookie() or "")
        barrier.wait()
        form = {"csrf_token": token, "access": "portal"}
        return [
            window.post(
                "/acme/contacts/new",
                ledger.new_form(email=f"n{number}.{again}@acme.example", **form),
                token=False,
            ).status_code
            for again in range(count(2, 25))
        ]

    with ThreadPoolExecutor(16) as pool:
        codes = [code for some in pool.map(add, range(16)) for code in some]
    assert set(codes) == {303}
    with reading():
        added = db.select(db.func.count(Activity.id)).where(Activity.id > seen, Activity.what == "added")
        assert db.session.scalar(added) == len(codes)
