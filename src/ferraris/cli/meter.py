"""`ferraris meter serve`: virtual meters, each at its own loopback address, in one process."""

from __future__ import annotations

import asyncio
import json
import resource
import signal
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from ferraris.cli.clocks import SPEED_MAX, shared_clock
from ferraris.cli.event_loop import long_runner
from ferraris.cli.keypad import Keypads, keypad_text, keypads_served
from ferraris.cli.meter_ways import (
    GatewayOption,
    MbusOption,
    MoreWays,
    OpticalMode,
    OpticalModeOption,
    OpticalOption,
    SerialOption,
    address_of,
)
from ferraris.cosem import TransportService
from ferraris.kernel.clock import MS_PER_S, S_PER_DAY, Clock, ScaledClock, SystemClock
from ferraris.kernel.entropy import SeededEntropy, SystemEntropy
from ferraris.kernel.errors import ConfigError
from ferraris.kernel.json_text import read_json_object
from ferraris.link import (
    Listener,
    open_coap,
    open_coap_unconfirmed,
    open_tcp,
    open_udp,
    serve_coap,
    serve_tcp,
    serve_udp,
    together,
)
from ferraris.meter import (
    CsvReplay,
    Fault,
    Fleet,
    FleetService,
    Manufacture,
    MeterModel,
    PaymentManufacture,
    ServiceSettings,
    StochasticLoad,
    Surroundings,
    Zone,
    meter_model,
    write_registry,
    write_vending_files,
)
from ferraris.sts import QUANTITY_MAX, EncryptionAlgorithm, TokenResult, tenths

app: Final = typer.Typer(add_completion=False, no_args_is_help=True, help="Serve virtual DLMS/COSEM meters.")

FLEET_FILE: Final = "fleet.json"
PREPAID_PROFILES: Final = {1: "sts_single_phase", 3: "sts_three_phase"}
"""By number of phases, the companion profile of meters that take tokens."""
CURRENCY_PROFILES: Final = {1: "sts_currency_single_phase", 3: "sts_currency_three_phase"}
"""Of those whose credit is money."""
PUSH_CARRIERS: Final = {
    TransportService.COAP_CONFIRMED: open_coap,
    TransportService.COAP_NON_CONFIRMED: open_coap_unconfirmed,
}
LINKS_AT_ONCE: Final = 4_096
"""Links of all meters together for which there should be room, beside a listening socket for each meter."""
OTHER_FILES: Final = 256


Prepaid = Annotated[
    int,
    typer.Option(min=0, help="So many of the meters, the first ones, are prepayment meters: they take STS tokens."),
]
CreditKwh = Annotated[
    str,
    typer.Option(
        "--credit-kwh", metavar="KWH", help="What new prepayment meters begin with; with --currency it is money."
    ),
]
Currency = Annotated[
    bool, typer.Option("--currency", help="Credit of the prepayment meters is money: they take currency credit tokens.")
]
Ea07 = Annotated[
    bool, typer.Option("--ea07", help="New prepayment meters have EA07, with its sample tables, instead of EA11.")
]
Faults = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KIND:METER:FROM:FOR",
        help="link, power: take meter number METER from it FROM seconds after the start, FOR seconds long; tamper with it.",
    ),
]
Profiles = Annotated[
    list[str] | None,
    typer.Option(
        help="Companion profile, such as smr5_single_phase; given several times, they are dealt out in turn.",
        show_default="smr5_three_phase",
    ),
]


@dataclass(frozen=True, slots=True)
class FleetChoice:
    """What a fleet is made of; kept beside its memory, since the same directory must always be the same fleet."""

    count: int
    seed: int
    profiles: list[str]
    zone: str
    prepaid: int = 0
    currency: bool = False

    def models(self) -> list[MeterModel]:
        """Of the meters in turn: the profiles dealt out, and those of the first meters with prepayment instead."""
        dealt = [meter_model(name) for name in self.profiles]
        if not self.prepaid:
            return dealt
        models = [dealt[index % len(dealt)] for index in range(self.count)]
        profiles = CURRENCY_PROFILES if self.currency else PREPAID_PROFILES
        prepaid = [meter_model(profiles[model.profile.phases]) for model in models[: self.prepaid]]
        return [*prepaid, *models[self.prepaid :]]

    def check(self, directory: Path) -> None:
        """ConfigError when `directory` holds a fleet made of something else."""
        path = directory / FLEET_FILE
        if not path.exists():
            return
        made = read_json_object(path.read_bytes(), f"{path} is damaged: it", expected="what this fleet is made of")
        for name, value in asdict(self).items():
            if made.get(name, _UNSAID.get(name)) != value:
                raise ConfigError(f"{directory} holds another fleet: {name}", expected=made.get(name), got=value)

    def keep(self, directory: Path) -> None:
        (directory / FLEET_FILE).write_text(json.dumps(asdict(self)) + "\n", "ascii")


