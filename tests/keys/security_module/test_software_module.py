"""The software security module: who may issue what, what is counted, what is kept in the audit, its self-test."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ferraris.kernel.errors import SecurityError
from ferraris.keys.security_module import (
    Keystore,
    KeyTypeForbidden,
    Role,
    RoleForbidden,
    SecurityModuleError,
    SoftwareSecurityModule,
    TransactionsExhausted,
    VendingKey,
    VendingKeyExpired,
    VendingKeyNotFound,
)
from ferraris.keys.security_module.keystore_file import seal_content, write_keystore_file
from ferraris.sts import (
    BaseDate,
    ClearTamperToken,
    CreditToken,
    KeyDerivation,
    KeyType,
    MeterTestToken,
    Service,
    StsError,
    TokenError,
    TokenResult,
    assemble_key_change,
    decode_token,
    derive_decoder_key,
)
from ferraris.sts import DecoderKey as Key
from tests.keys.security_module.benches import (
    AUDITOR,
    CHEAP,
    DEFAULT,
    DES_KEY,
    LONG_KEYS,
    OFFICER,
    OLD,
    OTHER_GROUP,
    PAN,
    PRESENT,
    RANDOM,
    SECRETS,
    StandingClock,
    changed,
    meter,
    minute,
    software_module,
)

CREDIT = CreditToken(Service.ELECTRICITY, minute(), RANDOM, 100)
MANAGE = ClearTamperToken(minute() + 1, RANDOM)
TEST = MeterTestToken(1)


def as_role(path: Path, *roles: Role) -> SoftwareSecurityModule:
    Keystore.open(path, OFFICER, SECRETS[OFFICER]).add_credential("x", "long enough", roles, work_factor=CHEAP)
    return SoftwareSecurityModule.open(path, "x", "long enough", clock=StandingClock())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    software_module(tmp_path / "keystore", transactions=10).close()
    return tmp_path / "keystore"


MAY = """
role        credit  manage  test  key-change  verify
operator    yes     no      yes   no          yes
supervisor  no      yes     yes   yes         yes
officer     no      no      no    no          no
"""


@pytest.mark.parametrize("row", [line.split() for line in MAY.strip().splitlines()[1:]], ids=lambda row: row[0])
def test_roles_may_issue_what_is_theirs(path: Path, row: list[str]) -> None:
    module = as_role(path, Role(row[0]))
    digits = software_module(path).issue(meter(), CREDIT).digits
    calls = [
        lambda: module.issue(meter(), CREDIT),
        lambda: module.issue(meter(), MANAGE),
        lambda: module.issue(meter(), TEST),
        lambda: module.issue_key_change(meter(), meter(OTHER_GROUP)),
        lambda: module.verify(meter(), digits),
    ]
    for call, may in zip(calls, row[1:], strict=True):
        if may == "yes":
            call()
        else:
            with pytest.raises(RoleForbidden):
                call()


def test_an_auditor_has_no_module(path: Path) -> None:
    with pytest.raises(RoleForbidden, match="opens no keys"):
        SoftwareSecurityModule.open(path, AUDITOR, SECRETS[AUDITOR])


def test_what_is_counted(path: Path) -> None:
    module = software_module(path)
    module.issue(meter(), CREDIT)
    assert module.status().transactions_left == 9
    module.issue(meter(), CREDIT)  # asked again, counted again
    module.issue(meter(), MANAGE)
    module.issue_key_change(meter(), meter(OTHER_GROUP))
    assert module.status().transactions_left == 6
    module.issue(meter(), TEST)
    module.verify(meter(), module.issue(meter(), CREDIT).digits)
    with pytest.raises(VendingKeyExpired):
        module.issue(changed(meter(), key_expiry_number=1), CREDIT)
    assert module.status().transactions_left == 5


def test_an_empty_counter_issues_nothing_and_verifies_still(path: Path) -> None:
    module = software_module(path)
    (digits,) = {module.issue(meter(), CREDIT).digits for _ in range(10)}
    for call in (lambda: module.issue(meter(), CREDIT), lambda: module.issue_key_change(meter(), meter(OTHER_GROUP))):
        with pytest.raises(TransactionsExhausted):
            call()
    assert module.verify(meter(), digits) == CREDIT


def test_management_is_in_the_audit_and_credit_is_not(path: Path) -> None:
    module = software_module(path)
    before = len(module.keystore.audit())
    module.issue(meter(), CREDIT)
    module.issue(meter(), MANAGE)
    module.issue_key_change(meter(), meter(OTHER_GROUP))
    lines = module.keystore.audit()[before:]
    assert [line.what for line in lines] == ["management token issued", "key change issued"]
    assert lines[1].details == {"meter": PAN.decoder_reference_number, "register": str(PRESENT), "to": str(OTHER_GROUP)}


def test_the_meters_own_expiry_counts_too(path: Path) -> None:
    with pytest.raises(VendingKeyExpired, match="key change must come first") as refused:
        software_module(path).issue(changed(meter(), key_expiry_number=0x5F), CREDIT)
    assert refused.value.result == "EVerify.KeyExpired"


@pytest.mark.parametrize("fields", [{"base_date": BaseDate.Y1993}, {"key_derivation": KeyDerivation.DKGA02}])
def test_a_meter_under_another_key_of_the_same_name_is_refused(path: Path, fields: dict[str, object]) -> None:
    with pytest.raises(VendingKeyNotFound, match="than the meter"):
        software_module(path).issue(changed(meter(), **fields), CREDIT)


def test_a_key_change_brings_the_vending_keys_own_expiry(path: Path) -> None:
    with pytest.raises(SecurityModuleError, match="expiry number"):
        software_module(path).issue_key_change(meter(), changed(meter(OTHER_GROUP), key_expiry_number=200))


def test_no_key_change_leads_to_an_initialisation_key(path: Path) -> None:
    officer = SoftwareSecurityModule.open(path, OFFICER, SECRETS[OFFICER])
    initial = replace(PRESENT, supply_group_code="000001", key_type=KeyType.DITK)
    officer.load_key(initial, VendingKey(DES_KEY))
    module = software_module(path)
    with pytest.raises(KeyTypeForbidden):
        module.issue_key_change(meter(), meter(initial))
    tokens = module.issue_key_change(meter(initial), meter(DEFAULT))
    old_key = Key(meter().encryption_algorithm, DES_KEY)
    change = assemble_key_change([decode_token(token.digits, old_key) for token in tokens], old_key)  # type: ignore[misc]
    assert change.decoder_key == derive_decoder_key(LONG_KEYS[3], meter(DEFAULT))


def test_a_token_that_the_meter_would_refuse_is_not_verified(path: Path) -> None:
    module = software_module(path)
    digits = module.issue(meter(), CREDIT).digits
    with pytest.raises(TokenError) as refused:
        module.verify(changed(meter(), key_expiry_number=1), digits)
    assert refused.value.result is TokenResult.KEY_EXPIRED_ERROR
    default_key = derive_decoder_key(LONG_KEYS[3], meter(DEFAULT))
    from ferraris.sts import encode_token

    with pytest.raises(TokenError) as refused:
        module.verify(meter(DEFAULT), encode_token(CREDIT, default_key))
    assert refused.value.result is TokenResult.DDTK_ERROR


def test_a_key_change_token_is_not_shown(path: Path) -> None:
    module = software_module(path)
    for token in module.issue_key_change(meter(), meter(OTHER_GROUP)):
        with pytest.raises(SecurityModuleError, match="carries a key"):
            module.verify(meter(), token.digits)


@pytest.mark.parametrize("fields", [{"random": 16}, {"token_identifier": 1 << 24}, {"amount": 18_201_625}])
def test_a_token_that_no_digits_carry_is_refused_and_not_counted(path: Path, fields: dict[str, int]) -> None:
    module = software_module(path)
    with pytest.raises((StsError, SecurityModuleError)):
        module.issue(meter(), replace(CREDIT, **fields))
    assert module.status().transactions_left == 10


def test_the_self_test_opens_every_key(path: Path) -> None:
    assert len(software_module(path).self_test()) == 6


def test_the_self_test_finds_keys_that_were_changed_about(path: Path) -> None:
    keystore = Keystore.open(path, OFFICER, SECRETS[OFFICER])
    content = keystore.content
    one, other = content.keys[PRESENT.name], content.keys[OTHER_GROUP.name]
    keys = {**content.keys, PRESENT.name: replace(one, sealed=other.sealed)}
    file, _ = keystore._present()
    forged = replace(content, keys=keys).document()
    write_keystore_file(path, seal_content(file.identifier, file.slots, forged, keystore._keys, keystore._entropy))
    with pytest.raises(SecurityError, match="another register"):
        software_module(path).self_test()


def test_a_keystore_sealed_by_an_hsm_is_no_software_module(tmp_path: Path) -> None:
    Keystore.create(tmp_path / "k", "o", "long enough", custody="pkcs11:master", work_factor=CHEAP)
    with pytest.raises(SecurityModuleError, match="sealed by an HSM"):
        SoftwareSecurityModule.open(tmp_path / "k", "o", "long enough")


def test_derivations_without_a_published_proof_need_consent(tmp_path: Path) -> None:
    path = tmp_path / "keystore"
    software_module(path).close()
    held = replace(OLD, supply_group_code="777777", derivation=KeyDerivation.DKGA03)
    SoftwareSecurityModule.open(path, OFFICER, SECRETS[OFFICER]).load_key(held, VendingKey(bytes(range(16))))
    token = replace(CREDIT, token_identifier=1_000)
    with pytest.raises(StsError, match="not confirmed"):
        software_module(path).issue(meter(held), token)
    keystore = software_module(path).keystore
    assert SoftwareSecurityModule(keystore, unverified=True).issue(meter(held), token).digits
