"""A second implementation of tokens, from the description and as slow as it reads: texts of bits, one step at a time.

It shares nothing with the product but the numbers of the tables, so that a mistake made on the way in and on the way out alike
would show.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import asdict
from decimal import Decimal, localcontext
from typing import Any

from ferraris.kernel.tables import load_toml
from ferraris.sts import StaTables, StsConfiguration, Token
from ferraris.sts.misty1 import _Substitutions


def bits(value: int, width: int) -> str:
    """A number as a text of 0 and 1, the most significant bit first."""
    text = format(value, f"0{width}b")
    assert len(text) == width, (value, width)
    return text


# Amounts


def step(exponent: int) -> Decimal:
    return Decimal(10) ** exponent


def start(exponent: int) -> Decimal:
    """Where the range of an exponent begins: behind the 2^14 values of each one before it."""
    return sum((Decimal(2**14) * step(below) for below in range(exponent)), Decimal(0))


def amount_bits(amount: int, exponent_bits: int) -> str:
    """Exponent and mantissa of the smallest value that is not below the amount."""
    with localcontext(prec=80):
        for exponent in range(2**exponent_bits):
            mantissa = max(0, -int(-(Decimal(amount) - start(exponent)) // step(exponent)))
            while start(exponent) + mantissa * step(exponent) < amount:
                mantissa += 1
            if mantissa < 2**14:
                return bits(exponent, exponent_bits) + bits(mantissa, 14)
    raise AssertionError("too large")


def debt_bits(amount: int) -> str:
    """Exponent and mantissa of the largest value that is not above the amount."""
    with localcontext(prec=80):
        exponent = max(each for each in range(32) if start(each) <= amount)
        return bits(exponent, 5) + bits(int((Decimal(amount) - start(exponent)) // step(exponent)), 14)


# Bodies


def identified(token: Any, value: str) -> str:
    return bits(token.random, 4) + bits(token.token_identifier, 24) + value


def money(token: Any) -> str:
    text = "0" + amount_bits(token.amount, 5) if token.amount >= 0 else "1" + debt_bits(-token.amount)
    return text[:4] + bits(token.token_identifier, 24) + text[4:]


def first_section(token: Any) -> str:
    flags = f"{token.rollover:d}{token.three_token_key_change:d}" + bits(token.key_type, 2)
    return bits(token.key_expiry_number_high, 4) + bits(token.key_revision_number, 4) + flags + bits(token.key_part, 32)


BODIES: dict[str, Any] = {
    "CreditToken": lambda t: (0, int(t.service), identified(t, amount_bits(t.amount, 2))),
    "CurrencyCreditToken": lambda t: (0, 4 + int(t.service), money(t)),
    "MeterTestToken": lambda t: (
        (1, 1, bits(t.control, 28) + bits(t.manufacturer_code, 16))
        if t.wide
        else (1, 0, bits(t.control, 36) + bits(t.manufacturer_code, 8))
    ),
    "ExtendedReadToken": lambda t: (1, 2, bits(t.control, 36) + bits(t.manufacturer_code, 8)),
    "PowerLimitToken": lambda t: (2, 0, identified(t, amount_bits(t.limit_w, 2))),
    "ClearCreditToken": lambda t: (2, 1, identified(t, bits(t.register, 16))),
    "TariffRateToken": lambda t: (2, 2, identified(t, bits(t.rate, 16))),
    "KeyChangeFirstSection": lambda t: (2, 3, first_section(t)),
    "KeyChangeSecondSection": lambda t: (
        2,
        4,
        bits(t.key_expiry_number_low, 4) + bits(t.tariff_index, 8) + bits(t.key_part, 32),
    ),
    "ClearTamperToken": lambda t: (2, 5, identified(t, bits(t.reserved, 16))),
    "PhaseUnbalanceToken": lambda t: (2, 6, identified(t, amount_bits(t.limit_w, 2))),
    "WaterFactorToken": lambda t: (2, 7, identified(t, bits(t.factor, 16))),
    "KeyChangeThirdSection": lambda t: (2, 8, bits(t.supply_group_code_low, 12) + bits(t.key_part, 32)),
    "KeyChangeSupplyGroupSection": lambda t: (2, 8, bits(int(t.supply_group_code), 24) + "0" * 20),
    "KeyChangeFourthSection": lambda t: (2, 9, bits(t.supply_group_code_high, 12) + bits(t.key_part, 32)),
    "ExtendedSetToken": lambda t: (2, 10, identified(t, bits(t.index, 6) + bits(t.value, 10))),
    "ProprietaryToken": lambda t: (t.token_class, t.subclass, bits(t.body, 44)),
}
"""By the name of a token: class, subclass and 44 bits."""


# Check value


def check_bits(text: str) -> str:
    """The register shifts right, one bit of each octet at a time, the least significant one first."""
    register = [1] * 16  # register[0] is the least significant bit
    for octet in (text[at : at + 8] for at in range(0, len(text), 8)):
        for bit in reversed(octet):
            out = register.pop(0) ^ int(bit)
            register.append(0)
            if out:
                for place in (15, 13, 0):  # x^16 + x^15 + x^2 + 1, reflected
                    register[place] ^= 1
    value = "".join(map(str, reversed(register)))
    return value[8:] + value[:8]


def clear_bits(token: Token) -> tuple[int, str]:
    """Class, and the 64 bits before they are enciphered."""
    token_class, subclass, body = BODIES[type(token).__name__](token)
    data = bits(subclass, 4) + body
    assert len(data) == 48, asdict(token)
    checked = "000000" + bits(token_class, 2) + data
    of_money = token_class == 0 and 4 <= subclass <= 7
    return token_class, data + check_bits(checked + ("00000001" if of_money else ""))


# Ciphers


def sta(key: bytes, text: str, tables: StaTables = StaTables.SAMPLE) -> str:
    """EA07: nibbles and bits counted from the right, as the standard counts them."""
    turned = "".join("10"[int(bit)] for bit in bits(int.from_bytes(key, "big"), 64))
    turned = turned[-12:] + turned[:-12]
    for _ in range(16):
        nibbles = [int(text[64 - 4 * n - 4 : 64 - 4 * n], 2) for n in range(16)]
        choices = [turned[63 - (4 * n + 3)] for n in range(16)]
        substituted = [
            (tables.second_substitution if choice == "1" else tables.first_substitution)[nibble]
            for nibble, choice in zip(nibbles, choices, strict=True)
        ]
        whole = "".join(bits(nibble, 4) for nibble in reversed(substituted))
        moved = [""] * 64
        for source, destination in enumerate(tables.permutation):
            moved[63 - destination] = whole[63 - source]
        text = "".join(moved)
        turned = turned[1:] + turned[0]
    return text


class Misty:
    """EA11, function by function as RFC 2994 has them."""

    def __init__(self, key: bytes) -> None:
        boxes = load_toml("ferraris.sts", "tables/misty1.toml", _Substitutions)
        self.s7, self.s9 = boxes.s7, boxes.s9
        self.ek = [key[2 * i] * 256 + key[2 * i + 1] for i in range(8)]
        self.ek += [self.fi(self.ek[i], self.ek[(i + 1) % 8]) for i in range(8)]

    def fi(self, value: int, key: int) -> int:
        d9, d7 = value >> 7, value & 0x7F
        d9 = self.s9[d9] ^ d7
        d7 = (self.s7[d7] ^ d9) & 0x7F
        d7 ^= key >> 9
        d9 ^= key & 0x1FF
        d9 = self.s9[d9] ^ d7
        return d7 << 9 | d9

    def fo(self, value: int, k: int) -> int:
        t0, t1 = value >> 16, value & 0xFFFF
        t0 = self.fi(t0 ^ self.ek[k], self.ek[(k + 5) % 8 + 8]) ^ t1
        t1 = self.fi(t1 ^ self.ek[(k + 2) % 8], self.ek[(k + 1) % 8 + 8]) ^ t0
        t0 = self.fi(t0 ^ self.ek[(k + 7) % 8], self.ek[(k + 3) % 8 + 8]) ^ t1
        return (t1 ^ self.ek[(k + 4) % 8]) << 16 | t0

    def fl(self, value: int, k: int) -> int:
        d0, d1 = value >> 16, value & 0xFFFF
        if k % 2 == 0:
            d1 ^= d0 & self.ek[k // 2]
            d0 ^= d1 | self.ek[(k // 2 + 6) % 8 + 8]
        else:
            d1 ^= d0 & self.ek[((k - 1) // 2 + 2) % 8 + 8]
            d0 ^= d1 | self.ek[((k - 1) // 2 + 4) % 8]
        return d0 << 16 | d1

    def encipher(self, text: str) -> str:
        d0, d1 = int(text[:32], 2), int(text[32:], 2)
        for k in range(8):
            if k % 2 == 0:
                d0, d1 = self.fl(d0, k), self.fl(d1, k + 1)
                d1 ^= self.fo(d0, k)
            else:
                d0 ^= self.fo(d1, k)
        return bits(self.fl(d1, 9), 32) + bits(self.fl(d0, 8), 32)


# Keys and digits


def decoder_key(vending_key: bytes, meter: StsConfiguration) -> bytes:
    """DKGA04."""
    ea = f"{int(meter.encryption_algorithm):02d}"
    message = bytes([4])
    for text in ("04", meter.base_date.code, ea, f"{meter.tariff_index:02d}"):
        message += bytes([len(text)]) + text.encode()
    message += bytes([0, 4])
    for text in (
        meter.supply_group_code,
        str(int(meter.key_type)),
        str(meter.key_revision_number),
        str(meter.meter_pan),
    ):
        message += bytes([len(text)]) + text.encode()
    octets = {"07": 8, "11": 16}[ea]
    message += (8 * octets).to_bytes(4, "big")
    return hmac.digest(vending_key, message, hashlib.sha256)[:octets]


def digits(token: Token, key: bytes) -> str:
    """The 20 digits of a token, under a key whose length says the algorithm."""
    token_class, text = clear_bits(token)
    if token_class != 1:
        text = sta(key, text) if len(key) == 8 else Misty(key).encipher(text)
    head, tail = text[:35], text[37:]
    return f"{int(text[35:37] + head + bits(token_class, 2) + tail, 2):020d}"
