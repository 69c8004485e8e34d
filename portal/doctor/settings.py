"""Whether the settings are safe: key, debugging, address, cookies, hosts, proxies, limits."""

import os
from email.utils import parseaddr
from urllib.parse import urlsplit

from flask import current_app

from portal.config import YES, guessable
from portal.doctor.finding import Finding, fail, grave, ok, warn

MANY_PROXIES = 3
SHORTEST_PASSWORD = 8
LONGEST_LINK_HOURS = 168
_RANDOM = 'python3 -c "import secrets; print(secrets.token_urlsafe(48))"'


def mode() -> Finding:
    """Whether this is production."""
    if current_app.config["PRODUCTION"]:
        return ok("mode", "This is production.")
    cure = "Set GATEHOUSE_ENV=production where customers come."
    return warn("mode", "This is development: demo data, /dev/* and weak settings are allowed.", cure)


def secret_key() -> Finding:
    """Whether the key that signs sessions and links can be guessed (T55)."""
    keys = [
        current_app.config["SECRET_KEY"] or "",
        *(current_app.config.get("SECRET_KEY_FALLBACKS") or []),
    ]
    if any(guessable(key) for key in keys):
        words = "The SECRET_KEY is missing, short, or made of words of an example: sessions can be forged."
        return fail("secret key", words, f"Set SECRET_KEY to what this prints: {_RANDOM}")
    return ok("secret key", "The SECRET_KEY is long and random.")


def debug() -> Finding:
    """Whether anything shows the inside of the program to visitors (T90)."""
    shown = [name for name in ("DEBUG", "TESTING", "PROPAGATE_EXCEPTIONS") if current_app.config.get(name)]
    if os.environ.get("FLASK_DEBUG", "").strip().casefold() in YES:
        shown.append("FLASK_DEBUG")
    if shown:
        words = f"{' and '.join(shown)} is on: mistakes show the inside of the program."
        return grave("debugging", words, f"Take {', '.join(shown)} away.")
    return ok("debugging", "Debugging is off.")


def address() -> Finding:
    """Whether people reach the portal by HTTPS alone."""
    url = current_app.config["PUBLIC_URL"]
    if urlsplit(url).scheme != "https":
        cure = "Put a web server with a certificate in front and set PUBLIC_URL to https://..."
        return grave("address", f"PUBLIC_URL is {url}: passwords travel in clear.", cure)
    return ok("address", f"People come by {url}.")


def cookies() -> Finding:
    """Whether the session's cookie is kept to this host, to HTTPS, and from scripts."""
    config = current_app.config
    wrong = [
        name
        for name, good in (
            ("SESSION_COOKIE_SECURE", config["SESSION_COOKIE_SECURE"]),
            ("SESSION_COOKIE_HTTPONLY", config["SESSION_COOKIE_HTTPONLY"]),
            ("SESSION_COOKIE_SAMESITE", config["SESSION_COOKIE_SAMESITE"] in ("Lax", "Strict")),
            *(
                (name, config[name].startswith("__Host-"))
                for name in ("SESSION_COOKIE_NAME", "STAFF_COOKIE_NAME", "THEME_COOKIE_NAME")
            ),
        )
        if not good
    ]
    if wrong:
        cure = "Set PUBLIC_URL to an https:// address; the cookies follow it."
        return grave("cookies", f"{', '.join(wrong)} would let a session be stolen.", cure)
    return ok("cookies", "Cookies are Secure, HttpOnly, SameSite and bound to this host.")


def hsts() -> Finding:
    """Whether browsers are told to come by HTTPS only."""
    if current_app.config["HSTS"]:
        return ok("HSTS", "Browsers are told to come by HTTPS only.")
    cure = "It is on with GATEHOUSE_ENV=production and an https:// PUBLIC_URL."
    return grave("HSTS", "Strict-Transport-Security is not sent.", cure)


