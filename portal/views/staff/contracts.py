"""Contracts as staff keep them in a client: add, edit, delete, the list as CSV; no customer's pages (S9)."""

from flask import Response

from portal.actions.agreements import ContractWish
from portal.forms.agreements import ContractForm
from portal.models import Area, Contract
from portal.views.staff import agreed
from portal.views.within import company_blueprint

blueprint = company_blueprint("contract_forms", __name__, "/contracts")


KIND = agreed.Kind(
    noun="contract",
    page="contracts",
    key="contract_id",
    area=Area.CONTRACTS,
    model=Contract,
    form=ContractForm,
    wish=ContractWish,
    new={"covers": "client"},
)


@blueprint.route("/new", methods=["GET", "POST"])
def add() -> Response:
    """Show the empty form, or add the contract it describes."""
    return agreed.add(KIND)


@blueprint.route("/<id:contract_id>/edit", methods=["GET", "POST"])
def edit(contract_id: int) -> Response:
    """Show the form with what is known of a contract, or save it."""
    return agreed.edit(KIND, contract_id)


@blueprint.route("/<id:contract_id>/delete", methods=["GET", "POST"])
def delete(contract_id: int) -> Response:
    """Ask before a contract that was entered by mistake is deleted; a POST deletes it."""
    return agreed.delete(KIND, contract_id)
