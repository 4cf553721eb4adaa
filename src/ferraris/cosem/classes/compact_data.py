"""Compact data, class 62: many values packed into one octet-string, with their types told once, in a template."""

from __future__ import annotations

from enum import IntEnum

from ferraris.cosem.classes.profile_generic import CAPTURE_OBJECT
from ferraris.cosem.classes.restricted_attribute import RESTRICTED_ATTRIBUTE
from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject, Method
from ferraris.cosem.types import INTEGER, OCTET_STRING, UNSIGNED, Array, Enumerated


class CaptureMethod(IntEnum):
    """When the buffer is filled: when the method `capture` is invoked, or anew with every read of the buffer."""

    ON_INVOCATION = 0
    IMPLICIT = 1


class _CompactData(CosemObject):
    """What both versions have alike."""

    compact_buffer = Attribute(2, OCTET_STRING, DYNAMIC)
    template_id = Attribute(4, UNSIGNED, STATIC)
    template_description = Attribute(5, OCTET_STRING, DYNAMIC)
    capture_method = Attribute(6, Enumerated(CaptureMethod), STATIC)

    reset = Method(1, INTEGER)
    capture = Method(2, INTEGER)


class CompactDataV0(_CompactData, class_id=62, version=0):
    """Captures attributes into a buffer without their tags. Blue Book 4.3.10.

    `template_description` is the type description of a compact-array without its contents; `template_id` tells a receiver
    that holds several descriptions which one fits.
    """

    capture_objects = Attribute(3, Array(CAPTURE_OBJECT), STATIC)


class CompactData(_CompactData, class_id=62, version=1):
    """Adds a restriction to each capture object. That nothing stands behind the restriction is uncertain in public sources."""

    capture_objects = Attribute(3, Array(RESTRICTED_ATTRIBUTE), STATIC)
