"""What takes octets at one remove from the wire: a whole meter behind a valid association, and the file of meters."""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
from functools import cache
from itertools import count
from pathlib import Path

from ferraris.cli.registry_file import LineError, Place, row_of
from ferraris.cosem import ProfileObject
from ferraris.dlms import Request, Response
from ferraris.dlms.apdu import (
    ActionRequestNormal,
    AttributeDescriptor,
    GetRequestNormal,
    MethodDescriptor,
    SetRequestNormal,
    decode_apdu,
)
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import ConfigError
from ferraris.keys import MasterKey
from ferraris.meter.device import LogicalDevice
from ferraris.meter.dispatch import answer
from ferraris.meter.fleet import Fleet
from tests.meter.steady import MONDAY_MS, PERFECT, STEADY, device_of, partner

INVOKE = 0xC1
ASSOCIATIONS = ("management", "reading", "public")
HOUR_MS = 3_600_000


@cache
def device() -> LogicalDevice:
    """A meter that has measured for an hour; what is written to it stays."""
    directory = Path(tempfile.mkdtemp(prefix="ferraris-fuzz-"))
    atexit.register(shutil.rmtree, directory, True)
    fleet = Fleet.create(directory / "fleet", PERFECT, STEADY, SeededEntropy(5), MONDAY_MS)
    return device_of(fleet)


_TRIES = count()


def meter(octets: bytes) -> None:
    """A request of any client, after its protection was taken off: an answer, and one that can be encoded."""
    request = decode_apdu(octets)
    if not isinstance(request, Request):
        return
    name = ASSOCIATIONS[next(_TRIES) % len(ASSOCIATIONS)]
    response = answer(device(), partner(name), request, MONDAY_MS + HOUR_MS)
    assert isinstance(response, Response)
    decode_apdu(response.encode())


def meter_seeds() -> tuple[bytes, ...]:
    """Reading and writing every attribute with its own value, and every method."""
    return tuple(octets for entry in device().model.profile.objects for octets in _requests(entry))


def _requests(entry: ProfileObject) -> list[bytes]:
    moment = device().moment(MONDAY_MS + HOUR_MS, partner())
    requests = []
    for number in entry.attributes:
        descriptor = AttributeDescriptor(entry.class_id, entry.logical_name, number)
        requests.append(GetRequestNormal(INVOKE, descriptor).encode())
        value = device().read(entry, number, moment)
        if isinstance(value, bytes) and len(value) < 200:
            requests.append(SetRequestNormal(INVOKE, descriptor, None, value).encode())
    for number in entry.methods:
        method = MethodDescriptor(entry.class_id, entry.logical_name, number)
        requests.append(ActionRequestNormal(INVOKE, method, b"\x0f\x00").encode())
    return requests


REGISTERED = json.dumps(
    {
        "serial": "FER0000000001",
        "profile": "smr5_three_phase",
        "host": "127.20.0.1",
        "port": 4059,
        "system_title": "4645520000000001",
        "encryption_key": "00" * 16,
        "authentication_key": "11" * 16,
        "created_ms": 5,
    }
).encode()
MASTER = MasterKey(bytes(range(32)))


def registry(octets: bytes) -> None:
    """A line of a registry file. What the import turns into its one error is turned here as well."""
    try:
        given = json.loads(octets.decode("utf-8"))
        assert isinstance(given, dict)
        row_of(given, Place(Path("/"), MASTER, 5))
    except (ValueError, RecursionError, AssertionError, LineError) as error:
        raise ConfigError("not a meter") from error
