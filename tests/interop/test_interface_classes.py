"""The interface classes against Gurux: for every class and version that both know, the same attributes and methods.

The numbers of attributes and methods must agree, and where Gurux names the type of an attribute, ours must admit it. Where
they do not agree, the difference stands in a table below with its reason. Both tables are compared as a whole, so that a
line that no longer holds shows too.
"""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.codec import Tag
from ferraris.cosem import interface_classes
from ferraris.cosem.types import AnyType, Choice, DataType, DateTimeInEitherForm
from tests.interop.peers.process import PeerProcess

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("interop")]

Key = tuple[int, int]
EVERY: list[Key] = [(interface.class_id, interface.version) for interface in interface_classes()]
PEERS = ["gurux", "gurux_python"]

COUNTS = [
    # peer           class  version  theirs   reason
    ("both",         7,     0,       (8, 2),  "the two methods that version 1 took away are not there"),
    ("both",         12,    3,       (4, 8),  "knows versions up to 2"),
    ("both",         12,    4,       (4, 8),  "knows versions up to 2"),
    ("both",         29,    0,       (6, 1),  "has the method of later versions in each"),
    ("both",         65,    1,       (4, 2),  "knows version 0"),
    ("gurux",        28,    2,       (6, 0),  "knows version 0"),
    ("gurux",        40,    1,       (7, 1),  "knows version 0"),
    ("gurux",        40,    2,       (7, 1),  "knows version 0"),
    ("gurux",        40,    3,       (7, 1),  "knows version 0"),
    ("gurux",        50,    0,       (15, 0), "knows version 1"),
    ("gurux",        51,    0,       (1, 1),  "does not count the attribute that it reads itself"),
    ("gurux_python", 4,     0,       (5, 0),  "leaves the method reset out"),
    ("gurux_python", 91,    4,       (22, 1), "knows versions up to 3"),
    ("gurux_python", 92,    4,       (23, 0), "knows versions up to 3"),
    ("gurux_python", 151,   0,       (3, 0),  "knows version 1"),
]  # fmt: skip

A_STRUCTURE = "a structure is called an array; Gurux itself writes a structure there"
TYPES = [
    # peer           class  version  attributes  reason
    ("both",         4,     0,       [3],        A_STRUCTURE),
    ("both",         5,     0,       [4],        A_STRUCTURE),
    ("both",         7,     0,       [6],        A_STRUCTURE),
    ("both",         7,     1,       [6],        A_STRUCTURE),
    ("both",         21,    0,       [3],        A_STRUCTURE),
    ("both",         22,    0,       [2],        A_STRUCTURE),
    ("both",         28,    0,       [6],        A_STRUCTURE),
    ("both",         28,    2,       [6],        A_STRUCTURE),
    ("both",         45,    0,       [4],        A_STRUCTURE),
    ("gurux",        24,    0,       [2, 3, 5],  "knows version 1"),
    ("gurux",        40,    2,       [7],        "knows version 0"),
    ("gurux",        40,    3,       [7],        "knows version 0"),
    ("gurux",        59,    0,       [2, 5],     "Gurux in .Net has long-unsigned there, as we have"),
]  # fmt: skip


class Difference:
    """What a peer says of the classes that both know, and where it says other things than our declarations."""

    def __init__(self, peer: PeerProcess) -> None:
        answer = peer.ask({"do": "classes", "classes": EVERY})
        self.known: dict[Key, dict[str, Any]] = {
            key: found for key, found in zip(EVERY, answer["classes"], strict=True) if found is not None
        }

    def of_counts(self) -> dict[Key, tuple[int, int]]:
        """The numbers of their attributes and methods, where ours are others."""
        return {
            (interface.class_id, interface.version): theirs
            for interface, found in self.pairs()
            if (theirs := (len(found["types"]), found["methods"]))
            != (len(interface.attributes()), len(interface.methods()))
        }

    def of_types(self) -> dict[Key, list[int]]:
        """The numbers of the attributes whose type, as they name it, ours does not admit."""
        found = {
            (interface.class_id, interface.version): [
                attribute.number
                for attribute, tag in zip(interface.attributes(), theirs["types"], strict=False)
                if tag and not admits(attribute.datatype, tag)
            ]
            for interface, theirs in self.pairs()
        }
        return {key: attributes for key, attributes in found.items() if attributes}

    def pairs(self) -> list[tuple[Any, dict[str, Any]]]:
        """Our declaration and what they say, of each class that both know."""
        return [
            (i, self.known[i.class_id, i.version]) for i in interface_classes() if (i.class_id, i.version) in self.known
        ]


def admits(datatype: DataType[Any], tag: int) -> bool:
    """Whether values of the type may bear the tag."""
    if isinstance(datatype, Choice):
        return tag in datatype.tags
    if isinstance(datatype, DateTimeInEitherForm):
        return tag in {Tag.OCTET_STRING, Tag.DATE_TIME}
    return isinstance(datatype, AnyType) or datatype.encode(datatype.blank())[0] == tag


@pytest.fixture(scope="module", params=PEERS)
def peer(request: pytest.FixtureRequest) -> tuple[str, Difference]:
    """A peer by name, and what it says."""
    return request.param, Difference(request.getfixturevalue(request.param))


def test_attributes_and_methods_are_as_many(peer: tuple[str, Difference]) -> None:
    name, difference = peer
    expected = {(row[1], row[2]): row[3] for row in COUNTS if row[0] in {name, "both"}}
    assert difference.of_counts() == expected


def test_attributes_have_the_types_that_gurux_names(peer: tuple[str, Difference]) -> None:
    name, difference = peer
    expected = {(row[1], row[2]): row[3] for row in TYPES if row[0] in {name, "both"}}
    assert difference.of_types() == expected


def test_enough_is_compared(peer: tuple[str, Difference]) -> None:
    name, difference = peer
    assert len({class_id for class_id, _ in difference.known}) >= {"gurux": 50, "gurux_python": 45}[name]
    assert (3, 0) in difference.known
