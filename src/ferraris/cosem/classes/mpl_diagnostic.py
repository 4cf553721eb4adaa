"""MPL diagnostic, class 98: how a node forwards multicasts (RFC 7731)."""

from __future__ import annotations

from ferraris.cosem.declaration import DYNAMIC, Attribute, CosemObject, Method
from ferraris.cosem.types import BOOLEAN, INTEGER, LONG_UNSIGNED, UNSIGNED


class MplDiagnostic(CosemObject, class_id=98, version=0):
    """The parameters of RFC 7731 for data (`dm`) and for control messages (`c`). Blue Book 4.18.4."""

    proactive_forwarding = Attribute(2, BOOLEAN, DYNAMIC)
    z = Attribute(3, UNSIGNED, DYNAMIC)
    tunit = Attribute(4, UNSIGNED, DYNAMIC)
    se_lifetime = Attribute(5, LONG_UNSIGNED, DYNAMIC)
    dm_k = Attribute(6, UNSIGNED, DYNAMIC)
    dm_imin = Attribute(7, LONG_UNSIGNED, DYNAMIC)
    dm_imax = Attribute(8, UNSIGNED, DYNAMIC)
    dm_t_exp = Attribute(9, LONG_UNSIGNED, DYNAMIC)
    c_k = Attribute(10, UNSIGNED, DYNAMIC)
    c_imin = Attribute(11, LONG_UNSIGNED, DYNAMIC)
    c_imax = Attribute(12, UNSIGNED, DYNAMIC)
    c_t_exp = Attribute(13, LONG_UNSIGNED, DYNAMIC)

    reset = Method(1, INTEGER)
