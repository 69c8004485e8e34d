"""Importing contacts from a table: hand it in, choose its columns, look at what would happen, start (S9)."""

from typing import Any

from flask import Response, abort, request, url_for

from portal import csv_in, htmx, policy, tables
from portal.actions import imports as actions
from portal.csv_out import csv_response
from portal.files import clean_name
from portal.forms.imports import ContactChoices, TableForm, objections
from portal.guards import actor, membership, polled, reads_first, takes_files
from portal.importing.columns import KINDS, Kind, guess
from portal.limits import makes_a_file
from portal.models import Import, ImportState, Outcome
from portal.queries import imports
from portal.refusals import FieldRefusal
from portal.templating import say
from portal.transaction import start_writing
from portal.views.within import company_blueprint

blueprint = company_blueprint("imports", __name__)
OUTCOME_WORDS = {"add": "Added", "update": "Changed", "skip": "Skipped", "error": "Error"}
SAMPLES = 3


@blueprint.route("/contacts/import", methods=["GET", "POST"])
@reads_first
@takes_files
def hand_in() -> Response:
    """Show the form and what was handed in lately, or take a table and go on to its columns."""
    policy.demand_admin(actor())
    form = TableForm()
    if not form.validate_on_submit():
        return _form_page(form, 422 if form.errors else 200)
    try:
        imported = _taken(KINDS["contacts"], form)
    except FieldRefusal as refusal:
        form.file.errors = [refusal.sentence]
        return _form_page(form, 422)
    return htmx.go(url_for(".show", import_id=imported.id))


def _taken(kind: Kind, form: TableForm) -> Import:
    """Read and keep the table while nothing is locked; return its import. Raises FieldRefusal at "file"."""
    table = csv_in.read(form.file.data.stream)
    if len(table.rows) > kind.most:
        raise FieldRefusal("file", f"This table has more than {kind.most:,} rows. Split it.")
    stored_as = tables.keep(table.rows)
    start_writing()
    name = clean_name(form.file.data.filename or "", "text/csv")
    company, header = membership().company, table.header
    file = (name, stored_as, table.note)
    return actions.begin(kind.code, company, file, header, guess(kind, header), len(table.rows), actor())


def _form_page(form: TableForm, status: int) -> Response:
    found = imports.recent(actor())
    return htmx.page(
        "imports/new.html", form=form, imports=found, fields=KINDS["contacts"].fields, status=status
    )


@blueprint.get("/contacts/import/<id:import_id>")
@polled
def show(import_id: int) -> Response:
    """Show how far an import is; a page that waits asks for it again and again."""
    imported = _find(import_id)
    if imported.state == ImportState.MAPPING:
        return _columns_page(imported, _choices(imported))
    return htmx.page("imports/show.html", block="progress", **_facts(imported))


def _facts(imported: Import) -> dict[str, Any]:
    checked = imported.state == ImportState.CHECKED
    return {
        "imported": imported,
        "wrong": imports.rows(imported, (Outcome.ERROR,), imports.SHOWN) if imported.errors else [],
        "skipped": imports.rows(imported, (Outcome.SKIP,), imports.SHOWN) if checked else [],
        "invited": imports.invited(imported) if checked and imported.adds else 0,
        "most": imports.SHOWN,
    }


@blueprint.post("/contacts/import/<id:import_id>/columns")
def choose(import_id: int) -> Response:
    """Take the columns as chosen and have every row looked at, or go back to choosing them."""
    imported = _find(import_id)
    if "back" in request.form:
        actions.change_columns(imported)
        return htmx.go(url_for(".show", import_id=import_id))
    kind, form = KINDS[imported.kind], ContactChoices()
    labels = {field.name: field.label for field in kind.fields}
    named = [request.form.get(f"column-{index}", "") for index in range(len(imported.header))]
    mapping = [name if name in labels else "" for name in named]
    needed = [] if "name" in mapping else ["first_name", "last_name"]
    wrong = objections(mapping, labels, needed)
    if wrong or not form.validate():
        return _columns_page(imported, form, mapping, wrong)
    actions.check(imported, mapping, {"access": form.access.data, "twins": form.twins.data})
    return htmx.go(url_for(".show", import_id=import_id))


def _choices(imported: Import) -> ContactChoices:
    access = "file" if "access" in imported.mapping else "none"
    return ContactChoices(formdata=None, data={"access": access, "twins": "skip", **imported.choices})


def _columns_page(
    imported: Import, form: ContactChoices, mapping: list[str] | None = None, wrong: list[str] | None = None
) -> Response:
    rows = [cells for _number, cells in tables.first(imported.stored_as, SAMPLES)]
    samples = [[cells[index] for cells in rows] for index in range(len(imported.header))]
    return htmx.page(
        "imports/columns.html",
        imported=imported,
        form=form,
        fields=KINDS[imported.kind].fields,
        columns=list(zip(imported.header, samples, mapping or imported.mapping, strict=True)),
        wrong=wrong or [],
        status=422 if wrong or form.errors else 200,
    )


@blueprint.post("/contacts/import/<id:import_id>/start")
def start(import_id: int) -> Response:
    """Have it written: all of it, or nothing."""
    actions.start(_find(import_id), actor())
    return htmx.go(url_for(".show", import_id=import_id))


@blueprint.post("/contacts/import/<id:import_id>/cancel")
def cancel(import_id: int) -> Response:
    """Forget the table."""
    actions.cancel(_find(import_id))
    say("The import was cancelled. Nothing was changed.")
    return htmx.go(url_for(".hand_in"))


@blueprint.get("/contacts/import/<id:import_id>/report")
@makes_a_file
def report(import_id: int) -> Response:
    """Send what became of every row, as a CSV file to keep."""
    imported = _find(import_id)
    rows = (
        (number, name, OUTCOME_WORDS[outcome], column, sentence)
        for number, name, outcome, problems in imports.report(imported)
        for column, sentence in problems or [["", ""]]
    )
    stem = imported.file_name.rpartition(".")[0]
    return csv_response(f"{stem} report.csv", ("Row", "Name", "Result", "Column", "Reason"), rows)


def _find(import_id: int) -> Import:
    policy.demand_admin(actor())
    return imports.found(actor(), import_id) or abort(404)
