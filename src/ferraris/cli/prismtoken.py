"""`ferraris sts serve-prismtoken`: a keystore behind the interface that existing vending software speaks.

Clients sign in with the keystore's own credentials, in the realm `local`; their roles say what they may do.
"""

from __future__ import annotations

import ipaddress
import signal
import ssl
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from ferraris.cli.sts_files import read_sta_tables
from ferraris.cli.sts_options import Tables
from ferraris.cli.vending_keys import (
    PIN_VARIABLE,
    HsmLabel,
    Library,
    StorePath,
    check_keystore_file,
    open_module,
    secret_of,
)
from ferraris.kernel.clock import SystemClock
from ferraris.kernel.entropy import SystemEntropy
from ferraris.kernel.errors import ConfigError

if TYPE_CHECKING:
    from ferraris.keys.security_module import SecurityModule


def serve_prismtoken(
    keystore: StorePath,
    *,
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.")] = 9443,
    certificate: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The certificate for TLS, with its chain, in PEM.")
    ] = None,
    private_key: Annotated[Path | None, typer.Option(metavar="FILE", help="Its private key, in PEM.")] = None,
    memory: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Remembered token identifiers and results; beside the keystore.")
    ] = None,
    compliance: Annotated[
        bool, typer.Option("--compliance", help="Allow ctsResetTidList. For compliance tests, never in service.")
    ] = False,
    sta_tables: Tables = None,
    library: Library = None,
    hsm: HsmLabel = "",
) -> None:
    """Serve the PrismToken interface (Thrift, API 1.1) over a keystore, until interrupted."""
    from ferraris.keys.security_module import PrismTokenAccess, PrismTokenMemory, PrismTokenServer, PrismTokenService

    tls = _tls(certificate, private_key)
    if tls is None and not _is_loopback(host):
        raise ConfigError(
            "serving in the clear", expected="--certificate and --private-key, or a loopback address", got=host
        )
    check_keystore_file(keystore)
    tables = read_sta_tables(sta_tables)
    pin = None if library is None else secret_of(PIN_VARIABLE, f"PIN of the HSM {hsm}")

    def sign_in(who: str, secret: str) -> SecurityModule:
        return open_module(keystore, who, secret, library, hsm, pin=pin, tables=tables)

    clock, entropy = SystemClock(), SystemEntropy()
    service = PrismTokenService(
        PrismTokenAccess(sign_in, clock, entropy),
        PrismTokenMemory(memory or keystore.with_name(f"{keystore.name}.prismtoken")),
        clock,
        entropy,
        compliance_mode=compliance,
    )
    signal.signal(signal.SIGTERM, _interrupt)
    with PrismTokenServer(service, host, port, tls=tls) as server:
        typer.echo(f"PrismToken interface at {host}:{server.port}, {'TLS' if tls else 'in the clear'}")
        try:
            server.wait()
        except KeyboardInterrupt:
            typer.echo("stopped", err=True)


def _interrupt(signal_number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _tls(certificate: Path | None, private_key: Path | None) -> ssl.SSLContext | None:
    if certificate is None and private_key is None:
        return None
    if certificate is None or private_key is None:
        raise ConfigError("TLS needs both", expected="--certificate and --private-key")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, private_key)
    except OSError as error:
        raise ConfigError(
            f"the certificate {certificate} with the key {private_key}: {error.strerror or error}"
        ) from None
    return context


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
