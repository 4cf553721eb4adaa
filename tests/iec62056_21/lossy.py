"""What happens to a message between an optical head and its reader: it comes whole, not at all, cut short, or with a flipped bit."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import strategies as st

from ferraris.iec62056_21.messages import STX


class Fault(NamedTuple):
    """What happens to one message. `place` is taken modulo the message."""

    what: str
    place: int = 0
    bit: int = 0

    def on(self, octets: bytes) -> bytes:
        """What arrives of a message.

        A block's first octet keeps its bits: one flipped bit makes an acknowledgement of STX, and the parity that would tell has
        gone with the line's hardware.
        """
        if self.what == "lost":
            return b""
        if self.what == "cut":
            return octets[: self.place % len(octets)]
        place = self.place % len(octets)
        if self.what == "whole" or (place == 0 and octets[0] == STX):
            return octets
        return octets[:place] + bytes((octets[place] ^ 1 << self.bit,)) + octets[place + 1 :]


WHOLE = Fault("whole")
LOST = Fault("lost")
FAULTS = st.one_of(
    st.just(WHOLE),
    st.just(LOST),
    st.builds(Fault, st.just("cut"), st.integers(1, 300)),
    st.builds(Fault, st.just("flipped"), st.integers(0, 300), st.integers(0, 6)),
)
