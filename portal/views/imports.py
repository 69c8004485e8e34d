"""Importing contacts into one company: the table is handed in here, and its steps stand below (S9)."""

from flask import Response, url_for

from portal import htmx, policy
from portal.forms.imports import TableForm
from portal.guards import actor, membership, reads_first, takes_files
from portal.importing.registry import KINDS
from portal.limits import takes_a_table
from portal.queries import imports
from portal.refusals import FieldRefusal
from portal.views.import_steps import add_steps, taken
from portal.views.within import company_blueprint

blueprint = company_blueprint("imports", __name__)
add_steps(blueprint, "/contacts/import")


@blueprint.route("/contacts/import", methods=["GET", "POST"])
@takes_a_table
@reads_first
@takes_files
def hand_in() -> Response:
    """Show the form and what was handed in lately, or take a table and go on to its columns."""
    policy.demand_admin(actor())
    form = TableForm()
    if not form.validate_on_submit():
        return _form_page(form)
    try:
        imported = taken(KINDS["contacts"], form, membership().company)
    except FieldRefusal as refusal:
        form.file.errors = [refusal.sentence]
        return _form_page(form)
    return htmx.go(url_for(".show", import_id=imported.id))


def _form_page(form: TableForm) -> Response:
    found, kind = imports.recent(actor(), "contacts"), KINDS["contacts"]
    status = 422 if form.errors else 200
    return htmx.page("imports/new.html", form=form, imports=found, kind=kind, status=status)
