"""A line of wired M-Bus in a bottle: one primary, several meters, and a fault for any frame on its way."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import zip_longest
from operator import and_
from typing import NamedTuple

from hypothesis import strategies as st

from ferraris.mbus import MbusDeframer, MbusFrame, PrimaryStation, SecondaryStation
from ferraris.mbus.primary import PrimaryEvent


class Fault(NamedTuple):
    """What happens to one frame. `place` is taken modulo the frame."""

    what: str
    place: int = 0
    bit: int = 0

    def on(self, octets: bytes) -> bytes:
        """What arrives of a frame."""
        place = self.place % len(octets)
        match self.what:
            case "lost":
                return b""
            case "cut":
                return octets[:place]
            case "doubled":
                return octets * 2
            case "flipped":
                return octets[:place] + bytes((octets[place] ^ 1 << self.bit,)) + octets[place + 1 :]
        return octets


WHOLE, LOST, DOUBLED = Fault("whole"), Fault("lost"), Fault("doubled")
FAULTS = st.one_of(
    st.sampled_from([WHOLE, LOST, DOUBLED]),
    st.builds(Fault, st.just("cut"), st.integers(0, 260)),
    st.builds(Fault, st.just("flipped"), st.integers(0, 260), st.integers(0, 7)),
)


def over_one_another(answers: Sequence[bytes]) -> bytes:
    """What a line carries when several talk, none as early as another: the zeros of all of them."""
    late = [b"\xff" * place + answer for place, answer in enumerate(dict.fromkeys(answers))]
    return bytes(reduce(and_, octets) for octets in zip_longest(*late, fillvalue=0xFF))


class Copper:
    """The line. `faults` are used up by the frames of both directions, in their order."""

    def __init__(self, primary: PrimaryStation, stations: Sequence[SecondaryStation]) -> None:
        self.primary = primary
        self.stations = stations
        self.faults: list[Fault] = []
        self.now_ms = 0
        self._deframer = MbusDeframer(20)

    def settle(self) -> list[PrimaryEvent]:
        """Carry frames and let time pass until the primary has nothing under way. Raises LinkTimeoutError."""
        self._carry()
        while self.primary.busy:
            wake_ms = self.primary.wake_at()
            assert wake_ms is not None
            assert wake_ms > self.now_ms, "time stands still"
            self.now_ms = wake_ms
            self.primary.tick(self.now_ms)
            self._carry()
        return self.primary.events()

    def _carry(self) -> None:
        while outgoing := self.primary.outgoing():
            for octets in outgoing:
                self._deframer.receive(self._damaged(octets), self.now_ms)
                for frame in self._deframer.frames():
                    answers = [answer for one in self.stations if (answer := self._said(one, frame))]
                    if answers:
                        self.primary.receive(self._damaged(over_one_another(answers)), self.now_ms)

    def _said(self, station: SecondaryStation, frame: object) -> bytes:
        return station.take_selected(frame) if isinstance(frame, MbusFrame) else b""

    def _damaged(self, octets: bytes) -> bytes:
        return (self.faults.pop(0) if self.faults else WHOLE).on(octets)
