"""S-FSK MAC synchronization timeouts, class 52: after what silence a server gives its initiator up."""

from __future__ import annotations

from ferraris.cosem.declaration import STATIC, Attribute, CosemObject
from ferraris.cosem.types import LONG_UNSIGNED
from ferraris.kernel.units import Unit


class SFskMacSynchronizationTimeouts(CosemObject, class_id=52, version=0):
    """Timeouts of synchronization with an initiator. Blue Book 4.10.5."""

    search_initiator_timeout = Attribute(2, LONG_UNSIGNED, STATIC, unit=Unit.SECOND)
    synchronization_confirmation_timeout = Attribute(3, LONG_UNSIGNED, STATIC, unit=Unit.SECOND)
    time_out_not_addressed = Attribute(4, LONG_UNSIGNED, STATIC, unit=Unit.MINUTE)
    time_out_frame_not_ok = Attribute(5, LONG_UNSIGNED, STATIC, unit=Unit.SECOND)
