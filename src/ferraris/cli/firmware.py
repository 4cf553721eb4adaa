"""`ferraris firmware`: an image into a meter, block by block; broken links are made again, and only what lacks is sent."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ferraris.cli.meter_access import MeterAccess
from ferraris.cli.meter_options import with_meter_access
from ferraris.client import ImageJob, ImageProgress, Patience, activate_image, transfer_image, verify_image
from ferraris.cosem import CosemDate, CosemTime, ExecutionTime, SingleActionSchedule, obis
from ferraris.kernel.errors import ConfigError, LinkError
from ferraris.meter import Firmware, build_image, signing_key

app: Final = typer.Typer(add_completion=False, no_args_is_help=True, help="Bring firmware into meters.")
POLL_S: Final = 1.0
RETRY_S: Final = 2.0
RETRIES: Final = 20
"""Links made again one after the other without a block getting through."""


@app.callback()
def firmware() -> None:
    """Bring firmware into meters."""


@app.command()
def build(
    out: Annotated[Path, typer.Argument(help="The image to write.")],
    version: Annotated[str, typer.Option(help="The version that a meter shows once the image is active.")],
    payload: Annotated[Path | None, typer.Option(help="What the image carries.", show_default="64 kB of zeros")] = None,
    seed: Annotated[int, typer.Option(help="The seed of the meters that are to take it.")] = 1,
) -> None:
    """Build and sign an image for virtual meters."""
    octets = bytes(65_536) if payload is None else payload.read_bytes()
    out.write_bytes(build_image(Firmware(version, octets), signing_key(seed)))
    typer.echo(f"{out}: version {version}, {out.stat().st_size} octets")


@app.command()
@with_meter_access()
def send(
    access: MeterAccess,
    image: Annotated[Path, typer.Argument(help="The image.")],
    *,
    identifier: Annotated[
        str | None, typer.Option(help="What the meter is to call the image.", show_default="the file's name")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="The meter was given part of this very image before: go on.")
    ] = False,
    activate: Annotated[bool, typer.Option("--activate", help="Activate the image once it is verified.")] = False,
    at: Annotated[
        datetime | None, typer.Option(help="Let the meter activate it at this time, by the meter's clock.")
    ] = None,
) -> None:
    """Transfer an image to a meter, let it verify it, and activate it if asked to."""
    if activate and at is not None:
        raise ConfigError("an image is activated at once or at a time", expected="--activate or --at")
    job = ImageJob((identifier or image.name).encode(), image.read_bytes(), initiated=resume)
    asyncio.run(_send(access, job, activate=activate, at=at))
    done = "active" if activate else f"verified, to be activated at {at}" if at is not None else "verified"
    typer.echo(f"{job.identifier.decode()}: {len(job.image)} octets in the meter, {done}")


async def _send(access: MeterAccess, job: ImageJob, *, activate: bool, at: datetime | None) -> None:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("connecting", total=None)
        failures = 0
        patience = Patience(poll_s=POLL_S)

        def moved(progress: ImageProgress) -> None:
            nonlocal failures
            failures = 0
            bar.update(task, description="blocks", completed=progress.transferred, total=progress.blocks)

        while True:
            try:
                async with access.associated() as (association, _):
                    await transfer_image(association, job, moved)
                    bar.update(task, description="verifying")
                    await verify_image(association, job, patience)
                    if at is not None:
                        await association.set(
                            SingleActionSchedule.execution_time, obis.FIRMWARE_ACTIVATION_SCHEDULE, (_moment(at),)
                        )
                    if activate:
                        bar.update(task, description="activating")
                        await activate_image(association, job, patience)
                return
            except LinkError:
                failures += 1
                if failures > RETRIES:
                    raise
                bar.update(task, description="the link broke, trying again")
                await asyncio.sleep(RETRY_S)


def _moment(at: datetime) -> ExecutionTime:
    if at.tzinfo is not None:
        at = at.astimezone(UTC).replace(tzinfo=None)
    return ExecutionTime(CosemTime(at.hour, at.minute, at.second, 0), CosemDate(at.year, at.month, at.day))
