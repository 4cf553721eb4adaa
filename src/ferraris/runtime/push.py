"""Receives what meters push: wrapper, general-glo-ciphering, data-notification, and from that the head-end's events.

Anyone who can reach the port can send here. A stranger's octets cost a lookup of a system title, a link that sends what is
no WPDU is closed, links are limited in number, and one over which nothing acceptable comes in time gives its place up. All
that is refused becomes a count and at most one open alarm of its kind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ferraris.codec import Tag
from ferraris.cosem import CosemDateTime, Quirk, quirks_of
from ferraris.dlms import (
    DATAGRAMS_REMEMBERED,
    DatagramReceiver,
    IncomingPushes,
    Notification,
    PushReceiver,
    ReceivedPush,
    WrapperReceiver,
    encode_wpdu,
    sender_of,
)
from ferraris.headend import Event, PushFault, PushReceived, PushRejected
from ferraris.kernel.errors import (
    AuthenticationError,
    ConfigError,
    DecodeError,
    FerrarisError,
    InvocationCounterError,
    RemoteProtocolError,
    SecurityError,
)
from ferraris.kernel.limits import PUSH_OCTETS_MAX
from ferraris.link import Link
from ferraris.runtime.key_ring import KeyRing
from ferraris.runtime.kinds import push_positions
from ferraris.runtime.settings import RuntimeSettings


class PushListener:
    """The handler of the links that meters open, over TCP or UDP."""

    def __init__(self, key_ring: KeyRing, settings: RuntimeSettings, tell: Callable[[Event], None]) -> None:
        self._key_ring = key_ring
        self._settings = settings
        self._tell = tell
        self._receiver = PushReceiver(key_ring.push_security)
        self.links = 0
        """Being served."""

    async def serve(self, link: Link) -> None:
        """Take pushes from one link until it ends, sends what is no WPDU, or for too long nothing acceptable."""
        if self.links >= self._settings.push_links_max:
            self._tell(PushRejected(None, PushFault.FLOOD, f"{self.links} links are open, one more from {link.peer}"))
            return
        self.links += 1
        try:
            await self._serve(link)
        except (DecodeError, RemoteProtocolError) as error:
            self._tell(PushRejected(None, PushFault.MALFORMED, f"from {link.peer}: {error}"))
        except TimeoutError:
            pass
        finally:
            self.links -= 1

    async def _serve(self, link: Link) -> None:
        if link.capabilities.keeps_boundaries:
            wrapper: DatagramReceiver | WrapperReceiver = DatagramReceiver(DATAGRAMS_REMEMBERED)
        else:
            wrapper = WrapperReceiver(PUSH_OCTETS_MAX)
        pushes = IncomingPushes()
        loop, idle_s = asyncio.get_running_loop(), self._settings.push_idle_timeout_s
        async with asyncio.timeout(idle_s) as patience:
            while True:
                octets = await link.receive()
                try:
                    wrapper.receive(octets)
                finally:
                    for wpdu in wrapper.events():
                        apdu = pushes.take(wpdu.apdu)
                        for block in pushes.outgoing():
                            await link.send(encode_wpdu(wpdu.destination, wpdu.source, block))
                        received = None if apdu is None else self.take(apdu, link.peer)
                        if received is None:
                            continue
                        patience.reschedule(loop.time() + idle_s)
                        confirmation = self._key_ring.push_confirmation(received)
                        if confirmation is not None:
                            await link.send(encode_wpdu(wpdu.destination, wpdu.source, confirmation))

    def take(self, apdu: bytes, peer: str) -> ReceivedPush | None:
        """Deal with one pushed APDU; None when it was not acceptable."""
        try:
            received = self._receiver.receive(apdu)
        except FerrarisError as error:
            self._reject(apdu, peer, error)
            return None
        row = self._key_ring.meter_of(received.system_title)
        if row is not None:
            quirks = quirks_of(system_title=received.system_title, profile=row.profile)
            events = pushed_events(
                row.profile, received.notification, deviation_reversed=Quirk.DEVIATION_REVERSED in quirks
            )
            self._tell(PushReceived(row.id, events))
        return received

    def _reject(self, apdu: bytes, peer: str, error: FerrarisError) -> None:
        row = self._key_ring.meter_of(sender_of(apdu))
        text = f"from {peer}: {error}"
        if isinstance(error, InvocationCounterError):
            fault = PushFault.REPLAYED
        elif isinstance(error, SecurityError | ConfigError):
            stranger = row is None and isinstance(error, AuthenticationError)
            fault = PushFault.UNKNOWN_METER if stranger else PushFault.BAD_PROTECTION
        else:
            # Unprotected or malformed: the system title in it proves nothing about its sender.
            fault, row = PushFault.MALFORMED, None
        self._tell(PushRejected(None if row is None else row.id, fault, text))


def pushed_events(
    profile: str, notification: Notification, *, deviation_reversed: bool = False
) -> tuple[tuple[int, int], ...]:
    """The event that a push of this kind of meter reports, as (time_s, code); none when it has another layout."""
    positions = push_positions(profile)
    members = notification.tree().value
    if positions is None or notification.body.tag != Tag.STRUCTURE or not isinstance(members, tuple):
        return ()
    time_at, code_at = positions
    if max(positions) >= len(members):
        return ()
    time, code = members[time_at].value, members[code_at].value
    try:
        moment = CosemDateTime.from_octets(time) if isinstance(time, bytes) else None
    except DecodeError:
        return ()
    if moment is not None and deviation_reversed:
        moment = moment.with_deviation_reversed()
    time_ms = None if moment is None else moment.to_epoch_ms(0)
    if time_ms is None or not isinstance(code, int):
        return ()
    return ((time_ms // 1_000, code),)
