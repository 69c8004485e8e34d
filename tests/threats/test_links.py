"""Group C, links: what a clock that goes wrong and a key that changes do to them."""

from datetime import timedelta

import time_machine

from portal.clock import now
from portal.extensions import db
from portal.models import Invitation

NEW = "harbour velvet ninety owls"
YES = {"password": NEW, "accept_terms": "y"}


def test_a_clock_that_is_off_makes_no_link_immortal_or_dead(app, town, browser, mailbox, reading):
    """T47: the end stands in the row; five minutes either way change nothing, a day the other way little."""
    app.config["INVITATION_LIFE"] = timedelta(hours=24)
    start = now()
    with time_machine.travel(start, tick=False) as clock:
        mia = browser(town.mia)
        mia.post(f"/acme/contacts/{town.ann.id}/resend")
        link = mailbox.link(town.ann.email)
        with reading():
            newest = db.select(Invitation).where(Invitation.contact_id == town.ann.id)
            row = db.session.scalars(newest.order_by(Invitation.id.desc())).first()
            assert row.expires_at == start + timedelta(hours=24)
        for minutes in (-5, 0, 5):
            clock.move_to(start + timedelta(minutes=minutes))
            assert browser().get(link).status_code == 200
        app.config["INVITATION_LIFE"] = timedelta(days=365)  # a setting of later does not stretch it
        clock.move_to(start + timedelta(days=1, seconds=1))
        assert browser().get(link).status_code == 410
        clock.move_to(start + timedelta(hours=23, minutes=59))
        assert browser().post(link, YES).status_code == 303


def test_a_clock_behind_signs_nobody_out(town, browser):
    """T47: the next request comes to a machine whose clock is behind; the session's end is its row's."""
    start = now()
    with time_machine.travel(start, tick=False) as clock:
        mia = browser(town.mia)
        for seconds in (-1, -300):
            clock.move_to(start + timedelta(seconds=seconds))
            assert mia.get("/acme/").status_code == 200
            assert mia.post("/profile", {"first_name": "Mia", "last_name": "Stone"}).status_code == 303
        clock.move_to(start + timedelta(hours=13))
        assert mia.get("/acme/").status_code == 303
