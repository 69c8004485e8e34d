"""The clients: behind this door stand the customers' own pages, with the rights that staff have (S2)."""

from flask import Blueprint

from portal.views import (
    access,
    access_requests,
    activity,
    billing,
    bulk,
    client,
    contacts,
    contracts,
    documents,
    properties,
    property_links,
    reports,
    rfps,
    roles,
    work_orders,
)

blueprint = Blueprint("clients", __name__, url_prefix="/clients")
BEHIND = (
    contacts,
    bulk,
    access,
    access_requests,
    property_links,
    client,
    properties,
    contracts,
    rfps,
    documents,
    billing,
    reports,
    work_orders,
    activity,
    roles,
)
for part in BEHIND:
    blueprint.register_blueprint(part.blueprint)
