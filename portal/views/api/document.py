"""The OpenAPI document, made from the operations and shapes themselves."""

import re
from typing import Any

from flask import Response, current_app, jsonify
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from portal.guards import public
from portal.models import ApiScope
from portal.shapes.problem import MIMETYPE, TITLES, Problem
from portal.views.api.operations import LONGEST_KEY, OPERATIONS, Operation, blueprint

VERSION = "1.0.0"
_PART = re.compile(r"<(?:id|any\((?P<words>[^)]*)\)):(?P<name>\w+)>")
_REFS = "#/components/schemas/{model}"
# What any request can be answered: no token, no scope, no JSON wanted, too many, the database away.
_ALWAYS = frozenset({401, 403, 406, 429, 503})
_SEEN = {"name": "If-Match", "in": "header", "required": True, "schema": {"type": "string"}}
_ONCE = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "A name of yours for this request: sent again with it within a week, it makes nothing "
    "twice and answers 200. With another body or at another address it is refused (422).",
    "schema": {"type": "string", "maxLength": LONGEST_KEY},
}


class _Plain(GenerateJsonSchema):
    """Says of no member what it is where it is not sent: then it stays as it is."""

    def default_schema(self, schema: Any) -> Any:
        return self.generate_inner(schema["schema"])


@blueprint.get("/openapi.json")
@public
def document() -> Response:
    """Answer the document; it says nothing that is not the same for everybody."""
    return jsonify(described())


def described() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of this version."""
    paths: dict[str, dict[str, Any]] = {}
    for each in OPERATIONS:
        paths.setdefault(_path(each), {})[each.method.lower()] = _operation(each)
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Gatehouse",
            "version": VERSION,
            "summary": "The vendor's own systems at the portal",
        },
        "servers": [{"url": current_app.config["PUBLIC_URL"] + str(blueprint.url_prefix)}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {"schemas": _schemas(), "securitySchemes": {"token": _token()}},
    }


def _token() -> dict[str, str]:
    scopes = ", ".join(ApiScope)
    return {
        "type": "http",
        "scheme": "bearer",
        "description": f"Made under API in the staff menu. Scopes: {scopes}",
    }


def _schemas() -> dict[str, Any]:
    answers: list[type[BaseModel]] = [Problem, *(each.answer for each in OPERATIONS)]
    bodies: list[type[BaseModel]] = [each.body for each in OPERATIONS if each.body]
    wanted = [(each, "serialization") for each in dict.fromkeys(answers)]
    wanted += [(each, "validation") for each in dict.fromkeys(bodies)]
    made = models_json_schema(wanted, ref_template=_REFS, schema_generator=_Plain)  # type: ignore[arg-type]
    schemas: dict[str, Any] = made[1]["$defs"]
    return schemas


def _path(each: Operation) -> str:
    return _PART.sub(lambda found: "{" + found["name"] + "}", each.path)


def _operation(each: Operation) -> dict[str, Any]:
    said: dict[str, Any] = {
        "operationId": each.name,
        "summary": each.summary,
        "description": f"Scope: {each.scope}" + (f" and {each.too}" if each.too else ""),
        "tags": [each.scope.partition(":")[0]],
        "parameters": _parameters(each),
        "responses": _responses(each),
    }
    if each.body:
        content = {"application/json": {"schema": _ref(each.body)}}
        said["requestBody"] = {"required": True, "content": content}
    return said


def _parameters(each: Operation) -> list[dict[str, Any]]:
    found = [_part(part["name"], part["words"]) for part in _PART.finditer(each.path)]
    if each.asked:
        shape = each.asked.model_json_schema(schema_generator=_Plain, ref_template=_REFS)
        required = shape.get("required", [])
        found += [
            {"name": name, "in": "query", "required": name in required, "schema": schema}
            for name, schema in shape["properties"].items()
        ]
    return [*found, *([_SEEN] if each.versioned else []), *([_ONCE] if each.once else [])]


def _part(name: str, words: str | None) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}
    if words:
        schema = {"type": "string", "enum": [word.strip(" '") for word in words.split(",")]}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _responses(each: Operation) -> dict[str, Any]:
    good = {
        "description": each.answer.__doc__ or "",
        "content": {"application/json": {"schema": _ref(each.answer)}},
    }
    if each.shows_version or each.once:
        good["headers"] = {"ETag": {"schema": {"type": "string"}}}
    answers = {"200": good, **({"201": good} if each.once else {})}
    problem = {"schema": _ref(Problem)}
    for status in sorted(_refusals(each)):
        answers[str(status)] = {"description": TITLES[status], "content": {MIMETYPE: problem}}
    return answers


def _refusals(each: Operation) -> set[int]:
    found = {*_ALWAYS, *each.refusals}
    found |= {404} if "<" in each.path else set()
    found |= {422} if each.asked or each.once else set()
    found |= {400, 413, 415, 422} if each.body else set()
    found |= {412, 428} if each.versioned else set()
    return found


def _ref(shape: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REFS.format(model=shape.__name__)}
