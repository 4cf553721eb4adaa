"""When an attribute of an object last changed: the capture time of the diagnostic classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from ferraris.cosem.date_time import CosemDateTime
from ferraris.cosem.types import DATE_TIME, UNSIGNED, Structure


@dataclass(frozen=True, slots=True)
class AttributeCaptureTime:
    """The attribute that changed most recently, and when."""

    attribute_id: Annotated[int, UNSIGNED]
    time_stamp: Annotated[CosemDateTime, DATE_TIME]


ATTRIBUTE_CAPTURE_TIME: Final = Structure(AttributeCaptureTime)
