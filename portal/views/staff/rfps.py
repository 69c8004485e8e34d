"""RFPs as staff keep them in a client: add, edit, answer, delete; no customer's pages (S9)."""

from flask import Response

from portal import htmx
from portal.actions.agreements import RfpWish, answer
from portal.forms.agreements import AnswerForm, RfpForm
from portal.forms.figures import pence
from portal.guards import actor
from portal.models import Area, Rfp
from portal.templating import say
from portal.views.rfps import rfp_page
from portal.views.staff import agreed
from portal.views.within import company_blueprint

blueprint = company_blueprint("rfp_forms", __name__, "/rfps")


KIND = agreed.Kind(
    noun="RFP",
    page="rfps",
    key="rfp_id",
    area=Area.RFPS,
    model=Rfp,
    form=RfpForm,
    wish=RfpWish,
    new={"covers": "client", "status": "open"},
)


@blueprint.route("/new", methods=["GET", "POST"])
def add() -> Response:
    """Show the empty form, or add the RFP it describes."""
    return agreed.add(KIND)


@blueprint.route("/<id:rfp_id>/edit", methods=["GET", "POST"])
def edit(rfp_id: int) -> Response:
    """Show the form with what is known of an RFP, or save it."""
    return agreed.edit(KIND, rfp_id)


@blueprint.route("/<id:rfp_id>/delete", methods=["GET", "POST"])
def delete(rfp_id: int) -> Response:
    """Ask before an RFP that was entered by mistake is deleted; a POST deletes it."""
    return agreed.delete(KIND, rfp_id)


@blueprint.post("/<id:rfp_id>/answers")
def give_answer(rfp_id: int) -> Response:
    """Answer an RFP, or show its page again with what is wrong with the answer."""
    rfp = KIND.load(rfp_id)
    assert isinstance(rfp, Rfp)
    form = AnswerForm()
    if not form.validate():
        return rfp_page(rfp, answer_form=form, status=422)
    answer(rfp, form.text.data, pence(form.amount.data), actor())
    say(f"{rfp.title} was answered.")
    return htmx.go(KIND.address(rfp))
