"""Blueprints that stand below /<company>: the slug leaves the arguments and comes back in every address."""

from typing import Any

from flask import Blueprint, current_app, g

from portal.doors import VIEW_AS


def company_blueprint(name: str, import_name: str, path: str = "") -> Blueprint:
    """Return a blueprint whose addresses start with the company's slug.

    Views do not take the slug; the gate has let only members in, and `guards.membership()` knows the company.
    """
    blueprint = Blueprint(name, import_name, url_prefix=f"/<slug:company>{path}")

    @blueprint.url_value_preprocessor
    def take_slug(_endpoint: str | None, values: dict[str, Any] | None) -> None:
        g.slug = (values or {}).pop("company", None)

    return blueprint


def fill_slug(endpoint: str, values: dict[str, Any]) -> None:
    """Give addresses below the company the slug of the one at hand, unless another is said."""
    if (
        "company" not in values
        and g.get("slug")
        and current_app.url_map.is_endpoint_expecting(endpoint, "company")
    ):
        values["company"] = g.slug
    if g.get("seen_as") and endpoint.startswith(f"{VIEW_AS}."):
        values.setdefault("seen_as", g.seen_as)
