"""The primary station of wired M-Bus: the end that asks (EN 13757-2, 5.7).

One command is under way at a time. SND_NKE (begin anew) and SND_UD (here are user data) are answered by the single character,
REQ_UD2 (what have you for me?) by user data. A command that is not answered is repeated with the same frame count bit, so that
the secondary knows it again; after one that was never answered both must begin anew. A secondary with nothing ready answers REQ_UD2 by the single character here, which the standard
says of another command, or not at all, which looks like a lost frame.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final, NamedTuple, NoReturn, TypeAlias

from ferraris.kernel.errors import LinkTimeoutError, LocalProtocolError
from ferraris.mbus.deframer import MbusDeframer
from ferraris.mbus.frames import (
    ACCESS_DEMAND,
    BROADCAST,
    FRAME_COUNT_BIT,
    FRAME_COUNT_VALID,
    LONG_FRAME_OCTETS_MAX,
    SELECT,
    TO_ANY_STATION,
    TO_SELECTED,
    Function,
    MbusFrame,
    SingleCharacter,
    encode_long_frame,
    encode_short_frame,
)
from ferraris.mbus.secondary_address import SecondaryAddress

NOISE_OCTETS_MAX: Final = 4 * LONG_FRAME_OCTETS_MAX
"""What a line may bring behind a command, and no answer, before the secondary is taken for gone."""
GLITCH_OCTETS_MAX: Final = 2
"""Of noise before a single character, as lines that turn around have it. More is a damaged answer with that octet inside."""


@dataclass(frozen=True, slots=True)
class MbusTiming:
    """How long a primary station waits for what. At 2,400 baud the longest frame takes 1.2 seconds."""

    response_timeout_ms: int = 3_000
    """For an answer; anything that comes starts it anew."""
    tries: int = 3
    """How often the same command is sent before the secondary is taken for gone."""
    inter_octet_timeout_ms: int = 500
    """A frame that stops for so long is none. Serial servers cut frames, so it is far above the standard's."""


class Sent(NamedTuple):
    """The secondary has taken a command: all user data before the next event have arrived."""

    function: Function


class UserData(NamedTuple):
    """An answer to `request`. `more`: the secondary has more to say."""

    information: int
    data: bytes
    more: bool


class NothingReady(NamedTuple):
    """An answer to `request`: nothing yet."""


PrimaryEvent: TypeAlias = Sent | UserData | NothingReady


class _Command(NamedTuple):
    function: Function
    information: int = 0
    data: bytes = b""


