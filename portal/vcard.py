"""Contacts as vCards (RFC 6350, version 4.0), as address books read them."""

from collections.abc import Iterable, Mapping

# Octets in one line of a card; longer ones go on in the next, behind a blank.
_LONGEST = 75


def cards(people: Iterable[Mapping[str, str]], organization: str) -> str:
    """Return one card for each of `people`, who are known by the names of a contact's details."""
    return "".join(_card(person, organization) for person in people)


def _card(person: Mapping[str, str], organization: str) -> str:
    first, last = person["first_name"], person["last_name"]
    lines = ["BEGIN:VCARD", "VERSION:4.0", f"FN:{_text(f'{first} {last}'.strip())}"]
    lines.append(f"N:{_text(last)};{_text(first)};;{_text(person.get('honorific', ''))};")
    plain = {"ORG": organization, "TITLE": person.get("job_title", ""), "EMAIL": person.get("email", "")}
    plain |= {"CATEGORIES": person.get("category", ""), "NOTE": person.get("notes", "")}
    lines += [f"{name}:{_text(value)}" for name, value in plain.items() if value]
    for kind, number in (("voice", person.get("phone")), ("cell", person.get("mobile"))):
        if number:
            lines.append(f"TEL;VALUE=uri;TYPE={kind}:tel:{number}")
    return "".join(f"{_folded(line)}\r\n" for line in [*lines, "END:VCARD"])


def _text(value: str) -> str:
    for sign, written in (("\\", "\\\\"), (",", "\\,"), (";", "\\;"), ("\r\n", "\\n"), ("\n", "\\n")):
        value = value.replace(sign, written)
    return value.replace("\r", "\\n")


def _folded(line: str) -> str:
    """Return the line in pieces of at most _LONGEST octets, none of which ends within a letter."""
    parts, room = [""], _LONGEST
    for char in line:
        size = len(char.encode())
        if size > room:
            parts.append(" ")
            room = _LONGEST - 1
        parts[-1] += char
        room -= size
    return "\r\n".join(parts)
