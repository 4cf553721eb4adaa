"""Options that every command has which talks to one meter, declared once: `with_meter_access` gives them to a command."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from ferraris.cli.association_choice import Authentication, Choice, Form, Policy
from ferraris.cli.meter_access import MeterAccess
from ferraris.cli.meter_url import MeterUrl
from ferraris.cli.option_groups import in_place

PDU_OCTETS_MIN = 12
PDU_OCTETS_MAX = 0xFFFF
TIMEOUT_S = 10.0


def _options(
    url: Annotated[
        str, typer.Argument(metavar="URL", help="Where the meter is, such as tcp://127.20.0.1:4059?client=1&server=1.")
    ],
    keys: Annotated[
        Path | None, typer.Option(envvar="FERRARIS_KEYS", help="File of keys: TOML, or a fleet's meters.json.")
    ] = None,
    auth: Annotated[
        Authentication | None, typer.Option(help="Authentication mechanism.", show_default="what the keys allow")
    ] = None,
    ciphered: Annotated[
        bool | None,
        typer.Option("--ciphered/--plain", help="The application context.", show_default="what the mechanism needs"),
    ] = None,
    policy: Annotated[Policy, typer.Option(help="Protection of ciphered APDUs.")] = Policy.BOTH,
    ciphering: Annotated[Form, typer.Option(help="Form of ciphered APDUs.")] = Form.GLOBAL,
    signed: Annotated[bool, typer.Option("--signed", help="Sign every APDU too: general-signing.")] = False,
    short_names: Annotated[
        bool | None,
        typer.Option(
            "--short-names/--logical-names",
            help="How attributes are named.",
            show_default="as the meter's profile says, or by logical names",
        ),
    ] = None,
    pre_established: Annotated[
        int | None,
        typer.Option(
            metavar="OCTETS",
            min=PDU_OCTETS_MIN,
            max=PDU_OCTETS_MAX,
            help="The association stands without AARQ; the meter takes APDUs of so many octets.",
        ),
    ] = None,
    streaming: Annotated[
        bool, typer.Option("--streaming", help="Ask for long results by general block transfer.")
    ] = False,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds to wait for each answer.")] = TIMEOUT_S,
) -> MeterAccess:
    choice = Choice(
        auth, ciphered, policy, ciphering, signed, short_names, pre_established, streaming, timeout_s=timeout
    )
    return MeterAccess.of(MeterUrl.parse(url), keys, choice)


def with_meter_access(timeout_s: float = TIMEOUT_S) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The command with these options in the place of its parameter `access`."""
    return lambda command: in_place(command, {"access": partial(_options, timeout=timeout_s)})
