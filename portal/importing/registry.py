"""Every kind of table that can be imported, in the order in which it is offered (docs/imports.md)."""

from portal.importing import clients, contact_kind, properties
from portal.importing.kind import Kind

KINDS: dict[str, Kind] = {each.code: each for each in (clients.KIND, properties.KIND, contact_kind.KIND)}
