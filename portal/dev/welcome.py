"""What `make run` prints once the portal answers: its address, where the mail goes, who can sign in."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def say(settings: Mapping[str, Any]) -> None:
    """Print it."""
    print(words(settings["PUBLIC_URL"], _demo(Path(settings["INSTANCE_DIR"]))), flush=True)


def words(address: str, demo: dict[str, Any] | None) -> str:
    """The whole greeting; without demo data it does not speak of passwords."""
    lines = [f"Gatehouse is running at {address}", f"The mail it sends: {_mail(address)}"]
    if demo:
        lines += ["", f"Sign in with the password  {demo['password']}  as", *_people(demo["people"])]
        lines += ["", f"The vendor's staff, whose page tells the code: {address}/staff/sign-in"]
    return "\n".join(["", *lines, "", "Ctrl-C stops everything.", ""])


def _mail(address: str) -> str:
    given = os.environ.get("MAIL_SERVER")
    return f"goes to {given}" if given else f"{address}/dev/mail"


def _people(people: list[dict[str, Any]]) -> list[str]:
    width = max((len(person["email"]) for person in people), default=0)
    return [f"  {person['email']:<{width}}  {_place(person)}" for person in people]


def _place(person: dict[str, Any]) -> str:
    granted = person.get("permissions") or []
    permissions = "admin" if "admin" in granted else ", ".join(granted).replace("_", " ")
    return " · ".join(word for word in (person.get("company"), permissions, person.get("status")) if word)


def _demo(folder: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads((folder / "demo.json").read_text())
    except FileNotFoundError:
        return None
    return found
