"""Modem configuration, class 27: how a modem is initialised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ferraris.cosem.classes.baud_rate import BaudRate
from ferraris.cosem.declaration import STATIC, Attribute, CosemObject
from ferraris.cosem.types import LONG_UNSIGNED, OCTET_STRING, Array, Enumerated, Structure


@dataclass(frozen=True, slots=True)
class ModemCommand:
    """A command to the modem and the answer expected."""

    request: Annotated[bytes, OCTET_STRING]
    response: Annotated[bytes, OCTET_STRING]


@dataclass(frozen=True, slots=True)
class DelayedModemCommand(ModemCommand):
    """A command to the modem, the answer expected, and the milliseconds to wait after it."""

    delay_after_response_ms: Annotated[int, LONG_UNSIGNED]


class _ModemConfiguration(CosemObject):
    """What both versions have alike."""

    comm_speed = Attribute(2, Enumerated(BaudRate), STATIC)
    modem_profile = Attribute(4, Array(OCTET_STRING), STATIC)


class ModemConfigurationV0(_ModemConfiguration, class_id=27, version=0):
    """A modem of the telephone network. That its commands have no delay is uncertain in public sources."""

    initialization_string = Attribute(3, Array(Structure(ModemCommand)), STATIC)


class ModemConfiguration(_ModemConfiguration, class_id=27, version=1):
    """Speed, commands and result codes of a modem. Blue Book 4.7.4."""

    initialization_string = Attribute(3, Array(Structure(DelayedModemCommand)), STATIC)
