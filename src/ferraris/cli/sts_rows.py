"""Rows of vectors in, answers out: what `--jsonl` of the commands on tokens does with one line.

A row is `{"id", "algorithm", "inputs", "expected"}`; what it is about its inputs say: a token, a key change, a decoder key, or a
step on the way (check value, cipher block, check digit). An answer is `{"id", "ok", "token" | "tokens" | fields, "error"}`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from ferraris.cli.sts_inputs import (
    CREDIT,
    DISPLAY,
    TOKEN_BITS,
    Inputs,
    class_of,
    configuration_of,
    derived_key,
    hexadecimal,
    key_of,
    number,
    octets,
    tables_of,
    token_of,
)
from ferraris.kernel.errors import ConfigError, FerrarisError
from ferraris.kernel.json_text import read_json_object
from ferraris.kernel.limits import INSPECTION_LINE_OCTETS_MAX
from ferraris.sts import (
    KEY_NEVER_EXPIRES,
    BaseDate,
    CurrencyCreditToken,
    DecoderKey,
    EncryptionAlgorithm,
    KeyChangeSection,
    MeterPan,
    StaTables,
    StsError,
    Token,
    TokenError,
    TokenResult,
    assemble_key_change,
    clear_block,
    crc16,
    decode_token,
    encode_key_change,
    encode_token,
    from_digits,
    is_key_expired,
    issued_ms,
    sections_missing,
    to_digits,
    token_fields,
)

Answer = dict[str, Any]
LUHN_ERROR: Final = "LUHN ERROR"


def answer(line: str | bytes, compute: Callable[[Mapping[str, Any], StaTables], Answer], tables: StaTables) -> str:
    """The answer to one line, as one line without its end."""
    said: Answer = {"id": None, "ok": False}
    try:
        row = _row(line)
        said["id"] = row.get("id") if isinstance(row.get("id"), str | int | None) else None
        said |= compute(row, tables)
        said["ok"] = said.get("error") is None
    except FerrarisError as error:
        said["error"] = error_fields(error)
    return json.dumps({**said, "error": said.get("error")})


def error_fields(error: FerrarisError) -> Answer:
    """An error's fields, with the standard's name of the result where a token has one."""
    return {
        "type": type(error).__name__,
        "result": str(error.result) if isinstance(error, TokenError) else None,
        "summary": error.summary,
        "expected": None if error.expected is None else str(error.expected),
        "got": None if error.got is None else str(error.got),
    }


def _row(line: str | bytes) -> Mapping[str, Any]:
    if len(line) > INSPECTION_LINE_OCTETS_MAX:
        raise ConfigError("a line is too long", expected=f"at most {INSPECTION_LINE_OCTETS_MAX} octets")
    return read_json_object(line, "a line", expected="an object a line")


def inputs_of(row: Mapping[str, Any]) -> Inputs:
    """The inputs of a row, or the row itself when it has them beside its id."""
    inputs = row.get("inputs", row)
    if not isinstance(inputs, dict):
        raise ConfigError("the inputs of a row", expected="an object", got=type(inputs).__name__)
    return inputs


def encode_row(row: Mapping[str, Any], tables: StaTables) -> Answer:
    """What the row expects, made from its inputs."""
    inputs = inputs_of(row)
    if "plaintext" in inputs:
        return {"value": _misty1(inputs).encrypt_block(hexadecimal(inputs, "plaintext")).to_bytes(8, "big").hex()}
    if "data56" in inputs:
        return {"value": f"{crc16(octets(inputs, 'data56')):04X}"}
    if "key" in inputs:
        key = DecoderKey(EncryptionAlgorithm.EA07, octets(inputs, "key"), tables_of(inputs, tables))
        digits = to_digits(class_of(inputs), key.encrypt_block(hexadecimal(inputs, "block")))
        return {"value": f"{int(digits):X}", "token": digits}
    if "token_class" in inputs and "new" in inputs:
        return {"tokens": _key_change(inputs, tables)}
    if "token_class" in inputs:
        return {"token": _token(inputs, tables)}
    return _check_digits(inputs) if "dkga" not in inputs and "ea" not in inputs else derive_row(row, tables)


def decode_row(row: Mapping[str, Any], tables: StaTables) -> Answer:
    """The fields of the row's token, which stands under `token`, `tokens` or `expected`."""
    inputs = inputs_of(row)
    digits = row.get("token", row.get("tokens", row.get("expected")))
    if "plaintext" in inputs:
        block = hexadecimal({"expected": digits}, "expected")
        return {"plaintext": _misty1(inputs).decrypt_block(block).to_bytes(8, "big").hex()}
    if "data56" in inputs:
        return _confirmed(encode_row(row, tables), digits)
    if "key" in inputs:
        key = DecoderKey(EncryptionAlgorithm.EA07, octets(inputs, "key"), tables_of(inputs, tables))
        token_class, block = from_digits(f"{hexadecimal({'expected': digits}, 'expected', TOKEN_BITS):020d}")
        return {"token_class": token_class, "block": f"{key.decrypt_block(block):016X}"}
    if "drn" in inputs and "ea" not in inputs:
        return _check_digits(inputs)
    if isinstance(digits, list):
        return _key_change_fields([str(each) for each in digits], key_of(inputs, tables))
    if not isinstance(digits, str):
        raise ConfigError("a row without its token", expected="20 digits under token or expected")
    return _fields(digits, inputs, tables)


