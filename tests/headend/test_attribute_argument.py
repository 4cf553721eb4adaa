"""The argument of `read_attribute`: what names an attribute, and what is told of all else."""

from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.cosem import Obis
from ferraris.dlms.apdu import AttributeDescriptor
from ferraris.headend import attribute_of
from ferraris.kernel.errors import ConfigError

NAMED = [
    # argument                       class   logical name         attribute
    ("3/1.0.1.8.0.255/2",            3,      "1.0.1.8.0.255",     2),
    ("3/1-0:1.8.0*255/2",            3,      "1.0.1.8.0.255",     2),
    ("3/1-0:1.8.0/2",                3,      "1.0.1.8.0.255",     2),
    ("0/0.0.0.0.0.0/0",              0,      "0.0.0.0.0.0",       0),
    ("65535/255.255.255.255.255.255/127", 65535, "255.255.255.255.255.255", 127),
    ("8192/0.0.1.0.0.255/-128",      8192,   "0.0.1.0.0.255",     -128),
]  # fmt: skip
NONE = [
    "", "nonsense", "3", "3/1.0.1.8.0.255", "3/1.0.1.8.0.255/", "/1.0.1.8.0.255/2", "3//2", "3/1.0.1.8.0.255/2/2",
    "65536/1.0.1.8.0.255/2", "-3/1.0.1.8.0.255/2", "+3/1.0.1.8.0.255/2", " 3/1.0.1.8.0.255/2", "3_0/1.0.1.8.0.255/2",
    "٣/1.0.1.8.0.255/2", "3/1.0.1.8.0.256/2", "3/1.0.1.8.0.255.1/2", "3/x/2", "3/1.0.1.8.0.255/128", "3/1.0.1.8.0.255/-129",
    "3/1.0.1.8.0.255/value", "3/1.0.1.8.0.255/2\n", "9" * 5_000, "3/1.0.1.8.0.255/" + "9" * 5_000,
]  # fmt: skip


@pytest.mark.parametrize(("argument", "class_id", "logical_name", "attribute"), NAMED)
def test_attributes(argument: str, class_id: int, logical_name: str, attribute: int) -> None:
    assert attribute_of(argument) == AttributeDescriptor(class_id, Obis.parse(logical_name), attribute)


@pytest.mark.parametrize("argument", NONE, ids=range(len(NONE)))
def test_what_names_no_attribute(argument: str) -> None:
    with pytest.raises(ConfigError, match="not an attribute, expected class_id/logical_name/attribute_id") as told:
        attribute_of(argument)
    assert len(str(told.value)) < 200


@given(st.text(max_size=30) | st.from_regex(r"-?[0-9]{1,6}/[0-9.]{1,20}/-?[0-9]{1,4}", fullmatch=True))
def test_any_text_names_an_attribute_that_fits_a_request_or_is_refused(argument: str) -> None:
    with contextlib.suppress(ConfigError):
        descriptor = attribute_of(argument)
        assert len(descriptor.logical_name) == 6
        assert re.fullmatch(f"0*{descriptor.class_id}/[^/]+/-?0*{abs(descriptor.attribute_id)}", argument)
