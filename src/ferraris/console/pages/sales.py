"""The list of sales: the newest first, all or those in one state."""

from __future__ import annotations

from urllib.parse import parse_qs

from nicegui import events, ui

from ferraris.console import vending_words
from ferraris.console.markup import Markup, joined, tag
from ferraris.console.pages.frame import Region, Workplace
from ferraris.console.pages.parts import cut_note, query_path
from ferraris.console.pages.sale_parts import sale_table
from ferraris.console.pages.till_frame import TillPage
from ferraris.console.vending_desk import VendingDesk
from ferraris.store import SaleFilter
from ferraris.vending import SaleState

ROWS_MAX = 200


async def sales_page(place: Workplace, query: str) -> None:
    assert place.vending is not None, "only a system that sells has sales"
    await _SalesPage(place, place.vending, state_of_query(query)).build()


def state_of_query(query: str) -> SaleState | None:
    given = parse_qs(query.lstrip("?")).get("state", [""])[-1]
    return SaleState(given) if given in list(SaleState) else None


class _SalesPage(TillPage):
    """One open list."""

    def __init__(self, place: Workplace, desk: VendingDesk, state: SaleState | None) -> None:
        super().__init__(place, desk)
        self._state = state

    async def build(self) -> None:
        with self.framed("Sales", "/till/sales") as frame:
            self._filters = Region("toolbar")
            with ui.element("section").classes("card"):
                self._list = Region()
        ui.on("place", self._on_place)
        await frame.keep(self.refresh)

    async def refresh(self) -> None:
        wanted = SaleFilter(states=() if self._state is None else (self._state.value,), limit=ROWS_MAX)
        sales = await self.desk.run(lambda vending, _: vending.sales(wanted))
        self._filters.show(state_filters(self._state))
        nothing = "They are listed here, of every till." if self._state is None else "No order is in this state."
        title = "No sales yet" if self._state is None else "None in this state"
        self._list.show(sale_table(sales, nothing, title), cut_note(len(sales), ROWS_MAX, "sales"))

    async def _on_place(self, event: events.GenericEventArguments) -> None:
        self._state = state_of_query(str(event.args or ""))
        await self.refresh()


def state_filters(current: SaleState | None) -> Markup:
    """All, or one state of orders."""
    every = _filter("All", "/till/sales", current is None)
    states = (
        _filter(vending_words.SALE_STATES[state][0], query_path("/till/sales", state=state.value), state is current)
        for state in SaleState
    )
    return joined(every, states)


def _filter(name: str, path: str, current: bool) -> Markup:
    return tag("a", name, href=path, class_="filter", data_live=True, aria_current="true" if current else None)
