"""LTE monitoring, class 151: timers of the mobile network and the quality of its signal."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated

from ferraris.cosem.declaration import DYNAMIC, Attribute, CosemObject
from ferraris.cosem.types import DOUBLE_LONG_UNSIGNED, INTEGER, LONG_UNSIGNED, UNSIGNED, Enumerated, Structure


class CoverageEnhancement(IntEnum):
    """How often transmissions are repeated for a weak signal."""

    LEVEL_0 = 0
    LEVEL_1 = 1
    LEVEL_2 = 2


@dataclass(frozen=True, slots=True)
class LteParametersV0:
    """Timers of the network, received signal, and the least level at which a cell is taken."""

    t3402: Annotated[int, LONG_UNSIGNED]
    t3412: Annotated[int, LONG_UNSIGNED]
    rsrq: Annotated[int, UNSIGNED]
    rsrp: Annotated[int, UNSIGNED]
    q_rx_lev_min: Annotated[int, INTEGER]


@dataclass(frozen=True, slots=True)
class LteNetworkParameters:
    """Timers of the network, among them those of sleeping devices, and the least levels at which a cell is taken."""

    t3402: Annotated[int, LONG_UNSIGNED]
    t3412: Annotated[int, LONG_UNSIGNED]
    t3412_ext2: Annotated[int, DOUBLE_LONG_UNSIGNED]
    t3324: Annotated[int, LONG_UNSIGNED]
    t_edrx: Annotated[int, DOUBLE_LONG_UNSIGNED]
    t_ptw: Annotated[int, LONG_UNSIGNED]
    q_rx_lev_min: Annotated[int, INTEGER]
    q_rx_lev_min_ce: Annotated[int, INTEGER]
    q_rx_lev_min_ce1: Annotated[int, INTEGER]


@dataclass(frozen=True, slots=True)
class LteQualityOfService:
    """Received signal: quality, power and distance from the noise."""

    rsrq: Annotated[int, INTEGER]
    rsrp: Annotated[int, INTEGER]
    signal_to_noise_ratio: Annotated[int, INTEGER]
    coverage_enhancement: Annotated[CoverageEnhancement, Enumerated(CoverageEnhancement)]


class LteMonitoringV0(CosemObject, class_id=151, version=0):
    """Timers and signal in one structure. Its members are those of one public implementation."""

    lte_network_parameters = Attribute(2, Structure(LteParametersV0), DYNAMIC)


class LteMonitoring(CosemObject, class_id=151, version=1):
    """Timers and signal apart. Blue Book 4.7.9. Their members are those of one public implementation."""

    lte_network_parameters = Attribute(2, Structure(LteNetworkParameters), DYNAMIC)
    lte_quality_of_service = Attribute(3, Structure(LteQualityOfService), DYNAMIC)
