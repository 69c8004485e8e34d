"""What somebody tried, in words, where it was refused (C32)."""

from collections.abc import Mapping
from typing import Any

# What somebody tried who was refused, by the page that refused it. Where one page does several things, what
# was asked of it stands behind it; a contact's moves have words of their own.
TRIED = {
    "add": "take on a client",
    "access_requests.let_in": "let somebody in",
    "access_requests.turn_away": "turn somebody away",
    "api.add": "add a contact",
    "api.add_company": "take on a client",
    "api.add_property": "add a property",
    "api.change": "edit",
    "api.change_company": "edit the company",
    "api.change_property": "edit a property",
    "api.link": "link to properties",
    "api.look_up": "look somebody up",
    "api.move_property archive": "archive a property",
    "api.move_property restore": "restore a property",
    "bulk.change": "change several contacts",
    "client.edit": "edit the company",
    "client.second_factor": "require a second factor",
    "code.show": "sign in",
    "companies.enter": "change to another company",
    "confirmations.confirm": "confirm an address",
    "contacts.add": "add a contact",
    "contacts.edit": "edit",
    "contracts.attach": "attach a document to a contract",
    "documents.delete": "delete a document",
    "imports.cancel": "cancel an import",
    "imports.choose": "choose the columns of an import",
    "imports.hand_in": "import contacts",
    "imports.start": "start an import",
    "invitations.again": "ask for a new link",
    "invitations.show": "accept an invitation",
    "keeping.areas": "switch areas",
    "keeping.leave": "mark the client as exited",
    "keeping.take_back": "take the client back",
    "invoices.add": "add an invoice",
    "invoices.attach": "attach a PDF to an invoice",
    "invoices.discard": "delete the draft of an invoice",
    "invoices.edit": "edit the draft of an invoice",
    "invoices.issue": "issue an invoice",
    "invoices.make_void": "make an invoice void",
    "own_login.cancel_email": "cancel a change of the own address",
    "own_login.email": "change the own address",
    "own_login.recovery": "change the own recovery e-mail",
    "own_login.username": "change the own user name",
    "payments.record": "record a payment",
    "payments.take_back": "take back a payment",
    "profile.confirm": "ask for a link to confirm an address",
    "profile.default_company": "choose which company opens",
    "profile.look": "choose a look",
    "profile.password": "change the own password",
    "profile.show": "edit the own details",
    "profile.sign_out_device": "sign out an own device",
    "profile.topics": "choose topics",
    "progress.change": "set the status of a work order",
    "properties.add": "add a property",
    "properties.archive": "archive a property",
    "properties.attach": "attach a document to a property",
    "properties.edit": "edit a property",
    "properties.restore": "restore a property",
    "property_links.link": "link to properties",
    "request_access.ask": "ask for access",
    "request_access.confirm": "ask for access",
    "resets.forgot": "ask for a password reset",
    "resets.reset": "reset a password",
    "reviews.decide": "decide in the access review",
    "reviews.finish": "finish the access review",
    "reviews.keep_page": "keep the access of several",
    "rfps.attach": "attach a document to an RFP",
    "roles.add": "add a role",
    "roles.archive": "archive a role",
    "roles.areas": "hide areas",
    "roles.copy": "copy a role",
    "roles.edit": "edit a role",
    "second_factor.app": "move the own second factor",
    "second_factor.codes": "make new recovery codes",
    "second_factor.off": "switch off the own second factor",
    "second_factor.set_up": "set up the own second factor",
    "second_factor.text": "download recovery codes",
    "sign_in.sign_in": "sign in",
    "sign_in.sign_out": "sign out",
    "starting.start": "look through a contact's eyes",
    "strength.judge": "have a password judged",
    "terms.accept": "accept the terms",
    "work_orders.cancel": "cancel a work order",
    "work_orders.comment": "comment on a work order",
    "work_orders.new": "create a work order",
} | {
    f"staff.{page}": words
    for page, words in {
        "access_requests.answer approve": "approve an access request",
        "access_requests.answer pass-on": "pass on an access request",
        "access_requests.turn_away": "decline an access request",
        "account.password": "change the own password",
        "account.recovery_codes": "make new recovery codes",
        "account.sign_out_device": "sign out an own device",
        "api.new_token": "make an API token",
        "api.revoke_token": "revoke an API token",
        "api.webhooks.again": "send again to a webhook",
        "api.webhooks.edit": "edit a webhook",
        "api.webhooks.move pause": "pause a webhook",
        "api.webhooks.move remove": "remove a webhook",
        "api.webhooks.move resume": "resume a webhook",
        "api.webhooks.move test": "test a webhook",
        "api.webhooks.new": "add a webhook",
        "api.webhooks.rotate": "make a new secret for a webhook",
        "imports.index": "import a table",
        "invoice_files.hand_in": "attach PDFs to invoices",
        "look_up.index": "look somebody up",
        "mails.do cancel": "cancel a mail",
        "mails.do retry": "retry a mail",
        "mails.do send-again": "send a new link",
        "mails.test": "send a test mail",
        "own_address.cancel": "cancel a change of the own address",
        "own_address.change": "change the own address",
        "own_address.confirm": "confirm an address",
        "passwords.choose": "choose a password",
        "people.add": "add somebody to the staff",
        "people.move activate": "activate somebody of the staff",
        "people.move deactivate": "deactivate somebody of the staff",
        "people.move start-anew": "let somebody of the staff start anew",
        "people.show": "change the role of somebody of the staff",
        "portal_users.do disable": "disable a login",
        "portal_users.do enable": "enable a login",
        "portal_users.do require-password-change": "require a password change",
        "portal_users.do reset-second-factor": "reset a second factor",
        "portal_users.do send-reset": "send a password reset",
        "portal_users.do sign-out": "sign somebody out everywhere",
        "portal_users.export": "export the portal users",
        "portal_users.show": "change the name or address of a login",
        "portal_users.sign_out_device": "sign out a device",
        "portal_users.withdraw": "withdraw a change of an address",
        "privacy.download": "download what is held about somebody",
        "privacy.erase": "erase somebody",
        "privacy.erase_company": "erase a client",
        "privacy.index": "look for what is held about somebody",
        "settings.branding.logo": "change the logo",
        "settings.branding.remove_logo": "remove the logo",
        "settings.branding.show": "change the branding",
        "settings.rules.areas": "switch areas of all clients",
        "settings.rules.sign_in": "change how customers sign in",
        "settings.terms.draft": "draft terms",
        "settings.terms.edit": "change a draft of the terms",
        "settings.terms.publish": "publish terms",
        "settings.vocabulary.archive": "archive a word",
        "settings.vocabulary.index": "add a word",
        "settings.vocabulary.move down": "move a word",
        "settings.vocabulary.move restore": "bring back a word",
        "settings.vocabulary.move up": "move a word",
        "settings.vocabulary.rename": "rename a word",
        "sign_in.code": "sign in",
        "sign_in.set_up": "set up the own second factor",
        "sign_in.show": "sign in",
        "sign_in.sign_out": "sign out",
        "stopping.stop": "stop looking through a contact's eyes",
    }.items()
}
_MOVES = ("access.take", "api.make_move")
# How it reads with the name of whom it was to be done to.
_TO = {
    "activate": "activate {}",
    "authorize": "authorize {}",
    "cancel-invitation": "cancel the invitation of {}",
    "deactivate": "deactivate {}",
    "decide in the access review": "decide about {} in the access review",
    "delete": "delete {}",
    "edit": "edit {}",
    "link to properties": "change the properties of {}",
    "link properties": "change the properties of {}",
    "look through a contact's eyes": "see the portal as {}",
    "properties": "change the properties of {}",
    "resend": "resend the invitation to {}",
    "reset-second-factor": "reset the second factor of {}",
    "send-reset": "send a password reset to {}",
    "sign in": "sign in as {}",
    "staff sign in": "sign in as {}",
    "unlink": "unlink the user name of {}",
    "use a code of the second factor": "use a code of the second factor of {}",
    "view": "see {}",
}


def tried(endpoint: str, args: Mapping[str, Any]) -> str:
    """Return in words what a request to `endpoint` with these arguments of its address wanted to do.

    A move of a contact is called by its own word.
    """
    if endpoint in _MOVES:
        return str(args["move"])
    ways = [f"{endpoint} {value}" for value in args.values()]
    found = next((TRIED[each] for each in (*ways, endpoint) if each in TRIED), None)
    return found or plain(endpoint.rpartition(".")[2])


def to(what: str, name: str) -> str:
    """Return what was tried with the name of whom it was to be done to, if there is one."""
    if not name:
        return plain(what)
    return _TO.get(what, f"{plain(what)} for {{}}").replace("{}", name)


def plain(what: str) -> str:
    """Return a word of the code as people read it."""
    return what.replace("_", " ").replace("-", " ")
