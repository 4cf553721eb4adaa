"""REST described for people, made from the OpenAPI description itself and from nothing that lies elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from ferraris.console import wording
from ferraris.console.markup import Child, Markup, joined, tag
from ferraris.console.pages.frame import Workplace, framed
from ferraris.console.pages.parts import list_card

EXAMPLE = """curl '{address}/api/v1/meters?state=late&limit=5'
curl '{address}/api/v1/meters/FER0000000001/readings?channel=ACTIVE_ENERGY_IMPORT&format=csv'
curl -X POST -H 'Content-Type: application/json' -H 'Idempotency-Key: 6f1c' \\
     -d '{{"kind": "read_now"}}' '{address}/api/v1/meters/FER0000000001/commands'"""


async def api_page(place: Workplace, openapi: Mapping[str, Any], address: str) -> None:
    """`address`: where whoever looks at it found the console."""
    with framed(place, "API", "/docs") as frame:
        ui.html(introduction(openapi, address), sanitize=False)
        for title, endpoints in by_topic(openapi).items():
            ui.html(list_card(wording.sentence(title), tag("div", endpoints)), sanitize=False)

    async def refresh() -> None:
        """The description does not change while the system runs."""

    await frame.keep(refresh)


def introduction(openapi: Mapping[str, Any], address: str) -> Markup:
    paragraphs = [
        tag("p", _prose(text), style="margin-bottom:8px") for text in openapi["info"]["description"].split("\n\n")
    ]
    link = tag("a", "OpenAPI description (JSON)", href="/api/v1/openapi.json")
    examples = tag(
        "div",
        tag("pre", EXAMPLE.format(address=address.rstrip("/"))),
        class_="endpoint",
        style="display:block;padding:8px 0 0;border:0",
    )
    return list_card(
        "Everything you see here, for programs", tag("div", paragraphs, examples, class_="card-body"), link
    )


def by_topic(openapi: Mapping[str, Any]) -> dict[str, list[Markup]]:
    """The endpoints, by their tag, in the order in which they are declared."""
    topics: dict[str, list[Markup]] = {}
    schemas = openapi.get("components", {}).get("schemas", {})
    for path, operations in openapi["paths"].items():
        for verb, operation in operations.items():
            topic = topics.setdefault(operation.get("tags", ["other"])[0], [])
            topic.append(_endpoint(verb, path, operation, schemas))
    return topics


def _endpoint(verb: str, path: str, operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> Markup:
    parameters = [
        _parameter(parameter, schemas) for parameter in operation.get("parameters", []) if parameter["in"] != "path"
    ]
    text = operation.get("description") or operation.get("summary", "")
    return tag(
        "div",
        tag("span", verb.upper(), class_=f"verb {verb}"),
        tag("span", path, class_="mono"),
        tag("p", _prose(text)),
        tag("ul", parameters) if parameters else None,
        class_="endpoint",
    )


def _parameter(parameter: Mapping[str, Any], schemas: Mapping[str, Any]) -> Markup:
    schema = parameter.get("schema", {})
    default = schema.get("default")
    shown: list[Child] = [tag("span", parameter["name"], class_="mono")]
    if default not in (None, ""):
        shown.append(f" = {str(default).lower() if isinstance(default, bool) else default}")
    choices = ", ".join(map(str, _choices(schema, schemas)))
    text = parameter.get("description") or (f"one of {choices}" if choices else "")
    return tag("li", joined(shown), joined(": ", _prose(text)) if text else None)


def _choices(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> list[object]:
    """The values that an enumeration allows; none for what is no enumeration."""
    if "$ref" in schema:
        return _choices(schemas[schema["$ref"].rsplit("/", 1)[-1]], schemas)
    return list(schema.get("enum", ())) or [
        choice for part in schema.get("anyOf", ()) for choice in _choices(part, schemas)
    ]


def _prose(text: str) -> Markup:
    """A docstring's words: what stands in backticks is code."""
    return joined(tag("code", part, class_="mono") if at % 2 else part for at, part in enumerate(text.split("`")))
