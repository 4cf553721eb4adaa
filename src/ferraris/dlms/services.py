"""Which conformance a request needs: what was not negotiated when the association was opened is not served in it.

The conformance block names services and their forms one by one (Green Book 9.4.6.1). Block transfer of long results needs no
request of its own form, so the engine looks that bit up where it cuts.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from ferraris.dlms.apdu import (
    AccessKind,
    AccessRequest,
    ActionRequestNextBlock,
    ActionRequestNormal,
    ActionRequestWithBlock,
    ActionRequestWithFirstBlock,
    ActionRequestWithList,
    ActionRequestWithListAndFirstBlock,
    Conformance,
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    SetRequestNormal,
    SetRequestWithBlock,
    SetRequestWithFirstBlock,
    SetRequestWithList,
    SetRequestWithListAndFirstBlock,
)
from ferraris.dlms.events import Request

CONFORMANCES_REMEMBERED: Final = 64
SERVICES: Final = (
    Conformance.GET
    | Conformance.SET
    | Conformance.ACTION
    | Conformance.ACCESS
    | Conformance.READ
    | Conformance.WRITE
    | Conformance.UNCONFIRMED_WRITE
)
"""An association with none of these can carry no request."""
_LIST: Final = Conformance.MULTIPLE_REFERENCES
_SET_BLOCKS: Final = Conformance.SET | Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE
_ACTION_BLOCKS: Final = Conformance.ACTION | Conformance.BLOCK_TRANSFER_WITH_ACTION
_SELECTION: Final = int(Conformance.SELECTIVE_ACCESS)

# Numbers, no flags: looked up for every request, and a flag type makes a new member for each test of a bit.
_NEEDED: Final[dict[type, int]] = {
    GetRequestNormal: int(Conformance.GET),
    GetRequestNext: int(Conformance.GET),
    GetRequestWithList: int(Conformance.GET | _LIST),
    SetRequestNormal: int(Conformance.SET),
    SetRequestWithList: int(Conformance.SET | _LIST),
    SetRequestWithFirstBlock: int(_SET_BLOCKS),
    SetRequestWithBlock: int(_SET_BLOCKS),
    SetRequestWithListAndFirstBlock: int(_SET_BLOCKS | _LIST),
    ActionRequestNormal: int(Conformance.ACTION),
    ActionRequestWithList: int(Conformance.ACTION | _LIST),
    ActionRequestNextBlock: int(_ACTION_BLOCKS),
    ActionRequestWithFirstBlock: int(_ACTION_BLOCKS),
    ActionRequestWithBlock: int(_ACTION_BLOCKS),
    ActionRequestWithListAndFirstBlock: int(_ACTION_BLOCKS | _LIST),
    AccessRequest: int(Conformance.ACCESS),
}
_WITH_SELECTION: Final = (AccessKind.GET_WITH_SELECTION, AccessKind.SET_WITH_SELECTION)


@lru_cache(maxsize=CONFORMANCES_REMEMBERED)
def common_services(granted: Conformance, proposed: Conformance) -> Conformance:
    """What both ends have. Meters of one kind grant the same, so the few there are get remembered."""
    return granted & proposed


def conformance_needed(request: Request) -> int:
    """The bits of the conformance block that `request` needs, as a number."""
    needed = _NEEDED[type(request)]
    if isinstance(request, GetRequestNormal | SetRequestNormal | SetRequestWithFirstBlock):
        return needed | _SELECTION if request.selection is not None else needed
    if isinstance(request, GetRequestWithList | SetRequestWithList | SetRequestWithListAndFirstBlock):
        return needed | _SELECTION if any(selection is not None for _, selection in request.items) else needed
    if isinstance(request, AccessRequest):
        return needed | _SELECTION if any(item.kind in _WITH_SELECTION for item in request.items) else needed
    return needed
