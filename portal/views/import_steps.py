"""The steps of an import once a table was handed in: its columns, what would happen, start, report (S9).

They stand at two addresses: below the contacts of a company, and on the vendor's side, over all clients.
"""

from typing import Any

from flask import Blueprint, Response, abort, g, request, url_for

from portal import csv_in, htmx, policy, staff_gate, tables
from portal.actions import imports as actions
from portal.csv_out import csv_response
from portal.extensions import db
from portal.files import clean_name
from portal.forms.fields import Blank
from portal.forms.imports import TableForm, objections
from portal.guards import SAFE_METHODS, actor, polled
from portal.importing.columns import guess
from portal.importing.kind import Kind, Span
from portal.importing.registry import KINDS
from portal.limits import makes_a_file
from portal.models import Company, Import, ImportState
from portal.policy import Actor
from portal.queries import imports
from portal.refusals import FieldRefusal
from portal.templating import say
from portal.transaction import start_writing
from portal.views.import_facts import facts

OUTCOME_WORDS = {"add": "Added", "update": "Changed", "skip": "Skipped", "error": "Error"}
SAMPLES = 3


def add_steps(blueprint: Blueprint, path: str) -> None:
    """Let the steps of an import stand below `path`; `blueprint` has a page `hand_in` of its own."""
    for name, end, view, method in (
        ("show", "", show, "GET"),
        ("choose", "/columns", choose, "POST"),
        ("start", "/start", start, "POST"),
        ("cancel", "/cancel", cancel, "POST"),
        ("report", "/report", report, "GET"),
    ):
        blueprint.add_url_rule(f"{path}/<id:import_id>{end}", name, view, methods=[method])


def who() -> Actor:
    """Return who acts: in a company, whichever door they came through, else over all of them."""
    return actor() if g.get("membership") else staff_gate.acting()


def taken(kind: Kind, form: TableForm, company: Company | None) -> Import:
    """Read and keep a table while nothing is locked; return its import. Raises FieldRefusal at "file"."""
    table = csv_in.read(form.file.data.stream)
    if table.total > kind.most:
        raise FieldRefusal("file", f"This table has more than {kind.most:,} rows. Split it.")
    stored_as = tables.keep(table.plain)
    start_writing()
    name = clean_name(form.file.data.filename or "", "text/csv")
    fields = kind.fields_of(for_one=company is not None)
    mapping = guess(fields, table.header, kind.instead)
    file = (name, stored_as, table.note)
    return actions.begin(kind.code, company, file, table.header, mapping, table.total, who())


@polled
def show(import_id: int) -> Response:
    """Show how far an import is; a page that waits asks for it again and again."""
    imported = _find(import_id)
    if imported.state == ImportState.MAPPING:
        return _columns_page(imported, _choices(imported))
    return htmx.page("imports/show.html", block="progress", **_around(imported), **facts(imported))


def _around(imported: Import) -> dict[str, Any]:
    """Return what every page of an import shows around it: where one comes from, and where one goes on."""
    kind = KINDS[imported.kind]
    inside = bool(g.get("membership"))
    company = db.session.get(Company, imported.company_id) if imported.company_id else None
    again = url_for(".hand_in", **_whereabouts(imported))
    if inside:
        listed = (kind.label, url_for(kind.page))
    elif company is not None:
        listed = (kind.label, url_for(f"staff.clients.{kind.page}", company=company.slug))
    else:
        listed = ("Clients", url_for("staff.clients.index"))
    crumbs = [listed, ("Import", again)] if inside else [("Import", url_for(".index")), (kind.label, again)]
    return {
        "into": _into(kind, company),
        "imported": imported,
        "kind": kind,
        "crumbs": crumbs,
        "list_label": listed[0],
        "list_href": listed[1],
        "again_href": again,
    }


def _into(kind: Kind, company: Company | None) -> str:
    return "" if kind.span == Span.NONE else f" into {company.name if company else 'all clients'}"


def choose(import_id: int) -> Response:
    """Take the columns as chosen and have every row looked at, or go back to choosing them."""
    imported = _find(import_id)
    if "back" in request.form:
        actions.change_columns(imported)
        return htmx.go(url_for(".show", import_id=import_id))
    kind = KINDS[imported.kind]
    form = kind.choices()
    for_one = imported.company_id is not None
    labels = {field.name: field.label for field in kind.fields_of(for_one=for_one)}
    named = [request.form.get(f"column-{index}", "") for index in range(len(imported.header))]
    mapping = [name if name in labels else "" for name in named]
    several = [field.name for field in kind.fields if field.several]
    wrong = objections(mapping, labels, kind.missing(mapping, for_one=for_one), several)
    if wrong or not form.validate():
        return _columns_page(imported, form, mapping, wrong)
    choices = {name: form[name].data for name in ("access", "twins") if name in form}
    actions.check(imported, mapping, choices)
    return htmx.go(url_for(".show", import_id=import_id))


def _choices(imported: Import) -> Blank:
    access = "file" if "access" in imported.mapping else "none"
    start = {"access": access, "twins": "skip", **imported.choices}
    form: Blank = KINDS[imported.kind].choices(formdata=None, data=start)
    return form


def _columns_page(
    imported: Import, form: Blank, mapping: list[str] | None = None, wrong: list[str] | None = None
) -> Response:
    rows = [cells for _number, cells in tables.first(imported.stored_as, SAMPLES)]
    samples = [[cells[index] for cells in rows] for index in range(len(imported.header))]
    return htmx.page(
        "imports/columns.html",
        form=form,
        fields=KINDS[imported.kind].fields_of(for_one=imported.company_id is not None),
        columns=list(zip(imported.header, samples, mapping or imported.mapping, strict=True)),
        wrong=wrong or [],
        status=422 if wrong or form.errors else 200,
        **_around(imported),
    )


def start(import_id: int) -> Response:
    """Have it written: all of it, or nothing; without the rows that have errors where that was chosen."""
    said = request.form.get("without", "")[:9]
    without = int(said) if said.isascii() and said.isdecimal() else 0
    actions.start(_find(import_id), who(), without=without)
    return htmx.go(url_for(".show", import_id=import_id))


def cancel(import_id: int) -> Response:
    """Forget the table."""
    imported = _find(import_id)
    actions.cancel(imported)
    say("The import was cancelled. Nothing was changed.")
    return htmx.go(url_for(".hand_in", **_whereabouts(imported)))


def _whereabouts(imported: Import) -> dict[str, Any]:
    """Return what the address of the form says beside the company at hand."""
    if g.get("membership"):
        return {}
    company = db.session.get(Company, imported.company_id) if imported.company_id else None
    return {"table": imported.kind, **({"client": company.number} if company else {})}


@makes_a_file
def report(import_id: int) -> Response:
    """Send what became of every row, as a CSV file to keep."""
    imported = _find(import_id)
    words = OUTCOME_WORDS | ({"error": "Left out"} if imported.state == ImportState.DONE else {})
    rows = (
        (number, name, words[outcome], *problem, *[""] * (3 - len(problem)))
        for number, name, outcome, problems in imports.report(imported)
        for problem in problems or [["", ""]]
    )
    stem = imported.file_name.rpartition(".")[0]
    return csv_response(f"{stem} report.csv", ("Row", "Name", "Result", "Column", "Reason", "Value"), rows)


def _find(import_id: int) -> Import:
    """Return the import that the address names; below a company's contacts none of anything else."""
    policy.demand_admin(who())
    changes = request.method not in SAFE_METHODS
    found = imports.found(who(), import_id, to_change=changes) or abort(404)
    if g.get("membership") and found.kind != "contacts":
        abort(404)
    return found
