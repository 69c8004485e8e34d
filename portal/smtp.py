"""One mail over one SMTP connection: Flask-Mail with certificates checked and an end to all waiting."""

import contextlib
import smtplib
import ssl
from ipaddress import ip_address
from urllib.parse import urlsplit

import flask_mail
from flask import current_app

from portal.mime import Mail, Refused

# Refusals that speak of our settings (signing in, encryption) and not of the letter.
_ABOUT_US = {530, 534, 535, 538}


class Later(Exception):
    """The mail could not be handed over now; the text is why."""


class Line(flask_mail.Connection):
    """A connection that checks the certificate and, told to encrypt, never goes on in plain text."""

    def __enter__(self) -> "Line":
        self.host = self.configure_host()
        return self

    def __exit__(self, *_: object) -> None:
        # What comes after the server's yes or no does not matter: a failing QUIT must not undo a sent mail.
        if self.host is not None:
            with contextlib.suppress(OSError):
                self.host.putcmd("quit")
            self.host.close()

    def configure_host(self) -> smtplib.SMTP:
        """Connect, encrypt and sign in as the settings say. Raises OSError, of which SMTPException is one."""
        mail, secure = self.mail, ssl.create_default_context()
        name, wait = _own_name(), float(current_app.config.get("MAIL_TIMEOUT", 20))
        port = mail.port or 0
        if mail.use_ssl:
            host: smtplib.SMTP = smtplib.SMTP_SSL(mail.server, port, name, timeout=wait, context=secure)
        else:
            host = smtplib.SMTP(mail.server, port, name, timeout=wait)
        try:
            if mail.use_tls and not mail.use_ssl:
                host.starttls(context=secure)
            if mail.username and mail.password:
                host.login(mail.username, mail.password)
        except BaseException:
            host.close()
            raise
        return host

    def hand_over(self, mail: Mail) -> None:
        """Send `mail`. Raises Refused where the server cannot write its address, and smtplib's errors."""
        host = self.host
        if host is None:
            raise RuntimeError("the line is not open")
        host.ehlo_or_helo_if_needed()
        options = ["SMTPUTF8", "BODY=8BITMIME"] if mail.international else []
        if options and not host.has_extn("smtputf8"):
            raise Refused("The mail server does not take addresses with such characters.")
        host.sendmail(mail.envelope_sender, [mail.recipient], mail.as_bytes(), options)


def _own_name() -> str:
    # Asking DNS for the own name, as smtplib does, can take longer than the whole mail.
    name = urlsplit(current_app.config["PUBLIC_URL"]).hostname or "localhost"
    try:
        address = ip_address(name)
    except ValueError:
        return name
    return f"[IPv6:{address}]" if address.version == 6 else f"[{address}]"


def deliver(mail: Mail) -> None:
    """Send `mail` to the configured server. Raises Refused for good, Later for everything that may pass."""
    try:
        with Line(current_app.extensions["mail"]) as line:
            line.hand_over(mail)
    except smtplib.SMTPRecipientsRefused as refusal:
        raise _judge(*next(iter(refusal.recipients.values()))) from None
    except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as refusal:
        raise _judge(refusal.smtp_code, refusal.smtp_error) from None
    except smtplib.SMTPResponseException as refusal:
        raise Later(_words(refusal.smtp_code, refusal.smtp_error)) from None
    except OSError as problem:
        raise Later(f"{type(problem).__name__}: {problem}") from None


def _judge(code: int, words: bytes | str) -> Refused | Later:
    final = 500 <= code < 600 and code not in _ABOUT_US
    return Refused(_words(code, words)) if final else Later(_words(code, words))


def _words(code: int, words: bytes | str) -> str:
    said = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return f"{code} {' '.join(said.split())}"
