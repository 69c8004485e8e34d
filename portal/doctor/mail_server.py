"""Whether the mail server is reached, encrypted, and with a certificate that is good for a while."""

import smtplib
import ssl
from datetime import UTC, datetime, timedelta

from flask import current_app

from portal.clock import now
from portal.doctor.finding import Finding, fail, grave, ok, warn
from portal.doctor.redis_server import is_local
from portal.smtp import Line

SOON = timedelta(days=14)


def _line() -> smtplib.SMTP:
    """Connect as the sender of letters does. Raises OSError."""
    return Line(current_app.extensions["mail"]).configure_host()


def reached() -> Finding:
    """Whether it answers, lets us encrypt with a certificate we trust, and lets us sign in."""
    config = current_app.config
    place = f"{config['MAIL_SERVER']}:{config['MAIL_PORT']}"
    try:
        _line().close()
    except ssl.SSLCertVerificationError as problem:
        cure = "Give the mail server a certificate for its name, or add its authority to this machine."
        words = f"The certificate of {place} is not to be trusted: {problem.verify_message}."
        return fail("mail server", words, cure)
    except smtplib.SMTPNotSupportedError as problem:
        cure = "Set MAIL_USE_TLS or MAIL_USE_SSL to what the server speaks; it is never left out silently."
        return fail("mail server", f"{place}: {problem}", cure)
    except OSError as problem:
        cure = "Check MAIL_SERVER, MAIL_PORT, MAIL_USERNAME, MAIL_PASSWORD and the way there."
        return fail("mail server", f"{place}: {type(problem).__name__}: {problem}", cure)
    return ok("mail server", f"{place} takes our mail.")


def encrypted() -> Finding:
    """Whether mail, and the links in it, leave this machine encrypted."""
    config, cure = current_app.config, "Set MAIL_USE_TLS=true (port 587) or MAIL_USE_SSL=true (port 465)."
    if config["MAIL_USE_TLS"] or config["MAIL_USE_SSL"]:
        return ok("mail encryption", "Mail leaves encrypted, and the certificate is checked.")
    if not is_local(config["MAIL_SERVER"]):
        words = f"Mail goes to {config['MAIL_SERVER']} in clear: whoever listens can use its links."
        return grave("mail encryption", words, cure)
    return ok("mail encryption", "The mail server is this machine; it encrypts on its way out.")


def certificate() -> Finding:
    """Whether the mail server's certificate is good for another two weeks."""
    config = current_app.config
    if not (config["MAIL_USE_TLS"] or config["MAIL_USE_SSL"]):
        return ok("mail certificate", "None is needed.")
    try:
        host = _line()
        ends = host.sock.getpeercert()["notAfter"]  # type: ignore[union-attr]
        host.close()
    except OSError as problem:
        return warn("mail certificate", f"Not seen ({type(problem).__name__}).", "See: mail server.")
    end = datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC)
    if end - now() < SOON:
        return warn("mail certificate", f"It ends on {end:%d %B %Y}.", "Renew the mail server's certificate.")
    return ok("mail certificate", f"It is good until {end:%d %B %Y}.")


CHECKS = (reached, encrypted, certificate)
