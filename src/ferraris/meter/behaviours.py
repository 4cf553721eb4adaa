"""What the methods and writable attributes of the meter's objects do, each a pure function.

A behaviour hangs on a declaration: `@behaviour(DisconnectControl.remote_disconnect)`. It is given the object (to read its
attributes), the argument or the value to be written and the true time, and returns the changes it wants and the answer to
the client. What has no behaviour here cannot be invoked; an attribute without one is kept as it was written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from ferraris.cosem import (
    Attribute,
    Clock,
    ControlMode,
    CosemDateTime,
    DisconnectControl,
    ImageBlock,
    ImageToTransfer,
    ImageTransfer,
    Method,
    Obis,
    ProfileGeneric,
    PushSetup,
    PushSetupV0,
    ScriptTable,
    obis,
)
from ferraris.cosem.classes.auto_connect import AutoConnect, AutoConnectMode, AutoConnectV1
from ferraris.cosem.classes.ntp_setup import AuthenticationKey, NtpSetup
from ferraris.dlms.apdu import ActionResult, DataAccessResult
from ferraris.meter.changes import (
    ActivateImage,
    Change,
    ClearEventLog,
    Connect,
    ForgetPush,
    InitiateImage,
    Keep,
    Operate,
    Perform,
    Push,
    SetClock,
    SetControlMode,
    StoreImageBlock,
    VerifyImage,
)
from ferraris.meter.disconnector import Command

T = TypeVar("T")
A = TypeVar("A")
R = TypeVar("R")

MINUTE_MS: Final = 60_000
_ON_INVOCATION: Final = (
    AutoConnectMode.CONNECTED_ON_INVOCATION,
    AutoConnectMode.CONNECTED_IN_WINDOW_OR_ON_INVOCATION,
)
CLOCK_MS: Final = range(946_684_800_000, 4_102_444_800_000)
"""Times that a clock can be set to: the years 2000 to 2099."""


class CosemObjectView(Protocol):
    """An object of the meter, as a behaviour sees it."""

    @property
    def logical_name(self) -> Obis: ...

    @property
    def deviation_min(self) -> int:
        """Minutes from the meter's local time to UTC, now."""
        ...

    def read(self, attribute: Attribute[T]) -> T:
        """The attribute's present value."""
        ...


class Outcome(NamedTuple):
    """What is to be done, and the answer."""

    changes: tuple[Change, ...] = ()
    result: ActionResult | DataAccessResult = ActionResult.SUCCESS


Behaviour = Callable[[CosemObjectView, Any, int], Outcome]
"""(object, argument or value, now_ms) -> (changes, result)"""
_METHODS: Final[dict[tuple[int, int], Behaviour]] = {}
_WRITES: Final[dict[tuple[int, int], Behaviour]] = {}


def behaviour(declared: Method[Any, Any] | Attribute[Any]) -> Callable[[Behaviour], Behaviour]:
    """Registers the function as what the method does, or what happens when the attribute is written."""
    table = _METHODS if isinstance(declared, Method) else _WRITES

    def register(function: Behaviour) -> Behaviour:
        table[declared.owner.class_id, declared.number] = function
        return function

    return register


def method_behaviour(class_id: int, method_id: int) -> Behaviour | None:
    return _METHODS.get((class_id, method_id))


def write_behaviour(class_id: int, attribute_id: int) -> Behaviour | None:
    return _WRITES.get((class_id, attribute_id))


# Disconnect control


@behaviour(DisconnectControl.remote_disconnect)
def remote_disconnect(control: CosemObjectView, argument: int, now_ms: int) -> Outcome:
    return _operate(control, Command.REMOTE_DISCONNECT)


@behaviour(DisconnectControl.remote_reconnect)
def remote_reconnect(control: CosemObjectView, argument: int, now_ms: int) -> Outcome:
    return _operate(control, Command.REMOTE_RECONNECT)


def _operate(control: CosemObjectView, command: Command) -> Outcome:
    if control.read(DisconnectControl.control_mode) is ControlMode.MODE_0:
        return Outcome(result=ActionResult.READ_WRITE_DENIED)
    return Outcome((Operate(command),))


@behaviour(DisconnectControl.control_mode)
def write_control_mode(control: CosemObjectView, mode: ControlMode, now_ms: int) -> Outcome:
    return Outcome((SetControlMode(mode),), DataAccessResult.SUCCESS)


# Clock


@behaviour(Clock.time)
def write_time(clock: CosemObjectView, time: CosemDateTime, now_ms: int) -> Outcome:
    """A time without a deviation is the meter's local time."""
    clock_ms = time.to_epoch_ms(clock.deviation_min)
    if clock_ms is None or clock_ms not in CLOCK_MS:
        return Outcome(result=DataAccessResult.OTHER_REASON)
    return Outcome((SetClock(clock_ms),), DataAccessResult.SUCCESS)


def _place_is_fixed(declared: Attribute[Any]) -> Behaviour:
    """The zone belongs to the place at which the virtual meter stands; no client moves it, but may say what it is."""

    def write(clock: CosemObjectView, value: object, now_ms: int) -> Outcome:
        same = value == clock.read(declared)
        return Outcome(result=DataAccessResult.SUCCESS if same else DataAccessResult.OTHER_REASON)

    return write


for _declared in (
    Clock.time_zone,
    Clock.daylight_savings_begin,
    Clock.daylight_savings_end,
    Clock.daylight_savings_enabled,
):
    behaviour(_declared)(_place_is_fixed(_declared))


