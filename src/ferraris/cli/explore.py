"""`ferraris explore URL`: what a meter has, read through one association and shown as a tree, as JSON, or kept as a profile."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text
from rich.tree import Tree

from ferraris.cli.meter_access import MeterAccess
from ferraris.cli.meter_options import with_meter_access
from ferraris.cli.meter_url import MeterUrl
from ferraris.cli.output_file import check_output_file
from ferraris.cli.printable import printable
from ferraris.client import Exploration, ExploredAttribute, ExploredObject
from ferraris.client import explore as explore_meter
from ferraris.codec import Data
from ferraris.cosem import Authentication as OfferedAuthentication
from ferraris.cosem import (
    ObjectListElement,
    ProfileAssociation,
    Rights,
    Source,
    obis_meaning,
    profile_from_text,
    profile_text,
    to_plain,
)
from ferraris.dlms import Associated
from ferraris.dlms.inspect import text_of
from ferraris.kernel.errors import TableError
from ferraris.kernel.spelling import member_spelled

TEXT_CHARACTERS_MAX: Final = 160
"""Of one value on the screen; --json shows all."""
SAVED_ASSOCIATION: Final = "explored"


@with_meter_access()
def explore(
    access: MeterAccess,
    *,
    buffers: Annotated[bool, typer.Option("--buffers", help="Read the buffers of profiles too.")] = False,
    save: Annotated[Path | None, typer.Option(help="Write what the meter has as a companion profile.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show the objects of a real or virtual meter with the value of every attribute that may be read.

    Opens one association, reads the object list and then everything that the access rights allow, in lists where the meter takes
    lists. --save keeps objects, rights and fixed values as a companion profile.
    """
    check_output_file(save)
    exploration, associated = asyncio.run(_explore(access, quiet=as_json, buffers=buffers))
    if as_json:
        typer.echo(json.dumps(exploration_to_json(access.url, associated, exploration), indent=2))
    else:
        Console(highlight=False).print(exploration_tree(access.url, exploration))
    if save is not None:
        text = exploration_profile(save.stem, access, exploration)
        save.write_text(text, "utf-8")
        Console(stderr=True, highlight=False).print(escape(_saved(save, text, exploration)))


async def _explore(access: MeterAccess, *, quiet: bool, buffers: bool) -> tuple[Exploration, Associated]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    screen = Console(stderr=True)
    with Progress(*columns, console=screen, disable=quiet or not screen.is_terminal, transient=True) as bar:
        task = bar.add_task("attributes", total=None)
        async with access.associated() as (association, associated):
            exploration = await explore_meter(
                association,
                lambda done, total: bar.update(task, completed=done, total=total),
                buffers=buffers,
            )
    return exploration, associated


def title_of(element: ObjectListElement) -> str:
    """What an object's logical name means."""
    return obis_meaning(element.logical_name) or ""


def readable(explored: ExploredObject, attribute: ExploredAttribute) -> str:
    """One attribute's value as a person reads it."""
    if attribute.octets is None:
        return "not read" if attribute.refusal is None else attribute.refusal
    scaled = explored.scaled(attribute)
    if scaled is not None:
        number, unit = scaled
        return f"{number:f} {unit}".rstrip()
    value = attribute.value
    if isinstance(value, Data):
        text = text_of(value)
        return _short(to_plain(value)) if text is None else printable(text)
    if isinstance(value, bytes):
        text = text_of(Data(0x09, value))
        return _short(to_plain(value)) if text is None else printable(text)
    return _short(to_plain(value))


def _short(plain: Any) -> str:
    text = printable(plain) if isinstance(plain, str) else json.dumps(plain)
    return text if len(text) <= TEXT_CHARACTERS_MAX else text[: TEXT_CHARACTERS_MAX - 1] + "…"


