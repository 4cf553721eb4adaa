"""What follows from a URL, a file of keys and the options: mechanism, context, keys, and an association that opens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from ferraris.cli.association_choice import Authentication, Choice, Form
from ferraris.cli.key_file import TOOL_SYSTEM_TITLE, ClientKeys
from ferraris.cli.meter_access import MeterAccess, suite_of
from ferraris.cli.meter_url import MeterUrl
from ferraris.client import explore
from ferraris.cosem import Data, Referencing, SecuritySuite, load_profile, obis
from ferraris.dlms import Curve, KeyPurpose, PrivateKey, SecurityControl, curve_of_suite
from ferraris.dlms.apdu import Mechanism
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import AuthenticationError, ConfigError, RefusedError
from ferraris.meter import FleetService
from ferraris.meter.security import MADE_AT_S, fleet_authority
from tests.cli.meters import Served, meters_served

KEY = "00" * 16
LONG_KEY = "00" * 32
FLEET_SEED = 11
"""Of the fleets that `meters_served` serves."""
SUITE_1, SUITE_2 = SecuritySuite.SUITE_1, SecuritySuite.SUITE_2


def access(client: int, keys: Path | None, authentication: Authentication | None = None, **more: object) -> MeterAccess:
    url = MeterUrl.parse(f"tcp://127.0.0.1?client={client}")
    return MeterAccess.of(url, keys, Choice(authentication, timeout_s=1.0, **more))  # type: ignore[arg-type]


def file_of(directory: Path, *lines: str) -> Path:
    path = directory / "keys.toml"
    path.write_text("\n".join(lines))
    path.chmod(0o600)
    return path


def test_the_public_client_authenticates_with_nothing(tmp_path: Path) -> None:
    keys = file_of(tmp_path, f'encryption_key = "{KEY}"')
    assert access(16, keys).mechanism is Mechanism.LOWEST
    assert access(16, None).settings().association.security is None


@pytest.mark.parametrize(
    ("line", "mechanism", "ciphered"),
    [
        (f'encryption_key = "{KEY}"', Mechanism.HLS_GMAC, True),
        ('secret = "12345678"', Mechanism.LLS, False),
        ("", Mechanism.LOWEST, False),
    ],
)
def test_the_mechanism_follows_from_the_keys(tmp_path: Path, line: str, mechanism: Mechanism, ciphered: bool) -> None:
    found = access(1, file_of(tmp_path, line))
    assert (found.mechanism, found.ciphered) == (mechanism, ciphered)
    settings = found.settings().association
    assert (settings.mechanism, settings.security is not None) == (mechanism, ciphered)


def test_options_go_before_keys(tmp_path: Path) -> None:
    keys = file_of(tmp_path, f'encryption_key = "{KEY}"', 'secret = "12345678"')
    assert access(1, keys, Authentication.LLS).mechanism is Mechanism.LLS
    both = access(1, keys, Authentication.LLS, ciphered=True).settings().association
    assert both.security is not None
    assert both.security.policy is SecurityControl.AUTHENTICATED_ENCRYPTED


def test_no_keys_no_ciphering() -> None:
    with pytest.raises(ConfigError, match="without keys"):
        access(1, None, Authentication.HLS_GMAC)


def test_every_mechanism_has_a_name_here() -> None:
    assert {name.name for name in Authentication} == {mechanism.name for mechanism in Mechanism}


def pair(purpose: str, curve: Curve) -> PrivateKey:
    return PrivateKey.generate(curve, SeededEntropy(purpose))


P_256_SIGNING = f'signing_key = "{pair("signing", curve_of_suite(SUITE_1)).octets.hex()}"'
P_384_SIGNING = f'signing_key = "{pair("signing", curve_of_suite(SUITE_2)).octets.hex()}"'


@pytest.mark.parametrize(
    ("lines", "suite"),
    [
        ([f'encryption_key = "{KEY}"'], SecuritySuite.SUITE_0),
        ([f'encryption_key = "{KEY}"', "suite = 1"], SUITE_1),
        ([f'encryption_key = "{LONG_KEY}"'], SUITE_2),
        ([P_256_SIGNING], SUITE_1),
        ([P_384_SIGNING, f'encryption_key = "{LONG_KEY}"'], SUITE_2),
    ],
)
def test_the_suite_follows_from_the_keys(tmp_path: Path, lines: list[str], suite: SecuritySuite) -> None:
    assert access(16, file_of(tmp_path, *lines)).suite is suite


def test_the_suite_of_a_profile() -> None:
    assert suite_of(ClientKeys(), load_profile("security_suite_2")) is SUITE_2


@pytest.mark.parametrize(
    ("lines", "choice", "complaint"),
    [
        ([], {"authentication": Authentication.HLS_GMAC}, "without keys"),
        ([f'encryption_key = "{KEY}"', "suite = 2"], {}, "encryption_key of suite 2, expected 32 octets"),
        ([f'encryption_key = "{KEY}"', f'authentication_key = "{LONG_KEY}"'], {}, "authentication_key of suite 0"),
        (["suite = 3"], {}, "suite in"),
        ([], {"authentication": Authentication.HLS_SHA256}, "hls-sha256 without a secret"),
        ([f'encryption_key = "{KEY}"'], {"authentication": Authentication.HLS_ECDSA}, "signing_key in --keys"),
        (
            [f'encryption_key = "{KEY}"', P_256_SIGNING],
            {"authentication": Authentication.HLS_ECDSA},
            "meter_signing_key in --keys",
        ),
        (
            [f'encryption_key = "{LONG_KEY}"', P_256_SIGNING, "suite = 2"],
            {"authentication": Authentication.HLS_ECDSA},
            "signing_key of suite 2",
        ),
        ([f'encryption_key = "{KEY}"'], {"form": Form.WRAPPED}, "master_key in --keys"),
        ([f'encryption_key = "{KEY}"'], {"form": Form.ONE_PASS}, "agreement_key in --keys"),
        ([f'encryption_key = "{KEY}"'], {"signed": True}, "signing_key in --keys"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, lines: list[str], choice: dict[str, object], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint) as refused:
        access(1, file_of(tmp_path, *lines), **choice)  # type: ignore[arg-type]
    assert KEY not in str(refused.value)


def test_how_attributes_are_named(tmp_path: Path) -> None:
    assert access(16, None).referencing is Referencing.LOGICAL_NAME
    assert access(16, None, short_names=True).settings().association.referencing is Referencing.SHORT_NAME


def test_an_association_that_stands_without_aarq() -> None:
    association = access(16, None, pre_established_pdu_size=512, streams=True).settings().association
    assert (association.pre_established_pdu_size, association.streams_results) == (512, True)


# Against virtual meters over real sockets


@pytest.fixture(scope="module", params=[0, 1, 2], ids=lambda suite: f"suite{suite}")
def laboratory(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Served, Path]]:
    """A meter with an association for each mechanism, and a file of every key that is shared with it."""
    directory = tmp_path_factory.mktemp("laboratory")
    suite = SecuritySuite(request.param)
    keys: dict[str, object] = {"suite": request.param}

    async def beside(service: FleetService, stack: AsyncExitStack) -> None:
        security = service.devices[0].security
        if security.key_pairs is None:
            return
        curve = curve_of_suite(suite)
        for purpose, name in ((KeyPurpose.SIGNING, "signing_key"), (KeyPurpose.AGREEMENT, "agreement_key")):
            own = pair(name, curve)
            authority = fleet_authority(FLEET_SEED, suite)
            security.import_certificate(authority.issue(TOOL_SYSTEM_TITLE, own.point, purpose, MADE_AT_S))
            keys[name] = own.octets.hex()
            its = next(c for c in security.certificates.certificates if security.is_own(c) and c.purpose is purpose)
            (directory / f"{name}.der").write_bytes(its.octets)
            keys[f"meter_{name}"] = f"{name}.der"

    with meters_served(directory, f"security_suite_{request.param}", beside=beside) as served:
        row = json.loads(served.registry.read_text().splitlines()[0])
        keys |= {name: row[name] for name in ("encryption_key", "authentication_key", "master_key")}
        keys |= {"secret": f"0x{row['lls_secret']}", "meter_system_title": row["system_title"]}
        yield served, file_of(directory, *(f"{name} = {json.dumps(value)}" for name, value in keys.items()))


def read(url: str, keys: Path, **choice: object) -> str:
    """The meter's name as an association of this choice reads it."""

    async def main() -> str:
        meter = MeterAccess.of(MeterUrl.parse(url), keys, Choice(timeout_s=5.0, **choice))  # type: ignore[arg-type]
        async with meter.associated() as (association, _):
            name = await association.get(Data.value, obis.LOGICAL_DEVICE_NAME)
            assert isinstance(name.value, bytes)
            return name.value.decode()

    return asyncio.run(main())


