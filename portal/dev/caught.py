"""The mails the catcher kept, read back from its Maildir."""

import mailbox
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from email.parser import BytesHeaderParser
from pathlib import Path


@dataclass(frozen=True)
class Summary:
    """One line of the list."""

    key: str
    to: str
    subject: str
    came: datetime


@dataclass(frozen=True)
class Caught:
    """One mail, taken apart."""

    headers: list[tuple[str, str]]
    subject: str
    text: str
    html: str


def newest(folder: Path, limit: int = 200) -> list[Summary]:
    """The last `limit` mails in the Maildir `folder`, newest first; an empty list when there is none."""
    files = sorted(_files(folder), key=lambda file: file.stat().st_mtime_ns, reverse=True)
    return [_summary(file) for file in files[:limit]]


def read(folder: Path, key: str) -> Caught | None:
    """The mail called `key`, or None when there is none."""
    file = next((file for file in _files(folder) if _key(file) == key), None)
    if file is None:
        return None
    mail = message_from_bytes(file.read_bytes(), policy=policy.default)
    headers = [(name, str(value)) for name, value in mail.items()]
    return Caught(headers, str(mail["Subject"] or ""), _body(mail, "plain"), _body(mail, "html"))


def _files(folder: Path) -> Iterator[Path]:
    for part in ("new", "cur"):
        yield from (folder / part).glob("*") if (folder / part).is_dir() else ()


def _key(file: Path) -> str:
    return file.name.split(mailbox.Maildir.colon)[0]


def _summary(file: Path) -> Summary:
    with file.open("rb") as opened:
        headers = BytesHeaderParser(policy=policy.default).parse(opened)
    came = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    return Summary(_key(file), str(headers["X-Envelope-To"] or ""), str(headers["Subject"] or ""), came)


def _body(mail: Message, kind: str) -> str:
    part = mail.get_body((kind,)) if isinstance(mail, EmailMessage) else None
    return str(part.get_content()) if part is not None else ""
