"""The letters: for each kind a function that posts it, and one function that puts any of them into words."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from email.utils import formataddr, parseaddr
from typing import Any

from flask import current_app
from jinja2 import UndefinedError
from sqlalchemy.exc import NoResultFound

from portal import news, outbox, tokens, words
from portal.clock import now
from portal.extensions import db
from portal.harmless import LONGEST, harmless
from portal.hue import hex_colour
from portal.mime import Rendered
from portal.models import (
    AccessRequest,
    Branding,
    Company,
    Contact,
    Invitation,
    Letter,
    LoginLink,
    PortalUser,
    Purpose,
    StaffLink,
    StaffPurpose,
    StaffUser,
)
from portal.phone import national

# How much of a comment is quoted; the rest is read in the portal.
QUOTED = 400
LINK = "[link]"
_BLANK_LINES = re.compile(r"\n\s*\n")
_SPECIAL = re.compile(r'[()<>@,:;".\[\]\\]')
_UNBRANDED = Branding(name="Gatehouse", hue=195, support_email="", support_phone="", privacy_url="")
_PATHS = {
    Purpose.INVITATION: "invitations",
    Purpose.RESET: "reset",
    Purpose.CONFIRM_EMAIL: "confirm",
    Purpose.CONFIRM_RECOVERY: "confirm",
    Purpose.CHANGE_EMAIL: "confirm",
}
# Where letters without a token lead: to a page that asks who it is.
_PLAIN_PATHS = {
    "account_enabled": "/sign-in",
    "password_changed": "/forgot",
    "second_factor": "/forgot",
    "recovery_used": "/profile/recovery",
    "email_change_asked": "/profile/email",
    "login_changed": "/profile",
}


def invitation(invitation: Invitation, *, again: bool = False) -> Letter:
    """Post the invitation to the address it was made for; `again` says that an earlier link died with it."""
    contact = invitation.contact or db.session.get_one(Contact, invitation.contact_id)
    return outbox.post(
        "invitation_again" if again else "invitation",
        invitation.email,
        {**_names(contact), "inviter": invitation.invited_by},
        company_id=invitation.company_id,
        invitation=invitation,
    )


def email_only_notice(contact: Contact, by: str) -> Letter:
    """Post the note, without a link, that `by` lets the contact deal with the vendor by e-mail.

    Raises ValueError for a contact without an address.
    """
    if not contact.email:
        raise ValueError("a contact without an address gets no mail")
    db.session.flush()
    facts = {**_names(contact), "inviter": by, "contact_id": contact.id}
    return outbox.post("email_only", contact.email, facts, company_id=contact.company_id)


def password_reset(link: LoginLink) -> Letter:
    """Post the link with which a login's owner chooses a new password."""
    return outbox.post("password_reset", link.email, {"first_name": link.user.first_name}, login_link=link)


def password_changed(user: PortalUser) -> Letter:
    """Post the news that the password of `user` was changed, to the login's own address."""
    return outbox.post("password_changed", user.email, _moment_for(user))


def second_factor(user: PortalUser, what: str, *, by: str = "", left: int = 0) -> Letter:
    """Post what became of the second factor of `user`, to the login's own address; `what` is a key of
    words.FACTOR_NEWS, `by` whoever did it, `left` how many recovery codes there are."""
    heading, text = words.FACTOR_NEWS[what]
    facts = {**_moment_for(user), "heading": heading, "text": text.format(by=by, left=left)}
    return outbox.post("second_factor", user.email, facts)


def confirm_address(link: LoginLink) -> Letter:
    """Post the link that proves an address belongs to the login it was given for.

    Raises ValueError for a link that is for something else.
    """
    if link.purpose == Purpose.RESET:
        raise ValueError(f"a link for {link.purpose} confirms no address")
    facts = {"first_name": link.user.first_name, "email": link.email}
    return outbox.post(str(link.purpose), link.email, facts, login_link=link)


