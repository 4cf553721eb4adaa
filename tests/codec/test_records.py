"""Records of one form: both twins, the compiled one and the one in Python, say the same of the same octets."""

from __future__ import annotations

import gc
import struct
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import which
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.codec import records
from ferraris.codec.records import (
    COMPILED,
    INSTANT_OCTETS,
    InterpretedInstants,
    InterpretedRecordArray,
    InterpretedRecordLayout,
    MetArray,
    interpreted_find_array,
)

TWINS = [
    pytest.param(
        (InterpretedRecordLayout, InterpretedInstants, InterpretedRecordArray, interpreted_find_array), id="interpreted"
    ),
    pytest.param(
        (records.RecordLayout, records.Instants, records.RecordArray, records.find_array),
        id="compiled",
        marks=pytest.mark.skipif(not COMPILED, reason="built without a C compiler"),
    ),
]
Twin = tuple[Any, Any, Any, Callable[..., Any]]
NUMBERS = "BbHhIiQq"
CODES = {code: struct.calcsize(f">{code}") for code in NUMBERS + "fd"}


class Told(NamedTuple):
    """A record that unpacks to something with names."""

    first: int
    second: bytes
    others: tuple[object, ...]
    last: str


@pytest.fixture(params=TWINS)
def twin(request: pytest.FixtureRequest) -> Twin:
    twin: Twin = request.param
    return twin


def mask_of(octets: int, *fixed: int) -> bytes:
    mask = bytearray(octets)
    for place in fixed:
        mask[place] = 0xFF
    return bytes(mask)


def date_time(moment: int) -> bytes:
    return moment.to_bytes(INSTANT_OCTETS, "big")


def test_the_set_up_builds_the_compiled_twin_where_it_can() -> None:
    """Who has no compiler is told by the set-up, and served by the other twin."""
    if which("gcc") is None or not Path(sysconfig.get_paths()["include"], "Python.h").exists():
        pytest.skip("no C compiler, or no headers of Python")
    assert COMPILED
    assert records.RecordLayout.__module__ == "ferraris.codec._records"
    assert records.Instants.__module__ == "ferraris.codec._records"
    assert records.RecordArray.__module__ == "ferraris.codec._records"
    assert records.find_array.__module__ == "ferraris.codec._records"


@pytest.mark.slow
def test_all_that_stands_on_records_works_without_a_compiler() -> None:
    begin = "import sys; sys.modules['ferraris.codec._records'] = sys.modules['ferraris.dlms._pushes'] = None\n"
    tests = [
        "tests/codec",
        "tests/dlms/test_push.py",
        "tests/dlms/test_notification_layout.py",
        "tests/client/test_profile.py",
    ]
    asked = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-k", "not compiler and not set_up_builds", *tests]
    run = subprocess.run(
        [sys.executable, "-c", f"{begin}import pytest; sys.exit(pytest.main({asked!r}))"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-2000:]
    assert "compiled" not in run.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("codes", "octets", "fields"),
    [
        (">B", "ff", (255,)),
        (">b", "ff", (-1,)),
        (">H", "ffff", (65535,)),
        (">h", "8000", (-32768,)),
        (">I", "00010000", (65536,)),
        (">I", "ffffffff", (2**32 - 1,)),
        (">i", "ffffffff", (-1,)),
        (">i", "7fffffff", (2**31 - 1,)),
        (">Q", "ffffffffffffffff", (2**64 - 1,)),
        (">Q", "8000000000000000", (2**63,)),
        (">q", "8000000000000000", (-(2**63),)),
        (">q", "0000000000000007", (7,)),
        (">f", "bf800000", (-1.0,)),
        (">d", "bff0000000000000", (-1.0,)),
        (">d", "3fb999999999999a", (0.1,)),
        (">3s", "010203", (b"\x01\x02\x03",)),
        (">s", "41", (b"A",)),
        (">0s0xB", "05", (b"", 5)),
        ("2xB3xH", "0000 07 000000 0102", (7, 258)),
        (">4x", "00000000", ()),
    ],
)
def test_fields_of_every_kind(twin: Twin, codes: str, octets: str, fields: tuple[object, ...]) -> None:
    record = bytes.fromhex(octets)
    layout = twin[0](codes, bytes(len(record)), bytes(len(record)))
    assert layout.octets == len(record)
    assert layout.unpack(record) == fields
    assert layout.rows(twin[2](None, b"\x99" + record * 3, 1, 3)) == [fields] * 3
    assert [type(value) for value in layout.unpack(record)] == [type(value) for value in fields]


