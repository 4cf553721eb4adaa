"""Fuzzing under coverage guidance: what a run of a target leaves, and what is kept of it."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from tests.fuzz import keeping, seeds
from tests.fuzz.alone import run_alone
from tests.fuzz.guided import Outcome, load_atheris
from tests.fuzz.test_last_input import DEATHS, deadly

atheris = load_atheris()
with_atheris = pytest.mark.skipif(atheris is None, reason="atheris is not built for this Python and system")


def unpack(octets: bytes) -> None:
    if octets[:2] == b"\x02\x04":
        struct.unpack(">I", octets[2:])


def stand(octets: bytes) -> None:
    pass


def go_on_for_ever(octets: bytes) -> None:
    while True:
        pass


def be_greedy(octets: bytes) -> None:
    bytearray(4 << 30)


@with_atheris
def test_a_target_that_breaks_leaves_the_octets() -> None:
    outcome = run_alone(unpack, seeds=(b"\x02\x04\x00\x00\x00\x01",))
    assert outcome.broke
    assert "struct.error" in outcome.said
    (octets,) = outcome.findings
    with pytest.raises(struct.error):
        unpack(octets)


@with_atheris
def test_a_target_that_stands_leaves_what_it_reached_and_how_often() -> None:
    outcome = run_alone(stand, seeds=(b"abc", b"def"), seconds=1)
    assert not outcome.broke, outcome.said
    assert outcome.tries > 1_000
    assert outcome.findings == ()


@with_atheris
def test_a_target_that_never_ends_or_eats_memory_breaks() -> None:
    assert "timeout" in run_alone(go_on_for_ever, seeds=(b"a",), seconds_per_input=1).said
    assert "MemoryError" in run_alone(be_greedy, seeds=(b"a",)).said


@with_atheris
@pytest.mark.parametrize("name", DEATHS)
def test_a_target_whose_process_dies_leaves_the_octets(name: str) -> None:
    """Some of these deaths the engine itself does not see: the end of the stack, the killer of the system, an exit."""
    outcome = run_alone(deadly, name, seeds=(b"\x02\x04\x00", b"abc"))
    assert outcome.broke
    assert [octets[:2] for octets in outcome.findings] == [b"\x02\x04"]


@pytest.mark.parametrize(
    ("exit_code", "said", "findings", "broke"),
    [
        (0, "Done 12 runs in 1 second(s)\n", (), False),
        (-11, "Done 12 runs in 1 second(s)\n", (), False),
        (-11, "#12 NEW\n", (), True),
        (-11, "Done 12 runs in 1 second(s)\n", (b"crash",), True),
        (77, "Done 12 runs in 1 second(s)\n", (), True),
    ],
)
def test_only_a_fall_behind_the_end_is_none(
    exit_code: int, said: str, findings: tuple[bytes, ...], broke: bool
) -> None:
    assert Outcome("x", exit_code, said, findings).broke is broke


def test_findings_are_kept_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seeds, "FINDINGS", tmp_path / "findings.txt")
    for octets in (b"\x01", b"\x02", b"\x01"):
        keeping.keep_finding("apdu", octets)
    assert seeds.named_lines(tmp_path / "findings.txt") == {"apdu": (b"\x01", b"\x02")}


def test_the_corpus_of_other_targets_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "corpus.txt"
    path.write_text("apdu 01\nber 02\n", "utf-8")
    monkeypatch.setattr(seeds, "CORPUS", path)
    reached = tuple(bytes(length) for length in range(500))
    keeping.keep_corpus([Outcome("apdu", 0, "", (), reached), Outcome("hdlc", 0, "")])
    kept = seeds.named_lines(path)
    assert kept["ber"] == (b"\x02",)
    assert len(kept["apdu"]) <= keeping.KEPT_PER_TARGET_MAX
    assert max(map(len, kept["apdu"])) == keeping.KEPT_OCTETS_MAX
