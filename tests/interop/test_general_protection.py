"""General-signing between Gurux and our end in both roles, and what becomes of Gurux' agreed keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from ferraris.cosem import SecuritySuite
from ferraris.dlms import Ciphering, Envelope, KeyPairs, KeyPurpose, KnownPoints, Layer
from ferraris.dlms.apdu import Mechanism
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import LinkError
from ferraris.meter import Fleet, LogicalDevice
from tests.interop.own_client import HEADEND_TITLE, with_association
from tests.interop.peers.process import PeerProcess
from tests.interop.served_device import served
from tests.interop.test_hls_and_suites import energy, gurux_meter, java_pair, own_settings, pair
from tests.meter.laboratory import SAPS, client_key, know_client, profile_of
from tests.meter.steady import MONDAY_MS, PERFECT, STEADY, device_of

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("interop")]

GURUX_TITLE = bytes.fromhex("4752580000000001")
NUMBERS = count(100_000, 1000)
"""Invocation counters and transaction ids, which only rise."""
READABLE = ["get", 3, "1.0.1.8.0.255", 2]
SIGNED_ONLY = ["get", 3, "1.0.2.8.0.255", 2]
SUITES = (SecuritySuite.SUITE_1, SecuritySuite.SUITE_2)


@pytest.fixture(scope="module")
def laboratory(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[LogicalDevice, int]]:
    """Our laboratory meter of each suite, and its port."""
    fleet = Fleet.create(tmp_path_factory.mktemp("laboratory") / "fleet", PERFECT, STEADY, SeededEntropy(5), MONDAY_MS)
    device = device_of(fleet, profile=profile_of(request.param))
    know_client(device)
    with served(device) as port:
        yield device, port
    fleet.close()


def asked(
    gurux: PeerProcess, laboratory: tuple[LogicalDevice, int], scheme: str, register: list[Any] = SIGNED_ONLY
) -> dict[str, Any]:
    """What becomes of a Gurux client that reads a register twice under this protection, and once without."""
    device, port = laboratory
    suite, pairs, number = device.security.suite, device.security.key_pairs, next(NUMBERS)
    assert pairs is not None
    agreement = java_pair(client_key(suite, KeyPurpose.AGREEMENT), pairs.own_agreement)
    task: dict[str, Any] = {
        "do": "client",
        "host": "127.0.0.1",
        "port": port,
        "server_sap": 1,
        "client_sap": SAPS[Mechanism.HLS_GMAC],
        "authentication": "gmac",
        "general_protection": True,
        "security": "both",
        "suite": int(suite),
        "secret": (device.keys.lls_secret or b"").hex(),
        "system_title": HEADEND_TITLE.hex(),
        "encryption_key": device.keys.encryption_key.hex(),
        "authentication_key": device.keys.authentication_key.hex(),
        "invocation_counter": number,
        "operations": [
            ["protect", scheme, number],
            register,
            ["protect", scheme, number + 1],
            register,
            ["protect", "NONE", 0],
            register,
        ],
        **java_pair(client_key(suite, KeyPurpose.SIGNING), pairs.own_signing),
        **{name.replace("signing", "agreement"): octets for name, octets in agreement.items()},
    }
    return gurux.ask(task)


@pytest.mark.peer_role("client")
@pytest.mark.parametrize("laboratory", [SecuritySuite.SUITE_1], indirect=True, ids=["suite-1"])
def test_general_signing(gurux: PeerProcess, laboratory: tuple[LogicalDevice, int]) -> None:
    """The register's right asks for a signature: without one it is refused."""
    answer = asked(gurux, laboratory, "GENERAL_SIGNING")
    signed, again, plain = answer["results"][1::2]
    assert [signed, again] == [{"ok": True, "value": 40}] * 2
    assert plain == {"ok": False, "error": "data-access-result 3"}
    assert answer["released"]


@pytest.mark.parametrize("laboratory", [SecuritySuite.SUITE_2], indirect=True, ids=["suite-2"])
def test_gurux_signs_no_apdu_in_suite_2(gurux: PeerProcess, laboratory: tuple[LogicalDevice, int]) -> None:
    """As for HLS-ECDSA, its signatures of suite 2 are not those of P-384."""
    answer = asked(gurux, laboratory, "GENERAL_SIGNING")
    assert [result["ok"] for result in answer["results"][1::2]] == [False] * 3


@pytest.mark.parametrize("scheme", ["STATIC_UNIFIED_MODEL", "ONE_PASS_DIFFIE_HELLMAN"])
@pytest.mark.parametrize("laboratory", SUITES, indirect=True, ids=["suite-1", "suite-2"])
def test_gurux_sends_general_glo_where_keys_are_to_be_agreed(
    gurux: PeerProcess, laboratory: tuple[LogicalDevice, int], scheme: str
) -> None:
    """Its scheme of key agreement changes nothing: no transaction id comes, which layers without counters are known by."""
    device, _ = laboratory
    answer = asked(gurux, laboratory, scheme, READABLE)
    assert [result["value"] for result in answer["results"][1::2]] == [400] * 3
    assert not device.security.state.transactions


SIGNED_WAYS = [(Layer.SIGNED,), (Layer.SIGNED, Ciphering.GLOBAL), (Layer.SIGNED, Ciphering.GENERAL_GLOBAL)]


@pytest.mark.parametrize("layers", SIGNED_WAYS, ids=lambda layers: "-".join(layer.name for layer in layers))
def test_gurux_answers_no_signed_request(gurux: PeerProcess, layers: tuple[Layer | Ciphering, ...]) -> None:
    """Its server fails inside, and closes the link."""
    suite = SecuritySuite.SUITE_1
    base = own_settings(Mechanism.HLS_GMAC, suite, plain=False)
    assert base.association.security is not None
    peers = KnownPoints({GURUX_TITLE: pair("meter", suite).point})
    pairs = KeyPairs(peers, pair("head-end", suite))
    security = replace(base.association.security, ciphering=Envelope(layers), key_pairs=pairs)
    settings = replace(base, association=replace(base.association, security=security))
    for port in gurux_meter(gurux, Mechanism.HLS_GMAC, suite, plain=False):
        with pytest.raises(LinkError):
            with_association(port, settings, energy)
