"""From a vending key to a meter's decoder key: DKGA01 to DKGA04 (IEC 62055-41 clause 6.5.3).

DKGA02 (DES) and DKGA04 (HMAC with SHA-256, as the feedback mode of NIST SP 800-108 has it) are proven by published tokens.
DKGA01 and DKGA03 are built from one public description and no published key confirms them: they need `unverified`.
So is it with DKGA04 for a common key (DCTK), whose published tests are not to be had: it is taken to cover the whole meter PAN.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Final

from ferraris.sts.configuration import EncryptionAlgorithm, KeyDerivation, KeyType, StsConfiguration
from ferraris.sts.decoder_key import KEY_OCTETS, DecoderKey
from ferraris.sts.des import des_encrypt
from ferraris.sts.errors import StsError
from ferraris.sts.meter_pan import SHORT_ISSUER
from ferraris.sts.sta_tables import StaTables

VENDING_KEY_OCTETS: Final = {
    KeyDerivation.DKGA01: 8,
    KeyDerivation.DKGA02: 8,
    KeyDerivation.DKGA03: 16,
    KeyDerivation.DKGA04: 20,
}
UNVERIFIED: Final = frozenset({KeyDerivation.DKGA01, KeyDerivation.DKGA03})
BLOCK_DIGITS: Final = 16

REFERENCES_OF_DKGA01: Final = (
    *(range(1_000_000_000, 1_005_000_000), range(1_090_000_000, 1_090_005_000)),
    *(range(3_000_000_000, 3_114_000_010), range(4_000_000_000, 4_060_000_000)),
    *(range(6_010_000_000, 6_040_000_000), range(6_400_000_000, 6_420_000_000)),
    *(range(6_660_000_000, 6_700_000_000), range(6_990_000_010, 6_990_010_000)),
    range(7_000_000_000, 7_021_000_000),
)
"""Decoder reference numbers, without their check digit, of the meters that were made with DKGA01."""
COMMON_GROUPS_OF_DKGA01: Final = frozenset({"100702", *(str(code) for code in range(990_400, 990_406))})


def derive_decoder_key(
    vending_key: bytes,
    configuration: StsConfiguration,
    *,
    tables: StaTables = StaTables.SAMPLE,
    unverified: bool = False,
) -> DecoderKey:
    """The decoder key of the meter that `configuration` describes. Raises StsError, which never repeats a key."""
    derivation = configuration.key_derivation
    wanted = VENDING_KEY_OCTETS[derivation]
    if len(vending_key) != wanted:
        raise StsError(f"a vending key for {derivation.name}", expected=f"{wanted} octets", got=len(vending_key))
    if derivation in UNVERIFIED and not unverified:
        raise StsError(
            f"{derivation.name} is not confirmed by any published key",
            expected="DKGA02, DKGA04, or consent to `unverified`",
        )
    octets = _DERIVED[derivation](vending_key, configuration)
    return DecoderKey(configuration.encryption_algorithm, octets, tables)


def pan_block(configuration: StsConfiguration) -> bytes:
    """Sixteen digits of the meter PAN; for a common key those of the decoder reference number are 0."""
    pan = configuration.meter_pan
    reference = pan.decoder_reference_number
    if configuration.key_type is KeyType.DCTK:
        reference = "0" * len(reference)
    return bytes.fromhex((pan.issuer_identification_number + reference)[-BLOCK_DIGITS:])


def control_block(configuration: StsConfiguration) -> bytes:
    """Key type, supply group code, tariff index and key revision number as sixteen hexadecimal digits."""
    digits = (
        f"{configuration.key_type.value}{configuration.supply_group_code}"
        f"{configuration.tariff_index:02d}{configuration.key_revision_number}"
    )
    return bytes.fromhex(digits.ljust(BLOCK_DIGITS, "F"))


def derivation_message(configuration: StsConfiguration) -> bytes:
    """What DKGA04 hashes under the vending key: every field behind its length, the length of the key at the end."""
    label = (
        f"{KeyDerivation.DKGA04.value:02d}",
        configuration.base_date.code,
        f"{configuration.encryption_algorithm.value:02d}",
        f"{configuration.tariff_index:02d}",
    )
    context = (
        configuration.supply_group_code,
        str(configuration.key_type.value),
        str(configuration.key_revision_number),
        configuration.meter_pan.digits,
    )
    bits = 8 * KEY_OCTETS[configuration.encryption_algorithm]
    return _fields(label) + b"\x00" + _fields(context) + bits.to_bytes(4, "big")


def _fields(texts: tuple[str, ...]) -> bytes:
    return bytes([len(texts)]) + b"".join(bytes([len(text)]) + text.encode("ascii") for text in texts)


def _dkga01(vending_key: bytes, configuration: StsConfiguration) -> bytes:
    _check_dkga01(configuration)
    return _xor(des_encrypt(vending_key, _mixed(configuration)), vending_key)


def _dkga02(vending_key: bytes, configuration: StsConfiguration) -> bytes:
    mixed = _mixed(configuration)
    return _xor(_xor(des_encrypt(vending_key, mixed), mixed), vending_key)


def _dkga03(vending_key: bytes, configuration: StsConfiguration) -> bytes:
    mixed = _mixed(configuration)
    return _xor(des_encrypt(vending_key, mixed), mixed)


def _dkga04(vending_key: bytes, configuration: StsConfiguration) -> bytes:
    digest = hmac.new(vending_key, derivation_message(configuration), hashlib.sha256).digest()
    return digest[: KEY_OCTETS[configuration.encryption_algorithm]]


_DERIVED: Final[dict[KeyDerivation, Callable[[bytes, StsConfiguration], bytes]]] = {
    KeyDerivation.DKGA01: _dkga01,
    KeyDerivation.DKGA02: _dkga02,
    KeyDerivation.DKGA03: _dkga03,
    KeyDerivation.DKGA04: _dkga04,
}


def _check_dkga01(configuration: StsConfiguration) -> None:
    pan = configuration.meter_pan
    listed = pan.issuer_identification_number == SHORT_ISSUER and any(
        int(pan.decoder_reference_number[:-1]) in numbers for numbers in REFERENCES_OF_DKGA01
    )
    common = configuration.key_type is KeyType.DCTK and configuration.supply_group_code in COMMON_GROUPS_OF_DKGA01
    if configuration.encryption_algorithm is not EncryptionAlgorithm.EA07 or configuration.key_revision_number != 1:
        raise StsError("DKGA01", expected="EA07 and key revision number 1")
    if not listed and not common:
        raise StsError("DKGA01", expected="a meter of the ranges that were made with it, or a listed common group")


def _mixed(configuration: StsConfiguration) -> bytes:
    return _xor(pan_block(configuration), control_block(configuration))


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))
