"""Every HLS mechanism in every suite against Gurux in Java, in both roles and both contexts.

Two things Gurux cannot do: as a server with SHA-256 or ECDSA it writes its system title into the AARE under the tag of another
field and out of order, and as a client in suite 2 it cuts the signature of 96 octets to 64. Both are asserted as they are,
so that a mended Gurux shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from ferraris.client import ClientAssociation, ClientSettings
from ferraris.cosem import Register, SecuritySuite
from ferraris.dlms import (
    AssociationSettings,
    CipherKeys,
    KeyPairs,
    KeyPurpose,
    KnownPoints,
    PrivateKey,
    Security,
    SecurityControl,
    curve_of_suite,
)
from ferraris.dlms.apdu import Mechanism
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import AuthenticationError, DecodeError, LinkError
from ferraris.keys import CounterGuard, ReservedCounter
from ferraris.meter import Fleet, LogicalDevice
from tests.interop.foreign_meter import meter_of
from tests.interop.load_profile import ACTIVE_ENERGY_IMPORT, ROWS, numbers
from tests.interop.own_client import HEADEND_TITLE, METER_TITLE, with_association
from tests.interop.peers.process import PeerProcess
from tests.interop.served_device import served
from tests.meter.laboratory import SAPS, client_key, know_client, profile_of
from tests.meter.steady import MONDAY_MS, PERFECT, STEADY, device_of

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("interop")]

NAMES = {
    Mechanism.HLS: "high",
    Mechanism.HLS_MD5: "md5",
    Mechanism.HLS_SHA1: "sha1",
    Mechanism.HLS_GMAC: "gmac",
    Mechanism.HLS_SHA256: "sha256",
    Mechanism.HLS_ECDSA: "ecdsa",
}
SECRET = b"0123456789abcdef"
CASES = [
    (mechanism, suite, plain)
    for mechanism in NAMES
    for suite in SecuritySuite
    for plain in (False, True)
    if suite or mechanism is not Mechanism.HLS_ECDSA
]
WITH_TITLES = (Mechanism.HLS_SHA256, Mechanism.HLS_ECDSA)
"""Gurux' server sends its system title for these, and where it does not belong."""


def each_case(*, with_titles: bool) -> pytest.MarkDecorator:
    cases = [case for case in CASES if (case[0] in WITH_TITLES) is with_titles]
    ids = [f"{NAMES[m]}-suite-{int(s)}{'-plain' * p}" for m, s, p in cases]
    return pytest.mark.parametrize(("mechanism", "suite", "plain"), cases, ids=ids)


COUNTERS = count(1000, 1000)


def keys_of(suite: SecuritySuite) -> CipherKeys:
    octets = 32 if suite is SecuritySuite.SUITE_2 else 16
    return CipherKeys(bytes(range(octets)), bytes(range(0xD0 - octets, 0xD0)), suite)


def pair(name: str, suite: SecuritySuite) -> PrivateKey:
    return PrivateKey.generate(curve_of_suite(suite), SeededEntropy(f"interop {name}"))


def java_pair(own: PrivateKey, peer: PrivateKey) -> dict[str, str]:
    """Our private key and the peer's public key, as Java takes them."""
    public = peer.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    private = own.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return {"signing_public": public.hex(), "signing_private": private.hex()}


def own_settings(mechanism: Mechanism, suite: SecuritySuite, *, plain: bool) -> ClientSettings:
    """Our client for the Gurux meter."""
    security = Security(
        HEADEND_TITLE,
        keys_of(suite),
        ReservedCounter(0, lambda up_to: None),
        CounterGuard({}, lambda title, number: None),
        SecurityControl.AUTHENTICATED_ENCRYPTED,
    )
    if suite is not SecuritySuite.SUITE_0:
        peers = KnownPoints({METER_TITLE: pair("meter", suite).point})
        security = replace(security, key_pairs=KeyPairs(peers, pair("head-end", suite)))
    return ClientSettings(AssociationSettings(mechanism, SECRET, security, plain_context=plain), client_sap=1)


def gurux_meter(
    gurux: PeerProcess, mechanism: Mechanism, suite: SecuritySuite, *, plain: bool, **more: object
) -> Iterator[int]:
    """The port of a meter of Gurux with this mechanism and suite."""
    keys = keys_of(suite)
    task: dict[str, Any] = {
        "authentication": NAMES[mechanism],
        "suite": int(suite),
        "plain_context": plain,
        "secret": SECRET.hex(),
        "encryption_key": keys.encryption_key.hex(),
        "authentication_key": keys.authentication_key.hex(),
    }
    if suite is not SecuritySuite.SUITE_0:
        task |= java_pair(pair("meter", suite), pair("head-end", suite))
    return meter_of(gurux, **task, **more)


