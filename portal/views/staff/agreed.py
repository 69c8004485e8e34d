"""What staff do alike to contracts and RFPs of a client: add, edit, delete, take the list out (S9)."""

from dataclasses import dataclass
from typing import Any

from flask import Response, request, url_for

from portal import htmx
from portal.actions import agreements as changes
from portal.actions.agreements import Agreement, ContractWish, RfpWish
from portal.forms.agreements import ContractForm, RfpForm
from portal.forms.fields import options
from portal.forms.records import fingerprint
from portal.guards import SAFE_METHODS, actor, enter_area, find
from portal.models import Area, Contract, Property, Rfp
from portal.queries.agreements import coverable, having_reference
from portal.queries.documents import every
from portal.refusals import FieldRefusal
from portal.staff_policy import demand_vendor
from portal.templating import say

Form = ContractForm | RfpForm


@dataclass(frozen=True)
class Kind:
    """Contracts or RFPs: what is not alike. `page` is the blueprint that shows them, `key` its argument."""

    noun: str
    page: str
    key: str
    area: Area
    model: type[Contract] | type[Rfp]
    form: type[ContractForm] | type[RfpForm]
    wish: type[ContractWish] | type[RfpWish]
    new: dict[str, Any]

    def enter(self) -> None:
        """Let nobody but the vendor on (404 without the area, else NotAllowed)."""
        enter_area(self.area)
        demand_vendor(actor())

    def load(self, row_id: int) -> Agreement:
        """Return the contract or RFP with `row_id`; of another company: 404, for others: NotAllowed."""
        row: Agreement = find(self.model, row_id, area=self.area)
        demand_vendor(actor())
        return row

    def known(self, row: Agreement) -> dict[str, Any]:
        """Return what the form knows of one of them."""
        places = sorted(link.property_id for link in row.property_links)
        covers = "properties" if places else "client"
        return {**self.form.held(row), "covers": covers, "properties": places}

    def address(self, row: Agreement | None) -> str:
        """Return the address of one of them, or of the list."""
        said: dict[str, Any] = {self.key: row.id} if row else {}
        return url_for(f"{self.page}.show" if row else f"{self.page}.index", **said)


def add(kind: Kind) -> Response:
    """Show the empty form, or add what it describes; a second click leads to what the first one made."""
    kind.enter()
    form, offered = _bound(kind, None)
    if request.method in SAFE_METHODS or not form.validate():
        return _form(kind, form, None, offered)
    row = having_reference(actor(), kind.model, form.reference.data, except_id=None)
    if row is None or kind.known(row) != form.stated():  # else the first click made it (T80)
        try:
            row = changes.add(_wish(kind, form, offered), actor())
        except FieldRefusal as refusal:
            return _refused(kind, form, None, offered, refusal)
        say(f"{row.title} was added.")
    return htmx.go(kind.address(row))


def edit(kind: Kind, row_id: int) -> Response:
    """Show the form with what is known, or save it; a stale save shows both versions instead (C15)."""
    row = kind.load(row_id)
    known = kind.known(row)
    form, offered = _bound(kind, row)
    if request.method in SAFE_METHODS or not form.validate():
        return _form(kind, form, row, offered)
    if form.stale(known):
        return _form(kind, form, row, offered, conflict=form.differences(known))
    try:
        changed = changes.edit(row, _wish(kind, form, offered), actor())
    except FieldRefusal as refusal:
        return _refused(kind, form, row, offered, refusal)
    say(f"{row.title} was saved." if changed else "Nothing changed.")
    return htmx.go(kind.address(row))


def _bound(kind: Kind, row: Agreement | None) -> tuple[Form, list[Property]]:
    known = kind.known(row) if row else kind.new
    form = kind.form(data={**known, "seen": fingerprint(known)})
    offered = coverable(actor(), row)
    form.properties.choices = options(*((place.id, place.name) for place in offered))
    return form, offered


def _wish(kind: Kind, form: Form, offered: list[Property]) -> ContractWish | RfpWish:
    ticked = set(form.properties.data)
    return kind.wish(**form.facts(), places=[place for place in offered if place.id in ticked])


def _refused(
    kind: Kind, form: Form, row: Agreement | None, offered: list[Property], refusal: FieldRefusal
) -> Response:
    form[refusal.field].errors = [refusal.sentence]
    return _form(kind, form, row, offered)


def _form(
    kind: Kind,
    form: Form,
    row: Agreement | None,
    offered: list[Property],
    *,
    conflict: list[dict[str, str]] | None = None,
) -> Response:
    return htmx.page(
        "staff/agreements/form.html",
        block="form",
        status=409 if conflict is not None else 422 if form.errors else 200,
        form=form,
        kind=kind,
        row=row,
        offered=offered,
        conflict=conflict,
        list_href=kind.address(None),
        cancel_href=kind.address(row),
    )


def delete(kind: Kind, row_id: int) -> Response:
    """Ask before deleting, as a dialog or a page; a POST deletes."""
    row = kind.load(row_id)
    if request.method in SAFE_METHODS:
        return htmx.page(
            "staff/agreements/delete.html",
            block="dialog",
            kind=kind,
            row=row,
            documents=len(every(row)),
            list_href=kind.address(None),
            back=kind.address(row),
        )
    title = row.title
    changes.delete(row, actor())
    say(f"{title} was deleted.")
    return htmx.go(kind.address(None))
