"""A link with the faults of the field, drawn from a seed.

What a fault means depends on the link. Datagrams are lost, doubled, overtaken, cut and flipped one by one. A stream
carries every octet in order or ends, so there the loss of a chunk is a path that died: from then on nothing passes in
either direction and no end is told (half-open), or the connection is closed. A cut chunk on a stream is its first
octets followed by such a death: the peer that stops in the middle of a block.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from ferraris.kernel.clock import MS_PER_S
from ferraris.kernel.entropy import Entropy
from ferraris.kernel.errors import LinkClosedError
from ferraris.link.contract import Link
from ferraris.link.middleware import DelayingMiddleware

STREAM_DIES_SILENTLY = 0.5
"""Of the streams that lose a chunk, the share that goes half-open; the others are closed."""


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """Probabilities for each chunk in each direction, from 0 to 1, and the range of delays."""

    loss: float = 0.0
    duplication: float = 0.0
    """Datagrams only."""
    reordering: float = 0.0
    """Datagrams only: the chunk is held until the next one has passed."""
    truncation: float = 0.0
    bit_flip: float = 0.0
    half_open: float = 0.0
    """From this chunk on everything vanishes and nobody is told."""
    delay_min_ms: int = 0
    delay_max_ms: int = 0


class _Path(Enum):
    WORKING = "working"
    SILENT = "silent"
    BROKEN = "broken"


class FaultLink(DelayingMiddleware):
    """Passes chunks through `plan`. `faults` counts what was done, by the plan's names."""

    def __init__(self, link: Link, plan: FaultPlan, entropy: Entropy) -> None:
        super().__init__(link)
        self.faults: Counter[str] = Counter()
        self._plan = plan
        self._entropy = entropy
        self._path = _Path.WORKING
        self._overtaken: dict[str, bytes] = {}
        """The chunk of each direction that waits for the next one to pass."""

    def go_half_open(self) -> None:
        """From now on sends vanish, nothing arrives, and neither end is told."""
        self._path = _Path.SILENT

    async def send(self, octets: bytes) -> None:
        self.check_open()
        if self._path is _Path.BROKEN:
            raise LinkClosedError("The path failed")
        if self._path is _Path.SILENT:
            return
        for chunk in self._suffer("sent", octets):
            await self.wait_until(self._due_s())
            await self._link.send(chunk)
        await self._end_if_broken()

    async def receive(self) -> bytes:
        while not self._held:
            if self._path is _Path.SILENT:
                await self._closed.wait()
            self.check_open()
            await self._receive_inner()
        return await self.take_held()

    def arriving(self, octets: bytes) -> Iterable[tuple[float, bytes]]:
        return [(self._due_s(), chunk) for chunk in self._suffer("received", octets)]

    async def _receive_inner(self) -> None:
        try:
            octets = await self._link.receive()
        except LinkClosedError:
            # On a silent path the peer's end of the link is not heard either.
            if self._path is not _Path.SILENT:
                raise
            return
        if self._path is _Path.WORKING:
            self._held.extend(self.arriving(octets))
        await self._end_if_broken()

    async def _end_if_broken(self) -> None:
        if self._path is _Path.BROKEN:
            await self._link.aclose()

    def _suffer(self, direction: str, octets: bytes) -> list[bytes]:
        """What is left of one chunk; may change the path for all that follows."""
        plan = self._plan
        if self._happens("half_open", plan.half_open):
            self._path = _Path.SILENT
            return []
        if self._happens("loss", plan.loss):
            self._lose_rest()
            return []
        if self._happens("bit_flip", plan.bit_flip):
            octets = self._flip_bit(octets)
        if self._happens("truncation", plan.truncation):
            octets = octets[: int(self._entropy.uniform() * len(octets))]
            self._lose_rest()
        if not octets:
            return []
        return self._disorder(direction, octets) if self.capabilities.keeps_boundaries else [octets]

    def _disorder(self, direction: str, octets: bytes) -> list[bytes]:
        if self._happens("duplication", self._plan.duplication):
            return [octets, octets]
        if direction in self._overtaken:
            return [octets, self._overtaken.pop(direction)]
        if self._happens("reordering", self._plan.reordering):
            self._overtaken[direction] = octets
            return []
        return [octets]

    def _lose_rest(self) -> None:
        """A stream that lost an octet can carry no further ones."""
        if not self.capabilities.keeps_boundaries:
            self._path = _Path.SILENT if self._entropy.uniform() < STREAM_DIES_SILENTLY else _Path.BROKEN

    def _flip_bit(self, octets: bytes) -> bytes:
        position = int(self._entropy.uniform() * len(octets) * 8)
        flipped = bytearray(octets)
        flipped[position // 8] ^= 1 << position % 8
        return bytes(flipped)

    def _due_s(self) -> float:
        plan = self._plan
        delay_ms = plan.delay_min_ms + self._entropy.uniform() * (plan.delay_max_ms - plan.delay_min_ms)
        return asyncio.get_running_loop().time() + delay_ms / MS_PER_S

    def _happens(self, fault: str, probability: float) -> bool:
        if probability and self._entropy.uniform() < probability:
            self.faults[fault] += 1
            return True
        return False
