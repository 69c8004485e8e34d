"""A client's invoices as the vendor keeps them: drafts, their issue, what is void, their own PDF (S9)."""

from flask import Response, request, url_for

from portal import htmx, sentences
from portal.actions import notices
from portal.actions.staff import invoices as actions
from portal.actions.staff.invoice_files import attach as keep
from portal.forms.billing import InvoiceForm, PdfForm, VoidForm
from portal.guards import SAFE_METHODS, actor, enter_area, find, membership, takes_files
from portal.lifecycle import BillMove, take_bill
from portal.models import Area, Invoice
from portal.queries import work_orders as places
from portal.queries.staff import invoices
from portal.refusals import FieldRefusal
from portal.staff_policy import demand_vendor
from portal.templating import say
from portal.views.staff import bill_form
from portal.views.within import company_blueprint

blueprint = company_blueprint("invoices", __name__, "/billing")
MOST_PLACES = 200


@blueprint.route("/new", methods=["GET", "POST"])
def add() -> Response:
    """Show the empty form, or keep the draft that it describes."""
    enter_area(Area.BILLING)
    demand_vendor(actor())
    form = InvoiceForm.over(bill_form.blank())
    if not bill_form.sent_whole(form):
        return _form(form, None)
    try:
        made = _drafted(form)
    except FieldRefusal as refusal:
        return _refused(form, None, refusal)
    say(f"Invoice {made.number} was saved as a draft. The client sees it once you issue it.")
    return htmx.go(url_for("billing.show", invoice_id=made.id))


def _drafted(form: InvoiceForm) -> Invoice:
    """Return the draft that the form makes; a second click leads to what the first one made (T80)."""
    company, wanted = membership().company, bill_form.wanted(form)
    there = invoices.draft_called(actor(), company.id, wanted.number)
    if there is not None and bill_form.known(there) == bill_form.typed(form):
        return there
    return actions.draft(company, wanted, actor())


@blueprint.route("/<id:invoice_id>/edit", methods=["GET", "POST"])
def edit(invoice_id: int) -> Response:
    """Show the form with the draft, or save it; a stale save shows both versions instead (C15)."""
    invoice = _taking(invoice_id, BillMove.EDIT)
    known = bill_form.known(invoice)
    form = InvoiceForm.over(known)
    if not bill_form.sent_whole(form):
        return _form(form, invoice)
    if form.stale(known):
        return _form(form, invoice, conflict=form.differences(known))
    try:
        changed = actions.change(invoice, bill_form.wanted(form, invoice), actor())
    except FieldRefusal as refusal:
        return _refused(form, invoice, refusal)
    say(f"Invoice {invoice.number} was saved." if changed else "Nothing changed.")
    return _back(invoice)


def _taking(invoice_id: int, move: BillMove) -> Invoice:
    """Return the invoice for a `move` of the vendor: 404, NotAllowed, NotNow as `guards.load` has them."""
    invoice = find(Invoice, invoice_id, area=Area.BILLING)
    demand_vendor(actor())
    take_bill(invoice, move)
    return invoice


def _back(invoice: Invoice) -> Response:
    return htmx.go(url_for("billing.show", invoice_id=invoice.id))


def _refused(form: InvoiceForm, invoice: Invoice | None, refusal: FieldRefusal) -> Response:
    form[refusal.field].errors = [refusal.sentence]
    return _form(form, invoice)


def _form(
    form: InvoiceForm, invoice: Invoice | None, *, conflict: list[dict[str, str]] | None = None
) -> Response:
    form.offer(invoices.usual_tax(membership().company.id))
    back = url_for("billing.show", invoice_id=invoice.id) if invoice else url_for("billing.index")
    named = [each.name for each in places.places(actor(), limit=MOST_PLACES)]
    return htmx.page(
        "staff/billing/form.html",
        block="form",
        status=409 if conflict is not None else 422 if form.errors else 200,
        form=form,
        invoice=invoice,
        conflict=conflict,
        places=named,
        few=len(named) <= places.FEW,
        cancel_href=back,
    )


@blueprint.route("/<id:invoice_id>/issue", methods=["GET", "POST"])
def issue(invoice_id: int) -> Response:
    """Ask before the client sees a draft, as a dialog or a page; a POST issues it as it was seen (C15)."""
    invoice = _taking(invoice_id, BillMove.ISSUE)
    state = bill_form.state(invoice)
    asked = request.method in SAFE_METHODS
    if asked or request.form.get("seen") != state:
        told = sentences.hear_of_it(
            [each.name for each in notices.hearing_of_invoice(invoice)], membership().company.name
        )
        facts = {"invoice": invoice, "told": told, "state": state, "changed": not asked}
        return htmx.page("staff/billing/issue.html", block="dialog", status=200 if asked else 409, **facts)
    actions.issue(invoice, actor())
    say(f"Invoice {invoice.number} was issued. {membership().company.name} sees it now.")
    return _back(invoice)


@blueprint.route("/<id:invoice_id>/delete", methods=["GET", "POST"])
def discard(invoice_id: int) -> Response:
    """Ask before a draft is deleted, as a dialog or a page; a POST deletes."""
    invoice = _taking(invoice_id, BillMove.DISCARD)
    if request.method in SAFE_METHODS:
        return htmx.page("staff/billing/delete.html", block="dialog", invoice=invoice)
    number = invoice.number
    actions.discard(invoice, actor())
    say(f"The draft {number} was deleted.")
    return htmx.go(url_for("billing.index"))


@blueprint.route("/<id:invoice_id>/void", methods=["GET", "POST"])
def make_void(invoice_id: int) -> Response:
    """Ask why an invoice is not to be paid, as a dialog or a page; a POST says so."""
    invoice, form = _taking(invoice_id, BillMove.VOID), VoidForm()
    if not form.validate_on_submit():
        status = 422 if form.errors else 200
        return htmx.page("staff/billing/void.html", block="dialog", status=status, invoice=invoice, form=form)
    actions.make_void(invoice, form.reason.data, actor())
    say(f"Invoice {invoice.number} is void.")
    return _back(invoice)


@blueprint.route("/<id:invoice_id>/pdf/replace", methods=["GET", "POST"])
@takes_files
def attach(invoice_id: int) -> Response:
    """Ask for the vendor's own PDF of an invoice, as a dialog or a page; a POST keeps it."""
    invoice, form = _taking(invoice_id, BillMove.ATTACH), PdfForm()
    if form.validate_on_submit():
        try:
            document = keep(invoice, form.file.data.stream, form.file.data.filename or "", actor())
        except FieldRefusal as refusal:
            form.file.errors = [refusal.sentence]
        else:
            say(f"{document.name} is the PDF of invoice {invoice.number} now.")
            return _back(invoice)
    status = 422 if form.errors else 200
    return htmx.page("staff/billing/pdf.html", block="dialog", status=status, invoice=invoice, form=form)
