"""A process that changes something or sends a letter and kills itself at a named point.

`python -m tests.faults.dying POINT ROW`: ROW is the contact to write to for the points of a change, and the
letter to send for the points of sending. It never gets to its end.
"""

import os
import signal
import sys
from types import FrameType
from typing import Any

from portal import create_app, delivery, mail
from portal.extensions import db
from portal.models import Contact
from portal.transaction import transaction

# Where each point is: (the function, whether it begins or ends there, who called it, which time).
POINTS = {
    "before commit": ("do_commit", "call", None, 1),
    "after commit": ("do_commit", "return", None, 1),
    "after claim": ("claim", "return", None, 1),
    "after connect": ("configure_host", "return", None, 1),
    "after DATA": ("getreply", "call", "data", 1),
    "after 250": ("data", "return", "sendmail", 1),
    "after mark": ("settle", "return", None, 1),
}
CHANGES = {"before commit", "after commit"}


def die_at(point: str) -> None:
    """From now on, kill this process with -9 once it comes to `point`."""
    function, event, caller, left = POINTS[point]

    def watch(frame: FrameType, happened: str, _argument: Any) -> None:
        nonlocal left
        if happened != event or frame.f_code.co_name != function:
            return
        if caller and (frame.f_back is None or frame.f_back.f_code.co_name != caller):
            return
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(watch)


def main(point: str, row_id: int) -> None:
    """Do what belongs to `point` and die there."""
    app = create_app()
    with app.app_context():
        if point not in CHANGES:
            die_at(point)
            delivery.send(row_id, mail.render)
            return
        with transaction(write=True):
            mail.email_only_notice(db.session.get_one(Contact, row_id), "Amelia Hart")
            die_at(point)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
