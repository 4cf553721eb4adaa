"""Frames made by hand and captured ones, for tests of what reads them."""

from __future__ import annotations

from ferraris.codec.crc import check_sequence

UA = "a01e610373b57c81801205018006013e0704000000010804000000010722"
RR = "a00a002254d361513f99"
SHORT_LENGTH = "a00b002254d36193f4e3"
STUFFED = "a00d0102011063ab7d5e7d5d7d23932d"
EMPTY = "a00801020110378d"


def build(
    control: int, information: bytes = b"", *, destination: str = "03", source: str = "21", segmented: bool = False
) -> bytes:
    """A frame with right length and checks, without flags."""
    addresses = bytes.fromhex(destination + source)
    length = 2 + len(addresses) + 1 + 2 + (len(information) + 2 if information else 0)
    header = (0xA000 | (0x0800 if segmented else 0) | length).to_bytes(2, "big") + addresses + bytes((control,))
    octets = header + (check_sequence(header) + information if information else b"")
    return octets + check_sequence(octets)
