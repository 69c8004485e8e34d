"""Imports on the vendor's side: of every kind, into all clients or one; the same lists to take out (S9)."""

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, abort, request, url_for

from portal import htmx
from portal.csv_out import csv_response, csv_stream
from portal.forms.imports import ForClientForm
from portal.guards import reads_first, takes_files
from portal.importing.kind import Kind, Span
from portal.importing.registry import KINDS
from portal.importing.whose import client_called
from portal.limits import makes_a_file, takes_a_table
from portal.models import Company
from portal.policy import Actor
from portal.queries import imports
from portal.refusals import FieldRefusal
from portal.staff_gate import acting, demand, person
from portal.staff_policy import Deed
from portal.views.import_steps import add_steps, taken

blueprint = Blueprint("imports", __name__, url_prefix="/imports")
add_steps(blueprint, "")


@blueprint.get("")
def index() -> Response:
    """Show the kinds of tables that can be handed in, and what was handed in lately."""
    demand(Deed.KEEP_CLIENTS)
    return htmx.page("staff/imports/index.html", kinds=KINDS, imports=imports.recent(acting()))


@blueprint.route("/new/<table>", methods=["GET", "POST"])
@takes_a_table
@reads_first
@takes_files
def hand_in(table: str) -> Response:
    """Show the form for one kind, or take a table and go on to its columns."""
    of = _kind(table)
    form = ForClientForm(data={"client": request.args.get("client", "")[:100]})
    if not form.validate_on_submit():
        return _form_page(form, of)
    try:
        company = _client(of, form.client.data)
        imported = taken(of, form, company)
    except FieldRefusal as refusal:
        form[refusal.field].errors = [refusal.sentence]
        return _form_page(form, of)
    return htmx.go(url_for(".show", import_id=imported.id))


def _form_page(form: ForClientForm, kind: Kind) -> Response:
    named = request.args.get("client", "")[:100]
    status = 422 if form.errors else 200
    labels = kind.header(for_one=bool(named))
    facts: dict[str, Any] = {"form": form, "kind": kind, "named": named, "labels": labels}
    return htmx.page("staff/imports/new.html", status=status, **facts)


@blueprint.get("/template/<table>")
@makes_a_file
def template(table: str) -> Response:
    """Send a table of this kind without rows, to start from."""
    of = _kind(table)
    return csv_response(f"{of.label} template.csv", of.header(for_one="client" in request.args), ())


@blueprint.get("/export/<table>")
@makes_a_file
def export(table: str) -> Response:
    """Send everything of this kind, of one client or of all, as a table that an import takes in again."""
    of = _kind(table)
    if of.listed is None:
        abort(404)
    company = _client(of, request.args.get("client", ""))
    reader = acting() if company is None else person().actor(company.id)
    labels, with_client = of.header(for_one=True), company is None and of.span == Span.ANY
    header = ["Client", "Client name", *labels] if with_client else labels
    stem = f"{company.name} {of.several}" if company else of.label
    return csv_stream(f"{stem}.csv", header, _batches(of, reader, with_client=with_client))


def _batches(kind: Kind, reader: Actor, *, with_client: bool) -> Iterator[list[list[Any]]]:
    """Yield the rows of the table, stretch by stretch."""
    after = 0
    assert kind.listed is not None
    ours = [each.name for each in kind.fields if each.ours]
    while found := list(kind.listed(reader, after)):
        after = found[-1][0]
        yield [
            [*(_named(company) if with_client else ()), *(cells[name] for name in ours)]
            for _id, company, cells in found
        ]


def _named(company: Company) -> tuple[str, str]:
    return company.number, company.name


def _kind(code: str) -> Kind:
    demand(Deed.KEEP_CLIENTS)
    return KINDS.get(code) or abort(404)


def _client(kind: Kind, words: str) -> Company | None:
    """Return whom a table is for, None for all. Raises FieldRefusal at "client" where that is nobody."""
    words = " ".join(words.replace("\0", " ").split())[:100]
    if not words:
        if kind.span == Span.ONE:
            raise FieldRefusal("client", "Say which client it is for.")
        return None
    if kind.span == Span.NONE:
        raise FieldRefusal("client", "A table of clients is for none of them.")
    return client_called(acting(), words)
