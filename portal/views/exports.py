"""Taking contacts out: the list as it is filtered, as CSV or as vCards for an address book."""

from flask import Response, make_response, request

from portal import policy, vcard
from portal.csv_out import attached, csv_response
from portal.guards import actor, membership
from portal.importing.out import FIELDS, cells
from portal.limits import makes_a_file
from portal.queries import exports
from portal.views import lists
from portal.views.within import company_blueprint

blueprint = company_blueprint("exports", __name__)


@blueprint.get("/contacts/export.csv")
@makes_a_file
def table() -> Response:
    """Send the filtered contacts as a table, which an import takes in again."""
    policy.demand_admin(actor())
    found = exports.contacts(actor(), lists.wish(request.args))
    header = [field.label for field in FIELDS]
    return csv_response(f"{membership().company.name} contacts.csv", header, map(cells, found))


@blueprint.get("/contacts/export.vcf")
@makes_a_file
def cards() -> Response:
    """Send the filtered contacts as vCards."""
    policy.demand_admin(actor())
    company = membership().company
    found = exports.contacts(actor(), lists.wish(request.args))
    answer = make_response(vcard.cards(found, company.name).encode())
    answer.mimetype = "text/vcard"
    return attached(answer, f"{company.name} contacts.vcf")
