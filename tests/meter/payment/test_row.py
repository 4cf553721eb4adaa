"""The payment row: everything that goes in comes out again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ferraris.cosem.classes.account import AccountStatus
from ferraris.kernel.limits import TOKEN_IDENTIFIERS_REMEMBERED
from ferraris.meter.payment.account import Account, Collection, Emergency
from ferraris.meter.payment.balance import Balance
from ferraris.meter.payment.decoder import Decoder
from ferraris.meter.payment.identity import PaymentManufacture, decoder_key, sts_configuration
from ferraris.meter.payment.row import (
    account_of,
    decoder_of,
    fitting,
    number,
    put_account,
    put_decoder,
    put_text,
    text_of,
)
from ferraris.meter.payment_memory import DISPLAY_OCTETS, PAYMENT
from ferraris.sts import BaseDate, EncryptionAlgorithm, KeyType, StaTables

AMOUNTS = st.integers(-(4 * 10**18), 4 * 10**18)
COLLECTIONS = st.builds(Collection, AMOUNTS, st.integers(0, 2**40), AMOUNTS)
ACCOUNTS = st.builds(
    Account,
    st.builds(Balance, AMOUNTS, st.integers(0, 2**60), st.integers(0, 2**31)),
    st.sampled_from(AccountStatus),
    st.integers(0, 2**40),
    AMOUNTS,
    AMOUNTS,
    AMOUNTS,
    st.tuples(COLLECTIONS, COLLECTIONS, COLLECTIONS),
    st.sampled_from(Emergency),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.integers(0, 2**40),
    AMOUNTS,
)


@given(ACCOUNTS)
def test_accounts(account: Account) -> None:
    row = np.zeros(1, PAYMENT)
    put_account(row, account)
    assert account_of(row) == account


@given(
    algorithm=st.sampled_from([EncryptionAlgorithm.EA07, EncryptionAlgorithm.EA11]),
    group=st.from_regex(r"[0-9]{6}", fullmatch=True),
    key_type=st.sampled_from(KeyType),
    base_date=st.sampled_from(BaseDate),
    numbers=st.tuples(st.integers(1, 9), st.integers(0, 99), st.integers(0, 255)),
    identifiers=st.sets(st.integers(0, 2**24 - 1), max_size=TOKEN_IDENTIFIERS_REMEMBERED),
    sections=st.lists(st.from_regex(r"[0-9]{20}", fullmatch=True), max_size=4),
    counts=st.tuples(st.integers(0, 2**50), st.integers(0, 2**31), st.integers(0, 2**50)),
)
def test_decoders(
    algorithm: EncryptionAlgorithm,
    group: str,
    key_type: KeyType,
    base_date: BaseDate,
    numbers: tuple[int, int, int],
    identifiers: set[int],
    sections: list[str],
    counts: tuple[int, int, int],
) -> None:
    works = sts_configuration(9, PaymentManufacture(algorithm))
    configuration = replace(
        works,
        supply_group_code=group,
        key_type=key_type,
        base_date=base_date,
        key_revision_number=numbers[0],
        tariff_index=numbers[1],
        key_expiry_number=numbers[2],
    )
    decoder = Decoder(configuration, decoder_key(1, works), tuple(sorted(identifiers)), tuple(sections), *counts)
    row = np.full(1, np.iinfo(np.uint8).max, np.uint8).repeat(PAYMENT.itemsize).view(PAYMENT)  # over anything before
    put_decoder(row, decoder)
    assert decoder_of(row, works.meter_pan, False, StaTables.SAMPLE) == decoder


@given(st.binary(max_size=30))
def test_texts_are_cut_off_at_the_room_there_is(octets: bytes) -> None:
    row = np.zeros(1, PAYMENT)
    put_text(row, "token", octets)
    assert text_of(row, "token") == octets[:20]


@given(st.lists(st.text("abcé ", min_size=1, max_size=40), max_size=8).map(tuple))
def test_whole_lines_are_shown_as_far_as_there_is_room(lines: tuple[str, ...]) -> None:
    octets = fitting(lines)
    assert len(octets) <= DISPLAY_OCTETS
    assert b"\n".join(line.encode("ascii", "replace") for line in lines).startswith(octets)


def test_single_numbers() -> None:
    row = np.zeros(1, PAYMENT)
    row["paid"][0, 2] = 7
    assert (number(row, "paid", 2), number(row, "arrears")) == (7, 0)
