"""The demo's contracts and RFPs with answers, properties and a few real documents."""

import io
import random
from datetime import date, timedelta

from sqlalchemy import select

from portal import files
from portal.clock import now
from portal.extensions import db
from portal.models import (
    Company,
    Contract,
    ContractProperty,
    Document,
    Property,
    Rfp,
    RfpAnswer,
    RfpProperty,
)

STAFF = "Sue Marsh"
# How many contracts and RFPs each company has.
SIZES = {"northgate": (7, 6), "harbour": (2, 1), "metro": (64, 38)}
_WORK = (
    ("Planned maintenance", "Heating, cooling and ventilation are looked after by a fixed plan."),
    ("Cleaning", "Stairs, halls and lifts once a week; windows four times a year."),
    ("Lift service", "Two inspections a year, and an engineer within two hours when somebody is inside."),
    ("Grounds and gardens", "Lawns, hedges and paths from March to October; snow in winter."),
    ("Fire safety", "Alarms, extinguishers and emergency lights are tested and logged each quarter."),
    ("Security patrol", "Two rounds each night, and a report every morning."),
    ("Waste and recycling", "Bins are brought out, washed and brought back."),
)
_WANTED = (
    ("Roof works", "Renew the flat roof above the east wing. Scaffolding from the yard only."),
    ("Repainting the stairwells", "Three stairwells, walls and railings, outside office hours."),
    ("LED lighting", "Replace the tubes on all floors; presence sensors in the corridors."),
    ("Car park resurfacing", "About 1,900 square metres, in two halves so that one stays open."),
    ("New entrance doors", "Automatic, with access control that works with the present cards."),
    ("Charging points", "Twelve points for electric cars, with metering for each flat."),
)
_STATUSES = ("open", "answered", "accepted", "declined", "open", "closed")


def fill(companies: dict[str, Company]) -> None:
    """Add contracts, RFPs and documents to the companies; the same each time but for the dates."""
    dice = random.Random(77)  # noqa: S311 - days for a demo, no secret
    today = now().date()
    for slug, (contracts, rfps) in SIZES.items():
        company = companies[slug]
        owned = list(
            db.session.scalars(
                select(Property).where(Property.company_id == company.id).order_by(Property.id)
            )
        )
        made = [_contract(company, number, today, dice, owned) for number in range(contracts)]
        asked = [_rfp(company, number, today, dice, owned) for number in range(rfps)]
        db.session.flush()
        _documents(company, made[0], asked[0], owned[0])


def _contract(
    company: Company, number: int, today: date, dice: random.Random, owned: list[Property]
) -> Contract:
    title, summary = _WORK[number % len(_WORK)]
    # Most run now; every fifth is over, every seventh has not begun.
    start = today - timedelta(days=dice.randrange(30, 330))
    start += timedelta(days=-800 if number % 5 == 4 else 400 if number % 7 == 6 else 0)
    contract = Contract(
        company_id=company.id,
        reference=f"C-{start.year}-{number + 1:03}",
        title=title if number < len(_WORK) else f"{title} {number // len(_WORK) + 1}",
        summary=summary,
        starts_on=start,
        ends_on=None if number == 1 else start + timedelta(days=364),
        yearly_value=dice.randrange(40, 900) * 10_000,
    )
    # The first two are for the entire client.
    for place in dice.sample(owned, dice.randint(1, min(5, len(owned)))) if number > 1 else []:
        contract.property_links.append(ContractProperty(company_id=company.id, property_id=place.id))
    db.session.add(contract)
    return contract


def _rfp(company: Company, number: int, today: date, dice: random.Random, owned: list[Property]) -> Rfp:
    title, scope = _WANTED[number % len(_WANTED)]
    status = _STATUSES[number % len(_STATUSES)]
    due = today + timedelta(days=dice.randrange(5, 40) if status == "open" else -dice.randrange(5, 200))
    rfp = Rfp(
        company_id=company.id,
        reference=f"RFP-{number + 1:03}",
        title=title if number < len(_WANTED) else f"{title} {number // len(_WANTED) + 1}",
        scope_of_work=scope,
        answers_by=due,
        status=status,
        created_at=now() + min(due - today, timedelta(0)) - timedelta(days=dice.randrange(21, 40)),
    )
    for place in dice.sample(owned, dice.randint(1, min(3, len(owned)))):
        rfp.property_links.append(RfpProperty(company_id=company.id, property_id=place.id))
    if status != "open":
        words = "We offer the work as described, with a year's warranty."
        price = dice.randrange(20, 400) * 10_000
        answered = now() + (due - today) - timedelta(days=2)
        answer = RfpAnswer(company_id=company.id, by_name=STAFF, text=words, amount=price)
        answer.created_at = answered
        rfp.answers.append(answer)
    db.session.add(rfp)
    return rfp


def _documents(company: Company, contract: Contract, rfp: Rfp, place: Property) -> None:
    terms = f"{contract.title}\n\n{contract.summary}\n\nBetween Alder Services and {company.name}.\n"
    visits = "Month,Visits\r\nJanuary,2\r\nApril,1\r\nJuly,2\r\nOctober,1\r\n"
    access = f"{place.name}\n\nThe key is in the box beside the door. Ring twice.\n"
    for owner, name, text in (
        ({"contract_id": contract.id}, "What is agreed.txt", terms),
        ({"contract_id": contract.id}, "Visits.csv", visits),
        ({"rfp_id": rfp.id}, "Scope of work.txt", rfp.scope_of_work),
        ({"property_id": place.id}, "How to get in.txt", access),
    ):
        stored = files.store(io.BytesIO(text.encode()), name)
        db.session.add(
            Document(
                company_id=company.id,
                name=stored.name,
                media_type=stored.media_type,
                size=stored.size,
                stored_as=stored.stored_as,
                added_by=STAFF,
                **owner,
            )
        )
