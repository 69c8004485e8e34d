"""What staff wait for in a portal with 1,000,000 contacts and 100,000 logins; run by `make crowded`.

Fills a database of its own and asks the application in this process, so the times are those of the server
alone. `python -m tests.machinery.crowded postgresql` does it on PostgreSQL.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import text

from portal import create_app
from portal.extensions import db
from portal.transaction import transaction
from tests import town
from tests.conftest import SETTINGS
from tests.machinery import postgres
from tests.machinery.counts import count
from tests.surfing import StaffBrowser, app_code

CONTACTS, LOGINS, COMPANIES, PLACES = 1_000_000, 100_000, 2_000, 40_000
NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {many})"
# Every tenth contact has a login; every fiftieth shares a switchboard's number.
FILL = (
    """INSERT INTO company (slug, name, street, city, postcode, country, phone, tax_id, website,
         created_at, requires_second_factor)
       {companies} SELECT 'client-' || i, 'Client ' || i, '', '', '', 'GB', '', '', '',
         CURRENT_TIMESTAMP, {no} FROM n""",
    """INSERT INTO portal_user (first_name, last_name, email, email_key, email_confirmed_at, password_hash,
         must_change_password, theme, density, shortcuts, created_at, name_key, search_key)
       {logins} SELECT 'Ann' || i, 'Crowd',
         'ann' || (i * 10) || '@client' || (i * 10 % {firms}) || '.example',
         'ann' || (i * 10) || '@client' || (i * 10 % {firms}) || '.example', CURRENT_TIMESTAMP, 'x',
         {no}, 'system', 'comfortable', {yes}, CURRENT_TIMESTAMP, 'ann' || i || ' crowd',
         'ann' || i || ' crowd ann' || (i * 10) || '@client' || (i * 10 % {firms}) || '.example'
         FROM n""",
    """INSERT INTO contact (company_id, honorific, first_name, last_name, job_title, phone, mobile, email,
         email_key, email_domain, contact_type_id, is_primary, notes, access, scope, portal_user_id, name_key,
         turned_key, search_key, created_at, changed_at, version)
       {contacts} SELECT {company} + i % {firms}, '', 'Ann' || i, 'Crowd', '',
         CASE WHEN i % 50 = 0 THEN '+4420' || (70000000 + i % {firms}) ELSE '+44' || (2000000000 + i) END,
         '+44' || (7000000000 + i), 'ann' || i || '@client' || (i % {firms}) || '.example',
         'ann' || i || '@client' || (i % {firms}) || '.example', 'client' || (i % {firms}) || '.example',
         {kind}, {no}, '',
         CASE WHEN i % 10 = 0 THEN 'portal' WHEN i % 3 = 0 THEN 'email_only' ELSE 'none' END,
         'client', CASE WHEN i % 10 = 0 THEN {login} + i / 10 END,
         'ann' || i || ' crowd', 'crowd ann' || i,
         'ann' || i || ' crowd ann' || i || '@client' || (i % {firms}) || '.example',
         CURRENT_TIMESTAMP, CURRENT_TIMESTAMP, 1 FROM n""",
    """INSERT INTO property (company_id, name, street, city, postcode, created_at, name_key, search_key)
       {places} SELECT {company} + i % {firms}, 'House ' || i, i || ' Mill Lane', 'Leeds', '',
         CURRENT_TIMESTAMP, 'house ' || i, 'house ' || i || ' ' || i || ' mill lane leeds' FROM n""",
    """INSERT INTO activity (at, company_id, actor_kind, actor_name, what, contact_id, target_name, changes,
         result, reason, address, request_id)
       {contacts} SELECT CURRENT_TIMESTAMP, {company} + i % {firms}, 'contact', 'Mia Stone', 'authorized',
         {contact} + i, 'Ann' || i || ' Crowd', '{{"Portal access": ["none", "portal"]}}', 'done', '', '', ''
         FROM n""",
    """INSERT INTO terms_acceptance (portal_user_id, terms_version_id, accepted_at, address)
       {logins} SELECT {login} + i, 1, CURRENT_TIMESTAMP, '' FROM n WHERE i % 10 > 0""",
)

SENDERS = {
    "an address": "ann{0}@client0.example",
    "a mobile number": "+447{0:09}",
    "a switchboard of many people": "+442070000000",
    "nobody, at a client's domain": "stranger@client7.example",
    "nobody at all": "stranger@nowhere.example",
    "a foreign number, dialled there": "030 {0:09}",
    "a name": "ann{0} crowd",
    "a name that everybody has": "crowd",
    "a property": "house {0}",
    "a part of a name": "nn{0} crow",
    "nobody's name": "nobody atall",
}
_VIEWS = tuple(f"?status={view}" for view in ("disabled", "never", "must_change", "alone", "terms"))
PAGES = ("", "?sort=email&dir=desc", "?q=ann999", "?q=nobody", *_VIEWS)


def fill() -> None:
    """Put the crowd beside the town."""
    connection = db.session.connection()
    sqlite = connection.dialect.name == "sqlite"

    def highest(table: str) -> int:
        return int(connection.execute(text(f"SELECT max(id) FROM {table}")).scalar_one())

    # Where ids go on after those of the town; PostgreSQL counts them apart from the rows.
    facts = {
        "firms": COMPANIES,
        "company": highest("company") + 1,
        "login": highest("portal_user"),
        "contact": highest("contact"),
        "kind": 2,
        "yes": "1" if sqlite else "true",
        "no": "0" if sqlite else "false",
        "companies": NUMBERS.format(many=COMPANIES),
        "logins": NUMBERS.format(many=LOGINS),
        "contacts": NUMBERS.format(many=CONTACTS),
        "places": NUMBERS.format(many=PLACES),
    }
    for statement in FILL:
        connection.exec_driver_sql(statement.format(**facts).replace("%", "%" if sqlite else "%%"))
    connection.exec_driver_sql("ANALYZE")


@contextmanager
def portal(url: str, folder: str) -> Iterator[Flask]:
    """The application on a database with the town and its crowd."""
    app = create_app({**SETTINGS, "INSTANCE_DIR": folder, "SQLALCHEMY_DATABASE_URI": url})
    with app.app_context():
        upgrade()
        with transaction(write=True):
            town.build()
        began = time.perf_counter()
        with transaction(write=True):
            fill()
        print(f"filled in {time.perf_counter() - began:.0f} s", flush=True)
    yield app


def measure(app: Flask) -> None:
    """Print the median and the 95th percentile of what staff do most."""
    browser = StaffBrowser(app)
    browser.give_password("sue.marsh@alder.example")
    if browser.give_code(app_code()).status_code != 303:
        raise RuntimeError("the staff cannot sign in")
    token = browser.token()

    def look(sender: str, turn: int) -> int:
        """Ask about the sender; every two thousandth contact is at the first of the crowd's companies."""
        form = {"csrf_token": token, "sender": sender.format(turn * COMPANIES + COMPANIES)}
        return browser.post("/staff/look-up", form, token=False, follow_redirects=True).status_code

    def page(path: str, _turn: int) -> int:
        return browser.get(f"/staff/portal-users{path}").status_code

    steps = {f"look up, {what}": partial(look, sender) for what, sender in SENDERS.items()}
    steps |= {f"portal users {path}": partial(page, path) for path in PAGES}
    for name, step in steps.items():
        print(f"{name:<40} {_times(step)}", flush=True)


def _times(step: Callable[[int], int]) -> str:
    """Median and 95th percentile, and how much of the median was this process at work, not waiting."""
    times, worked = [], []
    for turn in range(count(30, 300)):
        began, worked_before = time.perf_counter(), time.process_time()
        code = step(turn)
        times.append((time.perf_counter() - began) * 1000)
        worked.append((time.process_time() - worked_before) * 1000)
        if code != 200:
            raise RuntimeError(f"answered {code}")
    p95 = statistics.quantiles(times, n=20)[-1]
    return (
        f"median {statistics.median(times):6.1f} ms   p95 {p95:6.1f} ms"
        f"   at work {statistics.median(worked):6.1f} ms"
    )


def main() -> int:
    """Fill, measure and print; returns the code to exit with."""
    with tempfile.TemporaryDirectory() as folder:
        if sys.argv[1:] != ["postgresql"]:
            with portal(f"sqlite:///{folder}/crowd.db", folder) as app:
                measure(app)
            return 0
        with postgres.running() as server, server.database() as url, portal(url, folder) as app:
            measure(app)
    return 0


if __name__ == "__main__":
    sys.exit(main())
