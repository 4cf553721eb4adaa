"""A till, its ledger and the meter together: whatever is done to tokens and clocks, what was paid is what can be used, once.

The till is the vending system over a store; the meter is the decoder of the prepayment meter, with nothing of the till's but
its key. Each refusal has the standard's name for it, and leaves the true token good.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.cosem.classes.token_gateway import TokenDeliveryMethod
from ferraris.kernel.limits import TOKEN_IDENTIFIERS_REMEMBERED, TOKEN_LOCKOUT_LONGEST_S, TOKEN_WRONG_ENTRIES_MAX
from ferraris.meter.payment.acceptance import Purse, accept, credited_amount
from ferraris.meter.payment.decoder import Decoder
from ferraris.sts import (
    BaseDate,
    CreditToken,
    CurrencyCreditToken,
    EncryptionAlgorithm,
    KeyType,
    MeterRecord,
    Service,
    StsConfiguration,
    TokenResult,
    encode_token,
    explain_token,
    in_groups,
    issued_ms,
)
from ferraris.vending import Delivery, KeyExpiryError, Sale, SaleState, TokenIdentifierError
from tests.vending.house import DAY_MS, MINUTE_MS, NOON_MS, SUPERVISOR, House, configuration, make_house

MANUAL, REMOTE = TokenDeliveryMethod.MANUAL, TokenDeliveryMethod.REMOTE
ALGORITHMS = [EncryptionAlgorithm.EA07, EncryptionAlgorithm.EA11]
WH_PER_TENTH = 100


@dataclass
class Meter:
    """A meter in a kitchen: it knows its key, what it has taken, and how much credit there is."""

    decoder: Decoder
    credit_wh: int = 0
    taken: list[str] = field(default_factory=list)

    def enter(self, digits: str, now_ms: int = NOON_MS, delivery: TokenDeliveryMethod = MANUAL) -> str:
        outcome = accept(self.decoder, digits, delivery, Purse(False, self.credit_wh, 2**31 - 1), now_ms)
        self.decoder = outcome.decoder
        if outcome.result is TokenResult.ACCEPT:
            self.taken.append(digits)
            if isinstance(outcome.token, CreditToken | CurrencyCreditToken):
                self.credit_wh += credited_amount(outcome.token)
        return str(outcome.result)


def meter_of(house: House, serial: int = 1, **changes: object) -> Meter:
    made = configuration(serial, **changes)
    return Meter(Decoder(made, house.module.decoder_key(made)))


def credit_of(sale: Sale) -> str:
    assert sale.credit_token is not None
    return sale.credit_token.digits


def flipped(digits: str, bit: int) -> str:
    return f"{(int(digits) ^ 1 << bit) % 2**66:020d}"


# What is done to a token, and what the meter says to it

SPOILED = {
    "a digit changed": (lambda digits: digits[:-1] + str((int(digits[-1]) + 1) % 10), "crc_error"),
    "neighbours exchanged": (
        lambda digits: next(
            digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :]
            for at in range(18, 8, -1)
            if digits[at] != digits[at + 1]
        ),
        "crc_error",
    ),
    "a bit flipped": (lambda digits: flipped(digits, 3), "crc_error"),
    "in groups of four": (in_groups, "format_error"),
    "a blank in front": (lambda digits: f" {digits}", "format_error"),
    "a letter for a digit": (lambda digits: f"O{digits[1:]}", "format_error"),
    "a digit of another alphabet": (lambda digits: f"٣{digits[1:]}", "format_error"),
    "a digit too few": (lambda digits: digits[:-1], "format_error"),
    "a digit too many": (lambda digits: f"{digits}0", "format_error"),
    "nothing": (lambda digits: "", "format_error"),
    "twenty nines": (lambda digits: "9" * 20, "format_error"),
    "a sign in front": (lambda digits: f"-{digits[1:]}", "format_error"),
    "a line behind": (lambda digits: f"{digits[:19]}\n", "format_error"),
}


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda algorithm: algorithm.name)
@pytest.mark.parametrize("delivery", [MANUAL, REMOTE], ids=lambda delivery: delivery.name.lower())
@pytest.mark.parametrize("how", SPOILED)
def test_a_spoiled_token_is_refused_by_name_and_the_true_one_stays_good(
    how: str, delivery: TokenDeliveryMethod, algorithm: EncryptionAlgorithm
) -> None:
    spoil, result = SPOILED[how]
    house = make_house(encryption_algorithm=algorithm)
    meter = meter_of(house, encryption_algorithm=algorithm)
    sale = house.vending.sell(house.request("50"), NOON_MS)
    digits = credit_of(sale)
    assert meter.enter(spoil(digits), delivery=delivery) == result
    assert (meter.credit_wh, meter.taken) == (0, [])
    assert meter.enter(digits, delivery=delivery) == "accept"
    assert meter.enter(digits, delivery=delivery) == "used_error"
    assert meter.credit_wh == sale.units_tenths * WH_PER_TENTH == 25_000
    assert house.vending.balances()["till:T1:cash"] == 5_000


def test_no_single_bit_of_a_sold_token_can_be_flipped_for_credit() -> None:
    """All 66, remotely, where no lockout helps."""
    for algorithm in ALGORITHMS:
        house = make_house(encryption_algorithm=algorithm)
        digits = credit_of(house.vending.sell(house.request("50"), NOON_MS))
        for bit in range(66):
            meter = meter_of(house, encryption_algorithm=algorithm)
            assert meter.enter(flipped(digits, bit), delivery=REMOTE) in {"crc_error", "function_error", "format_error"}
            assert meter.credit_wh == 0


# The wrong meter, the wrong key

ELSEWHERE: dict[str, dict[str, object]] = {
    "another supply group": {"supply_group_code": "123456"},
    "another key revision": {"key_revision_number": 2},
    "another tariff index": {"tariff_index": 8},
    "another base date": {"base_date": BaseDate.Y1993},
    "a common key": {"key_type": KeyType.DCTK},
}


@pytest.mark.parametrize("difference", ELSEWHERE)
def test_a_meter_with_another_configuration_reads_nothing(difference: str) -> None:
    house = make_house()
    digits = credit_of(house.vending.sell(house.request("50"), NOON_MS))
    meter = meter_of(house, **ELSEWHERE[difference])
    assert (meter.enter(digits), meter.credit_wh) == ("crc_error", 0)


def test_a_token_sold_for_one_meter_is_none_for_the_neighbours() -> None:
    house = make_house(meters=5)
    digits = credit_of(house.vending.sell(house.request("50"), NOON_MS))
    results = [meter_of(house, serial).enter(digits) for serial in range(1, 6)]
    assert results == ["accept"] + ["crc_error"] * 4


def test_a_meter_with_a_default_key_takes_no_credit_and_says_why() -> None:
    house = make_house()
    made = configuration(1, key_type=KeyType.DDTK)
    token = encode_token(CreditToken(Service.ELECTRICITY, 6_572_880, 5, 100), house.module.decoder_key(made))
    assert meter_of(house, key_type=KeyType.DDTK).enter(token) == "ddtk_error"


def test_a_key_change_makes_what_was_bought_before_it_worthless_and_the_till_knows_which_that_is() -> None:
    house = make_house()
    vending = house.vending
    meter = meter_of(house)
    used, kept = (vending.sell(house.request(amount), NOON_MS) for amount in ("10", "20"))
    assert meter.enter(credit_of(used)) == "accept"
    vending.mark_delivered(used.number, Delivery.ACCEPTED, NOON_MS)
    vending.registry.want(replace(configuration(1), key_revision_number=2), SUPERVISOR, NOON_MS)
    sale = vending.sell(house.request("30"), NOON_MS)
    *change, credit = (token.digits for token in sale.tokens)
    assert meter.enter(credit) == "crc_error"
    assert [meter.enter(digits) for digits in reversed(change)] == [
        "fourth_key_change_token",
        "third_key_change_token",
        "second_key_change_token",
        "accept",
    ]
    assert meter.enter(credit_of(kept)) == "crc_error"
    assert meter.enter(credit) == "accept"
    assert [stranded.number for stranded in vending.stranded(vending.registry.meter(house.meter))] == [kept.number]
    vending.reverse(kept.number, SUPERVISOR, NOON_MS, "stranded")
    assert vending.balances()["till:T1:cash"] == 4_000
    assert meter.credit_wh == (used.units_tenths + sale.units_tenths) * WH_PER_TENTH


# Time


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda algorithm: algorithm.name)
def test_till_and_meter_agree_on_the_last_minute_of_a_key(algorithm: EncryptionAlgorithm) -> None:
    number = 99
    house = make_house(key_expiry_number=number, encryption_algorithm=algorithm)
    meter = meter_of(house, key_expiry_number=number, encryption_algorithm=algorithm)
    first_expired = (number + 1) << 16
    last_ms = issued_ms(BaseDate.Y2014, first_expired - 1)
    sale = house.vending.sell(house.request("10"), last_ms)
    with pytest.raises(KeyExpiryError, match="expired"):
        house.vending.sell(house.request("10"), last_ms)
    forged = CreditToken(Service.ELECTRICITY, first_expired, 5, 100)
    assert meter.enter(encode_token(forged, meter.decoder.key)) == "key_expired_error"
    assert meter.enter(credit_of(sale)) == "accept"
    assert meter.credit_wh == sale.units_tenths * WH_PER_TENTH
    assert house.vending.balances()["till:T1:cash"] == 1_000


def test_before_the_base_date_nothing_is_sold_and_nothing_charged() -> None:
    house = make_house(base_date=BaseDate.Y2035)
    with pytest.raises(TokenIdentifierError, match="before the base date"):
        house.vending.sell(house.request("10"), NOON_MS)
    assert house.vending.balances() == {}
    sale = house.vending.sell(house.request("10"), BaseDate.Y2035.start_ms)
    assert meter_of(house, base_date=BaseDate.Y2035).enter(credit_of(sale)) == "accept"


JUMPS = st.lists(st.integers(-45, 2_000), min_size=2, max_size=70)


@settings(max_examples=15)
@given(JUMPS)
def test_whatever_the_clock_of_the_till_does_each_token_that_is_sold_is_taken(jumps: list[int]) -> None:
    """Tokens are entered as they are bought: none is old or used, though the clock runs back again and again."""
    house = make_house()
    meter, now_ms, sold = meter_of(house), NOON_MS, 0
    for minutes in jumps:
        now_ms += minutes * MINUTE_MS
        try:
            sale = house.vending.sell(house.request("10"), now_ms)
        except TokenIdentifierError:
            continue
        assert meter.enter(credit_of(sale)) == "accept"
        sold += sale.tendered_minor
    assert house.vending.balances().get("till:T1:cash", 0) == sold
    assert meter.credit_wh == 5 * sold


def test_a_token_kept_in_a_drawer_for_too_long_is_old() -> None:
    """A meter remembers so many; one that is older than all of them cannot be told from one that was taken."""
    house = make_house()
    meter = meter_of(house)
    kept, *entered = (
        house.vending.sell(house.request("10"), NOON_MS + day * DAY_MS)
        for day in range(TOKEN_IDENTIFIERS_REMEMBERED + 1)
    )
    assert {meter.enter(credit_of(sale)) for sale in entered} == {"accept"}
    assert meter.enter(credit_of(kept)) == "old_error"
    assert meter.credit_wh == sum(sale.units_tenths for sale in entered) * WH_PER_TENTH


# Any order, any number of times


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 11), st.integers(-1, 65)), max_size=60))
def test_in_any_order_and_however_often_credit_is_what_was_sold_and_entered(
    entries: list[tuple[int, int]],
) -> None:
    """Some entries are of flipped bits (-1: none), all come remotely; the rest of the tokens come at the end."""
    house = make_house()
    sales = [house.vending.sell(house.request(str(5 + place)), NOON_MS) for place in range(12)]
    meter = meter_of(house)
    for place, bit in entries:
        digits = credit_of(sales[place])
        known = digits in meter.taken
        result = meter.enter(digits if bit < 0 else flipped(digits, bit), delivery=REMOTE)
        if bit < 0:
            assert result == ("used_error" if known else "accept")
        else:
            assert result in {"crc_error", "format_error", "function_error"}
    assert len(set(meter.taken)) == len(meter.taken)
    for sale in sales:
        meter.enter(credit_of(sale), delivery=REMOTE)
    assert meter.credit_wh == sum(sale.units_tenths for sale in sales) * WH_PER_TENTH
    assert house.vending.balances()["till:T1:cash"] == sum(sale.tendered_minor for sale in sales)


def test_a_day_of_guessing_at_the_keypad_is_seventy_guesses_and_the_customer_loses_nothing() -> None:
    """A guess every second, day and night."""
    dice = random.Random(4)
    house = make_house()
    meter = meter_of(house)
    judged = 0
    for second in range(86_400):
        guess = f"{dice.randrange(1 << 66) & ~(3 << 27):020d}"  # class 0: what brings credit
        judged += meter.enter(guess, NOON_MS + second * 1_000) not in {"lockout", "format_error"}
    assert TOKEN_WRONG_ENTRIES_MAX < judged < 80
    assert meter.credit_wh == 0
    digits = credit_of(house.vending.sell(house.request("10"), NOON_MS))
    assert meter.enter(digits, NOON_MS + DAY_MS) in {"lockout", "accept"}
    assert meter.enter(digits, NOON_MS + DAY_MS, REMOTE) in {"accept", "used_error"}
    assert meter.credit_wh == 5_000
    later = NOON_MS + DAY_MS + TOKEN_LOCKOUT_LONGEST_S * 1_000
    assert meter.enter(digits, later) == "used_error"


# The explanation


def decoders(identifiers: tuple[int, ...], **changes: object) -> Meter:
    house = make_house()
    meter = meter_of(house, **changes)
    return Meter(replace(meter.decoder, identifiers=identifiers))


STEPS = range(6_572_000, 6_572_000 + 4 * TOKEN_IDENTIFIERS_REMEMBERED, 4)


@settings(max_examples=60)
@given(
    st.integers(STEPS[0] - 10, STEPS[-1] + 10),
    st.sampled_from([KeyType.DUTK, KeyType.DCTK, KeyType.DDTK]),
    st.integers(95, 105),
)
def test_the_explanation_has_the_result_that_the_meter_shows(identifier: int, key_type: KeyType, expiry: int) -> None:
    """A full memory of identifiers, any identifier near it, keys of each type near the end of their time."""
    meter = decoders(tuple(STEPS), key_type=key_type, key_expiry_number=expiry)
    decoder = meter.decoder
    token = encode_token(CreditToken(Service.ELECTRICITY, identifier, 5, 10), decoder.key)
    record = MeterRecord(decoder.configuration, accepted=frozenset(decoder.identifiers))

    def derive(wanted: StsConfiguration) -> object:
        assert wanted == decoder.configuration
        return decoder.key

    explained = explain_token(in_groups(token), record, derive, NOON_MS)  # type: ignore[arg-type]
    assert str(explained.result) == meter.enter(token)


# Money that goes back


def test_a_sale_that_was_taken_back_is_told_apart_though_its_token_is_still_one() -> None:
    """No till can take a token out of a drawer: so a sale that may be in use is taken back by a supervisor alone."""
    house = make_house()
    meter = meter_of(house)
    sale = house.vending.sell(house.request("10"), NOON_MS)
    assert house.vending.reverse(sale.number, SUPERVISOR, NOON_MS).state is SaleState.REVERSED
    assert house.vending.balances()["till:T1:cash"] == 0
    again = house.vending.sell(house.request("10"), NOON_MS)
    assert credit_of(again) != credit_of(sale)
    assert meter.enter(credit_of(again)) == "accept"
    assert house.vending.balances()["till:T1:cash"] == 1_000
