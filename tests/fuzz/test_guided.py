"""The coverage-guided runner, with an engine in atheris' place that feeds a few octets."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence

import pytest

from tests.fuzz import guided


class Engine:
    """What the runner uses of atheris."""

    def __init__(self) -> None:
        self.options: Sequence[str] = ()
        self.fed = 0
        self.run: Callable[[bytes], None] = lambda octets: None

    @contextlib.contextmanager
    def instrument_imports(self, include: list[str]) -> Iterator[None]:
        assert include == ["ferraris"]
        yield

    def Setup(self, options: Sequence[str], run: Callable[[bytes], None]) -> None:
        self.options, self.run = options, run

    def Fuzz(self) -> None:
        for octets in (b"", b"\xc0", b"\xc4\x01\xc1\x00\x00"):
            self.run(octets)
            self.fed += 1


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    found = Engine()
    monkeypatch.setattr(guided, "load_atheris", lambda: found)
    return found


def test_a_target_is_fed_with_the_options_given(engine: Engine) -> None:
    assert guided.main(["apdu", "-runs=3"]) == 0
    assert engine.fed == 3
    assert list(engine.options) == ["guided", "-runs=3"]


def test_an_unknown_target_names_those_there_are(engine: Engine) -> None:
    with pytest.raises(SystemExit) as ended:
        guided.main(["nothing"])
    assert "apdu" in str(ended.value.code)


def test_without_the_engine_it_says_what_is_lacking(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(guided, "load_atheris", lambda: None)
    assert guided.main(["apdu"]) == guided.EXIT_LACKS
    assert "atheris is not installed" in capsys.readouterr().err


def test_without_a_target_it_says_how_to_call_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert guided.main([]) == guided.EXIT_LACKS
    assert "TARGET" in capsys.readouterr().out
