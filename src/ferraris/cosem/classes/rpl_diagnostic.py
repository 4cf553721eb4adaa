"""RPL diagnostic, class 97: a node's place in the routing graph of RFC 6550."""

from __future__ import annotations

from enum import IntEnum

from ferraris.cosem.declaration import DYNAMIC, Attribute, CosemObject, Method
from ferraris.cosem.types import BOOLEAN, INTEGER, LONG, OCTET_STRING, UNSIGNED, Enumerated


class ModeOfOperation(IntEnum):
    """How routes downwards are kept. The numbers are those of RFC 6550."""

    NO_DOWNWARD_ROUTES = 0
    NON_STORING = 1
    STORING_WITHOUT_MULTICAST = 2
    STORING_WITH_MULTICAST = 3


class RplDiagnostic(CosemObject, class_id=97, version=0):
    """The DODAG that the node belongs to, and its rank there. Blue Book 4.18.3."""

    rpl_instance_id = Attribute(2, UNSIGNED, DYNAMIC)
    dodag_version_number = Attribute(3, UNSIGNED, DYNAMIC)
    dodag_rank = Attribute(4, LONG, DYNAMIC)
    grounded = Attribute(5, BOOLEAN, DYNAMIC)
    mode_of_operation = Attribute(6, Enumerated(ModeOfOperation), DYNAMIC)
    dodag_prf = Attribute(7, UNSIGNED, DYNAMIC)
    dodag_dtsn = Attribute(8, UNSIGNED, DYNAMIC)
    dodag_id = Attribute(9, OCTET_STRING, DYNAMIC)

    reset = Method(1, INTEGER)
