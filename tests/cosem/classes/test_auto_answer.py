"""Auto answer, class 28: when calls are taken, and whose."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem.classes.auto_answer import AutoAnswer, AutoAnswerV0
from ferraris.cosem.types import DataType
from tests.cosem.known_octets import assert_holds

VERSIONS = [(28, (0, 2), """
    number  name                     v0                            v2
    1       logical_name             logical name                  =
    2       mode                     enum AutoAnswerMode           =
    3       listening_window         array of CommunicationWindow  =
    4       status                   enum AutoAnswerStatus         =
    5       number_of_calls          unsigned                      =
    6       number_of_rings          NumberOfRings                 =
    7       list_of_allowed_callers  -                             array of AllowedCaller
""")]  # fmt: skip

KNOWN = [
    # type  octets  plain
    (AutoAnswer.logical_name.datatype,             "0906 0000020200ff",                          "0.0.2.2.0.255"),
    (AutoAnswerV0.mode.datatype,                   "16 00",                                      "dedicated_line"),
    (AutoAnswer.mode.datatype,                     "16 c8",                                      "code_200"),
    (AutoAnswer.listening_window.datatype,         "0101 0202 090c ffffffffff 02000000 8000 ff 090c ffffffffff 04000000 8000 ff",
     [{"start_time": "*-*-* 02:00:00", "end_time": "*-*-* 04:00:00"}]),
    (AutoAnswer.status.datatype,                   "16 02",                                      "locked"),
    (AutoAnswer.number_of_calls.datatype,          "11 05",                                      5),
    (AutoAnswer.number_of_rings.datatype,          "0202 1102 1100",
     {"in_window": 2, "out_of_window": 0}),
    (AutoAnswer.list_of_allowed_callers.datatype,  "0101 0202 0903 313233 1601",
     [{"caller_id": "0x313233", "call_type": "wake_up"}]),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "octets", "plain"), KNOWN)
def test_known_octets(datatype: DataType[Any], octets: str, plain: object) -> None:
    assert_holds(datatype, octets, plain)
