"""Secrets that must be read again: encrypted where they are kept, with a key made for one purpose alone."""

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, MultiFernet
from flask import current_app


def box(purpose: bytes) -> MultiFernet:
    """Return what encrypts for `purpose` with the newest key and decrypts with the older ones too."""
    older = current_app.config.get("SECRET_KEY_FALLBACKS") or []
    return MultiFernet([Fernet(_derived(purpose, key)) for key in (current_app.config["SECRET_KEY"], *older)])


def _derived(purpose: bytes, key: str) -> bytes:
    made = hmac.new(purpose + b"\n" + key.encode(), b"secret at rest", hashlib.sha256).digest()
    return base64.urlsafe_b64encode(made)
