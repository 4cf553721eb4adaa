"""The source tree as the house rules see it: parsed modules, packages, functions, and the text files under git."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src" / "ferraris"
TESTS = ROOT / "tests"

Function = ast.FunctionDef | ast.AsyncFunctionDef

CORES = frozenset("codec cosem dlms lorawan schc iec62056_21 mbus sts metrology mdm vending headend planner".split())
"""The packages under law 1: no input or output, no clock, no randomness."""


@dataclass(frozen=True)
class Module:
    """A parsed Python file."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """The path from the root of the repository, for messages."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def package(self) -> str:
        """The package of ferraris, or the folder of tests, that the file is in; empty for one at the top."""
        base = SRC if self.path.is_relative_to(SRC) else TESTS
        parts = self.path.relative_to(base).parts
        return parts[0] if len(parts) > 1 else ""

    @property
    def line_count(self) -> int:
        return self.text.count("\n")

    def functions(self) -> Iterator[Function]:
        for node in ast.walk(self.tree):
            if isinstance(node, Function):
                yield node

    def at(self, node: ast.AST | int, complaint: str) -> str:
        """A finding, in the form that editors jump to."""
        line = node if isinstance(node, int) else getattr(node, "lineno", 1)
        return f"{self.name}:{line}: {complaint}"


def _modules(folder: Path) -> tuple[Module, ...]:
    paths = sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)
    texts = [path.read_text("utf-8") for path in paths]
    return tuple(Module(path, text, ast.parse(text, str(path))) for path, text in zip(paths, texts, strict=True))


@cache
def product() -> tuple[Module, ...]:
    """Every module of ferraris."""
    return _modules(SRC)


@cache
def tests() -> tuple[Module, ...]:
    """Every Python file under tests."""
    return _modules(TESTS)


@cache
def everything() -> tuple[Module, ...]:
    """Every Python file of the repository."""
    return (*product(), *tests(), *_modules(ROOT / "tools"), *_modules(ROOT / "benchmarks"))


def kept_by_git() -> list[str]:
    """The paths that git keeps, from the root."""
    command = ["git", "ls-files", "--cached", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    return [name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


@cache
def text_files() -> dict[str, str]:
    """What git keeps, as text, by path from the root. Binary files are left out."""
    files: dict[str, str] = {}
    for name in kept_by_git():
        try:
            files[name] = (ROOT / name).read_text("utf-8")
        except UnicodeDecodeError:
            continue
    return files


def dotted(node: ast.AST) -> str:
    """`a.b.c` for an attribute of an attribute of a name; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = dotted(node.value)
        return f"{base}.{node.attr}" if base else ""
    return ""


def imports(module: Module) -> Iterator[tuple[ast.stmt, str]]:
    """Every import, as the full name of what is imported: `from a.b import c` gives a.b.c."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)


def aliases(module: Module) -> dict[str, str]:
    """What each imported name stands for: `import time as t` gives t: time."""
    meaning: dict[str, str] = {}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            meaning |= {
                alias.asname or alias.name.split(".")[0]: (alias.asname and alias.name) or alias.name.split(".")[0]
                for alias in node.names
            }
        elif isinstance(node, ast.ImportFrom) and node.module:
            meaning |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return meaning


def defined_names(module: Module) -> Iterator[tuple[ast.AST, str]]:
    """The names that a module itself gives to things."""
    for node in ast.walk(module.tree):
        if isinstance(node, Function | ast.ClassDef):
            yield node, node.name
        elif isinstance(node, ast.arg):
            yield node, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node, node.attr


def none(findings: Iterable[str]) -> None:
    """Fail with the list of findings, if there are any."""
    listed = sorted(findings)
    assert not listed, f"{len(listed)} found:\n" + "\n".join(listed)
