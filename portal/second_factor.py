"""The second factor: the secret an authenticator app shares with us, its codes, and the recovery codes."""

import hashlib
import hmac
import secrets
import unicodedata
from datetime import timedelta

import pyotp
import segno
from cryptography.fernet import InvalidToken, MultiFernet
from markupsafe import Markup
from sqlalchemy import ColumnElement, delete, func, select, update

from portal.clock import now
from portal.extensions import db
from portal.models import PortalUser, RecoveryCode, SecondFactor, StaffUser
from portal.sealed import box

Owner = PortalUser | StaffUser

RECOVERY_CODES = 10
SETUP_LIFE = timedelta(minutes=15)
_STEP_SECONDS = 30
_DIGITS = 6
# A clock may be this many steps off, either way.
_TOLERANCE = 1
# Nothing that is mistaken for something else on paper; 24 of 32 are 120 bits, enough for a plain hash.
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP = 4, 6


def of(owner: Owner) -> SecondFactor | None:
    """Return the second factor of `owner`, None where there is none."""
    return db.session.scalar(select(SecondFactor).where(_owned_by(owner)))


def new_secret() -> str:
    """Return a new secret of 160 bits for an authenticator app, in the letters people type."""
    return pyotp.random_base32()


def provisioning_uri(secret: str, account: str, issuer: str) -> str:
    """Return the otpauth address that an authenticator app reads from the picture."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)


def picture(uri: str, label: str) -> Markup:
    """Return `uri` as a QR picture: SVG to stand in a page, without styles, read out as `label`."""
    code = segno.make(uri, error="m", micro=False)
    width, height = code.symbol_size()
    drawn = code.svg_inline(omitsize=True, svgclass=None, lineclass=None, dark="#000", light="#fff")
    inner = drawn[drawn.index(">") + 1 :]
    head = Markup('<svg class="qr" role="img" aria-label="{}" viewBox="0 0 {} {}">')
    return head.format(label, width, height) + Markup(inner)  # noqa: S704 - drawn by us, holds only numbers


def seal(secret: str, owner: Owner) -> str:
    """Return `secret` encrypted, for `owner` alone; what a database or a cookie may hold."""
    return _box().encrypt(f"{_label(owner)} {secret}".encode()).decode()


def unseal(sealed: str, owner: Owner, *, within: timedelta | None = None) -> str | None:
    """Return the secret in `sealed`; None where it was sealed for somebody else, or longer ago than `within`,
    or with a key that is no longer known."""
    life = int(within.total_seconds()) if within else None
    try:
        if life is None:
            opened = _box().decrypt(sealed.encode())
        else:
            opened = _box().decrypt_at_time(sealed.encode(), ttl=life, current_time=int(now().timestamp()))
    except InvalidToken:
        return None
    label, _, secret = opened.decode().partition(" ")
    return secret if label == _label(owner) else None


def start(owner: Owner, secret: str, code: str) -> list[str] | None:
    """Make `secret` the second factor of `owner`, in place of another one, and return new recovery codes.

    None, and nothing changed, where `code` is not a code of it that was not used before.
    """
    step = _step_of(secret, code)
    _lock(owner)
    before = of(owner)
    if step is None or (before is not None and _is(before, owner, secret) and step <= before.last_step):
        return None
    remove(owner)
    factor = SecondFactor(sealed_secret=seal(secret, owner), last_step=step)
    factor.portal_user_id = owner.id if isinstance(owner, PortalUser) else None
    factor.staff_user_id = owner.id if isinstance(owner, StaffUser) else None
    db.session.add(factor)
    db.session.flush()
    return new_recovery_codes(factor)


def check(factor: SecondFactor, owner: Owner, code: str) -> bool:
    """Use `code` of the authenticator app up; False where it is wrong, too old, or was used before.

    One conditional UPDATE, so that of two uses at once one succeeds.
    """
    secret = unseal(factor.sealed_secret, owner)
    step = _step_of(secret, code) if secret else None
    if step is None:
        return False
    query = update(SecondFactor).where(SecondFactor.id == factor.id, SecondFactor.last_step < step)
    used = db.session.execute(query.values(last_step=step))
    return bool(used.rowcount == 1)  # type: ignore[attr-defined]


def use_recovery_code(factor: SecondFactor, code: str) -> int | None:
    """Use a recovery code up and return how many are left; None where it is none or was used before."""
    query = update(RecoveryCode).where(
        RecoveryCode.second_factor_id == factor.id,
        RecoveryCode.code_hash == _hashed(code),
        RecoveryCode.used_at.is_(None),
    )
    used = db.session.execute(query.values(used_at=now()))
    return recovery_codes_left(factor) if used.rowcount == 1 else None  # type: ignore[attr-defined]


def recovery_codes_left(factor: SecondFactor) -> int:
    """Return how many recovery codes were not used yet."""
    unused = (RecoveryCode.second_factor_id == factor.id, RecoveryCode.used_at.is_(None))
    return db.session.scalar(select(func.count(RecoveryCode.id)).where(*unused)) or 0


def new_recovery_codes(factor: SecondFactor) -> list[str]:
    """Return new recovery codes, to be shown once; the earlier ones no longer work."""
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.second_factor_id == factor.id))
    codes = [_new_code() for _ in range(RECOVERY_CODES)]
    db.session.add_all(RecoveryCode(second_factor_id=factor.id, code_hash=_hashed(code)) for code in codes)
    db.session.flush()
    return codes


def remove(owner: Owner) -> bool:
    """Take the second factor from `owner`, its recovery codes with it; return whether there was one."""
    factor = of(owner)
    if factor is None:
        return False
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.second_factor_id == factor.id))
    db.session.delete(factor)
    db.session.flush()
    return True


def _owned_by(owner: Owner) -> ColumnElement[bool]:
    column = SecondFactor.portal_user_id if isinstance(owner, PortalUser) else SecondFactor.staff_user_id
    return column == owner.id


def _lock(owner: Owner) -> None:
    """Let two set-ups of one person happen one after the other."""
    model = type(owner)
    db.session.execute(select(model.id).where(model.id == owner.id).with_for_update())


def _is(factor: SecondFactor, owner: Owner, secret: str) -> bool:
    return hmac.compare_digest(unseal(factor.sealed_secret, owner) or "", secret)


def _step_of(secret: str, code: str) -> int | None:
    """Return the newest time step near now that `code` belongs to, however its digits were typed."""
    typed = "".join(_digit(char) for char in code[:50] if not char.isspace() and char != "-")
    app, here = pyotp.TOTP(secret), int(now().timestamp()) // _STEP_SECONDS
    steps = range(here - _TOLERANCE, here + _TOLERANCE + 1)
    right = [step for step in steps if hmac.compare_digest(app.generate_otp(step), typed)]
    return right[-1] if right and len(typed) == _DIGITS else None


def _digit(char: str) -> str:
    """Return a digit of any script as ours; some phones write their own."""
    number = unicodedata.digit(char, None)
    return "?" if number is None else str(number)


def _new_code() -> str:
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))


def _hashed(code: str) -> str:
    """Return what the database keeps of a recovery code, however it was typed."""
    plain = "".join(char for char in code[:200].casefold() if char.isalnum())
    return hashlib.sha256(plain.encode()).hexdigest()


def _label(owner: Owner) -> str:
    return f"{'user' if isinstance(owner, PortalUser) else 'staff'}:{owner.id}"


def _box() -> MultiFernet:
    return box(b"gatehouse second factor")
