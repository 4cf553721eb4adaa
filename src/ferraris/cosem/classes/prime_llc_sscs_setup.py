"""61334-4-32 LLC SSCS setup, class 80: the addresses of a PRIME node and of the base node that gave them."""

from __future__ import annotations

from ferraris.cosem.declaration import DYNAMIC, Attribute, CosemObject, Method
from ferraris.cosem.types import INTEGER, LONG_UNSIGNED


class PrimeLlcSscsSetup(CosemObject, class_id=80, version=0):
    """Where the node is in its subnetwork; `reset` frees the address. Blue Book 4.12.3."""

    service_node_address = Attribute(2, LONG_UNSIGNED, DYNAMIC)
    base_node_address = Attribute(3, LONG_UNSIGNED, DYNAMIC)

    reset = Method(1, INTEGER)
