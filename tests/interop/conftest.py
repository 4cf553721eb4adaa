"""The foreign implementations as fixtures: each is built once, started once per test process and asked over its pipe.

A peer that cannot be had skips its tests with the reason; with CI=true in the environment it fails them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.interop.foreign_meter import meter_of
from tests.interop.matrix import PROPERTY, told_by
from tests.interop.own_meter import OwnMeter, serving
from tests.interop.peers import build
from tests.interop.peers.build import PeerUnavailableError
from tests.interop.peers.process import PeerProcess


def pytest_runtest_setup(item: pytest.Item) -> None:
    """What the test is about goes with its reports, from whatever process it runs in."""
    told = told_by(item)
    if told is not None:
        item.user_properties.append((PROPERTY, told))


def start(name: str, command: Callable[[], list[str]], log: Path) -> PeerProcess:
    """Run a peer, or skip or fail the test that asks for it."""
    try:
        return PeerProcess(name, command(), log)
    except PeerUnavailableError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{name} cannot be run in CI: {error}")
        pytest.skip(f"{name} cannot be run here: {error}")


@pytest.fixture(scope="session")
def gurux(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PeerProcess]:
    """Gurux in Java: client and meter."""
    with start("Gurux in Java", build.gurux_java, tmp_path_factory.mktemp("gurux") / "log") as peer:
        yield peer


@pytest.fixture(scope="session")
def gurux_python(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PeerProcess]:
    """Gurux in Python: what it knows of interface classes."""
    with start("Gurux in Python", build.gurux_python, tmp_path_factory.mktemp("gurux-python") / "log") as peer:
        yield peer


@pytest.fixture(scope="session")
def jdlms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PeerProcess]:
    """jDLMS: client and meter."""
    with start("jDLMS", build.jdlms, tmp_path_factory.mktemp("jdlms") / "log") as peer:
        yield peer


@pytest.fixture(scope="session")
def dlms_cosem(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PeerProcess]:
    """dlms-cosem: client."""
    with start("dlms-cosem", build.dlms_cosem, tmp_path_factory.mktemp("dlms-cosem") / "log") as peer:
        yield peer


@pytest.fixture(scope="session")
def python_faults(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PeerProcess]:
    """Both Python peers in one process that reproduces their faults."""
    with start("the Python peers", build.python_faults, tmp_path_factory.mktemp("faults") / "log") as peer:
        yield peer


@pytest.fixture(scope="session")
def gurux_meter(gurux: PeerProcess) -> Iterator[int]:
    """The port of a meter made with Gurux; it is another meter for each connection."""
    yield from meter_of(gurux)


@pytest.fixture(scope="session")
def jdlms_meter(jdlms: PeerProcess) -> Iterator[int]:
    """The port of a meter made with jDLMS; it is the same meter for all connections."""
    yield from meter_of(jdlms)


@pytest.fixture(scope="session")
def own_meters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[OwnMeter]]:
    """Our meters, one for each peer and one for each peer to write to."""
    with serving(tmp_path_factory.mktemp("own-meters"), count=6) as meters:
        yield meters


@pytest.fixture(scope="session")
def short_name_meters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[OwnMeter]]:
    """Our meters by short names, one for each peer."""
    with serving(tmp_path_factory.mktemp("short-name-meters"), 2, "short_name_meter") as meters:
        yield meters


@pytest.fixture(scope="session")
def gurux_short_name_meter(gurux: PeerProcess) -> Iterator[int]:
    """The port of a meter made with Gurux that goes by short names."""
    yield from meter_of(gurux, short_names=True)


@pytest.fixture(scope="session")
def compressed_meter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnMeter]:
    """Our meter whose buffers are no plain arrays."""
    with serving(tmp_path_factory.mktemp("compressed-meter"), 1, "compressed_meter") as meters:
        yield meters[0]
