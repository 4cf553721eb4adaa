"""Plain values: what people write in profile files and forms, and read in JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.codec import BitString, Data, Tag
from ferraris.cosem import (
    AccessMode,
    CaptureObject,
    ControlState,
    CosemDate,
    CosemDateTime,
    Obis,
    ScalerUnit,
    SecurityPolicy,
    from_plain,
    interface_classes,
    to_plain,
    types,
)
from ferraris.cosem.classes.profile_generic import CAPTURE_OBJECT
from ferraris.cosem.classes.register import REGISTER_VALUE, SCALER_UNIT
from ferraris.cosem.types import Array, DataType, Enumerated, Flags, NamedBits, Nullable
from ferraris.kernel.errors import LocalProtocolError
from ferraris.kernel.units import Unit
from tests.cosem.strategies import values_of

CLOCK = Obis.parse("0.0.1.0.0.255")
DATE_TIME = "0x07e8010f010c1e2d32ffc400"

BOTH_WAYS = [
    # data type                     plain                               value
    (types.UNSIGNED,                5,                                  5),
    (types.BOOLEAN,                 True,                               True),
    (types.NULL_DATA,               None,                               None),
    (types.VISIBLE_STRING,          "FER",                              "FER"),
    (types.OCTET_STRING,            "0x0102ff",                         b"\x01\x02\xff"),
    (types.LOGICAL_NAME,            "0.0.1.0.0.255",                    CLOCK),
    (types.BIT_STRING,              "10101",                            BitString(5, b"\xa8")),
    (types.BIT_STRING,              "",                                 BitString(0, b"")),
    (Enumerated(ControlState),      "ready_for_reconnection",           ControlState.READY_FOR_RECONNECTION),
    (Flags(SecurityPolicy),         ["encrypted_request"],              SecurityPolicy.ENCRYPTED_REQUEST),
    (Flags(SecurityPolicy),         [],                                 SecurityPolicy(0)),
    (Array(types.UNSIGNED),         [1, 2],                             (1, 2)),
    (Nullable(types.UNSIGNED),      None,                               None),
    (Nullable(types.UNSIGNED),      7,                                  7),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "plain", "value"), BOTH_WAYS)
def test_written_and_read_alike(datatype: DataType[Any], plain: object, value: object) -> None:
    assert from_plain(datatype, plain) == value
    assert to_plain(value) == plain


WRITTEN = [
    # data type                     plain                               value
    (types.OCTET_STRING,            "FER",                              b"FER"),
    (types.LOGICAL_NAME,            "0-0:1.0.0*255",                    CLOCK),
    (Enumerated(Unit),              30,                                 Unit.WATT_HOUR),
    (Flags(SecurityPolicy),         108,                                SecurityPolicy(0x6C)),
    (SCALER_UNIT,                   [-1, "volt"],                       ScalerUnit(-1, Unit.VOLT)),
    (SCALER_UNIT,                   {"unit": "volt", "scaler": -1},     ScalerUnit(-1, Unit.VOLT)),
    (CAPTURE_OBJECT,                [8, "0.0.1.0.0.255", 2, 0],         CaptureObject(8, CLOCK, 2)),
    (types.DATE_TIME,               DATE_TIME,                          CosemDateTime.from_octets(bytes.fromhex(DATE_TIME[2:]))),
    (types.DATE_TIME_STRING,        DATE_TIME,                          CosemDateTime.from_octets(bytes.fromhex(DATE_TIME[2:]))),
    (types.DATE_STRING,             "0x07e8010f01",                     CosemDate(2024, 1, 15, 1)),
    (types.ANY,                     {"long-unsigned": 5},               Data(Tag.LONG_UNSIGNED, 5)),
    (types.ANY,                     {"octet-string": "0x00"},           Data(Tag.OCTET_STRING, b"\x00")),
    (types.ANY,                     {"structure": [{"integer": 0}]},    Data(Tag.STRUCTURE, (Data(Tag.INTEGER, 0),))),
    (types.ANY,                     None,                               Data(Tag.NULL_DATA, None)),
    (REGISTER_VALUE,                {"long64": -1},                     Data(Tag.LONG64, -1)),
    (types.ROW,                     [{"unsigned": 1}, None],            (Data(Tag.UNSIGNED, 1), Data(Tag.NULL_DATA, None))),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "plain", "value"), WRITTEN)
def test_other_ways_to_write(datatype: DataType[Any], plain: object, value: object) -> None:
    assert from_plain(datatype, plain) == value


READ = [
    # value                                             plain
    (ScalerUnit(-1, Unit.VOLT),                         {"scaler": -1, "unit": "volt"}),
    (Data(Tag.LONG_UNSIGNED, 5),                        5),
    (Data(Tag.STRUCTURE, (Data(Tag.INTEGER, 0),)),      [0]),
    (CosemDateTime(2024, 1, 15),                        "2024-01-15 *:*:*"),
    (AccessMode.READ | AccessMode.WRITE,                ["read", "write"]),
    ((CaptureObject(8, CLOCK, 2),),                     [{"class_id": 8, "logical_name": "0.0.1.0.0.255", "attribute_index": 2, "data_index": 0}]),
]  # fmt: skip


@pytest.mark.parametrize(("value", "plain"), READ)
def test_what_people_read(value: object, plain: object) -> None:
    assert to_plain(value) == plain


REFUSED = [
    # data type                     plain
    (types.OCTET_STRING,            "0xzz"),
    (types.OCTET_STRING,            5),
    (types.LOGICAL_NAME,            "clock"),
    (types.BIT_STRING,              "102"),
    (types.DATE_TIME,               "0x00"),
    (types.DATE_TIME_STRING,        "yesterday"),
    (Enumerated(ControlState),      "open"),
    (Enumerated(ControlState),      9),
    (Flags(SecurityPolicy),         ["none_such"]),
    (Array(types.UNSIGNED),         5),
    (SCALER_UNIT,                   [0]),
    (SCALER_UNIT,                   {"scaler": 0}),
    (SCALER_UNIT,                   "0 Wh"),
    (types.ANY,                     5),
    (types.ANY,                     {"no-such-type": 5}),
    (types.ANY,                     {"long": 1, "integer": 2}),
    (types.ROW,                     5),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "plain"), REFUSED)
def test_what_writes_no_value_is_refused(datatype: DataType[Any], plain: object) -> None:
    with pytest.raises(LocalProtocolError):
        from_plain(datatype, plain)


def test_the_words_of_a_refusal_name_the_type() -> None:
    with pytest.raises(LocalProtocolError, match=r"expected enum ControlState, got 'open'"):
        from_plain(Enumerated(ControlState), "open")


def each_once(places: dict[str, DataType[Any]]) -> list[Any]:
    """The types at these places as parameters, each once, with the name of a place where it stands."""
    once = {id(datatype): (name, datatype) for name, datatype in reversed(places.items())}
    return [pytest.param(datatype, id=name) for name, datatype in once.values()]


def every_attribute_type() -> list[Any]:
    return each_once(
        {
            repr(attribute): attribute.datatype
            for interface in interface_classes()
            for attribute in interface.attributes()
        }
    )


@pytest.mark.parametrize("datatype", every_attribute_type())
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_every_value_of_every_attribute_can_be_shown(datatype: DataType[Any], data: st.DataObject) -> None:
    json.dumps(to_plain(data.draw(values_of(datatype))))


def returns(datatype: DataType[Any]) -> bool:
    """Whether a value's plain form says all of it: neither a date for people nor a value without its type is in it."""
    if isinstance(datatype, types.Array):
        return returns(datatype.item)
    if isinstance(datatype, types.Structure):
        return all(returns(member) for _, member in datatype.members)
    if isinstance(datatype, Nullable):
        return returns(datatype.datatype)
    for_people = types.Tagged | types.InOctetString | types.DateTimeInEitherForm
    return not isinstance(datatype, for_people | types.Choice | types.AnyType | types.Row)


