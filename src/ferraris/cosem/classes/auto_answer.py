"""Auto answer, class 28: when a modem takes calls."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated

from ferraris.cosem.classes.push_setup import CommunicationWindow
from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject
from ferraris.cosem.types import OCTET_STRING, UNSIGNED, Array, Enumerated, OpenEnum, Structure


class AutoAnswerMode(OpenEnum):
    """With whom the line is shared; 200 to 255 are the manufacturer's."""

    DEDICATED_LINE = 0
    LIMITED_CALLS = 1
    LIMITED_SUCCESSFUL_CALLS = 2
    NO_MODEM = 3


class AutoAnswerStatus(IntEnum):
    """Whether calls are taken now; locked: the number of calls is used up."""

    INACTIVE = 0
    ACTIVE = 1
    LOCKED = 2


class CallType(OpenEnum):
    """What a caller may ask for: a data call, or to wake the device up so that it connects."""

    NORMAL = 0
    WAKE_UP = 1


@dataclass(frozen=True, slots=True)
class NumberOfRings:
    """After how many rings a call is taken, within the listening window and outside of it; 0 is never."""

    in_window: Annotated[int, UNSIGNED]
    out_of_window: Annotated[int, UNSIGNED]


@dataclass(frozen=True, slots=True)
class AllowedCaller:
    """A number, or the end of one, and what its call does."""

    caller_id: Annotated[bytes, OCTET_STRING]
    call_type: Annotated[CallType, Enumerated(CallType)]


class AutoAnswerV0(CosemObject, class_id=28, version=0):
    """The listening window and the number of rings and calls."""

    mode = Attribute(2, Enumerated(AutoAnswerMode), STATIC)
    listening_window = Attribute(3, Array(Structure(CommunicationWindow)), STATIC)
    status = Attribute(4, Enumerated(AutoAnswerStatus), DYNAMIC)
    number_of_calls = Attribute(5, UNSIGNED, STATIC)
    number_of_rings = Attribute(6, Structure(NumberOfRings), STATIC)


class AutoAnswer(AutoAnswerV0, version=2):
    """Adds the callers that are let in; an empty list lets in all. Blue Book 4.7.5. No public source knows a version 1."""

    list_of_allowed_callers = Attribute(7, Array(Structure(AllowedCaller)), STATIC)
