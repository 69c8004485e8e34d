"""What a token of the API may do: each scope with the permissions that whoever uses it acts with (P6)."""

from collections.abc import Collection

from portal.models import ApiScope, Permission
from portal.refusals import NotAllowed

_LOOKS = frozenset({Permission.VIEW_CLIENT})
_EVERYTHING = frozenset(Permission)
# The scope that a request asks for gives these and no other. Details are changed as by an editor of contacts,
# so without access:write no token touches an admin, an address that is signed in with, or a right (P4, P5).
PERMISSIONS: dict[ApiScope, frozenset[Permission]] = {
    ApiScope.COMPANIES_READ: _LOOKS,
    ApiScope.COMPANIES_WRITE: _EVERYTHING,
    ApiScope.CONTACTS_READ: _LOOKS,
    ApiScope.CONTACTS_WRITE: _LOOKS | {Permission.EDIT_CONTACTS},
    ApiScope.ACCESS_READ: _LOOKS,
    ApiScope.ACCESS_WRITE: _EVERYTHING,
    ApiScope.PROPERTIES_READ: _LOOKS,
    ApiScope.PROPERTIES_WRITE: _EVERYTHING,
    ApiScope.ACTIVITY_READ: _EVERYTHING,
}


def permissions(scopes: Collection[str], asked: ApiScope) -> frozenset[Permission]:
    """Return the permissions with which a token with `scopes` does what needs the scope `asked`.

    Raises NotAllowed where the token does not have it. Contacts are changed with every right where the token
    may also give access.
    """
    if asked not in scopes:
        raise NotAllowed(f"This token does not have the scope {asked}.")
    gives_access = asked is ApiScope.CONTACTS_WRITE and ApiScope.ACCESS_WRITE in scopes
    return PERMISSIONS[ApiScope.ACCESS_WRITE if gives_access else asked]
