"""The list of a fleet's meters that a head-end imports: one JSON object a line, with the keys in the clear.

Only virtual meters' keys, made from a seed, may stand in such a file; it is readable by its owner alone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from ferraris.meter.device import LogicalDevice
from ferraris.meter.identity import PORT

FILE_NAME = "meters.json"
MANAGEMENT_CLIENT_SAP = 1


def registry_line(device: LogicalDevice, port: int = PORT, *, hdlc: bool = False) -> dict[str, str | int]:
    """What a head-end must know to read the meter as its management client."""
    keys = device.keys
    line: dict[str, str | int] = {
        "serial": device.identity.serial,
        "number": device.identity.number,
        "profile": device.model.profile.name,
        "host": device.identity.host,
        "port": port,
        **_terms(device, hdlc=hdlc),
        "system_title": device.identity.system_title.hex(),
        "encryption_key": keys.encryption_key.hex(),
        "authentication_key": keys.authentication_key.hex(),
    }
    if keys.master_key is not None and keys.lls_secret is not None:
        line |= {"master_key": keys.master_key.hex(), "lls_secret": keys.lls_secret.hex()}
    if device.payment is not None:
        line["decoder_reference_number"] = device.payment.decoder.configuration.meter_pan.decoder_reference_number
    return line


def _terms(device: LogicalDevice, *, hdlc: bool) -> dict[str, str | int]:
    """On what terms the meter is talked with. Its profile says most of it, too: here it can be seen and changed."""
    profile = device.model.profile
    terms: dict[str, str | int] = {"link": "tcp"}
    if hdlc:
        terms = {"link": "hdlc+tcp", "physical_address": device.identity.hdlc_address}
    name = profile.association_of(MANAGEMENT_CLIENT_SAP)
    if name is None:
        return terms
    association = profile.associations[name]
    return terms | {
        "client_sap": MANAGEMENT_CLIENT_SAP,
        "referencing": association.referencing.name.lower(),
        "authentication": association.authentication.name.lower(),
        "context": "ciphered" if association.ciphered else "plain",
        "suite": int(profile.security_suite),
    }


def write_registry(directory: Path, devices: Iterable[LogicalDevice], port: int = PORT, *, hdlc: bool = False) -> Path:
    """Write the list whole or not at all; a reader never sees half of it."""
    path = directory / FILE_NAME
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        for device in devices:
            file.write(json.dumps(registry_line(device, port, hdlc=hdlc)) + "\n")
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    return path