def email_change_asked(user: PortalUser) -> Letter:
    """Post to the address of now that another one was asked for; nothing has changed yet (L7)."""
    return outbox.post("email_change_asked", user.email, _moment_for(user))


def email_changed(user: PortalUser, old: str) -> Letter:
    """Post to the address `old` that the login of `user` has another one from now on (L7)."""
    return outbox.post("email_changed", old, _moment_for(user))


def login_changed(user: PortalUser, news: str) -> Letter:
    """Post to the login's own address what was changed about signing in, as the sentence `news`."""
    return outbox.post("login_changed", user.email, {**_moment_for(user), "news": news})


def recovery_used(user: PortalUser) -> Letter:
    """Post to the login's own address that a link to a new password went to its recovery e-mail."""
    return outbox.post("recovery_used", user.email, _moment_for(user))


def access_request(asked: AccessRequest) -> Letter:
    """Post the link that proves the address of somebody who asked for access."""
    facts = {"first_name": asked.first_name, "access_request_id": asked.id}
    return outbox.post("access_request", asked.email, facts)


def _moment_for(user: PortalUser) -> dict[str, Any]:
    return {"first_name": user.first_name, "when": now().isoformat()}


def staff_link(link: StaffLink, by: str, *, welcome: bool) -> Letter:
    """Post the link with which somebody of the staff chooses a password; `welcome` says it is their first."""
    facts = {"first_name": link.person.name, "by": by}
    return outbox.post("staff_welcome" if welcome else "staff_password", link.email, facts, staff_link=link)


def staff_email(link: StaffLink) -> Letter:
    """Post the link that makes an address the one somebody of the staff signs in with."""
    return outbox.post("staff_email", link.email, {"first_name": link.person.name}, staff_link=link)


def staff_changed(person: StaffUser, what: str) -> Letter:
    """Post to somebody of the staff what was changed about how they sign in, as words after "Your"."""
    facts = {"first_name": person.name, "change": what, "when": now().isoformat()}
    return outbox.post("staff_changed", person.email, facts)


def api_news(person: StaffUser, heading: str, text: str) -> Letter:
    """Post to an administrator of the staff what was done about the API, as a heading and a sentence."""
    facts = {"first_name": person.name, "heading": heading, "text": text, "when": now().isoformat()}
    return outbox.post("api_news", person.email, facts)


def account_disabled(user: PortalUser, *, disabled: bool) -> Letter:
    """Post to a login that the vendor disabled it, or enabled it again (M5)."""
    facts = {"first_name": user.first_name, "when": now().isoformat()}
    return outbox.post("account_disabled" if disabled else "account_enabled", user.email, facts)


def _names(contact: Contact) -> dict[str, Any]:
    company = db.session.get_one(Company, contact.company_id)
    return {"first_name": contact.first_name, "company": company.name}


def render(letter: Letter) -> Rendered:
    """Return the letter in words, its link made now from its row and PUBLIC_URL (L2, M4).

    Everything that people typed comes out harmless. Raises what Jinja or the database raise.
    """
    return _written(letter, {**_link_words(letter, address_of), **_why(letter)})


def preview(letter: Letter) -> Rendered | None:
    """Return the letter in words for other eyes: no way in is ever made for it, each link reads [link] (L2).

    None where what it tells of is gone.
    """
    if not letter.facts:
        return None
    try:
        links = {**_link_words(letter, lambda _link: LINK), **_why(letter)}
        hidden = {name: LINK for name in ("link", "profile") if links.get(name)}
        words = _written(letter, links | hidden)
    except (NoResultFound, UndefinedError):
        return None
    return replace(words, html=words.html.replace(f'href="{LINK}"', ""))


def _written(letter: Letter, links: dict[str, str]) -> Rendered:
    brand = db.session.get(Branding, 1) or _UNBRANDED
    known = {**_facts(letter), **links, **_brand_words(brand)}
    pages = current_app.jinja_env
    subject, _, text = pages.get_template(f"mail/{letter.kind}.txt").render(known).strip().partition("\n")
    html = pages.get_template(f"mail/{letter.kind}.html").render(known, subject=subject).strip()
    return Rendered(
        subject,
        _BLANK_LINES.sub("\n\n", text).strip() + "\n",
        html,
        _sender(known["brand"]),
        brand.support_email,
    )


