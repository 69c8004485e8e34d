"""An application for the doctor where the settings are so wrong that the portal refuses to start."""

import os
import secrets
from collections.abc import Mapping
from typing import Any

from portal.config import ConfigError, settings

REFUSED = "settings that were refused"
_STAND_IN_ADDRESS = "https://127.0.0.1:1"


def settled(env: Mapping[str, str] = os.environ) -> tuple[dict[str, Any], list[str]]:
    """Return the configuration made from `env`, with stand-ins for what is refused, and why that was."""
    mended = dict(env)
    sentences: list[str] = []
    while True:
        try:
            return settings(mended), sentences
        except ConfigError as refusal:
            sentences.append(str(refusal))
            name = str(refusal).split()[0]
            if name == "SECRET_KEY":
                mended[name] = secrets.token_urlsafe(48)
            elif name == "PUBLIC_URL":
                mended[name] = _STAND_IN_ADDRESS
            elif mended.pop(name, None) is None:
                raise
