"""The API's part of the sweep: each operation with its path, its method and the scope it needs."""

ROUTES = {
    "api.list_companies": ("/companies", "GET", "companies:read"),
    "api.add_company": ("/companies", "POST", "companies:write"),
    "api.show_company": ("/companies/{company}", "GET", "companies:read"),
    "api.change_company": ("/companies/{company}", "PATCH", "companies:write"),
    "api.list_contacts": ("/companies/{company}/contacts", "GET", "contacts:read"),
    "api.add": ("/companies/{company}/contacts", "POST", "contacts:write"),
    "api.show": ("/contacts/{contact}", "GET", "contacts:read"),
    "api.change": ("/contacts/{contact}", "PATCH", "contacts:write"),
    "api.make_move": ("/contacts/{contact}/moves/deactivate", "POST", "access:write"),
    "api.look_up": ("/access", "POST", "access:read"),
    "api.show_access": ("/contacts/{contact}/access", "GET", "access:read"),
    "api.link": ("/contacts/{contact}/properties", "PUT", "access:write"),
    "api.list_properties": ("/companies/{company}/properties", "GET", "properties:read"),
    "api.add_property": ("/companies/{company}/properties", "POST", "properties:write"),
    "api.show_property": ("/properties/{property}", "GET", "properties:read"),
    "api.change_property": ("/properties/{property}", "PATCH", "properties:write"),
    "api.move_property": ("/properties/{property}/moves/archive", "POST", "properties:write"),
    "api.read_on": ("/activity", "GET", "activity:read"),
}
PUBLIC = {"api.document": ("/openapi.json", "GET", "")}
EVERY = {**ROUTES, **PUBLIC}
