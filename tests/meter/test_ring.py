"""The ring shows the newest entries in order, and what is not committed yet never disturbs what is shown."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferraris.meter.mapped_file import MappedFile
from ferraris.meter.ring import Ring

DTYPE = np.dtype([("value", "<u4")])
SLOTS, BATCH = 12, 4
_names = count()


def make(folder: Path, meters: int = 2) -> Ring:
    return Ring(MappedFile.create(folder / f"ring{next(_names)}", DTYPE, meters, SLOTS), BATCH)


def entries(*rows: list[int]) -> np.ndarray:
    return np.array(rows, np.uint32).view(DTYPE).reshape(len(rows), -1)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.integers(0, BATCH), max_size=12), cleared_at=st.integers(0, 12))
def test_it_behaves_as_a_list_cut_to_the_newest(tmp_path: Path, batches: list[int], cleared_at: int) -> None:
    ring, head, cleared, model = make(tmp_path, 1), 0, 0, []
    for number, size in enumerate(batches):
        if number == cleared_at:
            cleared, model = head, []
        new = list(range(head, head + size))
        if size:
            ring.write(np.array([0]), np.array([head]), entries(new), np.array([size]))
        head += size
        model = (model + new)[-ring.entries_max :]
        assert ring.read(0, head, cleared)["value"].tolist() == model
        assert ring.entries_in_use(head, cleared) == len(model)
        assert ring.read(0, head, cleared, 2, 3)["value"].tolist() == model[2:5]


def test_a_batch_that_is_not_committed_overwrites_nothing_shown(tmp_path: Path) -> None:
    ring = make(tmp_path, 1)
    for head in range(SLOTS * 2):
        ring.write(np.array([0]), np.array([head]), entries([head]), np.array([1]))
    before = ring.read(0, SLOTS * 2, 0)["value"].tolist()
    ring.write(np.array([0]), np.array([SLOTS * 2]), entries([900, 901, 902, 903]), np.array([BATCH]))
    assert ring.read(0, SLOTS * 2, 0)["value"].tolist() == before == list(range(16, 24))


def test_meters_may_have_different_counts(tmp_path: Path) -> None:
    ring = make(tmp_path, 3)
    heads = np.array([5, 11])
    ring.write(np.array([2, 0]), heads, entries([1, 2], [3, 4]), np.array([2, 1]))
    assert ring.read(2, 7, 5)["value"].tolist() == [1, 2]
    assert ring.read(0, 12, 11)["value"].tolist() == [3]
    assert not ring._rows["value"][1].any()
    assert ring._rows["value"][0].sum() == 3


def test_reading_gives_a_copy(tmp_path: Path) -> None:
    ring = make(tmp_path, 1)
    ring.write(np.array([0]), np.array([0]), entries([7]), np.array([1]))
    ring.read(0, 1, 0)["value"] = 8
    assert ring.read(0, 1, 0)["value"].tolist() == [7]


@pytest.mark.parametrize(("first", "wanted", "seen"), [(-5, None, [0, 1, 2]), (2, 9, [2]), (3, None, []), (0, 0, [])])
def test_what_lies_outside_is_left_out(tmp_path: Path, first: int, wanted: int | None, seen: list[int]) -> None:
    ring = make(tmp_path, 1)
    ring.write(np.array([0]), np.array([0]), entries([0, 1, 2]), np.array([3]))
    assert ring.read(0, 3, 0, first, wanted)["value"].tolist() == seen


def test_a_batch_has_a_limit(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at most 4"):
        make(tmp_path).write(np.array([0]), np.array([0]), entries([1, 2, 3, 4, 5]), np.array([5]))


def test_flushing_does_not_disturb(tmp_path: Path) -> None:
    ring = make(tmp_path, 2)
    ring.write(np.array([1]), np.array([0]), entries([4]), np.array([1]))
    ring.flush(1)
    ring.flush()
    assert ring.read(1, 1, 0)["value"].tolist() == [4]
    assert ring.dtype == DTYPE
