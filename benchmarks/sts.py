"""Tokens a second on one core: EA07 with the sample tables and EA11, encode and decode, one by one and over arrays.

From the numbers of a token to its 20 digits and back, check value included: with one key kept, with a fresh key for each token
(its schedule worked out every time), and in bulk under one key and under a key each. The cipher alone stands beside them.

Nectar's Java, the open implementation to measure against, is a Spring service that is not on Maven Central; it takes no part.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median

import numpy as np

from ferraris.sts import CreditToken, DecoderKey, EncryptionAlgorithm, Service, decode_token, encode_token
from ferraris.sts.bulk import decode_tokens, encode_tokens, identified_data
from ferraris.sts.bulk_cipher import BulkCipher

ONE_BY_ONE = 500
IN_BULK = 50_000
ALGORITHMS = {EncryptionAlgorithm.EA07: 8, EncryptionAlgorithm.EA11: 16}
"""By algorithm: octets of a key."""
GOALS = {
    ("EA07", "key kept"): 10_000,
    ("EA07", "fresh key each"): 4_000,
    ("EA11", "key kept"): 20_000,
    ("EA07", "bulk, one key"): 200_000,
    ("EA07", "bulk, a key each"): 200_000,
    ("EA11", "bulk, one key"): 200_000,
    ("EA11", "bulk, a key each"): 200_000,
}
"""Tokens a second that both encode and decode are to reach."""


@dataclass(frozen=True)
class TokenRate:
    """One way of working: tokens a second, the median of the rounds."""

    algorithm: str
    way: str
    encode: float
    decode: float

    @property
    def goal(self) -> int | None:
        return GOALS.get((self.algorithm, self.way))

    @property
    def is_reached(self) -> bool:
        return self.goal is None or min(self.encode, self.decode) >= self.goal


def measure_tokens(rounds: int, seconds: float) -> list[TokenRate]:
    """Every algorithm in every way."""
    return [
        TokenRate(algorithm.name, way, _rate(encode, count, rounds, seconds), _rate(decode, count, rounds, seconds))
        for algorithm in ALGORITHMS
        for way, count, encode, decode in _ways(algorithm)
    ]


def _rate(work: Callable[[], object], count: int, rounds: int, seconds: float) -> float:
    work()
    rates = []
    for _ in range(rounds):
        done = 0
        start = time.perf_counter()
        while (took := time.perf_counter() - start) < seconds or not done:
            work()
            done += count
        rates.append(done / took)
    return median(rates)


def _ways(
    algorithm: EncryptionAlgorithm,
) -> Iterator[tuple[str, int, Callable[[], object], Callable[[], object]]]:
    dice = np.random.default_rng(7)
    octets = [dice.bytes(ALGORITHMS[algorithm]) for _ in range(IN_BULK)]
    key = DecoderKey(algorithm, octets[0])
    tokens = [CreditToken(Service.ELECTRICITY, 6_500_000 + n, n & 15, 100 + n) for n in range(ONE_BY_ONE)]
    kept = [encode_token(token, key) for token in tokens]
    yield (
        "key kept",
        ONE_BY_ONE,
        lambda: [encode_token(token, key) for token in tokens],
        lambda: [decode_token(digits, key) for digits in kept],
    )
    fresh = [encode_token(token, DecoderKey(algorithm, each)) for token, each in zip(tokens, octets, strict=False)]
    yield (
        "fresh key each",
        ONE_BY_ONE,
        lambda: [encode_token(token, DecoderKey(algorithm, each)) for token, each in zip(tokens, octets, strict=False)],
        lambda: [
            decode_token(digits, DecoderKey(algorithm, each)) for digits, each in zip(fresh, octets, strict=False)
        ],
    )
    numbers = np.arange(IN_BULK)
    data = identified_data(0, numbers & 15, 6_500_000 + numbers, numbers & 0x3FFF)
    blocks = data << np.uint64(16)
    for way, keys in (("one key", [key]), ("a key each", [DecoderKey(algorithm, each) for each in octets])):
        cipher = BulkCipher(keys)
        digits = encode_tokens(0, data, cipher)
        yield (
            f"bulk, {way}",
            IN_BULK,
            lambda cipher=cipher: encode_tokens(0, data, cipher),  # type: ignore[misc]
            lambda cipher=cipher, digits=digits: decode_tokens(digits, cipher),  # type: ignore[misc]
        )
        yield (
            f"cipher alone, {way}",
            IN_BULK,
            lambda cipher=cipher: cipher.encrypt(blocks),  # type: ignore[misc]
            lambda cipher=cipher: cipher.decrypt(blocks),  # type: ignore[misc]
        )
