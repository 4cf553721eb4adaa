"""A meter as vending knows it: its account, and the history of its STS configurations.

The newest configuration that was issued or is loaded is the one that tokens are made for. A newer one that is *wanted* waits
for the next purchase, whose key-change tokens issue it. When a token under the new key is known to be accepted, it is *loaded*,
and what came before is *former*.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from ferraris.store import AccountRow, ConfigurationRow, Registered, VendingMeterRow, VendingReader, VendingWriter
from ferraris.sts import (
    BaseDate,
    EncryptionAlgorithm,
    KeyDerivation,
    KeyType,
    MeterPan,
    StsConfiguration,
    StsError,
)
from ferraris.vending.errors import KeyChangeError, MeterBlockedError, UnknownMeterError


class ConfigurationState(StrEnum):
    """How far a configuration has come on its way into the meter."""

    WANTED = "wanted"
    ISSUED = "issued"
    LOADED = "loaded"
    FORMER = "former"


NUMBER_DIGITS = (11, 13, 18)
"""Of decoder reference numbers, and of a meter PAN."""
_IN_USE = (ConfigurationState.ISSUED, ConfigurationState.LOADED)


@dataclass(frozen=True, slots=True)
class Configured:
    """One configuration of a meter's history."""

    row: ConfigurationRow
    sts: StsConfiguration

    @property
    def position(self) -> int:
        return self.row.position

    @property
    def state(self) -> ConfigurationState:
        return ConfigurationState(self.row.state)


@dataclass(frozen=True, slots=True)
class KnownMeter:
    """A registered meter with its account and its history, the oldest configuration first."""

    meter: VendingMeterRow
    account: AccountRow
    history: tuple[Configured, ...]

    @property
    def number(self) -> str:
        return self.meter.decoder_reference_number

    @property
    def present(self) -> Configured:
        """The configuration that tokens are made for now."""
        in_use = [one for one in self.history if one.state in _IN_USE]
        if not in_use:
            raise UnknownMeterError(f"meter {self.number} has no configuration in use")
        return in_use[-1]

    @property
    def wanted(self) -> Configured | None:
        """The configuration that the next purchase brings, if there is one."""
        newest = self.history[-1]
        return newest if newest.state is ConfigurationState.WANTED else None

    @property
    def before(self) -> Configured | None:
        """The configuration that came before the present one."""
        earlier = [one for one in self.history if one.position < self.present.position]
        return earlier[-1] if earlier else None

    def at(self, position: int) -> Configured:
        """The configuration of that position."""
        return self.history[position - 1]

    def check_open(self) -> None:
        """Raise MeterBlockedError if nothing is sold to it."""
        if self.meter.blocked:
            raise MeterBlockedError(f"meter {self.number} is blocked: {self.meter.blocked}")


def known_meter(reader: VendingReader, number: str) -> KnownMeter:
    """The meter of that decoder reference number. Raises UnknownMeterError."""
    return meter_known_as(number, reader.registered([number]))


def meter_known_as(number: str, registered: Mapping[str, Registered]) -> KnownMeter:
    """The meter of that number, out of those that were read. Raises UnknownMeterError."""
    found = registered.get(number)
    if found is None:
        raise UnknownMeterError("no such meter", got=repr(number[:40]))
    if not found.history:
        raise UnknownMeterError(f"meter {number} has no configuration")
    history = tuple([Configured(row, sts_configuration(row)) for row in found.history])
    return KnownMeter(found.meter, found.account, history)


@lru_cache(maxsize=10_000)
def sts_configuration(row: ConfigurationRow) -> StsConfiguration:
    """A row of the history as STS has it."""
    return StsConfiguration(
        meter_pan=MeterPan(row.issuer_identification_number, row.meter),
        encryption_algorithm=EncryptionAlgorithm(row.encryption_algorithm),
        supply_group_code=row.supply_group_code,
        key_revision_number=row.key_revision_number,
        key_type=KeyType(row.key_type),
        tariff_index=row.tariff_index,
        base_date=BaseDate(row.base_date),
        key_expiry_number=row.key_expiry_number,
        key_derivation=KeyDerivation(row.key_derivation),
        three_token_key_change=row.three_token_key_change,
    )


