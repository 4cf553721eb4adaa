"""From one line to a module: every scheme, every option, and no secret in the line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ferraris.kernel.errors import ConfigError, FerrarisError, SecurityError
from ferraris.keys.security_module import (
    Pkcs11Custody,
    Pkcs11SecurityModule,
    PrismTokenModule,
    SecurityModuleSettings,
    SerialSecurityModule,
    SoftwareSecurityModule,
    open_security_module,
)
from ferraris.keys.security_module.opening import read_registers
from ferraris.sts import CreditToken, Service
from tests.keys.security_module.benches import (
    HSM_KEY,
    HSM_LABEL,
    HSM_PIN,
    NUMBERED,
    RANDOM,
    SECRETS,
    TILL,
    make_keystore,
    meter,
    minute,
    prismtoken_server,
    soft_hsm,
    software_module,
)

CREDIT = CreditToken(Service.ELECTRICITY, minute(), RANDOM, 256)

REGISTERS_TOML = """
[[register]]
number = 1
supply_group_code = "123456"
key_revision_number = 1
key_type = "DUTK"
base_date = 1993
key_expiry_number = 255
derivation = "DKGA02"

[[register]]
number = 2
supply_group_code = "123456"
key_revision_number = 2
key_type = "DUTK"
base_date = 2014
key_expiry_number = 255
derivation = "DKGA04"
check_value = "a1b2c3"
"""


def settings(url: str) -> SecurityModuleSettings:
    return SecurityModuleSettings(url, TILL, SECRETS[TILL], HSM_PIN)


def test_a_keystore_in_software(tmp_path: Path) -> None:
    digits = software_module(tmp_path / "keystore").issue(meter(), CREDIT).digits
    module = open_security_module(settings(f"file:{tmp_path}/keystore"))
    assert isinstance(module, SoftwareSecurityModule)
    assert module.issue(meter(), CREDIT).digits == digits


def test_a_keystore_sealed_by_an_hsm(tmp_path: Path) -> None:
    with soft_hsm(tmp_path / "hsm") as library:
        Pkcs11Custody(library, HSM_LABEL, HSM_PIN, HSM_KEY).make_key()
        make_keystore(tmp_path / "keystore", custody=f"pkcs11:{HSM_KEY}")
        module = open_security_module(settings(f"pkcs11:{tmp_path}/keystore?library={library}&token={HSM_LABEL}"))
        assert isinstance(module, Pkcs11SecurityModule)
        assert module.status().reachable
        module.close()


def test_a_prismtoken_service_on_this_machine(tmp_path: Path) -> None:
    with prismtoken_server(software_module(tmp_path / "keystore")) as server:
        module = open_security_module(settings(f"prismtoken://127.0.0.1:{server.port}?tls=off"))
        assert isinstance(module, PrismTokenModule)
        assert module.issue(meter(), CREDIT).token == CREDIT
        module.close()


def test_a_prismtoken_service_elsewhere_goes_over_tls() -> None:
    module = open_security_module(settings("prismtoken://tokens.example?clock=external&realm=utility"))
    assert isinstance(module, PrismTokenModule)
    assert module._tls is not None
    assert module._tls.check_hostname
    assert (module._port, module._realm, module._external_clock) == (9443, "utility", True)


def test_a_serial_module(tmp_path: Path) -> None:
    (tmp_path / "registers.toml").write_text(REGISTERS_TOML)
    module = open_security_module(f"sts600-8-6:/dev/ttyUSB9?registers={tmp_path}/registers.toml&baud=19200")
    assert isinstance(module, SerialSecurityModule)
    assert module._baud == 19_200
    assert [each.name for each in module.registers()] == [NUMBERED[1].name, NUMBERED[2].name]
    assert module.registers()[1].check_value == "A1B2C3"
    assert not module.status().reachable


WRONG = """
nothing                                     no security module
ftp:somewhere                               no security module
file:KEYSTORE?key=00                        options of file
file:KEYSTORE                               cannot be read
pkcs11:KEYSTORE                             needs the option library
pkcs11:KEYSTORE?library=x                   needs the option token
pkcs11:KEYSTORE?library=x&token=y&pin=1     options of pkcs11
prismtoken://                               a PrismToken service
prismtoken://host:notaport                  a PrismToken service names no port
prismtoken://host:0                         a PrismToken service names no port
prismtoken://host:65536                     a PrismToken service names no port
prismtoken://:9443                          a PrismToken service names no host
prismtoken://a%20b:9443                     a PrismToken service names no host
prismtoken://::1:9443                       a PrismToken service names no host
prismtoken:host:9443                        a PrismToken service, expected prismtoken://HOST:PORT
prismtoken://[::1                           a PrismToken service, expected prismtoken://HOST:PORT
prismtoken://me:hush@host:9443              secrets do not belong in a URL, expected the name and the secret of their own
prismtoken://me:hush@[::1                   expected prismtoken://HOST:PORT, got one with an @
prismtoken://@host:9443                     secrets do not belong in a URL
prismtoken://host\u200b:9443                no spaces or control characters
prismtoken://host:9443/path                 a PrismToken service
prismtoken://host:9443#part                 nothing behind a #
prismtoken://host:9443#                     nothing behind a #
prismtoken://host:1?tls=off&tls=on          options of prismtoken, expected each at most once
pkcs11:KEYSTORE?library=x&token=y&token=z   options of pkcs11, expected each at most once
prismtoken://host:1?tls=off                 in the clear
prismtoken://127.0.0.1:1?tls=maybe          the option tls
prismtoken://host:1?clock=mine              the option clock
prismtoken://host:1?password=x              options of prismtoken
prismtoken://host:1?ca=/absent.pem          the certificates in
prismtoken://host:1?realm                   the address of a security module
sts600-8-6:/dev/ttyS0                       needs the option registers
sts600-8-6:/dev/ttyS0?registers=/absent     cannot be read
sts600-8-6:/dev/ttyS0?registers=R&baud=fast the option baud
sts600-8-6:/dev/ttyS0?registers=R&baud=٩٦٠٠ the option baud
sts600-8-6:/dev/ttyS0?registers=R&baud=9_600 the option baud
"""


@pytest.mark.parametrize("row", [line.split(maxsplit=1) for line in WRONG.strip().splitlines()], ids=lambda row: row[0])
def test_a_line_that_names_no_module_says_what_is_wrong(tmp_path: Path, row: list[str]) -> None:
    (tmp_path / "registers.toml").write_text(REGISTERS_TOML)
    url = (
        row[0]
        .replace("KEYSTORE", f"{tmp_path}/keystore")
        .replace("registers=R", f"registers={tmp_path}/registers.toml")
    )
    with pytest.raises(ConfigError, match=re.escape(row[1])) as refused:
        open_security_module(settings(url))
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize("character", " \t\n\x00\x7f")
def test_nothing_hides_in_the_address_of_a_service(character: str) -> None:
    with pytest.raises(ConfigError, match="no spaces or control characters"):
        open_security_module(settings(f"prismtoken://host:94{character}43"))


def test_a_wrong_secret_opens_nothing(tmp_path: Path) -> None:
    make_keystore(tmp_path / "keystore")
    with pytest.raises(SecurityError):
        open_security_module(SecurityModuleSettings(f"file:{tmp_path}/keystore", TILL, "wrong"))


def test_secrets_do_not_show() -> None:
    text = repr(settings("file:keystore"))
    assert SECRETS[TILL] not in text
    assert HSM_PIN not in text


FAULTS = {
    "twice the same number": REGISTERS_TOML.replace("number = 2", "number = 1"),
    "twice the same key": REGISTERS_TOML.replace("key_revision_number = 2", "key_revision_number = 1"),
    "no key type": REGISTERS_TOML.replace('"DUTK"', '"SECRET"'),
    "no base date": REGISTERS_TOML.replace("1993", "1999"),
    "no derivation": REGISTERS_TOML.replace("DKGA02", "DKGA09"),
    "no revision": REGISTERS_TOML.replace("key_revision_number = 1", "key_revision_number = 0"),
    "something more": REGISTERS_TOML + "vending_key = 1\n",
    "no TOML": "register",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_list_of_registers_is_refused(tmp_path: Path, fault: str) -> None:
    (tmp_path / "registers.toml").write_text(FAULTS[fault])
    with pytest.raises(FerrarisError):
        read_registers(tmp_path / "registers.toml")


@pytest.mark.parametrize(
    "line", ["prismtoken://127.0.0.1:1?ca=%00", "sts600-8-6:/dev/null?registers=%00", "prismtoken://127.0.0.1:1?ca=/"]
)
def test_a_place_that_can_be_no_file_is_refused(line: str) -> None:
    with pytest.raises(ConfigError):
        open_security_module(line)
