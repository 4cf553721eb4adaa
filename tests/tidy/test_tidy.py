"""The house rules that a program can check: budgets, names, what a file must and must not contain."""

from __future__ import annotations

import ast
import re
import statistics
from pathlib import Path

import pytest

from tests.tidy.source import (
    ROOT,
    SRC,
    TESTS,
    Function,
    Module,
    defined_names,
    everything,
    imports,
    kept_by_git,
    none,
    product,
    tests,
    text_files,
)

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
FILE_LINES_MEDIAN = 200
FUNCTION_LINES_MEDIAN = 14
TESTS_TO_CODE_MIN = 1.2

ROOT_MAY_HOLD = frozenset(
    "CHANGELOG.md CONTRIBUTING.md LICENSE Makefile README.md SECURITY.md pyproject.toml setup.py .gitignore .ci "
    "benchmarks docs requirements src tests tools".split()
)
BANNED_STEMS = frozenset("util utils helper helpers common misc".split())
TEST_FOLDERS_OF_THEIR_OWN = frozenset("tidy interop fuzz vectors robustness".split())
"""Those that test no one module: the house, foreign peers, every decoder, and whole systems under bad input."""


def function_lines(function: Function) -> int:
    first = min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])
    return (function.end_lineno or first) - first + 1


# Budgets


def test_no_file_is_too_long() -> None:
    none(
        module.at(1, f"{module.line_count} lines, at most {FILE_LINES_MAX}")
        for module in everything()
        if module.line_count > FILE_LINES_MAX
    )


def test_no_function_is_too_long() -> None:
    none(
        module.at(function, f"{function.name} has {function_lines(function)} lines, at most {FUNCTION_LINES_MAX}")
        for module in everything()
        for function in module.functions()
        if function_lines(function) > FUNCTION_LINES_MAX
    )


def test_most_files_and_functions_are_short() -> None:
    files = [module.line_count for module in product() if module.path.name != "__init__.py"]
    functions = [function_lines(function) for module in product() for function in module.functions()]
    assert statistics.median(files) <= FILE_LINES_MEDIAN
    assert statistics.median(functions) <= FUNCTION_LINES_MEDIAN


def test_there_is_more_test_than_code() -> None:
    code = sum(module.line_count for module in product())
    peers = sum(path.read_text("utf-8").count("\n") for path in TESTS.rglob("*.java"))
    tested = sum(module.line_count for module in tests()) + peers
    assert tested / code >= TESTS_TO_CODE_MIN, f"{tested} lines of tests to {code} of code: {tested / code:.2f}"


# Where things are


def test_the_root_holds_nothing_else() -> None:
    assert {name.split("/")[0] for name in kept_by_git()} <= ROOT_MAY_HOLD


def test_a_module_has_a_name_that_says_something() -> None:
    none(
        module.at(1, f"{part} says nothing: name the thing")
        for module in everything()
        for part in Path(module.name).with_suffix("").parts
        if part in BANNED_STEMS
    )


def has_code(module: Module) -> bool:
    """Whether there is behaviour to test: a function outside a Protocol."""
    protocols = [
        node
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef) and any("Protocol" in ast.unparse(base) for base in node.bases)
    ]
    inside = {id(function) for protocol in protocols for function in ast.walk(protocol)}
    return any(id(function) not in inside for function in module.functions())


def test_every_module_with_behaviour_has_its_tests() -> None:
    def mirrored(module: Module) -> Path:
        place = module.path.relative_to(SRC)
        return TESTS / place.parent / f"test_{place.name}"

    none(
        module.at(1, f"has no {mirrored(module).relative_to(ROOT).as_posix()}")
        for module in product()
        if module.path.name not in {"__init__.py", "__main__.py"}
        and not any(part.endswith("migrations") for part in module.path.parts)
        and has_code(module)
        and not mirrored(module).exists()
    )


def test_every_folder_of_tests_mirrors_a_package() -> None:
    packages = {path.name for path in SRC.iterdir() if path.is_dir()}
    folders = {module.package for module in tests()} - {""}
    assert folders - packages <= TEST_FOLDERS_OF_THEIR_OWN


# What a file says


def test_every_file_says_what_it_is() -> None:
    none(module.at(1, "has no docstring") for module in everything() if not ast.get_docstring(module.tree))


def test_a_face_holds_a_paragraph_and_names_only() -> None:
    allowed = (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.Expr)
    none(
        module.at(node, "a face re-exports; behaviour stands in a module")
        for module in product()
        if module.path.name == "__init__.py"
        for node in module.tree.body
        if not isinstance(node, allowed)
    )


def test_every_public_function_is_annotated() -> None:
    def bare(function: Function) -> bool:
        arguments = function.args
        named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        missing = [arg for arg in named if arg.annotation is None and arg.arg not in {"self", "cls"}]
        return function.returns is None or bool(missing)

    none(
        module.at(function, f"{function.name} is not annotated")
        for module in product()
        for function in module.functions()
        if bare(function)
    )


