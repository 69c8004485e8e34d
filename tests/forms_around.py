"""Every form of the portal as its pages offer it, and requests that are nearly those a browser would send."""

import io
import random
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import html5lib

from tests.surfing import Browser, _sent

# Sizes and bounds of numbers, days, money, ids; letters that break what takes them for plain.
VALUES = [
    *("", " ", "0", "-1", "1", "2147483647", "2147483648", "9" * 25, "1.5", "1e309", "NaN", "0x10", "\u0663"),
    *("2026-02-30", "0000-00-00", "9999-12-31", "10000-01-01", "2026-13-01T25:61:61Z", "12,50", "-0.00"),
    *("true", "None", "null", "[]", "{}", "admin", "on", "csv", "add", "exactly", "confirm", "preview"),
    *(
        "\x00",
        "a\x00b",
        "\r\nSet-Cookie: a=b",
        "\x1b[2J\x07",
        "\ufeff\u200b\u202e",
        "\ud800",
        "\ufffe\U0010ffff",
    ),
    *("x" * 101, "x" * 255, "x" * 5_000, "x" * 70_000, "e\u0301" * 300, "\U0001f468\u200d\U0001f469" * 60),
    *(
        "a@b",
        "a@" + "b" * 250 + ".example",
        "@",
        "a@xn--.example",
        "'; DROP TABLE contact; --",
        "%00%ff",
        "\\",
    ),
    *(
        "<b>x</b>",
        "{{7*7}}",
        "%00%ff",
        "\ufffe\U0010ffff",
        "../../etc/passwd",
        "http://[",
        "javascript:1",
        "+" * 60,
        "=1+1",
    ),
]
NAMES = [
    "x",
    "permissions",
    "company_id",
    "id",
    "version",
    "roles[]",
    "a[b][c]",
    "",
    "\x00",
    "n" * 300,
    "q",
    "page",
]
TYPES = [
    *("application/json", "text/plain", "application/xml", "multipart/form-data", "x", ""),
    *("multipart/form-data; boundary=", "application/x-www-form-urlencoded; charset=utf-16"),
]
ENCODINGS = ["utf-8", "latin-1", "utf-16", "utf-7", "shift_jis"]
FILES = [
    ("a.png", b"\x89PNG\r\n\x1a\n" + b"\x00" * 40, "image/png"),
    ("a.pdf", b"%PDF-1.7\n\xff", "application/pdf"),
    ("../../a.svg", b"<svg onload=alert(1)>", "image/svg+xml"),
    ("", b"", ""),
    ("\x00\r\n\u202egpj.exe", b"MZ\x00", "application/octet-stream"),
    ("n" * 500 + ".jpg", b"\xff\xd8\xff\xe0" + b"x" * 900, "image/jpeg"),
]


@dataclass(frozen=True)
class Door:
    """A form, or a page as a form without fields: where it goes and what a browser would send."""

    path: str
    method: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    files: tuple[str, ...] = ()


def doors(person: Browser, paths: list[str]) -> list[Door]:
    """Return every form that stands on `paths`, and every page as a request of its own."""
    found: dict[tuple[str, str, str], Door] = {}
    for path in paths:
        found["GET", path, ""] = Door(path, "GET")
        answer = person.get(path)
        if answer.mimetype != "text/html" or answer.status_code != 200:
            continue
        for form in html5lib.parse(answer.text, namespaceHTMLElements=False).iter("form"):
            door = _door(form, path)
            if door.path not in ("/sign-out",) and not urlsplit(door.path).netloc:
                found[door.method, _shape(door.path), " ".join(door.fields)] = door
    return list(found.values())


def _shape(path: str) -> str:
    return re.sub(r"\d+", "0", path)


def _door(form: Any, page: str) -> Door:
    fields: dict[str, list[str]] = {}
    files = []
    for each in form.iter():
        if each.tag == "input" and each.get("type") == "file":
            files.append(each.get("name"))
        for value in _sent(each):
            fields.setdefault(each.get("name"), []).append(value)
        if each.tag in ("input", "select", "button", "textarea") and each.get("name"):
            fields.setdefault(each.get("name"), [])
    fields.pop("csrf_token", None)
    action = form.get("action") or page
    return Door(action, (form.get("method") or "get").upper(), fields, tuple(files))


def send(person: Browser, token: str, door: Door, dice: random.Random) -> Any:
    """Send one request through `door`, with something in it that no browser would send."""
    fields = {name: list(values) for name, values in door.fields.items()}
    for _ in range(dice.choice([1, 1, 2, 4])):
        _spoil(fields, dice)
    headers = {"X-CSRFToken": token} | ({"HX-Request": "true"} if dice.random() < 0.4 else {})
    path = _nearby(door.path, dice)
    if door.method == "GET":
        query = urlencode(fields, doseq=True, errors="surrogatepass")
        address = f"{path}{'&' if '?' in path else '?'}{query[:7_000]}" if query else path
        return person.client.get(address, headers=headers)
    return _post(person, path, door, fields, headers, dice)


def _spoil(fields: dict[str, list[str]], dice: random.Random) -> None:
    name = dice.choice([*fields, dice.choice(NAMES)])
    how = dice.choice(["value", "value", "value", "many", "gone", "grown"])
    if how == "gone":
        fields.pop(name, None)
    elif how == "many":
        fields[name] = [dice.choice(VALUES[:60]) for _ in range(dice.choice([2, 5, 40]))]
    elif how == "grown" and fields.get(name):
        fields[name] = [value * dice.choice([2, 50]) for value in fields[name]]
    else:
        fields[name] = [dice.choice(VALUES)]


def _nearby(path: str, dice: random.Random) -> str:
    """Return the path, now and then with another number in it."""
    if dice.random() < 0.85:
        return path
    return re.sub(r"\d+", lambda _: dice.choice(["0", "1", "2147483648", "-1", "9" * 30, "x"]), path, count=1)


def _post(
    person: Browser, path: str, door: Door, fields: dict[str, list[str]], headers: dict[str, str], dice: Any
) -> Any:
    if door.files or dice.random() < 0.1:
        for name in door.files or (dice.choice(NAMES[:4]),):
            chosen, content, kind = dice.choice(FILES)
            fields[name] = [(io.BytesIO(content), chosen, kind)]  # type: ignore[list-item]
        fields = {name: [_sendable(each) for each in values] for name, values in fields.items() if name}
        return person.client.post(path, data=fields, headers=headers, content_type="multipart/form-data")
    body = urlencode(fields, doseq=True, errors="surrogatepass").encode()
    if dice.random() < 0.15:
        plain = "&".join(f"{name}={value}" for name, values in fields.items() for value in values)
        body = plain.encode(dice.choice(ENCODINGS), "ignore")
    kind = dice.choice(TYPES) if dice.random() < 0.1 else "application/x-www-form-urlencoded"
    return person.client.post(path, data=body, headers=headers, content_type=kind)


def _sendable(value: Any) -> Any:
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
