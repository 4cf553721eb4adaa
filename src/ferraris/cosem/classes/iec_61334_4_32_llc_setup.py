"""IEC 61334-4-32 LLC setup, class 55: the LLC sublayer over S-FSK power line carrier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject
from ferraris.cosem.types import UNSIGNED, Array, Structure


@dataclass(frozen=True, slots=True)
class ReplyStatus:
    """How many octets wait to be fetched at a service access point of the LLC sublayer."""

    l_sap_selector: Annotated[int, UNSIGNED]
    length_of_waiting_l_sdu: Annotated[int, UNSIGNED]


class Iec61334432LlcSetup(CosemObject, class_id=55, version=1):
    """The longest LLC frame and the replies that wait. Blue Book 4.10.7.

    The members of a reply status are uncertain in public sources, and so is version 0, which is not declared.
    """

    max_frame_length = Attribute(2, UNSIGNED, STATIC)
    reply_status_list = Attribute(3, Array(Structure(ReplyStatus)), DYNAMIC)
