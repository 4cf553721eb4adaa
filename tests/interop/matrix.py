"""What each peer was seen to do with us: a table made of the interop tests' own results, written into the documentation.

A test module under `tests/interop` says with `PEER_ROLE = "client"` or `"meter"` what the peer is in its tests; one with tests of
both kinds marks each with `peer_role`, a test of a fault with None. The peer is told by the fixtures and parameters of a test, or by its name, what was done by
the name and by those parameters that are text or names of the standard. A run of all interop tests that passes
writes the table; in CI a table that is not what stands in the repository fails the run.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from typing import Final, TypeAlias

import pytest

Shown: TypeAlias = dict[tuple[str, str], dict[str, bool]]
"""By role and what was done: the peers that were tried, and whether they did it."""

PROPERTY: Final = "interop"
PEERS: Final = {"dlms_cosem": "dlms-cosem", "gurux": "Gurux", "jdlms": "jDLMS"}
OF_A_PEER: Final = re.compile(rf"_of_the_({'|'.join(PEERS)})_meter")
ROLES: Final = {"client": "The peer as client of our meter", "meter": "The peer as meter of our client"}
BEGIN: Final = "<!-- written by the interop tests: begin -->\n"
END: Final = "<!-- written by the interop tests: end -->\n"
PAGE: Final = Path(__file__).parents[2] / "docs" / "reference" / "interop.md"


def told_by(item: pytest.Item) -> tuple[str, str, str] | None:
    """Role, what is done, and the peer that a test is about; None for a test about no peer."""
    mark = item.get_closest_marker("peer_role")
    role = getattr(getattr(item, "module", None), "PEER_ROLE", None) if mark is None else mark.args[0]
    callspec = getattr(item, "callspec", None)
    parameters = list(callspec.params.values()) if callspec is not None else []
    texts = [value for value in parameters if isinstance(value, str)]
    names = [*getattr(item, "fixturenames", ()), *texts]
    texts += [value.name.lower().replace("_", " ") for value in parameters if isinstance(value, Enum)]
    peer = next((peer for key, peer in PEERS.items() if any(key in name for name in names)), None)
    if role is None or peer is None:
        return None
    what = OF_A_PEER.sub("", str(getattr(item, "originalname", item.name)).removeprefix("test_")).replace("_", " ")
    kinds = [text for text in texts if not any(key in text for key in PEERS)]
    return str(role), ": ".join([what, *kinds]), peer


def gathered(reports: Iterable[tuple[tuple[str, str, str], bool]]) -> Shown:
    """The table's content. What was tried several times holds only if it held each time."""
    shown: Shown = {}
    for (role, what, peer), held in reports:
        peers = shown.setdefault((role, what), {})
        peers[peer] = held and peers.get(peer, True)
    return shown


def tables(shown: Shown) -> str:
    """The tables as Markdown, a row for each thing done, in the order of names."""
    lines: list[str] = []
    for role, title in ROLES.items():
        rows = {what: peers for (of, what), peers in sorted(shown.items()) if of == role}
        peers = [peer for peer in PEERS.values() if any(peer in row for row in rows.values())]
        lines += [f"### {title}", "", f"| what | {' | '.join(peers)} |", f"|---|{'---|' * len(peers)}"]
        for what, row in rows.items():
            cells = ["" if peer not in row else "yes" if row[peer] else "no" for peer in peers]
            lines.append(f"| {what.replace('|', '/')} | {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines)


def written(page: str, table: str) -> str:
    """The page with the table in its place."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table}{END}{after}"


class MatrixPlugin:
    """Gathers the results on the process that reports, and writes the page at the end of a whole and good run."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._reports: list[tuple[tuple[str, str, str], bool]] = []
        self._skipped = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for name, value in report.user_properties:
            if name != PROPERTY:
                continue
            if report.skipped:
                self._skipped = True
            elif report.when == "call":
                role, what, peer = value
                self._reports.append(((role, what, peer), report.passed))

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if exitstatus != 0 or self._skipped or not self._reports or not _is_whole(self._config):
            return
        page = PAGE.read_text("utf-8")
        fresh = written(page, tables(gathered(self._reports)))
        if fresh == page:
            return
        PAGE.write_text(fresh, "utf-8")
        if os.environ.get("CI") == "true":
            print(f"\n{PAGE.name} was not what this run shows; it is written anew: commit it")
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _is_whole(config: pytest.Config) -> bool:
    """Whether the run takes in every interop test."""
    if config.option.keyword or config.option.markexpr or getattr(config.option, "lf", False):
        return False
    whole = {config.rootpath, config.rootpath / "tests", config.rootpath / "tests" / "interop"}
    return any((config.invocation_params.dir / argument).resolve() in whole for argument in config.args)
