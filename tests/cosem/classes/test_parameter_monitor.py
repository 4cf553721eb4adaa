"""Parameter monitor, class 65: the last change, and the digest that version 1 adds."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem.classes.parameter_monitor import ParameterMonitor, ParameterMonitorV0
from ferraris.cosem.types import DataType
from tests.cosem.known_octets import assert_holds

VERSIONS = [(65, (0, 1), """
    number  name                    v0                             v1
    1       logical_name            logical name                   =
    2       changed_parameter       ChangedParameter               =
    3       capture_time            date-time in octet-string(12)  =
    4       parameter_list          array of AttributeReference    =
    5       parameter_list_name     -                              octet-string
    6       hash_algorithm_id       -                              enum
    7       parameter_value_digest  -                              octet-string
    8       parameter_values        -                              row
    -1      add_parameter           AttributeReference             =
    -2      delete_parameter        AttributeReference             =
""")]  # fmt: skip

PERIOD = "0203 120007 0906 0100630100ff 0f04"
PERIOD_READ = {"class_id": 7, "logical_name": "1.0.99.1.0.255", "attribute_index": 4}

KNOWN = [
    # type  octets  plain
    (ParameterMonitor.logical_name.datatype,            "0906 0000100200ff",                          "0.0.16.2.0.255"),
    (ParameterMonitorV0.changed_parameter.datatype,     "0204 120007 0906 0100630100ff 0f04 06 00000384",
     {"class_id": 7, "logical_name": "1.0.99.1.0.255", "attribute_index": 4, "attribute_value": 900}),
    (ParameterMonitor.capture_time.datatype,            "090c 07e8010f010c1e2d32ffc400",
     "2024-01-15 12:30:45 -60 min to UTC"),
    (ParameterMonitor.parameter_list.datatype,          f"0101 {PERIOD}",                             [PERIOD_READ]),
    (ParameterMonitor.parameter_list_name.datatype,     "0903 4d4944",                                "0x4d4944"),
    (ParameterMonitor.hash_algorithm_id.datatype,       "16 01",                                      1),
    (ParameterMonitor.parameter_value_digest.datatype,  "0904 01020304",                              "0x01020304"),
    (ParameterMonitor.parameter_values.datatype,        "0202 06 00000384 1601",                      [900, 1]),
    (ParameterMonitorV0.add_parameter.argument,         PERIOD,                                  PERIOD_READ),
    (ParameterMonitor.delete_parameter.argument,        PERIOD,                                  PERIOD_READ),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "octets", "plain"), KNOWN)
def test_known_octets(datatype: DataType[Any], octets: str, plain: object) -> None:
    assert_holds(datatype, octets, plain)
