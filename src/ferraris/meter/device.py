"""The logical device of one virtual meter: its objects, read and changed on behalf of clients.

It joins what all meters of a model share, the meter's own row of the memory, and its keys. Access rights are not asked for
here (that is `dispatch`): scripts act with the meter's own rights.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, TypeVar

from ferraris.codec import encode_data
from ferraris.cosem import (
    ENTRY_DESCRIPTOR,
    RANGE_DESCRIPTOR,
    AssociationLn,
    Attribute,
    DisconnectControl,
    EntryDescriptor,
    Obis,
    ProfileGeneric,
    ProfileObject,
    RangeDescriptor,
    ScriptAction,
    ScriptService,
    obis,
)
from ferraris.cosem.classes.compact_data import CompactData
from ferraris.cosem.classes.token_gateway import TokenDeliveryMethod
from ferraris.dlms import KEY_OCTETS_OF
from ferraris.dlms.apdu import ActionResult, DataAccessResult, SelectiveAccess
from ferraris.kernel.clock import MS_PER_S
from ferraris.kernel.entropy import Entropy, SystemEntropy
from ferraris.kernel.errors import FerrarisError, SecurityError
from ferraris.keys import CounterGuard, MeterKeys, ReservedCounter
from ferraris.meter.behaviours import method_behaviour, write_behaviour
from ferraris.meter.changes import (
    ActivateImage,
    Administer,
    Capture,
    Change,
    ClearEventLog,
    Connect,
    Count,
    EnterToken,
    ForgetPush,
    ImageChange,
    InitiateImage,
    Keep,
    KeepTogether,
    Operate,
    Pay,
    Perform,
    Push,
    SetClock,
    SetControlMode,
    StoreImageBlock,
    VerifyImage,
)
from ferraris.meter.compact_captures import COMPUTED, CompactCapture
from ferraris.meter.disconnector import LOCALLY
from ferraris.meter.firmware import manufacturer_key
from ferraris.meter.identity import Identity, meter_keys
from ferraris.meter.image import IMAGES, MeterImage
from ferraris.meter.live_values import Live, Moment, Partner, live_values
from ferraris.meter.mapped_file import Rows
from ferraris.meter.memory import NEVER_S, PUSH_SETUPS_MAX
from ferraris.meter.meter import Meter
from ferraris.meter.model import KeptProfile, MeterModel
from ferraris.meter.object_list import selected
from ferraris.meter.payment import (
    PAYMENT_IDS,
    PAYMENT_LIVE,
    PERIOD_IDS,
    PaymentManufacture,
    Prepayment,
    Statement,
    has_prepayment,
    make_terms,
    token_digits,
)
from ferraris.meter.profile_buffer import SelectionError
from ferraris.meter.push_terms import PushTerms, push_setups
from ferraris.meter.security import MeterSecurity, Works
from ferraris.meter.security_memory import SecurityMemory
from ferraris.meter.settings import Settings
from ferraris.meter.timed import TIMED_IDS, TimedObjects

T = TypeVar("T")

LOCAL_ASSOCIATION: Final = "local"
"""The association of whoever stands before the meter."""
SCRIPT_DEPTH_MAX: Final = 4
"""Scripts that execute scripts."""
_LIVE_OF_PHASES: Final = {phases: live_values(phases) for phases in (1, 3)}


@dataclass(frozen=True, slots=True)
class View:
    """An object at a moment, as its behaviours see it."""

    device: LogicalDevice
    entry: ProfileObject
    moment: Moment

    @property
    def logical_name(self) -> Obis:
        return self.entry.logical_name

    @property
    def deviation_min(self) -> int:
        return self.moment.deviation_min

    def read(self, attribute: Attribute[T]) -> T:
        result = self.device.read(self.entry, attribute.number, self.moment)
        assert isinstance(result, bytes)  # without a selection there is nothing to refuse
        return attribute.datatype.decode(result)


class LogicalDevice:
    """What a client finds behind SAP 1 of the meter."""

    def __init__(
        self,
        meter: Meter,
        model: MeterModel,
        seed: int,
        push_destination: str = "",
        payment: PaymentManufacture | None = None,
    ) -> None:
        """`payment`: how a prepayment meter leaves the works."""
        self.meter = meter
        self.model = model
        self.identity = Identity(meter.number)
        self.push_destination = push_destination
        self.entropy: Entropy = SystemEntropy()
        """For keys that the meter makes itself."""
        self.connection_wanted = False
        """A client has ordered the meter to connect by itself; the driver does so."""
        self._seed = seed
        self._timed = TimedObjects(self)
        self._live = _LIVE_OF_PHASES[model.profile.phases]
        self.payment: Prepayment | None = None
        """Of a meter whose profile has an account and a token gateway."""
        if has_prepayment(model):
            mode = self._of_works(DisconnectControl.control_mode, obis.DISCONNECT_CONTROL)
            self.payment = Prepayment(self, seed, payment or PaymentManufacture(), mode)

    @cached_property
    def keys(self) -> MeterKeys:
        """Those of the works."""
        return meter_keys(self._seed, self.meter.number, KEY_OCTETS_OF[self.model.profile.security_suite])

    @cached_property
    def sending_counter(self) -> ReservedCounter:
        return self.meter.sending_counter()

    @cached_property
    def counter_guard(self) -> CounterGuard:
        return self.meter.counter_guard()

    @cached_property
    def security(self) -> MeterSecurity:
        """Keys, policy and certificates as they are now."""
        memory, index, profile = self.meter.memory, self.meter.index, self.model.profile
        works = Works(
            self.identity.system_title,
            profile.security_suite,
            self.keys,
            profile.security_policy,
            self._seed,
            profile.security_setup_version,
        )
        security = MeterSecurity(
            works,
            SecurityMemory(memory.directory, index),
            lambda: memory.state.field("time_ms", index) // 1000,
            self.entropy,
        )
        security.unicast_key_changed = self._forget_counters
        return security

    def _forget_counters(self) -> None:
        """Under a new key every client may begin to count anew; the meter itself goes on."""
        self.meter.forget_clients()
        del self.counter_guard

    @cached_property
    def settings(self) -> Settings:
        return Settings(self.meter.memory, self.meter.index)

    @cached_property
    def _image(self) -> MeterImage:
        return MeterImage(self.meter.memory.directory / IMAGES, self.meter.index, manufacturer_key(self._seed))

    def image(self, now_ms: int) -> MeterImage:
        """The firmware image being brought into the meter, with everything over that is over by `now_ms`."""
        event = self._image.settle(now_ms)
        if event is not None:
            self.meter.log_event(event, now_ms)
        return self._image

    @property
    def image_open(self) -> bool:
        """Whether there is an image, asked about since the start, of which something may still come."""
        return "_image" in self.__dict__ and self._image.open

    def moment(self, now_ms: int, partner: Partner | None = None) -> Moment:
        """The meter as it is at `now_ms`, with everything captured that was due before."""
        self.meter.advance(now_ms)
        return Moment(
            self.meter,
            self.identity,
            now_ms,
            partner,
            self.push_destination,
            self._invocation_counters,
            lambda: self.image(now_ms),
            lambda: self.security,
            value=self.value,
        )

    def _invocation_counters(self) -> tuple[int, int]:
        accepted = int(self.meter.memory.counters["clients"]["accepted"][self.meter.index].max())
        return accepted, self.sending_counter.last_taken

    def read(
        self, entry: ProfileObject, number: int, moment: Moment, selection: SelectiveAccess | None = None
    ) -> bytes | DataAccessResult:
        """An attribute's octets, or why this part of it cannot be had. The attribute must exist."""
        if issubclass(entry.interface, ProfileGeneric):
            kept = self.model.kept_profile(entry.logical_name)
            if kept is not None and number == ProfileGeneric.buffer.number:
                return self._read_buffer(kept, selection)
            if kept is not None and number == ProfileGeneric.entries_in_use.number:
                return ProfileGeneric.entries_in_use.datatype.encode(len(self._entries(kept)))
        if issubclass(entry.interface, AssociationLn) and number == AssociationLn.object_list.number:
            if moment.partner is None:
                return DataAccessResult.SCOPE_OF_ACCESS_VIOLATED
            if selection is not None:
                return selected(self.model.elements(moment.partner.name), selection)
            return self.model.object_list(moment.partner.name)
        if entry.class_id == CompactData.class_id and number in COMPUTED:
            return CompactCapture(self, entry, moment).read(number)
        rule = entry.attributes[number]
        kept_octets = self.kept(entry, number)
        if kept_octets is not None:
            return kept_octets
        name = entry.tag, rule.attribute.name
        live: Live | None = self._live.get(name)
        if live is not None:
            return rule.datatype.encode(live(moment))
        if self.payment is not None and name in PAYMENT_LIVE:
            return rule.datatype.encode(PAYMENT_LIVE[name](Statement(self.payment, moment)))
        return rule.initial

    def kept(self, entry: ProfileObject, number: int) -> bytes | None:
        """An attribute as it was set; None when it never was."""
        return self.settings.get((entry.class_id, entry.logical_name, number))

    def write(self, entry: ProfileObject, number: int, octets: bytes, moment: Moment) -> DataAccessResult:
        """Write an attribute. TYPE_UNMATCHED when the octets are no value of it."""
        rule = entry.attributes[number]
        try:
            value = rule.datatype.decode(octets)
        except FerrarisError:
            return DataAccessResult.TYPE_UNMATCHED
        behave = write_behaviour(entry.class_id, number)
        if behave is None:
            return self.keep(entry, (Keep(rule.attribute, octets),), moment.now_ms)
        changes, result = behave(View(self, entry, moment), value, moment.now_ms)
        return DataAccessResult(result or self._apply(changes, entry, moment))

    def invoke(
        self, entry: ProfileObject, method_id: int, octets: bytes | None, moment: Moment, depth: int = 0
    ) -> ActionResult:
        """Carry out a method. TYPE_UNMATCHED when the octets are no argument of it."""
        method = entry.interface.method(method_id)
        behave = method_behaviour(entry.class_id, method_id)
        if method is None or behave is None:
            return ActionResult.OTHER_REASON
        try:
            argument = method.argument.decode(octets or b"")
        except FerrarisError:
            return ActionResult.TYPE_UNMATCHED
        changes, result = behave(View(self, entry, moment), argument, moment.now_ms)
        return ActionResult(result or self._apply(changes, entry, moment, depth))

    def _apply(self, changes: tuple[Change, ...], entry: ProfileObject, moment: Moment, depth: int = 0) -> int:
        """Carry out the changes; 0, or the number of the first refusal."""
        now_ms = moment.now_ms
        for change in changes:
            result = 0
            match change:
                case Operate(command):
                    self.meter.command(LOCALLY.get(command, command) if moment.local else command, now_ms)
                    self._settle(now_ms)
                case SetControlMode(mode):
                    self.meter.set_control_mode(mode, now_ms)
                    self._settle(now_ms)
                case SetClock(clock_ms):
                    self.meter.set_clock(clock_ms, now_ms)
                    self._settle(now_ms)
                case ClearEventLog():
                    self.meter.clear_event_log(now_ms)
                case Push(logical_name):
                    self._want_push(logical_name, now_ms)
                case ForgetPush(logical_name):
                    self._forget_push(logical_name)
                case Connect():
                    self.connection_wanted = True
                case Perform(actions):
                    result = self._perform(actions, moment, depth + 1)
                case Keep():
                    result = self.keep(entry, (change,), now_ms)
                case KeepTogether(values):
                    result = self.keep(entry, values, now_ms)
                case Capture(values):
                    result = self.keep(entry, CompactCapture(self, entry, moment).changes(values=values), now_ms)
                case Count(counting):
                    self.meter.count(counting, now_ms)
                    self._settle(now_ms)
                case Administer(operation):
                    result = self._administer(operation, moment)
                case EnterToken(octets):
                    result = self._enter_token(entry, octets, moment)
                case Pay(operation):
                    done = self.payment is not None and operation(self.payment, now_ms)
                    result = ActionResult.SUCCESS if done else ActionResult.OTHER_REASON
                case InitiateImage() | StoreImageBlock() | VerifyImage() | ActivateImage():
                    result = self._change_image(change, now_ms)
            if result:
                return result
        return 0

    def _administer(self, operation: Callable[[MeterSecurity, Partner], bytes | None], moment: Moment) -> int:
        if moment.partner is None:
            return ActionResult.OTHER_REASON  # no script changes keys
        try:
            moment.answer = operation(self.security, moment.partner)
        except SecurityError:
            return ActionResult.OTHER_REASON
        return ActionResult.SUCCESS

    def _settle(self, now_ms: int) -> None:
        """The account may have its say about the load switch."""
        if self.payment is not None:
            self.payment.settle(now_ms)

    def _enter_token(self, entry: ProfileObject, octets: bytes, moment: Moment) -> int:
        if self.payment is None:  # a token gateway without an account
            return ActionResult.OTHER_REASON
        name = None if moment.partner is None else moment.partner.name
        remote = name is not None and name != LOCAL_ASSOCIATION
        delivery = TokenDeliveryMethod.REMOTE if remote else TokenDeliveryMethod.LOCAL
        self.payment.enter_token(token_digits(octets, entry.token_form), delivery, moment.now_ms)
        return ActionResult.SUCCESS

    def _change_image(self, change: ImageChange, now_ms: int) -> int:
        image = self.image(now_ms)
        match change:
            case InitiateImage(identifier, size):
                return image.initiate(identifier, size)
            case StoreImageBlock(number, octets):
                return image.put(number, octets)
            case VerifyImage():
                return image.verify(now_ms)
            case ActivateImage():
                return image.activate(now_ms)

    def _perform(self, actions: tuple[ScriptAction, ...], moment: Moment, depth: int) -> int:
        if depth > SCRIPT_DEPTH_MAX:
            return ActionResult.OTHER_REASON
        for action in actions:
            entry = self.model.find(action.class_id, action.logical_name)
            if entry is None:
                return ActionResult.OBJECT_UNDEFINED
            octets = encode_data(action.parameter)
            if action.service is ScriptService.EXECUTE_METHOD:
                result: int = self.invoke(entry, action.index, octets, moment, depth)
            elif action.index in entry.attributes:
                result = self.write(entry, action.index, octets, moment)
            else:
                result = ActionResult.OBJECT_UNDEFINED
            if result:
                return result
        return 0

    def perform_alone(self, action: ScriptAction, now_ms: int, *, local: bool = False) -> None:
        """The meter itself does something; whether it may and can is its own matter. `local`: of its own accord."""
        moment = self.moment(now_ms)
        moment.local = local
        self._perform((action,), moment, 0)

    def value(self, attribute: Attribute[T], name: Obis) -> T:
        """An attribute of an object of the profile as it is set."""
        entry = self.model.find(attribute.owner.class_id, name)
        assert entry is not None  # asked of the meter's own objects only
        value: T = entry.attributes[attribute.number].datatype.decode(self.setting(entry, attribute.number))
        return value

    def shown(self, entry: ProfileObject, number: int, now_ms: int) -> bytes | None:
        """An attribute's octets as a client would read them; None when it cannot be had."""
        octets = self.read(entry, number, self.moment(now_ms))
        return octets if isinstance(octets, bytes) else None

    def remember(self, entry: ProfileObject, number: int, octets: bytes) -> None:
        """Keep something of an object that is no attribute. What finds no room is forgotten."""
        self.settings.put((entry.class_id, bytes(entry.logical_name), number), octets)

    def remembered(self, entry: ProfileObject, number: int) -> bytes | None:
        return self.settings.get((entry.class_id, bytes(entry.logical_name), number))

    def decoded(self, entry: ProfileObject, number: int, now_ms: int) -> Any:
        """An attribute as a client reads it: one that can be read as a whole."""
        octets = self.read(entry, number, self.moment(now_ms))
        assert isinstance(octets, bytes)
        return entry.attributes[number].datatype.decode(octets)

    def _want_push(self, logical_name: Obis, now_ms: int) -> None:
        names = [setup.logical_name for setup in push_setups(self)]
        place = names.index(logical_name)
        if place >= PUSH_SETUPS_MAX:
            return
        if not self.meter.pushes_wanted >> place & 1:
            self.put_off_push(place, now_ms, self.entropy)
        self.meter.want_push(place)

    def _forget_push(self, logical_name: Obis) -> None:
        names = [setup.logical_name for setup in push_setups(self)]
        if names.index(logical_name) < PUSH_SETUPS_MAX:
            self.meter.push_over(names.index(logical_name), asked=True)

    def put_off_push(self, place: int, now_ms: int, entropy: Entropy) -> None:
        """Set the time of a push's first try: put off at random as it is set up, and until a window opens."""
        terms = PushTerms.of(self, push_setups(self)[place], now_ms)
        wanted_ms = now_ms + int(entropy.uniform() * terms.randomisation_s * MS_PER_S)
        from_ms = self.push_opening_ms(terms, wanted_ms)
        self.meter.set_push_state(place, 0, NEVER_S * MS_PER_S if from_ms is None else from_ms)

    def push_opening_ms(self, terms: PushTerms, from_ms: int) -> int | None:
        """The first true time from `from_ms` on at which the setup's windows let it push; None for never."""
        clock_ms = self.meter.clock_ms(from_ms)
        open_s = terms.open_s(clock_ms // MS_PER_S, self.meter.zone)
        return None if open_s is None else from_ms + max(0, open_s * MS_PER_S - clock_ms)

    def _of_works(self, attribute: Attribute[T], name: Obis) -> T:
        """An attribute as the profile has it."""
        entry = self.model.find(attribute.owner.class_id, name)
        assert entry is not None  # asked of what meters of this kind have
        value: T = entry.attributes[attribute.number].datatype.decode(entry.attributes[attribute.number].initial)
        return value

    def setting(self, entry: ProfileObject, number: int) -> bytes:
        """An attribute's octets as they were set, or as the meter left the works."""
        kept = self.settings.get((entry.class_id, entry.logical_name, number))
        return entry.attributes[number].initial if kept is None else kept

    def keep(self, entry: ProfileObject, values: tuple[Keep, ...], now_ms: int) -> DataAccessResult:
        """Keep attributes of one object as they were set, all of them or none."""
        name = bytes(entry.logical_name)
        kept = {(entry.class_id, name, value.attribute.number): value.octets for value in values}
        paying = self.payment is not None and entry.class_id in PAYMENT_IDS
        if (paying and not make_terms(self, entry, values)) or not self.settings.put_all(kept):
            return DataAccessResult.OTHER_REASON
        if self.payment is not None and (paying or entry.class_id in PERIOD_IDS):
            self.payment.terms_changed(now_ms)
        if entry.class_id in TIMED_IDS:
            self._timed.changed(now_ms)
        return DataAccessResult.SUCCESS

    def _entries(self, kept: KeptProfile) -> Rows:
        return self.meter.newest_entries(kept.ring, kept.entries_max)

    def _read_buffer(self, kept: KeptProfile, selection: SelectiveAccess | None) -> bytes | DataAccessResult:
        entries = self._entries(kept)
        if selection is None:
            return kept.buffer.encode(entries)
        try:
            if selection.selector == RANGE_DESCRIPTOR.number:
                wanted: RangeDescriptor = RANGE_DESCRIPTOR.datatype.decode(selection.parameters)
                return kept.buffer.by_range(entries, wanted, self.meter.zone)
            chosen: EntryDescriptor = ENTRY_DESCRIPTOR.datatype.decode(selection.parameters)
            return kept.buffer.by_entry(entries, chosen)
        except SelectionError:
            return DataAccessResult.SCOPE_OF_ACCESS_VIOLATED
        except FerrarisError:
            return DataAccessResult.TYPE_UNMATCHED
