"""How names and addresses are folded so that they can be compared, sorted and searched (behaviour L11)."""

import unicodedata

import phonenumbers

from portal.models.contact import Contact, domain_of
from portal.models.folding import fold

__all__ = ["email_key", "fold", "refresh", "search_key", "username_key"]


def email_key(address: str) -> str:
    """Return the one form in which two spellings of the same e-mail address are equal."""
    local, _, domain = unicodedata.normalize("NFKC", address.strip()).rpartition("@")
    return f"{local.casefold()}@{_plain_domain(domain)}"


def username_key(username: str) -> str:
    """Return the one form in which two spellings of the same user name are equal."""
    return unicodedata.normalize("NFKC", username).casefold()


def _plain_domain(domain: str) -> str:
    domain = domain.casefold().rstrip(".")
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return domain


def refresh(contact: Contact) -> None:
    """Bring the contact's folded columns in line with its name, address and phone numbers."""
    contact.email_key = email_key(contact.email) if contact.email else None
    contact.email_domain = domain_of(contact.email_key)
    contact.name_key = fold(contact.name)[:220]
    contact.turned_key = fold(f"{contact.last_name} {contact.first_name}")[:220]
    contact.search_key = search_key(contact.name_key, contact.email_key, contact.phone, contact.mobile)


def search_key(name_key: str, email: str | None, *numbers: str | None) -> str:
    """Return what a contact is found by: folded name and address, and its phone numbers."""
    return " ".join((name_key, email or "", *(_both_ways(each) for each in numbers if each))).strip()


def _both_ways(number: str) -> str:
    """Return a stored number as it is and as it is dialled at home, because people search for either."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    at_home = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
    return f"{number} {phonenumbers.normalize_digits_only(at_home)}"
