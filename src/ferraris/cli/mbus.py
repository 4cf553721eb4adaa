"""`ferraris mbus URL`: who is on a wired M-Bus, by secondary address."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

import typer
from rich.console import Console

from ferraris.cli.carriers import open_link
from ferraris.cli.meter_url import MeterUrl, check_parameters
from ferraris.client import search_mbus
from ferraris.kernel.errors import ConfigError
from ferraris.mbus import EVERYBODY, SecondarySearch

USED: Final = ("secondary", "baud")
"""What a search takes from a URL: there is no association yet, and primary addresses are not what it asks for."""


def mbus(
    url: Annotated[
        str, typer.Argument(metavar="URL", help="The line, such as mbus:///dev/ttyUSB0?secondary=1234????.FER.*.*")
    ],
) -> None:
    """Find the meters on a wired M-Bus by their secondary addresses.

    All of them, unless the URL narrows the search. Each address found may stand in a URL or in a registry.
    """
    place = MeterUrl.parse(url)
    if not place.carrier.is_mbus:
        raise ConfigError("a search on something else than M-Bus", expected="mbus:// or mbus+tcp://", got=url)
    check_parameters(
        url, tuple(name for name in USED if name in place.carrier.parameters), f"a search at {place.carrier.value}://"
    )
    search = asyncio.run(_search(place))
    for address in search.found:
        typer.echo(str(address))
    for mask in search.collisions:
        typer.echo(f"{mask}: several meters, which have the same eight digits", err=True)


async def _search(place: MeterUrl) -> SecondarySearch:
    screen = Console(stderr=True)
    link = await open_link(place)
    try:
        with screen.status("searching") as status:
            return await search_mbus(
                link,
                place.secondary_address or EVERYBODY,
                lambda search: status.update(f"{search.selections} selections, {len(search.found)} found"),
            )
    finally:
        await link.aclose()
