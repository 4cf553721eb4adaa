"""Sensor manager, class 67: a sensor, its values, and what watches them."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem.classes.sensor_manager import SensorManager
from ferraris.cosem.types import DataType
from tests.cosem.known_octets import assert_holds

VERSIONS = [(67, (0,), f"""
    number  name                         v0
    1       logical_name                 logical name
    2       serial_number                octet-string
    3       metrological_identification  octet-string
    4       output_type                  enum
    5       adjustment_method            octet-string
    6       sealing_method               enum
    7       raw_value                    {SensorManager.raw_value.datatype.name}
    8       scaler_unit                  ScalerUnit
    9       status                       any type
    10      capture_time                 date-time in octet-string(12)
    11      raw_value_thresholds         array of {SensorManager.raw_value.datatype.name}
    12      raw_value_actions            array of ThresholdActions
    13      processed_value              AttributeReference
    14      processed_value_thresholds   array of {SensorManager.raw_value.datatype.name}
    15      processed_value_actions      array of ThresholdActions
    -1      reset                        integer
""")]  # fmt: skip

KNOWN = [
    # type  octets  plain
    (SensorManager.serial_number.datatype,            "0903 313233",                         "0x313233"),
    (SensorManager.output_type.datatype,              "16 01",                               1),
    (SensorManager.raw_value.datatype,                "12 0fa0",                             4000),
    (SensorManager.scaler_unit.datatype,              "0202 0ffd 1623",
     {"scaler": -3, "unit": "volt"}),
    (SensorManager.status.datatype,                   "11 00",                               0),
    (SensorManager.capture_time.datatype,             "090c 07e8010f010c1e2d32ffc400",
     "2024-01-15 12:30:45 -60 min to UTC"),
    (SensorManager.raw_value_thresholds.datatype,     "0101 12 1388",                        [5000]),
    (SensorManager.processed_value.datatype,          "0203 120003 0906 0700290000ff 0f02",
     {"class_id": 3, "logical_name": "7.0.41.0.0.255", "attribute_index": 2}),
    (SensorManager.processed_value_actions.datatype,  "0100",                                []),
    (SensorManager.reset.argument,                    "0f 00",                               0),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "octets", "plain"), KNOWN)
def test_known_octets(datatype: DataType[Any], octets: str, plain: object) -> None:
    assert_holds(datatype, octets, plain)
