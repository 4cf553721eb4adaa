"""Arbitrator, class 68: actors, actions, permissions and weights."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem.classes.arbitrator import Arbitrator
from ferraris.cosem.types import DataType
from tests.cosem.known_octets import assert_holds

VERSIONS = [(68, (0,), """
    number  name                        v0
    1       logical_name                logical name
    2       actions                     array of ExecutedScript
    3       permissions_table           array of bit-string
    4       weightings_table            array of array of long-unsigned
    5       most_recent_requests_table  array of bit-string
    6       last_outcome                unsigned
    -1      request_action              ActionRequest
    -2      reset                       integer
""")]  # fmt: skip

KNOWN = [
    # type  octets  plain
    (Arbitrator.logical_name.datatype,                "0906 0000600314ff",                          "0.0.96.3.20.255"),
    (Arbitrator.actions.datatype,                     "0101 0202 0906 00000a006aff 120001",
     [{"script_logical_name": "0.0.10.0.106.255", "script_selector": 1}]),
    (Arbitrator.permissions_table.datatype,           "0102 04 02 c0 04 02 40",                     ["11", "01"]),
    (Arbitrator.weightings_table.datatype,            "0102 0102 12 0001 12 0002 0102 12 0003 12 0004",
     [[1, 2], [3, 4]]),
    (Arbitrator.most_recent_requests_table.datatype,  "0101 04 02 00",                              ["00"]),
    (Arbitrator.last_outcome.datatype,                "11 01",                                      1),
    (Arbitrator.request_action.argument,              "0202 1101 04 02 80",
     {"request_actor": 1, "request_action_list": "10"}),
    (Arbitrator.reset.argument,                       "0f 00",                                      0),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "octets", "plain"), KNOWN)
def test_known_octets(datatype: DataType[Any], octets: str, plain: object) -> None:
    assert_holds(datatype, octets, plain)
