"""Why a token is refused: every cause, in one table."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.sts import (
    BaseDate,
    CreditKind,
    CreditToken,
    CurrencyCreditToken,
    DecoderKey,
    EncryptionAlgorithm,
    KeyType,
    MeterPan,
    MeterTestToken,
    ProprietaryToken,
    Service,
    StsConfiguration,
    StsError,
    derive_decoder_key,
    encode_key_change,
    encode_token,
    in_groups,
    issued_ms,
    to_digits,
    token_identifier_at,
)
from ferraris.sts.checksum import checksum
from ferraris.sts.explain import Cause, MeterRecord, explain_token, slips
from tests.sts.published import METER, VENDING_KEY
from tests.sts.strategies import configurations, randoms

NOW_MS = 1_795_000_000_000  # 18 November 2026
NOW = token_identifier_at(METER.base_date, NOW_MS)
OTHER = replace(METER, meter_pan=MeterPan.parse("000001000000000082"))
STRANGER = replace(METER, meter_pan=MeterPan.parse("600727111111111153"))
PENDING = replace(METER, supply_group_code="203557", key_revision_number=2)
FORMER = replace(METER, supply_group_code="999999", tariff_index=7, base_date=BaseDate.Y1993)
NEIGHBOUR = replace(METER, tariff_index=42)


def derive(configuration: StsConfiguration) -> DecoderKey:
    """Every meter is under one vending key, but the stranger."""
    if configuration.meter_pan == STRANGER.meter_pan:
        raise StsError("no vending key")
    return derive_decoder_key(VENDING_KEY, configuration)


def credit(configuration: StsConfiguration = METER, before_now: int = 1_000, amount: int = 256) -> str:
    identifier = token_identifier_at(configuration.base_date, NOW_MS, wrap=True) - before_now
    return encode_token(
        CreditToken(Service.ELECTRICITY, identifier, 5, amount), derive_decoder_key(VENDING_KEY, configuration)
    )


GOOD = credit()
SOLD = credit(amount=1_000)
TO_STRANGER = encode_token(CreditToken(Service.ELECTRICITY, NOW - 5, 5, 1), derive_decoder_key(bytes(20), STRANGER))
KEY_CHANGE = encode_key_change(derive(PENDING), PENDING, derive(METER), METER)[0]
RESERVED = to_digits(0, derive(METER).encrypt_block(9 << 60 | checksum(0, 9 << 44)))
OUT_OF_RANGE = to_digits(2, derive(METER).encrypt_block(3 << 60 | checksum(2, 3 << 44)))


def exchanged(digits: str) -> str:
    """Two neighbouring digits, which differ, exchanged."""
    place = next(n for n in range(4, 19) if digits[n] != digits[n + 1])
    return digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]


def one_wrong(digits: str, place: int = 9) -> str:
    return digits[:place] + str((int(digits[place]) + 4) % 10) + digits[place + 1 :]


RECORD = MeterRecord(
    METER,
    pending=(PENDING,),
    former=(FORMER,),
    others=(OTHER,),
    supply_groups=("555555",),
    accepted=frozenset({NOW - 5_000, NOW - 2_000}),
    issued={SOLD: METER.meter_pan.digits, TO_STRANGER: STRANGER.meter_pan.digits},
    remembers=2,
)
EXPIRED = replace(RECORD, present=replace(METER, key_expiry_number=(NOW >> 16) - 1))
DEFAULT = replace(RECORD, present=replace(METER, key_type=KeyType.DDTK))
INITIAL = replace(RECORD, present=replace(METER, key_type=KeyType.DITK))
WATER = encode_token(CreditToken(Service.WATER, NOW - 1_000, 5, 256), derive(METER))
MONEY = encode_token(CurrencyCreditToken(Service.ELECTRICITY, NOW - 1_000, 256), derive(METER))
PROPRIETARY = encode_token(ProprietaryToken(2, 11, 7), derive(METER))

# token                                   record    result                   cause                   what the sentence says
CAUSES = [
    (GOOD, RECORD, "accept", "accepted", "takes it"),
    (in_groups(GOOD), RECORD, "accept", "accepted", "takes it"),
    (KEY_CHANGE, RECORD, "accept", "accepted", "part of a key change"),
    (encode_token(MeterTestToken(1), None), RECORD, "accept", "accepted", "any meter"),
    (
        encode_token(MeterTestToken(1, 99), None),
        RECORD,
        "manufacturer_code_error",
        "manufacturer",
        "another manufacturer",
    ),
    (credit(before_now=2_000), RECORD, "used_error", "used", "taken it already"),
    (credit(before_now=6_000), RECORD, "old_error", "old", "before all 2 tokens"),
    (credit(before_now=6_000), replace(RECORD, remembers=3), "accept", "accepted", "fill only 2 of its 3 places"),
    (credit(before_now=5_000), replace(RECORD, remembers=1), "old_error", "old", "it took this one, too"),
    (GOOD, EXPIRED, "key_expired_error", "key_expired", f"{(NOW >> 16) - 1} is below {NOW >> 16}"),
    (credit(DEFAULT.present), DEFAULT, "ddtk_error", "default_key", "takes no credit"),
    (credit(INITIAL.present), INITIAL, "key_type_error", "initial_key", "takes nothing but another key"),
    (
        WATER,
        RECORD,
        "function_error",
        "other_credit",
        "it is water in units, and the meter counts electricity in units",
    ),
    (WATER, replace(RECORD, kind=CreditKind(Service.WATER)), "accept", "accepted", "takes it"),
    (
        MONEY,
        RECORD,
        "function_error",
        "other_credit",
        "electricity in money, and the meter counts electricity in units",
    ),
    (MONEY, replace(RECORD, kind=CreditKind(in_money=True)), "accept", "accepted", "takes it"),
    (PROPRIETARY, RECORD, "function_error", "proprietary", "a manufacturer's own token"),
    (credit(PENDING), RECORD, "crc_error", "key_change_not_loaded", "supply group code 203557 instead of 201457"),
    (credit(FORMER), RECORD, "crc_error", "key_changed_since", "base date 1993 instead of 2014"),
    (credit(OTHER), RECORD, "crc_error", "wrong_meter", "meter PAN 000001000000000082"),
    (TO_STRANGER, RECORD, "crc_error", "wrong_meter", f"vending made it for {STRANGER.meter_pan}"),
    (credit(NEIGHBOUR), RECORD, "crc_error", "configuration_differs", "tariff index 42 instead of 01"),
    (
        credit(replace(METER, supply_group_code="555555")),
        RECORD,
        "crc_error",
        "configuration_differs",
        "supply group code 555555",
    ),
    (
        credit(replace(METER, key_revision_number=3)),
        RECORD,
        "crc_error",
        "configuration_differs",
        "key revision number 3",
    ),
    (credit(replace(METER, key_type=KeyType.DCTK)), RECORD, "crc_error", "configuration_differs", "key type DCTK"),
    (credit(replace(METER, base_date=BaseDate.Y1993)), RECORD, "crc_error", "configuration_differs", "base date 1993"),
    (
        credit(replace(NEIGHBOUR, key_revision_number=9)),
        RECORD,
        "crc_error",
        "configuration_differs",
        "number 9 instead of 1, tariff",
    ),
    (one_wrong(GOOD), RECORD, "crc_error", "mistyped", in_groups(GOOD)),
    (exchanged(GOOD), RECORD, "crc_error", "mistyped", in_groups(GOOD)),
    (one_wrong(SOLD), RECORD, "crc_error", "mistyped", in_groups(SOLD)),
    (GOOD[:-1], RECORD, "format_error", "mistyped", in_groups(GOOD)),
    (GOOD[:7] + "5" + GOOD[7:], RECORD, "format_error", "mistyped", in_groups(GOOD)),
    (GOOD[:7] + "O" + GOOD[8:], RECORD, "format_error", "mistyped", in_groups(GOOD)),
    ("1234", RECORD, "format_error", "format", "no token"),
    ("", RECORD, "format_error", "format", "no token"),
    ("99999999999999999999", RECORD, "format_error", "format", "no token"),
    (RESERVED, RECORD, "function_error", "reserved", "class 0, subclass 9 is reserved"),
    (OUT_OF_RANGE, RECORD, "range_error", "out_of_range", "key revision number"),
    (credit(replace(OTHER, tariff_index=3)), RECORD, "crc_error", "unknown_key", "no key that is known"),
]


@pytest.mark.parametrize(
    ("token", "record", "result", "cause", "said"), CAUSES, ids=[f"{n}-{row[3]}" for n, row in enumerate(CAUSES)]
)
def test_each_cause(token: str, record: MeterRecord, result: str, cause: str, said: str) -> None:
    found = explain_token(token, record, derive, NOW_MS)
    assert (str(found.result), str(found.cause)) == (result, cause), found.text
    assert said in found.text


def test_every_cause_is_in_the_table() -> None:
    assert {row[3] for row in CAUSES} == {str(cause) for cause in Cause}


def test_class_amount_and_time_are_told() -> None:
    found = explain_token(credit(PENDING), RECORD, derive, NOW_MS)
    assert found.configuration == PENDING
    assert isinstance(found.token, CreditToken)
    assert found.token.amount == 256
    assert found.issued_ms == issued_ms(METER.base_date, NOW - 1_000)
    assert explain_token("1234", RECORD, derive, NOW_MS).issued_ms is None


def test_a_token_issued_in_the_future_is_not_believed() -> None:
    """Chance decodes to any date, and half of the dates are still to come."""
    token = encode_token(CreditToken(Service.ELECTRICITY, NOW + 3_000, 5, 1), derive_decoder_key(VENDING_KEY, PENDING))
    assert explain_token(token, RECORD, derive, NOW_MS).cause is Cause.UNKNOWN_KEY


def test_slips_are_the_neighbours_of_twenty_digits() -> None:
    meant = set(slips(GOOD)) - {GOOD}
    assert 180 <= len(meant) <= 180 + 19
    assert all(len(each) == 20 for each in meant)
    assert not list(slips("123"))


@given(st.integers(0, 19), st.integers(1, 9))
def test_any_one_wrong_digit_is_found(place: int, more: int) -> None:
    wrong = SOLD[:place] + str((int(SOLD[place]) + more) % 10) + SOLD[place + 1 :]
    found = explain_token(wrong, replace(RECORD, pending=(), former=(), others=()), derive, NOW_MS)
    assert (found.cause, found.likely) == (Cause.MISTYPED, SOLD)


@given(st.text(max_size=30))
def test_any_text_is_explained(text: str) -> None:
    found = explain_token(text, MeterRecord(METER), derive, NOW_MS)
    assert found.text
    assert VENDING_KEY.hex() not in repr(found)


PLACES = {"pending": Cause.KEY_CHANGE_NOT_LOADED, "former": Cause.KEY_CHANGED_SINCE, "others": Cause.WRONG_METER}


@given(configurations, st.sampled_from(sorted(PLACES)), st.integers(0, 2_000), randoms)
def test_a_token_of_a_known_configuration_is_known(
    configuration: StsConfiguration, place: str, before_now: int, chance: int
) -> None:
    """Whatever the other configuration is: its token is told by the place where it is known."""
    other = replace(configuration, base_date=BaseDate.Y2014)
    key = derive_decoder_key(VENDING_KEY, other)
    token = CreditToken(Service.GAS, NOW - before_now, chance, 500)
    record = replace(MeterRecord(METER), **{place: (other,)})
    found = explain_token(encode_token(token, key), record, derive, NOW_MS)
    if other.meter_pan != STRANGER.meter_pan and key != derive(METER):
        assert (found.cause, found.token, found.configuration) == (PLACES[place], token, other)


# what differs                                            what the sentence says
DIFFERENCES = [
    ({"tariff_index": 7}, "tariff index 07 instead of 01"),
    ({"supply_group_code": "000001"}, "supply group code 000001 instead of 201457"),
    ({"key_revision_number": 9}, "key revision number 9 instead of 1"),
    ({"key_type": KeyType.DDTK}, "key type DDTK instead of DUTK"),
    ({"base_date": BaseDate.Y1993}, "base date 1993 instead of 2014"),
    ({"encryption_algorithm": EncryptionAlgorithm.EA07}, "encryption algorithm EA07 instead of EA11"),
    ({"meter_pan": MeterPan.parse("000001000000000082")}, "meter PAN 000001000000000082 instead of 600727000000000009"),
    (
        {"tariff_index": 7, "key_revision_number": 2},
        "key revision number 2 instead of 1, tariff index 07 instead of 01",
    ),
]


@pytest.mark.parametrize(("change", "said"), DIFFERENCES, ids=[said[:25] for _, said in DIFFERENCES])
def test_what_differs_is_said(change: dict[str, object], said: str) -> None:
    other = replace(METER, **change)  # type: ignore[arg-type]
    found = explain_token(credit(other), replace(MeterRecord(METER), pending=(other,)), derive, NOW_MS)
    assert found.text.endswith(said)


def test_another_vending_key_is_said_where_nothing_else_differs() -> None:
    """A vending key replaced under the same number: the configuration is the same, and the key is not."""
    new_key = bytes(range(20))
    token = encode_token(
        CreditToken(Service.ELECTRICITY, NOW - 3, 5, 10),
        derive_decoder_key(new_key, replace(METER, key_expiry_number=7)),
    )

    def by_expiry(configuration: StsConfiguration) -> DecoderKey:
        return derive_decoder_key(VENDING_KEY if configuration.key_expiry_number == 255 else new_key, configuration)

    record = replace(MeterRecord(METER), pending=(replace(METER, key_expiry_number=7),))
    assert "another vending key" in explain_token(token, record, by_expiry, NOW_MS).text


# accepted (minutes before now)     issued (minutes before now)     result
MEMORY = """
none                                999999                          accept
10                                  5                               accept
10                                  10                              used_error
10                                  11                              accept
30 20 10                            25                              accept
30 20 10                            20                              used_error
30 20 10                            31                              old_error
30 20 10                            0                               accept
"""


@pytest.mark.parametrize("line", MEMORY.split("\n")[1:-1])
def test_the_memory_of_a_meter_is_asked_as_the_meter_asks_it(line: str) -> None:
    accepted, issued, result = line[:36].split(), int(line[36:68]), line[68:].strip()
    memory = frozenset(NOW - int(each) for each in accepted if each != "none")
    record = replace(MeterRecord(METER), accepted=memory, remembers=3)
    found = explain_token(credit(before_now=issued), record, derive, NOW_MS)
    assert str(found.result) == result


def test_a_slip_that_vending_knows_goes_before_one_that_happens_to_decode() -> None:
    """Among 180 neighbours of a token, one in some hundred is a token by chance; what was sold is no chance."""
    for issued in ({}, {GOOD: METER.meter_pan.digits}):
        record = replace(MeterRecord(METER), issued=issued)
        assert explain_token(one_wrong(GOOD), record, derive, NOW_MS).likely == GOOD


def test_the_meters_own_key_is_needed() -> None:
    with pytest.raises(StsError, match="no vending key"):
        explain_token(GOOD, MeterRecord(STRANGER), derive, NOW_MS)


@pytest.mark.parametrize("remembers", [0, -1])
def test_a_memory_has_a_place(remembers: int) -> None:
    with pytest.raises(StsError, match="memory of token identifiers"):
        MeterRecord(METER, remembers=remembers)
