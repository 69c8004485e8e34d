"""From an exception to what the API answers instead: a problem in the words of RFC 9457."""

from collections.abc import Iterable

from flask import Response, current_app, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from portal.refusals import FieldRefusal, Refusal
from portal.shapes.problem import MIMETYPE, TITLES, Fault, Problem, Refused

_HELD_ON_TO = {"Allow", "WWW-Authenticate"}
_SENTENCES = {
    401: "Send a token that works: Authorization: Bearer gatehouse_...",
    404: "There is nothing under this address.",
    405: "This address does not know that method.",
    413: "The body is larger than this portal takes.",
}


def problem(status: int, detail: str, faults: Iterable[Fault] = ()) -> Response:
    """Return the problem with this status and sentence, and what is wrong where."""
    title = TITLES.get(status, TITLES[400])
    said = Problem(
        type="about:blank",
        title=title,
        status=status,
        detail=detail or _SENTENCES.get(status, title),
        request_id=str(g.get("request_id", "")),
        errors=list(faults),
    )
    return Response(said.model_dump_json(exclude_none=True), status, mimetype=MIMETYPE)


def refused(refusal: Refusal) -> Response:
    """Return what the API says to a refusal of an action; one of a field names the place in the body."""
    fault = (
        [Fault(detail=refusal.sentence, pointer=f"#/{refusal.field}")]
        if isinstance(refusal, FieldRefusal)
        else []
    )
    return problem(refusal.status, refusal.sentence, fault)


def unfit(error: Refused) -> Response:
    """Return what the API says to a request that does not fit its document."""
    return problem(error.status, error.detail, error.faults)


def of_http(error: HTTPException) -> Response:
    """Return what the API says where Werkzeug refused the request, with the headers that say how."""
    if isinstance(error, MethodNotAllowed) and _nowhere(error):
        return problem(404, "")
    own = error.description if error.code in (406, 415) else ""
    answer = problem(error.code or 400, own or "")
    for name, value in error.get_headers():
        if name in _HELD_ON_TO:
            answer.headers[name] = value
    return answer


def _nowhere(error: MethodNotAllowed) -> bool:
    """Return whether no method would find anything: an id that is none is taken for a wrong method."""
    adapter = current_app.create_url_adapter(request)
    for method in error.valid_methods or ():
        try:
            if adapter is not None and adapter.match(method=method):
                return False
        except HTTPException:
            continue
    return True
