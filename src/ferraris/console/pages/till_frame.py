"""What the pages of the till share: who works at which till, forms and buttons with one answer each, refusals in plain words.

The browser remembers who has signed on at it; nobody proves to be who he says, since the console has no accounts yet. A second
person's approval is another name, and both names stand in the audit.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from nicegui import events, ui

from ferraris.console.markup import Markup, joined, tag
from ferraris.console.pages.frame import Frame, Region, Workplace, framed
from ferraris.console.pages.sale_parts import refusal_box
from ferraris.console.problems import Problem
from ferraris.console.vending_desk import VendingDesk
from ferraris.console.vending_words import Refusal, refusal
from ferraris.kernel.errors import FerrarisError
from ferraris.kernel.limits import VENDING_TEXT_CHARACTERS_MAX
from ferraris.vending import Vending

T = TypeVar("T")
FormHandler = Callable[[Mapping[str, str]], Awaitable[None]]
ActHandler = Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Who:
    """Who works at which till."""

    till: str = ""
    operator: str = ""

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Who:
        till, operator = (
            str(fields.get(name, "")).strip()[:VENDING_TEXT_CHARACTERS_MAX] for name in ("till", "operator")
        )
        return cls(till, operator) if till.isprintable() and operator.isprintable() else cls()

    @property
    def known(self) -> bool:
        return bool(self.till and self.operator)


class TillPage:
    """A page of the till. A subclass fills in `build` and `refresh`, and names its forms and acts."""

    _strip: Region
    _refused: Region

    def __init__(self, place: Workplace, desk: VendingDesk) -> None:
        self.place = place
        self.desk = desk
        self.who = Who()
        self.forms: dict[str, FormHandler] = {"sign-on": self._sign_on}
        self.typing: dict[str, FormHandler] = {}
        self.acts: dict[str, ActHandler] = {"sign-off": self._sign_off}

    @contextmanager
    def framed(self, title: str, active: str, *, crumb: str = "") -> Iterator[Frame]:
        """The page with its frame, who works here, and a place for refusals."""
        with framed(self.place, title, active, crumb=crumb) as frame:
            self._strip = Region()
            self._refused = Region()
            self._strip.show(who_strip(self.who))
            yield frame
        ui.on("who", self._on_who)
        ui.on("form", self._on_form)
        ui.on("typing", self._on_typing)
        ui.on("act", self._on_act)

    async def refresh(self) -> None:
        """Show what is new."""
        raise NotImplementedError

    async def do(self, call: Callable[[Vending, int], T]) -> T | None:
        """Have something done; None, and the refusal shown, when it is not."""
        return await self.done(self.desk.run(call))

    async def done(self, doing: Awaitable[T]) -> T | None:
        """What something that is being done comes to; None, and the refusal shown, when it is refused."""
        try:
            done = await doing
        except (Problem, FerrarisError) as error:
            self.refuse(error)
            return None
        self._refused.show()
        return done

    def refuse(self, error: Problem | FerrarisError) -> None:
        """Say why something was not done."""
        told = refusal(error) if isinstance(error, FerrarisError) else Refusal("Not done", error.detail)
        self._refused.show(refusal_box(told))

    def forget_refusal(self) -> None:
        self._refused.show()

    async def _on_who(self, event: events.GenericEventArguments) -> None:
        self.who = Who.of(event.args or {})
        self._strip.show(who_strip(self.who))
        await self.refresh()

    async def _sign_on(self, fields: Mapping[str, str]) -> None:
        self.who = Who.of(fields)
        self._strip.show(who_strip(self.who))

    async def _sign_off(self, _: str) -> None:
        self.who = Who()
        self._strip.show(who_strip(self.who))

    async def _on_form(self, event: events.GenericEventArguments) -> None:
        await self._answer(self.forms, event)
        await self.refresh()

    async def _on_typing(self, event: events.GenericEventArguments) -> None:
        await self._answer(self.typing, event)

    async def _answer(self, handlers: Mapping[str, FormHandler], event: events.GenericEventArguments) -> None:
        handler = handlers.get(str(event.args.get("form")))
        if handler is not None:
            fields = event.args.get("fields") or {}
            await handler({str(name): str(value) for name, value in fields.items()})

    async def _on_act(self, event: events.GenericEventArguments) -> None:
        handler = self.acts.get(str(event.args.get("act")))
        if handler is not None:
            await handler(str(event.args.get("subject") or ""))
            await self.refresh()


def who_strip(who: Who) -> Markup:
    """Who works here, or the question."""
    if who.known:
        leave = tag("button", "Sign off", class_="button small", data_act="sign-off", type="button")
        said = tag("span", "Operator ", tag("b", who.operator)), tag("span", "Till ", tag("b", who.till))
        return tag("div", *said, leave, class_="who")
    fields = joined(field("Your name", "operator", autofocus=True), field("Till", "till", value=who.till or "till-1"))
    button = tag("button", "Sign on", class_="button primary", type="submit")
    form = tag("form", fields, button, class_="form row", data_form="sign-on")
    intro = tag(
        "p", "Sales, shifts and approvals are kept under your name.", class_="muted", style="margin-bottom:12px"
    )
    head = tag("div", tag("h2", "Who works here?"), class_="card-head")
    return tag("section", head, tag("div", intro, form, class_="card-body"), class_="card")


def field(label: str, name: str, *, value: str = "", kind: str = "text", large: bool = False, **more: Any) -> Markup:
    """A labelled field of a form."""
    entry = tag(
        "input", name=name, type=kind, value=value, autocomplete="off", maxlength=VENDING_TEXT_CHARACTERS_MAX, **more
    )
    return tag("label", tag("span", label), entry, class_="field large" if large else "field")


def choice(label: str, name: str, options: Mapping[str, str], chosen: str = "") -> Markup:
    """A labelled choice of a form."""
    listed = [tag("option", text, value=value, selected=value == chosen) for value, text in options.items()]
    return tag("label", tag("span", label), tag("select", listed, name=name), class_="field")