@pytest.mark.parametrize("size", [1, 2, 7, 8, 9, 15, 16, 17, 44])
def test_every_fixed_octet_counts_and_no_other(twin: Twin, size: int) -> None:
    """Eight octets are compared at a time: so each place of records around that size."""
    record = bytes(range(1, size + 1))
    for fixed in range(size):
        layout = twin[0](f">{size}s", record, mask_of(size, fixed))
        for changed in range(size):
            other = bytearray(record)
            other[changed] ^= 0x10
            expected = None if changed == fixed else (bytes(other),)
            assert layout.unpack(bytes(other)) == expected
            assert layout.match(record + bytes(other) + record, 0, 3) is (expected is not None)


@pytest.mark.parametrize("code", NUMBERS)
def test_integers_of_every_size(twin: Twin, code: str) -> None:
    size = CODES[code]
    octets = b"".join(bytes((n,)) * size for n in (0, 1, 0x7F, *([] if code == "Q" else [0x80, 0xFF])))
    count = len(octets) // size
    layout = twin[0](f">{code}", bytes(size), bytes(size))
    expected = struct.unpack(f">{count}{code}", octets)
    assert struct.unpack(f"={count}q", layout.integers(twin[2](None, octets, 0, count))) == expected
    assert struct.unpack(f"={count}q", layout.integers(twin[2](None, b"\x55" * 3 + octets, 3, count))) == expected


def test_integers_field_by_field(twin: Twin) -> None:
    layout = twin[0](">xB2sHfTi", bytes(26), bytes(26), twin[1]({}))
    octets = b"".join(
        b"\x02" + bytes((n,)) + b"ab" + struct.pack(">Hf", 300 + n, 1.5) + bytes(12) + struct.pack(">i", -n)
        for n in range(3)
    )
    fields = struct.iter_unpack("=3q", layout.integers(twin[2](None, octets, 0, 3)))
    assert list(fields) == [(0, 1, 2), (0, 0, 0), (300, 301, 302), (0, 0, 0), (0, 0, 0), (0, -1, -2)]
    assert layout.integers(twin[2](None, octets, 0, 0)) == b""


def test_integers_that_are_not_there_or_too_large(twin: Twin) -> None:
    layout = twin[0](">BQ", bytes(9), bytes(9))
    fits, beyond = (b"\x01" + octet + bytes(7) for octet in (b"\x7f", b"\x80"))
    assert len(layout.integers(twin[2](None, fits + fits, 0, 2))) == 32
    for octets in (fits + beyond, beyond + fits):
        with pytest.raises(OverflowError):
            layout.integers(twin[2](None, octets, 0, 2))
    for offset, count in [(0, 2), (1, 1), (-1, 1), (0, -1), (0, 2**40)]:
        with pytest.raises(ValueError, match="array"):
            layout.integers(twin[2](None, fits, offset, count))


def test_single_bits_of_a_mask_count(twin: Twin) -> None:
    layout = twin[0](">B", b"\xff", b"\x0f")
    assert layout.unpack(b"\x0f") == (15,)
    assert layout.unpack(b"\xaf") == (0xAF,)
    assert layout.unpack(b"\x0e") is None


def test_one_record_is_all_the_octets_given(twin: Twin) -> None:
    layout = twin[0](">2xH", b"\x02\x01\x00\x00", b"\xff\xff\x00\x00")
    assert layout.unpack(b"\x02\x01\x00\x05") == (5,)
    for octets in (b"", b"\x02", b"\x02\x01\x00", b"\x02\x01\x00\x05\x00"):
        assert layout.unpack(octets) is None


def test_rows_that_are_not_there(twin: Twin) -> None:
    layout = twin[0](">H", b"\x00\x00", b"\x00\x00")
    octets = b"\x00\x01\x00\x02\x00"
    assert layout.rows(twin[2](None, octets, 0, 2)) == [(1,), (2,)]
    assert layout.rows(twin[2](None, octets, 1, 2)) == [(0x0100,), (0x0200,)]
    assert layout.rows(twin[2](None, octets, 5, 0)) == []
    for offset, count in [(0, 3), (2, 2), (4, 1), (6, 0), (-1, 1), (0, -1), (0, 2**40)]:
        assert layout.match(octets, offset, count) is False
        with pytest.raises(ValueError, match="array"):
            layout.rows(twin[2](None, octets, offset, count))


