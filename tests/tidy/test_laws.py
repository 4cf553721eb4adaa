"""The laws of the architecture that an import contract cannot see (docs/explanation/architecture.md)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tidy.source import CORES, ROOT, SRC, TESTS, Module, aliases, dotted, imports, none, product, tests

# Law 1: no input or output, no clock, no randomness in the cores.

BANNED_MODULES = frozenset("asyncio socket selectors select threading subprocess random secrets tempfile".split())
BANNED_CALLS = frozenset(
    """
    time.time time.time_ns time.monotonic time.monotonic_ns time.perf_counter time.sleep
    datetime.datetime.now datetime.datetime.utcnow datetime.datetime.today datetime.date.today
    os.urandom os.environ os.getenv os.open uuid.uuid1 uuid.uuid4 io.open
    """.split()
)
BANNED_NAMES = frozenset({"open", "input", "print"})
BANNED_METHODS = frozenset("read_text write_text read_bytes write_bytes".split())


def impure(module: Module) -> Iterator[str]:
    for node, name in imports(module):
        if name.split(".")[0] in BANNED_MODULES or name in BANNED_CALLS:
            yield module.at(node, f"law 1: imports {name}")
    meaning = aliases(module)
    for node in ast.walk(module.tree):
        name = dotted(node)
        head, _, rest = name.partition(".")
        full = f"{meaning[head]}.{rest}".rstrip(".") if head in meaning else ""
        if full in BANNED_CALLS and isinstance(node, ast.Attribute):
            yield module.at(node, f"law 1: {full}")
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name) and node.func.id in BANNED_NAMES:
                yield module.at(node, f"law 1: {node.func.id}()")
            if isinstance(node.func, ast.Attribute) and node.func.attr in BANNED_METHODS:
                yield module.at(node, f"law 1: .{node.func.attr}()")


def test_the_cores_are_pure() -> None:
    none(finding for module in product() if module.package in CORES for finding in impure(module))


# Law 2: await in few places.

AWAIT_PACKAGES = frozenset("link client runtime console cli simulation".split())
DRIVERS = {
    "meter": frozenset(
        {
            "auto_connect.py",
            "gateway.py",
            "line_service.py",
            "optical_head.py",
            "push_delivery.py",
            "pusher.py",
            "server.py",
            "serving.py",
        }
    ),
}
"""The files of a package that drive its cores over a link."""


def may_wait(module: Module) -> bool:
    return module.package in AWAIT_PACKAGES or module.path.name in DRIVERS.get(module.package, frozenset())


def test_await_stands_in_few_places() -> None:
    none(
        module.at(node, "law 2: waits, but is neither a link nor a driver")
        for module in product()
        if not may_wait(module)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith)
    )


def test_nothing_sleeps_on_real_time() -> None:
    none(
        module.at(node, "time.sleep")
        for module in (*product(), *tests())
        if module.package not in {"cli", "interop"}
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and dotted(node.func) == "time.sleep"
    )


# What others wrote is read in one place.

OWN_TEXTS = frozenset({"vending/breakdown.py", "vending/campaigns.py"})
"""Modules that read back what they themselves wrote into rows of a store."""
READERS = {"json.loads": "json_text", "json.load": "json_text", "tomllib.loads": "tables", "tomllib.load": "tables"}


def unguarded(module: Module) -> Iterator[str]:
    """Python's own readers fail in ways that nobody expects: kernel's say what is wrong, and where."""
    place = module.path.relative_to(SRC).as_posix()
    for node, name in imports(module):
        if name in READERS:
            yield module.at(node, f"imports {name}: use ferraris.kernel.{READERS[name]}")
    for node in ast.walk(module.tree):
        name = dotted(node.func) if isinstance(node, ast.Call) else ""
        if name in READERS and place not in {f"kernel/{READERS[name]}.py", *OWN_TEXTS}:
            yield module.at(node, f"{name}: use ferraris.kernel.{READERS[name]}")


def test_what_others_wrote_is_read_by_one_reader() -> None:
    none(finding for module in product() for finding in unguarded(module))


# Law 3: a package's face.


def named_by_its_face(package: str) -> frozenset[str]:
    """The modules of a package that its face offers: in `__all__`, or between backticks in its paragraph."""
    face = SRC / package / "__init__.py"
    if not face.exists():
        return frozenset()
    text = face.read_text("utf-8")
    docstring = ast.get_docstring(ast.parse(text)) or ""
    exported = re.findall(r'"(\w+)"', text.partition("__all__")[2])
    return frozenset(re.findall(r"`(?:ferraris\.\w+\.)?(\w+)`", docstring)) | frozenset(exported)


def test_other_packages_are_met_at_their_face() -> None:
    def strangers(module: Module) -> Iterator[tuple[ast.stmt, str]]:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ferraris."):
                parts = (node.module or "").split(".")
                if len(parts) > 2 and parts[1] != module.package and parts[2] not in named_by_its_face(parts[1]):
                    yield node, node.module or ""

    none(
        module.at(node, f"{name} is private: import from ferraris.{name.split('.')[1]}")
        for module in product()
        for node, name in strangers(module)
    )


def test_every_package_has_a_face() -> None:
    folders = {module.path.parent for module in product()}
    none(str(folder.relative_to(ROOT)) for folder in folders if not (folder / "__init__.py").exists())


# The rules themselves are tested: each finds the fault it is for.


def example(text: str, package: str = "codec") -> Module:
    return Module(SRC / package / "example.py", text, ast.parse(text))


FAULTS = [
    "import asyncio",
    "from socket import create_connection",
    "import time\nnow = time.time()",
    "import time as t\nnow = t.monotonic()",
    "from time import time",
    "from datetime import datetime\nnow = datetime.now()",
    "import datetime\nnow = datetime.datetime.now(datetime.UTC)",
    "import os\nkey = os.urandom(16)",
    "import os\nhome = os.environ['HOME']",
    "from secrets import token_bytes",
    "from random import Random",
    "from uuid import uuid4",
    "text = open('x').read()",
    "from pathlib import Path\ntext = Path('x').read_text()",
]
FAULTLESS = [
    "import datetime\ndef f(moment: datetime.datetime) -> int: return moment.year",
    "import os.path\nname = os.path.basename('a/b')",
    "import struct\nx = struct.unpack('>H', b'ab')",
    "from datetime import datetime, UTC\nx = datetime.fromtimestamp(0, UTC)",
    "def f(now_ms: int) -> int: return now_ms",
]


@pytest.mark.parametrize("text", FAULTS)
def test_law_1_sees_a_fault(text: str) -> None:
    assert list(impure(example(text)))


@pytest.mark.parametrize("text", FAULTLESS)
def test_law_1_lets_the_faultless_pass(text: str) -> None:
    assert not list(impure(example(text)))


@pytest.mark.parametrize(
    "text",
    ["import json\nx = json.loads('1')", "import tomllib\nx = tomllib.loads('')", "from json import loads"],
)
def test_a_reader_without_guards_is_seen(text: str) -> None:
    assert list(unguarded(example(text, "cli")))


def test_who_writes_json_is_none_who_reads_it() -> None:
    assert not list(unguarded(example("import json\nx = json.dumps(1)", "cli")))


def test_law_2_knows_the_drivers() -> None:
    assert may_wait(example("", "link"))
    assert not may_wait(example("", "meter"))
    assert may_wait(Module(SRC / "meter" / "server.py", "", ast.parse("")))


def test_the_tree_is_found() -> None:
    assert Path(TESTS / "tidy" / "test_laws.py") == Path(__file__)
    assert {module.package for module in product()} >= {"kernel", "cli"}
