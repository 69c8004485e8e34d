"""Phone numbers as people write them (C12)."""

import phonenumbers
from flask import current_app


def national(number: str) -> str:
    """Return a stored number as people write it: national form at home, international elsewhere."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    home = parsed.country_code == phonenumbers.country_code_for_region(country())
    form = phonenumbers.PhoneNumberFormat.NATIONAL if home else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, form)


def country() -> str:
    """Return the vendor's country, which numbers without a country code are read for."""
    return str(current_app.config["DEFAULT_COUNTRY"])
