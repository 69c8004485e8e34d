"""Contracts and RFPs as the vendor keeps them in a client: added, changed, answered, deleted (S9, C40)."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Any

from portal import audit, files, lifecycle, money
from portal.clock import now
from portal.extensions import db
from portal.models import Contract, ContractProperty, Property, Rfp, RfpAnswer, RfpProperty
from portal.policy import Actor
from portal.queries.agreements import having_reference
from portal.queries.documents import every
from portal.refusals import FieldRefusal
from portal.staff_policy import demand_vendor
from portal.words import RFP_STATUS

# Two clicks on one button come within this time.
TWICE = timedelta(minutes=1)
Agreement = Contract | Rfp


@dataclass(frozen=True)
class ContractWish:
    """What a contract is to say; without `places` it covers the entire client."""

    reference: str
    title: str
    summary: str
    starts_on: date
    ends_on: date | None
    yearly_value: int | None  # in pence or cents
    places: Sequence[Property] = ()


@dataclass(frozen=True)
class RfpWish:
    """What an RFP is to say; without `places` it is about the entire client."""

    reference: str
    title: str
    scope_of_work: str
    answers_by: date
    status: str
    places: Sequence[Property] = ()


Wish = ContractWish | RfpWish
_NOUNS: dict[type[Agreement], str] = {Contract: "contract", Rfp: "RFP"}
_LINKS: dict[type[Agreement], type[Any]] = {Contract: ContractProperty, Rfp: RfpProperty}
_LABELS = {
    "reference": "Reference",
    "title": "Title",
    "summary": "Summary",
    "starts_on": "Starts on",
    "ends_on": "Ends on",
    "yearly_value": "Yearly value",
    "scope_of_work": "Scope of work",
    "answers_by": "Answers by",
    "status": "Status",
}


def add(wanted: Wish, by: Actor) -> Agreement:
    """Return a new contract or RFP of the company of `by`.

    Raises NotAllowed unless `by` is the vendor, FieldRefusal for a reference that another one has.
    """
    demand_vendor(by)
    row: Agreement = Contract() if isinstance(wanted, ContractWish) else Rfp()
    row.company_id = by.company_id or 0
    _check_reference(row, wanted.reference, by)
    changes = _bring(row, wanted)
    db.session.add(row)
    db.session.flush()
    audit.record(f"added the {_NOUNS[type(row)]}", by=by, about=row.title, changes=changes)
    return row


def edit(row: Agreement, wanted: Wish, by: Actor) -> bool:
    """Bring a contract or RFP to what is `wanted`; return whether anything changed. Raises as add does."""
    demand_vendor(by)
    was = row.title
    _check_reference(row, wanted.reference, by)
    changes = _bring(row, wanted)
    if changes:
        audit.record(f"changed the {_NOUNS[type(row)]}", by=by, about=was, changes=changes)
    return bool(changes)


def _check_reference(row: Agreement, reference: str, by: Actor) -> None:
    with db.session.no_autoflush:
        other = having_reference(by, type(row), reference, except_id=row.id)
    if other is not None:
        raise FieldRefusal("reference", f"{other.title} has this reference already.")


def _bring(row: Agreement, wanted: Wish) -> dict[str, tuple[str, str]]:
    """Make `row` say what is wanted; return what that changed, in words."""
    changes = {}
    for name in (each.name for each in fields(wanted) if each.name != "places"):
        before, after = _said(name, getattr(row, name)), _said(name, getattr(wanted, name))
        setattr(row, name, getattr(wanted, name))
        if before != after:
            changes[_LABELS[name]] = (before, after)
    return changes | _cover(row, wanted.places)


def _said(name: str, value: Any) -> str:
    if name == "status" and value:
        return RFP_STATUS[value]
    if name in ("yearly_value", "amount") and value is not None:
        return money.said(value)
    return f"{value.day} {value:%b %Y}" if isinstance(value, date) else value or ""


def _cover(row: Agreement, places: Sequence[Property]) -> dict[str, tuple[str, str]]:
    links: list[Any] = row.property_links
    before = {link.property_id: link.property.name for link in links}
    after = {place.id: place.name for place in places}
    for gone in [each for each in links if each.property_id not in after]:
        links.remove(gone)
    link, whose = _LINKS[type(row)], row.company_id
    links += [link(company_id=whose, property_id=place_id) for place_id in after.keys() - before.keys()]
    if row.id is not None and before.keys() == after.keys():
        return {}
    return {"Properties": (_named(before) if row.id is not None else "", _named(after))}


def _named(places: dict[int, str]) -> str:
    return ", ".join(sorted(places.values())) or "Entire client"


def answer(rfp: Rfp, text: str, amount: int | None, by: Actor) -> None:
    """Answer an RFP, once; one that was open is answered from then on.

    `amount` is in pence or cents. Raises NotAllowed unless `by` is the vendor, NotNow for an RFP that takes
    no further answer.
    """
    demand_vendor(by)
    last, name = (rfp.answers[-1] if rfp.answers else None), by.signed
    twice = last is not None and (last.text, last.amount, last.by_name) == (text, amount, name)
    if twice and last is not None and now() - last.created_at < TWICE:
        return
    lifecycle.take_answer(rfp)
    rfp.answers.append(RfpAnswer(company_id=rfp.company_id, by_name=name, text=text, amount=amount))
    changes = {"Answer": ("", text), "Amount": ("", _said("amount", amount))}
    if rfp.status == "open":
        rfp.status, changes["Status"] = "answered", (RFP_STATUS["open"], RFP_STATUS["answered"])
    told = {label: pair for label, pair in changes.items() if pair[1]}
    audit.record("answered the RFP", by=by, about=rfp.title, changes=told)


def delete(row: Agreement, by: Actor) -> None:
    """Delete a contract or RFP that was entered by mistake, with its documents and answers; it is final.

    Raises NotAllowed unless `by` is the vendor.
    """
    demand_vendor(by)
    documents = every(row)
    for document in documents:
        files.remove(document)
        db.session.delete(document)
    db.session.flush()  # the documents name the row, so they go before it
    gone = {"Reference": row.reference, "Documents": ", ".join(each.name for each in documents)}
    changes = {label: (value, "") for label, value in gone.items() if value}
    audit.record(f"deleted the {_NOUNS[type(row)]}", by=by, about=row.title, changes=changes)
    db.session.delete(row)
