"""Every kind of table that can be imported, in the order in which it is offered (docs/imports.md)."""

from portal.importing import agreements, clients, contact_kind, invoices, properties, work_order_status
from portal.importing.kind import Kind

_OFFERED = (
    clients.KIND,
    contact_kind.KIND,
    properties.KIND,
    agreements.CONTRACTS,
    agreements.RFPS,
    invoices.KIND,
    work_order_status.KIND,
)
KINDS: dict[str, Kind] = {each.code: each for each in _OFFERED}
