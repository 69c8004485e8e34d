"""The demo's companies, their properties, and the vendor's words."""

from portal.clock import now
from portal.extensions import db
from portal.models import Category, Company, Property, Role, RolePermission, TermsVersion
from portal.models.keys import fold

COMPANIES = (
    ("northgate", "Northgate Estates", "14 Northgate Row", "Manchester", "M1 2AB", "+442079460100"),
    ("harbour", "Harbour & Vale", "3 Quay Road", "Bristol", "BS1 4SB", "+441174960030"),
    ("canal", "Canal Works", "9 Lock Lane", "Leeds", "LS1 4AP", "+441134960200"),
    ("metro", "Metro Housing Group", "200 Station Street", "Birmingham", "B2 4QA", "+441214960000"),
)
PROPERTIES = {
    "northgate": (
        ("Canal Wharf", "12 Canal Street", "Manchester", "M1 3HE"),
        ("Harbour House", "3 Quay Road", "Bristol", "BS1 4SB"),
        ("Kirkgate Court", "88 Kirkgate", "Leeds", "LS2 7DJ"),
        ("Mill Lane", "5 Mill Lane", "Leeds", "LS9 8BD"),
        ("Northgate Row", "14 Northgate Row", "Manchester", "M1 2AB"),
        ("Orchard Park", "1 Orchard Park", "York", "YO1 7HH"),
        ("Riverside Studios", "40 River Street", "Salford", "M3 5EN"),
        ("Station Approach", "2 Station Approach", "Stockport", "SK3 9HZ"),
    ),
    "harbour": (
        ("Dockside", "7 Dock Street", "Bristol", "BS1 6XN"),
        ("Vale Gardens", "21 Vale Road", "Bath", "BA1 1QA"),
        ("Pier View", "1 The Pier", "Weston", "BS23 1AL"),
    ),
    "canal": (("Lock House", "9 Lock Lane", "Leeds", "LS1 4AP"),),
    "metro": tuple(
        (f"Block {number}", f"{number} Ring Road", "Birmingham", "B5 7AA") for number in range(1, 61)
    ),
}
CATEGORIES = ("Management", "Facilities", "Finance", "Reception", "Security", "Tenant representative")
TERMS = """These terms apply to everybody who signs in to this portal.

1. Your login is yours alone. Do not pass your password on; ask for a login for a colleague instead.
2. What you see here about your company is confidential.
3. Changes you make are written down with your name and the time.
4. Your company's admin and we can end your access at any time.
"""


def make() -> dict[str, Company]:
    """Add the companies with everything that stands around their people; return them by slug."""
    companies = {}
    for slug, name, street, city, postcode, phone in COMPANIES:
        website = f"https://www.{slug}.example"
        company = Company(
            slug=slug, name=name, street=street, city=city, postcode=postcode, phone=phone, website=website
        )
        db.session.add(company)
        db.session.flush()
        companies[slug] = company
        for place in PROPERTIES[slug]:
            db.session.add(Property(company_id=company.id, **dict(zip(_PLACE, place, strict=True))))
    for position, word in enumerate(CATEGORIES):
        db.session.add(Category(code=fold(word).replace(" ", "-"), name=word, position=position))
    db.session.add(TermsVersion(number=1, title="Terms of use", body=TERMS, published_at=now()))
    _own_role(companies["northgate"])
    db.session.flush()
    return companies


_PLACE = ("name", "street", "city", "postcode")


def _own_role(company: Company) -> None:
    role = Role(
        company_id=company.id,
        owner=company.id,
        name="Regional Manager",
        name_key="regional manager",
        purpose="Looks after a region: its reports and its people.",
    )
    role.grants = [RolePermission(permission=word) for word in ("reports", "view_client", "work_orders")]
    db.session.add(role)