class PrimaryStation:
    """A primary's dialogue with the secondary at one address."""

    def __init__(self, address: int, timing: MbusTiming | None = None) -> None:
        self._address = address
        self._timing = timing or MbusTiming()
        self._deframer = MbusDeframer(self._timing.inter_octet_timeout_ms)
        self._waiting: deque[_Command] = deque()
        self._under_way: _Command | None = None
        self._octets = b""
        """The frame of the command under way."""
        self._frame_count = FRAME_COUNT_BIT
        self._tries = 0
        self._heard = 0
        """Octets since the command was sent last."""
        self._failed = False
        self._deadline_ms: int | None = None
        self._events: list[PrimaryEvent] = []
        self._outgoing: list[bytes] = []

    @property
    def busy(self) -> bool:
        """Whether a command is under way."""
        return self._under_way is not None

    def reset(self, now_ms: int) -> None:
        """Begin anew: both ends forget the frame count bit, and what was to be sent."""
        self._drop()
        self._put(_Command(Function.SND_NKE), now_ms)

    def select(self, secondary: SecondaryAddress, now_ms: int) -> None:
        """Begin anew with the station of that secondary address, which from then on answers at 253."""
        self._drop()
        self._frame_count = 0
        self._put(_Command(Function.SND_UD, SELECT, secondary.encode()), now_ms)

    def send(self, information: int, data: bytes, now_ms: int) -> None:
        """Send user data, once those before them have been taken.

        Raises LocalProtocolError for too many in one frame, and where both must begin anew.
        """
        encode_long_frame(0, 0, information, data)
        self._put(_Command(Function.SND_UD, information, data), now_ms)

    def request(self, now_ms: int) -> None:
        """Ask for user data. Raises LocalProtocolError where both must begin anew."""
        self._put(_Command(Function.REQ_UD2), now_ms)

    def receive(self, octets: bytes, now_ms: int) -> None:
        """Take octets as they came. What is no answer is passed over. Raises LinkTimeoutError for noise without an end."""
        self._deframer.receive(octets, now_ms)
        self._heard += len(octets)
        if self._under_way is not None and octets:
            self._deadline_ms = now_ms + self._timing.response_timeout_ms
        for frame in self._deframer.frames():
            event = self._answer(frame)
            if event is not None:
                self._events.append(event)
                self._next(now_ms)
                return  # what came along with it answers no command that is sent only now
        if self._under_way is not None and self._heard > NOISE_OCTETS_MAX:
            self._fail(f"The M-Bus station {self._address} has not answered among {self._heard} octets of noise")

    def events(self) -> list[PrimaryEvent]:
        """What happened since the last call."""
        events, self._events = self._events, []
        return events

    def outgoing(self) -> list[bytes]:
        """The frames to send since the last call."""
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    def wake_at(self) -> int | None:
        """When `tick` must be called at the latest."""
        times = [time for time in (self._deframer.wake_at(), self._deadline_ms) if time is not None]
        return min(times, default=None)

    def tick(self, now_ms: int) -> None:
        """Repeat a command that is not answered. Raises LinkTimeoutError when no try is left."""
        self._deframer.tick(now_ms)
        if self._deadline_ms is None or now_ms < self._deadline_ms:
            return
        if self._tries >= self._timing.tries:
            self._fail(f"The M-Bus station {self._address} has not answered {self._tries} times")
        self._transmit(now_ms)

    def _fail(self, summary: str) -> NoReturn:
        self._drop()
        self._failed = True
        raise LinkTimeoutError(summary)

    def _drop(self) -> None:
        """Forget what is under way and what waits for it."""
        self._waiting.clear()
        self._under_way, self._deadline_ms = None, None
        self._failed = False

    def _put(self, command: _Command, now_ms: int) -> None:
        if self._failed:
            raise LocalProtocolError(
                "an M-Bus station that has not answered must begin anew", got=command.function.name
            )
        self._waiting.append(command)
        if self._under_way is None:
            self._next(now_ms)

    def _next(self, now_ms: int) -> None:
        """Begin with the next command, if there is one."""
        self._under_way, self._deadline_ms = None, None
        while self._waiting and self._under_way is None:
            command = self._waiting.popleft()
            self._octets = self._encode(command)
            self._tries = 0
            if self._address == BROADCAST:
                self._outgoing.append(self._octets)
                self._events.append(Sent(command.function))
            else:
                self._under_way = command
                self._transmit(now_ms)

    def _transmit(self, now_ms: int) -> None:
        self._tries += 1
        self._heard = 0
        self._deframer = MbusDeframer(self._timing.inter_octet_timeout_ms)
        self._outgoing.append(self._octets)
        self._deadline_ms = now_ms + self._timing.response_timeout_ms

    def _encode(self, command: _Command) -> bytes:
        if command.function is Function.SND_NKE:
            self._frame_count = FRAME_COUNT_BIT
            return encode_short_frame(command.function, self._address)
        control = command.function | FRAME_COUNT_VALID | self._frame_count
        self._frame_count ^= FRAME_COUNT_BIT
        if command.function is Function.REQ_UD2:
            return encode_short_frame(control, self._address)
        return encode_long_frame(control, self._address, command.information, command.data)

    def _answer(self, frame: MbusFrame | SingleCharacter) -> PrimaryEvent | None:
        """What a frame says of the command under way; None if it does not answer it."""
        command = self._under_way
        if command is None:
            return None
        if frame is SingleCharacter.ACKNOWLEDGED:
            if self._deframer.dropped > GLITCH_OCTETS_MAX:
                return None
            return NothingReady() if command.function is Function.REQ_UD2 else Sent(command.function)
        assert isinstance(frame, MbusFrame)
        if command.function is not Function.REQ_UD2 or frame.function != Function.RSP_UD or frame.information is None:
            return None
        if self._address not in (frame.address, TO_ANY_STATION, TO_SELECTED):
            return None
        return UserData(frame.information, frame.data, bool(frame.control & ACCESS_DEMAND))
