"""M-Bus diagnostic, class 77: how well a server is heard over M-Bus, and what it has counted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated

from ferraris.cosem.classes.attribute_capture_time import ATTRIBUTE_CAPTURE_TIME
from ferraris.cosem.date_time import CosemDateTime
from ferraris.cosem.declaration import DYNAMIC, Attribute, CosemObject, Method
from ferraris.cosem.types import DATE_TIME, DOUBLE_LONG_UNSIGNED, INTEGER, UNSIGNED, Array, Enumerated, Structure


class LinkStatus(IntEnum):
    """Whether the other side was heard lately."""

    NEVER_RECEIVED = 0
    NORMAL = 1
    TEMPORARILY_INTERRUPTED = 2
    PERMANENTLY_INTERRUPTED = 3


@dataclass(frozen=True, slots=True)
class BroadcastFrames:
    """How many frames to all devices a client has sent, and when the last one came."""

    client_id: Annotated[int, UNSIGNED]
    counter: Annotated[int, DOUBLE_LONG_UNSIGNED]
    time_stamp: Annotated[CosemDateTime, DATE_TIME]


class MBusDiagnostic(CosemObject, class_id=77, version=0):
    """Signal strength, channel, link status and counters of frames. Blue Book 4.8.7."""

    received_signal_strength = Attribute(2, UNSIGNED, DYNAMIC)
    channel_id = Attribute(3, UNSIGNED, DYNAMIC)
    link_status = Attribute(4, Enumerated(LinkStatus), DYNAMIC)
    broadcast_frames_counter = Attribute(5, Array(Structure(BroadcastFrames)), DYNAMIC)
    transmissions_counter = Attribute(6, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    received_frames_counter = Attribute(7, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    failed_received_frames_counter = Attribute(8, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    capture_time = Attribute(9, ATTRIBUTE_CAPTURE_TIME, DYNAMIC)

    reset = Method(1, INTEGER)
