"""The documentation is true: links lead somewhere, commands exist, generated pages are current."""

from __future__ import annotations

import itertools
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import ferraris
from ferraris.cli.main import COMMANDS, load
from tests.tidy.source import ROOT, none
from tools import reference

DOCS = ROOT / "docs"
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@cache
def pages() -> dict[Path, str]:
    """Every Markdown page that a reader sees."""
    paths = [*ROOT.glob("*.md"), *DOCS.rglob("*.md")]
    return {path: path.read_text("utf-8") for path in sorted(paths)}


def prose(text: str) -> str:
    """A page without its fenced blocks."""
    return FENCE.sub("", text)


def links(path: Path) -> Iterator[str]:
    yield from LINK.findall(prose(pages()[path]))


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", prose(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


# Pages


def test_every_link_leads_somewhere() -> None:
    def broken(path: Path, link: str) -> bool:
        target, _, anchor = link.partition("#")
        if re.match(r"https?://", link):
            return False
        place = (path.parent / target).resolve() if target else path
        if not place.exists():
            return True
        return bool(anchor) and anchor not in anchors(place.read_text("utf-8"))

    none(f"{path.relative_to(ROOT)}: {link}" for path in pages() for link in links(path) if broken(path, link))


def test_every_page_can_be_reached_from_the_index() -> None:
    seen: set[Path] = set()
    waiting = [DOCS / "index.md"]
    while waiting:
        path = waiting.pop()
        if path in pages() and path not in seen:
            seen.add(path)
            waiting += [(path.parent / link.partition("#")[0]).resolve() for link in links(path)]
    none(str(path.relative_to(ROOT)) for path in pages() if path.is_relative_to(DOCS) and path not in seen)


def test_every_page_has_one_title() -> None:
    none(
        str(path.relative_to(ROOT))
        for path, text in pages().items()
        if len(re.findall(r"^# ", prose(text), re.MULTILINE)) != 1 or not text.startswith("# ")
    )


def test_the_readmes_first_link_is_the_floor_picture() -> None:
    first = next(links(ROOT / "README.md"))
    assert first == "docs/explanation/architecture.md"
    assert "floor 8   cli" in (ROOT / first).read_text("utf-8")


def test_the_changelog_knows_this_version() -> None:
    assert f"## {ferraris.__version__} " in (ROOT / "CHANGELOG.md").read_text("utf-8")


# The architecture page and the contract


