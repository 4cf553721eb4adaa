"""Invocation counters: sent ones reserved in blocks before use, received ones accepted only upwards.

Theory. AES-GCM falls if one (key, system title, invocation counter) protects two different texts. So a sender must never
use a value twice, whatever happens to it between two instructions. Writing each value down before using it would cost a
disk write per APDU; instead a whole block is written down as reserved, then its values are used from memory:

    reserved on disk   ........................R            every value <= R may have been used
    in memory          ...............next.....R            values next..R are still fresh

After a crash nobody knows how far `next` came, so the counter goes on at R + 1: at most a block of values is lost, and
none is used twice. The mark moves only upwards; a counter that has reached its end is finished until the key is changed.

The receiver's side mirrors it: a value is accepted only if it is above the last one accepted from that sender under that
key, and the new mark is written down before the APDU is acted upon.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ferraris.kernel.errors import InvocationCounterError
from ferraris.kernel.limits import (
    INVOCATION_COUNTER_BLOCK,
    INVOCATION_COUNTER_MAX,
    INVOCATION_COUNTER_RAISE_MAX,
    INVOCATION_COUNTER_SENDERS_MAX,
)

NEVER_ACCEPTED = -1
"""The mark of a sender from whom nothing was accepted yet: its first value may be 0."""


class ReservedCounter:
    """The invocation counter of one key, for sending.

    `reserved` is the mark as persisted, None if there is none yet. `reserve(up_to)` must make the new mark durable before
    it returns; if it raises, no value has been taken and the counter can be asked again. The first value is 1, since many
    receivers begin with 0 as the last one accepted.
    """

    def __init__(
        self, reserved: int | None, reserve: Callable[[int], None], *, block: int = INVOCATION_COUNTER_BLOCK
    ) -> None:
        if block < 1:
            raise ValueError(f"a block holds at least one value, got {block}")
        self._reserved = 0 if reserved is None else reserved
        self._next = self._reserved + 1
        self._reserve = reserve
        self._block = block

    def __repr__(self) -> str:
        return f"ReservedCounter(next={self._next}, reserved={self._reserved})"

    @property
    def reserved(self) -> int:
        """The highest value that may have been used, as far as the disk knows."""
        return self._reserved

    @property
    def last_taken(self) -> int:
        """The highest value that may have been used; 0 if none was."""
        return self._next - 1

    def take(self) -> int:
        """The next value, never given before. Raises InvocationCounterError when the key has none left."""
        if self._next > INVOCATION_COUNTER_MAX:
            raise InvocationCounterError(
                "the invocation counter is used up: this key must be changed before anything more is sent under it",
                got=self._next,
                expected=f"at most {INVOCATION_COUNTER_MAX}",
            )
        if self._next > self._reserved:
            up_to = min(self._next + self._block - 1, INVOCATION_COUNTER_MAX)
            self._reserve(up_to)
            self._reserved = up_to
        value = self._next
        self._next = value + 1
        return value

    def raise_to(self, minimum: int) -> None:
        """Give no value below `minimum` from now on: a meter has seen higher ones than we remember.

        Nothing proves a meter's word about its counter, and a counter never falls again. So a word alone moves it at most
        to INVOCATION_COUNTER_RAISE_MAX: an impostor cannot use up the key.
        """
        if minimum > INVOCATION_COUNTER_RAISE_MAX:
            raise InvocationCounterError(
                "a peer demands an invocation counter so high that it would use up the key",
                expected=f"at most {INVOCATION_COUNTER_RAISE_MAX}",
                got=minimum,
            )
        self._next = max(self._next, minimum)


class CounterGuard:
    """The invocation counters received under one key: each sender's must rise.

    `last_accepted` maps a sender's system title to its persisted mark. `persist(system_title, value)` must make the mark
    durable before it returns; if it raises, the value is not accepted. Ask only after the APDU's authentication tag has
    been checked, or a stranger moves the mark.
    """

    def __init__(self, last_accepted: Mapping[bytes, int], persist: Callable[[bytes, int], None]) -> None:
        self._last_accepted = dict(last_accepted)
        self._persist = persist

    def last_accepted(self, system_title: bytes) -> int:
        """The sender's highest value so far, `NEVER_ACCEPTED` if it has sent nothing."""
        return self._last_accepted.get(system_title, NEVER_ACCEPTED)

    def accept(self, system_title: bytes, received: int) -> None:
        """Accept a counter, or raise InvocationCounterError: it was used before (replay) or the sender fell back."""
        last = self._last_accepted.get(system_title, NEVER_ACCEPTED)
        if not last < received <= INVOCATION_COUNTER_MAX:
            raise InvocationCounterError(
                f"invocation counter of {system_title.hex()} replayed or rolled back",
                expected=last + 1,
                got=received,
            )
        if last == NEVER_ACCEPTED and len(self._last_accepted) >= INVOCATION_COUNTER_SENDERS_MAX:
            raise InvocationCounterError(
                "too many senders under one key",
                expected=f"at most {INVOCATION_COUNTER_SENDERS_MAX}",
                got=system_title.hex(),
            )
        self._persist(system_title, received)
        self._last_accepted[system_title] = received
