"""SOAP envelopes of 1.1 and 1.2, read without trust and written.

A vending client is a stranger until its request has been understood. What makes XML dangerous is refused before the parser
sees a tag: other encodings than UTF-8, document types and with them entities of any kind (SOAP forbids both), envelopes that
are long, deep or many. The parser itself neither resolves entities nor opens files or addresses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from lxml import etree  # type: ignore[import-untyped]  # lxml has no annotations

from ferraris.console.xmlvend.names import INSTANCE, PREFIXES, SOAP_1_1, SOAP_1_2
from ferraris.console.xmlvend.node import Node
from ferraris.kernel.errors import FerrarisError
from ferraris.kernel.limits import SOAP_DEPTH_MAX, SOAP_ELEMENTS_MAX, SOAP_OCTETS_MAX

CONTENT_TYPES: Final = {SOAP_1_1: "text/xml; charset=utf-8", SOAP_1_2: "application/soap+xml; charset=utf-8"}
ENCODING = re.compile(r"<\?xml[^>]*\bencoding\s*=\s*[\"']([^\"']*)[\"']")
UNPRINTABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
CHUNK_OCTETS: Final = 1_024
"""So much is parsed between two looks at depth and number."""


class EnvelopeError(FerrarisError):
    """What came is no SOAP envelope that is taken here."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """An envelope: the namespace that says which SOAP it is, and the one element in its body."""

    soap: str
    body: Node


def read_envelope(octets: bytes) -> Envelope:
    """Read an envelope. Raises EnvelopeError for whatever is none, and for what no honest client sends."""
    text = _text(octets)
    root = _parsed(text)
    name = _name(root)
    if name.localname != "Envelope" or name.namespace not in CONTENT_TYPES:
        raise EnvelopeError("this is no SOAP envelope", expected="Envelope of SOAP 1.1 or 1.2", got=name.text[:200])
    bodies = root.findall(f"{{{name.namespace}}}Body")
    if len(bodies) != 1 or len(bodies[0]) != 1:
        raise EnvelopeError("an envelope has one body with one request in it")
    return Envelope(name.namespace, _node(bodies[0][0]))


def write_envelope(soap: str, *content: Node) -> bytes:
    """An envelope around an answer."""
    root = etree.Element(f"{{{soap}}}Envelope", nsmap={"soap": soap, **PREFIXES})
    body = etree.SubElement(root, f"{{{soap}}}Body")
    for part in content:
        _append(body, part)
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return written


def _append(parent: Any, part: Node) -> None:
    element = etree.SubElement(parent, f"{{{part.namespace}}}{part.name}" if part.namespace else part.name)
    if part.type:
        element.set(f"{{{INSTANCE}}}type", part.type)
    for name, value in part.attributes.items():
        element.set(name, _printable(value))
    element.text = _printable(part.text) or None
    for child in part.children:
        _append(element, child)


def _printable(text: str) -> str:
    """Text without what XML cannot hold: names of customers are other people's words."""
    return UNPRINTABLE.sub(" ", text)


def _node(element: Any) -> Node:
    """The element and what is in it; depth and number are measured by now."""
    name = _name(element)
    attributes = {key: value for key, value in element.attrib.items() if not key.startswith("{")}
    return Node(
        namespace=name.namespace or "",
        name=name.localname,
        type=str(element.get(f"{{{INSTANCE}}}type", "")).rpartition(":")[2].strip(),
        attributes=MappingProxyType(attributes),
        text=(element.text or "").strip(),
        children=tuple(_node(child) for child in element if isinstance(child.tag, str)),
    )


def _name(element: Any) -> Any:
    """Of an element, with its namespace. libxml2 lets a prefix pass that nobody has declared."""
    try:
        return etree.QName(element)
    except ValueError:
        raise EnvelopeError("the envelope has an element whose prefix is not declared", got=element.tag[:40]) from None


def _text(octets: bytes) -> str:
    if len(octets) > SOAP_OCTETS_MAX:
        raise EnvelopeError("the envelope is too long", expected=f"at most {SOAP_OCTETS_MAX} octets", got=len(octets))
    try:
        text = octets.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise EnvelopeError("the envelope is not written in UTF-8", offset=error.start) from None
    declared = ENCODING.match(text)
    if declared and declared.group(1).lower() not in {"utf-8", "us-ascii"}:
        raise EnvelopeError("the envelope is not written in UTF-8", got=declared.group(1)[:40])
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise EnvelopeError("SOAP allows no document type and no entities")
    return text


def _parsed(text: str) -> Any:
    parser = etree.XMLPullParser(
        events=("start", "end"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    measure = _Measure()
    octets = text.encode()
    try:
        for start in range(0, len(octets), CHUNK_OCTETS):
            parser.feed(octets[start : start + CHUNK_OCTETS])
            measure.take(parser)
        root = parser.close()
        measure.take(parser)
    except etree.XMLSyntaxError as error:
        raise EnvelopeError(f"the envelope is not well-formed: {error.msg}") from None
    return root


class _Measure:
    """Counts the elements of what is being parsed, and how deep they lie in one another."""

    def __init__(self) -> None:
        self._depth = self._elements = 0

    def take(self, parser: Any) -> None:
        for event, _ in parser.read_events():
            self._depth += 1 if event == "start" else -1
            self._elements += event == "start"
            if self._depth > SOAP_DEPTH_MAX or self._elements > SOAP_ELEMENTS_MAX:
                raise EnvelopeError(
                    "the envelope is too deep or has too many elements",
                    expected=f"at most {SOAP_DEPTH_MAX} levels and {SOAP_ELEMENTS_MAX} elements",
                )
