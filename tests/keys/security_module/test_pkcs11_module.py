"""The HSM: what it seals opens only there, it may go and come back at any call, a wrong PIN is tried once."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path

import pkcs11
import pytest

from ferraris.kernel.errors import SecurityError
from ferraris.keys.security_module import (
    Pkcs11Custody,
    Pkcs11SecurityModule,
    SecurityModuleError,
    SecurityModuleUnavailable,
)
from ferraris.sts import CreditToken, Service
from tests.keys.security_module.benches import (
    HSM_KEY,
    HSM_LABEL,
    HSM_PIN,
    RANDOM,
    load_keys,
    make_keystore,
    meter,
    minute,
    soft_hsm,
)

SECRET_KEY = bytes(range(20))


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Path]:
    with soft_hsm(tmp_path / "hsm") as library:
        yield library


@pytest.fixture
def custody(library: Path) -> Iterator[Pkcs11Custody]:
    custody = Pkcs11Custody(library, HSM_LABEL, HSM_PIN, HSM_KEY)
    custody.make_key()
    yield custody
    custody.close()


def test_what_was_sealed_opens_in_the_hsm(custody: Pkcs11Custody) -> None:
    sealed = custody.seal(SECRET_KEY, b"register")
    assert SECRET_KEY not in sealed
    assert custody.open(sealed, b"register") == SECRET_KEY
    assert sealed != custody.seal(SECRET_KEY, b"register")


def test_the_master_key_cannot_be_read_out(custody: Pkcs11Custody) -> None:
    custody.check()
    with pytest.raises(pkcs11.exceptions.AttributeSensitive):
        _ = custody._key[pkcs11.Attribute.VALUE]
    assert custody._key[pkcs11.Attribute.EXTRACTABLE] is False


def test_a_seal_that_does_not_hold_is_no_missing_hsm(custody: Pkcs11Custody) -> None:
    sealed = bytearray(custody.seal(SECRET_KEY, b"register"))
    with pytest.raises(SecurityError, match="another key sealed it"):
        custody.open(bytes(sealed), b"another register")
    sealed[-1] ^= 1
    with pytest.raises(SecurityError, match="does not open"):
        custody.open(bytes(sealed), b"register")
    with pytest.raises(SecurityError, match="cut off"):
        custody.open(b"short", b"register")


def test_a_master_key_is_never_made_twice(custody: Pkcs11Custody) -> None:
    with pytest.raises(SecurityModuleError, match="has a key"):
        custody.make_key()


def test_a_key_that_is_not_there_is_named(library: Path) -> None:
    with pytest.raises(SecurityModuleError, match="0 keys named absent"):
        Pkcs11Custody(library, HSM_LABEL, HSM_PIN, "absent").check()


def test_a_key_that_can_be_read_out_is_no_master_key(library: Path) -> None:
    with pkcs11.lib(str(library)).get_token(token_label=HSM_LABEL).open(rw=True, user_pin=HSM_PIN) as opened:
        weak = {pkcs11.Attribute.SENSITIVE: False, pkcs11.Attribute.EXTRACTABLE: True}
        opened.generate_key(pkcs11.KeyType.AES, 256, label="weak", store=True, template=weak)
    custody = Pkcs11Custody(library, HSM_LABEL, HSM_PIN, "weak")
    for _ in range(3):
        with pytest.raises(SecurityModuleError, match="can be read out"):
            custody.check()
        assert custody._opened is None, "a session is left open"


def test_a_wrong_pin_is_tried_once(library: Path) -> None:
    custody = Pkcs11Custody(library, HSM_LABEL, "00000000", HSM_KEY)
    for _ in range(20):  # SoftHSM does not lock, a real one does after a few
        with pytest.raises(SecurityModuleError, match="not tried again") as refused:
            custody.check()
        assert not isinstance(refused.value, SecurityModuleUnavailable)
        assert "00000000" not in str(refused.value)


def test_an_hsm_that_is_not_there_is_unavailable(library: Path) -> None:
    with pytest.raises(SecurityModuleUnavailable, match="the HSM another"):
        Pkcs11Custody(library, "another", HSM_PIN, HSM_KEY).check()


def test_a_library_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(SecurityModuleUnavailable):
        Pkcs11Custody(tmp_path / "absent.so", HSM_LABEL, HSM_PIN, HSM_KEY).check()


def test_an_association_that_was_lost_is_made_anew_on_the_next_call(custody: Pkcs11Custody) -> None:
    sealed = custody.seal(SECRET_KEY, b"register")
    custody._opened.close()
    with pytest.raises(SecurityModuleUnavailable):
        custody.open(sealed, b"register")
    assert custody.open(sealed, b"register") == SECRET_KEY


def test_an_hsm_that_went_and_came_back_is_used_again(custody: Pkcs11Custody, tmp_path: Path) -> None:
    sealed = custody.seal(SECRET_KEY, b"register")
    (tmp_path / "hsm" / "tokens").rename(tmp_path / "gone")
    for _ in range(3):
        with pytest.raises(SecurityModuleUnavailable):
            custody.open(sealed, b"register")
    (tmp_path / "gone").rename(tmp_path / "hsm" / "tokens")
    assert custody.open(sealed, b"register") == SECRET_KEY


def test_a_sale_goes_on_where_the_hsm_left_it(custody: Pkcs11Custody, library: Path, tmp_path: Path) -> None:
    keystore = make_keystore(tmp_path / "keystore", custody=f"pkcs11:{HSM_KEY}", transactions=100)
    officers = Pkcs11SecurityModule.open_with_hsm(keystore, library, HSM_LABEL, HSM_PIN)
    load_keys(officers)
    assert len(officers.self_test()) == 6
    keystore.roles = frozenset({"operator"})  # type: ignore[arg-type]
    token = CreditToken(Service.ELECTRICITY, minute(), RANDOM, 100)
    before = officers.issue(meter(), token).digits
    (tmp_path / "hsm" / "tokens").rename(tmp_path / "gone")
    with pytest.raises(SecurityModuleUnavailable):
        officers.issue(meter(), token)
    assert keystore.transactions_left() == 99, "what was not issued was not counted"
    (tmp_path / "gone").rename(tmp_path / "hsm" / "tokens")
    assert officers.issue(meter(), token).digits == before
    officers.close()


def test_a_keystore_in_software_is_no_hsms(tmp_path: Path, library: Path) -> None:
    with pytest.raises(SecurityModuleError, match="seals its keys itself"):
        Pkcs11SecurityModule.open_with_hsm(make_keystore(tmp_path / "keystore"), library, HSM_LABEL, HSM_PIN)


def test_nothing_secret_shows(custody: Pkcs11Custody) -> None:
    assert repr(custody) == f"Pkcs11Custody('{HSM_LABEL}', '{HSM_KEY}', hidden)"
    with pytest.raises(TypeError, match="not serialised"):
        pickle.dumps(custody)
