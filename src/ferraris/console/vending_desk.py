"""Vending for the console: every order and every question of tills, pages, REST and XMLVend goes through here.

Vending is plain and synchronous: it may wait for the disk, for the security module or for another till's turn. So each call runs
in a thread of its own, and the event loop that owns the head-end goes on meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from ferraris.console.group_commit import GroupCommit
from ferraris.kernel.clock import Clock
from ferraris.vending import Sale, SaleRequest, Vending, VendingSettings

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class VendingDesk:
    """Takes the orders of tills."""

    vending: Vending
    clock: Clock
    _group: GroupCommit = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_group", GroupCommit(self.vending, self.clock))

    @property
    def settings(self) -> VendingSettings:
        return self.vending.settings

    def now_ms(self) -> int:
        return self.clock.now_ms()

    async def run(self, call: Callable[[Vending, int], T]) -> T:
        """Have `call` done with vending and the present time. What it raises comes out here."""
        return await asyncio.to_thread(call, self.vending, self.clock.now_ms())

    async def sell(self, request: SaleRequest) -> Sale:
        """Sell credit, in one commit with the sales of other tills that wait just now. Raises what `Vending.sell` raises."""
        return await self._group.sell(request)