@pytest.mark.parametrize("octets", [bytearray(b"\x00\x01"), "ab", None, 5])
def test_a_record_is_bytes(twin: Twin, octets: object) -> None:
    layout = twin[0](">H", bytes(2), bytes(2))
    for call in (
        lambda: layout.unpack(octets),
        lambda: layout.match(octets, 0, 1),
        lambda: layout.rows(twin[2](None, octets, 0, 1)),
    ):
        if layout.__class__ is InterpretedRecordLayout and isinstance(octets, bytearray):
            continue  # the checker of types says it; a bytearray would do no harm here
        with pytest.raises(TypeError):
            call()


@pytest.mark.parametrize(
    ("codes", "octets", "word"),
    [
        (">", 0, "format"),
        ("", 0, "format"),
        (">Z", 1, "'Z'|Z"),
        ("<H", 2, "<"),
        (">2H", 4, "H"),
        (">3", 3, "format"),
        (">99999999999s", 3, "format"),
        (">H", 3, "2 octets"),
        (">0s", 0, "0 octets"),
    ],
)
def test_a_layout_that_does_not_hold_together(twin: Twin, codes: str, octets: int, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        twin[0](codes, bytes(octets), bytes(octets))


def test_a_mask_of_another_size(twin: Twin) -> None:
    with pytest.raises(ValueError, match="mask of 3"):
        twin[0](">H", bytes(2), bytes(3))
    with pytest.raises(ValueError, match="3 fixed"):
        twin[0](">H", bytes(3), bytes(2))


def test_instants_stand_for_their_octets(twin: Twin) -> None:
    known: dict[bytes, Any] = {
        date_time(n): datetime(2026, 1, 1, tzinfo=UTC) + n * timedelta(minutes=15) for n in range(9)
    }
    known[date_time(9)] = None
    layout = twin[0](">TB", bytes(13), bytes(13), twin[1](known))
    octets = b"".join(date_time(n) + bytes((n,)) for n in range(10))
    for _ in range(2):
        assert layout.rows(twin[2](None, octets, 0, 10)) == [(known[date_time(n)], n) for n in range(10)]
    assert layout.unpack(octets[:13]) == (known[date_time(0)], 0)


def test_an_unknown_instant_is_named(twin: Twin) -> None:
    known = {date_time(0): "midnight"}
    layout = twin[0](">T", bytes(12), bytes(12), twin[1](known))
    octets = date_time(0) + date_time(1)
    with pytest.raises(KeyError) as caught:
        layout.rows(twin[2](None, octets, 0, 2))
    assert caught.value.args == (date_time(1),)
    with pytest.raises(KeyError):
        layout.unpack(date_time(1))
    known[date_time(1)] = "a quarter past"
    assert layout.rows(twin[2](None, octets, 0, 2)) == [("midnight",), ("a quarter past",)]


def test_more_instants_than_are_kept_at_hand(twin: Twin) -> None:
    """The compiled twin keeps some thousands in front of the table of all."""
    known = {date_time(n * 900): n for n in range(20_000)}
    layout = twin[0](">T", bytes(12), bytes(12), twin[1](known))
    octets = b"".join(known)
    for _ in range(2):
        assert layout.rows(twin[2](None, octets, 0, len(known))) == [(n,) for n in range(20_000)]


def test_instants_in_other_rows_than_before(twin: Twin) -> None:
    """Where an instant stood in the last profile is looked at first; it never decides."""
    known = {date_time(n): n for n in range(300)}
    layout = twin[0](">T", bytes(12), bytes(12), twin[1](known))
    for order in (range(300), range(299, -1, -1), range(0, 300, 7), [5] * 200, range(300)):
        octets = b"".join(map(date_time, order))
        assert layout.rows(twin[2](None, octets, 0, len(order))) == [(n,) for n in order]


def test_two_instants_in_a_record(twin: Twin) -> None:
    known = {date_time(n): n for n in range(4)}
    layout = twin[0](">TT", bytes(24), bytes(24), twin[1](known))
    octets = date_time(0) + date_time(1) + date_time(2) + date_time(3)
    for _ in range(2):
        assert layout.rows(twin[2](None, octets, 0, 2)) == [(0, 1), (2, 3)]


def test_what_t_needs(twin: Twin) -> None:
    with pytest.raises(ValueError, match="needs instants"):
        twin[0](">T", bytes(12), bytes(12))


def test_one_record_as_a_tuple_of_a_kind(twin: Twin) -> None:
    layout = twin[0](">xB2sHI", b"\x0f" + bytes(9), b"\xff" + bytes(9), kind=Told, leading=2, last="body")
    told = layout.unpack(bytes.fromhex("0f 07 4142 0102 00000005"))
    assert told == Told(7, b"AB", (258, 5), "body")
    assert type(told) is Told
    assert told.others == (258, 5)
    assert layout.unpack(bytes.fromhex("0e 07 4142 0102 00000005")) is None


@pytest.mark.parametrize("leading", [0, 1, 2])
def test_fields_that_lead(twin: Twin, leading: int) -> None:
    layout = twin[0](">BB", bytes(2), bytes(2), kind=Told, leading=leading)
    assert tuple(layout.unpack(b"\x01\x02")) == (*(1, 2)[:leading], (1, 2)[leading:], None)


@pytest.mark.parametrize("leading", [-1, 3])
def test_more_leading_fields_than_there_are(twin: Twin, leading: int) -> None:
    with pytest.raises(ValueError, match="leading"):
        twin[0](">BB", bytes(2), bytes(2), kind=Told, leading=leading)


def test_an_unknown_instant_in_a_tuple_of_a_kind(twin: Twin) -> None:
    layout = twin[0](">BT", bytes(13), bytes(13), twin[1]({}), kind=Told, leading=1)
    with pytest.raises(KeyError):
        layout.unpack(bytes(13))


def array_kind(twin: Twin) -> Any:
    """A kind of array as columns have it: more than the records, nothing of it there at first."""

    class Kind(twin[2]):  # type: ignore[misc]
        __slots__ = ("more",)

    return Kind


def test_an_array_is_what_it_was_made_of(twin: Twin) -> None:
    array = array_kind(twin)("layout", b"octets", start=2, count=3)
    assert (array.layout, array.octets, array.start, array.count, len(array)) == ("layout", b"octets", 2, 3, 3)
    assert not hasattr(array, "more")
    array.more = 1
    assert array.more == 1


@pytest.mark.parametrize(("start", "count"), [(-1, 0), (0, -1)])
def test_an_array_that_begins_nowhere(twin: Twin, start: int, count: int) -> None:
    with pytest.raises(ValueError, match="starts at an octet"):
        twin[2](None, b"", start, count)


def test_an_array_met_before_is_found_again(twin: Twin) -> None:
    kind = array_kind(twin)
    layout = twin[0](">xB", b"\x11\x00", b"\xff\x00")
    met = {8: MetArray(b"\x01\x03", 3, layout, "layout")}
    octets = bytes.fromhex("0103 1105 1106 1107")
    array = twin[3](met, kind, octets)
    assert type(array) is kind
    assert (array.layout, array.octets, array.start, array.count) == ("layout", octets, 2, 3)
    assert layout.rows(array) == [(5,), (6,), (7,)]


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        ("", "no octets"),
        ("0103 1105 1106", "none of that size was met"),
        ("0104 1105 1106 1107", "another count"),
        ("0203 1105 1106 1107", "no array"),
        ("0103 1105 1206 1107", "another tag in one row"),
        ("0103 1105 1106 1207", "another tag in the last row"),
    ],
)
def test_an_array_unlike_those_met_is_not_found(twin: Twin, octets: str, why: str) -> None:
    layout = twin[0](">xB", b"\x11\x00", b"\xff\x00")
    met = {8: MetArray(b"\x01\x03", 3, layout, None)}
    assert twin[3](met, twin[2], bytes.fromhex(octets)) is None, why


