"""Forms for the company, its properties and documents; two people at once overwrite nothing of each other."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import ValidationError
from wtforms.fields import Field

from portal.forms.fields import (
    Blank,
    FilledFrom,
    PhoneField,
    TextLine,
    at_most,
    filled,
    name_like,
    one_line,
    phone_number,
)

_TAX_ID = re.compile(r"[\w .\-/]*")


def fingerprint(known: Mapping[str, Any]) -> str:
    """Return what tells two states of a record apart."""
    return hashlib.sha256(json.dumps(dict(known), sort_keys=True).encode()).hexdigest()[:32]


class RecordForm(Blank):
    """A form over something that somebody else may change meanwhile (behaviour C15)."""

    # The state the form was filled from.
    seen = FilledFrom()

    @classmethod
    def over(cls, known: Mapping[str, Any]) -> "RecordForm":
        """Return the form filled from the request, or from what is `known`."""
        return cls(data={**known, "seen": fingerprint(known)})

    def stale(self, known: Mapping[str, Any]) -> bool:
        """Return whether what is `known` now is not what the form was filled from."""
        return bool(self.seen.data != fingerprint(known))

    def differences(self, known: Mapping[str, Any]) -> list[dict[str, str]]:
        """Return what was typed beside what is `known` now, and let the next save mean this state."""
        self.seen.data, self.seen.raw_data = fingerprint(known), None
        pairs = [(self[name], self.said(name, value)) for name, value in known.items()]
        return [
            {"label": field.label.text, "yours": self.said(field.name, field.data), "theirs": theirs}
            for field, theirs in pairs
            if self.said(field.name, field.data) != theirs
        ]

    def said(self, _name: str, value: Any) -> str:
        """Return what the value of a field is called where two versions stand beside each other."""
        return str(value or "")

    def values(self) -> dict[str, str]:
        """Return what was typed, by the name of its field."""
        unsaid = ("seen", "csrf_token")
        return {field.name: field.data or "" for field in self if field.name not in unsaid}


def tax_id(_form: Any, field: Field) -> None:
    """Check that a tax id is made of letters, digits and what stands between them."""
    if field.data and not _TAX_ID.fullmatch(field.data):
        raise ValidationError("Use letters, digits, blanks, dots, slashes and hyphens.")


def web_address(_form: Any, field: Field) -> None:
    """Check the address of a website where one was typed, and keep it with its scheme."""
    text = field.data or ""
    if not text:
        return
    address = text if "://" in text else f"https://{text}"
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        host = ""
    if (
        not host
        or "." not in host
        or parts.scheme not in ("http", "https")
        or " " in address
        or parts.username
    ):
        raise ValidationError("Enter a web address, like www.company.com.")
    field.data = address


class CompanyForm(RecordForm):
    """The company's own details."""

    name = TextLine("Name", [filled("Enter the company's name."), at_most(100), name_like])
    street = TextLine("Street", [at_most(200), name_like])
    city = TextLine("City", [at_most(100), name_like])
    postcode = TextLine("Postcode", [at_most(40), one_line])
    phone = PhoneField("Phone", [phone_number])
    tax_id = TextLine("Tax id", [at_most(40), one_line, tax_id])
    website = TextLine("Website", [at_most(190), one_line, web_address])


class PropertyForm(RecordForm):
    """A property: what it is called and where it stands."""

    name = TextLine("Name", [filled("Enter the property's name."), at_most(100), name_like])
    street = TextLine("Street", [at_most(200), name_like])
    city = TextLine("City", [at_most(100), name_like])
    postcode = TextLine("Postcode", [at_most(40), one_line])


class AttachForm(FlaskForm):
    """One file to attach."""

    file = FileField("Attach a document", [filled("Choose a file.")])