MECHANISMS = {
    Authentication.HLS: 32,
    Authentication.HLS_MD5: 33,
    Authentication.HLS_SHA1: 34,
    Authentication.HLS_GMAC: 35,
    Authentication.HLS_SHA256: 36,
    Authentication.HLS_ECDSA: 37,
}


@pytest.mark.parametrize("ciphered", [True, False], ids=["ciphered", "plain"])
@pytest.mark.parametrize("authentication", MECHANISMS)
def test_every_mechanism_in_every_suite(
    laboratory: tuple[Served, Path], authentication: Authentication, ciphered: bool
) -> None:
    served, keys = laboratory
    url = served.url(MECHANISMS[authentication] + (0 if ciphered else 16))
    if authentication is Authentication.HLS_ECDSA and "agreement_key" not in keys.read_text():
        with pytest.raises(ConfigError, match="signing_key"):
            read(url, keys, authentication=authentication, ciphered=ciphered)
        return
    assert read(url, keys, authentication=authentication, ciphered=ciphered).startswith("FER")


@pytest.mark.parametrize("signed", [False, True], ids=["", "signed"])
@pytest.mark.parametrize("form", Form)
def test_every_form_of_ciphering(laboratory: tuple[Served, Path], form: Form, signed: bool) -> None:
    served, keys = laboratory
    choice = {"authentication": Authentication.HLS_GMAC, "form": form, "signed": signed}
    without_pairs = "agreement_key" not in keys.read_text()
    if without_pairs and (signed or form in (Form.ONE_PASS, Form.STATIC_UNIFIED)):
        with pytest.raises(ConfigError, match="_key in --keys"):
            read(served.url(35), keys, **choice)
        return
    assert read(served.url(35), keys, **choice).startswith("FER")


