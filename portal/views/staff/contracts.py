"""Contracts as staff keep them in a client: add, edit, delete, the list as CSV; no customer's pages (S9)."""

from typing import Any

from flask import Response

from portal.actions.agreements import ContractWish
from portal.forms.agreements import ContractForm
from portal.forms.figures import plain
from portal.models import Area, Contract
from portal.views.staff import agreed
from portal.views.within import company_blueprint

blueprint = company_blueprint("contract_forms", __name__, "/contracts")


def known(contract: Contract) -> dict[str, Any]:
    """Return what the form knows of a contract."""
    return {
        "reference": contract.reference,
        "title": contract.title,
        "summary": contract.summary,
        "starts_on": plain(contract.starts_on),
        "ends_on": plain(contract.ends_on),
        "yearly_value": plain(contract.yearly_value),
        **agreed.covered(contract),
    }


KIND = agreed.Kind(
    noun="contract",
    page="contracts",
    key="contract_id",
    area=Area.CONTRACTS,
    model=Contract,
    form=ContractForm,
    wish=ContractWish,
    known=known,
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
