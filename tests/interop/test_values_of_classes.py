"""A value of every attribute of every class, read by Gurux in Java and written back: the same octets, or a known reason.

That Gurux writes what we wrote holds every compound to its shape: how many members, in which order, of which types.
"""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem import Attribute, interface_classes
from tests.interop.peers.process import PeerProcess
from tests.interop.samples import sample

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("interop")]

Place = tuple[int, int, int]
"""Class, version, attribute."""

NEEDS_MORE = "wants other objects, or a longer conversation, to write it"
NOT_KEPT = "does not keep what it reads"
OTHER_VERSION = "knows another version"
MEANING = "checks a meaning that the sample has not"
WRITTEN_OTHERWISE = [
    # class  versions         attributes  reason
    (7,      (0, 1),          [2],        NEEDS_MORE),
    (10,     (0,),            [2],        "a week has seven bits, the sample eight"),
    (12,     (0, 1, 2, 3, 4), [2],        "fails on the members it has read"),
    (12,     (2, 3, 4),       [3, 4],     "fails on the members it has read"),
    (15,     (0, 1, 2, 3),    [2],        NOT_KEPT),
    (15,     (0, 1, 2, 3),    [4, 6],     MEANING),
    (15,     (2, 3),          [10],       "fails on the members it has read"),
    (18,     (0,),            [7],        NEEDS_MORE),
    (21,     (0,),            [4],        "writes a structure for the array that it reads"),
    (24,     (0,),            [2, 3, 4, 5], OTHER_VERSION),
    (26,     (0,),            [3],        "takes the length from the buffer"),
    (27,     (0,),            [3],        OTHER_VERSION),
    (40,     (1, 2, 3),       [2],        OTHER_VERSION),
    (40,     (2, 3),          [7],        OTHER_VERSION),
    (42,     (0,),            [4],        "writes a count and nothing behind it"),
    (42,     (0,),            [5],        MEANING),
    (47,     (0, 1, 2),       [2],        NOT_KEPT),
    (47,     (0, 1, 2),       [8],        "writes a date-time under its own tag; we take both"),
    (59,     (0,),            [2, 5],     "has one octet; Gurux in .Net has two, as we have"),
    (62,     (0, 1),          [3],        NEEDS_MORE),
    (64,     (0, 1),          [4, 5],     MEANING),
    (64,     (1,),            [6],        NEEDS_MORE),
    (68,     (0,),            [5],        "fails on the bit-strings it has read"),
    (71,     (0,),            [2],        NEEDS_MORE),
    (72,     (0, 1),          [3],        "fails on the octet-strings it has read"),
    (100,    (0,),            [6],        "keeps one of two keys with the same number"),
    (113,    (0,),            [5, 6],     NEEDS_MORE),
    (113,    (0,),            [10],       "writes a date-time under its own tag; we take both"),
    (124,    (0,),            [7],        NEEDS_MORE),
]  # fmt: skip


def samples() -> list[tuple[Place, Attribute[Any], str]]:
    """A value of every attribute but the logical name."""
    return [
        (
            (interface.class_id, interface.version, attribute.number),
            attribute,
            attribute.datatype.encode(sample(attribute.datatype)).hex(),
        )
        for interface in interface_classes()
        for attribute in interface.attributes()[1:]
    ]


@pytest.fixture(scope="module")
def written(gurux: PeerProcess) -> dict[Place, str]:
    """What Gurux writes back, by place; nothing where it has no such attribute."""
    values = [[*place, octets] for place, _, octets in samples()]
    answer = gurux.ask({"do": "write back", "values": values})["written"]
    return {place: back for (place, _, _), back in zip(samples(), answer, strict=True) if back is not None}


def test_gurux_writes_back_what_we_wrote(written: dict[Place, str]) -> None:
    otherwise = {place for place, _, octets in samples() if place in written and written[place] != octets}
    expected = {
        (class_id, version, attribute)
        for class_id, versions, attributes, _ in WRITTEN_OTHERWISE
        for version in versions
        for attribute in attributes
    }
    assert otherwise == expected


def test_most_values_are_compared(written: dict[Place, str]) -> None:
    assert len(written) >= 450


def test_samples_survive_our_own_way_there_and_back() -> None:
    for _, attribute, octets in samples():
        assert attribute.datatype.encode(attribute.datatype.decode(bytes.fromhex(octets))).hex() == octets
