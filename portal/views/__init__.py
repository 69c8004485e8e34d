"""HTTP in, HTTP out: one blueprint per file, listed here in the order of the menu."""

from flask import Flask

from portal.views import (
    access,
    access_requests,
    activity,
    api,
    billing,
    bulk,
    client,
    code,
    companies,
    confirmations,
    contacts,
    contracts,
    dashboard,
    documents,
    exports,
    imports,
    invitations,
    own_login,
    profile,
    properties,
    property_links,
    reports,
    request_access,
    resets,
    reviews,
    rfps,
    roles,
    second_factor,
    sign_in,
    staff,
    strength,
    terms,
    well_known,
    work_orders,
)
from portal.views.within import fill_slug

BLUEPRINTS = (
    sign_in.blueprint,
    code.blueprint,
    second_factor.blueprint,
    resets.blueprint,
    request_access.blueprint,
    invitations.blueprint,
    confirmations.blueprint,
    terms.blueprint,
    strength.blueprint,
    companies.blueprint,
    profile.blueprint,
    own_login.blueprint,
    well_known.blueprint,
    dashboard.blueprint,
    contacts.blueprint,
    bulk.blueprint,
    imports.blueprint,
    exports.blueprint,
    access.blueprint,
    access_requests.blueprint,
    property_links.blueprint,
    work_orders.blueprint,
    roles.blueprint,
    activity.blueprint,
    reviews.blueprint,
    billing.blueprint,
    reports.blueprint,
    client.blueprint,
    contracts.blueprint,
    documents.blueprint,
    properties.blueprint,
    rfps.blueprint,
    staff.blueprint,
    api.blueprint,
)


def register(app: Flask) -> None:
    """Bind every blueprint to `app`."""
    app.url_defaults(fill_slug)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