def test_the_suite_of_a_list_is_the_profiles(laboratory: tuple[Served, Path]) -> None:
    served, _ = laboratory
    assert read(served.url(35), served.registry).startswith("FER")


def test_another_meters_key_is_found_out(laboratory: tuple[Served, Path], tmp_path: Path) -> None:
    served, keys = laboratory
    text = keys.read_text()
    if "meter_signing_key" not in text:
        return
    stranger = pair("stranger", curve_of_suite(SUITE_1 if "suite = 1" in text else SUITE_2)).point.hex()
    lines = [line for line in text.splitlines() if not line.startswith("meter_") or "title" in line]
    wrong = file_of(tmp_path, *lines, f'meter_signing_key = "{stranger}"')
    with pytest.raises(AuthenticationError):
        read(served.url(37), wrong, authentication=Authentication.HLS_ECDSA)


@pytest.fixture(scope="module")
def by_short_names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with meters_served(tmp_path_factory.mktemp("short_names"), "short_name_meter") as served:
        yield served


@pytest.mark.parametrize("client", [1, 2, 16])
def test_short_names_follow_from_the_profile(by_short_names: Served, client: int) -> None:
    assert read(by_short_names.url(client), by_short_names.registry).startswith("FER")


def test_short_names_on_demand(by_short_names: Served, tmp_path: Path) -> None:
    keys = file_of(tmp_path, "")
    assert read(by_short_names.url(16), keys, short_names=True).startswith("FER")
    with pytest.raises(RefusedError):
        read(by_short_names.url(16), keys)


def test_a_meter_of_short_names_is_explored(by_short_names: Served) -> None:
    async def main() -> None:
        url = MeterUrl.parse(by_short_names.url(1))
        meter = MeterAccess.of(url, by_short_names.registry, Choice(timeout_s=5.0))
        async with meter.associated() as (association, _):
            exploration = await explore(association)
        assert len(exploration.objects) > 50
        clocks = [each for each in exploration.objects if each.element.class_id == 8]
        assert clocks[0].attribute(2).octets is not None  # type: ignore[union-attr]
        refused = [each.refusal for explored in exploration.objects for each in explored.attributes if each.refusal]
        assert refused == []

    asyncio.run(main())


def test_long_results_by_general_block_transfer(laboratory: tuple[Served, Path]) -> None:
    served, keys = laboratory
    assert read(served.url(35), keys, authentication=Authentication.HLS_GMAC, streams=True).startswith("FER")