async def energy(association: ClientAssociation) -> int:
    return int((await association.get(Register.value, ACTIVE_ENERGY_IMPORT)).value)  # type: ignore[arg-type]


@pytest.mark.peer_role("meter")
@each_case(with_titles=False)
def test_hls(gurux: PeerProcess, mechanism: Mechanism, suite: SecuritySuite, *, plain: bool) -> None:
    for port in gurux_meter(gurux, mechanism, suite, plain=plain):
        assert with_association(port, own_settings(mechanism, suite, plain=plain), energy) == numbers(ROWS - 1)[1]
        # Another meter for each connection: its counters begin anew.
        settings = own_settings(mechanism, suite, plain=plain)
        wrong = replace(settings, association=replace(settings.association, secret=b"another secret!!"))
        if mechanism is not Mechanism.HLS_GMAC:
            with pytest.raises((AuthenticationError, LinkError)):
                with_association(port, wrong, energy)


@each_case(with_titles=True)
def test_gurux_writes_its_title_where_it_does_not_belong(
    gurux: PeerProcess, mechanism: Mechanism, suite: SecuritySuite, *, plain: bool
) -> None:
    for port in gurux_meter(gurux, mechanism, suite, plain=plain):
        with pytest.raises(DecodeError, match="a field is out of order"):
            with_association(port, own_settings(mechanism, suite, plain=plain), energy)


@pytest.fixture(scope="module")
def laboratory(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[LogicalDevice, int]]:
    """Our laboratory meter of each suite, and its port."""
    suite: SecuritySuite = request.param
    directory = tmp_path_factory.mktemp("laboratory") / "fleet"
    fleet = Fleet.create(directory, PERFECT, STEADY, SeededEntropy(5), MONDAY_MS)
    device = device_of(fleet, profile=profile_of(suite))
    if suite is not SecuritySuite.SUITE_0:
        know_client(device)
    with served(device) as port:
        yield device, port
    fleet.close()


def asked(
    gurux: PeerProcess, laboratory: tuple[LogicalDevice, int], mechanism: Mechanism, *, plain: bool
) -> dict[str, Any]:
    """What becomes of a Gurux client that reads a register of our meter."""
    device, port = laboratory
    suite = device.security.suite
    task: dict[str, Any] = {
        "do": "client",
        "host": "127.0.0.1",
        "port": port,
        "server_sap": 1,
        "client_sap": SAPS[mechanism] + 16 * plain,
        "authentication": NAMES[mechanism],
        "security": "none" if plain else "both",
        "suite": int(suite),
        "secret": (device.keys.lls_secret or b"").hex(),
        "system_title": HEADEND_TITLE.hex(),
        "encryption_key": device.keys.encryption_key.hex(),
        "authentication_key": device.keys.authentication_key.hex(),
        "invocation_counter": next(COUNTERS),
        "operations": [["get", 3, "1.0.1.8.0.255", 2]],
    }
    pairs = device.security.key_pairs
    if pairs is not None:
        task |= java_pair(client_key(suite, KeyPurpose.SIGNING), pairs.own_signing)
    return gurux.ask(task)


CLIENT_CASES = [
    (suite, mechanism)
    for suite in SecuritySuite
    for mechanism in NAMES
    if mechanism is not Mechanism.HLS_ECDSA or suite is SecuritySuite.SUITE_1
]


@pytest.mark.peer_role("client")
@pytest.mark.parametrize("plain", [False, True], ids=["ciphered", "plain"])
@pytest.mark.parametrize(
    ("laboratory", "mechanism"),
    CLIENT_CASES,
    indirect=["laboratory"],
    ids=[f"{NAMES[m]}-suite-{int(s)}" for s, m in CLIENT_CASES],
)
def test_hls_at_our_meter(
    gurux: PeerProcess, laboratory: tuple[LogicalDevice, int], mechanism: Mechanism, *, plain: bool
) -> None:
    answer = asked(gurux, laboratory, mechanism, plain=plain)
    assert answer["associated"], answer
    assert answer["results"] == [{"ok": True, "value": 400}]
    assert answer["released"]


@pytest.mark.parametrize("plain", [False, True], ids=["ciphered", "plain"])
@pytest.mark.parametrize("laboratory", [SecuritySuite.SUITE_2], indirect=True, ids=["suite-2"])
def test_gurux_cuts_the_signature_of_suite_2(
    gurux: PeerProcess, laboratory: tuple[LogicalDevice, int], *, plain: bool
) -> None:
    assert not asked(gurux, laboratory, Mechanism.HLS_ECDSA, plain=plain)["associated"]