@behaviour(Clock.adjust_to_quarter)
def adjust_to_quarter(clock: CosemObjectView, argument: int, now_ms: int) -> Outcome:
    return _adjust(clock, 15 * MINUTE_MS)


@behaviour(Clock.adjust_to_minute)
def adjust_to_minute(clock: CosemObjectView, argument: int, now_ms: int) -> Outcome:
    return _adjust(clock, MINUTE_MS)


@behaviour(Clock.shift_time)
def shift_time(clock: CosemObjectView, shift_s: int, now_ms: int) -> Outcome:
    if not -900 <= shift_s <= 900:
        return Outcome(result=ActionResult.OTHER_REASON)
    return Outcome((SetClock(_clock_ms(clock) + shift_s * 1000),))


def _adjust(clock: CosemObjectView, step_ms: int) -> Outcome:
    return Outcome((SetClock((_clock_ms(clock) + step_ms // 2) // step_ms * step_ms),))


def _clock_ms(clock: CosemObjectView) -> int:
    shown = clock.read(Clock.time).to_epoch_ms()
    assert shown is not None  # the meter's own clock always shows one instant
    return shown


# Profiles, scripts, pushes


@behaviour(ProfileGeneric.reset)
def reset_profile(profile: CosemObjectView, argument: int, now_ms: int) -> Outcome:
    """Only the event log may be emptied: measured values are the utility's."""
    if profile.logical_name != obis.STANDARD_EVENT_LOG:
        return Outcome(result=ActionResult.READ_WRITE_DENIED)
    return Outcome((ClearEventLog(),))


@behaviour(ScriptTable.execute)
def execute_script(table: CosemObjectView, identifier: int, now_ms: int) -> Outcome:
    """Script 0 is reserved and does nothing."""
    if identifier == 0:
        return Outcome()
    for script in table.read(ScriptTable.scripts):
        if script.script_identifier == identifier:
            return Outcome((Perform(script.actions),))
    return Outcome(result=ActionResult.OBJECT_UNDEFINED)


@behaviour(PushSetupV0.push)
def push(setup: CosemObjectView, argument: int, now_ms: int) -> Outcome:
    return Outcome((Push(setup.logical_name),))


@behaviour(PushSetup.reset)
def reset_push(setup: CosemObjectView, argument: int, now_ms: int) -> Outcome:
    """The tries that are left are given up; the next push begins anew."""
    return Outcome((ForgetPush(setup.logical_name),))


# Image transfer


@behaviour(ImageTransfer.image_transfer_initiate)
def initiate_image(transfer: CosemObjectView, image: ImageToTransfer, now_ms: int) -> Outcome:
    return _if_enabled(transfer, InitiateImage(image.image_identifier, image.image_size))


@behaviour(ImageTransfer.image_block_transfer)
def store_image_block(transfer: CosemObjectView, block: ImageBlock, now_ms: int) -> Outcome:
    return _if_enabled(transfer, StoreImageBlock(block.image_block_number, block.image_block_value))


@behaviour(ImageTransfer.image_verify)
def verify_image(transfer: CosemObjectView, argument: int, now_ms: int) -> Outcome:
    return _if_enabled(transfer, VerifyImage())


@behaviour(ImageTransfer.image_activate)
def activate_image(transfer: CosemObjectView, argument: int, now_ms: int) -> Outcome:
    return _if_enabled(transfer, ActivateImage())


def _if_enabled(transfer: CosemObjectView, change: Change) -> Outcome:
    if not transfer.read(ImageTransfer.image_transfer_enabled):
        return Outcome(result=ActionResult.READ_WRITE_DENIED)
    return Outcome((change,))


# Time server


@behaviour(NtpSetup.synchronize)
def synchronize(ntp: CosemObjectView, argument: int, now_ms: int) -> Outcome:
    """The time server is the world's own clock; a meter that follows none is not set."""
    if not ntp.read(NtpSetup.activated):
        return Outcome(result=ActionResult.READ_WRITE_DENIED)
    return Outcome((SetClock(now_ms),))


@behaviour(NtpSetup.add_authentication_key)
def add_authentication_key(ntp: CosemObjectView, key: AuthenticationKey, now_ms: int) -> Outcome:
    others = (other for other in ntp.read(NtpSetup.authentication_keys) if other.key_id != key.key_id)
    return Outcome((_keep(NtpSetup.authentication_keys, (*others, key)),))


@behaviour(NtpSetup.delete_authentication_key)
def delete_authentication_key(ntp: CosemObjectView, key_id: int, now_ms: int) -> Outcome:
    keys = ntp.read(NtpSetup.authentication_keys)
    left = tuple(key for key in keys if key.key_id != key_id)
    if left == keys:
        return Outcome(result=ActionResult.OTHER_REASON)
    return Outcome((_keep(NtpSetup.authentication_keys, left),))


# Connections


@behaviour(AutoConnectV1.connect)
def connect(setup: CosemObjectView, argument: int, now_ms: int) -> Outcome:
    """Where the mode has connections on invocation, and a destination is there."""
    if setup.read(AutoConnect.mode) not in _ON_INVOCATION:
        return Outcome(result=ActionResult.READ_WRITE_DENIED)
    return Outcome((Connect(setup.logical_name),))


def _keep(attribute: Attribute[Any], value: Any) -> Keep:
    return Keep(attribute, attribute.datatype.encode(value))
