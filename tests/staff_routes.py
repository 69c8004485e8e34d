"""The staff's part of the sweep: what each route of the vendor's side wants, and who may use it."""

from tests import area_routes

ADMINISTRATOR = frozenset({"sue"})
ALL = frozenset({"sue", "tom"})
# endpoint: path, methods, who may
STAFF = {
    "staff.home": ("/staff/", "GET", ALL),
    "staff.more": ("/staff/more", "GET", ALL),
    "staff.account.show": ("/staff/account", "GET", ALL),
    "staff.account.password": ("/staff/account/password", "GET POST", ALL),
    "staff.account.recovery_codes": ("/staff/account/recovery-codes", "GET POST", ALL),
    "staff.own_address.change": ("/staff/account/email", "GET POST", ALL),
    "staff.own_address.cancel": ("/staff/account/email/cancel", "POST", ALL),
    "staff.account.sign_out_device": ("/staff/account/devices/{session}/sign-out", "POST", ALL),
    "staff.api.index": ("/staff/api", "GET", ADMINISTRATOR),
    "staff.api.new_token": ("/staff/api/tokens/new", "GET POST", ADMINISTRATOR),
    "staff.api.revoke_token": ("/staff/api/tokens/{token}/revoke", "POST", ADMINISTRATOR),
    "staff.clients.index": ("/staff/clients", "GET", ALL),
    "staff.clients.add": ("/staff/clients/new", "GET POST", ADMINISTRATOR),
    "staff.api.webhooks.new": ("/staff/api/webhooks/new", "GET POST", ADMINISTRATOR),
    "staff.api.webhooks.show": ("/staff/api/webhooks/{hook}", "GET", ADMINISTRATOR),
    "staff.api.webhooks.edit": ("/staff/api/webhooks/{hook}/edit", "GET POST", ADMINISTRATOR),
    "staff.api.webhooks.rotate": ("/staff/api/webhooks/{hook}/secret", "POST", ADMINISTRATOR),
    "staff.api.webhooks.move": ("/staff/api/webhooks/{hook}/pause", "POST", ADMINISTRATOR),
    "staff.api.webhooks.again": ("/staff/api/webhooks/deliveries/{call}/again", "POST", ADMINISTRATOR),
    "staff.stopping.stop": ("/staff/stop-view-as", "POST", ALL),
    "staff.people.index": ("/staff/people", "GET", ADMINISTRATOR),
    "staff.people.add": ("/staff/people/new", "GET POST", ADMINISTRATOR),
    "staff.people.show": ("/staff/people/{person}", "GET POST", ADMINISTRATOR),
    "staff.people.move": ("/staff/people/{person}/start-anew", "POST", ADMINISTRATOR),
    "staff.access_requests.index": ("/staff/access-requests", "GET", ALL),
    "staff.access_requests.show": ("/staff/access-requests/{request}", "GET", ALL),
    "staff.access_requests.answer": ("/staff/access-requests/{request}/approve", "POST", ADMINISTRATOR),
    "staff.access_requests.turn_away": ("/staff/access-requests/{request}/decline", "POST", ADMINISTRATOR),
    "staff.look_up.index": ("/staff/look-up", "GET POST", ALL),
    "staff.portal_users.index": ("/staff/portal-users", "GET", ALL),
    "staff.portal_users.show": ("/staff/portal-users/{user}", "GET POST", ALL),
    "staff.portal_users.export": ("/staff/portal-users/export", "POST", ALL),
    "staff.portal_users.withdraw": ("/staff/portal-users/{user}/email/withdraw", "POST", ADMINISTRATOR),
    "staff.portal_users.sign_out_device": (
        "/staff/portal-users/{user}/devices/{session}/sign-out",
        "POST",
        ALL,
    ),
    "staff.portal_users.ask": ("/staff/portal-users/{user}/disable", "GET", ALL),
    "staff.portal_users.do": ("/staff/portal-users/{user}/sign-out", "POST", ALL),
    "staff.mails.index": ("/staff/mail", "GET", ALL),
    "staff.mails.failing": ("/staff/mail/failing", "GET", ALL),
    "staff.mails.health": ("/staff/mail/health", "GET", ALL),
    "staff.mails.test": ("/staff/mail/test", "POST", ALL),
    "staff.mails.show": ("/staff/mail/{letter}", "GET", ALL),
    "staff.mails.html": ("/staff/mail/{letter}/html", "GET", ALL),
    "staff.mails.do": ("/staff/mail/{letter}/cancel", "POST", ADMINISTRATOR),
    "staff.privacy.index": ("/staff/privacy", "GET POST", ADMINISTRATOR),
    "staff.privacy.show": ("/staff/privacy/login/{user}", "GET", ADMINISTRATOR),
    "staff.privacy.download": ("/staff/privacy/login/{user}/download", "POST", ADMINISTRATOR),
    "staff.privacy.erase": ("/staff/privacy/login/{user}/erase", "GET POST", ADMINISTRATOR),
    "staff.privacy.erase_company": ("/staff/privacy/company/{company}/erase", "GET POST", ADMINISTRATOR),
    "staff.settings.index": ("/staff/settings", "GET", ADMINISTRATOR),
    "staff.settings.vocabulary.index": ("/staff/settings/{kind}", "GET POST", ADMINISTRATOR),
    "staff.settings.vocabulary.rename": ("/staff/settings/categories/{category}", "GET POST", ADMINISTRATOR),
    "staff.settings.vocabulary.move": ("/staff/settings/contact-types/{type}/up", "POST", ADMINISTRATOR),
    "staff.settings.vocabulary.archive": (
        "/staff/settings/categories/{category}/archive",
        "GET POST",
        ADMINISTRATOR,
    ),
    "staff.settings.terms.index": ("/staff/settings/terms", "GET", ADMINISTRATOR),
    "staff.settings.terms.draft": ("/staff/settings/terms/draft", "POST", ADMINISTRATOR),
    "staff.settings.terms.show": ("/staff/settings/terms/{terms}", "GET", ADMINISTRATOR),
    "staff.settings.terms.edit": ("/staff/settings/terms/{terms}/edit", "GET POST", ADMINISTRATOR),
    "staff.settings.terms.publish": ("/staff/settings/terms/{terms}/publish", "GET POST", ADMINISTRATOR),
    "staff.settings.branding.show": ("/staff/settings/branding", "GET POST", ADMINISTRATOR),
    "staff.settings.branding.preview": ("/staff/settings/branding/preview", "GET", ADMINISTRATOR),
    "staff.settings.branding.preview_css": ("/staff/settings/branding/preview.css", "GET", ADMINISTRATOR),
    "staff.settings.branding.logo": ("/staff/settings/branding/logo", "POST", ADMINISTRATOR),
    "staff.settings.branding.remove_logo": ("/staff/settings/branding/logo/remove", "POST", ADMINISTRATOR),
    "staff.settings.rules.areas": ("/staff/settings/areas", "GET POST", ADMINISTRATOR),
    "staff.settings.rules.sign_in": ("/staff/settings/sign-in", "GET POST", ADMINISTRATOR),
    "staff.imports.index": ("/staff/imports", "GET", ADMINISTRATOR),
    "staff.imports.hand_in": ("/staff/imports/new/{table}", "GET POST", ADMINISTRATOR),
    "staff.imports.template": ("/staff/imports/template/{table}", "GET", ADMINISTRATOR),
    "staff.imports.export": ("/staff/imports/export/{table}", "GET", ADMINISTRATOR),
    "staff.imports.show": ("/staff/imports/{import}", "GET", ADMINISTRATOR),
    "staff.imports.choose": ("/staff/imports/{import}/columns", "POST", ADMINISTRATOR),
    "staff.imports.start": ("/staff/imports/{import}/start", "POST", ADMINISTRATOR),
    "staff.imports.report": ("/staff/imports/{import}/report", "GET", ADMINISTRATOR),
    "staff.imports.cancel": ("/staff/imports/{import}/cancel", "POST", ADMINISTRATOR),
    "staff.invoice_files.hand_in": ("/staff/imports/invoice-pdfs", "GET POST", ADMINISTRATOR),
    "staff.activity.index": ("/staff/activity", "GET", ALL),
    "staff.activity.export": ("/staff/activity/export", "GET", ALL),
}
# What a half session is for: the password was right, the second factor is still to come.
HALFWAY = {
    "staff.sign_in.code": ("/staff/sign-in/code", "GET POST", ALL),
    "staff.sign_in.set_up": ("/staff/second-factor", "GET POST", ALL),
}
PUBLIC = {
    "staff.sign_in.show": ("/staff/sign-in", "GET POST", ALL),
    "staff.sign_in.sign_out": ("/staff/sign-out", "POST", ALL),
    "staff.passwords.choose": ("/staff/password/1.x", "GET POST", ALL),
    "staff.own_address.confirm": ("/staff/confirm/1.x", "GET POST", ALL),
}
EVERY = {**STAFF, **HALFWAY, **PUBLIC}
# Where Support sees the page and may not send it.
LOOKED_AT_ONLY = {"staff.portal_users.show"}
ANY_IDS = {
    **dict.fromkeys(("session", "person", "user", "letter", "category", "type", "terms", "company"), 1),
    **dict.fromkeys(("request", "token", "hook", "call", "import"), 1),
    "table": "properties",
    "kind": "categories",
}
# What stands below /<company> for the customers and below /staff/clients/<company> for the staff.
# Support looks at all of it, but for the forms; of what is sent, only a few moves are its own.
_FOR_SUPPORT = {
    "contacts.index": "contacts",
    "contacts.search": "contacts/search",
    "contacts.show": "contacts/{contact}",
}
_FOR_ADMINISTRATORS = {
    "contacts.add": ("contacts/new", "GET POST"),
    "contacts.edit": ("contacts/{contact}/edit", "GET POST"),
    "contacts.delete": ("contacts/{contact}/delete", "GET"),
    "access.take": ("contacts/{contact}/authorize", "POST"),
    "property_links.link": ("contacts/{contact}/properties", "GET POST"),
}
_AS_STAFF = {name: (path, "GET", ALL) for name, path in _FOR_SUPPORT.items()} | {
    name: (path, methods, ADMINISTRATOR) for name, (path, methods) in _FOR_ADMINISTRATORS.items()
}
_SUPPORT_READS = {"activity.index", "activity.export"}
_NOT_FOR_SUPPORT = {"work_orders.new", "work_orders.cancel"}
for _name, (_path, _methods, _may) in area_routes.AREAS.items():
    _ours = (_may == area_routes.ADMINS and _name not in _SUPPORT_READS) or _name in _NOT_FOR_SUPPORT
    if not _name.startswith("reviews."):
        _AS_STAFF[_name] = (_path, _methods, ADMINISTRATOR if _ours else ALL)