def test_nothing_is_left_for_later() -> None:
    later = re.compile(r"\b(TOD[O]|FIXM[E]|XX[X]|HAC[K])\b")
    none(
        f"{name}:{number}: {line.strip()[:80]}"
        for name, text in text_files().items()
        if name.endswith((".py", ".md", ".toml", ".sh", ".java", ".ini")) or name in {"Makefile", ".ci/run"}
        for number, line in enumerate(text.splitlines(), start=1)
        if later.search(line)
    )


# A place that exists on one machine only, or that a mirror may replace, has no business in the repository. The brackets keep
# this file from containing what it looks for.
PLACES = re.compile(
    r"\.\./share[d]|/wor[k]/(main|shared|\.)|(?<![\w.])/roo[t]/|/hom[e]/\w+/"
    r"|pyp[i]\.(org|python)|pythonhoste[d]|repo1?\.mave[n]|[d]eb\.debian\.org|--(extra-)?index-url[ =]http"
)


def test_no_file_names_a_place_on_one_machine() -> None:
    none(
        f"{name}:{number}: {match.group(0)}"
        for name, text in text_files().items()
        for number, line in enumerate(text.splitlines(), start=1)
        if (match := PLACES.search(line))
    )


@pytest.mark.parametrize("lock", ["runtime.txt", "dev.txt", "peers.txt"])
def test_every_locked_package_has_its_hashes(lock: str) -> None:
    entries = re.split(r"\n(?=\S)", (ROOT / "requirements" / lock).read_text("utf-8"))
    pinned = [entry for entry in entries if not entry.startswith("#")]
    assert len(pinned) >= 3
    none(entry.splitlines()[0] for entry in pinned if "==" not in entry or "--hash=sha256:" not in entry)


# The field's words


PROTOCOL = frozenset("codec cosem dlms client meter headend".split())

WORDS: list[tuple[str, str, frozenset[str] | None, frozenset[str]]] = [
    # a defined name with this word      say instead                       in (all)   but not in
    (r"ic", "interface_class or invocation_counter", None, frozenset()),
    (r"frame_counter", "invocation_counter", None, frozenset({"lorawan"})),
    (r"password|passwd", "lls_secret", None, frozenset({"console", "cli", "iec62056_21"})),
    (r"session|login", "association", PROTOCOL, frozenset()),
    (r"packets?", "apdu, wpdu or frame", PROTOCOL, frozenset()),
    (r"meter_id", "serial, logical_device_name, or meter (the row)", None, frozenset()),
    (r"object_type", "interface_class", None, frozenset()),
    (r"(access|api|auth|bearer|csrf|refresh|web)_tokens?", "credential (token is an STS token)", None, frozenset()),
    (r"app_eui", "join_eui", None, frozenset()),
    (r"sags?", "dip", None, frozenset()),
    (r"consumption", "active_energy_import", None, frozenset({"console"})),
]


@pytest.mark.parametrize(("word", "instead", "within", "without"), WORDS, ids=[row[0] for row in WORDS])
def test_the_glossarys_name_is_the_only_one(
    word: str, instead: str, within: frozenset[str] | None, without: frozenset[str]
) -> None:
    """In the interface classes, and in what serves those of payment, names are the Blue Book's: it knows MAC frame counters and
    charges by consumption. An optical head has a password and a programming session, as IEC 62056-21 calls them.
    """
    pattern = re.compile(rf"(^|_)({word})(_|$)", re.IGNORECASE)
    none(
        module.at(node, f"{name}: say {instead}")
        for module in product()
        if (within is None or module.package in within) and module.package not in without
        if module.path.parent.name not in {"classes", "payment"} and module.path.name != "optical_head.py"
        for node, name in defined_names(module)
        if pattern.search(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name))
    )


def test_protocol_prose_counts_octets() -> None:
    prose = re.compile(r"\b\d+[- ]bytes?\b|\bbytes? (long|of|in|at|are)\b|\b(each|one|first|last|next|per|of) bytes?\b")
    none(
        module.at(number, f"octets: {line.strip()[:80]}")
        for module in product()
        if module.package in PROTOCOL | {"link"}
        for number, line in enumerate(module.text.splitlines(), start=1)
        if prose.search(re.sub(r"`[^`]*`", "", line)) and ("#" in line or '"""' in line or not re.search(r"[=(]", line))
    )


# Tests


def test_there_are_no_mocks() -> None:
    none(
        module.at(node, "run the real thing: a loopback link, a database in memory, a manual clock")
        for module in tests()
        for node, name in imports(module)
        if name.startswith(("unittest.mock", "pytest_mock"))
    )
