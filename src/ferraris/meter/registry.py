"""The list of a fleet's meters that a head-end imports: one JSON object a line, with the keys in the clear.

A fleet with prepayment meters has two more files, for whoever sells to it: the vending key of its supply group, as
`ferraris sts` reads it, and what each meter is for a token, one JSON object a line with the names of a meter's file there.

Only virtual meters' keys, made from a seed, may stand in such files; they are readable by their owner alone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from ferraris.meter.device import LogicalDevice
from ferraris.meter.identity import PORT
from ferraris.meter.payment import vending_key
from ferraris.sts import StsConfiguration

FILE_NAME = "meters.json"
VENDING_KEY_FILE = "vending_key.toml"
PREPAYMENT_FILE = "prepayment.json"
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
    _write(path, [json.dumps(registry_line(device, port, hdlc=hdlc)) for device in devices])
    return path


def write_vending_files(directory: Path, devices: Iterable[LogicalDevice], seed: int) -> None:
    """What vending needs to sell to the fleet's prepayment meters as they left the works; nothing where there are none."""
    lines, groups = [], []
    for device in devices:
        if device.payment is not None:
            works = device.payment.works
            names = {"number": device.identity.number, "serial": device.identity.serial}
            lines.append(json.dumps(names | vending_line(works) | credit_line(device.payment.terms.counts_money)))
            groups.append(works.supply_group_code)
    if lines:
        key = vending_key(seed, groups[0]).hex()
        _write(directory / VENDING_KEY_FILE, [f'vending_key = "{key}"  # supply group {groups[0]}, DKGA04'])
        _write(directory / PREPAYMENT_FILE, lines)


def credit_line(counts_money: bool) -> dict[str, str]:
    """What the meter counts, by the names of a tariff. Its prices are no affair of vending: they are COSEM's."""
    return {"credit": "currency" if counts_money else "units"}


def vending_line(configuration: StsConfiguration) -> dict[str, str | int | bool]:
    """A meter's configuration by the names of `ferraris sts`."""
    return {
        "pan": configuration.meter_pan.digits,
        "encryption_algorithm": configuration.encryption_algorithm.name,
        "supply_group_code": configuration.supply_group_code,
        "key_revision_number": configuration.key_revision_number,
        "key_type": configuration.key_type.name,
        "tariff_index": configuration.tariff_index,
        "base_date": configuration.base_date.year,
        "key_expiry_number": configuration.key_expiry_number,
        "key_derivation": configuration.key_derivation.name,
        "three_token_key_change": configuration.three_token_key_change,
    }


def _write(path: Path, lines: Iterable[str]) -> None:
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.writelines(f"{line}\n" for line in lines)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
