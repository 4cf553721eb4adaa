"""What `ferraris decode` found in a frame or an APDU, as trees on the screen."""

from __future__ import annotations

from typing import Any, Final

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from ferraris.cli.printable import printable
from ferraris.dlms.inspect import Inspection

ELEMENTS_SHOWN: Final = 2_000
"""Nodes of one tree on the screen; --json shows all."""


def show_inspection(result: Inspection) -> None:
    """Print what was found: a tree for each layer, and one for each name and value of the APDU."""
    console = Console(highlight=False)
    for layer in result.layers:
        tree = Tree(Text(str(layer["layer"]), style="bold cyan"))
        for name, value in layer.items():
            if name not in ("layer", "warnings") and value is not None:
                tree.add(_leaf(name, value))
        for warning in layer["warnings"]:
            tree.add(Text(printable(f"! {warning}"), style="yellow"))
        console.print(tree)
    for name, value in zip(result.names, result.values, strict=False):  # a name without a value was not decoded
        tree = Tree(Text(name, style="bold green"))
        _grow(tree, value, [ELEMENTS_SHOWN])
        console.print(tree)


def _grow(tree: Tree, value: Any, left: list[int]) -> None:
    """Add `value` under `tree`, as long as nodes are left."""
    items = list(value.items()) if isinstance(value, dict) else list(enumerate(value, 1))
    for name, element in items:
        if left[0] <= 0:
            tree.add(Text("… more: see --json", style="dim"))
            return
        left[0] -= 1
        if name == "readings" and isinstance(element, list):
            _add_readings(tree.add(Text("readings", style="bold")), element)
        elif (
            isinstance(element, dict)
            and len(element) == 1
            and not isinstance(next(iter(element.values())), dict | list)
        ):
            [(kind, leaf)] = element.items()
            tree.add(_leaf(f"{name} {kind}", leaf))
        elif isinstance(element, dict | list) and element:
            _grow(tree.add(Text(str(name), style="bold")), element, left)
        else:
            tree.add(_leaf(str(name), element))


def _add_readings(tree: Tree, readings: list[dict[str, Any]]) -> None:
    for reading in readings:
        shown = reading["scaled"] if reading["scaled"] is not None else reading["text"]
        unit = reading["unit"] or ""
        line = Text(f"{reading['obis'] or '?':<18}", style="cyan")
        line.append(printable(f" {reading['value'] if shown is None else shown} {unit}".rstrip()), style="default")
        tree.add(line)


def _leaf(name: str, value: Any) -> Text:
    return Text.assemble((f"{name}: ", "dim"), (printable(str(value)), "default"))
