"""ISO/IEC 14908 identification, class 130: a node of a control network over power line (IEC 62056-8-8)."""

from __future__ import annotations

from ferraris.cosem.declaration import STATIC, Attribute, CosemObject
from ferraris.cosem.types import OCTET_STRING, UNSIGNED


class IsoIec14908Identification(CosemObject, class_id=130, version=0):
    """Where the node is, and the number that no other node has. Blue Book 4.19.2."""

    node_id = Attribute(2, UNSIGNED, STATIC)
    subnet_id = Attribute(3, UNSIGNED, STATIC)
    domain_id = Attribute(4, OCTET_STRING, STATIC)
    program_id = Attribute(5, OCTET_STRING, STATIC)
    unique_node_id = Attribute(6, OCTET_STRING, STATIC)