def derive_row(row: Mapping[str, Any], tables: StaTables) -> Answer:
    """The decoder key of the row's meter, in the clear as the vending key stands in the row."""
    inputs = inputs_of(row)
    key = derived_key(inputs, tables)
    return {"decoder_key": key.octets.hex(), "check_value": key.check_value}


def _misty1(inputs: Inputs) -> DecoderKey:
    return DecoderKey(EncryptionAlgorithm.EA11, octets(inputs, "key"))


def _confirmed(computed: Answer, expected: object) -> Answer:
    """A check value has no way back: it can be confirmed."""
    if str(expected).upper() != computed["value"]:
        raise StsError("the check value is wrong", expected=computed["value"], got=str(expected)[:40])
    return computed


def _check_digits(inputs: Inputs) -> Answer:
    text = str(inputs.get("drn", inputs.get("pan", "")))
    try:
        pan = MeterPan.parse(text)
    except StsError as error:
        fields = error_fields(error)
        if "check digit" not in error.summary:
            raise
        return {"value": LUHN_ERROR, "error": {**fields, "summary": f"{LUHN_ERROR}: {fields['summary']}"}}
    return {"value": "accept", "pan": pan.digits, "drn": pan.decoder_reference_number}


def _token(inputs: Inputs, tables: StaTables) -> str:
    key = None if class_of(inputs) == DISPLAY else key_of(inputs, tables)
    token = token_of(inputs)
    digits = encode_token(token, key)
    refuse_expired(token, number(inputs, "ken", KEY_NEVER_EXPIRES))
    return digits


def refuse_expired(token: Token, key_expiry_number: int) -> None:
    """No token is made under a vending key that has expired at its time of issue."""
    identifier = getattr(token, "token_identifier", None)
    if identifier is not None and is_key_expired(key_expiry_number, identifier):
        raise TokenError(
            TokenResult.KEY_EXPIRED_ERROR,
            "the vending key has expired at the time of issue",
            expected=f"a key expiry number of {identifier >> 16} or above",
            got=key_expiry_number,
        )


def _key_change(inputs: Inputs, tables: StaTables) -> list[str]:
    if not isinstance(inputs["new"], dict):
        raise ConfigError("the input new", expected="an object: the configuration after the key change")
    new = {**{name: value for name, value in inputs.items() if name != "decoder_key"}, **inputs["new"]}
    return list(
        encode_key_change(key_of(new, tables), configuration_of(new), key_of(inputs, tables), configuration_of(inputs))
    )


def _fields(digits: str, inputs: Inputs, tables: StaTables) -> Answer:
    token_class, _ = from_digits(digits)
    key = None if token_class == DISPLAY else key_of(inputs, tables)
    token = decode_token(digits, key)
    base_date = BaseDate.of_year(number(inputs, "base_date", BaseDate.Y1993.year))
    return fields_of(token, base_date)


def fields_of(token: Token, base_date: BaseDate) -> Answer:
    """A token by the names of a vector file: class, subclass, block in clear, and its own fields."""
    token_class, block = clear_block(token)
    fields: Answer = {
        **token_fields(token),
        "kind": type(token).__name__,
        "token_class": token_class,
        "subclass": block >> 60,
        "block": f"{block:016x}",
    }
    identifier = getattr(token, "token_identifier", None)
    if identifier is not None:
        issued = datetime.fromtimestamp(issued_ms(base_date, identifier) / 1000, UTC)
        fields |= {"tid": identifier, "issue": f"{issued:%Y-%m-%d %H:%M:%S}", "field16": f"{block >> 16 & 0xFFFF:04x}"}
    if identifier is not None and not (token_class == CREDIT and isinstance(token, CurrencyCreditToken)):
        fields["rnd"] = block >> 56 & 0xF
    if token_class == DISPLAY:
        fields |= {"control": f"{getattr(token, 'control', 0):x}", "mfr_code": getattr(token, "manufacturer_code", 0)}
    return fields


def _key_change_fields(tokens: list[str], key: DecoderKey) -> Answer:
    sections = [decode_token(digits, key) for digits in tokens]
    if not all(isinstance(section, KeyChangeSection) for section in sections):
        raise ConfigError("tokens of a key change", expected="key-change tokens only")
    held = [section for section in sections if isinstance(section, KeyChangeSection)]
    if sections_missing(held, key.algorithm):
        return {"sections": [fields_of(section, BaseDate.Y1993) for section in held]}
    change = assemble_key_change(held, key)
    new = {
        "decoder_key": change.decoder_key.octets.hex(),
        "krn": change.key_revision_number,
        "kt": int(change.key_type),
        "ken": change.key_expiry_number,
        "ti": f"{change.tariff_index:02d}",
        "sgc": change.supply_group_code,
        "rollover": change.rollover,
    }
    return {"sections": [fields_of(section, BaseDate.Y1993) for section in held], "new": new}
