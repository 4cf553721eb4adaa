"""PPP setup, class 44: the options of a point-to-point link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ferraris.codec import Data, Tag
from ferraris.cosem.declaration import STATIC, Attribute, CosemObject
from ferraris.cosem.types import ANY, LOGICAL_NAME, UNSIGNED, Array, Choice, Structure


@dataclass(frozen=True, slots=True)
class PppOption:
    """An option by its number in the RFCs of LCP (1661) and IPCP (1332), its length in octets, and its value."""

    option_type: Annotated[int, UNSIGNED]
    option_length: Annotated[int, UNSIGNED]
    option_data: Annotated[Data, ANY]


class PppSetup(CosemObject, class_id=44, version=0):
    """Options of the link and of IP on it, and how it is authenticated. Blue Book 4.9.5.

    `phy_reference` names the physical layer. `ppp_authentication` is null-data for none, a structure of user name and
    secret for PAP; for CHAP and EAP its members are others.
    """

    phy_reference = Attribute(2, LOGICAL_NAME, STATIC)
    lcp_options = Attribute(3, Array(Structure(PppOption)), STATIC)
    ipcp_options = Attribute(4, Array(Structure(PppOption)), STATIC)
    ppp_authentication = Attribute(5, Choice(Tag.NULL_DATA, Tag.STRUCTURE), STATIC)