def configuration_row(
    sts: StsConfiguration, position: int, state: ConfigurationState, from_ms: int, proof: str = ""
) -> ConfigurationRow:
    """A configuration as a row of the history."""
    return ConfigurationRow(
        meter=sts.meter_pan.decoder_reference_number,
        position=position,
        state=state.value,
        issuer_identification_number=sts.meter_pan.issuer_identification_number,
        encryption_algorithm=sts.encryption_algorithm,
        supply_group_code=sts.supply_group_code,
        key_revision_number=sts.key_revision_number,
        key_type=sts.key_type,
        tariff_index=sts.tariff_index,
        base_date=sts.base_date,
        key_expiry_number=sts.key_expiry_number,
        key_derivation=sts.key_derivation,
        three_token_key_change=sts.three_token_key_change,
        from_ms=from_ms,
        loaded_ms=from_ms if state is ConfigurationState.LOADED else None,
        proof=proof,
    )


def want_configuration(writer: VendingWriter, meter: KnownMeter, sts: StsConfiguration, now_ms: int) -> int:
    """Note the configuration that the meter is to have next, and return its position. One that waits is replaced.

    Raises KeyChangeError when no key change leads from the present one to it.
    """
    check_change(meter.present.sts, sts, now_ms)
    position = meter.wanted.position if meter.wanted else len(meter.history) + 1
    writer.replace(configuration_row(sts, position, ConfigurationState.WANTED, now_ms))
    return position


def check_change(present: StsConfiguration, new: StsConfiguration, now_ms: int) -> None:
    """Raise KeyChangeError unless key-change tokens can lead from the present configuration to the new one, now.

    A meter on a base date that lies ahead could be sold nothing: there are no token identifiers before it.
    """
    if new.base_date.start_ms > now_ms:
        raise KeyChangeError(
            f"base date {new.base_date.year} has not begun: nothing could be sold to the meter until then"
        )
    if new == present:
        raise KeyChangeError("the meter has this configuration already")
    if new.meter_pan != present.meter_pan or new.encryption_algorithm != present.encryption_algorithm:
        raise KeyChangeError("a key change leaves meter number and encryption algorithm as they are")
    rollover = new.base_date != present.base_date
    if rollover and new.key_derivation != KeyDerivation.DKGA04 and key_inputs(new) == key_inputs(present):
        raise KeyChangeError("a new base date comes with another decoder key: the key revision number must change too")


def key_inputs(sts: StsConfiguration) -> tuple[object, ...]:
    """What a decoder key is derived from, as far as every derivation uses it; only DKGA04 uses the base date as well."""
    return sts.supply_group_code, sts.key_revision_number, sts.key_type, sts.tariff_index, sts.key_derivation


def note_issued(writer: VendingWriter, configured: Configured, now_ms: int) -> None:
    """The key-change tokens that lead to this configuration were sold."""
    if configured.state is ConfigurationState.WANTED:
        writer.replace(replace(configured.row, state=ConfigurationState.ISSUED.value, issued_ms=now_ms))


def note_loaded(writer: VendingWriter, meter: KnownMeter, position: int, now_ms: int, proof: str) -> None:
    """The meter is known to have this configuration; what came before is former."""
    if meter.at(position).state is not ConfigurationState.ISSUED:
        return
    loaded = ConfigurationState.LOADED.value
    writer.replace(replace(meter.at(position).row, state=loaded, loaded_ms=now_ms, proof=proof))
    for earlier in meter.history[: position - 1]:
        if earlier.state is not ConfigurationState.FORMER:
            writer.replace(replace(earlier.row, state=ConfigurationState.FORMER.value, until_ms=now_ms))


def parse_pan(text: str) -> MeterPan:
    """A meter number as somebody types it: a decoder reference number or a meter PAN. Raises UnknownMeterError."""
    digits = "".join(text.split())
    if not (digits.isascii() and digits.isdigit()):
        raise UnknownMeterError("a decoder reference number has digits only", got=repr(text[:40]))
    if len(digits) not in NUMBER_DIGITS:
        raise UnknownMeterError("a decoder reference number has 11 or 13 digits", got=len(digits))
    try:
        return MeterPan.parse(digits)
    except StsError as error:
        raise UnknownMeterError(f"no meter number: {error}") from None


def meter_sought(text: str) -> str:
    """What is looked for as the registry has it: of a meter PAN, or a number with blanks, the decoder reference number."""
    try:
        return parse_pan(text).decoder_reference_number
    except UnknownMeterError:
        return text.strip()
