"""The fields of protected APDUs, octet by octet: what stands in the clear around what is ciphered or signed."""

from __future__ import annotations

from typing import Final

from ferraris.dlms.apdu import GLOBAL_CIPHERED_TAGS
from ferraris.dlms.inspect.octet_map import Outline

KEY_INFOS: Final = {0: "identified-key", 1: "wrapped-key", 2: "agreed-key"}
KEY_IDS: Final = {0: "global unicast encryption key", 1: "global broadcast encryption key"}
AGREEMENTS: Final = {b"\x01": "C(1e, 1s)", b"\x02": "C(0e, 2s)"}
PROTECTIONS: Final = ((0x10, "authenticated"), (0x20, "encrypted"), (0x40, "broadcast key"), (0x80, "compressed"))


def security_walk(o: Outline) -> None:
    """Note the security header, what it protects, and the authentication tag."""
    control = o.peek()
    parts = [text for bit, text in PROTECTIONS if control & bit]
    o.note("security-control", 1, f"suite {control & 0x0F}, {' and '.join(parts) or 'not protected'}")
    o.number("invocation-counter", 4)
    tag = 12 if control & 0x10 else 0
    o.note("protected", max(0, o.left - tag), "")
    if tag:
        o.note("authentication-tag", tag, "")


def service_ciphered_walk(o: Outline) -> None:
    """glo- and ded- APDUs of one service."""
    o.note("tag", 1, "glo-" if o.peek() in GLOBAL_CIPHERED_TAGS else "ded-")
    o.length("length")
    security_walk(o)


def general_ciphered_walk(o: Outline) -> None:
    """general-glo-ciphering and general-ded-ciphering."""
    o.note("tag", 1, "general-glo-ciphering" if o.peek() == 0xDB else "general-ded-ciphering")
    o.string("system-title")
    o.length("length")
    security_walk(o)


def general_ciphering_walk(o: Outline) -> None:
    """general-ciphering, with whatever says how its key is known."""
    o.note("tag", 1, "general-ciphering")
    _header(o)
    if o.flag("key-info"):
        choice = o.choice("key-info choice", KEY_INFOS)
        if choice == 0:
            o.choice("key-id", KEY_IDS)
        elif choice == 1:
            o.choice("kek-id", {0: "master key"})
            o.string("key-ciphered-data")
        elif choice == 2:
            count = o.length("key-parameters length")
            o.note("key-parameters", count, AGREEMENTS.get(o.octets[o.offset : o.offset + count], ""))
            o.string("key-ciphered-data")
    o.length("length")
    security_walk(o)


def general_signing_walk(o: Outline) -> None:
    """general-signing: the APDU in it, and its signature."""
    o.note("tag", 1, "general-signing")
    _header(o)
    o.string("content")
    o.string("signature")


def _header(o: Outline) -> None:
    for name in (
        "transaction-id",
        "originator-system-title",
        "recipient-system-title",
        "date-time",
        "other-information",
    ):
        o.string(name)