@pytest.mark.parametrize("count", [-1, 4, 2**40])
def test_more_records_than_there_are_octets_are_not_found(twin: Twin, count: int) -> None:
    layout = twin[0](">xB", b"\x11\x00", b"\x00\x00")
    assert twin[3]({6: MetArray(b"", count, layout, None)}, twin[2], bytes(6)) is None


def test_a_header_longer_than_the_octets_is_not_found(twin: Twin) -> None:
    layout = twin[0](">B", b"\x00", b"\x00")
    assert twin[3]({2: MetArray(b"\x00\x00\x00", 0, layout, None)}, twin[2], bytes(2)) is None


def test_nothing_is_left_behind(twin: Twin) -> None:
    """Numbers below 65536 are shared for good by the compiled twin; all else goes with the last who holds it."""
    known = {date_time(n): object() for n in range(3)}
    octets = b"".join(date_time(n) + (70_000 + n).to_bytes(4, "big") + b"text" for n in range(3))

    def once() -> None:
        layout = twin[0](">TI4s", bytes(20), bytes(20), twin[1](dict(known)), kind=Told, leading=1, last=object())
        layout.rows(twin[2](None, octets, 0, 3))
        layout.unpack(octets[:20])
        with pytest.raises(KeyError):
            layout.rows(twin[2](None, octets + b"\xff" * 20, 20, 3))
        with pytest.raises(TypeError):
            twin[0](">B", 5, 5)
        met = {len(octets): MetArray(b"", 3, layout, next(iter(known.values())))}
        array = twin[3](met, array_kind(twin), octets)
        array.more = array  # in a ring, as nothing of ours is; still it goes
        assert twin[3](met, twin[2], b"\xff" * len(octets)) is not None

    for _ in range(3):
        once()
    gc.collect()
    before = len(gc.get_objects()), [sys.getrefcount(one) for one in known.values()]
    for _ in range(50):
        once()
    gc.collect()
    assert len(gc.get_objects()) - before[0] < 50
    assert [sys.getrefcount(one) for one in known.values()] == before[1]


