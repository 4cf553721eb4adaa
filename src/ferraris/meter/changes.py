"""What a behaviour wants done to the meter: said as a value, carried out by the logical device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ferraris.cosem import Attribute, ControlMode, Obis, ScriptAction
from ferraris.meter.disconnector import Command


@dataclass(frozen=True, slots=True)
class Operate:
    """A command to the disconnector."""

    command: Command


@dataclass(frozen=True, slots=True)
class SetControlMode:
    """Another control mode of the disconnector."""

    mode: ControlMode


@dataclass(frozen=True, slots=True)
class SetClock:
    """The meter's clock shows another time."""

    clock_ms: int


@dataclass(frozen=True, slots=True)
class ClearEventLog:
    """The standard event log is emptied."""


@dataclass(frozen=True, slots=True)
class Keep:
    """An attribute that only the client gives a meaning to: keep its octets."""

    attribute: Attribute[object]
    octets: bytes


@dataclass(frozen=True, slots=True)
class KeepTogether:
    """Several attributes of one object, all of them or none."""

    values: tuple[Keep, ...]


@dataclass(frozen=True, slots=True)
class Capture:
    """Keep the template of what compact data capture now, and the values or none of them as their buffer."""

    values: bool


@dataclass(frozen=True, slots=True)
class Count:
    """Which registers of the rates count from now on, a bit for each."""

    counting: int


@dataclass(frozen=True, slots=True)
class Perform:
    """The actions of a script, one after the other, with the meter's own rights."""

    actions: tuple[ScriptAction, ...]


@dataclass(frozen=True, slots=True)
class Push:
    """What the push setup lists is sent to its destination."""

    logical_name: Obis


@dataclass(frozen=True, slots=True)
class ForgetPush:
    """What the push setup has not sent yet is given up."""

    logical_name: Obis


@dataclass(frozen=True, slots=True)
class Connect:
    """A link is opened to where the auto connect says."""

    logical_name: Obis


@dataclass(frozen=True, slots=True)
class InitiateImage:
    """Room for an image is made."""

    identifier: bytes
    size: int


@dataclass(frozen=True, slots=True)
class StoreImageBlock:
    """A block of the image has come."""

    number: int
    octets: bytes


@dataclass(frozen=True, slots=True)
class VerifyImage:
    """The image is checked."""


@dataclass(frozen=True, slots=True)
class ActivateImage:
    """The image becomes the firmware."""


@dataclass(frozen=True, slots=True)
class Administer:
    """Something is done to the meter's security, on behalf of a client; it may have an answer."""

    operation: Callable[[Any, Any], bytes | None]


@dataclass(frozen=True, slots=True)
class EnterToken:
    """A payment token has come, in the form in which it came."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class Pay:
    """Something is done to the account, given the true time; whether it can be done."""

    operation: Callable[[Any, int], bool]


ImageChange = InitiateImage | StoreImageBlock | VerifyImage | ActivateImage
Change = (
    Operate
    | SetControlMode
    | SetClock
    | ClearEventLog
    | Keep
    | KeepTogether
    | Capture
    | Count
    | Perform
    | Push
    | ForgetPush
    | Connect
    | ImageChange
    | Administer
    | EnterToken
    | Pay
)
