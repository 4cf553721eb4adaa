"""What has come over a link and nobody has taken yet. Every adapter keeps one; one task at a time takes from it."""

from __future__ import annotations

import asyncio
from collections import deque

from ferraris.kernel.errors import LinkClosedError, LinkError, LocalProtocolError


class Inbox:
    """Chunks in the order of arrival, and the reason of the end once the link is over.

    A stream's chunks are handed out joined, a datagram link's one by one. `take` removes a chunk only when it returns
    it, so cancelling it loses nothing.
    """

    __slots__ = ("_chunks", "_discarded", "_end", "_keeps_boundaries", "_loop", "_taker", "ended", "octets")

    def __init__(self, *, keeps_boundaries: bool = False) -> None:
        self.octets = 0
        self.ended = False
        """No chunk will be added any more."""
        self._chunks: deque[bytes] = deque()
        self._keeps_boundaries = keeps_boundaries
        self._discarded = False
        self._end: tuple[type[LinkError], str] | None = None
        self._taker: asyncio.Future[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def __len__(self) -> int:
        return len(self._chunks)

    @property
    def closed(self) -> bool:
        """This side has closed."""
        return self._discarded

    def put(self, octets: bytes) -> None:
        """Add a chunk that has arrived; nothing happens after the end or when it is empty."""
        if octets and not self.ended:
            self._chunks.append(octets)
            self.octets += len(octets)
            taker = self._taker
            if taker is not None and not taker.done():
                taker.set_result(None)

    def end(self, error: LinkError) -> None:
        """No more will come, for the reason `error`. What came before can still be taken. The first reason stands."""
        if not self.ended:
            self._end = type(error), error.summary
            self.ended = True
            self._wake()

    def discard(self, reason: str) -> None:
        """This side has closed: what nobody took is dropped, and `take` raises LinkClosedError at once."""
        self._chunks.clear()
        self.octets = 0
        self._discarded = self.ended = True
        self._end = LinkClosedError, reason
        self._wake()

    def check_open(self) -> None:
        """Raise the reason of the end, if it has come."""
        if self._end is not None:
            # A fresh error for every caller: one instance raised twice would grow a traceback of both.
            kind, summary = self._end
            raise kind(summary)

    async def take(self) -> bytes:
        """The next chunk, as soon as there is one; the reason of the end when there will be none."""
        chunks = self._chunks
        if not chunks:
            if self.ended:
                self.check_open()
            if self._taker is not None:
                raise LocalProtocolError("Two tasks receive from one link")
            if self._loop is None:  # a link lives in one event loop; which one it is costs a system call to ask
                self._loop = asyncio.get_running_loop()
            self._taker = self._loop.create_future()
            try:
                await self._taker
            finally:
                self._taker = None
            if not chunks:
                self.check_open()
        if self._keeps_boundaries or len(chunks) == 1:
            octets = chunks.popleft()
        else:
            octets = b"".join(chunks)
            chunks.clear()
        self.octets -= len(octets)
        return octets

    def _wake(self) -> None:
        if self._taker is not None and not self._taker.done():
            self._taker.set_result(None)