CLIENTS = {
    f"staff.clients.{name}": (f"/staff/clients/acme/{path}", methods, may)
    for name, (path, methods, may) in _AS_STAFF.items()
} | {
    "staff.clients.starting.start": ("/staff/clients/acme/contacts/{contact}/view-as", "GET POST", ALL),
    "staff.clients.keeping.overview": ("/staff/clients/acme", "GET", ALL),
    "staff.clients.keeping.areas": ("/staff/clients/acme/areas", "POST", ADMINISTRATOR),
    "staff.clients.keeping.leave": ("/staff/clients/acme/exit", "GET POST", ADMINISTRATOR),
    "staff.clients.keeping.take_back": ("/staff/clients/acme/take-back", "POST", ADMINISTRATOR),
}
# What the vendor alone writes: its customers have no page for it. What is deleted is gone, so it comes last.
_WRITTEN = {
    "contract_forms.add": ("contracts/new", "GET POST"),
    "contract_forms.edit": ("contracts/{contract}/edit", "GET POST"),
    "rfp_forms.add": ("rfps/new", "GET POST"),
    "rfp_forms.edit": ("rfps/{rfp}/edit", "GET POST"),
    "rfp_forms.give_answer": ("rfps/{rfp}/answers", "POST"),
    "invoices.add": ("billing/new", "GET POST"),
    "invoices.edit": ("billing/{invoice}/edit", "GET POST"),
    "invoices.issue": ("billing/{invoice}/issue", "GET POST"),
    "invoices.make_void": ("billing/{invoice}/void", "GET POST"),
    "invoices.attach": ("billing/{invoice}/pdf/replace", "GET POST"),
    "invoices.discard": ("billing/{invoice}/delete", "GET POST"),
    "payments.record": ("billing/{invoice}/payment", "GET POST"),
    "payments.take_back": ("billing/{invoice}/payments/1/take-back", "POST"),
    "progress.change": ("work-orders/{order}/status", "GET POST"),
    "contract_forms.delete": ("contracts/{contract}/delete", "GET POST"),
    "rfp_forms.delete": ("rfps/{rfp}/delete", "GET POST"),
}
CLIENTS |= {
    f"staff.clients.{name}": (f"/staff/clients/acme/{path}", methods, ADMINISTRATOR)
    for name, (path, methods) in _WRITTEN.items()
}
# And once more below the address of a contact, to look at through its eyes.
_SEEN = {name: (path, methods) for name, (path, methods, _may) in area_routes.AREAS.items()}
_SEEN |= {name: (path, "GET") for name, path in _FOR_SUPPORT.items()} | _FOR_ADMINISTRATORS
_SEEN |= {"dashboard.show": ("", "GET"), "dashboard.more": ("more", "GET")}
VIEW_AS = {
    f"staff.view_as.{name}": (f"/staff/as/{{seen_as}}/acme/{path}", methods, ALL)
    for name, (path, methods) in _SEEN.items()
}
