"""The registry: classes are found by themselves, listed once, and cannot be added to afterwards."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from ferraris.cosem import CosemObject, Register, interface_class, interface_classes
from ferraris.cosem.registry import INTERFACE_CLASSES, discover
from ferraris.kernel.errors import TableError

LAMP = '''
"""Lamp, class 32768."""

from ferraris.cosem.classes.register import Register
from ferraris.cosem.declaration import DYNAMIC, Attribute, CosemObject, Method
from ferraris.cosem.types import UNSIGNED


class Lamp(CosemObject, class_id=32768, version=0):
    """Shines."""

    brightness = Attribute(2, UNSIGNED, DYNAMIC)
'''


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty package of interface classes, importable as `bench_classes`."""
    folder = tmp_path / "bench_classes"
    folder.mkdir()
    (folder / "__init__.py").write_text('"""Classes of a test."""\n')
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "bench_classes"]:
        del sys.modules[name]


def imported() -> ModuleType:
    return import_module("bench_classes")


def test_a_new_class_takes_one_file(package: Path) -> None:
    assert discover(imported()) == {}
    (package / "lamp.py").write_text(LAMP)
    registry = discover(imported())
    assert list(registry) == [(32768, 0)]
    lamp = registry[32768, 0]
    assert [attribute.name for attribute in lamp.attributes()] == ["logical_name", "brightness"]


def test_what_a_file_only_imports_is_not_declared_by_it(package: Path) -> None:
    (package / "lamp.py").write_text(LAMP)
    assert Register not in discover(imported()).values()


def test_classes_come_by_id_and_version(package: Path) -> None:
    (package / "a_lamp.py").write_text(LAMP + "\n\nclass Dimmable(Lamp, version=1):\n    pass\n")
    (package / "b_bell.py").write_text(LAMP.replace("32768", "32767").replace("Lamp", "Bell"))
    assert list(discover(imported())) == [(32767, 0), (32768, 0), (32768, 1)]


FAULTS = [
    # second file                                          words
    (LAMP.replace("Lamp", "Torch"),                        "declared twice, expected one declaration, got Lamp and Torch"),
    (LAMP.replace("32768", "9999").replace("(2,", "(1,"),  "Lamp uses a number twice, expected each number once, got .1, 1."),
    (LAMP.replace("32768", "9999").replace("(2,", "(3,"),  "Lamp leaves a number out, expected numbers from 1 on, got .1, 3."),
    (LAMP.replace("32768", "9999").replace("(2,", "(0,"),  "Lamp leaves a number out, expected numbers from 1 on, got .0, 1."),
    (LAMP.replace("32768", "9999") + "    switch = Method(2, UNSIGNED)\n", "Lamp leaves a number out, .* got .2."),
]  # fmt: skip


@pytest.mark.parametrize(("second", "words"), FAULTS)
def test_contradictions_are_found_at_start(package: Path, second: str, words: str) -> None:
    (package / "lamp.py").write_text(LAMP)
    (package / "other.py").write_text(second)
    with pytest.raises(TableError, match=words):
        discover(imported())


def test_the_registry_is_frozen() -> None:
    with pytest.raises(TypeError):
        INTERFACE_CLASSES[32768, 0] = CosemObject  # type: ignore[index]


def test_classes_are_found_by_id_and_version() -> None:
    assert interface_class(3, 0) is Register
    assert interface_class(3, 1) is None
    assert interface_class(0, 0) is None
    keys = [(interface.class_id, interface.version) for interface in interface_classes()]
    assert keys == sorted(keys)


PARTS = '''
"""A part that two versions share, and the versions."""

from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject, Method
from ferraris.cosem.types import INTEGER, LONG_UNSIGNED, UNSIGNED


class Shared(CosemObject):
    """No class of its own."""

    level = Attribute(2, UNSIGNED, DYNAMIC)
    ring = Method(1, INTEGER)


class Bell(Shared, class_id=40000, version=0):
    """The first version."""


class LoudBell(Shared, class_id=40000, version=1):
    """A wider level and one attribute more."""

    level = Attribute(2, LONG_UNSIGNED, DYNAMIC)
    tone = Attribute(3, UNSIGNED, STATIC)
'''


def test_a_part_without_an_id_is_no_class_and_its_declarations_go_to_the_versions(package: Path) -> None:
    (package / "bell.py").write_text(PARTS)
    registry = discover(imported())
    assert list(registry) == [(40000, 0), (40000, 1)]
    first, second = registry.values()
    for interface, names in ((first, "logical_name level"), (second, "logical_name level tone")):
        assert [attribute.name for attribute in interface.attributes()] == names.split()
        assert {attribute.owner for attribute in interface.attributes()} == {interface}
        assert interface.methods()[0].owner is interface
    assert [registry[40000, version].attributes()[1].datatype.name for version in (0, 1)] == [
        "unsigned",
        "long-unsigned",
    ]


def test_a_class_reached_by_two_modules_is_one(package: Path) -> None:
    (package / "lamp.py").write_text(LAMP)
    (package / "again.py").write_text("from bench_classes.lamp import Lamp\n")
    assert list(discover(imported())) == [(32768, 0)]
