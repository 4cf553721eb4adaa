"""Key pairs beside a file of keys: whose they are and what for is checked, and nothing of them is repeated."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ferraris.cli.key_file import ClientKeys, read_keys
from ferraris.cli.key_pair_files import FILE_OCTETS_MAX
from ferraris.cosem import SecuritySuite
from ferraris.dlms import CertificateAuthority, KeyPurpose, PrivateKey, curve_of_suite
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import AuthenticationError, ConfigError

TITLE = b"FERMETER"
CURVE = curve_of_suite(SecuritySuite.SUITE_1)
OWN, METERS, OTHER = (PrivateKey.generate(CURVE, SeededEntropy(name)) for name in ("own", "meter's", "other"))
LONG = PrivateKey.generate(curve_of_suite(SecuritySuite.SUITE_2), SeededEntropy("long"))
AUTHORITY = CertificateAuthority("Works", OTHER, 0)
A_DAY = 1


def keys(directory: Path, *lines: str) -> ClientKeys:
    path = directory / "keys.toml"
    path.write_text("\n".join(lines))
    path.chmod(0o600)
    return read_keys(path)


def certificate(directory: Path, purpose: KeyPurpose = KeyPurpose.SIGNING, days: int = 36_500) -> str:
    path = directory / f"{purpose.name}{days}.der"
    path.write_bytes(AUTHORITY.issue(TITLE, METERS.point, purpose, 0, days))
    return path.name


def pem(directory: Path, mode: int = 0o600) -> str:
    path = directory / "own.pem"
    path.write_bytes(OWN.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(mode)
    return path.name


def test_files_beside_the_file_of_keys(tmp_path: Path) -> None:
    found = keys(
        tmp_path,
        f'signing_key = "{pem(tmp_path)}"',
        f'meter_signing_key = "{certificate(tmp_path)}"',
        f'meter_agreement_key = "{OTHER.point.hex()}"',
    )
    assert found.meter_system_title == TITLE
    assert found.key_pairs is not None
    assert found.key_pairs.own_signing.octets == OWN.octets
    assert found.key_pairs.peers.signing_point(TITLE) == METERS.point
    assert found.key_pairs.peers.agreement_point(TITLE) == OTHER.point
    with pytest.raises(AuthenticationError):
        found.key_pairs.peers.signing_point(b"FERMETEX")


def test_digits(tmp_path: Path) -> None:
    title = f'meter_system_title = "{TITLE.hex()}"'
    found = keys(
        tmp_path, f'agreement_key = "{OWN.octets.hex()}"', f'meter_signing_key = "{METERS.point.hex()}"', title
    )
    assert found.key_pairs is not None
    assert found.key_pairs.own_agreement.point == OWN.point
    assert found.key_pairs.peers.signing_point(TITLE) == METERS.point


def test_a_private_key_that_others_may_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="may be read by others"):
        keys(tmp_path, f'signing_key = "{pem(tmp_path, 0o644)}"')


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ([f'signing_key = "{OWN.octets.hex()}00"'], "number of a private key"),
        (['signing_key = "no-such-file.pem"'], "the name of a file"),
        (['signing_key = "a\\u0000b"'], "the name of a file"),
        (['meter_signing_key = "."'], "the name of a file"),
        ([f'meter_signing_key = "{METERS.point.hex()}"'], "nobody's"),
        ([f'meter_signing_key = "{bytes(64).hex()}"', f'meter_system_title = "{TITLE.hex()}"'], "not on its curve"),
        ([f'signing_key = "{OWN.octets.hex()}"', f'agreement_key = "{LONG.octets.hex()}"'], "all on one curve"),
    ],
)
def test_what_is_no_key_pair(tmp_path: Path, lines: list[str], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint) as refused:
        keys(tmp_path, *lines)
    assert OWN.octets.hex() not in str(refused.value)


def test_certificates_of_another_meter_purpose_or_time(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the meter's certificate"):
        keys(tmp_path, f'meter_signing_key = "{certificate(tmp_path)}"', f'meter_system_title = "{bytes(8).hex()}"')
    with pytest.raises(ConfigError, match="a certificate of digital signature"):
        keys(tmp_path, f'meter_signing_key = "{certificate(tmp_path, KeyPurpose.AGREEMENT)}"')
    with pytest.raises(ConfigError, match="meter_signing_key"):
        keys(tmp_path, f'meter_signing_key = "{certificate(tmp_path, days=A_DAY)}"')


def test_a_file_that_is_too_long(tmp_path: Path) -> None:
    (tmp_path / "long.pem").write_bytes(bytes(FILE_OCTETS_MAX + 1))
    with pytest.raises(ConfigError, match="too long"):
        keys(tmp_path, 'meter_signing_key = "long.pem"')
