"""The staff's part of the sweep: what each route of the vendor's side wants, and who may use it."""

ADMINISTRATOR = frozenset({"sue"})
ALL = frozenset({"sue", "tom"})
# endpoint: path, methods, who may
STAFF = {
    "staff.home": ("/staff/", "GET", ALL),
    "staff.account.show": ("/staff/account", "GET", ALL),
    "staff.account.password": ("/staff/account/password", "GET POST", ALL),
    "staff.account.recovery_codes": ("/staff/account/recovery-codes", "GET POST", ALL),
    "staff.account.sign_out_device": ("/staff/account/devices/{session}/sign-out", "POST", ALL),
    "staff.people.index": ("/staff/people", "GET", ADMINISTRATOR),
    "staff.people.add": ("/staff/people/new", "GET POST", ADMINISTRATOR),
    "staff.people.show": ("/staff/people/{person}", "GET POST", ADMINISTRATOR),
    "staff.people.move": ("/staff/people/{person}/start-anew", "POST", ADMINISTRATOR),
    "staff.look_up.index": ("/staff/look-up", "GET POST", ALL),
    "staff.portal_users.index": ("/staff/portal-users", "GET", ALL),
    "staff.portal_users.show": ("/staff/portal-users/{user}", "GET POST", ALL),
    "staff.portal_users.email": ("/staff/portal-users/{user}/email", "POST", ADMINISTRATOR),
    "staff.portal_users.ask": ("/staff/portal-users/{user}/disable", "GET", ALL),
    "staff.portal_users.do": ("/staff/portal-users/{user}/sign-out", "POST", ALL),
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
}
EVERY = {**STAFF, **HALFWAY, **PUBLIC}
# Where Support sees the page and may not send it.
LOOKED_AT_ONLY = {"staff.portal_users.show"}
ANY_IDS = {"session": 1, "person": 1, "user": 1}
