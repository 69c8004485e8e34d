"""One operation of the API: what its view is given and answers, which is also what the document says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any

from flask import Blueprint, Response, current_app, request, url_for
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import NotAcceptable, UnsupportedMediaType

from portal.actions.api_keys import claim
from portal.extensions import csrf, limiter
from portal.guards import actor
from portal.limits import api_address, api_token, this_token, unknown_token
from portal.models import ApiKeyUse, ApiScope
from portal.shapes.checks import Asked, Shape, Wanted
from portal.shapes.problem import Fault, Refused, faults
from portal.sides import API

blueprint = Blueprint("api", __name__, url_prefix=f"{API}/v1")
# No cookie is read here, so there is nothing for a forged form to use.
csrf.exempt(blueprint)
limiter.limit(api_token, key_func=this_token)(blueprint)
limiter.limit(api_address, deduct_when=unknown_token)(blueprint)
JSON = "application/json"
LONGEST_KEY = 200


@dataclass(frozen=True)
class Reply:
    """What a view answers: a shape, and what stands in the headers."""

    shape: Shape
    status: int = 200
    version: str = ""
    place: str = ""


View = Callable[..., Reply]


@dataclass(frozen=True)
class Operation:
    """What the document says about one route and method; as a decorator it makes a view that operation.

    The view gets the parts of the address, the query as `asked` and the body as `wanted`, where it has such.
    `too`: a second scope that it needs; `versioned`: needs If-Match; `once`: knows an Idempotency-Key;
    `refusals`: which statuses it answers beside those that follow from the rest; `only_reads`: changes
    nothing, whatever its method.
    """

    method: str
    path: str
    scope: ApiScope
    answer: type[Shape]
    body: type[Wanted] | None = None
    asked: type[Asked] | None = None
    too: ApiScope | None = None
    versioned: bool = False
    shows_version: bool = False
    once: bool = False
    only_reads: bool = False
    refusals: tuple[int, ...] = ()
    name: str = ""
    summary: str = ""

    def __call__(self, view: View) -> View:
        """Bind `view` to the route, and note it for the document."""
        summary = (view.__doc__ or "").split("\n")[0]
        OPERATIONS.append(replace(self, name=view.__name__, summary=summary))
        run = _run(self, view)
        run.scope, run.reads_first = self.scope, self.only_reads  # type: ignore[attr-defined]
        run.scope_too = self.too  # type: ignore[attr-defined]
        blueprint.add_url_rule(self.path, view.__name__, run, methods=[self.method])
        return view


OPERATIONS: list[Operation] = []


def _run(known: Operation, view: View) -> Callable[..., Response]:
    """Return the view as Flask calls it: read, asked, and answered as the document says."""

    @wraps(view)
    def run(**args: Any) -> Response:
        _demand_json_wanted()
        if known.asked is not None:
            args["asked"] = _query(known.asked)
        if known.body is not None:
            args["wanted"] = _body(known.body)
        return _answer(view(**args))

    return run


def next_page(rows: list[Any], limit: int, asked: Mapping[str, Any]) -> tuple[list[Any], str | None]:
    """Return the rows of this page, and the address of the next where there are further ones."""
    if len(rows) <= limit:
        return rows, None
    kept = rows[:limit]
    said = {name: value for name, value in asked.items() if value not in (None, "")}
    place = url_for(request.endpoint or "", **{**(request.view_args or {}), **said, "after": kept[-1].id})
    return kept, current_app.config["PUBLIC_URL"] + place


def demand_version(version: str) -> None:
    """Raise Refused unless If-Match names `version`: 428 where it is not sent, 412 where it is another's."""
    if "If-Match" not in request.headers:
        raise Refused(428, "Send If-Match with the ETag of what you have seen, or * for whatever is there.")
    if not request.if_match.star_tag and not request.if_match.contains(version):
        raise Refused(412, "Somebody changed this since you read it. Read it again and send what you mean.")


def once(wanted: BaseModel) -> ApiKeyUse | None:
    """Return for what the request's Idempotency-Key stands; None without one (T80).

    Raises Refused (422) for a key that is too long, or that the token used for another request.
    """
    key, token_id = request.headers.get("Idempotency-Key", ""), actor().token_id
    if not key or token_id is None:
        return None
    if len(key) > LONGEST_KEY:
        raise _wrong_key("The Idempotency-Key is too long.", f"Use at most {LONGEST_KEY} characters.")
    use = claim(token_id, key, f"{request.path}\n{wanted.model_dump_json()}")
    if use is None:
        raise _wrong_key("This Idempotency-Key stands for another request.", "Use a new one.")
    return use


def _wrong_key(detail: str, cure: str) -> Refused:
    return Refused(422, detail, [Fault(detail=cure, parameter="Idempotency-Key")])


def _demand_json_wanted() -> None:
    if request.accept_mimetypes and not request.accept_mimetypes[JSON]:
        raise NotAcceptable("The API answers JSON.")


def _query(shape: type[Asked]) -> Asked:
    found = request.args.to_dict(flat=False)
    twice = [name for name, values in found.items() if len(values) > 1]
    if twice:
        raise Refused(
            422, "A parameter stands there twice.", [Fault(detail="Say it once.", parameter=twice[0])]
        )
    try:
        return shape.model_validate_strings({name: values[0] for name, values in found.items()})
    except ValidationError as error:
        raise Refused(422, "The address asks for something else.", faults(error, in_body=False)) from None


def _body(shape: type[Wanted]) -> BaseModel:
    if request.mimetype not in (JSON, "application/merge-patch+json"):
        raise UnsupportedMediaType("Send the body as application/json.")
    try:
        return shape.model_validate_json(request.get_data())
    except ValidationError as error:
        if any(each["type"] == "json_invalid" for each in error.errors(include_url=False)):
            raise Refused(400, "The body is not JSON.") from None
        raise Refused(422, "Something in the body cannot be kept.", faults(error, in_body=True)) from None


def _answer(reply: Reply) -> Response:
    answer = Response(reply.shape.model_dump_json(), reply.status, mimetype=JSON)
    if reply.version:
        answer.set_etag(reply.version)
    if reply.place:
        answer.headers["Location"] = current_app.config["PUBLIC_URL"] + reply.place
    return answer
