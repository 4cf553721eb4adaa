"""What a virtual meter shows at its optical head: serial number, local time and registers, by the short codes of IEC 62056-21.

    0.0.0  serial number    0.9.1  hhmmss    0.9.2  yymmdd    1.8.0, 2.7.0 ...  registers of electricity

Everybody with a head may read them, as they may read the display. The time can be set by whoever has the password, which is the
LLS secret of the meter.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from ferraris.codec import Data
from ferraris.cosem import ProfileObject, Register
from ferraris.iec62056_21 import DataSet, Identification
from ferraris.kernel.clock import MS_PER_S, Clock
from ferraris.kernel.units import Unit
from ferraris.meter.device import LogicalDevice

SERIAL, TIME, DATE = "0.0.0", "0.9.1", "0.9.2"
ELECTRICITY: Final = 1
IN_THOUSANDS: Final = frozenset({Unit.WATT_HOUR, Unit.VAR_HOUR, Unit.VOLT_AMPERE_HOUR})
S_PER_MIN: Final = 60
REGISTERS: Final = frozenset({Register.class_id})
FORMATS: Final = {TIME: "%H%M%S", DATE: "%y%m%d"}


def identification(device: LogicalDevice, speed: str, enhancements: str = "") -> Identification:
    """Who answers at the head."""
    serial = device.identity.serial
    return Identification(serial[:3], speed, serial, enhancements)


class OpticalValues:
    """The values of one meter as they are now, and those that can be set."""

    def __init__(self, device: LogicalDevice, clock: Clock) -> None:
        self._device = device
        self._clock = clock
        self._registers = {_code(entry): entry for entry in device.model.of_classes(REGISTERS) if _is_shown(entry)}

    def data_sets(self) -> list[DataSet]:
        """Everything, as a readout shows it."""
        return list(self._data_sets())

    def read(self, address: str) -> str | None:
        """The data set at an address; None where there is none."""
        found = next((one for one in self._data_sets(address) if one.identifier == address), None)
        return None if found is None else found.encode()

    def write(self, address: str, value: str) -> bool:
        """Set the local time or date. Nothing else can be written."""
        layout = FORMATS.get(address)
        if layout is None or not value.isdecimal():
            return False
        try:
            said = datetime.strptime(value, layout).replace(tzinfo=UTC)
        except ValueError:
            return False
        shown = self._local()
        wanted = datetime.combine(said, shown.timetz()) if address == DATE else datetime.combine(shown, said.timetz())
        ahead_ms = int((wanted - shown).total_seconds()) * MS_PER_S
        meter = self._device.meter
        now_ms = self._clock.now_ms()
        meter.set_clock(meter.clock_ms(now_ms) + ahead_ms, now_ms)
        return True

    def _data_sets(self, only: str = "") -> Iterator[DataSet]:
        yield DataSet(SERIAL, ((self._device.identity.serial, ""),))
        shown = self._local()
        for code, layout in FORMATS.items():
            yield DataSet(code, ((shown.strftime(layout), ""),))
        for code, entry in self._registers.items():
            if only in ("", code):
                yield DataSet(code, (self._value(entry),))

    def _value(self, entry: ProfileObject) -> tuple[str, str]:
        """The number and its unit; energies in thousands of theirs, as displays have them."""
        value, scaler_unit = (self._device.decoded(entry, number, self._clock.now_ms()) for number in (2, 3))
        count = value.value if isinstance(value, Data) else value
        if not isinstance(count, int):
            return "", ""  # a register that this meter does not keep
        number = Decimal(count).scaleb(scaler_unit.scaler)
        unit = Unit(scaler_unit.unit)
        if unit in IN_THOUSANDS:
            return f"{number.scaleb(-3):010.3f}", f"k{unit.symbol}"
        return f"{number:f}", unit.symbol

    def _local(self) -> datetime:
        meter = self._device.meter
        clock_s = meter.clock_ms(self._clock.now_ms()) // MS_PER_S
        return datetime.fromtimestamp(clock_s + int(meter.zone.offset_min(clock_s)) * S_PER_MIN, UTC)


def _code(entry: ProfileObject) -> str:
    name = entry.logical_name
    return f"{name.c}.{name.d}.{name.e}"


def _is_shown(entry: ProfileObject) -> bool:
    name = entry.logical_name
    return name.a == ELECTRICITY and name.b == 0 and name.f == 0xFF
