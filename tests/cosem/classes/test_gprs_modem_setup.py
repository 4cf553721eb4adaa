"""GPRS modem setup, class 45."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem.classes.gprs_modem_setup import GprsModemSetup
from ferraris.cosem.types import DataType
from tests.cosem.known_octets import assert_holds

VERSIONS = [(45, (0,), """
    number  name                v0
    1       logical_name        logical name
    2       apn                 octet-string
    3       pin_code            long-unsigned
    4       quality_of_service  QualityOfService
""")]  # fmt: skip


def quality(precedence: int, delay: int, reliability: int, peak: int, mean: int) -> dict[str, int]:
    return {
        "precedence": precedence,
        "delay": delay,
        "reliability": reliability,
        "peak_throughput": peak,
        "mean_throughput": mean,
    }


KNOWN = [
    # type  octets  plain
    (GprsModemSetup.logical_name.datatype,        "0906 0000190400ff",                          "0.0.25.4.0.255"),
    (GprsModemSetup.apn.datatype,                 "0908 696e7465726e6574",                      "0x696e7465726e6574"),
    (GprsModemSetup.pin_code.datatype,            "12 04d2",                                    1234),
    (GprsModemSetup.quality_of_service.datatype,  "0202 0205 1101 1102 1103 1104 111f 0205 1100 1100 1100 1100 1100",
     {"default": quality(1, 2, 3, 4, 31), "requested": quality(0, 0, 0, 0, 0)}),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "octets", "plain"), KNOWN)
def test_known_octets(datatype: DataType[Any], octets: str, plain: object) -> None:
    assert_holds(datatype, octets, plain)
