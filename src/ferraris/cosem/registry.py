"""Finds the interface classes: every module of `classes` is imported, in the order of names, and what it declares is listed.

The list is built once and cannot be changed afterwards. Adding an interface class takes one file in `classes`.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator, Mapping
from importlib import import_module
from types import MappingProxyType, ModuleType
from typing import Final

from ferraris.cosem import classes
from ferraris.cosem.declaration import CosemObject
from ferraris.kernel.errors import TableError

Registry = Mapping[tuple[int, int], type[CosemObject]]


def discover(package: ModuleType) -> Registry:
    """The interface classes declared in the modules of a package, by class_id and version.

    Raises TableError when two declare the same class and version, or when the numbers of one's attributes or methods are
    not 1, 2, 3 and so on.
    """
    found: dict[tuple[int, int], type[CosemObject]] = {}
    for interface in sorted(_declared_in(package), key=lambda interface: (interface.class_id, interface.version)):
        key = interface.class_id, interface.version
        if key in found:
            rivals = f"{found[key].__name__} and {interface.__name__}"
            raise TableError("an interface class is declared twice", expected="one declaration", got=rivals)
        _check_numbers(interface)
        found[key] = interface
    return MappingProxyType(found)


def _declared_in(package: ModuleType) -> Iterator[type[CosemObject]]:
    for name in sorted(module.name for module in pkgutil.iter_modules(package.__path__)):
        module = import_module(f"{package.__name__}.{name}")
        for value in vars(module).values():
            declared_here = isinstance(value, type) and value.__module__ == module.__name__
            # A class without an id is a part that the versions of a class share.
            if declared_here and issubclass(value, CosemObject) and hasattr(value, "class_id"):
                yield value


def _check_numbers(interface: type[CosemObject]) -> None:
    for declarations in (interface.attributes(), interface.methods()):
        numbers = [declaration.number for declaration in declarations]
        if len(set(numbers)) != len(numbers):
            raise TableError(f"{interface.__name__} uses a number twice", expected="each number once", got=numbers)
        if numbers != list(range(1, len(numbers) + 1)):
            raise TableError(f"{interface.__name__} leaves a number out", expected="numbers from 1 on", got=numbers)


INTERFACE_CLASSES: Final = discover(classes)


def interface_class(class_id: int, version: int) -> type[CosemObject] | None:
    """The declaration of a class in a version; None when there is none."""
    return INTERFACE_CLASSES.get((class_id, version))


def interface_classes() -> tuple[type[CosemObject], ...]:
    """All declarations, by class_id and version."""
    return tuple(INTERFACE_CLASSES.values())
