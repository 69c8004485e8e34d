"""Which client a table or one of its rows is for, by what people call it."""

from portal.models import Company
from portal.models.folding import fold
from portal.policy import Actor
from portal.queries import imports
from portal.refusals import FieldRefusal


def client_called(by: Actor, words: str) -> Company:
    """Return the client with this number ("C-104") or short name, else the only one of this name.

    Raises FieldRefusal at "client" where there is none or several, or where it has left.
    """
    if not words:
        raise FieldRefusal("client", "Say which client it is for.")
    found = imports.clients_called(by, words)
    if not found:
        raise FieldRefusal("client", f"There is no client called {words[:100]}.")
    if len(found) > 1:
        raise FieldRefusal("client", f"Several clients are called {words[:100]}. Use the number, like C-104.")
    return still_here(found[0])


def demand_own(company: Company, words: str) -> None:
    """Raise FieldRefusal at "client" where `words` say that a row is of another client than `company`.

    They are compared with its own number, name and short name alone, so that nobody learns of others (T16).
    """
    number = fold(company.number)
    own = (number, number.replace("-", ""), company.name_key, company.slug)
    if words and fold(words)[:220] not in own:
        raise FieldRefusal("client", f"This row is of {words[:100]}. Import it there.")


def still_here(company: Company) -> Company:
    """Return `company`. Raises FieldRefusal at "client" where it has left: nothing happens to it."""
    if company.exited_at is not None:
        raise FieldRefusal("client", f"{company.name} is marked as exited. Take that back first.")
    return company
