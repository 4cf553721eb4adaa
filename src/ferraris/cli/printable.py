"""Text from elsewhere on a terminal: what a meter, a file or a URL says is shown, and never obeyed."""

from __future__ import annotations


def printable(text: str) -> str:
    """The text with what no terminal should act upon written as its escape: control characters, half pairs, turned writing."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)
