"""S-FSK active initiator, class 51: the concentrator that has registered this meter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ferraris.cosem.declaration import DYNAMIC, Attribute, CosemObject, Method
from ferraris.cosem.types import INTEGER, LONG_UNSIGNED, OCTET_STRING, UNSIGNED, Structure


@dataclass(frozen=True, slots=True)
class InitiatorDescriptor:
    """Who the initiator is and how it is addressed."""

    system_title: Annotated[bytes, OCTET_STRING]
    mac_address: Annotated[int, LONG_UNSIGNED]
    l_sap_selector: Annotated[int, UNSIGNED]


class SFskActiveInitiator(CosemObject, class_id=51, version=0):
    """The last initiator that registered this server. Blue Book 4.10.4."""

    active_initiator = Attribute(2, Structure(InitiatorDescriptor), DYNAMIC)

    reset_new_not_synchronized = Method(1, INTEGER)
