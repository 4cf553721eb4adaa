"""Options that every command has which talks to one meter, each declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from ferraris.cli.meter_access import Authentication, Policy
from ferraris.dlms import Ciphering

MeterArgument: TypeAlias = Annotated[
    str, typer.Argument(help="Where the meter is, such as tcp://127.20.0.1:4059?client=1&server=1.")
]
KeysOption: TypeAlias = Annotated[
    Path | None, typer.Option(envvar="FERRARIS_KEYS", help="File of keys: TOML, or a fleet's meters.json.")
]
AuthOption: TypeAlias = Annotated[
    Authentication | None, typer.Option(help="Authentication mechanism.", show_default="what the keys allow")
]
CipheredOption: TypeAlias = Annotated[
    bool | None,
    typer.Option("--ciphered/--plain", help="The application context.", show_default="what the mechanism needs"),
]
PolicyOption: TypeAlias = Annotated[Policy, typer.Option(help="Protection of ciphered APDUs.")]
CipheringOption: TypeAlias = Annotated[Ciphering, typer.Option(help="Form of ciphered APDUs.")]
TimeoutOption: TypeAlias = Annotated[float, typer.Option(min=0.1, help="Seconds to wait for each answer.")]
