"""What the command `read_attribute` carries: class_id/logical_name/attribute_id, such as 3/1.0.1.8.0.255/2."""

from __future__ import annotations

import re
from typing import Final

from ferraris.cosem import Obis
from ferraris.dlms.apdu import AttributeDescriptor
from ferraris.kernel.errors import ConfigError, LocalProtocolError

FORM: Final = "class_id/logical_name/attribute_id, such as 3/1.0.1.8.0.255/2"
CLASS_IDS: Final = range(1 << 16)
ATTRIBUTE_IDS: Final = range(-128, 128)
"""A manufacturer's own are negative."""
ARGUMENT_CHARACTERS_SHOWN: Final = 60
_PARTS: Final = re.compile(r"([0-9]{1,5})/([^/]+)/(-?[0-9]{1,3})")


def attribute_of(argument: str) -> AttributeDescriptor:
    """The attribute that an argument names. Raises ConfigError."""
    parts = _PARTS.fullmatch(argument)
    try:
        if parts is not None:
            descriptor = AttributeDescriptor(int(parts[1]), Obis.parse(parts[2]), int(parts[3]))
            if descriptor.class_id in CLASS_IDS and descriptor.attribute_id in ATTRIBUTE_IDS:
                return descriptor
    except LocalProtocolError:
        pass  # told with the others
    raise ConfigError("not an attribute", expected=FORM, got=repr(argument[:ARGUMENT_CHARACTERS_SHOWN]))
