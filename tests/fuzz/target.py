"""What is fuzzed: a function of octets, the errors that it may raise, and well-formed octets to start from."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ferraris.kernel.errors import FerrarisError

LONG_TURN = 0xFF


@dataclass(frozen=True)
class Target:
    """A decoder, or something with a decoder in it."""

    name: str
    decode: Callable[[bytes], object]
    seeds: tuple[bytes, ...]
    errors: tuple[type[Exception], ...] = (FerrarisError,)

    def run(self, octets: bytes) -> None:
        """Decode; the errors named are the right answer to wrong octets, anything else comes out."""
        with contextlib.suppress(self.errors):
            self.decode(octets)


def turns(octets: bytes) -> Iterator[bytes]:
    """What is said in turn, for targets that remember: a length octet before each (0xFF: two more), the rest as it is."""
    place = 0
    while place < len(octets):
        length, start = octets[place], place + 1
        if length == LONG_TURN:
            length, start = int.from_bytes(octets[start : start + 2], "big"), start + 2
        yield octets[start : start + length]
        place = start + length


def in_turns(said: Iterable[bytes]) -> bytes:
    """The octets of which `turns` makes this."""
    joined = bytearray()
    for one in said:
        short = len(one) < LONG_TURN
        joined += bytes((len(one),)) if short else bytes((LONG_TURN,)) + len(one).to_bytes(2, "big")
        joined += one
    return bytes(joined)
