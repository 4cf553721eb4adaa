"""What the console needs of the running system. The runtime's own object fits it; the console never imports the runtime."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ferraris.kernel.clock import Clock, ScaledClock

if TYPE_CHECKING:  # a till without a head-end loads no head-end
    from ferraris.cosem import CompanionProfile
    from ferraris.headend import CommandKind, Event, HeadEnd
    from ferraris.store import CommandRow, Stores
    from ferraris.vending import Vending


class System(Protocol):
    """The running head-end with its stores and its clock.

    The console reads `head_end.state` and the stores, and orders through `post_command` and `post`. State is only touched
    on the event loop's own thread.
    """

    @property
    def head_end(self) -> HeadEnd: ...

    @property
    def stores(self) -> Stores: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def vending(self) -> Vending | None:
        """Who sells tokens in this process; None where nobody does."""
        ...

    def companion_profile(self, name: str) -> CompanionProfile:
        """The companion profile of that name or path. Raises ConfigError or TableError for one that cannot be had."""
        ...

    def post_command(self, meter: int, kind: CommandKind, argument: str = "", requested_by: str = "") -> CommandRow:
        """Durably take an operator's command, audit it and hand it to the head-end. Raises StoreError."""
        ...

    def post(self, event: Event) -> None:
        """Hand an event to the head-end's queue; its step follows soon after."""
        ...


def speed_of(clock: Clock) -> float:
    """How many seconds of the system's time pass in one second."""
    return clock.speed if isinstance(clock, ScaledClock) else 1.0
