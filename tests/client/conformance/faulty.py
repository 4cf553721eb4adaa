"""A meter that breaks one rule at a time: its server's engine answers rightly, then a fault changes what goes out or comes in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count

from ferraris.client import ClientSettings
from ferraris.client.conformance import Result, chosen
from ferraris.dlms.apdu import (
    Aare,
    AssociationResult,
    Conformance,
    GetResponseNormal,
    GetResponseWithBlock,
    InitiateResponse,
    decode_apdu,
)
from ferraris.kernel.errors import DecodeError
from ferraris.link import Link
from ferraris.meter.fleet import Fleet
from tests.client.conformance.bottle import Spoil, Tampering, check_meter

HEADER = 8

Change = Callable[[bytes], bytes]
"""Of one APDU."""


def on_apdus(change: Change) -> Callable[[bytes], bytes]:
    """The same change on a WPDU, its length made right again."""

    def changed(wpdu: bytes) -> bytes:
        apdu = change(wpdu[HEADER:])
        return wpdu[:6] + len(apdu).to_bytes(2, "big") + apdu

    return changed


def check_with(
    fleet: Fleet,
    settings: ClientSettings,
    name: str,
    change: Callable[[bytes], bytes],
    profile: str = "smr5_three_phase",
) -> Result:
    """One check against a meter whose WPDUs all pass through `change`."""

    def around(link: Link) -> Link:
        return Tampering(link, change)

    [result] = check_meter(fleet, settings, chosen([name]), around=around, profile=profile)
    return result


def check_spoilt(fleet: Fleet, settings: ClientSettings, name: str, spoil: Spoil) -> Result:
    """One check, also one that writes, against a meter that is faulty itself."""
    [result] = check_meter(fleet, settings, chosen([name]), spoil=spoil, write=True)
    return result


def decoded(apdu: bytes) -> object:
    try:
        return decode_apdu(apdu)
    except DecodeError:
        return None


def accepts_everybody(apdu: bytes) -> bytes:
    """Every AARE accepts."""
    aare = decoded(apdu)
    return replace(aare, result=AssociationResult.ACCEPTED).encode() if isinstance(aare, Aare) else apdu


def rejects_without_reason(apdu: bytes) -> bytes:
    """Every AARE that rejects says nothing of why."""
    aare = decoded(apdu)
    if isinstance(aare, Aare) and aare.result is not AssociationResult.ACCEPTED:
        diagnostic = type(aare.result_source_diagnostic)(1)
        return replace(aare, result_source_diagnostic=diagnostic, user_information=None).encode()
    return apdu


def gives_data_for_everything(apdu: bytes) -> bytes:
    """Refusals and exceptions become a value."""
    return GetResponseNormal(0xC5, b"\x11\x05").encode() if apdu[:1] in (b"\xd8", b"\xc4", b"\xc5", b"\xc7") else apdu


def new_data_each_time() -> Change:
    """Every GET gives another value."""
    values = count()

    def change(apdu: bytes) -> bytes:
        return GetResponseNormal(0xC5, bytes((0x11, next(values)))).encode() if apdu[:1] == b"\xc4" else apdu

    return change


def refuses_everything(apdu: bytes) -> bytes:
    """Answers become exceptions."""
    return bytes.fromhex("d80101") if apdu[:1] in (b"\xc4", b"\xc5", b"\xc7") else apdu


def wrong_invoke_id(apdu: bytes) -> bytes:
    """Answers carry an invoke-id of their own."""
    return apdu[:2] + b"\xc9" + apdu[3:] if apdu[:1] == b"\xc4" else apdu


def blocks_out_of_order(apdu: bytes) -> bytes:
    """Every block says that it is the second one."""
    block = decoded(apdu)
    return replace(block, block_number=2).encode() if isinstance(block, GetResponseWithBlock) else apdu


def sent_back(wpdu: bytes) -> bytes:
    """Source and destination stand as the client sent them."""
    return wpdu[:2] + wpdu[4:6] + wpdu[2:4] + wpdu[6:]


def same_challenge(apdu: bytes) -> bytes:
    """The server's challenge never changes."""
    aare = decoded(apdu)
    if isinstance(aare, Aare) and aare.responding_authentication_value:
        return replace(aare, responding_authentication_value=b"sixteen octets!!").encode()
    return apdu


def gives_data_in_the_clear(apdu: bytes) -> bytes:
    """An exception-response becomes a value."""
    return GetResponseNormal(0xC5, b"\x11\x05").encode() if apdu[:1] == b"\xd8" else apdu


def grants_everything(apdu: bytes) -> bytes:
    """Every AARE grants all services, proposed or not."""
    aare = decoded(apdu)
    if not isinstance(aare, Aare) or aare.user_information is None:
        return apdu
    response = decoded(aare.user_information)
    assert isinstance(response, InitiateResponse)
    granted = replace(response, conformance=Conformance.GET | Conformance.SET | Conformance.ACTION)
    return replace(aare, user_information=granted.encode()).encode()
