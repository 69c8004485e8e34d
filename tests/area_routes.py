"""The areas' part of the sweep: what each route wants, and the things of the town that its path speaks of."""

from types import SimpleNamespace

from portal.clock import now
from portal.models import AccessRequest, Import, Role, RolePermission
from tests import places, town_billing, work

READERS = frozenset({"admin", "box_admin", "view", "view_one"})
BILLING = frozenset({"admin", "box_admin", "billing"})
REPORTS = frozenset({"admin", "box_admin", "reports"})
WORK = frozenset({"admin", "box_admin", "work_orders"})
ADMINS = frozenset({"admin", "box_admin"})
# A form that lacks something is answered with a sentence; so is what the same sweep has done a moment before.
TAKEN = (200, 204, 302, 303, 409, 422)

# endpoint: path below /acme, methods, who may
AREAS = {
    "roles.index": ("roles", "GET", ADMINS),
    "roles.show": ("roles/{role}", "GET", ADMINS),
    "roles.add": ("roles/new", "GET POST", ADMINS),
    "roles.copy": ("roles/{role}/copy", "GET POST", ADMINS),
    "roles.edit": ("roles/{role}/edit", "GET POST", ADMINS),
    "roles.archive": ("roles/{role}/archive", "GET POST", ADMINS),
    "access_requests.index": ("access-requests", "GET", ADMINS),
    "access_requests.let_in": ("access-requests/{access_request}/approve", "POST", ADMINS),
    "access_requests.turn_away": ("access-requests/{access_request}/decline", "POST", ADMINS),
    "activity.index": ("activity", "GET", ADMINS),
    "activity.export": ("activity/export", "GET", ADMINS),
    "reviews.show": ("access-review", "GET", ADMINS),
    "reviews.finish": ("access-review", "POST", ADMINS),
    "reviews.keep_page": ("access-review/keep", "POST", ADMINS),
    "reviews.decide": ("access-review/{person}/keep", "POST", ADMINS),
    "bulk.choose": ("contacts/bulk", "GET", ADMINS),
    "bulk.change": ("contacts/bulk", "POST", ADMINS),
    "imports.hand_in": ("contacts/import", "GET POST", ADMINS),
    "imports.show": ("contacts/import/{import}", "GET", ADMINS),
    "imports.choose": ("contacts/import/{import}/columns", "POST", ADMINS),
    "imports.start": ("contacts/import/{import}/start", "POST", ADMINS),
    "imports.report": ("contacts/import/{import}/report", "GET", ADMINS),
    "imports.cancel": ("contacts/import/{import}/cancel", "POST", ADMINS),
    "exports.table": ("contacts/export.csv", "GET", ADMINS),
    "exports.cards": ("contacts/export.vcf", "GET", ADMINS),
    "client.show": ("client", "GET", READERS),
    "client.contacts": ("client/contacts", "GET", READERS),
    "client.properties": ("client/properties", "GET", READERS),
    "client.contracts": ("client/contracts", "GET", READERS),
    "client.rfps": ("client/rfps", "GET", READERS),
    "client.edit": ("client/edit", "GET POST", ADMINS),
    "client.second_factor": ("client/second-factor", "GET POST", ADMINS),
    "properties.index": ("properties", "GET", READERS),
    "properties.show": ("properties/{property}", "GET", READERS),
    "properties.add": ("properties/new", "GET POST", ADMINS),
    "properties.edit": ("properties/{property}/edit", "GET POST", ADMINS),
    "properties.attach": ("properties/{property}/documents", "POST", ADMINS),
    "properties.archive": ("properties/{property}/archive", "POST", ADMINS),
    "properties.restore": ("properties/{property}/restore", "POST", ADMINS),
    "contracts.index": ("contracts", "GET", READERS),
    "contracts.show": ("contracts/{contract}", "GET", READERS),
    "contracts.attach": ("contracts/{contract}/documents", "POST", ADMINS),
    "rfps.index": ("rfps", "GET", READERS),
    "rfps.show": ("rfps/{rfp}", "GET", READERS),
    "rfps.attach": ("rfps/{rfp}/documents", "POST", ADMINS),
    "documents.download": ("documents/{document}", "GET", READERS),
    "documents.delete": ("documents/{document}/delete", "GET POST", ADMINS),
    "billing.index": ("billing", "GET", BILLING),
    "billing.export": ("billing/invoices.csv", "GET", BILLING),
    "billing.show": ("billing/{invoice}", "GET", BILLING),
    "billing.pdf": ("billing/{invoice}/pdf", "GET", BILLING),
    "billing.statement": ("billing/statement", "GET", BILLING),
    "billing.statement_file": ("billing/statement.pdf", "GET", BILLING),
    "billing.statement_table": ("billing/statement.csv", "GET", BILLING),
    "reports.index": ("reports", "GET", REPORTS),
    "reports.people": ("reports/people", "GET", REPORTS),
    "reports.people_table": ("reports/people.csv", "GET", REPORTS),
    "reports.work_orders": ("reports/work-orders", "GET", REPORTS),
    "reports.work_orders_table": ("reports/work-orders.csv", "GET", REPORTS),
    "reports.spend": ("reports/spend", "GET", REPORTS),
    "reports.spend_table": ("reports/spend.csv", "GET", REPORTS),
    "work_orders.index": ("work-orders", "GET", WORK),
    "work_orders.new": ("work-orders/new", "GET POST", WORK),
    "work_orders.show": ("work-orders/{order}", "GET", WORK),
    "work_orders.comment": ("work-orders/{order}/comment", "POST", WORK),
    "work_orders.cancel": ("work-orders/{order}/cancel", "GET POST", WORK),
    "work_orders.photo": ("work-orders/{order}/photos/1", "GET", WORK),
    "work_orders.thumbnail": ("work-orders/{order}/photos/1/small", "GET", WORK),
    # Last: whoever hides an area shuts it for the rest of the sweep.
    "roles.areas": ("roles/areas", "POST", ADMINS),
}
# There is no photo 1, and what was deleted by the plain form is gone for htmx.
GONE = {"work_orders.photo", "work_orders.thumbnail", "documents.delete"}
# A table on its way in is there for whoever handed it in, and for no other admin (T28).
GONE |= {"imports.show", "imports.choose", "imports.start", "imports.report", "imports.cancel"}
NAMES = (
    "import",
    "access_request",
    "role",
    "property",
    "contract",
    "rfp",
    "document",
    "invoice",
    "order",
    "person",
)
FORMS = {"roles.areas": {"areas": ["properties", "contracts", "rfps", "billing", "reports", "work_orders"]}}


