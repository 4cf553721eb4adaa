"""The frame around every page: navigation, search, the system's clock, and what to say when a store does not answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from nicegui import ui

import ferraris
from ferraris.console.figures import REFRESH_S, FigureBoard, Figures
from ferraris.console.markup import Child, Markup, joined, tag
from ferraris.console.meters import MeterReader
from ferraris.console.orders import Desk
from ferraris.console.vending_desk import VendingDesk
from ferraris.kernel.errors import FerrarisError
from ferraris.kernel.utc_text import utc_text

NAVIGATION = (
    ("Overview", "/"),
    ("Meters", "/meters"),
    ("Alarms", "/alarms"),
    ("Commands", "/commands"),
    ("API", "/docs"),
)
TILL_NAVIGATION = (
    ("Till", "/till"),
    ("Sales", "/till/sales"),
    ("Shifts", "/till/shifts"),
    ("Engineering", "/till/engineering"),
    ("Key changes", "/till/campaigns"),
)
"""What there is besides, where tokens are sold."""
CRUMBS = dict(TILL_NAVIGATION)


@dataclass(frozen=True, slots=True)
class Workplace:
    """What the pages work with."""

    meters: MeterReader
    desk: Desk
    board: FigureBoard
    vending: VendingDesk | None = None
    """Where tokens are sold; None in a system without prepayment."""


class Region:
    """A part of a page that is written anew when its content has changed."""

    def __init__(self, classes: str = "") -> None:
        self._element = ui.html("", sanitize=False)
        if classes:
            self._element.classes(classes)
        self._shown = ""

    def show(self, *content: Child) -> None:
        text = joined(*content)
        if text != self._shown:
            self._shown = text
            self._element.set_content(text)


class Frame:
    """The frame of one open page; `keep` refreshes it, and the page in it, once a second."""

    def __init__(self, place: Workplace, active: str) -> None:
        self._place = place
        self._active = active
        self._side = Region()
        self._banner: Region | None = None

    def hold_banner(self) -> None:
        self._banner = Region()

    async def keep(self, refresh: Callable[[], Awaitable[None]]) -> None:
        """Show the page now and from then on whenever the figures are new."""

        async def tick() -> None:
            try:
                sells = self._place.vending is not None
                self._side.show(sidebar(self._active, await self._place.board.current(), sells=sells))
                await refresh()
            except FerrarisError as error:
                self.complain(str(error))
            else:
                self.complain("")

        await tick()
        ui.timer(REFRESH_S, tick, immediate=False)

    def complain(self, text: str) -> None:
        """Say what does not work; nothing when `text` is empty."""
        if self._banner is not None:
            self._banner.show(
                tag("div", f"{text}. What you see may be old.", class_="banner", role="alert") if text else ""
            )


@contextmanager
def framed(place: Workplace, title: str, active: str, *, crumb: str = "", search: str = "") -> Iterator[Frame]:
    """A page with its frame; the block fills the middle."""
    ui.page_title(f"{title} · Ferraris")
    ui.html(tag("a", "To the content", href="#content", class_="skip"), sanitize=False)
    with ui.element("div").classes("shell"):
        with ui.element("aside").classes("side"):
            frame = Frame(place, active)
        with ui.element("main").classes("main").props("id=content tabindex=-1"):
            ui.html(topbar(title, crumb, search), sanitize=False)
            with ui.element("div").classes("body"):
                frame.hold_banner()
                yield frame


async def missing_page(place: Workplace, title: str, content: Markup, active: str = "", *, crumb: str = "") -> None:
    """A page about something that is not there: the frame, and what is said of it."""
    with framed(place, title, active, crumb=crumb) as frame, ui.element("section").classes("card"):
        ui.html(content, sanitize=False)

    async def refresh() -> None:
        """What is not there does not change."""

    await frame.keep(refresh)


def sidebar(active: str, figures: Figures, *, sells: bool = False) -> Markup:
    alarms = figures.overview.open_alarms
    badges = {"/alarms": alarms, "/commands": figures.overview.open_commands}
    links = _links(NAVIGATION, active, badges)
    if sells:
        links = joined(links, tag("div", "Prepayment", class_="group"), _links(TILL_NAVIGATION, active, {}))
    brand = tag("a", Markup(DISC), "Ferraris", href="/", class_="brand")
    return tag("div", brand, tag("nav", links, class_="nav"), _clock(figures), class_="side-inner")


def _links(entries: Iterable[tuple[str, str]], active: str, badges: Mapping[str, int]) -> Markup:
    return joined(
        tag(
            "a",
            name,
            tag("span", badges[path], class_="badge" if path == "/alarms" else "badge quiet")
            if badges.get(path)
            else None,
            href=path,
            aria_current="page" if path == active else None,
        )
        for name, path in entries
    )


def _clock(figures: Figures) -> Markup:
    speed = None
    if figures.speed != 1:
        speed = tag("span", f"Time runs {figures.speed:g} times as fast", class_="speed")
    shown = tag("f-time", utc_text(figures.now_ms), ms=figures.now_ms, shape="clock", class_="clock")
    return tag("div", shown, speed or f"Version {ferraris.__version__}", class_="side-foot")


def topbar(title: str, crumb: str, search: str) -> Markup:
    parents = tag("a", crumb, href=CRUMBS.get(crumb, f"/{crumb.lower()}"), class_="crumb") if crumb else None
    field = tag(
        "input", name="q", value=search, placeholder="Serial, address or group", type="search", autocomplete="off",
        aria_label="Search meters", data_search=True,
    )  # fmt: skip
    form = tag("form", field, tag("kbd", "/"), class_="search", action="/meters", method="get", role="search")
    return tag("header", parents, tag("h1", title), form, class_="top")


DISC = (
    '<svg viewBox="0 0 32 32" fill="none" aria-hidden="true"><circle cx="16" cy="16" r="15" fill="#0c6a6f"/>'
    '<ellipse cx="16" cy="16" rx="11" ry="4.6" fill="#e8f1f0"/>'
    '<path d="M18.6 20.46A11 4.6 0 0 0 24.4 18.97L16 16Z" fill="#d9534a"/>'
    '<path d="M16 6v7M16 19v7" stroke="#e8f1f0" stroke-width="2" stroke-linecap="round"/></svg>'
)
"""The disc of Ferraris's meter with its red mark."""