_UNSAID: Final = {"prepaid": 0, "currency": False}
"""What a fleet is that was made before it could be anything else."""


@app.callback()
def meter() -> None:
    """Serve virtual DLMS/COSEM meters."""


@app.command()
def serve(
    directory: Annotated[Path, typer.Option("--dir", help="Where the meters' memory lies.")] = Path("meters"),
    count: Annotated[int, typer.Option(min=1, help="Number of meters.")] = 200,
    profile: Profiles = None,
    prepaid: Prepaid = 0,
    credit_kwh: CreditKwh = "0",
    currency: Currency = False,
    ea07: Ea07 = False,
    seed: Annotated[int, typer.Option(help="What keys, loads and clocks of the meters follow from.")] = 1,
    speed: Annotated[float, typer.Option(min=0.001, max=SPEED_MAX, help="Virtual seconds per real second.")] = 1.0,
    csv: Annotated[Path | None, typer.Option(help="Replay these measured values instead of the load model.")] = None,
    push: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where the meters push their events.")] = "",
    zone: Annotated[str, typer.Option(help="Time zone of the meters, from the table of zones.")] = "central_european",
    history_days: Annotated[int, typer.Option(min=0, help="Days that new meters have measured already.")] = 0,
    start: Annotated[
        datetime | None,
        typer.Option(help="UTC at which time begins for new meters, such as 2026-03-02T12:00.", show_default="now"),
    ] = None,
    fault: Faults = None,
    clock: Annotated[
        str, typer.Option(metavar="MS:S", help="Shared clock: its origin and the monotonic time of that.", hidden=True)
    ] = "",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on which each meter listens.")] = 4059,
    udp: Annotated[bool, typer.Option("--udp", help="Answer on UDP too.")] = False,
    coap: Annotated[bool, typer.Option("--coap", help="Answer on CoAP too, at the same port of UDP.")] = False,
    hdlc: Annotated[bool, typer.Option("--hdlc", help="Speak HDLC on the port instead of the wrapper.")] = False,
    serial: SerialOption = "",
    mbus: MbusOption = "",
    gateway: GatewayOption = "",
    optical: OpticalOption = "",
    optical_mode: OpticalModeOption = OpticalMode.E,
) -> None:
    """Serve virtual meters until the process is told to end. The same directory brings the same meters back."""
    choice = FleetChoice(count, seed, profile or ["smr5_three_phase"], zone, min(prepaid, count), currency)
    models = choice.models()
    surroundings = Surroundings(StochasticLoad(seed) if csv is None else CsvReplay.read(csv), Zone.load(zone))
    choice.check(directory)
    _raise_file_limit((1 + udp + coap) * count + min(8 * count, LINKS_AT_ONCE) + OTHER_FILES)
    time = _clock(directory, speed, start, clock)
    origin_ms = time.origin_ms if isinstance(time, ScaledClock) else time.now_ms()
    faults = [Fault.parse(text, origin_ms) for text in fault or []]
    listener = _listener(udp=udp, coap=coap, hdlc=hdlc)
    settings = replace(_settings(port, push), hdlc=hdlc, payment=_payment(credit_kwh, ea07=ea07))
    ways = MoreWays(serial, mbus, gateway, optical, optical_mode)
    ways.check()
    fleet = _open(directory, choice, surroundings, time, history_days)
    try:
        what = (fleet, models, seed, time, SystemEntropy(), listener, open_tcp, settings, faults)
        service = FleetService(*what, datagrams=open_udp, push_carriers=PUSH_CARRIERS)
        registry = write_registry(directory, service.devices, port, hdlc=hdlc)
        write_vending_files(directory, service.devices, seed)
        _run(service, f"registry {registry}", ways, directory)
    finally:
        fleet.close()


