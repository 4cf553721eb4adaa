"""Finding the meters of a wired M-Bus by their secondary addresses, without I/O (EN 13757-7).

Theory of operation. A selection with open digits is acknowledged by every meter that it fits. One that answers alone tells its
whole address when it is asked for data; several talk over one another, and what comes is noise, or an acknowledgement that
happens to look right and then noise. Noise means: the first open digit is tried from 0 to 9. Silence means: nobody there. Meters
whose eight digits are the same cannot be told apart in this way and end in `collisions`.
"""

from __future__ import annotations

from typing import Final

from ferraris.kernel.errors import DecodeError, LocalProtocolError
from ferraris.kernel.limits import MBUS_SELECTIONS_MAX
from ferraris.mbus.deframer import MbusDeframer
from ferraris.mbus.frames import (
    FRAME_COUNT_BIT,
    FRAME_COUNT_VALID,
    LONG_FRAME_OCTETS_MAX,
    SELECT,
    TO_SELECTED,
    Function,
    MbusFrame,
    SingleCharacter,
    encode_long_frame,
    encode_short_frame,
)
from ferraris.mbus.secondary_address import SECONDARY_OCTETS, SecondaryAddress, decode_secondary_address

EVERYBODY: Final = SecondaryAddress("?" * 8)
ANSWER_TIMEOUT_MS: Final = 400
"""For the first octet of an answer: 330 bit times and 50 ms at 2,400 baud are 188 ms; serial servers add to it."""
GAP_MS: Final = 100
"""A silence of so long behind an octet is the end of an answer."""
NOISE_OCTETS_MAX: Final = 2 * LONG_FRAME_OCTETS_MAX
"""A longer answer is none, and its end is not waited for."""
TRIES: Final = 2
REQUEST: Final = encode_short_frame(Function.REQ_UD2 | FRAME_COUNT_VALID | FRAME_COUNT_BIT, TO_SELECTED)


class SecondarySearch:
    """One search. `found` grows as it goes; it is over when `wake_at` says so by None."""

    def __init__(self, mask: SecondaryAddress = EVERYBODY, answer_timeout_ms: int = ANSWER_TIMEOUT_MS) -> None:
        self._masks = [mask]
        self._answer_timeout_ms = answer_timeout_ms
        self._deframer = MbusDeframer(GAP_MS)
        self._outgoing: list[bytes] = []
        self._deadline_ms: int | None = None
        self._mask = mask
        self._request = False
        """Whether the one who was selected has been asked for its address."""
        self._tries = 0
        self._heard = 0
        """Octets of the answer."""
        self.found: list[SecondaryAddress] = []
        self.collisions: list[SecondaryAddress] = []
        """Masks without an open digit behind which there is more than one meter."""
        self.selections = 0

    def start(self, now_ms: int) -> None:
        """Select everybody whom the mask fits. Nobody is selected from before."""
        self._outgoing.append(encode_short_frame(Function.SND_NKE, TO_SELECTED))
        self._next(now_ms)

    def receive(self, octets: bytes, now_ms: int) -> None:
        """Take octets as they came. Raises LocalProtocolError when the search would take too long."""
        if octets and self._deadline_ms is not None:
            self._deframer.receive(octets, now_ms)
            self._heard += len(octets)
            self._deadline_ms = now_ms + GAP_MS
            if self._heard > NOISE_OCTETS_MAX:
                self._deadline_ms = now_ms
                self.tick(now_ms)

    def outgoing(self) -> list[bytes]:
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    def wake_at(self) -> int | None:
        """When `tick` must be called; None: everybody was found."""
        return self._deadline_ms

    def tick(self, now_ms: int) -> None:
        """The answer has come, or none. Raises LocalProtocolError when the search would take too long."""
        if self._deadline_ms is None or now_ms < self._deadline_ms:
            return
        self._deframer.tick(now_ms + GAP_MS)
        frames = self._deframer.frames()
        heard, self._heard = self._heard > 0, 0
        if not heard and self._tries < TRIES:
            self._say(now_ms)
        elif not self._request and frames == [SingleCharacter.ACKNOWLEDGED]:
            self._request, self._tries = True, 0
            self._say(now_ms)
        else:
            self._judge(frames, heard=heard)
            self._next(now_ms)

    def _judge(self, frames: list[MbusFrame | SingleCharacter], *, heard: bool) -> None:
        """Somebody was found, nobody is there, or several are. Silence behind an acknowledgement is not nobody."""
        address = _address(frames) if self._request else None
        if address is not None and self._mask.matches(address):
            self.found.append(address)
        elif heard or self._request:
            if self._mask.open_digit is None:
                self.collisions.append(self._mask)
            else:
                self._masks += [self._mask.narrowed(digit) for digit in range(9, -1, -1)]

    def _next(self, now_ms: int) -> None:
        if not self._masks:
            self._deadline_ms = None
            self._outgoing.append(encode_short_frame(Function.SND_NKE, TO_SELECTED))
            return
        if self.selections >= MBUS_SELECTIONS_MAX:
            self._deadline_ms = None
            raise LocalProtocolError(
                "an M-Bus is not searched to its end", expected=f"{MBUS_SELECTIONS_MAX} selections"
            )
        self._mask = self._masks.pop()
        self._request, self._tries = False, 0
        self.selections += 1
        self._say(now_ms)

    def _say(self, now_ms: int) -> None:
        self._tries += 1
        self._deframer = MbusDeframer(GAP_MS)
        select = encode_long_frame(Function.SND_UD | FRAME_COUNT_VALID, TO_SELECTED, SELECT, self._mask.encode())
        self._outgoing.append(REQUEST if self._request else select)
        self._deadline_ms = now_ms + self._answer_timeout_ms


def _address(frames: list[MbusFrame | SingleCharacter]) -> SecondaryAddress | None:
    """What one who answers alone tells of itself."""
    if len(frames) != 1 or not isinstance(frames[0], MbusFrame) or frames[0].function != Function.RSP_UD:
        return None
    try:
        address = decode_secondary_address(frames[0].data[:SECONDARY_OCTETS])
    except DecodeError:
        return None
    return address if address.is_whole else None
