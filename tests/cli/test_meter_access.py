"""What follows from a URL, a file of keys and the options: mechanism, context, and an association that opens."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferraris.cli.meter_access import Authentication, MeterAccess, Policy
from ferraris.cli.meter_url import MeterUrl
from ferraris.dlms import Ciphering, SecurityControl
from ferraris.dlms.apdu import Mechanism
from ferraris.kernel.errors import ConfigError

KEY = "00" * 16


def access(client: int, keys: Path | None, authentication: Authentication | None = None, **more: bool) -> MeterAccess:
    url = MeterUrl.parse(f"tcp://127.0.0.1?client={client}")
    return MeterAccess.of(url, keys, authentication, Policy.BOTH, Ciphering.GLOBAL, 1.0, **more)


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