def _payment(credit_kwh: str, *, ea07: bool) -> PaymentManufacture:
    algorithm = EncryptionAlgorithm.EA07 if ea07 else EncryptionAlgorithm.EA11
    credit_tenths = tenths(credit_kwh)
    if not 0 <= credit_tenths <= QUANTITY_MAX:
        raise ConfigError("--credit-kwh", expected=f"0 to {QUANTITY_MAX // 10}", got=credit_kwh)
    return PaymentManufacture(algorithm, credit_tenths)


def _listener(*, udp: bool, coap: bool, hdlc: bool) -> Listener:
    if (udp or coap) and hdlc:
        raise ConfigError("--hdlc is for streams: not with --udp or --coap")
    if udp and coap:
        raise ConfigError("--coap takes the port of --udp: one of them")
    if not (udp or coap):
        return serve_tcp
    return together(serve_tcp, serve_udp if udp else serve_coap)


def _settings(port: int, push: str) -> ServiceSettings:
    host, push_port = address_of("--push", push)
    return ServiceSettings(port=port, push_host=host, push_port=push_port)


def _clock(directory: Path, speed: float, start: datetime | None, shared: str) -> Clock:
    """Virtual time goes on where a fleet has left off, if that is ahead of the world's time."""
    if shared:
        return shared_clock(shared, speed)
    now_ms = SystemClock().now_ms() if start is None else round(start.replace(tzinfo=UTC).timestamp() * MS_PER_S)
    alive_ms = Fleet.last_alive_ms(directory)
    if speed == 1.0 and start is None and (alive_ms or 0) <= now_ms:
        return SystemClock()
    return ScaledClock.starting_at(max(now_ms, alive_ms or 0), speed)


def _open(directory: Path, choice: FleetChoice, surroundings: Surroundings, clock: Clock, history_days: int) -> Fleet:
    if Fleet.last_alive_ms(directory) is not None:
        return Fleet.open(directory, surroundings, clock.now_ms())
    made_ms = clock.now_ms() - history_days * S_PER_DAY * MS_PER_S
    entropy = SeededEntropy(choice.seed)
    fleet = Fleet.create(directory, Manufacture(choice.count), surroundings, entropy, made_ms)
    choice.keep(directory)
    fleet.advance(clock.now_ms())
    return fleet


@app.command()
def token(
    digits: Annotated[str, typer.Argument(help="The token: 20 digits; blanks and hyphens do no harm.")] = "",
    number: Annotated[int, typer.Option("--meter", help="Number of the meter.")] = 1,
    directory: Annotated[Path, typer.Option("--dir", help="Where the meters' memory lies.")] = Path("meters"),
    press: Annotated[str, typer.Option(metavar="BUTTON", help="Press a button instead: emergency or reconnect.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print what the meter says as JSON.")] = False,
) -> None:
    """Type a token at the keypad of a meter that is being served; without one, look at its display.

    Ends with 1 when the meter does not take the token. Its link may be away: people stand before the meter.
    """
    keypads = Keypads(directory)
    if press:
        answer = keypads.press(number, press)
    else:
        answer = keypads.type(number, digits) if digits else keypads.display(number)
    print(json.dumps(answer) if as_json else keypad_text(answer))
    result = answer.get("result")
    if answer.get("done") is False or (result is not None and not TokenResult(result).is_accepted):
        raise typer.Exit(1)


def _run(service: FleetService, registry: str, ways: MoreWays, directory: Path) -> None:
    with long_runner() as runner:
        runner.run(_serve(service, registry, ways, directory))


async def _serve(service: FleetService, registry: str, ways: MoreWays, directory: Path) -> None:
    """Until SIGTERM or SIGINT."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with keypads_served(service, directory):
        await _serve_until(ended, service, registry, ways)


async def _serve_until(ended: asyncio.Event, service: FleetService, registry: str, ways: MoreWays) -> None:
    try:
        await service.start()
        running = asyncio.ensure_future(ways.serve(service))
        first, last = service.devices[0].identity, service.devices[-1].identity
        print(f"{len(service.devices)} meters listen from {first.host} to {last.host}; {registry}", flush=True)
        ending = asyncio.ensure_future(ended.wait())
        await asyncio.wait([ending, running], return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        ending.cancel()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    finally:
        await service.aclose()


def _raise_file_limit(wanted: int) -> None:
    """ConfigError when this process may not open so many files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= wanted or soft == resource.RLIM_INFINITY:
        return
    limit = wanted if hard == resource.RLIM_INFINITY else max(wanted, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, limit))
    except (ValueError, OSError):
        raise ConfigError("open files of a process (ulimit -n)", expected=f"at least {wanted}", got=hard) from None
