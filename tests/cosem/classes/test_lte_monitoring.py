"""LTE monitoring, class 151: timers and signal in its two versions."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem.classes.lte_monitoring import LteMonitoring, LteMonitoringV0
from ferraris.cosem.types import DataType
from tests.cosem.known_octets import assert_holds

VERSIONS = [(151, (0, 1), """
    number  name                    v0               v1
    1       logical_name            logical name     =
    2       lte_network_parameters  LteParametersV0  LteNetworkParameters
    3       lte_quality_of_service  -                LteQualityOfService
""")]  # fmt: skip

KNOWN = [
    # type  octets  plain
    (LteMonitoring.logical_name.datatype,              "0906 00001a0000ff",                          "0.0.26.0.0.255"),
    (LteMonitoringV0.lte_network_parameters.datatype,  "0205 12 02d0 12 0e10 11 0a 11 32 0f 92",
     {"t3402": 720, "t3412": 3600, "rsrq": 10, "rsrp": 50, "q_rx_lev_min": -110}),
    (LteMonitoring.lte_network_parameters.datatype,    "0209 12 02d0 12 0e10 06 00015180 12 0014 06 00000014 12 0002 0f c4 0f ba 0f b0",
     {"t3402": 720, "t3412": 3600, "t3412_ext2": 86_400, "t3324": 20, "t_edrx": 20, "t_ptw": 2,
      "q_rx_lev_min": -60, "q_rx_lev_min_ce": -70, "q_rx_lev_min_ce1": -80}),
    (LteMonitoring.lte_quality_of_service.datatype,    "0204 0f f6 0f a1 0f 05 16 02",
     {"rsrq": -10, "rsrp": -95, "signal_to_noise_ratio": 5, "coverage_enhancement": "level_2"}),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "octets", "plain"), KNOWN)
def test_known_octets(datatype: DataType[Any], octets: str, plain: object) -> None:
    assert_holds(datatype, octets, plain)
