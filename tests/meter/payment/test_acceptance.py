"""Acceptance of tokens: the standard's order as one table of state, token and result, and what leaves a trace."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.cosem.classes.token_gateway import TokenDeliveryMethod
from ferraris.kernel.limits import KEY_CHANGE_TIMEOUT_S, TOKEN_IDENTIFIERS_REMEMBERED
from ferraris.meter.payment.acceptance import NO_SUPPLY_GROUP, Purse, accept, credited_amount
from ferraris.meter.payment.decoder import Decoder
from ferraris.meter.payment.identity import PaymentManufacture, decoder_key, sts_configuration
from ferraris.sts import (
    KEY_NEVER_EXPIRES,
    BaseDate,
    Cause,
    ClearCreditToken,
    ClearTamperToken,
    CreditToken,
    CurrencyCreditToken,
    EncryptionAlgorithm,
    ExtendedReadToken,
    ExtendedSetToken,
    KeyChangeFirstSection,
    KeyType,
    MeterRecord,
    MeterTestToken,
    PhaseUnbalanceToken,
    PowerLimitToken,
    ProprietaryToken,
    Service,
    TariffRateToken,
    TokenResult,
    WaterFactorToken,
    decode_token,
    encode_key_change,
    encode_token,
    explain_token,
    key_change_sections,
    token_identifier_at,
)
from tests.meter.payment.decoders import EMPTY, KEY, WORKS, of_type, purse

NOW_MS = 1_772_409_600_000
MANUAL, REMOTE, LOCAL = TokenDeliveryMethod.MANUAL, TokenDeliveryMethod.REMOTE, TokenDeliveryMethod.LOCAL
FULL = replace(EMPTY, identifiers=tuple(range(1_000_000, 1_000_000 + 2 * TOKEN_IDENTIFIERS_REMEMBERED, 2)))
UNITS = purse()
TID = 6_400_000


STATES = {
    "new": EMPTY,
    "full": FULL,
    "expiring": replace(EMPTY, configuration=replace(WORKS, key_expiry_number=TID >> 16)),
    "expired": replace(EMPTY, configuration=replace(WORKS, key_expiry_number=(TID >> 16) - 1)),
    "default key": of_type(KeyType.DDTK),
    "initial key": of_type(KeyType.DITK),
    "common key": of_type(KeyType.DCTK),
    "locked": replace(EMPTY, wrong_entries=3, locked_until_ms=NOW_MS + 1),
    "was locked": replace(EMPTY, wrong_entries=3, locked_until_ms=NOW_MS),
    "locked, default": replace(of_type(KeyType.DDTK), locked_until_ms=NOW_MS + 1),
    "expired, full": replace(FULL, configuration=replace(WORKS, key_expiry_number=0)),
}
PURSES = {
    "none": UNITS,
    "5 Wh": Purse(False, 5, 2**31 - 1),
    "lent": Purse(False, -3_000, 2**31 - 1),
    "full": Purse(False, 2**31 - 1 - 500, 2**31 - 1),
    "money": Purse(True, 200_000, 10**12),
}
TOKENS = {
    "1 kWh": CreditToken(Service.ELECTRICITY, TID, 5, 10),
    "0.5 kWh": CreditToken(Service.ELECTRICITY, TID, 5, 5),
    "early kWh": CreditToken(Service.ELECTRICITY, 999_999, 5, 10),
    "1000001": CreditToken(Service.ELECTRICITY, 1_000_001, 5, 10),
    "1000000": CreditToken(Service.ELECTRICITY, 1_000_000, 5, 10),
    "1000098": CreditToken(Service.ELECTRICITY, 1_000_098, 5, 10),
    "1 m3 water": CreditToken(Service.WATER, TID, 5, 10),
    "1 m3 gas": CreditToken(Service.GAS, TID, 5, 10),
    "1 minute": CreditToken(Service.TIME, TID, 5, 10),
    "2.00": CurrencyCreditToken(Service.ELECTRICITY, TID, 200_000),
    "-2.00": CurrencyCreditToken(Service.ELECTRICITY, TID, -200_000),
    "-9.00": CurrencyCreditToken(Service.ELECTRICITY, TID, -900_000),
    "2.00 of gas": CurrencyCreditToken(Service.GAS, TID, 200_000),
    "test": MeterTestToken(0xFFFFFFFFF),
    "wide test": MeterTestToken(1, 99, wide=True),
    "own test": MeterTestToken(1, 99),
    "other test": MeterTestToken(1, 98),
    "read flag": ExtendedReadToken(63 << 30),
    "maker's own": ProprietaryToken(2, 12, 5),
    "power limit": PowerLimitToken(TID, 5, 3_000),
    "old limit": PowerLimitToken(5, 5, 3_000),
    "clear": ClearCreditToken(TID, 5),
    "clear kWh": ClearCreditToken(TID, 5, 0),
    "clear water": ClearCreditToken(TID, 5, 1),
    "clear money": ClearCreditToken(TID, 5, 4),
    "tariff rate": TariffRateToken(TID, 5, 12),
    "clear tamper": ClearTamperToken(TID, 5),
    "unbalance": PhaseUnbalanceToken(TID, 5, 500),
    "factor": WaterFactorToken(TID, 5, 3),
    "extended set": ExtendedSetToken(TID, 5, 0, 123),
}
TABLE = """
# state            purse   token          delivery  result
new                none    1 kWh          manual    accept
new                none    0.5 kWh        local     accept
new                none    1 kWh          remote    accept
new                none    20 letters     manual    format_error
new                none    19 digits      manual    format_error
new                none    21 digits      manual    format_error
new                none    2^66           manual    format_error
new                none    2^66 - 1       manual    function_error
new                none    spaces         manual    format_error
new                none    nothing        manual    format_error
new                none    another's      manual    crc_error
new                none    bit flipped    manual    crc_error
new                none    class 1 crc    manual    crc_error
locked             none    1 kWh          manual    lockout
locked             none    1 kWh          local     lockout
locked             none    1 kWh          remote    accept
locked             none    test           manual    lockout
locked             none    another's      manual    lockout
locked             none    19 digits      manual    format_error
locked, default    none    1 kWh          manual    lockout
was locked         none    1 kWh          manual    accept
new                none    test           manual    accept
new                none    own test       manual    accept
new                none    wide test      manual    accept
new                none    other test     manual    manufacturer_code_error
new                none    read flag      manual    accept
new                none    maker's own    manual    function_error
default key        none    1 kWh          manual    ddtk_error
default key        none    2.00           manual    ddtk_error
default key        none    clear tamper   manual    accept
default key        none    power limit    manual    accept
initial key        none    1 kWh          manual    key_type_error
initial key        none    clear tamper   manual    key_type_error
common key         none    1 kWh          manual    accept
expiring           none    1 kWh          manual    accept
expired            none    1 kWh          manual    key_expired_error
expired            none    power limit    manual    key_expired_error
expired            none    1000000        manual    accept
expired            none    test           manual    accept
expired, full      none    1000000        manual    key_expired_error
full               none    early kWh      manual    old_error
full               none    old limit      manual    old_error
full               none    1000000        manual    used_error
full               none    1000098        manual    used_error
full               none    1000001        manual    accept
full               none    1 kWh          manual    accept
new                none    early kWh      manual    accept
new                none    1 m3 water     manual    function_error
new                none    1 m3 gas       manual    function_error
new                none    1 minute       manual    function_error
new                none    2.00           manual    function_error
new                money   2.00           manual    accept
new                money   -2.00          manual    accept
new                money   -9.00          manual    range_error
new                money   2.00 of gas    manual    function_error
new                money   1 kWh          manual    function_error
new                lent    1 kWh          manual    accept
new                full    0.5 kWh        manual    accept
new                full    1 kWh          manual    overflow_error
full               full    1000000        manual    used_error
new                none    power limit    manual    accept
new                none    clear          manual    accept
new                5 Wh    clear kWh      manual    accept
new                none    clear water    manual    range_error
new                none    clear money    manual    range_error
new                money   clear money    manual    accept
new                money   clear kWh      manual    range_error
new                none    tariff rate    manual    accept
new                none    clear tamper   manual    accept
new                none    unbalance      manual    accept
new                none    factor         manual    accept
new                none    extended set   manual    accept
"""


def digits_of(name: str, decoder: Decoder) -> str:
    kwh = encode_token(TOKENS["1 kWh"], decoder.key)
    stranger = sts_configuration(8, PaymentManufacture())
    return (
        {
            "20 letters": "A" * 20,
            "19 digits": kwh[:-1],
            "21 digits": kwh + "0",
            "2^66": f"{2**66:020d}",
            "2^66 - 1": f"{2**66 - 1:020d}",
            "spaces": f"{kwh[:10]} {kwh[11:]}",
            "nothing": "",
            "another's": encode_token(TOKENS["1 kWh"], decoder_key(1, stranger)),
            "bit flipped": f"{int(kwh) ^ 1 << 40:020d}",
            "class 1 crc": f"{int(encode_token(TOKENS['test'], None)) ^ 1:020d}",
        }.get(name)
        or encode_token(TOKENS[name], decoder.key)
        if name != "nothing"
        else ""
    )


@pytest.mark.parametrize("line", [line for line in TABLE.strip().splitlines() if not line.startswith("#")])
def test_acceptance(line: str) -> None:
    state, purse, token, delivery, result = (
        part.strip() for part in (line[:19], line[19:27], line[27:42], line[42:52], line[52:])
    )
    before = STATES[state]
    digits = digits_of(token, before)
    found = accept(before, digits, TokenDeliveryMethod[delivery.upper()], PURSES[purse], NOW_MS)
    assert found.result == TokenResult(result)
    identified = hasattr(found.token, "token_identifier")
    if found.result is TokenResult.ACCEPT and identified:
        identifier = TOKENS[token].token_identifier  # type: ignore[union-attr]
        assert found.decoder.result_by_memory(identifier) is TokenResult.USED_ERROR
        assert (found.decoder.wrong_entries, found.decoder.locked_until_ms) == (0, 0)
        again = accept(found.decoder, digits, REMOTE, PURSES[purse], NOW_MS)
        assert again.result in (TokenResult.USED_ERROR, TokenResult.OLD_ERROR)
    else:
        assert found.decoder.identifiers == before.identifiers


def test_every_result_but_those_of_key_changes_and_of_meters_without_power_is_in_the_table() -> None:
    seen = {line[52:].strip() for line in TABLE.strip().splitlines() if not line.startswith("#")}
    elsewhere = {result for result in TokenResult if "key_change_token" in result} | {TokenResult.NOT_READY}
    assert seen == {str(result) for result in TokenResult} - {str(result) for result in elsewhere}


def test_amounts_in_watt_hours_and_in_money() -> None:
    assert credited_amount(CreditToken(Service.ELECTRICITY, 1, 1, 123)) == 12_300
    assert credited_amount(CurrencyCreditToken(Service.ELECTRICITY, 1, -5)) == -5


# Lockout


def wrong(number: int) -> str:
    """Digits that no key makes a token of."""
    return f"{int(encode_token(TOKENS['1 kWh'], KEY)) ^ number << 33:020d}"


def test_brute_force_waits_longer_each_time() -> None:
    """From the third wrong entry on the keypad is locked for 10 s, 20 s … 1,280 s; an attacker gets some 75 tries on a day."""
    decoder, now_ms, waits, tries = EMPTY, 0, [], 0
    while now_ms < 86_400_000:
        tries += 1
        found = accept(decoder, wrong(tries), MANUAL, UNITS, now_ms)
        assert found.result is TokenResult.CRC_ERROR
        decoder = found.decoder
        wait_ms = max(decoder.locked_until_ms - now_ms, 0)
        if wait_ms:
            assert accept(decoder, wrong(99), MANUAL, UNITS, now_ms + wait_ms - 1).result is TokenResult.LOCKOUT
        waits.append(wait_ms // 1000)
        now_ms += wait_ms
    assert waits[:12] == [0, 0, 10, 20, 40, 80, 160, 320, 640, 1_280, 1_280, 1_280]
    assert tries < 80


@pytest.mark.parametrize(
    ("name", "ends"),
    [("1 kWh", True), ("power limit", True), ("test", False), ("own test", False), ("1 m3 water", False)],
)
def test_only_a_token_accepted_under_the_meters_key_ends_a_row_of_wrong_entries(name: str, ends: bool) -> None:
    """Tokens of class 1 are known to everybody."""
    found = accept(STATES["was locked"], encode_token(TOKENS[name], KEY), MANUAL, UNITS, NOW_MS)
    assert (found.decoder.wrong_entries == 0) is ends


def test_neither_wrong_nor_right_tokens_from_remote_have_to_do_with_the_keypad() -> None:
    decoder = EMPTY
    for number in range(1, 30):
        decoder = accept(decoder, wrong(number), REMOTE, UNITS, NOW_MS).decoder
    assert decoder.wrong_entries == 0


def test_a_replayed_token_neither_counts_as_wrong_nor_ends_the_row() -> None:
    used = replace(STATES["was locked"], identifiers=(TID,))
    found = accept(used, encode_token(TOKENS["1 kWh"], KEY), MANUAL, UNITS, NOW_MS)
    assert found.result is TokenResult.USED_ERROR
    assert found.decoder == used


# Key changes

SETS = {
    2: (EncryptionAlgorithm.EA07, False),
    3: (EncryptionAlgorithm.EA07, True),
    4: (EncryptionAlgorithm.EA11, False),
}
SECTION_RESULTS = {
    2: ["first_key_change_token", "second_key_change_token"],
    3: ["first_key_change_token", "second_key_change_token", "third_key_change_token"],
    4: [f"{place}_key_change_token" for place in ("first", "second", "third", "fourth")],
}


def change_of(size: int, **changes: object) -> tuple[Decoder, tuple[str, ...], Decoder]:
    algorithm, three = SETS[size]
    made = PaymentManufacture(algorithm, three_token_key_change=three)
    old = sts_configuration(7, made)
    new = replace(old, **{"key_revision_number": 2, "tariff_index": 5, "key_expiry_number": 200, **changes})  # type: ignore[arg-type]
    old_key, new_key = decoder_key(1, old), decoder_key(1, new)
    return Decoder(old, old_key), encode_key_change(new_key, new, old_key, old), Decoder(new, new_key)


@given(size=st.sampled_from([2, 3, 4]), order=st.permutations([0, 1, 2, 3]), repeated=st.integers(0, 3))
def test_sets_of_two_three_and_four_in_any_order(size: int, order: list[int], repeated: int) -> None:
    decoder, digits, wanted = change_of(size)
    decoder = replace(decoder, identifiers=(5, 6, 7))
    places = [place for place in order if place < size]
    typed = places[: repeated + 1] + places[:1] + places[repeated + 1 :] if repeated + 1 < size else places
    results = []
    for place in typed:
        found = accept(decoder, digits[place], MANUAL, UNITS, NOW_MS)
        decoder = found.decoder
        results.append(found.result)
    assert results[:-1] == [SECTION_RESULTS[size][place] for place in typed[:-1]]
    assert results[-1] is TokenResult.ACCEPT
    assert found.key_change is not None
    group = NO_SUPPLY_GROUP if size == 2 else wanted.configuration.supply_group_code
    assert decoder.configuration == replace(wanted.configuration, supply_group_code=group)
    assert decoder.key == wanted.key
    assert decoder.identifiers == (5, 6, 7)
    assert decoder.sections == ()


def test_two_of_three_tokens_are_a_set_when_the_first_does_not_ask_for_a_third() -> None:
    """An EA07 meter that can take three still takes a set of two."""
    decoder, _, _ = change_of(3)
    configuration = replace(decoder.configuration, three_token_key_change=False, key_revision_number=3)
    digits = encode_key_change(decoder_key(1, configuration), configuration, decoder.key, decoder.configuration)
    assert accept(decoder, digits[0], MANUAL, UNITS, 0).result is TokenResult.FIRST_KEY_CHANGE_TOKEN
    second = accept(accept(decoder, digits[0], MANUAL, UNITS, 0).decoder, digits[1], MANUAL, UNITS, 0)
    assert second.result is TokenResult.ACCEPT
    assert second.decoder.configuration.supply_group_code == NO_SUPPLY_GROUP


def test_sections_are_forgotten_when_the_next_does_not_come() -> None:
    decoder, digits, _ = change_of(4)
    for place in (0, 1, 2):
        decoder = accept(decoder, digits[place], MANUAL, UNITS, NOW_MS).decoder
    in_time = NOW_MS + KEY_CHANGE_TIMEOUT_S * 1_000
    assert accept(decoder, digits[3], MANUAL, UNITS, in_time).result is TokenResult.ACCEPT
    late = accept(decoder, digits[3], MANUAL, UNITS, in_time + 1)
    assert late.result is TokenResult.FOURTH_KEY_CHANGE_TOKEN
    assert late.decoder.sections == (digits[3],)


def test_a_rollover_forgets_the_token_identifiers_and_moves_the_base_date_on() -> None:
    decoder, _, wanted = change_of(4)
    old = replace(decoder.configuration, base_date=BaseDate.Y1993)
    old_key, new = decoder_key(1, old), replace(wanted.configuration, base_date=BaseDate.Y2014)
    decoder = Decoder(old, old_key, identifiers=(16_000_000,))
    for text in encode_key_change(decoder_key(1, new), new, old_key, old):
        found = accept(decoder, text, MANUAL, UNITS, NOW_MS)
        decoder = found.decoder
    assert found.result is TokenResult.ACCEPT
    assert decoder.configuration.base_date is BaseDate.Y2014
    assert decoder.identifiers == ()


def test_a_rollover_under_the_same_key_is_refused_and_forgets_no_identifier() -> None:
    """It would let every token that was taken be taken again; keys of DKGA02 do not follow from the base date."""
    before = replace(of_type(KeyType.DUTK), identifiers=(5, 6, 7))
    known = before.configuration
    sections = key_change_sections(before.key, replace(known, tariff_index=2), before.key, known)
    for rollover, result, kept in ((True, TokenResult.RANGE_ERROR, known.tariff_index), (False, TokenResult.ACCEPT, 2)):
        decoder = before
        for section in sections:
            asked = replace(section, rollover=rollover) if isinstance(section, KeyChangeFirstSection) else section
            taken = accept(decoder, encode_token(asked, before.key), REMOTE, UNITS, NOW_MS)
            decoder = taken.decoder
        assert taken.result is result
        assert (decoder.identifiers, decoder.sections) == ((5, 6, 7), ())
        assert decoder.configuration.tariff_index == kept


def test_the_last_base_date_cannot_roll_over() -> None:
    last = replace(sts_configuration(7, PaymentManufacture()), base_date=BaseDate.Y2035)
    before = replace(last, base_date=BaseDate.Y2014)
    key = decoder_key(1, last)
    digits = encode_key_change(decoder_key(1, last), last, decoder_key(1, before), before)
    # The same tokens under the key of a meter that is at the last base date already.
    sections = [decode_token(text, decoder_key(1, before)) for text in digits]
    decoder = Decoder(last, key)
    for section in sections:
        found = accept(decoder, encode_token(section, key), MANUAL, UNITS, NOW_MS)
        decoder = found.decoder
    assert found.result is TokenResult.RANGE_ERROR
    assert (decoder.sections, decoder.configuration) == ((), last)


def test_no_token_brings_an_initial_key() -> None:
    decoder, digits, _ = change_of(4, key_type=KeyType.DITK)
    assert accept(decoder, digits[0], MANUAL, UNITS, NOW_MS).result is TokenResult.KEY_TYPE_ERROR


@pytest.mark.parametrize("key_type", [KeyType.DDTK, KeyType.DUTK, KeyType.DCTK])
def test_an_initial_key_gives_way_to_any_other(key_type: KeyType) -> None:
    old, new = (replace(WORKS, key_type=kind) for kind in (KeyType.DITK, key_type))
    decoder = Decoder(old, decoder_key(1, old))
    for text in encode_key_change(decoder_key(1, new), new, decoder.key, old):
        found = accept(decoder, text, MANUAL, UNITS, NOW_MS)
        decoder = found.decoder
    assert (found.result, decoder.configuration.key_type) == (TokenResult.ACCEPT, key_type)


def test_a_set_cannot_be_replayed_under_the_key_that_it_brought() -> None:
    decoder, digits, _ = change_of(4)
    for text in digits:
        decoder = accept(decoder, text, REMOTE, UNITS, NOW_MS).decoder
    assert {accept(decoder, text, REMOTE, UNITS, NOW_MS).result for text in digits} == {TokenResult.CRC_ERROR}


@given(flips=st.sets(st.integers(0, 65), min_size=1, max_size=3))
def test_a_token_with_flipped_bits_never_brings_another_amount(flips: set[int]) -> None:
    bits = int(encode_token(TOKENS["1 kWh"], KEY))
    for place in flips:
        bits ^= 1 << place
    found = accept(EMPTY, f"{bits:020d}", REMOTE, UNITS, NOW_MS)
    assert not found.result.is_accepted or not isinstance(found.token, CreditToken)


@given(st.text(max_size=40) | st.from_regex(r"[0-9]{20}", fullmatch=True))
def test_whatever_is_typed_has_a_result(text: str) -> None:
    assert accept(EMPTY, text, MANUAL, UNITS, NOW_MS).result in set(TokenResult)


# The meter, and whoever explains its refusals


HISTORY_MS = 1_790_000_000_000
NEWEST = token_identifier_at(WORKS.base_date, HISTORY_MS)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.one_of(st.integers(0, 130), st.integers(0, 40_000)), min_size=1, max_size=90),
    st.sampled_from([KeyType.DUTK, KeyType.DCTK, KeyType.DDTK]),
    st.sampled_from([KEY_NEVER_EXPIRES, NEWEST >> 16, (NEWEST >> 16) - 1]),
)
def test_what_is_explained_is_what_the_meter_says(ages: list[int], key_type: KeyType, expiry: int) -> None:
    """Tokens in any order of issue, more than the memory holds: at each step both say the same."""
    configuration = replace(WORKS, key_type=key_type, key_expiry_number=expiry)
    decoder = Decoder(configuration, decoder_key(1, configuration))
    taken: set[int] = set()
    for age in ages:
        identifier = NEWEST - age
        digits = encode_token(CreditToken(Service.ELECTRICITY, identifier, age % 16, 1), decoder.key)
        record = MeterRecord(configuration, accepted=frozenset(taken))
        explained = explain_token(digits, record, lambda one: decoder_key(1, one), HISTORY_MS)
        found = accept(decoder, digits, REMOTE, UNITS, HISTORY_MS)
        assert explained.result is found.result, (age, explained.text)
        decoder = found.decoder
        if found.result is TokenResult.ACCEPT:
            taken.add(identifier)


@given(st.permutations(range(TOKEN_IDENTIFIERS_REMEMBERED + 4)), st.integers(-5, TOKEN_IDENTIFIERS_REMEMBERED + 8))
@settings(max_examples=25, deadline=None)
def test_a_full_memory_makes_old_tokens_for_both(order: list[int], age: int) -> None:
    decoder, taken = EMPTY, set[int]()
    for one in order:
        if decoder.result_by_memory(NEWEST - one) is TokenResult.ACCEPT:
            decoder = decoder.with_identifier(NEWEST - one)
            taken.add(NEWEST - one)
    digits = encode_token(CreditToken(Service.ELECTRICITY, NEWEST - age, 5, 1), KEY)
    explained = explain_token(digits, MeterRecord(WORKS, accepted=frozenset(taken)), lambda _: KEY, HISTORY_MS)
    assert explained.result is accept(decoder, digits, REMOTE, UNITS, HISTORY_MS).result
    assert (explained.cause is Cause.OLD) == (age >= TOKEN_IDENTIFIERS_REMEMBERED)
