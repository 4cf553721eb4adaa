"""The terms of a push setup, in whatever version: what is sent where, when it may be sent, and when it is tried again.

A window is open from each of its start times to the end time that follows; without any window it is always open. The first
try is put off by a random part of `randomisation_start_interval`, and both it and every repetition wait for a window.

A setup that asks for confirmation does so from the start date of its confirmation parameters on, for the first push and for one
in each interval after a confirmation; the others go without. An interval of 0 asks each time. (What the standard's interval bounds
is uncertain in public sources.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from ferraris.cosem import CosemDateTime, Obis, ProfileObject, PushSetup, TransportService
from ferraris.cosem.classes.push_setup import (
    CommunicationWindow,
    ConfirmationParameters,
    PushOperationMethod,
    RepetitionDelay,
)
from ferraris.kernel.clock import MS_PER_S
from ferraris.kernel.network_address import network_address
from ferraris.meter.clock import Zone
from ferraris.meter.windows import opening_s

CONFIRMED_METHOD: Final = PushOperationMethod.CONFIRMED_RETRY_ON_MISSING_CONFIRMATION
LAST_CONFIRMATION: Final = PushSetup.last_confirmation_date_time.number


class Setup(Protocol):
    """What terms are made of: a setup's attributes as a client reads them."""

    def decoded(self, entry: ProfileObject, number: int, now_ms: int) -> Any: ...


@dataclass(frozen=True, slots=True)
class PushTerms:
    """The terms of one push setup."""

    name: Obis
    objects: Sequence[Any]
    transport: TransportService
    destination: bytes
    windows: tuple[CommunicationWindow, ...]
    randomisation_s: int
    retries: int
    repetition: RepetitionDelay
    confirmed: bool = False
    """A push counts as sent only when its receiver has confirmed it."""

    @classmethod
    def of(cls, setup: Setup, entry: ProfileObject, now_ms: int) -> PushTerms:
        """Of a push setup of any version: all number these attributes alike."""
        objects, sending, windows, randomisation_s, retries, delay = (
            setup.decoded(entry, number, now_ms) for number in range(2, 8)
        )
        repetition = delay if isinstance(delay, RepetitionDelay) else RepetitionDelay(delay, 100, delay)
        transport, destination = sending.transport_service, sending.destination
        method = PushSetup.push_operation_method.number
        confirmed = method in entry.attributes and setup.decoded(entry, method, now_ms) is CONFIRMED_METHOD
        confirmed = confirmed and _confirmation_due(setup, entry, now_ms)
        terms = objects, transport, destination, windows, randomisation_s, retries, repetition
        return cls(entry.logical_name, *terms, confirmed)

    @property
    def address(self) -> tuple[str, int] | None:
        """Host and port; None when that is no address."""
        return network_address(self.destination)

    def delay_s(self, tries: int) -> int:
        """Seconds from the failure of so many tries to the next: they grow by the exponent, up to the maximum."""
        delay = self.repetition.minimum
        for _ in range(tries - 1):
            delay = delay * self.repetition.exponent // 100
            if delay == 0 or delay >= self.repetition.maximum:
                break
        return min(delay, max(self.repetition.maximum, self.repetition.minimum))

    def open_s(self, clock_s: int, zone: Zone) -> int | None:
        """The first moment from `clock_s` on at which a window is open; None when none opens any more."""
        return opening_s(self.windows, clock_s, zone)


def _confirmation_due(setup: Setup, entry: ProfileObject, now_ms: int) -> bool:
    """Whether a push must be confirmed now, as far as time says."""
    parameters: ConfirmationParameters = setup.decoded(entry, PushSetup.confirmation_parameters.number, now_ms)
    begins_ms = parameters.start_date.to_epoch_ms(0)
    if begins_ms is not None and now_ms < begins_ms:
        return False
    last: CosemDateTime = setup.decoded(entry, LAST_CONFIRMATION, now_ms)
    last_ms = last.to_epoch_ms(0)
    return last_ms is None or not last_ms <= now_ms < last_ms + parameters.interval_s * MS_PER_S


def push_setups(device: Any) -> tuple[ProfileObject, ...]:
    """The push setups of a meter, in the profile's order: a push is known by its setup's place."""
    setups: tuple[ProfileObject, ...] = device.model.of_classes(frozenset((PushSetup.class_id,)))
    return setups
