"""What staff look for, sealed into the address of the answer: Back shows it again, no log tells it."""

from datetime import timedelta
from typing import TypeVar

from cryptography.fernet import InvalidToken
from flask import request
from werkzeug.datastructures import MultiDict

from portal.clock import now
from portal.forms.fields import Blank
from portal.sealed import box
from portal.staff_gate import person

_LIFE = timedelta(hours=1)
_PURPOSE = b"gatehouse sought"
AnyForm = TypeVar("AnyForm", bound=Blank)


def seal(words: str) -> str:
    """Return `words` as they may stand in an address: only who typed them can read them."""
    return box(_PURPOSE).encrypt(f"{person().person.id} {words}".encode()).decode()


def read(kind: type[AnyForm], field: str) -> AnyForm | None:
    """Return a form with what the address of this request holds in its `field`, and checked.

    None where it holds nothing, what somebody else looked for, or what is an hour old.
    """
    words = _unseal(request.args.get("asked", ""))
    form = kind(MultiDict({field: words}), meta={"csrf": False}) if words else None  # nothing is sent here
    return form if form is not None and form.validate() else None


def _unseal(sealed: str) -> str:
    try:
        seconds = int(_LIFE.total_seconds())
        opened = box(_PURPOSE).decrypt_at_time(sealed.encode(), seconds, int(now().timestamp()))
    except InvalidToken:
        return ""
    typed_by, _, words = opened.decode().partition(" ")
    return words if typed_by == str(person().person.id) else ""