def exploration_tree(url: MeterUrl, exploration: Exploration) -> Tree:
    """The objects as a tree."""
    count = len(exploration.objects)
    tree = Tree(Text(f"{url}: {count} objects, {exploration.round_trips} round trips", style="bold"))
    for explored in exploration.objects:
        element = explored.element
        kind = "class" if explored.interface is None else explored.interface.__name__
        head = Text.assemble(
            (str(element.logical_name), "bold cyan"),
            f"  {kind} ({element.class_id}, version {element.version})",
            (f"  {title_of(element)}", "dim"),
        )
        branch = tree.add(head)
        for attribute in explored.attributes:
            if attribute.octets is not None or attribute.refusal is not None:
                branch.add(_line(explored, attribute))
    return tree


def _line(explored: ExploredObject, attribute: ExploredAttribute) -> Text:
    style = "red" if attribute.refusal is not None else "default"
    line = Text.assemble((f"{attribute.name}: ", "dim"), (readable(explored, attribute), style))
    if attribute.deviation is not None:
        line.append(f"  ! {attribute.deviation}", "yellow")
    return line


def exploration_to_json(url: MeterUrl, associated: Associated, exploration: Exploration) -> dict[str, Any]:
    """All that was found, as JSON can carry it."""
    return {
        "url": str(url),
        "system_title": associated.peer_system_title.hex(),
        "conformance": [*map(member_spelled, associated.conformance)],
        "server_max_receive_pdu_size": associated.peer_max_receive_pdu_size,
        "round_trips": exploration.round_trips,
        "objects": [_object_to_json(explored) for explored in exploration.objects],
    }


def _object_to_json(explored: ExploredObject) -> dict[str, Any]:
    element = explored.element
    return {
        "class_id": element.class_id,
        "version": element.version,
        "class": None if explored.interface is None else explored.interface.__name__,
        "logical_name": str(element.logical_name),
        "title": title_of(element) or None,
        "attributes": [_attribute_to_json(explored, attribute) for attribute in explored.attributes],
        "methods": {str(access.method_id): int(access.access_mode) for access in element.access_rights.method_access},
    }


def _attribute_to_json(explored: ExploredObject, attribute: ExploredAttribute) -> dict[str, Any]:
    scaled = explored.scaled(attribute)
    return {
        "attribute_id": attribute.number,
        "name": attribute.name,
        "access": int(attribute.access),
        "octets": None if attribute.octets is None else attribute.octets.hex(),
        "value": to_plain(attribute.value),
        "text": None if attribute.octets is None else readable(explored, attribute),
        "scaled": None if scaled is None else str(scaled[0]),
        "unit": None if scaled is None else scaled[1],
        "refusal": attribute.refusal,
        "deviation": attribute.deviation,
    }


def exploration_profile(name: str, access: MeterAccess, exploration: Exploration) -> str:
    """The text of a companion profile that has what the meter showed."""
    values = {
        (explored.element.class_id, explored.element.logical_name, attribute.number): attribute.octets
        for explored in exploration.objects
        for attribute in explored.attributes
        if attribute.octets is not None
    }
    source = Source(str(access.url), "as read", "as the meter's owner says", "Written by ferraris explore.")
    association = None
    declared = all(explored.interface is not None for explored in exploration.objects)
    if declared and access.mechanism.name in OfferedAuthentication.__members__:
        offered = OfferedAuthentication[access.mechanism.name]
        url = access.url
        row = ProfileAssociation(url.client_sap, offered, Rights.FULL, url.server_sap, access.ciphered)
        association = SAVED_ASSOCIATION, row
    title = f"What client {access.url.client_sap} saw of a meter"
    return profile_text(name, title, source, association, exploration.object_list, values)


def _saved(path: Path, text: str, exploration: Exploration) -> str:
    """How true the saved profile is to the meter's list."""
    try:
        profile = profile_from_text(text, str(path))
    except TableError as error:
        return f"{path} needs an edit before it loads: {error}"
    if SAVED_ASSOCIATION not in profile.associations:
        undeclared = sum(explored.interface is None for explored in exploration.objects)
        return f"{path}: {len(profile.objects)} objects, without {undeclared} of classes that are not declared"
    ours, theirs = profile.object_list(SAVED_ASSOCIATION), exploration.object_list
    different = sum(mine != other for mine, other in zip(ours, theirs, strict=True))
    said = "as the meter lists them" if not different else f"{different} with rights that a profile cannot say"
    return f"{path}: {len(ours)} objects, {said}"