def every_type_that_returns() -> list[Any]:
    """Of all attributes, arguments and results, those whose plain form can be read back."""
    found: dict[str, DataType[Any]] = {}
    for interface in interface_classes():
        found |= {repr(attribute): attribute.datatype for attribute in interface.attributes()}
        for method in interface.methods():
            found[f"{method!r}.argument"] = method.argument
            found |= {f"{method!r}.result": method.result} if method.result is not None else {}
    return each_once({name: datatype for name, datatype in found.items() if returns(datatype)})


def test_most_types_return() -> None:
    assert len(every_type_that_returns()) > 100


@pytest.mark.parametrize("datatype", every_type_that_returns())
@settings(max_examples=5)
@given(data=st.data())
def test_what_people_read_can_be_written_back(datatype: DataType[Any], data: st.DataObject) -> None:
    value = data.draw(values_of(datatype))
    assert from_plain(datatype, json.loads(json.dumps(to_plain(value)))) == value


FLAGS = [
    # plain                                value
    (["read"],                             AccessMode.READ),
    (["read", "write"],                    AccessMode.READ_WRITE),
    (["read", "read_write"],               AccessMode.READ_WRITE),
    (["read", "read", "execute"],          AccessMode.READ),
    (["READ_WRITE"],                       AccessMode.READ_WRITE),
    (["bit_0", "bit_7"],                   AccessMode.READ | AccessMode.DIGITALLY_SIGNED_RESPONSE),
    (0,                                    AccessMode.NONE),
    ("255",                                AccessMode(255)),
]  # fmt: skip


