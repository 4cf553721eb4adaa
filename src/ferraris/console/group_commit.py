"""Group commit: sales that come while another commit is under way share the next one.

The disk makes so many commits durable in a second and no more, and tills behind one head-end need not wait for one each. A till
that is alone waits for nobody: nothing is held back in the hope of company.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from ferraris.kernel.clock import Clock
from ferraris.kernel.errors import FerrarisError
from ferraris.kernel.limits import VENDING_BATCH_MAX
from ferraris.vending import Sale, SaleRequest, Vending

_Answers = Sequence[Sale | FerrarisError]


@dataclass(slots=True, eq=False)
class _Group:
    """Sales that will share a commit, and the task that answers them in their order."""

    requests: list[SaleRequest] = field(default_factory=list)
    served: asyncio.Task[_Answers] | None = None


class GroupCommit:
    """Gathers the sales of one event loop; one group is with vending at a time, in a thread, and the next one fills meanwhile."""

    def __init__(self, vending: Vending, clock: Clock) -> None:
        self._vending = vending
        self._clock = clock
        self._turn = asyncio.Lock()
        self._filling: _Group | None = None

    async def sell(self, request: SaleRequest) -> Sale:
        """Sell credit. Raises what `Vending.sell` raises. Whoever stops waiting for the answer does not stop the sale."""
        group = self._filling
        if group is None or len(group.requests) >= VENDING_BATCH_MAX:
            group = self._filling = _Group()
        group.requests.append(request)
        place = len(group.requests) - 1
        if group.served is None:
            group.served = asyncio.create_task(self._serve(group))
        answer = (await asyncio.shield(group.served))[place]
        if isinstance(answer, FerrarisError):
            raise answer
        return answer

    async def _serve(self, group: _Group) -> _Answers:
        async with self._turn:
            if self._filling is group:
                self._filling = None
            return await asyncio.to_thread(self._sell, group.requests, self._clock.now_ms())

    def _sell(self, requests: Sequence[SaleRequest], now_ms: int) -> _Answers:
        if len(requests) > 1:
            try:
                return self._vending.sell_together(requests, now_ms)
            except FerrarisError:
                pass  # not one sale was refused, but all failed; by itself each meets its own fate, and repeating is harmless
        return [self._alone(request, now_ms) for request in requests]

    def _alone(self, request: SaleRequest, now_ms: int) -> Sale | FerrarisError:
        try:
            return self._vending.sell(request, now_ms)
        except FerrarisError as error:
            return error
