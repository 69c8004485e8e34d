"""The demo's work orders: a year of them, in every status, with conversations and a few drawn photos."""

import random
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

from PIL import Image, ImageDraw
from sqlalchemy import insert, or_, select

from portal import files, pictures
from portal.clock import now
from portal.extensions import db
from portal.invariants import holds_permission
from portal.models import (
    Company,
    Contact,
    Document,
    Permission,
    Property,
    WorkOrder,
    WorkOrderEvent,
    WorkStatus,
)

SIZES = {"northgate": 46, "harbour": 9, "metro": 320}
STAFF = "Sue Marsh"
_WORK = (
    (
        "Lift stands still",
        "Between the second and third floor since this morning. Nobody is inside.",
        "urgent",
    ),
    ("Boiler service", "The yearly service is due. The key to the plant room is at reception.", "normal"),
    ("Water drips from the ceiling", "Room 2.14, next to the window. A bucket stands below.", "urgent"),
    ("Door closer is broken", "The main entrance does not shut by itself any more.", "normal"),
    ("Light is out in the stairwell", "Third floor, two lamps.", "low"),
    ("Fire door does not close", "Basement, door to the archive. It scrapes over the floor.", "urgent"),
    ("Gutter is blocked", "Water runs down the wall when it rains.", "normal"),
    ("Smell of gas in the kitchen", "The kitchen is closed and aired. The gas is shut off.", "emergency"),
    ("Window cannot be opened", "Meeting room 4. The handle turns without effect.", "low"),
    ("Radiator stays cold", "First floor, all radiators on the street side.", "normal"),
    ("Car park barrier is stuck", "It stays up. Anybody can drive in.", "urgent"),
    ("Graffiti on the back wall", "About two metres wide, since the weekend.", "low"),
    ("Toilet runs all the time", "Ground floor, the last one.", "normal"),
    ("New key for a tenant", "Flat 7. The old lock can stay.", "low"),
    ("Intercom is silent", "Visitors cannot be heard upstairs.", "normal"),
)
_TALK = (
    "We can let you in from seven in the morning.",
    "Is there a day yet? The tenants are asking.",
    "It has become worse since yesterday.",
    "Our engineer will bring the spare part.",
    "Thank you, that works.",
)


def fill(companies: dict[str, Company]) -> None:
    """Add work orders to the companies; the same each time but for the dates."""
    dice = random.Random(43)  # noqa: S311 - days for a demo, no secret
    for slug, count in SIZES.items():
        _Company(companies[slug], dice).add(count)
    _add_photos(companies["northgate"])


