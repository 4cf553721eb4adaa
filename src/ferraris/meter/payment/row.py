"""A meter's payment row and the decoder in it: read from the memory as values, written back as one."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from ferraris.cosem.classes.account import AccountStatus
from ferraris.meter.mapped_file import Rows
from ferraris.meter.payment.account import Account, ChargeKind, Collection, Emergency
from ferraris.meter.payment.balance import Balance
from ferraris.meter.payment.decoder import Decoder
from ferraris.meter.payment_memory import DECODER_KEY_OCTETS, DISPLAY_OCTETS, TOKEN_DIGITS
from ferraris.sts import BaseDate, DecoderKey, EncryptionAlgorithm, KeyType, MeterPan, StaTables, StsConfiguration

KEY_OCTETS: Final = {EncryptionAlgorithm.EA07: 8, EncryptionAlgorithm.EA09: 8, EncryptionAlgorithm.EA11: 16}
NO_LIMIT: Final = 0xFFFF_FFFF
"""No token has set this limit."""
_ACCOUNT_FIELDS: Final = (
    *("days_until_s", "arrears", "debt", "credited", "emergency", "warned", "cut_off", "tampered"),
    *("spared", "provided_s", "provided"),
)
"""Those of an account that a field of the same name holds."""


def number(row: Rows, field: str, place: int | None = None) -> int:
    """One number of a row."""
    value: Any = row[field][0] if place is None else row[field][0, place]
    return int(value)


def account_of(row: Rows) -> Account:
    """The account that the row holds."""
    return Account(
        Balance(number(row, "balance"), number(row, "reference_mwh"), number(row, "price")),
        AccountStatus(number(row, "account_status")),
        number(row, "days_until_s"),
        number(row, "arrears"),
        number(row, "debt"),
        number(row, "credited"),
        tuple(
            Collection(number(row, "paid", kind), number(row, "collected_s", kind), number(row, "collected", kind))
            for kind in ChargeKind
        ),
        Emergency(number(row, "emergency")),
        bool(number(row, "warned")),
        bool(number(row, "cut_off")),
        bool(number(row, "tampered")),
        bool(number(row, "spared")),
        number(row, "provided_s"),
        number(row, "provided"),
    )


def put_account(row: Rows, account: Account) -> None:
    """Write the account into the row."""
    row["balance"] = account.balance.amount
    row["reference_mwh"] = account.balance.reference_mwh
    row["price"] = account.balance.price
    for field in _ACCOUNT_FIELDS:
        row[field] = int(getattr(account, field))
    row["account_status"] = int(account.status)
    for kind, collection in enumerate(account.collections):
        row["paid"][0, kind] = collection.paid
        row["collected_s"][0, kind] = collection.time_s
        row["collected"][0, kind] = collection.amount


def decoder_of(row: Rows, meter_pan: MeterPan, three_tokens: bool, tables: StaTables) -> Decoder:
    """The decoder that the row holds, of the meter with that PAN."""
    algorithm = EncryptionAlgorithm(number(row, "encryption_algorithm"))
    configuration = StsConfiguration(
        meter_pan,
        algorithm,
        f"{number(row, 'supply_group_code'):06d}",
        number(row, "key_revision_number"),
        KeyType(number(row, "key_type")),
        number(row, "tariff_index"),
        BaseDate(number(row, "base_date")),
        number(row, "key_expiry_number"),
        three_token_key_change=three_tokens,
    )
    known = number(row, "token_identifiers_known")
    sections = row["sections"][0].tobytes()[: TOKEN_DIGITS * number(row, "sections_known")]
    texts = [sections[start : start + TOKEN_DIGITS].decode("ascii") for start in range(0, len(sections), TOKEN_DIGITS)]
    return Decoder(
        configuration,
        DecoderKey(algorithm, row["decoder_key"][0].tobytes()[: KEY_OCTETS[algorithm]], tables),
        tuple(row["token_identifiers"][0, :known].tolist()),
        tuple(texts),
        number(row, "sections_until_ms"),
        number(row, "wrong_entries"),
        number(row, "locked_until_ms"),
    )


def put_decoder(row: Rows, decoder: Decoder) -> None:
    """Write the decoder into the row."""
    configuration = decoder.configuration
    row["encryption_algorithm"] = configuration.encryption_algorithm
    row["supply_group_code"] = int(configuration.supply_group_code)
    row["key_revision_number"] = configuration.key_revision_number
    row["key_type"] = configuration.key_type
    row["tariff_index"] = configuration.tariff_index
    row["base_date"] = configuration.base_date
    row["key_expiry_number"] = configuration.key_expiry_number
    row["decoder_key"] = np.void(decoder.key.octets.ljust(DECODER_KEY_OCTETS, b"\0"))
    row["token_identifiers"][0, : len(decoder.identifiers)] = decoder.identifiers
    row["token_identifiers_known"] = len(decoder.identifiers)
    for place, text in enumerate(decoder.sections):
        row["sections"][0, place] = np.void(text.encode("ascii"))
    row["sections_known"] = len(decoder.sections)
    row["sections_until_ms"] = decoder.sections_until_ms
    row["wrong_entries"] = decoder.wrong_entries
    row["locked_until_ms"] = decoder.locked_until_ms


def put_text(row: Rows, field: str, octets: bytes) -> None:
    """Write octets of a changing length, cut off at the room there is."""
    kept = octets[: row.dtype[field].itemsize]
    row[field] = np.void(kept.ljust(row.dtype[field].itemsize, b"\0"))
    row[f"{field}_octets"] = len(kept)


def text_of(row: Rows, field: str) -> bytes:
    octets: bytes = row[field][0].tobytes()[: number(row, f"{field}_octets")]
    return octets


def fitting(lines: tuple[str, ...]) -> bytes:
    """As many of the lines as the row has room for."""
    octets = b""
    for line in lines:
        longer = b"\n".join((octets, line.encode("ascii", "replace"))) if octets else line.encode("ascii", "replace")
        if len(longer) > DISPLAY_OCTETS:
            break
        octets = longer
    return octets
