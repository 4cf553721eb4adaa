"""Options that several commands share, declared once: as the fields of a dataclass, each with its `typer.Option` or `Argument`.

A command under `with_option_groups` has a parameter of the dataclass's type; on the command line stand the fields in its
place, and the command is handed what was made of them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from functools import wraps
from typing import Any


def with_option_groups(command: Callable[..., None]) -> Callable[..., None]:
    """The command, every parameter whose type is a dataclass replaced by the options which its fields are."""
    parameters = inspect.signature(command, eval_str=True).parameters
    types: dict[str, type] = {name: each.annotation for name, each in parameters.items()}
    return in_place(command, {name: each for name, each in types.items() if is_dataclass(each)})


def in_place(command: Callable[..., None], groups: Mapping[str, Callable[..., Any]]) -> Callable[..., None]:
    """The command with the parameters of `groups[name]` in the place of its parameter `name`, which gets what they make."""
    options = {name: inspect.signature(make, eval_str=True).parameters for name, make in groups.items()}
    shown = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for name, own in inspect.signature(command, eval_str=True).parameters.items()
        for parameter in (options[name].values() if name in options else [own])
    ]

    @wraps(command)
    def run(**arguments: Any) -> None:
        made = {
            name: make(**{option: arguments.pop(option) for option in options[name]}) for name, make in groups.items()
        }
        command(**made, **arguments)

    run.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]  # what typer reads
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in shown}
    return run
