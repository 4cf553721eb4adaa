"""General block transfer: any long APDU, ciphered or not, in numbered blocks, with windows and recovery of lost ones.

A layer of its own between framing and association, with the six verbs of every engine: APDUs of general block transfer in, whole
APDUs out, and back. Both ends number their blocks from 1 within one exchange (a request and its response) and tell in each the
highest number up to which they have everything. An end sends as many blocks as the other has room for (its window), all but the
last with the streaming bit; then it waits. What is lost is asked for again: the acknowledgement names the last block before the
gap, and a window as wide as the gap. An end without anything to say acknowledges with an empty block, which is no part of
the APDU: it takes no place among the numbers, and ends nothing although its last-block bit is set.

One end leads, the client: only it watches the time, sends again what stays unanswered, and asks again for what does not come.
What brings it nothing new it answers once at most, else every doubled block would double all that follow. The other end answers
what it hears, and keeps what it has sent until the next exchange. When one end begins with blocks, the other
follows, however short its answer (Green Book 9.4.6.13).

What a server tells unasked goes the same way, and ends with an acknowledgement of its last block, since no answer follows. It
is sent again only as far as the client asks for it: what is lost before its first block came is lost.

Uncertain, as the public sources are silent or differ: which number an acknowledgement without octets has (here that of the next
block; any is accepted), and who acknowledges the last block of a response (nobody here; the next request does).
"""

from __future__ import annotations

import struct
from typing import Final

from ferraris.dlms.apdu import GENERAL_BLOCK_TRANSFER, GeneralBlockTransfer, decode_apdu
from ferraris.kernel.errors import LocalProtocolError, RemoteProtocolError
from ferraris.kernel.limits import GENERAL_BLOCK_WINDOW_MAX, GENERAL_BLOCKS_MAX

BLOCK_HEADER_OCTETS: Final = 1 + 1 + 2 + 2 + 3
"""Tag, block control, block number, number acknowledged, length."""
LAST_BLOCK: Final = 0x80
STREAMING: Final = 0x40
CLAUSE: Final = "general block transfer"
_LONG_BLOCK: Final = struct.Struct(">BBHHBH")
"""Tag, control, number, number acknowledged, and a length of two octets behind 0x82."""
_LONG_BLOCK_HEAD: Final = _LONG_BLOCK.size


