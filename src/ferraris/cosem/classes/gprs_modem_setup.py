"""GPRS modem setup, class 45: access point, PIN and quality of service of a GPRS modem."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ferraris.cosem.declaration import STATIC, Attribute, CosemObject
from ferraris.cosem.types import LONG_UNSIGNED, OCTET_STRING, UNSIGNED, Structure


@dataclass(frozen=True, slots=True)
class GprsQuality:
    """Classes of service as the GPRS network numbers them."""

    precedence: Annotated[int, UNSIGNED]
    delay: Annotated[int, UNSIGNED]
    reliability: Annotated[int, UNSIGNED]
    peak_throughput: Annotated[int, UNSIGNED]
    mean_throughput: Annotated[int, UNSIGNED]


@dataclass(frozen=True, slots=True)
class QualityOfService:
    """What the subscription gives and what is asked for."""

    default: Annotated[GprsQuality, Structure(GprsQuality)]
    requested: Annotated[GprsQuality, Structure(GprsQuality)]


class GprsModemSetup(CosemObject, class_id=45, version=0):
    """How a modem reaches its mobile network. Blue Book 4.7.7."""

    apn = Attribute(2, OCTET_STRING, STATIC)
    pin_code = Attribute(3, LONG_UNSIGNED, STATIC)
    quality_of_service = Attribute(4, Structure(QualityOfService), STATIC)