def hosts() -> Finding:
    """Whether only the portal's own name is answered (T41)."""
    own, trusted = urlsplit(current_app.config["PUBLIC_URL"]).hostname, current_app.config["TRUSTED_HOSTS"]
    others = [host for host in trusted or ["every host"] if host != own]
    if others:
        cure = "Leave TRUSTED_HOSTS to PUBLIC_URL; in production that is the only name answered."
        return grave("hosts", f"The portal answers under {', '.join(sorted(others))} too.", cure)
    return ok("hosts", f"Only {own} is answered.")


def proxies() -> Finding:
    """Whether the visitor's address is believed from the proxies in front and from nobody else (T57)."""
    hops = current_app.config["TRUSTED_PROXIES"]
    https = urlsplit(current_app.config["PUBLIC_URL"]).scheme == "https"
    if https and not hops:
        words = "HTTPS means a proxy in front, but TRUSTED_PROXIES is 0: all visitors share one address,"
        cure = "Set TRUSTED_PROXIES to the number of proxies in front, mostly 1."
        return fail("proxies", f"{words} and one of them can use up the limits of all.", cure)
    if hops > MANY_PROXIES or (hops and not https):
        words = f"TRUSTED_PROXIES is {hops}: visitors may write their own address into X-Forwarded-For."
        return grave("proxies", words, "Set it to the number of proxies that really stand in front, or to 0.")
    if os.environ.get("FORWARDED_ALLOW_IPS") == "*":
        return grave("proxies", "FORWARDED_ALLOW_IPS is *.", "Take it away; TRUSTED_PROXIES does its work.")
    return ok("proxies", f"{hops} proxies in front are believed.")


def lifetimes() -> Finding:
    """Whether sign-ins, links and passwords keep within what docs/security.md says."""
    config = current_app.config
    wrong = [
        f"{name}_HOURS is more than a week"
        for name in ("INVITATION", "RESET")
        if config[f"{name}_LIFE"].total_seconds() > LONGEST_LINK_HOURS * 3600
    ]
    if config["PASSWORD_MIN"] < SHORTEST_PASSWORD:
        wrong.append(f"PASSWORD_MIN is {config['PASSWORD_MIN']}")
    if config["SESSION_IDLE"] > config["SESSION_LIFE"]:
        wrong.append("SESSION_IDLE_MINUTES is longer than SESSION_HOURS")
    if wrong:
        cure = "Passwords of 12, links of 24 hours, 30 idle minutes and 12 hours are the defaults."
        return grave("lifetimes", f"{'; '.join(wrong)}.", cure)
    return ok("lifetimes", "Passwords are long enough, links and sign-ins end in time.")


def security_contact() -> Finding:
    """Whether people who find a hole are told whom to write to (RFC 9116)."""
    contact = current_app.config["SECURITY_CONTACT"]
    if not contact:
        cure = "Set SECURITY_CONTACT to an address; /.well-known/security.txt names it."
        return warn("security contact", "Nobody is named for people who find a hole.", cure)
    return ok("security contact", f"Holes are reported to {contact}.")


def sender() -> Finding:
    """Whether mail comes from an address that exists."""
    text = current_app.config["MAIL_DEFAULT_SENDER"]
    address = parseaddr(text)[1]
    domain = address.rpartition("@")[2].casefold()
    cure = "Set MAIL_DEFAULT_SENDER to an address of your own domain."
    if not address.rpartition("@")[0] or "." not in domain:
        return fail("sender", f"MAIL_DEFAULT_SENDER is {text!r}, which is no address.", cure)
    if domain.rpartition(".")[2] in ("example", "invalid", "test", "localhost"):
        return grave("sender", f"Mail comes from {address}, which cannot exist.", cure)
    return ok("sender", f"Mail comes from {address}.")


CHECKS = (
    mode,
    secret_key,
    debug,
    address,
    cookies,
    hsts,
    hosts,
    proxies,
    lifetimes,
    security_contact,
    sender,
)
