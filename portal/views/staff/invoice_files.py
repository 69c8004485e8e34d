"""Many PDFs of invoices at once, over all clients: each file is called by the number of its invoice (S9)."""

from flask import Blueprint, Response

from portal import htmx
from portal.actions.staff.invoice_files import MOST_FILES, Handed, attach_all
from portal.forms.billing import PdfsForm
from portal.guards import takes_files
from portal.staff_gate import acting, demand
from portal.staff_policy import Deed, demand_vendor

blueprint = Blueprint("invoice_files", __name__, url_prefix="/imports/invoice-pdfs")


@blueprint.route("", methods=["GET", "POST"])
@takes_files
def hand_in() -> Response:
    """Show the form, or keep the files and say of each what it belongs to, or why it was not kept."""
    demand(Deed.KEEP_CLIENTS)
    demand_vendor(acting())
    form, handed = PdfsForm(), list[Handed]()
    if form.validate_on_submit():
        files = [(each.filename or "", each.stream) for each in form.files.data]
        if len(files) > MOST_FILES:
            form.files.errors = [f"Hand in at most {MOST_FILES} files at once."]
        else:
            handed = attach_all(files, acting())
    status = 422 if form.errors else 200
    return htmx.page("staff/billing/files.html", form=form, handed=handed, most=MOST_FILES, status=status)
