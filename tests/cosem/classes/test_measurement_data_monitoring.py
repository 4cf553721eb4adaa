"""Measurement data monitoring, class 66: a waveform around a trigger."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem.classes.measurement_data_monitoring import MeasurementDataMonitoring
from ferraris.cosem.types import DataType
from tests.cosem.known_octets import assert_holds

VERSIONS = [(66, (0,), """
    number  name                              v0
    1       logical_name                      logical name
    2       waveform_data                     any type
    3       trigger_time                      long64-unsigned
    4       trigger_source                    TriggerSource
    5       status                            enum
    6       sampling_rate                     double-long-unsigned
    7       number_of_samples_before_trigger  double-long-unsigned
    8       number_of_samples_after_trigger   double-long-unsigned
    9       scaler_unit                       ScalerUnit
    -1      reset                             integer
    -2      trigger                           integer
""")]  # fmt: skip

KNOWN = [
    # type  octets  plain
    (MeasurementDataMonitoring.trigger_time.datatype,                      "15 00060ea3b5c2a000",  0x00060EA3B5C2A000),
    (MeasurementDataMonitoring.trigger_source.datatype,                    "0202 1601 12 0007",
     {"trigger_origin": "local_script", "trigger_cause": 7}),
    (MeasurementDataMonitoring.status.datatype,                            "16 02",                2),
    (MeasurementDataMonitoring.sampling_rate.datatype,                     "06 00001f40",          8000),
    (MeasurementDataMonitoring.number_of_samples_before_trigger.datatype,  "06 00000000",          0),
    (MeasurementDataMonitoring.number_of_samples_after_trigger.datatype,   "06 00000640",          1600),
    (MeasurementDataMonitoring.scaler_unit.datatype,                       "0202 0ffe 1623",
     {"scaler": -2, "unit": "volt"}),
    (MeasurementDataMonitoring.trigger.argument,                           "0f 00",                0),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "octets", "plain"), KNOWN)
def test_known_octets(datatype: DataType[Any], octets: str, plain: object) -> None:
    assert_holds(datatype, octets, plain)
