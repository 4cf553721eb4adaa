"""Randomness as an argument: challenges, system titles, jitter and load models draw from an `Entropy`."""

from __future__ import annotations

import os
import random
from typing import Protocol


class Entropy(Protocol):
    """A source of random octets and numbers."""

    def octets(self, count: int) -> bytes:
        """`count` random octets."""
        ...

    def uniform(self) -> float:
        """A number in [0, 1)."""
        ...


class SystemEntropy:
    """The operating system's generator: for keys, challenges and everything else that an attacker must not guess."""

    def octets(self, count: int) -> bytes:
        return os.urandom(count)

    def uniform(self) -> float:
        return int.from_bytes(os.urandom(7), "big") / (1 << 56)


class SeededEntropy:
    """A generator that replays from its seed: for simulation and tests, never for keys in service."""

    def __init__(self, seed: int | str) -> None:
        self._generator = random.Random(seed)

    def octets(self, count: int) -> bytes:
        return self._generator.randbytes(count)

    def uniform(self) -> float:
        return self._generator.random()

    def fork(self, name: str) -> SeededEntropy:
        """An independent generator for `name`: adding a consumer does not disturb what the others draw."""
        return SeededEntropy(f"{self._generator.getrandbits(64)}/{name}")
