"""What may stand in an address where a rule has a variable part."""

from typing import Any

from werkzeug.routing import BaseConverter, IntegerConverter, Map, ValidationError

LARGEST_ID = 2**31 - 1
# First parts of addresses that are no company; a company's slug is refused if it is one of these.
TOP_LEVEL = frozenset(
    [
        "sign-in",
        "sign-out",
        "forgot",
        "reset",
        "invitations",
        "confirm",
        "terms",
        "companies",
        "profile",
        "password-strength",
        "request-access",
        "more",
        "new",
        "staff",
        "dev",
        "static",
        "api",
        "brand.css",
        "robots.txt",
        "favicon.ico",
        ".well-known",
        "health",
        "metrics",
    ]
)


class IdConverter(IntegerConverter):
    """A row id: a whole number that every database can hold; anything else is a 404."""

    regex = r"[0-9]{1,10}"

    def __init__(self, map: Map, *args: Any, **kwargs: Any) -> None:
        super().__init__(map, min=1, max=LARGEST_ID)


class SlugConverter(BaseConverter):
    """A company's slug: small letters, digits and hyphens, two to forty of them, no top-level address."""

    regex = r"[a-z0-9][a-z0-9-]{1,39}"

    def to_python(self, value: str) -> str:
        if value in TOP_LEVEL:
            raise ValidationError
        return value


CONVERTERS = {"id": IdConverter, "slug": SlugConverter}
