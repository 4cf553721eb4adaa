"""An element of a letter as a plain value: name, type, attributes, text, children. What reads and writes XML is `envelope`.

Requests in the field name their types (`xsi:type`) now with a prefix, now without, and some declare no prefix at all; only
the local name is looked at. Names are written `base:clientID`, with the prefixes of `names`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType

from ferraris.console.xmlvend.names import PREFIXES
from ferraris.kernel.errors import FerrarisError

VALUE_CHARACTERS_MAX = 80
"""How much of a wrong value is repeated in an error."""


class LetterError(FerrarisError):
    """A letter lacks what its use case needs, or holds what cannot be."""


@dataclass(frozen=True, slots=True)
class Node:
    """An element."""

    namespace: str
    name: str
    type: str = ""
    """What `xsi:type` says: as received without its prefix, as written with it."""
    attributes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    text: str = ""
    children: tuple[Node, ...] = ()

    def named(self, name: str) -> Iterator[Node]:
        """The children of that name, whatever their namespace: senders disagree about it."""
        return (child for child in self.children if child.name == name)

    def get(self, name: str) -> Node | None:
        """The one child of that name, if there is one. Raises LetterError when there are more."""
        found = list(self.named(name))
        if len(found) > 1:
            raise LetterError(f"{self.name} has {len(found)} elements {name}", expected="one")
        return found[0] if found else None

    def need(self, name: str) -> Node:
        """The one child of that name. Raises LetterError without it."""
        found = self.get(name)
        if found is None:
            raise LetterError(f"{self.name} has no {name}")
        return found

    def attribute(self, name: str) -> str:
        """An attribute that must be there and not be empty."""
        value = self.attributes.get(name, "").strip()
        if not value:
            raise LetterError(f"{self.name} has no attribute {name}")
        return value

    def amount(self, attribute: str = "value") -> Decimal:
        """An attribute that is a plain decimal number of sensible size."""
        text = self.attribute(attribute)
        digits = text.removeprefix("-").replace(".", "", 1)
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 20):
            raise LetterError(
                f"{attribute} of {self.name} is no amount", expected="a decimal number", got=text[:VALUE_CHARACTERS_MAX]
            )
        return Decimal(text)


def node(name: str, /, *children: Node | None, kind: str = "", text: str = "", **attributes: str | None) -> Node:
    """An element to be written: `name` and `kind` (its xsi:type) with a prefix. None leaves a child or attribute out."""
    prefix, _, local = name.partition(":")
    kept = {key: value for key, value in attributes.items() if value is not None}
    present = tuple(child for child in children if child is not None)
    return Node(PREFIXES[prefix], local, kind, MappingProxyType(kept), text, present)
