"""S-FSK MAC counters, class 53: what the MAC layer of S-FSK has counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ferraris.cosem.declaration import DYNAMIC, Attribute, CosemObject, Method
from ferraris.cosem.types import DOUBLE_LONG_UNSIGNED, INTEGER, LONG_UNSIGNED, Array, Structure


@dataclass(frozen=True, slots=True)
class CountOfSource:
    """How often something came from one MAC address."""

    mac_address: Annotated[int, LONG_UNSIGNED]
    count: Annotated[int, DOUBLE_LONG_UNSIGNED]


@dataclass(frozen=True, slots=True)
class DesynchronizationListing:
    """How often synchronization was lost, by cause."""

    nb_physical_layer_desynchronization: Annotated[int, DOUBLE_LONG_UNSIGNED]
    nb_time_out_not_addressed_desynchronization: Annotated[int, DOUBLE_LONG_UNSIGNED]
    nb_time_out_frame_not_ok_desynchronization: Annotated[int, DOUBLE_LONG_UNSIGNED]
    nb_write_request_desynchronization: Annotated[int, DOUBLE_LONG_UNSIGNED]
    nb_wrong_initiator_desynchronization: Annotated[int, DOUBLE_LONG_UNSIGNED]


class SFskMacCounters(CosemObject, class_id=53, version=0):
    """Synchronizations, their losses, and frames by fate. Blue Book 4.10.6."""

    synchronization_register = Attribute(2, Array(Structure(CountOfSource)), DYNAMIC)
    desynchronization_listing = Attribute(3, Structure(DesynchronizationListing), DYNAMIC)
    broadcast_frames_counter = Attribute(4, Array(Structure(CountOfSource)), DYNAMIC)
    repetitions_counter = Attribute(5, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    transmissions_counter = Attribute(6, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    crc_ok_frames_counter = Attribute(7, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    crc_nok_frames_counter = Attribute(8, DOUBLE_LONG_UNSIGNED, DYNAMIC)

    reset = Method(1, INTEGER)