layouts = st.lists(
    st.one_of(
        st.sampled_from(sorted(CODES)),
        st.integers(0, 20).map(lambda count: f"{count}s"),
        st.integers(0, 9).map(lambda count: f"{count}x"),
        st.just("T"),
    ),
    min_size=1,
    max_size=12,
)


@pytest.mark.skipif(not COMPILED, reason="there is no twin to compare with")
@given(layouts, st.data())
def test_both_twins_say_the_same_of_any_octets(codes: list[str], data: st.DataObject) -> None:
    joined = ">" + "".join(codes)
    size = struct.calcsize(joined.replace("T", "12s"))
    if size == 0:
        return
    fixed = data.draw(st.binary(min_size=size, max_size=size))
    mask = data.draw(st.sampled_from([bytes(size), b"\xff" * size, fixed]))
    count = data.draw(st.integers(0, 4))
    octets = data.draw(st.one_of(st.just(fixed * count), st.binary(max_size=5 * size)))
    offset = data.draw(st.integers(-2, 6))
    known = {octets[at : at + 12]: at for at in range(0, len(octets), 3)}
    said = []
    for layout, instants, array in (
        (InterpretedRecordLayout, InterpretedInstants, InterpretedRecordArray),
        (records.RecordLayout, records.Instants, records.RecordArray),
    ):
        made = layout(joined, fixed, mask, instants(known))
        answers: list[object] = [made.match(octets, offset, count)]
        for call in (
            lambda: made.rows(array(None, octets, offset, count)),  # noqa: B023
            lambda: made.unpack(octets),  # noqa: B023
            lambda: made.integers(array(None, octets, offset, count)),  # noqa: B023
        ):
            try:
                answers.append(repr(call()))
            except (KeyError, ValueError, OverflowError) as error:
                answers.append((type(error), error.args))
        said.append(answers)
    assert said[0] == said[1]


def test_the_compiled_twin_is_whole_or_not_at_all() -> None:
    if not COMPILED:
        pytest.skip("built without a C compiler")
    for kind in (records.RecordLayout, records.Instants, records.RecordArray):
        with pytest.raises(TypeError):
            kind.__new__(kind)
    with pytest.raises(TypeError):
        records.Instants([])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="Instants"):
        records.RecordLayout(">T", bytes(12), bytes(12), {})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="kind of array"):
        records.find_array({}, tuple, b"")  # type: ignore[type-var]
    with pytest.raises(TypeError, match="kind of array"):
        records.find_array({}, records.RecordArray, bytearray())  # type: ignore[arg-type]
    for call in (records.RecordLayout(">B", b"a", b"a").rows, records.RecordLayout(">B", b"a", b"a").integers):
        with pytest.raises(TypeError, match="array of records"):
            call(b"a")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="header"):
        records.find_array({0: (b"", 0)}, records.RecordArray, b"")  # type: ignore[dict-item]
    with pytest.raises(TypeError, match="bytes"):
        records.RecordArray(None, bytearray(), 0, 0)  # type: ignore[arg-type]
