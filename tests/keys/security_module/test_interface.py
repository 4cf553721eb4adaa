"""One set of tests for every driver of a security module: the same request, the same token, the same refusals."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ferraris.keys.security_module import (
    KeyTypeForbidden,
    Pkcs11Custody,
    Pkcs11SecurityModule,
    PrismTokenModule,
    SecurityModule,
    SecurityModuleError,
    SecurityModuleUnavailable,
    SerialSecurityModule,
    SoftwareSecurityModule,
    VendingKeyBeforeBaseDate,
    VendingKeyExpired,
    VendingKeyNotFound,
)
from ferraris.keys.security_module.keystore import Keystore
from ferraris.sts import (
    ClearCreditToken,
    ClearTamperToken,
    CreditToken,
    CurrencyCreditToken,
    EncryptionAlgorithm,
    ExtendedSetToken,
    KeyType,
    MeterTestToken,
    PhaseUnbalanceToken,
    PowerLimitToken,
    Service,
    StsConfiguration,
    TariffRateToken,
    Token,
    TokenError,
    TokenResult,
    WaterFactorToken,
    assemble_key_change,
    decode_token,
    derive_decoder_key,
    encode_token,
)
from tests.keys.security_module import benches
from tests.keys.security_module.benches import (
    DEFAULT,
    EXPIRED,
    FUTURE,
    HSM_KEY,
    HSM_LABEL,
    HSM_PIN,
    NUMBERED,
    OLD,
    OTHER_GROUP,
    PRESENT,
    RANDOM,
    REGISTERS,
    SECRETS,
    TILL,
    FixedBits,
    StandingClock,
    changed,
    load_keys,
    make_keystore,
    meter,
    minute,
    prismtoken_server,
    soft_hsm,
    software_module,
)
from tests.keys.security_module.serial_emulator import EmulatedLine, EmulatedNetworkPort, SerialEmulator


class Bench:
    """A driver under test: the module, a way to take the thing behind it away, and what its protocol cannot do."""

    def __init__(
        self, module: SecurityModule, take_away: Callable[[], None], *, verifies: bool = True, money: bool = True
    ) -> None:
        self.module = module
        self.take_away = take_away
        self.verifies = verifies
        self.money = money


@pytest.fixture
def file_bench(tmp_path: Path) -> Bench:
    module = software_module(tmp_path / "keystore")
    return Bench(module, (tmp_path / "keystore").unlink)


@pytest.fixture
def pkcs11_bench(tmp_path: Path) -> Iterator[Bench]:
    with soft_hsm(tmp_path / "hsm") as library:
        custody = Pkcs11Custody(library, HSM_LABEL, HSM_PIN, HSM_KEY)
        custody.make_key()
        keystore = make_keystore(tmp_path / "keystore", custody=f"pkcs11:{HSM_KEY}")
        officers = Pkcs11SecurityModule.open_with_hsm(keystore, library, HSM_LABEL, HSM_PIN)
        load_keys(officers)
        officers.close()
        tills = Keystore.open(tmp_path / "keystore", TILL, SECRETS[TILL])
        module = Pkcs11SecurityModule.open_with_hsm(tills, library, HSM_LABEL, HSM_PIN, clock=StandingClock())
        yield Bench(module, lambda: (tmp_path / "hsm" / "tokens").rename(tmp_path / "gone"))
        module.close()


@pytest.fixture
def prismtoken_bench(tmp_path: Path) -> Iterator[Bench]:
    with prismtoken_server(software_module(tmp_path / "keystore")) as server:
        module = PrismTokenModule("127.0.0.1", server.port, TILL, SECRETS[TILL], timeout_s=5)
        yield Bench(module, server.stop)
        module.close()


@pytest.fixture
def serial_bench(tmp_path: Path) -> Iterator[Bench]:
    held = software_module(tmp_path / "keystore")
    port = EmulatedNetworkPort(SerialEmulator(held, NUMBERED, FixedBits()))
    module = SerialSecurityModule(port.url, registers_with_check_values(held), timeout_s=2, clock=StandingClock())
    yield Bench(module, port.close, verifies=False, money=False)
    module.close()


@pytest.fixture
def line_bench(tmp_path: Path) -> Iterator[Bench]:
    held = software_module(tmp_path / "keystore")
    line = EmulatedLine(SerialEmulator(held, NUMBERED, FixedBits()))
    module = SerialSecurityModule(line.url, registers_with_check_values(held), timeout_s=2, clock=StandingClock())
    yield Bench(module, line.close, verifies=False, money=False)
    module.close()


def registers_with_check_values(held: SoftwareSecurityModule) -> dict[int, benches.VendingKeyRegister]:
    known = {each.name: each for each in held.registers()}
    return {number: known[each.name] for number, each in NUMBERED.items()}


DRIVERS = ["file", "pkcs11", "prismtoken", "serial", "line"]

TOKENS: dict[str, Token] = {
    "electricity": CreditToken(Service.ELECTRICITY, minute(), RANDOM, 256),
    "a rounded amount": CreditToken(Service.ELECTRICITY, minute(), RANDOM, 180_223),
    "the largest amount": CreditToken(Service.ELECTRICITY, minute(), RANDOM, 18_201_624),
    "water": CreditToken(Service.WATER, minute() + 2, RANDOM, 1),
    "gas": CreditToken(Service.GAS, minute() + 3, RANDOM, 0),
    "time": CreditToken(Service.TIME, minute() + 4, RANDOM, 14_400),
    "power limit": PowerLimitToken(minute() + 5, RANDOM, 10_000),
    "clear credit": ClearCreditToken(minute() + 6, RANDOM),
    "tariff rate": TariffRateToken(minute() + 7, RANDOM, 12),
    "clear tamper": ClearTamperToken(minute() + 8, RANDOM),
    "phase unbalance": PhaseUnbalanceToken(minute() + 9, RANDOM, 3_000),
    "water factor": WaterFactorToken(minute() + 10, RANDOM, 7),
    "extended set": ExtendedSetToken(minute() + 11, RANDOM, 63, 0x3),
}
MONEY: dict[str, Token] = {
    "money": CurrencyCreditToken(Service.ELECTRICITY, minute(), 12_345_678),
    "money taken away": CurrencyCreditToken(Service.WATER, minute() + 1, -500_000),
}
TESTS: dict[str, Token] = {
    "test all": MeterTestToken(0xF_FFFF_FFFF),
    "test with a wide code": MeterTestToken(0x1, 0, wide=True),
}


def expected(configuration: StsConfiguration, token: Token) -> str:
    """The digits, worked out without any module."""
    for held, key in REGISTERS.values():
        if (held.supply_group_code, held.key_revision_number) == (
            configuration.supply_group_code,
            configuration.key_revision_number,
        ):
            return encode_token(token, derive_decoder_key(key, configuration))
    raise AssertionError


@pytest.fixture(params=DRIVERS)
def bench(request: pytest.FixtureRequest) -> Bench:
    found: Bench = request.getfixturevalue(f"{request.param}_bench")
    return found


METERS = [meter(), meter(algorithm=EncryptionAlgorithm.EA11)]


class TestSecurityModule:
    """What every driver does."""

    def test_the_same_request_gives_the_same_token_through_every_driver(self, bench: Bench) -> None:
        for configuration in METERS:
            for name, token in (TOKENS | TESTS | (MONEY if bench.money else {})).items():
                issued = bench.module.issue(configuration, token)
                assert issued.digits == expected(configuration, token), name
                assert issued.token == decode_token(issued.digits, derive_decoder_key(REGISTERS[2][1], configuration))

    def test_the_old_base_date_too(self, bench: Bench) -> None:
        token = CreditToken(Service.ELECTRICITY, 1_000_000, RANDOM, 100)
        assert bench.module.issue(meter(OLD), token).digits == expected(meter(OLD), token)

    def test_asked_twice_it_gives_one_token(self, bench: Bench) -> None:
        token = TOKENS["electricity"]
        assert bench.module.issue(meter(), token).digits == bench.module.issue(meter(), token).digits

    def test_the_check_value_names_the_key(self, bench: Bench) -> None:
        token = TOKENS["electricity"]
        wanted = next(each.check_value for each in bench.module.registers() if each.name == PRESENT.name)
        assert len(wanted) == 6
        assert bench.module.issue(meter(), token).check_value == wanted
        assert bench.module.issue(meter(), TESTS["test all"]).check_value == ""

    def test_a_token_is_verified(self, bench: Bench) -> None:
        if not bench.verifies:
            with pytest.raises(SecurityModuleError, match="not public"):
                bench.module.verify(meter(), expected(meter(), TOKENS["electricity"]))
            return
        for token in (TOKENS["electricity"], TOKENS["clear tamper"], MONEY["money"]):
            found = bench.module.verify(meter(), expected(meter(), token))
            assert type(found) is type(token)
            assert found.token_identifier == token.token_identifier  # type: ignore[union-attr]

    @pytest.mark.parametrize("digits", ["11111111111111111111", "00000000000000000000"])
    def test_another_meters_token_is_not(self, bench: Bench, digits: str) -> None:
        if bench.verifies:
            with pytest.raises(TokenError) as refused:
                bench.module.verify(meter(), digits)
            assert refused.value.result is TokenResult.CRC_ERROR

    def test_a_test_token_is_verified_by_every_driver(self, bench: Bench) -> None:
        digits = encode_token(TESTS["test all"], None)
        assert bench.module.verify(meter(), digits) == TESTS["test all"]

    @pytest.mark.parametrize(
        ("present", "new", "count"),
        [
            (meter(OLD), meter(PRESENT), 2),
            (meter(PRESENT), changed(meter(OTHER_GROUP), three_token_key_change=True), 3),
            (meter(PRESENT, EncryptionAlgorithm.EA11), meter(OTHER_GROUP, EncryptionAlgorithm.EA11), 4),
            (meter(PRESENT), meter(PRESENT, index=8), 2),
            (meter(DEFAULT), meter(PRESENT), 2),
        ],
        ids=["rollover", "three", "four", "tariff index", "from the default key"],
    )
    def test_a_key_change_brings_the_new_key(
        self, bench: Bench, present: StsConfiguration, new: StsConfiguration, count: int
    ) -> None:
        issued = bench.module.issue_key_change(present, new)
        assert len(issued) == count
        assert all(each.token is None for each in issued)
        keys = {held.name: key for held, key in REGISTERS.values()}
        old_name = (present.supply_group_code, present.key_revision_number, present.key_type)
        new_name = (new.supply_group_code, new.key_revision_number, new.key_type)
        old_key = derive_decoder_key(keys[old_name], present)
        change = assemble_key_change([decode_token(each.digits, old_key) for each in issued], old_key)  # type: ignore[misc]
        assert change.decoder_key == derive_decoder_key(keys[new_name], new)
        assert change.rollover == (present.base_date != new.base_date)
        assert [each.digits for each in bench.module.issue_key_change(present, new)] == [each.digits for each in issued]

    def test_an_expired_key_issues_nothing(self, bench: Bench) -> None:
        token = CreditToken(Service.ELECTRICITY, 86 << 16, RANDOM, 100)
        with pytest.raises(VendingKeyExpired) as refused:
            bench.module.issue(meter(EXPIRED), token)
        assert refused.value.result == "ESts.VkExpired"
        last = replace(token, token_identifier=(86 << 16) - 2)
        assert bench.module.issue(meter(EXPIRED), last).digits == expected(meter(EXPIRED), last)

    def test_no_key_change_from_or_to_an_expired_key(self, bench: Bench) -> None:
        for present, new in ((EXPIRED, PRESENT), (PRESENT, EXPIRED)):
            with pytest.raises(VendingKeyExpired):
                bench.module.issue_key_change(meter(present), meter(new))

    def test_no_key_change_to_a_key_that_is_not_yet_in_force(self, bench: Bench) -> None:
        with pytest.raises(VendingKeyBeforeBaseDate) as refused:
            bench.module.issue_key_change(meter(PRESENT), meter(FUTURE))
        assert refused.value.result == "ESts.VkBeforeBdt"

    def test_a_default_key_issues_no_credit_but_manages(self, bench: Bench) -> None:
        with pytest.raises(KeyTypeForbidden) as refused:
            bench.module.issue(meter(DEFAULT), TOKENS["electricity"])
        assert refused.value.result == "EVerify.DdtkCredit"
        token = TOKENS["clear tamper"]
        assert bench.module.issue(meter(DEFAULT), token).digits == expected(meter(DEFAULT), token)

    def test_an_initialisation_key_issues_nothing(self, bench: Bench) -> None:
        with pytest.raises(KeyTypeForbidden):
            bench.module.issue(changed(meter(), key_type=KeyType.DITK), TOKENS["clear tamper"])

    def test_a_key_that_is_not_there_is_named(self, bench: Bench) -> None:
        with pytest.raises(VendingKeyNotFound, match="999999") as refused:
            bench.module.issue(changed(meter(), supply_group_code="999999"), TOKENS["electricity"])
        assert refused.value.result == "EKeystore.NotFound"

    def test_a_module_that_is_gone_is_unavailable_and_says_so(self, bench: Bench) -> None:
        bench.module.issue(meter(), TOKENS["electricity"])
        assert bench.module.status().reachable
        bench.take_away()
        with pytest.raises(SecurityModuleUnavailable):
            bench.module.issue(meter(), TOKENS["water"])
        status = bench.module.status()
        assert not status.reachable
        assert status.alert

    def test_a_closed_module_opens_again(self, bench: Bench) -> None:
        before = bench.module.issue(meter(), TOKENS["electricity"]).digits
        bench.module.close()
        assert bench.module.issue(meter(), TOKENS["electricity"]).digits == before

    def test_the_registers_are_listed_without_keys(self, bench: Bench) -> None:
        listed = bench.module.registers()
        assert {each.name for each in listed} == {each.name for each in NUMBERED.values()}
        assert bench.module.status().registers == listed

    def test_no_key_shows_anywhere(self, bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
        issued = bench.module.issue(meter(), TOKENS["electricity"])
        change = bench.module.issue_key_change(meter(OLD), meter(PRESENT))
        with pytest.raises(SecurityModuleError) as refused:
            bench.module.issue(meter(EXPIRED), CreditToken(Service.ELECTRICITY, 0xFF_0000, RANDOM, 1))
        shown = [bench.module, issued, change, bench.module.status(), bench.module.registers(), refused.value]
        told = traceback.TracebackException.from_exception(refused.value, capture_locals=True)
        text = "".join(f"{thing!r}{thing}" for thing in shown) + caplog.text + "".join(told.format())
        assert "16711680" in text  # the locals are there
        new_key = derive_decoder_key(REGISTERS[2][1], meter(PRESENT)).octets
        secrets = [*(key for _, key in REGISTERS.values()), new_key]
        for secret in (*(form for key in secrets for form in (key.hex(), str(key))), *SECRETS.values(), f"'{HSM_PIN}'"):
            assert secret.lower() not in text.lower()
        with pytest.raises(TypeError):
            pickle.dumps(bench.module)