def _facts(letter: Letter) -> dict[str, Any]:
    facts: dict[str, Any] = {
        name: [harmless(str(each)) for each in fact]
        if isinstance(fact, list)
        else harmless(str(fact), QUOTED if name == "text" else LONGEST)
        for name, fact in letter.facts.items()
    }
    if "when" in letter.facts:
        facts["when"] = _moment(datetime.fromisoformat(letter.facts["when"]))
    return facts


def _brand_words(brand: Branding) -> dict[str, Any]:
    return {
        "brand": harmless(brand.name, 60),
        "support": [part for part in (brand.support_email, national(brand.support_phone)) if part],
        "privacy": brand.privacy_link,
        "colour": hex_colour(0.45, 0.085, brand.hue),
        "dark_colour": hex_colour(0.79, 0.09, brand.hue),
    }


def _link_words(letter: Letter, address: Callable[[tokens.Link], str]) -> dict[str, str]:
    """Return the link's address and how long it works; nothing for a letter without one."""
    link: tokens.Link | None = None
    if letter.kind == "access_request":
        link = db.session.get_one(AccessRequest, letter.facts["access_request_id"])
    elif letter.invitation_id:
        link = db.session.get_one(Invitation, letter.invitation_id)
    elif letter.login_link_id:
        link = db.session.get_one(LoginLink, letter.login_link_id)
    elif letter.staff_link_id:
        link = db.session.get_one(StaffLink, letter.staff_link_id)
    if link is None:
        path = _plain_path(letter)
        return {"link": f"{current_app.config['PUBLIC_URL']}{path}"} if path else {}
    life = words.span(link.expires_at - link.created_at)
    can = words.may_do(link.contact) if isinstance(link, Invitation) else ""
    return {"link": address(link), "life": life, "until": _moment(link.expires_at), "can": can}


def address_of(link: tokens.Link) -> str:
    """Return the address that `link` leads to, its token made now (L2, M4)."""
    if isinstance(link, StaffLink):
        path = "staff/confirm" if link.purpose == StaffPurpose.CHANGE_EMAIL else "staff/password"
    elif isinstance(link, AccessRequest):
        path = "request-access"
    else:
        path = _PATHS[Purpose(link.purpose) if isinstance(link, LoginLink) else Purpose.INVITATION]
    return f"{current_app.config['PUBLIC_URL']}/{path}/{tokens.link_token(link)}"


def _plain_path(letter: Letter) -> str:
    """Return where a letter leads without a token; nowhere for most."""
    if letter.kind in _PLAIN_PATHS:
        return _PLAIN_PATHS[letter.kind]
    path = news.KINDS.get(letter.kind, "").format_map(letter.facts)
    return f"/{_slug(letter)}/{path}" if path and letter.facts["signs_in"] else ""


def _why(letter: Letter) -> dict[str, str]:
    """Return which topic brings the letter, and where its reader switches it off; nothing without one."""
    topic = letter.facts.get("topic")
    if not topic:
        return {}
    profile = f"{current_app.config['PUBLIC_URL']}/profile?company={_slug(letter)}"
    return {"topic": words.TOPIC[topic][0], "profile": profile if letter.facts["signs_in"] else ""}


def _slug(letter: Letter) -> str:
    return db.session.get_one(Company, letter.company_id).slug


def _sender(brand: str) -> str:
    """Return the configured sender, under the vendor's name unless it has a name of its own."""
    name, address = parseaddr(current_app.config["MAIL_DEFAULT_SENDER"])
    # Python writes a name with both an accent and a comma as if it were two addresses.
    plain = " ".join(_SPECIAL.sub(" ", name or brand).split())
    return formataddr((plain, address))


def _moment(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y at %H:%M} UTC"
