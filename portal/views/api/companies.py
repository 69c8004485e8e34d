"""Companies over the API: the list, one of them, and changing its details."""

from flask import abort

from portal.actions.company import DETAILS, edit_company
from portal.extensions import db
from portal.guards import actor
from portal.models import ApiScope, Company
from portal.queries import feed
from portal.shapes.company import CompanyChange, CompanyPage, CompanyShape, ListAsked
from portal.views.api import shown
from portal.views.api.operations import Operation, Reply, demand_version, next_page


@Operation("GET", "/companies", ApiScope.COMPANIES_READ, CompanyPage, asked=ListAsked)
def list_companies(asked: ListAsked) -> Reply:
    """List the companies, also those that were marked as exited."""
    rows = feed.companies(actor(), asked.after, asked.limit, asked.q)
    kept, onwards = next_page(rows, asked.limit, asked.model_dump())
    return Reply(CompanyPage(items=[shown.company(each) for each in kept], next=onwards))


@Operation("GET", "/companies/<id:company_id>", ApiScope.COMPANIES_READ, CompanyShape, shows_version=True)
def show_company(company_id: int) -> Reply:
    """Show a company."""
    return _shown(_find(company_id))


@Operation(
    "PATCH",
    "/companies/<id:company_id>",
    ApiScope.COMPANIES_WRITE,
    CompanyShape,
    body=CompanyChange,
    versioned=True,
    refusals=(409,),
)
def change_company(company_id: int, wanted: CompanyChange) -> Reply:
    """Change details of a company."""
    company = _find(company_id)
    demand_version(shown.company_version(company))
    known = {name: getattr(company, name) for name in DETAILS}
    edit_company(company, {**known, **wanted.given()}, actor())
    return _shown(company)


def _find(company_id: int) -> Company:
    return db.session.get(Company, company_id) or abort(404)


def _shown(company: Company) -> Reply:
    return Reply(shown.company(company), version=shown.company_version(company))
