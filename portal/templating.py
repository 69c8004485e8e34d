"""What every template can use: the brand, the menu, notices, and filters that put facts into words."""

from datetime import date, datetime
from typing import Any

from flask import Flask, current_app, flash, g, get_flashed_messages, request, session, url_for
from markupsafe import Markup, escape

from portal import (
    doors,
    guards,
    htmx,
    lifecycle,
    money,
    passwords,
    policy,
    prose,
    sentences,
    staff_gate,
    words,
)
from portal.clock import now, today, zone
from portal.menus import main_menu, row_menu
from portal.models import Branding
from portal.phone import national
from portal.queries import settings
from portal.sides import STAFF
from portal.staff_menus import client_tabs, import_href, staff_menu


def register(app: Flask) -> None:
    """Give the templates of `app` their words."""
    app.context_processor(_context)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters |= _filters()
    app.jinja_env.globals |= _globals()


def _filters() -> dict[str, Any]:
    return {
        "phone": national,
        "tel": lambda number: f"tel:{number}",
        "moment": moment,
        "exact": exact,
        "until": until,
        "day": lambda at: (
            f"{at.astimezone(zone()):%A} {at.astimezone(zone()).day} {at.astimezone(zone()):%B}"
        ),
        "day_month": day_month,
        "money": amount,
        "plain": money.plain,
        "initials": words.initials,
        "slot": lambda number: int(number or 0) % 6,
        "sentence": sentences.sentence,
        "breakable": breakable,
        "listed": words.listed,
        "letter_kind": words.letter_kind,
    }


def _globals() -> dict[str, Any]:
    return {
        "status_of": lambda contact: lifecycle.status(contact).value,
        "login_state_of": lambda contact: lifecycle.login_state(contact).value,
        "menu_for": row_menu,
        "how_far": words.how_far,
        "topic_words": [(topic, *said) for topic, said in words.TOPIC.items()],
        "how_many": words.people,
        "can_tick": lambda: policy.changes_several(guards.actor()),
        "gives": words.gives,
        "area_name": words.AREA.get,
        "login_name": words.login_name,
        "strength_of": lambda typed, about: passwords.verdict(typed, [branding().name, about or ""]),
        "rows_before": htmx.rows_before,
        "client_tabs": client_tabs,
        "import_href": import_href,
        "prose": prose.blocks,
        "invitation_lasts": lambda: words.span(settings.invitation_life()),
    }


def _context() -> dict[str, Any]:
    person = guards.signed_in()
    membership = g.get("membership")
    brand = branding()
    user = person.user if person else None
    return {
        "brand": brand,
        "brand_css_url": url_for("well_known.brand", v=brand.hue),
        "nav": _nav(person is not None),
        "at_client": membership is not None and doors.door() == doors.CLIENTS,
        "page_name": doors.page(),
        "home": _home(),
        "seen": membership.contact if g.get("view_as") and membership else None,
        "seen_until": g.view_as.expires_at if g.get("view_as") else None,
        "company": membership.company if membership else None,
        "me": membership.actor() if membership else None,
        "flashes": notices(),
        "theme": user.theme if user else _theme_kept(),
        "density": user.density if user else "comfortable",
        "shortcuts": user.shortcuts if user else True,
        "development": not current_app.config["PRODUCTION"],
        "ui": current_app.jinja_env.get_template("_ui.html").module,
    }


def _nav(signed_in: bool) -> dict[str, Any] | None:
    if g.get("view_as") and g.get("membership"):
        return main_menu()
    if staff_gate.here():
        who = staff_gate.on_duty_now()
        return staff_menu(who.person) if who and who.passed else None
    return main_menu() if signed_in else None


def _home() -> str:
    if g.get("view_as") and g.get("membership"):
        return url_for("dashboard.show")
    return STAFF if staff_gate.here() else "/"


def _theme_kept() -> str:
    return request.cookies.get(current_app.config["THEME_COOKIE_NAME"], "system")


def branding() -> Branding:
    """Return the vendor's brand, read once a request."""
    if "branding" not in g:
        g.branding = settings.vendor()
    brand: Branding = g.branding
    return brand


def say(text: str, tone: str = "ok", undo: str | None = None) -> None:
    """Show `text` as a notice on the next page; `undo` is an address that takes it back."""
    flash({"text": text, "tone": tone, "undo": undo})  # type: ignore[arg-type]
    g.said = g.get("said", 0) + 1  # taken back where the request comes to nothing after all


def notices() -> list[dict[str, Any]]:
    """Return the notices for this page; each is shown once."""
    if "_flashes" not in session:
        return []
    kept: list[Any] = get_flashed_messages()
    return [notice for notice in kept if isinstance(notice, dict)]


def moment(at: datetime | None) -> str:
    """Return a moment as people say it: "Today, 08:14", "Yesterday, 17:02", "3 Mar 2026"."""
    if at is None:
        return ""
    local = at.astimezone(zone())
    days = (today() - local.date()).days
    if days in (0, 1):
        return f"{'Today' if days == 0 else 'Yesterday'}, {local:%H:%M}"
    return f"{local.day} {local:%b %Y}"


def exact(at: datetime | None) -> str:
    """Return a moment in full, with its time zone."""
    return f"{at.astimezone(zone()):%d %B %Y, %H:%M %Z}" if at else ""


def day_month(day: date | datetime | None) -> str:
    """Return a day as it stands in lists: "30 Nov 2026"; a moment counts as its day at the vendor's."""
    if day is None:
        return ""
    local = day.astimezone(zone()) if isinstance(day, datetime) else day
    return f"{local.day} {local:%b %Y}"


def amount(pence: int | None) -> str:
    """Return an amount in the vendor's currency: 127860 is "£1,278.60"; nothing for None."""
    return "" if pence is None else money.said(pence)


def until(at: datetime) -> str:
    """Return how long it is until a moment: "5 h", "40 min"; "0 min" once it is past."""
    minutes = max(0, int((at - now()).total_seconds() // 60))
    return f"{minutes // 60} h" if minutes >= 60 else f"{minutes} min"


def breakable(address: str | None) -> Markup:
    """Return an e-mail address that may break before its @ and nowhere is cut."""
    local, at, domain = (address or "").rpartition("@")
    return Markup("{}<wbr>{}").format(escape(local), at + domain)


def day_greeting(at: datetime) -> str:
    """Return "Good morning" and so on for the vendor's time of day."""
    hour = at.astimezone(zone()).hour
    return "Good morning" if 4 <= hour < 12 else "Good afternoon" if 12 <= hour < 18 else "Good evening"