def contract_layers() -> list[set[str]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    return [set(re.findall(r"\w+", layer)) for layer in layers]


def test_the_architecture_page_shows_the_contract() -> None:
    blocks = [body for _, body in FENCE.findall(pages()[DOCS / "explanation" / "architecture.md"])]
    shown = next(body for body in blocks if body.startswith("cli\n"))
    assert [set(re.findall(r"\w+", line)) for line in shown.splitlines()] == contract_layers()


def test_the_floor_picture_names_every_package() -> None:
    picture = FENCE.findall(pages()[DOCS / "explanation" / "architecture.md"])[0][1]
    missing = set().union(*contract_layers()) - set(re.findall(r"\w+", picture))
    assert not missing


# Generated pages


@pytest.mark.parametrize("name", reference.PAGES)
def test_a_generated_page_is_current(name: str) -> None:
    path = reference.REFERENCE / name
    assert path.exists(), "run: make docs"
    assert path.read_text("utf-8") == reference.PAGES[name](), "run: make docs"


# Commands


def shell_lines() -> Iterator[tuple[Path, str]]:
    """Every command in a `sh` block, and every one behind a `$` in a `console` block; continued lines are joined."""
    for path, text in pages().items():
        for language, body in FENCE.findall(text):
            lines = body.replace("\\\n", " ").splitlines()
            if language == "sh":
                yield from ((path, line) for line in lines if line.strip() and not line.startswith("#"))
            if language == "console":
                yield from ((path, line[2:]) for line in lines if line.startswith("$ "))


@cache
def make_targets() -> set[str]:
    """What `make` alone prints, which is the README's cheapest command."""
    ended = subprocess.run(["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True)
    return {line.split()[0] for line in ended.stdout.splitlines()}


def test_make_alone_lists_the_targets() -> None:
    wanted = "demo test check lint types contracts docs bench simulate fuzz interop clean"
    assert make_targets() >= set(wanted.split())


@cache
def command(name: str) -> Any:
    return load(name)


def unknown_words(words: list[str]) -> Iterator[str]:
    """The options, and the sub-commands, of a `ferraris` command line that the program does not have."""
    if not words or words[0].startswith("-") or words[0] == "version":
        return
    if words[0] not in COMMANDS:
        yield words[0]
        return
    here, rest = command(words[0]), words[1:]
    while children := getattr(here, "commands", {}):
        if not rest or rest[0] not in children:
            yield " ".join(words[: len(words) - len(rest) + 1])
            return
        here, rest = children[rest[0]], rest[1:]
    known = {option for parameter in here.params for option in [*parameter.opts, *parameter.secondary_opts]}
    yield from (word for word in rest if word.startswith("--") and word.partition("=")[0] not in known | {"--help"})


def commands_in(line: str) -> Iterator[list[str]]:
    """The `ferraris` and `make` commands of a shell line, as words."""
    lexer = shlex.shlex(line.partition(" #")[0], posix=True, punctuation_chars="|;&<>")
    lexer.whitespace_split = True
    for joins, part in itertools.groupby(lexer, lambda word: set(word) <= set("|;&<>")):
        words = [] if joins else list(part)
        if words and Path(words[0]).name in {"ferraris", "make"}:
            yield [Path(words[0]).name, *words[1:]]


def as_ferraris(words: list[str]) -> list[str]:
    """`make demo ARGS="--once"` as the `ferraris` command that it runs."""
    if words[0] == "ferraris":
        return words[1:]
    extra = [option for word in words if word.startswith("ARGS=") for option in shlex.split(word[5:])]
    return [words[1], *extra] if len(words) > 1 and words[1] in {"demo", "simulate"} else []


def test_every_command_in_the_documentation_exists() -> None:
    def findings() -> Iterator[str]:
        for path, line in shell_lines():
            for words in commands_in(line):
                where = f"{path.relative_to(ROOT)}: {line}"
                targets = [word for word in words[1:] if "=" not in word] if words[0] == "make" else []
                yield from (f"{where}: no target {name}" for name in targets if name not in make_targets())
                yield from (f"{where}: no {word}" for word in unknown_words(as_ferraris(words)))

    none(findings())


def examples() -> list[tuple[str, str, str]]:
    """`$ ferraris decode …` and `sts …` in a `console` block, with the output that the page promises."""
    found = []
    for path, text in pages().items():
        for language, body in FENCE.findall(text):
            if language == "console":
                for call, output in re.findall(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", body, re.MULTILINE):
                    if re.search(r"ferraris (decode|sts)\b", call) and output:
                        found.append((str(path.relative_to(ROOT)), call.replace("\\\n", " "), output))
    return found


@pytest.mark.parametrize(("page", "call", "output"), examples())
def test_an_example_gives_what_its_page_says(page: str, call: str, output: str) -> None:
    program = Path(sys.executable).parent
    ended = subprocess.run(
        ["/bin/sh", "-c", call],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": f"{program}:/usr/bin:/bin", "COLUMNS": "120", "NO_COLOR": "1"},
    )
    assert ended.stdout.rstrip() == output.rstrip(), f"{page}: {ended.stderr}"


# Paths that pages name


def test_paths_in_contributing_exist() -> None:
    named = re.findall(r"`((?:src|tests|docs|tools)/[\w./-]+)`", pages()[ROOT / "CONTRIBUTING.md"])
    assert len(named) > 10
    none(name for name in named if not (ROOT / name).exists())
