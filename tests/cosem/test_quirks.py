"""Quirks as data: every row is justified, every quirk is somebody's, and a meter is known by title or profile."""

from __future__ import annotations

from datetime import date

import pytest

from ferraris.cosem import Quirk, profile_names, quirks_of
from ferraris.cosem.quirks import FOLDER, PACKAGE, QuirkFile, quirk_files
from ferraris.kernel.errors import TableError
from ferraris.kernel.tables import file_names, parse_toml, read_text

ROWS = [(file, row) for file in quirk_files() for row in file.quirks]


@pytest.mark.parametrize(("file", "row"), ROWS, ids=[f"{file.title}: {row.quirk.value}" for file, row in ROWS])
def test_a_row_says_why_since_when_and_where_that_is_written(file: QuirkFile, row: object) -> None:
    reason, seen, source = row.reason, row.seen, row.source  # type: ignore[attr-defined]
    assert len(reason) > 20
    assert date(2000, 1, 1) < date.fromisoformat(seen) < date(2100, 1, 1)
    assert source
    assert file.manufacturers or file.profiles


def test_every_quirk_is_somebodys() -> None:
    assert {row.quirk for _, row in ROWS} == set(Quirk)


def test_overlays_name_manufacturers_by_their_letters_and_profiles_that_there_are() -> None:
    for file in quirk_files():
        assert all(len(letters) == 3 and letters.isalpha() and letters.isupper() for letters in file.manufacturers)
        assert set(file.profiles) <= set(profile_names())
        assert len({row.quirk for row in file.quirks}) == len(file.quirks)


def test_every_file_says_what_it_is() -> None:
    for name in file_names(PACKAGE, FOLDER, ".toml"):
        assert read_text(PACKAGE, f"{FOLDER}/{name}.toml").startswith("# ")


LOOK_UPS = [
    # system title        profile              quirks
    ("KFM\x10\x10",       "smr5_three_phase",  {Quirk.ANY_SUITE, Quirk.LOCAL_TIME_RANGES}),
    ("KFM",               "",                  {Quirk.ANY_SUITE, Quirk.LOCAL_TIME_RANGES}),
    ("kfm\x10\x10",       "",                  set()),
    ("GRX12345",          "",                  {Quirk.TAG_WITHOUT_HEADER}),
    ("FER00001",          "smr5_three_phase",  set()),
    ("FER00001",          "is15959",           {Quirk.DEVIATION_REVERSED}),
    ("KFM00001",          "italy_gas",         {Quirk.ANY_SUITE, Quirk.LOCAL_TIME_RANGES, Quirk.NO_RELEASE,
                                                Quirk.EMPTY_SYSTEM_TITLE, Quirk.DEVIATION_REVERSED}),
    ("",                  "",                  set()),
    ("\xff\xfe",          "none",              set()),
]  # fmt: skip


@pytest.mark.parametrize(("title", "profile", "quirks"), LOOK_UPS)
def test_a_meter_is_known_by_its_title_or_its_profile(title: str, profile: str, quirks: set[Quirk]) -> None:
    assert quirks_of(system_title=title.encode("latin-1"), profile=profile) == quirks


def test_a_quirk_that_nothing_acts_on_is_refused() -> None:
    row = '[[quirks]]\nquirk = "blue_case"\nreason = "a"\nseen = "2026-01-01"\nsource = "b"\n'
    with pytest.raises(TableError, match="no_release"):
        parse_toml(f'title = "t"\n{row}', QuirkFile, "bench.toml")
