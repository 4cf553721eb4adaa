"""HTML as text that is safe by construction: everything put into a tag is escaped unless it is markup already.

Serials, event texts and the values that meters send are other people's words; none of them can become a tag here.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from itertools import chain

from ferraris.kernel.utc_text import utc_text

MS_PER_S = 1_000
VOID = frozenset({"br", "col", "hr", "img", "input"})


class Markup(str):
    """HTML, well-formed and escaped."""

    __slots__ = ()


Child = Markup | str | int | float | None | Iterable["Child"]


def tag(name: str, /, *children: Child, **attributes: str | float | bool | None) -> Markup:
    """An element. `class_` is the attribute class, `data_x` is data-x; None and False leave an attribute out."""
    written = "".join(
        f' {_attribute_name(key)}="{escape(str(value))}"' if value is not True else f" {_attribute_name(key)}"
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{joined(*children)}</{name}>")


def joined(*children: Child) -> Markup:
    """Children one after another."""
    return Markup("".join(chain.from_iterable(map(_texts, children))))


def moment(time_ms: int | None, now_ms: int | None = None, *, absent: str = "never") -> Markup:
    """A moment: local time on the page, UTC when pointed at; with `now_ms` as the time since then."""
    if time_ms is None:
        return tag("span", absent, class_="absent")
    shown = utc_text(time_ms)
    ago = None if now_ms is None else since_text(now_ms - time_ms)
    return tag("f-time", ago or shown, ms=time_ms, ago=ago, title=shown)


def since_text(elapsed_ms: int) -> str:
    """How long ago, in the largest unit that says enough."""
    elapsed_s = elapsed_ms // MS_PER_S
    if elapsed_s < 0:
        return "ahead of the clock"
    if elapsed_s < 10:
        return "just now"
    for size_s, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if elapsed_s >= size_s * 2 or (unit != "min" and elapsed_s >= size_s):
            return f"{elapsed_s // size_s} {unit} ago"
    return f"{elapsed_s} s ago"


def _texts(child: Child) -> Iterable[str]:
    if child is None:
        return ()
    if isinstance(child, Markup):
        return (child,)
    if isinstance(child, str | int | float):
        return (escape(str(child)),)
    return chain.from_iterable(map(_texts, child))


def _attribute_name(key: str) -> str:
    return key.rstrip("_").replace("_", "-")
