"""What the API answers instead: a problem in the words of RFC 9457, each fault with the place it is at."""

from collections.abc import Iterable
from typing import Any

from pydantic import Field, ValidationError

from portal.shapes.checks import Shape

MIMETYPE = "application/problem+json"
TITLES = {
    400: "Bad request",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not there",
    405: "No such method here",
    406: "JSON is all there is",
    409: "Not now",
    412: "Changed meanwhile",
    413: "Too large",
    415: "Send JSON",
    422: "Cannot be kept",
    428: "Say which version you have seen",
    429: "Too many requests",
    500: "Our mistake",
    503: "Not reachable just now",
}


class Fault(Shape):
    """One thing that is wrong: where in the body (`pointer`) or which `parameter`, and what."""

    detail: str
    pointer: str | None = Field(default=None, description="RFC 6901, from the root of the body: #/email")
    parameter: str | None = Field(default=None, description="A parameter of the address or a header")


class Problem(Shape):
    """Why a request did not do what it asked for."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str = Field(description="Stands in the log and in the activity")
    errors: list[Fault] = Field(default_factory=list)


class Refused(ValueError):
    """A request that does not fit the document; carries its status and what is wrong where."""

    def __init__(self, status: int, detail: str, faults: Iterable[Fault] = ()) -> None:
        super().__init__(detail)
        self.status, self.detail, self.faults = status, detail, list(faults)


def faults(error: ValidationError, *, in_body: bool) -> list[Fault]:
    """Return what pydantic found wrong, each with its place and a sentence."""
    found = []
    for each in error.errors(include_url=False, include_input=False):
        place = [str(part).replace("~", "~0").replace("/", "~1") for part in each["loc"]]
        where = {"pointer": "#/" + "/".join(place)} if in_body else {"parameter": ".".join(place)}
        found.append(Fault(detail=_sentence(each), **where))
    return found[:50]


def _sentence(found: Any) -> str:
    said = found.get("ctx", {}).get("error")
    text = str(said) if said is not None else str(found["msg"])
    return text if text.endswith(".") else f"{text}."
