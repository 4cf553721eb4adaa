"""Values that the meter itself changes: what each attribute of the profile's objects shows at a moment.

One line for each attribute, by the tag of its object. What is not listed shows what a client has set, else what the
companion profile states.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from ferraris import __version__
from ferraris.codec import BitString, Data, Tag
from ferraris.cosem import (
    AssociatedPartners,
    AssociationStatus,
    Attribute,
    ClockStatus,
    CosemDateTime,
    Obis,
    PushMessage,
    SapAssignmentElement,
    SendDestinationAndMethod,
    TransportService,
    XdlmsContextInfo,
    obis,
)
from ferraris.dlms import Associated
from ferraris.dlms.apdu import DLMS_VERSION
from ferraris.kernel.limits import APDU_OCTETS_MAX
from ferraris.meter.clock import Zone
from ferraris.meter.identity import Identity
from ferraris.meter.image import MeterImage
from ferraris.meter.load import Integers, Quantity
from ferraris.meter.meter import Meter
from ferraris.meter.mobile_network import OPERATOR, adjacent_cells, cell
from ferraris.meter.security import MeterSecurity
from ferraris.meter.security_behaviours import listed_certificates
from ferraris.meter.timed_behaviours import RATE_REGISTERS
from ferraris.meter.watches import in_emergency, limit_at

LONG_UNSIGNED_MAX: Final = 0xFFFF
CONTEXT_ARCS: Final = bytes.fromhex("608574050801")
MECHANISM_ARCS: Final = bytes.fromhex("608574050802")
"""2.16.756.5.8.1 and 2.16.756.5.8.2 in BER: names of application contexts and of authentication mechanisms."""


@dataclass(frozen=True)
class Partner:
    """The association in which a value is asked for."""

    name: str
    client_sap: int
    server_sap: int
    ciphered: bool
    mechanism: int
    associated: Associated
    protection: int = 0
    """Of the request, in the bits of an access mode."""

    @property
    def system_title(self) -> bytes:
        """Of the client."""
        return self.associated.peer_system_title


@dataclass
class Moment:
    """A meter at one moment. What several attributes show is worked out once."""

    meter: Meter
    identity: Identity
    now_ms: int
    partner: Partner | None = None
    push_destination: str = ""
    invocation_counters: Callable[[], tuple[int, int]] = lambda: (0, 0)
    """Highest one accepted from a client, last one sent."""
    image: Callable[[], MeterImage] | None = None
    """The firmware image being brought into the meter; None where nobody can bring one."""
    security: Callable[[], MeterSecurity] | None = None
    """The meter's keys, policy and certificates."""
    local: bool = False
    """Whether what is done at this moment is done by the meter of its own accord."""
    value: Callable[[Attribute[Any], Obis], Any] | None = None
    """An attribute as it is set; None where nobody can set one."""
    answer: bytes | None = None
    """What the last method had to answer, encoded."""
    answer_protection: int | None = None
    """What the answer must have beyond its request's protection, in the bits of an access mode for requests; None where it
    can have no more."""

    @cached_property
    def clock_ms(self) -> int:
        return self.meter.clock_ms(self.now_ms)

    @cached_property
    def deviation_min(self) -> int:
        return -int(self.meter.zone.offset_min(self.clock_ms // 1000))

    @cached_property
    def registers_wh(self) -> list[int]:
        return [int(value) for value in self.meter.registers_wh(self.now_ms)]

    @cached_property
    def rates_wh(self) -> Integers:
        return self.meter.rates_wh(self.now_ms)

    @cached_property
    def power(self) -> list[int]:
        return [min(int(value), LONG_UNSIGNED_MAX) for value in self.meter.power(self.now_ms)]

    @cached_property
    def voltages_dv(self) -> Integers:
        return self.meter.voltages_dv(self.now_ms)

    @cached_property
    def phase_weights(self) -> list[int]:
        return self.meter.phase_weights(self.now_ms)

    def of_phase(self, amount: int, phase: int, phases: int) -> int:
        """What one of so many phases has of an amount."""
        weights = self.phase_weights[:phases]
        return amount * weights[phase] // sum(weights)

    @property
    def phase_unbalance_w(self) -> int:
        """By how much the active power of one of three phases is more than that of another."""
        powers = [self.of_phase(self.power[Quantity.ACTIVE_IMPORT], phase, 3) for phase in range(3)]
        return max(powers) - min(powers)

    @property
    def clock_status(self) -> ClockStatus:
        status = ClockStatus.INVALID if self.meter.clock_invalid else ClockStatus(0)
        if self.meter.zone.daylight_saving(self.clock_ms // 1000):
            status |= ClockStatus.DAYLIGHT_SAVING
        return status

    @property
    def time(self) -> CosemDateTime:
        return CosemDateTime.from_epoch_ms(self.clock_ms, self.deviation_min, self.clock_status)

    def current_ca(self, phase: int = 0, phases: int = 1) -> int:
        """Current of one of so many phases in 1/100 A."""
        active = self.power[Quantity.ACTIVE_IMPORT] + self.power[Quantity.ACTIVE_EXPORT]
        reactive = self.power[Quantity.REACTIVE_IMPORT] + self.power[Quantity.REACTIVE_EXPORT]
        apparent_va = (active * active + reactive * reactive) ** 0.5
        current_ca = int(apparent_va * 1000 / int(self.voltages_dv[phase]))
        return min(self.of_phase(current_ca, phase, phases), LONG_UNSIGNED_MAX)

    def take_answer(self) -> bytes | None:
        """What the last method had to answer, once."""
        answer, self.answer = self.answer, None
        return answer

    @property
    def firmware(self) -> str:
        """The version of the active firmware."""
        activated = None if self.image is None else self.image().firmware_version
        return activated or f"ferraris {__version__}"

    def last_event_code(self) -> int:
        entries = self.meter.event_entries()
        return int(entries["code"][-1]) if len(entries) else 0


Live = Callable[[Moment], Any]


def _register(quantity: Quantity) -> Live:
    return lambda moment: moment.registers_wh[quantity]


def _rate(rate: int, direction: int) -> Live:
    return lambda moment: int(moment.rates_wh[rate, direction])


def _power(quantity: Quantity) -> Live:
    return lambda moment: moment.power[quantity]


def _phase_power(quantity: Quantity, phase: int, phases: int) -> Live:
    return lambda moment: moment.of_phase(moment.power[quantity], phase, phases)


def _voltage(phase: int) -> Live:
    return lambda moment: int(moment.voltages_dv[phase])


def _current(phase: int, phases: int) -> Live:
    return lambda moment: moment.current_ca(phase, phases)


def _in_association(value: Callable[[Partner], Any]) -> Live:
    """A value of the association in which it is read."""

    def read(moment: Moment) -> Any:
        assert moment.partner is not None  # only clients ask, and they are associated
        return value(moment.partner)

    return read


def _context_info(partner: Partner) -> XdlmsContextInfo:
    conformance = BitString(24, int(partner.associated.conformance).to_bytes(3, "big"))
    sizes = APDU_OCTETS_MAX, partner.associated.peer_max_receive_pdu_size
    return XdlmsContextInfo(conformance, *sizes, DLMS_VERSION, 0, b"")


def _named(arcs: bytes, last: Callable[[Partner], int]) -> Live:
    return _in_association(lambda partner: Data(Tag.OCTET_STRING, arcs + bytes((last(partner),))))


def _image(value: Callable[[MeterImage], Any]) -> Live:
    """A value of the image transfer."""

    def read(moment: Moment) -> Any:
        assert moment.image is not None  # a logical device has one
        return value(moment.image())

    return read


def _threshold(value: Callable[[Attribute[Any], Obis], Any], name: Obis, clock_s: int, zone: Zone) -> Any:
    """What a limiter holds against its value now."""
    return limit_at(value, name, clock_s, zone).threshold


def _limiter(value: Callable[[Callable[[Attribute[Any], Obis], Any], Obis, int, Zone], Any], name: Obis) -> Live:
    """A value of the limiter of that name at the meter's time."""

    def read(moment: Moment) -> Any:
        assert moment.value is not None  # a logical device has attributes
        return value(moment.value, name, moment.clock_ms // 1000, moment.meter.zone)

    return read


def _security(value: Callable[[MeterSecurity], Any]) -> Live:
    """A value of the meter's security."""

    def read(moment: Moment) -> Any:
        assert moment.security is not None  # a logical device has one
        return value(moment.security())

    return read


def _push_destination(moment: Moment) -> SendDestinationAndMethod:
    destination = moment.push_destination.encode()
    return SendDestinationAndMethod(TransportService.TCP, destination, PushMessage.A_XDR_APDU)


_ENERGIES: Final = {
    "ACTIVE_ENERGY_IMPORT": Quantity.ACTIVE_IMPORT,
    "ACTIVE_ENERGY_EXPORT": Quantity.ACTIVE_EXPORT,
    "REACTIVE_ENERGY_IMPORT": Quantity.REACTIVE_IMPORT,
    "REACTIVE_ENERGY_EXPORT": Quantity.REACTIVE_EXPORT,
}
_POWERS: Final = {
    "ACTIVE_POWER_IMPORT": Quantity.ACTIVE_IMPORT,
    "ACTIVE_POWER_EXPORT": Quantity.ACTIVE_EXPORT,
    "REACTIVE_POWER_IMPORT": Quantity.REACTIVE_IMPORT,
    "REACTIVE_POWER_EXPORT": Quantity.REACTIVE_EXPORT,
}


def live_values(phases: int) -> dict[tuple[str, str], Live]:
    """What a meter of so many phases shows, by tag of the object and name of the attribute."""
    live: dict[tuple[str, str], Live] = {(tag, "value"): _register(quantity) for tag, quantity in _ENERGIES.items()}
    live |= {(tag, "value"): _rate(*divmod(bit, 2)) for bit, tag in enumerate(RATE_REGISTERS)}
    for tag, quantity in _POWERS.items():
        live[tag, "value"] = _power(quantity)
        for phase in range(phases):
            of_phase = _phase_power(quantity, phase, phases)
            live[f"{tag}_L{phase + 1}", "value"] = live[f"AVERAGE_{tag}_L{phase + 1}", "value"] = of_phase
    for phase in range(phases):
        for average in ("", "AVERAGE_"):
            live[f"{average}VOLTAGE_L{phase + 1}", "value"] = _voltage(phase)
            live[f"{average}CURRENT_L{phase + 1}", "value"] = _current(phase, phases)
    if phases == 3:
        live["PHASE_UNBALANCE", "value"] = lambda moment: moment.phase_unbalance_w
    for tag, name in (("LIMITER", obis.LIMITER), ("PHASE_LIMITER", obis.PHASE_LIMITER)):
        live[tag, "threshold_active"] = _limiter(_threshold, name)
        live[tag, "emergency_profile_active"] = _limiter(in_emergency, name)
    return live | _DEVICE | _ASSOCIATION


_DEVICE: Final[dict[tuple[str, str], Live]] = {
    ("CLOCK", "time"): lambda moment: moment.time,
    ("CLOCK", "status"): lambda moment: moment.clock_status,
    ("CLOCK", "time_zone"): lambda moment: -int(moment.meter.zone.offsets_min.min()),
    ("CLOCK", "daylight_savings_enabled"): lambda moment: bool(moment.meter.zone.saving.any()),
    ("CURRENT_SUM", "value"): lambda moment: moment.current_ca(),
    ("SERIAL_NUMBER", "value"): lambda moment: moment.identity.serial.encode(),
    ("DEVICE_ID_2", "value"): lambda moment: moment.identity.serial.encode(),
    ("LOGICAL_DEVICE_NAME", "value"): lambda moment: moment.identity.logical_device_name,
    ("ACTIVE_FIRMWARE_IDENTIFIER", "value"): lambda moment: moment.firmware.encode(),
    ("POWER_FAILURES", "value"): lambda moment: min(moment.meter.power_failures, LONG_UNSIGNED_MAX),
    ("LONG_POWER_FAILURES", "value"): lambda moment: min(moment.meter.long_power_failures, LONG_UNSIGNED_MAX),
    ("PROFILE_STATUS", "value"): lambda moment: moment.meter.profile_status(moment.now_ms),
    ("STANDARD_EVENT_CODE", "value"): lambda moment: moment.last_event_code(),
    ("DISCONNECT_CONTROL", "output_state"): lambda moment: moment.meter.output_state,
    ("DISCONNECT_CONTROL", "control_state"): lambda moment: moment.meter.control_state,
    ("DISCONNECT_CONTROL", "control_mode"): lambda moment: moment.meter.control_mode,
    ("SAP_ASSIGNMENT", "sap_assignment_list"): lambda moment: (
        SapAssignmentElement(1, moment.identity.logical_device_name),
    ),
    ("PUSH_SETUP_ALARM", "send_destination_and_method"): _push_destination,
    ("IMAGE_TRANSFER", "image_block_size"): _image(lambda image: image.block_octets),
    ("IMAGE_TRANSFER", "image_transferred_blocks_status"): _image(lambda image: image.blocks_status),
    ("IMAGE_TRANSFER", "image_first_not_transferred_block_number"): _image(lambda image: image.first_missing),
    ("IMAGE_TRANSFER", "image_transfer_status"): _image(lambda image: image.status),
    ("IMAGE_TRANSFER", "image_to_activate_info"): _image(lambda image: image.to_activate),
    ("LTE_DIAGNOSTIC", "operator"): lambda moment: OPERATOR,
    ("LTE_DIAGNOSTIC", "cell_info"): lambda moment: cell(moment.identity.number, moment.now_ms // 1000),
    ("LTE_DIAGNOSTIC", "adjacent_cells"): lambda moment: adjacent_cells(moment.identity.number, moment.now_ms // 1000),
    ("LTE_DIAGNOSTIC", "capture_time"): lambda moment: moment.time,
    ("INVOCATION_COUNTER", "value"): lambda moment: moment.invocation_counters()[0],
    ("INVOCATION_COUNTER_SENT", "value"): lambda moment: moment.invocation_counters()[1],
    ("SECURITY_SETUP", "security_policy"): _security(lambda security: security.shown_policy),
    ("SECURITY_SETUP", "certificates"): _security(listed_certificates),
    ("SECURITY_SETUP", "server_system_title"): lambda moment: moment.identity.system_title,
}
_ASSOCIATION: Final[dict[tuple[str, str], Live]] = {
    ("SECURITY_SETUP", "client_system_title"): _in_association(lambda partner: partner.associated.peer_system_title),
    ("ASSOCIATION", "associated_partners_id"): _in_association(
        lambda partner: AssociatedPartners(partner.client_sap, partner.server_sap)
    ),
    ("ASSOCIATION", "application_context_name"): _named(CONTEXT_ARCS, lambda partner: 3 if partner.ciphered else 1),
    ("ASSOCIATION", "xdlms_context_info"): _in_association(_context_info),
    ("ASSOCIATION", "authentication_mechanism_name"): _named(MECHANISM_ARCS, lambda partner: partner.mechanism),
    ("ASSOCIATION", "association_status"): lambda moment: AssociationStatus.ASSOCIATED,
}