def things(town: SimpleNamespace, session) -> tuple[dict[str, int], dict[str, int]]:
    """Add one thing of each kind at Alpha and one at Globex; return their ids by name, ours and theirs."""
    ours = _of(town.acme.id, town.alpha.id, town.wes, town.ola.id, session, "A", town.mia.id)
    return ours, _of(town.globex.id, town.delta.id, town.stan, town.gus.id, session, "G", town.stan.id)


def _of(
    company_id: int, place_id: int, asker, person_id: int, session, mark: str, keeper: int
) -> dict[str, int]:
    role = Role(company_id=company_id, owner=company_id, name=f"Keeper {mark}", name_key=f"keeper {mark}")
    role.grants = [RolePermission(permission="reports")]
    session.add(role)
    session.flush()
    asked = AccessRequest(company_id=company_id, first_name="Rob", last_name=mark, company_name="As typed")
    asked.email = asked.email_key = f"rob.{mark.lower()}@asks.example"
    asked.confirmed_at = asked.expires_at = now()
    session.add(asked)
    handed_in = Import(company_id=company_id, kind="contacts", state="checked", file_name=f"{mark}.csv")
    handed_in.stored_as, handed_in.header, handed_in.mapping, handed_in.total = "0" * 32, [], [], 0
    handed_in.by_name, handed_in.by_contact_id = mark, keeper
    session.add(handed_in)
    session.flush()
    order = work.ordered(asker, "Leak", SimpleNamespace(id=place_id))
    return {
        "import": handed_in.id,
        "access_request": asked.id,
        "role": role.id,
        "property": place_id,
        "contract": places.contract(company_id, "Lifts", place_id),
        "rfp": places.rfp(company_id, "Roof", place_id),
        "document": places.document(company_id, "plan.pdf", property_id=place_id),
        "invoice": town_billing.invoice(company_id, f"{mark}-9", "Lift", age=3, property_id=place_id).id,
        "order": order.id,
        "person": person_id,
    }
