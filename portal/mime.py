"""A letter as bytes for the wire: headers that hold every name, addresses that stay exactly what they are."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import parseaddr
from typing import Any

import flask_mail

_LONGEST_PLAIN_LINE = 900
_NEVER_IN_AN_ADDRESS = set('<>,;:"()[]@\\')


@dataclass(frozen=True)
class Rendered:
    """A letter in words: what its recipient reads, and under whose name it comes."""

    subject: str
    text: str
    html: str
    sender: str
    reply_to: str = ""


class Refused(Exception):
    """The letter can never be sent to its address; the text is why."""


class Mail(flask_mail.Message):
    """One mail to one address. Raises Refused where the address cannot be one."""

    def __init__(self, to: str, message_id: str, **rest: Any) -> None:
        super().__init__(**rest)
        self.recipient = wire_address(to)
        self.recipients = [self.recipient]
        self.msgId = message_id

    @property
    def international(self) -> bool:
        """True if the address can only be written in UTF-8 (RFC 6531)."""
        return not self.recipient.isascii()

    @property
    def envelope_sender(self) -> str:
        """The address that the server is told the mail comes from."""
        return wire_address(parseaddr(str(self.sender))[1])

    def as_bytes(self) -> bytes:
        """Return the mail as it goes over the wire."""
        mail = EmailMessage(policy=SMTPUTF8 if self.international else SMTP)
        local, _, domain = self.recipient.rpartition("@")
        mail["From"] = Address(parseaddr(str(self.sender))[0], addr_spec=self.envelope_sender)
        mail["To"] = Address(username=local, domain=domain)
        if self.reply_to:
            mail["Reply-To"] = Address(addr_spec=wire_address(str(self.reply_to)))
        mail["Subject"] = self.subject
        mail["Date"] = datetime.fromtimestamp(self.date or 0, UTC)
        mail["Message-ID"] = self.msgId
        for header, value in (self.extra_headers or {}).items():
            mail[header] = value
        mail.set_content(self.body, cte=_encoding(str(self.body)))
        mail.add_alternative(self.html, subtype="html", cte=_encoding(str(self.html)))
        return mail.as_bytes()


def _encoding(text: str) -> str:
    short = max(map(len, text.splitlines()), default=0) < _LONGEST_PLAIN_LINE
    return "7bit" if text.isascii() and short else "quoted-printable"


def wire_address(address: str) -> str:
    """Return `address` with its domain as DNS knows it. Raises Refused if it cannot be an address."""
    local, _, domain = address.strip().rpartition("@")
    if not local or not domain or any(c.isspace() or c in _NEVER_IN_AN_ADDRESS for c in local + domain):
        raise Refused("This is not an e-mail address.")
    try:
        return f"{local}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        raise Refused("The domain of this e-mail address cannot exist.") from None
