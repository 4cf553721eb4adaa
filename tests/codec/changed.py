"""Octets of buffers that a meter could have sent, and the same with some of them changed, gone or added."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

from ferraris.codec import Data, Tag
from ferraris.kernel.errors import DecodeError

CELLS = st.one_of(
    st.just(Data(int(Tag.NULL_DATA), None)),
    st.integers(0, 2**64 - 1).map(lambda value: Data(int(Tag.LONG64_UNSIGNED), value)),
    st.integers(-(2**63), 2**63 - 1).map(lambda value: Data(int(Tag.LONG64), value)),
    st.integers(0, 2**32 - 1).map(lambda value: Data(int(Tag.DOUBLE_LONG_UNSIGNED), value)),
    st.integers(-(2**15), 2**15 - 1).map(lambda value: Data(int(Tag.LONG), value)),
    st.integers(0, 255).map(lambda value: Data(int(Tag.UNSIGNED), value)),
    st.booleans().map(lambda value: Data(int(Tag.BOOLEAN), value)),
    st.integers(0, 99).map(lambda value: Data(int(Tag.BCD), value)),
    st.integers(0, 255).map(lambda value: Data(int(Tag.ENUM), value)),
    st.floats(width=32).map(lambda value: Data(int(Tag.FLOAT32), value)),
    st.binary(max_size=3).map(lambda value: Data(int(Tag.OCTET_STRING), value)),
    st.binary(min_size=12, max_size=12).map(lambda value: Data(int(Tag.DATE_TIME), value)),
    st.integers(-128, 127).map(lambda value: Data(int(Tag.DELTA_INTEGER), value)),
    st.integers(0, 2**32 - 1).map(lambda value: Data(int(Tag.DELTA_DOUBLE_LONG_UNSIGNED), value)),
)


@st.composite
def changed(draw: st.DrawFn, octets: bytes) -> bytes:
    """Up to three changes, most of them of one octet."""
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(octets)))
        gone = draw(st.sampled_from([0, 1, 1, 1, 4]))
        come = draw(st.binary(max_size=gone + 1))
        octets = octets[:place] + come + octets[place + gone :]
    return octets


def seen(read: Callable[[bytes], object], octets: bytes) -> str:
    """What is read, in words that tell -0.0 from 0.0 and True from 1; or that it is refused."""
    try:
        return repr(read(octets))
    except DecodeError:
        return "refused"