class _Company:
    """Makes the orders of one company, the oldest first; rows are inserted in bulk."""

    def __init__(self, company: Company, dice: random.Random) -> None:
        self.company, self.dice = company, dice
        places = select(Property.id).where(Property.company_id == company.id).order_by(Property.id)
        self.places: list[int | None] = [*db.session.scalars(places), None]
        may = or_(holds_permission(Permission.WORK_ORDERS), holds_permission(Permission.ADMIN))
        askers = (
            select(Contact)
            .where(Contact.company_id == company.id, Contact.deactivated_at.is_(None), may)
            .order_by(Contact.id)
        )
        self.askers = list(db.session.scalars(askers.limit(6)).unique())

    def add(self, count: int) -> None:
        """Add `count` orders with what was said and done about each."""
        orders = [self._order(number, count) for number in range(1, count + 1)]
        made = insert(WorkOrder).returning(WorkOrder.id, sort_by_parameter_order=True)
        ids = db.session.scalars(made, orders)
        events = [
            event for each, order in zip(ids, orders, strict=True) for event in self._events(each, order)
        ]
        db.session.execute(insert(WorkOrderEvent), events)

    def _order(self, number: int, count: int) -> dict[str, Any]:
        days = round(400 * ((count - number) / count) ** 2)
        created = now() - timedelta(days=days, minutes=self.dice.randrange(20, 600))
        title, description, priority = self.dice.choice(_WORK)
        asker, status = self.dice.choice(self.askers), self._status(days, number)
        ended = status in (WorkStatus.DONE, WorkStatus.CANCELLED)
        visit = created + timedelta(
            days=self.dice.randrange(1, 9) if ended else days + self.dice.randrange(1, 12)
        )
        return {
            "company_id": self.company.id,
            "number": number,
            "property_id": self.dice.choice(self.places),
            "title": title,
            "description": description,
            "priority": priority,
            "status": status,
            "requested_by": asker.id,
            "requester_name": asker.name,
            "visit_on": min(visit, now() if ended else visit).date() if status in _WITH_VISIT else None,
            "closed_at": min(visit, now()) if ended else None,
            "created_at": created,
        }

    def _status(self, days: int, number: int) -> WorkStatus:
        if days > 40:
            return self.dice.choices((WorkStatus.DONE, WorkStatus.CANCELLED), (12, 1))[0]
        return _LATELY[number % len(_LATELY)]

    def _events(self, order_id: int, order: dict[str, Any]) -> list[dict[str, Any]]:
        created: datetime = order["created_at"]
        until: datetime = order["closed_at"] or now()
        asked = _event(order_id, "asked", order["requester_name"], created, status=WorkStatus.REQUESTED)
        said = [
            _event(order_id, "comment", order["requester_name"], created + (until - created) / 3, text=each)
            for each in self.dice.sample(_TALK, self.dice.choice((0, 0, 1)))
        ]
        if order["status"] == WorkStatus.REQUESTED:
            return [asked, *said]
        return [
            asked,
            *said,
            _event(order_id, "status", STAFF, until - (until - created) / 9, status=order["status"]),
        ]


def _event(
    order_id: int, kind: str, by: str, at: datetime, *, text: str = "", status: str | None = None
) -> dict[str, Any]:
    return {"work_order_id": order_id, "kind": kind, "by_name": by, "at": at, "text": text, "status": status}


def _add_photos(company: Company) -> None:
    """Give the newest order about dripping water two photos."""
    query = select(WorkOrder).where(WorkOrder.company_id == company.id, WorkOrder.title == _WORK[2][0])
    query = query.order_by(WorkOrder.number.desc())
    order = db.session.scalars(query.limit(1)).unique().one()
    for number, colour in enumerate(("#5d7f86", "#8a6d57"), 1):
        kept = files.store(BytesIO(_drawn(colour)), f"photo-{number}.jpg")
        db.session.add(
            Document(
                company_id=company.id,
                work_order_id=order.id,
                name=kept.name,
                media_type=kept.media_type,
                size=kept.size,
                stored_as=kept.stored_as,
                added_by=order.requester_name,
            )
        )


def _drawn(colour: str) -> bytes:
    """Return a picture of a wall with a door and a wet patch: photos of real places belong to somebody."""
    image = Image.new("RGB", (1_200, 900), colour)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 700, 1_200, 900), "#3c4446")
    draw.rectangle((180, 220, 480, 700), "#d9cdb8", outline="#2b2f30", width=8)
    draw.ellipse((430, 450, 456, 476), "#2b2f30")
    for step in range(6):
        draw.ellipse(
            (700 - step * 22, 80 - step * 8, 940 + step * 22, 240 + step * 30), outline="#26333a", width=6
        )
    out = BytesIO()
    image.save(out, "JPEG", quality=80)
    out.seek(0)
    return pictures.cleaned(out, "photos")


_WITH_VISIT = frozenset({WorkStatus.SCHEDULED, WorkStatus.IN_PROGRESS, WorkStatus.DONE})
_LATELY = (
    WorkStatus.IN_PROGRESS,
    WorkStatus.REQUESTED,
    WorkStatus.SCHEDULED,
    WorkStatus.DONE,
    WorkStatus.REQUESTED,
    WorkStatus.SCHEDULED,
)
