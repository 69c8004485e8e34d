"""Companies over the API: the list, taking one on, one of them, and changing its details."""

from flask import abort, url_for

from portal.actions.company import DETAILS, edit_company
from portal.actions.staff.clients import Newcomer, take_on
from portal.extensions import db
from portal.guards import actor
from portal.models import ApiScope, Company
from portal.queries import feed
from portal.shapes.company import CompanyChange, CompanyPage, CompanyShape, ListAsked, NewCompany
from portal.views.api import shown
from portal.views.api.operations import Operation, Reply, demand_version, next_page, once


@Operation("GET", "/companies", ApiScope.COMPANIES_READ, CompanyPage, asked=ListAsked)
def list_companies(asked: ListAsked) -> Reply:
    """List the companies, also those that were marked as exited."""
    rows = feed.companies(actor(), asked.after, asked.limit, asked.q)
    kept, onwards = next_page(rows, asked.limit, asked.model_dump())
    return Reply(CompanyPage(items=[shown.company(each) for each in kept], next=onwards))


@Operation(
    "POST",
    "/companies",
    ApiScope.COMPANIES_WRITE,
    CompanyShape,
    body=NewCompany,
    too=ApiScope.ACCESS_WRITE,
    once=True,
)
def add_company(wanted: NewCompany) -> Reply:
    """Take on a company with its first contact, who becomes its admin and is invited."""
    given, use, who = wanted.given(), once(wanted), actor()
    contact = {name: value or None for name, value in given.pop("contact").given().items()}
    made = db.session.get(Company, use.made_id) if use and use.made_id else None
    details = {name: value for name, value in given.items() if name not in ("name", "slug")}
    company = made or take_on(Newcomer(wanted.name, wanted.slug, contact, None, details), who)
    place = url_for("api.show_company", company_id=company.id)
    db.session.flush()
    if use is not None:
        use.made_id = company.id
    return _shown(company, status=200 if made else 201, place=place)


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


def _shown(company: Company, *, status: int = 200, place: str = "") -> Reply:
    return Reply(shown.company(company), status, shown.company_version(company), place)