class GeneralBlockTransferEnd:
    """One end of the transfers of one association."""

    def __init__(
        self,
        pdu_size: int,
        octets_max: int,
        *,
        window: int,
        timeout_ms: int,
        leads: bool,
        peer_window: int = 1,
    ) -> None:
        """`pdu_size` is what the peer takes in one APDU, `octets_max` what is put together at most, `window` the blocks that
        are taken without an acknowledgement between them; `peer_window` those that the peer takes, until it says so itself."""
        self.pdu_size = pdu_size
        self._octets_max = octets_max
        self._window = max(1, min(window, GENERAL_BLOCK_WINDOW_MAX))
        self._timeout_ms = timeout_ms
        self._leads = leads
        self._peer_window = peer_window
        self._outgoing: list[bytes] = []
        self._apdus: list[bytes] = []
        self.exchange = 0
        """Counts the exchanges, so that it shows whether one was followed by another."""
        self.begin()

    def begin(self) -> None:
        """A new exchange: nothing of the last one is kept."""
        self.active = False
        """Whether this exchange goes in blocks."""
        self.exchange += 1
        self._deadline_ms: int | None = None
        self._blocks: list[bytes] = []
        self._acknowledged = 0
        self._sent_last = False
        self._polls = 0
        self._silent_waits = 0
        self._transmitted = 0
        self._received: list[bytes] = []
        self._received_octets = 0
        self._sums: list[int] = []
        """Of the blocks of a request, by which one that is repeated is told from one of the next request."""
        self._received_up_to = 0
        self._early: dict[int, GeneralBlockTransfer] = {}
        self._early_octets = 0
        self._empty_in_a_row = 0
        self._first: bytes | None = None
        self._interrupted: bytes | None = None
        """The first block of what a new exchange has interrupted: its further blocks may still come."""
        self._complete = False

    @property
    def progress(self) -> int:
        """Grows with every block that is new to one of the two ends."""
        return self._acknowledged + self._received_up_to + self._complete

    @property
    def unsent(self) -> int:
        """Blocks that were never sent yet."""
        return len(self._blocks) - self._transmitted

    @property
    def busy(self) -> bool:
        """Whether something is to be sent for the first time, or comes and is not whole."""
        return self.active and (self.unsent > 0 or not self._complete)

    @property
    def delivered(self) -> bool:
        """Whether the other end has all that was sent."""
        return self._acknowledged == len(self._blocks)

    @property
    def silent_waits(self) -> int:
        """How often `tick` has asked again since a block came that was new."""
        return self._silent_waits

    def carries(self, apdu: bytes) -> bool:
        """Whether `apdu`, about to be sent, goes in blocks. What the end that leads sends begins a new exchange; a short request
        leaves the rest of what the peer is just telling unasked its time to come."""
        if not self._leads:
            return (self.active and not self._sent_last) or len(apdu) > self.pdu_size
        if self._complete:
            self.begin()
        return len(apdu) > self.pdu_size

    # The six verbs

    def send(self, apdu: bytes, now_ms: int) -> None:
        """Begin to send one APDU: a request (the end that leads), or the answer to what was received last."""
        if self._leads or not self.active or self._sent_last:
            self.interrupt()
            self._complete = not self._leads  # an answer: the request came whole
        size = self.pdu_size - BLOCK_HEADER_OCTETS
        count = len(self._blocks) + -(-len(apdu) // size)
        if count > GENERAL_BLOCKS_MAX:
            raise LocalProtocolError("an APDU has too many blocks", expected=GENERAL_BLOCKS_MAX, got=count)
        self._blocks += [apdu[start : start + size] for start in range(0, len(apdu), size)]
        self._sent_last = True
        self.active = True
        self._transmit(now_ms)

    def receive(self, octets: bytes, now_ms: int) -> None:
        """Take one APDU of general block transfer; what it completes is in `events`.

        Raises DecodeError, and RemoteProtocolError for a block without its transfer, far out of its place, or one too many.
        """
        if self._take_streamed(octets):
            return
        block = decode_apdu(octets)
        if not isinstance(block, GeneralBlockTransfer):
            raise RemoteProtocolError("no block", expected="general block transfer", got=type(block).__name__)
        number = block.block_number
        if self._interrupted is not None and block.octets:
            if number != 1 or block.octets == self._interrupted:
                return
            self._interrupted = None
        if not self.active or self._begins_anew(block):
            # The end that leads asks for the first block again; the other one may have lost it, or not have it yet.
            if not block.octets or not 1 <= number <= (1 if self._leads else GENERAL_BLOCK_WINDOW_MAX):
                raise RemoteProtocolError("a block without its transfer", expected=1, got=number, clause=CLAUSE)
            self.begin()
            self.active = True
        acknowledged = min(block.block_number_acknowledged, len(self._blocks))
        news, whole = acknowledged > self._acknowledged, len(self._apdus)
        self._acknowledged = max(self._acknowledged, acknowledged)
        self._peer_window = max(1, block.window)
        if not block.octets:
            news = self._take_empty(number, news=news)
        elif not self._complete:
            news |= self._take(block)
            if len(self._apdus) > whole:
                self._deadline_ms = None
                return
        if news:
            self._silent_waits = 0
        if not block.streaming and (news or not self._leads):
            self._answer(now_ms)
        elif self._deadline_ms is None and not self._complete:  # what comes unasked has no request that began the wait
            self._watch(now_ms)

    def interrupt(self) -> None:
        """Begin anew. What the end that leads was just receiving is dropped, and so is what still comes of it."""
        interrupted = self._first if self._leads and not self._complete else None
        self.begin()
        self._interrupted = interrupted

    def disregard(self, now_ms: int) -> None:
        """What has come whole is no answer to what was sent: send that again, as if nothing had come."""
        blocks = self._blocks
        self.begin()
        if blocks:
            self._blocks, self._sent_last, self.active = blocks, True, True
            self._transmit(now_ms)

    def answered_otherwise(self) -> None:
        """The exchange ended without blocks."""
        if self.active or self._interrupted is not None:
            self.begin()

    @property
    def complete(self) -> bool:
        """Whether what comes from the other end has come whole."""
        return self._complete

    def acknowledge_whole(self) -> None:
        """Let the peer know that what it has sent unasked came whole."""
        self._put(LAST_BLOCK, 1, b"")

    def acknowledge(self) -> None:
        """The same, and the transfer is over with that."""
        self.acknowledge_whole()
        self.begin()
        self._interrupted = b""  # no first block is: another notification may begin as this one did

    def events(self) -> list[bytes]:
        """The whole APDUs received since the last call."""
        apdus, self._apdus = self._apdus, []
        return apdus

    def outgoing(self) -> list[bytes]:
        """The APDUs to be sent since the last call, in order."""
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    def wake_at(self) -> int | None:
        """When `tick` must be called at the latest."""
        return self._deadline_ms

    def tick(self, now_ms: int) -> None:
        """Send again what is not acknowledged, ask again for what does not come."""
        if self._deadline_ms is not None and now_ms >= self._deadline_ms:
            self._empty_in_a_row = 0
            self._silent_waits += 1
            self._answer(now_ms)

    # Out

    def _answer(self, now_ms: int) -> None:
        """The peer waits for us, or we have waited long enough for it."""
        if self._acknowledged < len(self._blocks):
            self._transmit(now_ms)
        elif not self._complete:
            self._polls += self._leads
            number = min(len(self._blocks) + max(1, self._polls), GENERAL_BLOCKS_MAX)
            self._put(LAST_BLOCK, number, b"")
            self._watch(now_ms)

    def _transmit(self, now_ms: int) -> None:
        """Send as much from the first block not acknowledged on as the peer has room for."""
        end = min(len(self._blocks), self._acknowledged + self._peer_window)
        for number in range(self._acknowledged + 1, end + 1):
            last = self._sent_last and number == len(self._blocks)
            self._put(LAST_BLOCK if last else STREAMING if number < end else 0, number, self._blocks[number - 1])
        self._transmitted = max(self._transmitted, end)
        self._watch(now_ms)

    def _put(self, control: int, number: int, octets: bytes) -> None:
        window = self._window
        if self._early:  # only what is missing
            window = min(window, min(self._early) - self._received_up_to - 1)
        block = GeneralBlockTransfer(control | window, number, self._received_up_to, octets)
        self._outgoing.append(block.encode())

    def _watch(self, now_ms: int) -> None:
        if self._leads:
            self._deadline_ms = now_ms + self._timeout_ms

    # In

    def _take_streamed(self, octets: bytes) -> bool:
        """Take a block in its place that another one follows at once: nearly all blocks of what is long."""
        if self._complete or self._early or not self._received or len(octets) < _LONG_BLOCK_HEAD:
            return False
        tag, control, number, acknowledged, form, length = _LONG_BLOCK.unpack_from(octets)
        size = self._received_octets + length
        if (
            number != self._received_up_to + 1
            or control & (LAST_BLOCK | STREAMING) != STREAMING
            or form != 0x82
            or tag != GENERAL_BLOCK_TRANSFER
            or len(octets) != _LONG_BLOCK_HEAD + length
            or acknowledged < len(self._blocks)
            or self._acknowledged < len(self._blocks)
            or size > self._octets_max
            or not length
        ):
            return False
        self._peer_window = control & GENERAL_BLOCK_WINDOW_MAX or 1
        self._silent_waits = 0
        self._received_up_to = number
        self._received_octets = size
        piece = octets[_LONG_BLOCK_HEAD:]
        self._received.append(piece)
        if not self._leads:
            self._sums.append(hash(piece))
        return True

    def _begins_anew(self, block: GeneralBlockTransfer) -> bool:
        """Whether this block is one of another APDU than the one before."""
        octets, number = block.octets, block.block_number
        if not octets:
            return False
        if not self._leads:  # the first block of the next request may be lost
            return self._complete and self._sums[number - 1 : number] != [hash(octets)]
        if number != 1 or octets == self._first:
            return False
        # A server drops what it tells unasked for a request.
        return self._complete or (self._first is not None and block.block_number_acknowledged >= len(self._blocks))

    def _take_empty(self, number: int, *, news: bool) -> bool:
        """Take an acknowledgement; whether it is to be answered. The first one that brings nothing new says what was lost."""
        self._empty_in_a_row = 0 if news else self._empty_in_a_row + 1
        if self._empty_in_a_row > GENERAL_BLOCK_WINDOW_MAX:
            self.begin()
            raise RemoteProtocolError("the blocks are empty", expected="octets", got=0, clause=CLAUSE)
        if self._complete:  # a peer that waits for our APDU may count what it sends meanwhile, and compare
            self._received_up_to = max(self._received_up_to, number)
        return self._empty_in_a_row <= 1

    def _take(self, block: GeneralBlockTransfer) -> bool:
        """Take one block of what is not complete; whether it is a new one."""
        number, expected = block.block_number, self._received_up_to + 1
        if number > expected + GENERAL_BLOCK_WINDOW_MAX:
            raise RemoteProtocolError("a block is far ahead", expected=expected, got=number, clause=CLAUSE)
        if number == expected and not self._early and self._received_octets + len(block.octets) <= self._octets_max:
            self._append(block)
            return True
        if number == 1 and expected == 1:  # what came before it may be the rest of something else: it comes again
            self._early.clear()
            self._early_octets = 0
            return self._take(block)
        if number < expected or number in self._early:
            return False
        self._early[number] = block
        self._early_octets += len(block.octets)
        size = self._received_octets + self._early_octets
        if size > self._octets_max:
            self.begin()
            raise RemoteProtocolError(
                "the blocks are too long together", expected=self._octets_max, got=size, clause=CLAUSE
            )
        while not self._complete and (following := self._early.pop(self._received_up_to + 1, None)) is not None:
            self._early_octets -= len(following.octets)
            self._append(following)
        return True

    def _append(self, block: GeneralBlockTransfer) -> None:
        self._received_up_to += 1
        if self._first is None:
            self._first = block.octets
        self._received.append(block.octets)
        self._received_octets += len(block.octets)
        if not self._leads:
            self._sums.append(hash(block.octets))
        if not block.last_block:
            return
        self._complete = True
        self._early.clear()
        self._early_octets = 0
        if self._leads:
            self._acknowledged = len(self._blocks)
        self._apdus.append(b"".join(self._received))
        self._received.clear()


def is_acknowledgement(octets: bytes) -> bool:
    """Whether an APDU of general block transfer is an empty block."""
    return octets[6:] == b"\x00"
