"""What somebody tried, in words, where it was refused (C32)."""

# What somebody tried who was refused, by the page that refused it; a move has its own word.
_TRIED = {
    "api.add": "add a contact",
    "api.change": "edit",
    "api.link": "link properties",
    "api.change_company": "change the details",
    "access_requests.let_in": "let somebody in",
    "access_requests.turn_away": "turn somebody away",
    "bulk.change": "change several contacts",
    "client.edit": "edit the company",
    "client.second_factor": "require a second factor",
    "contacts.add": "add a contact",
    "contracts.attach": "attach a document to a contract",
    "documents.delete": "delete a document",
    "profile.confirm": "confirm an address",
    "profile.topics": "choose topics",
    "imports.cancel": "cancel an import",
    "imports.choose": "choose the columns of an import",
    "imports.hand_in": "import contacts",
    "imports.start": "start an import",
    "keeping.areas": "switch areas",
    "keeping.leave": "mark the client as exited",
    "keeping.take_back": "take the client back",
    "properties.add": "add a property",
    "properties.archive": "archive a property",
    "properties.attach": "attach a document to a property",
    "properties.edit": "edit a property",
    "properties.restore": "restore a property",
    "property_links.link": "link to properties",
    "reviews.decide": "decide in the access review",
    "reviews.finish": "finish the access review",
    "rfps.attach": "attach a document to an RFP",
    "roles.add": "add a role",
    "roles.archive": "archive a role",
    "roles.areas": "hide areas",
    "roles.copy": "copy a role",
    "roles.edit": "edit a role",
    "starting.start": "look through a contact's eyes",
    "work_orders.cancel": "cancel a work order",
    "work_orders.comment": "comment on a work order",
    "work_orders.new": "create a work order",
}


def tried(endpoint: str) -> str:
    """Return in words what a request to `endpoint` wanted to do."""
    return _TRIED.get(endpoint) or plain(endpoint.rpartition(".")[2])


def plain(what: str) -> str:
    """Return a word of the code as people read it."""
    return what.replace("_", " ").replace("-", " ")
