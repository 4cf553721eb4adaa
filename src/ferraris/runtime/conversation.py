"""One association with one meter: the head-end's work, item by item, through the DLMS client.

What the meter refuses is noted and the next item follows. What breaks the link, the protocol or a protection ends the
association; the outcomes reached by then still count.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ferraris.client import ClientAssociation, ProfileColumns, descriptor_of, read_profile
from ferraris.cosem import (
    CLOCK_TIME,
    CaptureObject,
    Clock,
    CosemDateTime,
    Data,
    DisconnectControl,
    Obis,
    ProfileObject,
    Quirk,
    Register,
    entries_by_tag,
    interface_classes,
    obis,
    quirks_of,
    to_plain,
)
from ferraris.dlms import ExceptionAnswerError
from ferraris.dlms.apdu import AttributeDescriptor
from ferraris.headend import (
    CheckClock,
    ClockChecked,
    ClockVerdict,
    CommandAnswered,
    CommandKind,
    CommandSent,
    ControlStateRead,
    EventsRead,
    InvocationCounterRead,
    LearnProfiles,
    Outcome,
    PerformCommand,
    ProfileRead,
    ReadControlState,
    ReadEventLog,
    ReadInvocationCounter,
    ReadProfile,
    Work,
    WorkRefused,
    attribute_of,
    clock_offset,
    clock_verdict,
)
from ferraris.kernel.clock import Clock as KernelClock
from ferraris.kernel.errors import ConfigError, DecodeError, LocalProtocolError, RefusedError, StoreError, TableError
from ferraris.runtime.companion import companion_profile
from ferraris.runtime.failures import WRONG_KEY
from ferraris.runtime.kinds import (
    CLOCK,
    DISCONNECT_CONTROL,
    INVOCATION_COUNTER,
    STANDARD_EVENT_LOG,
    ProfileShape,
    readings_of,
)
from ferraris.runtime.learning import Shapes, Stored
from ferraris.runtime.token_entry import TokenDesk
from ferraris.store import CommandState, MeterRow, RecordStore

DETAIL_CHARACTERS_MAX = 16_000
END_OF_TIME_MS = 4_102_444_800_000
"""2100-01-01: entries of a clock that is years ahead are asked for as well."""


EVENT_CODE = CaptureObject(Data.class_id, obis.STANDARD_EVENT_CODE, Data.value.number)


class Conversation:
    """The work of one association. `outcomes` grows as it goes, and is right at any moment it may be cut off."""

    def __init__(
        self,
        association: ClientAssociation,
        row: MeterRow,
        clock: KernelClock,
        records: RecordStore,
        last_counter: Callable[[], int],
        shapes: Shapes | None = None,
        stored: Stored = lambda profiles: (),
    ) -> None:
        self._association = association
        self._row = row
        self._kind = companion_profile(row.profile)
        self._shapes = shapes or Shapes(row.profile)
        self._stored = stored
        self._quirks = quirks_of(system_title=row.system_title, profile=row.profile)
        self._clock = clock
        self._records = records
        self._last_counter = last_counter
        self._desk = TokenDesk(association, self._kind)
        self.outcomes: list[Outcome] = []

    async def perform(self, work: Work) -> None:
        """Do one item. Raises what ends the association."""
        try:
            await self._perform(work)
        except RefusedError as error:
            if WRONG_KEY in error.result:
                raise
            self.outcomes.append(WorkRefused(work, str(error)))
        except TableError as error:
            # The companion profile of this meter has no such object: there is nothing to ask it for.
            self.outcomes.append(WorkRefused(work, str(error)))

    async def _perform(self, work: Work) -> None:
        match work:
            case CheckClock():
                await self._check_clock(work)
            case LearnProfiles():
                self.outcomes.append(await self._shapes.learn(self._association, work.tags, self._stored))
            case ReadProfile():
                await self._read_profile(work)
            case ReadEventLog():
                await self._read_event_log(work)
            case ReadControlState():
                await self._read_control_state()
            case PerformCommand():
                await self._command(work)
            case ReadInvocationCounter():
                await self._read_counter()

    def _named(self, tag: str) -> Obis:
        """Where the meter has an object: where everybody has it, unless its companion profile says otherwise."""
        for entry in self._kind.objects:
            if entry.tag == tag:
                return entry.logical_name
        return entries_by_tag()[tag].logical_name

    # Reading

    async def _check_clock(self, work: CheckClock) -> None:
        asked_ms = self._clock.now_ms()
        shown = await self._shown_time()
        answered_ms = self._clock.now_ms()
        meter_ms = shown.to_epoch_ms(0)
        if meter_ms is None:
            self.outcomes.append(WorkRefused(work, f"the clock shows no instant: {shown}"))
            return
        verdict = clock_verdict(
            meter_ms=meter_ms,
            asked_ms=asked_ms,
            answered_ms=answered_ms,
            tolerance_ms=work.tolerance_ms,
            guard_ms=work.guard_ms,
            capture_period_s=work.capture_period_s,
        )
        offset_ms, uncertainty_ms = clock_offset(meter_ms=meter_ms, asked_ms=asked_ms, answered_ms=answered_ms)
        if verdict is ClockVerdict.SET:
            try:
                await self._set_clock(shown, (answered_ms - asked_ms) // 2)
            except RefusedError as error:
                self.outcomes.append(ClockChecked(offset_ms, uncertainty_ms, ClockVerdict.LEAVE))
                self.outcomes.append(WorkRefused(work, str(error)))
                return
        self.outcomes.append(ClockChecked(offset_ms, uncertainty_ms, verdict))

    async def _set_clock(self, shown: CosemDateTime, way_ms: int) -> None:
        """Write our time, as it will be when it arrives, in the meter's own deviation from UTC."""
        now = CosemDateTime.from_epoch_ms(self._clock.now_ms() + way_ms, shown.deviation_min or 0, shown.clock_status)
        if Quirk.DEVIATION_REVERSED in self._quirks:
            now = now.with_deviation_reversed()
        await self._association.set(Clock.time, self._named(CLOCK), now)

    async def _shown_time(self) -> CosemDateTime:
        """What the meter's clock shows, with its deviation as the standard counts it."""
        shown = await self._association.get(Clock.time, self._named(CLOCK))
        return shown.with_deviation_reversed() if Quirk.DEVIATION_REVERSED in self._quirks else shown

    async def _read_range(
        self, entry: ProfileObject | ProfileShape, from_ms: int, to_ms: int, capture_period_s: int = 0
    ) -> ProfileColumns:
        deviation_min = 0
        if Quirk.LOCAL_TIME_RANGES in self._quirks:
            deviation_min = (await self._shown_time()).deviation_min or 0
        return await read_profile(
            self._association,
            entry.logical_name,
            entry.capture_objects,
            from_ms,
            to_ms,
            capture_period_s=capture_period_s,
            deviation_min=deviation_min,
            deviation_reversed=Quirk.DEVIATION_REVERSED in self._quirks,
        )

    async def _read_profile(self, work: ReadProfile) -> None:
        shape = self._shapes.of(work.profile.tag)
        if shape is None:
            raise TableError(f"{self._kind.name} has no such profile", got=work.profile.tag)
        columns = await self._read_range(
            shape,
            # Half a period before the first slot: a row captured off the grid belongs to the slot after it.
            (work.from_s - work.profile.capture_period_s + 1) * 1_000,
            work.to_s * 1_000,
            shape.capture_period_s,
        )
        self.outcomes.append(ProfileRead(work, readings_of(self._row.id, shape, columns)))

    async def _read_event_log(self, work: ReadEventLog) -> None:
        entry = self._kind.object(STANDARD_EVENT_LOG)
        if not {CLOCK_TIME, EVENT_CODE} <= set(entry.capture_objects):
            raise TableError(f"{self._kind.name}: the event log holds no times and standard codes", got=entry.tag)
        columns = await self._read_range(entry, max(0, work.from_s * 1_000), END_OF_TIME_MS)
        if not len(columns):
            return
        pairs = zip(columns.time_s().tolist(), columns.numbers(EVENT_CODE).tolist(), strict=True)
        events = tuple((time_s, number) for time_s, number in pairs if time_s >= 0)
        self.outcomes.append(EventsRead(str(entry.logical_name), events))

    async def _read_control_state(self) -> None:
        name = self._named(DISCONNECT_CONTROL)
        states = (DisconnectControl.output_state, name), (DisconnectControl.control_state, name)
        output_state, control_state = await self._association.get_many(states)
        self.outcomes.append(ControlStateRead(output_state, int(control_state)))

    async def _read_counter(self) -> None:
        name = self._named(INVOCATION_COUNTER)
        shown = await self._association.get(Data.value, name)
        if not isinstance(shown.value, int):
            raise DecodeError(
                "an invocation counter is no number", expected="double-long-unsigned", got=f"tag {shown.tag}"
            )
        self.outcomes.append(InvocationCounterRead(shown.value, self._last_counter()))

    # Commands

    async def _command(self, work: PerformCommand) -> None:
        if not work.kind.reads_only:
            if self._taken_back(work.command):
                return
            # From here on it may have left, whatever happens: it is on record before the first octet is made.
            first = self._record_sent(work.command)
            self.outcomes.append(CommandSent(work.command))
            if not first and not work.kind.repeatable:
                return
        accepted = True
        try:
            if work.kind is CommandKind.ENTER_TOKEN:
                answer = await self._desk.enter(work.argument, again=work.again)
                if answer is None:
                    return
                accepted, detail = answer
            else:
                detail = await self._carry_out(work)
        except RefusedError as error:
            if WRONG_KEY in error.result:
                raise
            if isinstance(error, ExceptionAnswerError) and not work.kind.reads_only:
                # Anyone on the path can say no in the clear, also after the meter has done it: it will be asked.
                return
            self.outcomes.append(CommandAnswered(work.command, False, str(error)))
        except (ConfigError, LocalProtocolError, TableError) as error:
            self.outcomes.append(CommandAnswered(work.command, False, str(error)))
        else:
            self.outcomes.append(CommandAnswered(work.command, accepted, detail[:DETAIL_CHARACTERS_MAX]))

    def _taken_back(self, command: int) -> bool:
        """Whether it was withdrawn after this association was given its work."""
        row = self._records.command(command)
        return row is not None and row.state is CommandState.FAILED

    def _record_sent(self, command: int) -> bool:
        """Durably record the command as sent; False if it is on record already, as when a write failed half-way."""
        try:
            self._records.advance_command(command, CommandState.SENT, self._clock.now_ms())
        except StoreError:
            row = self._records.command(command)
            if row is None or row.state is CommandState.PENDING:
                raise
            return False
        return True

    async def _carry_out(self, work: PerformCommand) -> str:
        match work.kind:
            case CommandKind.READ_NOW:
                return await self._read_registers()
            case CommandKind.READ_ATTRIBUTE:
                return await self._read_attribute(work.argument)
            case CommandKind.SET_CLOCK:
                await self._set_clock(await self._shown_time(), 0)
            case CommandKind.DISCONNECT:
                name = self._named(DISCONNECT_CONTROL)
                await self._association.invoke(DisconnectControl.remote_disconnect, name, 0)
            case CommandKind.RECONNECT:
                name = self._named(DISCONNECT_CONTROL)
                await self._association.invoke(DisconnectControl.remote_reconnect, name, 0)
        return "accepted"

    async def _read_registers(self) -> str:
        """Every register of this kind of meter, as JSON: tag to value, scaler and unit."""
        registers = [entry for entry in self._kind.objects if entry.class_id == Register.class_id]
        shown: dict[str, Any] = {}
        descriptors = [descriptor_of(Register.value, entry.logical_name) for entry in registers]
        results = await self._association.read_many(descriptors)
        for entry, result in zip(registers, results, strict=True):
            shown[entry.tag] = _register_text(entry, result)
        return json.dumps(shown)

    async def _read_attribute(self, argument: str) -> str:
        """The attribute "class_id/logical_name/attribute_id", as JSON."""
        descriptor = attribute_of(argument)
        octets = await self._association.get_octets(descriptor)
        entry = self._kind.find(descriptor.class_id, descriptor.logical_name)
        if entry is not None and descriptor.attribute_id in entry.attributes:
            datatype = entry.attributes[descriptor.attribute_id].datatype
        else:
            datatype = _declared_type(descriptor)
        return json.dumps({"value": to_plain(datatype.decode(octets)), "octets": octets.hex()}, default=str)


def _register_text(entry: ProfileObject, result: object) -> dict[str, Any]:
    if not isinstance(result, bytes):
        return {"refused": str(getattr(result, "name", result)).lower()}
    value = to_plain(entry.attributes[Register.value.number].datatype.decode(result))
    scaler_unit = entry.scaler_unit
    if scaler_unit is None:
        return {"value": value}
    return {"value": value, "scaler": scaler_unit.scaler, "unit": scaler_unit.unit.name.lower()}


def _declared_type(descriptor: AttributeDescriptor) -> Any:
    for interface in interface_classes():
        if interface.class_id == descriptor.class_id:
            for attribute in interface.attributes():
                if attribute.number == descriptor.attribute_id:
                    return attribute.datatype
    raise ConfigError("no such attribute is declared", got=f"{descriptor.class_id}, {descriptor.attribute_id}")
