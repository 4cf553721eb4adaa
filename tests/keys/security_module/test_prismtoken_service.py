"""A PrismToken service, message by message: every method of the interface, and every code it refuses with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.kernel.errors import DecodeError
from ferraris.keys.security_module import (
    Keystore,
    PrismTokenAccess,
    PrismTokenMemory,
    PrismTokenService,
    SoftwareSecurityModule,
    VendingKey,
    one_user,
)
from ferraris.keys.security_module.thrift_messages import decode_reply, encode_call, interface
from ferraris.sts import (
    BaseDate,
    ClearTamperToken,
    CreditToken,
    IdentificationRecord,
    KeyType,
    Service,
    assemble_key_change,
    decode_token,
    derive_decoder_key,
    encode_token,
)
from tests.keys.security_module.benches import (
    DEFAULT,
    DES_KEY,
    EXPIRED,
    FUTURE,
    LONG_KEYS,
    NOW_MS,
    OFFICER,
    OLD,
    OTHER_GROUP,
    PAN,
    PRESENT,
    RANDOM,
    SECRETS,
    TILL,
    FixedBits,
    StandingClock,
    meter,
    minute,
    register,
    software_module,
)

EXTERNAL_CLOCK, TID_ADJUST_BDT, SPECIAL_RESERVED = 1, 2, 4
NOW_S = NOW_MS // 1000
KEY = derive_decoder_key(LONG_KEYS[1], meter())


class Caller:
    """Speaks to a service in messages, as somebody who is signed in."""

    def __init__(self, service: PrismTokenService) -> None:
        self.service = service
        self.credential = ""
        self.number = 0

    def raw(self, method: str, **arguments: Any) -> Any:
        self.number += 1
        answer = self.service.answer(encode_call(method, self.number, **arguments))
        return decode_reply(answer.message, method, self.number)

    def call(self, method: str, message: str = "", **arguments: Any) -> Any:
        """The result. A fresh message id unless one is given."""
        result = self.raw(method, messageId=message or f"m{self.number}", accessToken=self.credential, **arguments)
        assert result.ex1 is None, result.ex1.eCode
        return result.success

    def refused(self, method: str, **arguments: Any) -> str:
        """The code of the refusal."""
        given_arguments = {"messageId": f"m{self.number}", "accessToken": self.credential} | arguments
        result = self.raw(method, **given_arguments)
        assert result.success is None
        assert result.ex1.eMsgEn.isascii()
        return str(result.ex1.eCode)


def service_over(module: SoftwareSecurityModule, *, compliance_mode: bool = True) -> PrismTokenService:
    clock, entropy = StandingClock(), FixedBits()
    access = PrismTokenAccess(one_user(module, TILL, SECRETS[TILL]), clock, entropy)
    return PrismTokenService(access, PrismTokenMemory(":memory:"), clock, entropy, compliance_mode=compliance_mode)


@pytest.fixture
def caller(tmp_path: Path) -> Iterator[Caller]:
    service = service_over(software_module(tmp_path / "keystore", transactions=1_000))
    caller = Caller(service)
    caller.credential = sign_in(caller).success.accessToken
    yield caller
    service.close()


def sign_in(caller: Caller, **changes: Any) -> Any:
    options = interface().SessionOptions(**({"version": changes.pop("version")} if "version" in changes else {}))
    arguments = {"realm": "local", "username": TILL, "password": SECRETS[TILL], "sessionOpts": options} | changes
    return caller.raw("signInWithPassword", messageId="sign-in", **arguments)


def asked_meter(held: Any = PRESENT, **changes: Any) -> Any:
    fields = {
        "drn": PAN.decoder_reference_number,
        "ea": 7,
        "tct": 2,
        "sgc": int(held.supply_group_code),
        "krn": held.key_revision_number,
        "ti": 7,
        "ken": held.key_expiry_number,
        "allowKrnUpdate": False,
        "allowKenUpdate": False,
    }
    return interface().MeterConfigIn(**(fields | changes))


def credit(**changes: Any) -> dict[str, Any]:
    fields = {"meterConfig": asked_meter(), "subclass": 0, "transferAmount": 256.0, "tokenTime": 0, "flags": 0}
    return fields | changes


# Signing in


def test_signing_in_gives_a_credential(caller: Caller) -> None:
    assert len(caller.credential) == 48


SIGN_IN_REFUSALS = {
    "ESignin.Version": {"version": "2.0"},
    "ESignin.Realm": {"realm": "elsewhere"},
    "ESignin.Authentication": {"password": "wrong"},
    "EParamRange": {"username": "no identifier!"},
}


@pytest.mark.parametrize("code", SIGN_IN_REFUSALS)
def test_signing_in_is_refused_by_the_interfaces_codes(caller: Caller, code: str) -> None:
    result = sign_in(caller, **SIGN_IN_REFUSALS[code])
    assert result.ex1.eCode == code
    assert "wrong" not in result.ex1.eMsgEn.replace("a wrong secret", "")


def test_nothing_is_issued_without_a_credential(caller: Caller) -> None:
    assert caller.refused("issueCreditToken", accessToken="made up", **credit()) == "EAuthentication.Token"
    assert caller.refused("getStatus", messageId="", accessToken=caller.credential) == "EParamRange"


# Asking


def test_a_ping_comes_back_after_its_delay(caller: Caller) -> None:
    answer = caller.service.answer(encode_call("ping", 1, sleepMs=1_500, echo="hé"))
    assert answer.delay_ms == 1_500
    assert decode_reply(answer.message, "ping", 1).success == "hé"
    for sleep_ms, echo in ((-1, ""), (60_001, ""), (0, "x" * 65_536)):
        message = caller.service.answer(encode_call("ping", 1, sleepMs=sleep_ms, echo=echo)).message
        assert decode_reply(message, "ping", 1).ex1.eCode == "EParamRange"


def test_the_status_tells_registers_and_transactions(caller: Caller) -> None:
    (node,) = caller.call("getStatus")
    assert node.info["transactionsLeft"] == "1000"
    lines = [line for name, line in node.info.items() if name.startswith("register.")]
    assert any(line.startswith("123456 2 2 14 255 4 ") for line in lines)
    assert node.alerts == []


def test_an_unreachable_module_is_an_alert(caller: Caller, tmp_path: Path) -> None:
    (tmp_path / "keystore").unlink()
    (node,) = caller.call("getStatus")
    assert [alert.eCode for alert in node.alerts] == ["ESm.Unavailable"]
    assert caller.refused("issueCreditToken", **credit()) == "ESm.Unavailable"


def test_an_identification_record_becomes_a_meter(caller: Caller) -> None:
    record = IdentificationRecord(PAN, meter().encryption_algorithm, "123456", 2, 7, 2, (2030, 12))
    for text in (record.idrecord, f"\x02{record.record2}\x03"):
        found = caller.call("parseIdRecord", idRecord=text)
        assert (found.drn, found.ea, found.sgc, found.krn, found.ti, found.ken, found.doe) == (
            PAN.decoder_reference_number, 7, 123_456, 2, 7, 255, "3012",
        )  # fmt: skip
    past = IdentificationRecord(PAN, meter().encryption_algorithm, "123456", 2, 7, 2, (2020, 1))
    assert caller.refused("parseIdRecord", idRecord=past.idrecord) == "ESts.IdRecord.Expired"
    assert caller.refused("parseIdRecord", idRecord="no record") == "ESts.IdRecord"


# Issuing


def test_credit_is_issued_at_the_services_own_time(caller: Caller) -> None:
    (wire,) = caller.call("issueCreditToken", **credit())
    assert wire.tokenDec == encode_token(CreditToken(Service.ELECTRICITY, minute(), RANDOM, 256), KEY)
    assert (wire.tokenClass, wire.subclass, wire.tid, wire.transferAmount) == (0, 0, minute(), 256.0)
    assert (wire.description, wire.scaledAmount, wire.scaledUnitName) == ("Credit:Electricity", "25.6", "kWh")
    assert (wire.drn, wire.pan) == (PAN.decoder_reference_number, PAN.digits)
    assert wire.tokenHex == f"{int(wire.tokenDec):017X}"
    assert wire.vkKcv == VendingKey(LONG_KEYS[1]).check_value
    assert wire.isReservedTid is False


def test_two_requests_in_a_minute_get_successive_identifiers(caller: Caller) -> None:
    wires = [caller.call("issueCreditToken", **credit())[0] for _ in range(3)]
    assert [wire.tid for wire in wires] == [minute(), minute() + 1, minute() + 2]
    assert len({wire.tokenDec for wire in wires}) == 3


def test_the_same_message_gives_the_same_token(caller: Caller) -> None:
    first = caller.call("issueCreditToken", "sale-1", **credit())
    assert caller.call("issueCreditToken", "sale-1", **credit()) == first
    assert caller.call("fetchTokenResult", reqMessageId="sale-1") == first
    assert caller.call("getStatus")[0].info["transactionsLeft"] == "999"


def test_the_same_message_for_something_else_is_refused(caller: Caller) -> None:
    caller.call("issueCreditToken", "sale-1", **credit())
    assert caller.refused("issueCreditToken", messageId="sale-1", **credit(transferAmount=257.0)) == "EParamRange"
    assert caller.refused("issueMseToken", messageId="sale-1", **credit(subclass=5)) == "EParamRange"


def test_a_result_that_is_not_kept_is_a_miss(caller: Caller) -> None:
    assert caller.refused("fetchTokenResult", reqMessageId="sale-9") == "ECacheMiss"


def test_a_refused_request_may_come_again_under_its_message(caller: Caller) -> None:
    asked = credit(meterConfig=asked_meter(sgc=999_999))
    assert caller.refused("issueCreditToken", messageId="sale-1", **asked) == "EKeystore.NotFound"
    assert caller.refused("fetchTokenResult", reqMessageId="sale-1") == "ECacheMiss"
    assert caller.call("issueCreditToken", "sale-1", **credit())


def test_the_clients_clock_is_taken_with_its_flag(caller: Caller) -> None:
    (wire,) = caller.call("issueCreditToken", **credit(tokenTime=NOW_S + 3_600, flags=EXTERNAL_CLOCK))
    assert wire.tid == minute() + 60


def test_an_exact_identifier_is_moved_to_the_keys_base_date(caller: Caller) -> None:
    wanted = (NOW_MS - BaseDate.Y1993.start_ms) // 60_000 + 5
    for _ in range(2):  # it is taken as it is, again and again
        (wire,) = caller.call("issueCreditToken", **credit(tokenTime=wanted, flags=TID_ADJUST_BDT))
        assert wire.tid == minute() + 5
    (wire,) = caller.call("issueCreditToken", **credit(tokenTime=NOW_S + 300, flags=EXTERNAL_CLOCK))
    assert wire.tid == minute() + 6, "and it is not chosen again"


def test_the_special_reserved_identifier(caller: Caller) -> None:
    (wire,) = caller.call("issueMseToken", **credit(subclass=5, transferAmount=0.0, flags=SPECIAL_RESERVED))
    assert wire.tid % 1_440 == 1
    assert wire.tid // 1_440 == minute() // 1_440
    assert wire.isReservedTid is True


REFUSALS: dict[str, tuple[str, dict[str, Any]]] = {
    "flags that do not go together": ("EParamRange", {"flags": 3}),
    "flags nobody knows": ("EParamRange", {"flags": 8}),
    "a fraction of a unit": ("EParamRange", {"transferAmount": 0.5}),
    "less than nothing": ("EParamRange", {"transferAmount": -1.0}),
    "more than a token carries": ("EParamRange", {"transferAmount": 18_201_625.0}),
    "no number": ("EParamRange", {"transferAmount": float("nan")}),
    "without end": ("EParamRange", {"transferAmount": float("inf")}),
    "a reserved subclass": ("EParamRange", {"subclass": 9}),
    "no subclass": ("EParamRange", {"subclass": -1}),
    "no algorithm": ("EParamRange", {"meterConfig": asked_meter(ea=8)}),
    "no tariff index": ("EParamRange", {"meterConfig": asked_meter(ti=100)}),
    "a wrong check digit": ("ESts.DrnOrPan.CheckDigit", {"meterConfig": asked_meter(drn="00000000001")}),
    "no meter": ("ESts.DrnOrPan", {"meterConfig": asked_meter(drn="123")}),
    "no vending key": ("EKeystore.NotFound", {"meterConfig": asked_meter(krn=9)}),
    "an expired key": ("ESts.VkExpired", {"meterConfig": asked_meter(EXPIRED)}),
    "an expired meter": ("EVerify.KeyExpired", {"meterConfig": asked_meter(ken=1)}),
    "a default key": ("EVerify.DdtkCredit", {"meterConfig": asked_meter(DEFAULT)}),
    "before the base date": ("ESts.VkBeforeBdt", {"meterConfig": asked_meter(FUTURE)}),
    "a client's clock before it": ("ESts.VkBeforeBdt", {"tokenTime": 0, "flags": EXTERNAL_CLOCK}),
    "a client's clock beyond its end": ("EParamRange", {"tokenTime": 1 << 50, "flags": EXTERNAL_CLOCK}),
}


@pytest.mark.parametrize("cause", REFUSALS)
def test_credit_is_refused_by_the_interfaces_codes(caller: Caller, cause: str) -> None:
    code, changes = REFUSALS[cause]
    assert caller.refused("issueCreditToken", **credit(**changes)) == code
    assert caller.call("getStatus")[0].info["transactionsLeft"] == "1000"


def test_money_goes_to_five_decimal_places(caller: Caller) -> None:
    (wire,) = caller.call("issueCreditToken", **credit(subclass=4, transferAmount=123.45678))
    assert decode_token(wire.tokenDec, KEY).amount >= 12_345_678  # type: ignore[union-attr]
    assert caller.refused("issueCreditToken", **credit(subclass=4, transferAmount=0.000001)) == "EParamRange"


def test_management_and_tests_are_issued(caller: Caller) -> None:
    (wire,) = caller.call("issueMseToken", **credit(subclass=5, transferAmount=0.0))
    assert decode_token(wire.tokenDec, KEY) == ClearTamperToken(minute(), RANDOM)
    (wire,) = caller.call("issueMseToken", **credit(subclass=10, transferAmount=64_535.0))
    assert (wire.description, wire.scaledAmount, wire.transferAmount) == ("SetControlElement", "64535", 64_535.0)
    test = caller.call("issueMeterTestToken", subclass=0, control=0xF_FFFF_FFFF, mfrcode=0)
    assert test.tokenDec == "56493153725450313471"
    assert caller.refused("issueMeterTestToken", subclass=3, control=0, mfrcode=0) == "EParamRange"
    assert caller.refused("issueMeterTestToken", subclass=0, control=1 << 36, mfrcode=0) == "EParamRange"


# Key changes


def change(new: Any, index: int = 7) -> Any:
    return interface().MeterConfigAmendment(toSgc=int(new.supply_group_code), toKrn=new.key_revision_number, toTi=index)


def test_a_key_change_comes_with_what_the_vending_system_must_write_down(caller: Caller) -> None:
    wires = caller.call("issueKeyChangeTokens", meterConfig=asked_meter(OLD), newConfig=change(PRESENT, 8))
    old_key = derive_decoder_key(DES_KEY, meter(OLD))
    brought = assemble_key_change([decode_token(wire.tokenDec, old_key) for wire in wires], old_key)  # type: ignore[misc]
    assert brought.decoder_key == derive_decoder_key(LONG_KEYS[1], meter(PRESENT, index=8))
    advice = wires[0].newConfig
    assert (advice.toSgc, advice.toKrn, advice.toTi, advice.toKen, advice.rollover) == (123_456, 2, 8, 255, True)
    assert advice.idRecord == f"{PAN.digits}00000207123456082"
    assert advice.toVkKcv == VendingKey(LONG_KEYS[1]).check_value
    assert [wire.newConfig for wire in wires[1:]] == [None]
    assert [(wire.tokenClass, wire.subclass) for wire in wires] == [(2, 3), (2, 4)]


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ({"newConfig": change(OTHER_GROUP)}, 3),
        ({"allowKrnUpdate": True}, 1),
        ({"ken": 200, "allowKenUpdate": True}, 3),
        ({"ken": 200}, 1),
        ({"ea": 11, "newConfig": change(OTHER_GROUP)}, 5),
        ({"allow3Kct": True, "newConfig": change(OTHER_GROUP)}, 4),
    ],
    ids=["asked for", "the latest already", "another expiry", "not allowed", "EA11", "three tokens"],
)
def test_credit_brings_the_key_change_that_it_needs(caller: Caller, asked: dict[str, Any], count: int) -> None:
    wires = caller.call("issueCreditToken", **credit(meterConfig=asked_meter(**asked)))
    assert len(wires) == count
    assert wires[-1].tokenClass == 0
    assert (wires[0].newConfig is not None) == (count > 1)


def test_the_latest_revision_in_force_is_taken_when_allowed(caller: Caller) -> None:
    wires = caller.call("issueCreditToken", **credit(meterConfig=asked_meter(OLD, allowKrnUpdate=True)))
    assert [wire.krn for wire in wires] == [1, 1, 2]
    assert decode_token(wires[-1].tokenDec, KEY).amount == 256  # type: ignore[union-attr]


def test_a_set_counts_once_and_comes_again_under_its_message(caller: Caller) -> None:
    asked = {"meterConfig": asked_meter(OLD), "newConfig": change(PRESENT)}
    first = caller.call("issueKeyChangeTokens", "change-1", **asked)
    assert caller.call("issueKeyChangeTokens", "change-1", **asked) == first
    assert caller.call("getStatus")[0].info["transactionsLeft"] == "999"


def test_no_key_change_into_the_future_or_from_an_expired_key(caller: Caller) -> None:
    into = {"meterConfig": asked_meter(), "newConfig": change(FUTURE)}
    assert caller.refused("issueKeyChangeTokens", **into) == "ESts.VkBeforeBdt"
    out_of = {"meterConfig": asked_meter(EXPIRED), "newConfig": change(PRESENT)}
    assert caller.refused("issueKeyChangeTokens", **out_of) == "ESts.VkExpired"
    index = {"meterConfig": asked_meter(), "newConfig": change(PRESENT, 100)}
    assert caller.refused("issueKeyChangeTokens", **index) == "EParamRange"


def test_a_meter_is_initialised_where_the_module_has_an_initialisation_key(caller: Caller, tmp_path: Path) -> None:
    assert caller.refused("issueDitkChangeTokens", meterConfig=asked_meter()) == "EService.Disabled"
    officer = SoftwareSecurityModule.open(tmp_path / "keystore", OFFICER, SECRETS[OFFICER])
    initial = register("000001", 1, KeyType.DITK)
    officer.load_key(initial, VendingKey(DES_KEY))
    wires = caller.call("issueDitkChangeTokens", meterConfig=asked_meter())
    old_key = type(KEY)(KEY.algorithm, DES_KEY)
    brought = assemble_key_change([decode_token(wire.tokenDec, old_key) for wire in wires], old_key)  # type: ignore[misc]
    assert brought.decoder_key == KEY


# Verification


def test_a_token_is_verified(caller: Caller) -> None:
    (wire,) = caller.call("issueCreditToken", **credit())
    result = caller.call("verifyToken", meterConfig=asked_meter(), tokenDec=wire.tokenDec)
    assert result.validationResult == "EVerify.Ok"
    assert (result.token.tid, result.token.transferAmount) == (minute(), 256.0)
    test = caller.call("verifyToken", meterConfig=asked_meter(), tokenDec="56493153725450313471")
    assert test.meterTestToken.control == 0xF_FFFF_FFFF


VERIFICATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "EVerify.Crc": ("11111111111111111111", {}),
    "EVerify.KeyExpired": (encode_token(CreditToken(Service.ELECTRICITY, minute(), RANDOM, 1), KEY), {"ken": 1}),
    "EVerify.DdtkCredit": (
        encode_token(
            CreditToken(Service.ELECTRICITY, minute(), RANDOM, 1), derive_decoder_key(LONG_KEYS[3], meter(DEFAULT))
        ),
        {"sgc": 345_678, "krn": 1},
    ),
}


@pytest.mark.parametrize("result", VERIFICATIONS)
def test_what_is_wrong_with_a_token_is_told(caller: Caller, result: str) -> None:
    digits, changes = VERIFICATIONS[result]
    found = caller.call("verifyToken", meterConfig=asked_meter(**changes), tokenDec=digits)
    assert (found.validationResult, found.token) == (result, None)


@pytest.mark.parametrize("digits", ["", "1234", "x" * 20, "9" * 20, "1" * 5_000])
def test_digits_that_are_no_token_are_refused(caller: Caller, digits: str) -> None:
    assert caller.refused("verifyToken", meterConfig=asked_meter(), tokenDec=digits) == "EParamRange"


# The rest


def test_a_licence_is_loaded(caller: Caller, tmp_path: Path) -> None:
    licence = Keystore.open(tmp_path / "keystore", OFFICER, SECRETS[OFFICER]).write_licence(500)
    assert caller.call("loadTransactionLicense", licenseText=f"Dear sirs,\n{licence}") is True
    assert caller.call("getStatus")[0].info["transactionsLeft"] == "1500"
    assert caller.refused("loadTransactionLicense", licenseText=licence) == "ESm.Licence"


def test_identifiers_are_forgotten_in_compliance_tests_only(caller: Caller, tmp_path: Path) -> None:
    caller.call("issueCreditToken", **credit())
    assert caller.call("ctsResetTidList", panPattern="600727*") == [PAN.decoder_reference_number]
    assert caller.call("issueCreditToken", **credit())[0].tid == minute()
    assert caller.refused("ctsResetTidList", panPattern="[a-z]*") == "EParamRange"
    strict = Caller(service_over(software_module(tmp_path / "other"), compliance_mode=False))
    strict.credential = sign_in(strict).success.accessToken
    assert strict.refused("ctsResetTidList", panPattern="*") == "EService.Disabled"


def test_a_method_that_does_not_exist_is_answered(caller: Caller) -> None:
    message = encode_call("ping", 1, sleepMs=0, echo="").replace(b"ping", b"pong")
    with pytest.raises(DecodeError, match="does not understand"):
        decode_reply(caller.service.answer(message).message, "pong", 1)


@pytest.fixture(scope="module")
def any_service(tmp_path_factory: pytest.TempPathFactory) -> PrismTokenService:
    return service_over(software_module(tmp_path_factory.mktemp("service") / "keystore"))


@given(message=st.binary(max_size=200))
def test_what_is_no_call_is_not_answered(any_service: PrismTokenService, message: bytes) -> None:
    with pytest.raises(DecodeError):
        any_service.answer(message)
