"""`ferraris profile`: the companion profiles there are, what one has, and in what a meter differs from one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ferraris.cli.limited_text import text_of
from ferraris.cosem import (
    CompanionProfile,
    DifferenceKind,
    ProfileDifference,
    interface_class,
    load_profile,
    obis_entry,
    obis_meaning,
    object_list_from_text,
    profile_differences,
    profile_names,
)
from ferraris.kernel.limits import OBJECT_LIST_FILE_OCTETS_MAX

EXIT_DIFFERENT: Final = 1
PIPED_COLUMNS: Final = 160
"""How wide a table is that goes into a file or a pipe: names stay whole."""

app: Final = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Show companion profiles, and hold a meter's object list against one.",
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Name = Annotated[str, typer.Argument(metavar="PROFILE", help="Name of a companion profile.", show_default=False)]


@app.command("list")
def list_profiles(*, as_json: AsJson = False) -> None:
    """List the companion profiles."""
    profiles = [load_profile(name) for name in profile_names()]
    if as_json:
        rows = [{"name": p.name, "title": p.title, "kind": kind_of(p), "objects": len(p.listed)} for p in profiles]
        typer.echo(json.dumps(rows, indent=2))
        return
    table = _table("profile", "kind", "objects", "title")
    for profile in profiles:
        table.add_row(profile.name, kind_of(profile), str(len(profile.listed)), profile.title)
    _console().print(table)


@app.command()
def show(name: Name, *, as_json: AsJson = False) -> None:
    """Show the objects of a companion profile."""
    profile = load_profile(name)
    rows = [
        {
            "logical_name": str(listed.logical_name),
            "class_id": listed.class_id,
            "version": listed.version,
            "class": class_name(listed.class_id, listed.version),
            "tag": listed.tag,
        }
        for listed in profile.listed
    ]
    if as_json:
        document = {"name": profile.name, "title": profile.title, "kind": kind_of(profile), "objects": rows}
        typer.echo(json.dumps(document, indent=2))
        return
    table = _table("logical name", "class", "", "tag")
    for row in rows:
        kind = f"{row['class_id']}, version {row['version']}"
        tag = "" if row["tag"] == row["logical_name"] else row["tag"]
        table.add_row(str(row["logical_name"]), kind, str(row["class"] or ""), str(tag))
    console = _console()
    console.print(Text(f"{profile.title}: {kind_of(profile)} of {len(rows)} objects", style="bold"))
    console.print(table)


@app.command()
def check(
    name: Name,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="Object list: hexadecimal digits, JSON of `ferraris explore`, or a saved profile."
        ),
    ],
    *,
    association: Annotated[
        str | None, typer.Option(help="The profile's association that the list is of.", show_default="all rights")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Hold a meter's object list against a companion profile and print the differences.

    The exit code is 0 when there is none, and 1 when there are some.
    """
    profile = load_profile(name)
    object_list = object_list_from_text(
        text_of(file, OBJECT_LIST_FILE_OCTETS_MAX, holds="hexadecimal digits, JSON or TOML"), str(file)
    )
    differences = profile_differences(profile, object_list, association)
    if as_json:
        typer.echo(json.dumps([_to_json(difference) for difference in differences], indent=2))
    else:
        _print(profile, len(object_list), differences)
    raise typer.Exit(EXIT_DIFFERENT if differences else 0)


def kind_of(profile: CompanionProfile) -> str:
    """What the profile is good for."""
    if profile.check_list:
        return "partial check-list" if profile.partial else "check-list"
    return "meter" if profile.associations else "object list"


def class_name(class_id: int, version: int) -> str | None:
    """Of its declaration; None when there is none."""
    interface = interface_class(class_id, version)
    return None if interface is None else interface.__name__


def _print(profile: CompanionProfile, count: int, differences: tuple[ProfileDifference, ...]) -> None:
    console = _console()
    counts = {kind: sum(difference.kind is kind for difference in differences) for kind in DifferenceKind}
    said = ", ".join(f"{number} {kind.value}" for kind, number in counts.items() if number) or "no difference"
    console.print(Text(f"{count} objects against the {len(profile.listed)} of {profile.name}: {said}", style="bold"))
    if not differences:
        return
    table = _table("logical name", "object", "difference", "of", "expected", "got")
    for difference in differences:
        kind, style = difference.kind, _STYLES.get(difference.kind, "yellow")
        table.add_row(
            str(difference.logical_name),
            object_name(difference),
            Text(kind.value, style=style),
            difference.part,
            difference.expected,
            difference.got,
        )
    console.print(table)


_STYLES: Final = {DifferenceKind.MISSING: "red", DifferenceKind.ADDITIONAL: "cyan"}


def object_name(difference: ProfileDifference) -> str:
    """The profile's tag, or what the logical name of an object means that the profile does not have."""
    if difference.tag and difference.tag != str(difference.logical_name):
        return difference.tag
    known = obis_entry(difference.logical_name)
    return known.tag if known is not None else obis_meaning(difference.logical_name) or ""


def _to_json(difference: ProfileDifference) -> dict[str, Any]:
    return {
        "difference": difference.kind.value,
        "logical_name": str(difference.logical_name),
        "object": object_name(difference),
        "part": difference.part or None,
        "expected": difference.expected,
        "got": difference.got,
    }


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=max(console.width, PIPED_COLUMNS))


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
