"""What security modules and their clients take from each other, and the files that keys and licences come in."""

from __future__ import annotations

import atexit
import contextlib
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from ferraris.kernel.errors import DecodeError, FerrarisError
from ferraris.keys.security_module import PrismTokenService
from ferraris.keys.security_module.keystore_file import read_keystore_file
from ferraris.keys.security_module.licence import TransactionLicence
from ferraris.keys.security_module.opening import read_registers
from ferraris.keys.security_module.sts600_8_6 import (
    CREDIT,
    EXTENDED_STATUS,
    KEY_CHANGE,
    LineReader,
    check_sum,
    decode_answer,
    decode_request,
    encode_answer,
    encode_request,
    number,
    printable,
)
from ferraris.keys.security_module.sts600_8_6 import (
    octets as octet_field,
)
from ferraris.keys.security_module.thrift_messages import (
    decode_call,
    decode_reply,
    encode_call,
    encode_reply,
    interface,
)
from tests.fuzz.target import in_turns, turns
from tests.keys.security_module.benches import OLD, PAN, PRESENT, SECRETS, TILL, make_keystore, software_module
from tests.keys.security_module.test_prismtoken_service import asked_meter, change, credit, service_over

RAW = 0xFF
LICENCE_KEY = bytes(range(32))
METHODS = (
    "ping", "signInWithPassword", "getStatus", "parseIdRecord", "loadTransactionLicense", "issueCreditToken",
    "issueMeterTestToken", "issueMseToken", "issueKeyChangeTokens", "verifyToken", "issueDitkChangeTokens",
    "fetchTokenResult", "ctsResetTidList",
)  # fmt: skip


@cache
def _directory() -> Path:
    directory = Path(tempfile.mkdtemp(prefix="ferraris-fuzz-"))
    atexit.register(shutil.rmtree, directory, True)
    return directory


@cache
def _service() -> tuple[PrismTokenService, str]:
    """A PrismToken service and the credential of somebody who is signed in; the keys of all groups are in it."""
    service = service_over(software_module(_directory() / "keystore"))
    options = interface().SessionOptions()
    call = encode_call(
        "signInWithPassword",
        1,
        messageId="s",
        realm="local",
        username=TILL,
        password=SECRETS[TILL],
        sessionOpts=options,
    )
    signed_in = decode_reply(service.answer(call).message, "signInWithPassword", 1)
    return service, str(signed_in.success.accessToken)


def prismtoken_call(octets: bytes) -> None:
    """A message of any client: what is a call is answered, and the answer is one to it."""
    service, _ = _service()
    answered = service.answer(octets)
    method, sequence, call = decode_call(octets)
    if call is None:
        with contextlib.suppress(DecodeError):
            decode_reply(answered.message, method, sequence)
            raise AssertionError("a method that there is not was carried out")
    else:
        decode_reply(answered.message, method, sequence)


def prismtoken_reply(octets: bytes) -> None:
    """What a service says to a call, whose method the first octet names."""
    method = METHODS[octets[0] % len(METHODS)] if octets else METHODS[0]
    decode_reply(octets[1:], method, 1)


@cache
def prismtoken_call_seeds() -> tuple[bytes, ...]:
    _, credential = _service()

    def call(method: str, **arguments: Any) -> bytes:
        return encode_call(method, 2, messageId=f"m-{method}", accessToken=credential, **arguments)

    record = "00000260060135803400000207999907012"
    return (
        encode_call("ping", 2, sleepMs=0, echo="x"),
        call("getStatus"),
        call("parseIdRecord", idRecord=record),
        call("loadTransactionLicense", licenseText="licence"),
        call("issueCreditToken", **credit()),
        call("issueMseToken", **credit(subclass=5, transferAmount=0.0)),
        call("issueMeterTestToken", subclass=0, control=1, mfrcode=0),
        call("issueKeyChangeTokens", meterConfig=asked_meter(OLD), newConfig=change(PRESENT, 8)),
        call("issueDitkChangeTokens", meterConfig=asked_meter()),
        call("ctsResetTidList", panPattern=PAN.digits),
        call("verifyToken", meterConfig=asked_meter(), tokenDec="1" * 20),
        call("fetchTokenResult", reqMessageId="m-issueCreditToken"),
        encode_call("ping", 2, sleepMs=0, echo="x").replace(b"ping", b"pong"),
    )


@cache
def prismtoken_reply_seeds() -> tuple[bytes, ...]:
    service, _ = _service()
    error = interface().ApiException(eCode="EParamRange", eMsgEn="out of range")
    found = [bytes((place,)) + encode_reply(method, 1, error=error) for place, method in enumerate(METHODS)]
    for octets in prismtoken_call_seeds():
        method, _, call = decode_call(octets)
        if call is not None:
            said = bytearray(service.answer(octets).message)
            said[8 + len(method) : 12 + len(method)] = (1).to_bytes(4, "big")
            found.append(bytes((METHODS.index(method),)) + bytes(said))
    return tuple(found)


def sts600_line(octets: bytes) -> None:
    """Lines with a right check sum, or as they come: alike in whole and in pieces, and what is read is written the same."""
    lines = [turn[1:] if turn[:1] == bytes((RAW,)) else turn + b"%04X" % check_sum(turn) for turn in turns(octets)]
    stream = b"\r".join(lines) + b"\r"
    whole, cut = LineReader(), LineReader()
    told = whole.receive(stream)
    assert told == [line for octet in stream for line in cut.receive(bytes((octet,)))]
    for line in told:
        with contextlib.suppress(FerrarisError):
            header, fields = decode_request(line)
            assert decode_request(encode_request(header, fields)[:-1]) == (header, fields)
        with contextlib.suppress(FerrarisError):
            header, status, fields = decode_answer(line)
            if status != EXTENDED_STATUS:  # what stands behind that one is no fields
                assert decode_answer(encode_answer(header, status, fields)[:-1]) == (header, status, fields)


def _unsummed(line: bytes) -> bytes:
    return line[:-5]


STS600_SEEDS = (
    in_turns(
        [
            _unsummed(encode_request(CREDIT, [number(1), printable(PAN.digits), number(7), octet_field(256, 2)])),
            _unsummed(encode_answer(CREDIT, "00", [printable("1" * 20), octet_field(0x5D4C1A)])),
            _unsummed(encode_answer(KEY_CHANGE, "EE")) + b"whatever",
            b"GL!ER20",
        ]
    ),
    in_turns([b"\xff" + encode_request("SM?VM", [("D", "20260101120000")]), b"\xff\r\n\r", b"SM?VKH00~N~"]),
)


def licence(octets: bytes) -> None:
    TransactionLicence.parse(octets.decode("latin-1"), LICENCE_KEY)


LICENCE_SEEDS = (TransactionLicence("0123456789abcdef", "0" * 32, 1_000).text(LICENCE_KEY).encode(),)


def keystore(path: Path) -> None:
    read_keystore_file(path)


def registers(path: Path) -> None:
    read_registers(path)


@cache
def keystore_seeds() -> tuple[bytes, ...]:
    path = _directory() / "seed"
    make_keystore(path)
    return (path.read_bytes(),)


REGISTER_SEEDS = (
    (
        b'[[register]]\nnumber = 1\nsupply_group_code = "201457"\nkey_revision_number = 1\nkey_type = "DUTK"\n'
        b'base_date = 2014\nkey_expiry_number = 255\nderivation = "DKGA04"\ncheck_value = "A1B2C3"\n'
    ),
)