@pytest.mark.parametrize(("plain", "value"), FLAGS)
def test_flags_are_joined_not_added(plain: object, value: AccessMode) -> None:
    assert from_plain(Flags(AccessMode), plain) == value


def test_bits_and_numbers_without_a_name_are_shown_and_read_back() -> None:
    assert to_plain(SecurityPolicy(0x6D))[0] == "bit_0"
    assert from_plain(Flags(SecurityPolicy), to_plain(SecurityPolicy(0x6D))) == SecurityPolicy(0x6D)
    assert from_plain(Enumerated(Unit), to_plain(Unit(200))) == Unit(200)
    with pytest.raises(LocalProtocolError):
        from_plain(Enumerated(ControlState), "code_9")


UNFIT = [
    # data type                     plain                                       why
    (types.UNSIGNED,                "five",                                     "no number"),
    (types.UNSIGNED,                256,                                        "too large"),
    (types.UNSIGNED,                1.5,                                        "no whole number"),
    (types.BOOLEAN,                 "yes",                                      "no truth value"),
    (types.NULL_DATA,               0,                                          "null is the only value"),
    (types.FLOAT32,                 1e300,                                      "too large"),
    (types.VISIBLE_STRING,          5,                                          "no text"),
    (types.BIT_STRING,              "1_0",                                      "an underscore is no bit"),
    (types.BIT_STRING,              " 1",                                       "a space is no bit"),
    (types.OctetString(6),          "0x0102",                                   "too short"),
    (Flags(SecurityPolicy),         256,                                        "nine bits"),
    (Flags(SecurityPolicy),         -1,                                         "no bits"),
    (NamedBits(SecurityPolicy, 3),  ["bit_3"],                                  "three bits end at 2"),
    (Flags(SecurityPolicy),         ["bit_8"],                                  "eight bits end at 7"),
    (Flags(SecurityPolicy, Tag.LONG_UNSIGNED), ["bit_16"],                      "sixteen bits end at 15"),
    (Enumerated(Unit),              "code_256",                                 "more than an octet"),
    (SCALER_UNIT,                   {"scaler": 0, "unit": "volt", "typo": 1},   "a member too many"),
    (SCALER_UNIT,                   [0, "volt", 1],                             "a member too many"),
    (SCALER_UNIT,                   [200, "volt"],                              "a scaler of two octets"),
    (REGISTER_VALUE,                {"boolean": True},                          "no type of a register"),
    (REGISTER_VALUE,                {"unsigned": 300},                          "too large for its own type"),
    (Array(types.UNSIGNED),         [1, 300],                                   "the second is too large"),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "plain", "why"), UNFIT)
def test_what_comes_out_always_fits_its_type(datatype: DataType[Any], plain: object, why: str) -> None:
    with pytest.raises(LocalProtocolError):
        from_plain(datatype, plain)
