"""A tool's invocation counters: no value twice, over any number of runs and keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferraris.cli.counter_file import BLOCK, CounterFile
from ferraris.kernel.errors import ConfigError

TITLE, KEY = b"FERTOOL1", bytes(16)


def test_a_later_run_goes_on_above(tmp_path: Path) -> None:
    taken = []
    for _ in range(3):
        counter = CounterFile.beside(tmp_path / "keys.toml").counter(TITLE, KEY)
        taken += [counter.take() for _ in range(BLOCK + 1)]
    assert taken == sorted(set(taken))


def test_each_key_and_title_has_its_own(tmp_path: Path) -> None:
    file = CounterFile.beside(tmp_path / "keys.toml")
    assert [file.counter(TITLE, KEY).take() for _ in range(2)] == [1, BLOCK + 1]
    assert file.counter(TITLE, bytes(range(16))).take() == 1
    assert file.counter(b"FERTOOL2", KEY).take() == 1


def test_a_value_is_on_disk_before_it_is_used(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml.counters"
    counter = CounterFile.beside(tmp_path / "keys.toml").counter(TITLE, KEY)
    assert not path.exists()
    counter.take()
    assert str(BLOCK) in path.read_text()
    assert KEY.hex() not in path.read_text()


DAMAGED = [
    "",
    "[]",
    "{",
    "null",
    '{"a": "b"}',
    '{"a": "64"}',
    '{"a": 64.5}',
    '{"a": true}',
    '{"a": -1}',
    '{"a": 4294967296}',
    '{"a": 64, "a": 0}',
    '{"a": NaN}',
    '{"a": ' + "9" * 5_000 + "}",
    '{"a":' * 100_000,
    "\ud800",
]


@pytest.mark.parametrize("text", DAMAGED, ids=range(len(DAMAGED)))
def test_a_damaged_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "counters"
    path.write_bytes(text.encode(errors="surrogatepass"))
    with pytest.raises(ConfigError, match="damaged"):
        CounterFile(path)
