"""The API for the vendor's own systems, below /api/v1: JSON alone, by bearer tokens alone."""

from portal.views.api import access, activity, companies, contacts, document, properties
from portal.views.api.operations import blueprint

__all__ = ["access", "activity", "blueprint", "companies", "contacts", "document", "properties"]
