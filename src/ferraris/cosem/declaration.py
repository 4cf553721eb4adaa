"""How an interface class is declared: a class with one line for each attribute and method, in the standard's order.

The declaration holds what the standard says of every object of the class: numbers, names, data types. Behaviour is not here,
nor are access rights: those belong to a companion profile. `ProfileGeneric.capture_period` is the declaration itself,
with its number, data type and owner, so that a client, a meter and a console can all work from it.

A later version of a class is a subclass that states only what differs. Inherited declarations are copied into it, so that
their owner is always the class they were asked from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar, Final, Generic, Self, TypeVar, overload

from ferraris.cosem.types import LOGICAL_NAME, DataType
from ferraris.kernel.units import Unit

T = TypeVar("T")
A = TypeVar("A")
R = TypeVar("R")


class Kind(Enum):
    """Whether the meter itself changes an attribute."""

    STATIC = "static"
    DYNAMIC = "dynamic"


STATIC: Final = Kind.STATIC
DYNAMIC: Final = Kind.DYNAMIC


@dataclass(frozen=True, eq=False)
class Selector(Generic[T]):
    """A way to ask for a part of an attribute: the selector's number and the type of its parameters."""

    number: int
    datatype: DataType[T]


class _Declaration:
    """What attributes and methods share: a number, a name and an owner, the last two given by the class around them."""

    number: int
    name: str
    owner: type[CosemObject]

    def __set_name__(self, owner: type[CosemObject], name: str) -> None:
        self.name = name
        self.owner = owner

    def copied_into(self, owner: type[CosemObject]) -> Self:
        """The same declaration, owned by a subclass."""
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__, owner=owner)
        return copy

    def __repr__(self) -> str:
        return f"{self.owner.__name__}.{self.name}"


class Attribute(_Declaration, Generic[T]):
    """One attribute: `datatype` turns its octets into a `T` and back. `unit` is that of a bare number, where the class fixes it."""

    def __init__(
        self,
        number: int,
        datatype: DataType[T],
        kind: Kind,
        *,
        unit: Unit | None = None,
        selectors: tuple[Selector[Any], ...] = (),
    ) -> None:
        self.number = number
        self.datatype = datatype
        self.kind = kind
        self.unit = unit
        self.selectors = selectors


class Method(_Declaration, Generic[A, R]):
    """One method: the type of its argument and, if it answers with data, of its result."""

    @overload
    def __init__(self: Method[A, None], number: int, argument: DataType[A]) -> None: ...

    @overload
    def __init__(self, number: int, argument: DataType[A], result: DataType[R]) -> None: ...

    def __init__(self, number: int, argument: DataType[A], result: DataType[R] | None = None) -> None:
        self.number = number
        self.argument = argument
        self.result = result


class CosemObject:
    """Root of the interface classes. Every one has the logical name as its first attribute."""

    class_id: ClassVar[int]
    version: ClassVar[int]

    logical_name = Attribute(1, LOGICAL_NAME, STATIC)

    def __init_subclass__(cls, *, class_id: int | None = None, version: int = 0) -> None:
        super().__init_subclass__()
        if class_id is not None:
            cls.class_id = class_id
        cls.version = version
        own = vars(cls)
        for base in cls.__mro__[1:]:
            for name, declaration in vars(base).items():
                if isinstance(declaration, _Declaration) and name not in own:
                    setattr(cls, name, declaration.copied_into(cls))

    @classmethod
    def attributes(cls) -> tuple[Attribute[Any], ...]:
        """All attributes, by number."""
        return tuple(sorted(cls._declared(Attribute), key=lambda attribute: attribute.number))

    @classmethod
    def methods(cls) -> tuple[Method[Any, Any], ...]:
        """All methods, by number."""
        return tuple(sorted(cls._declared(Method), key=lambda method: method.number))

    @classmethod
    def attribute(cls, number: int) -> Attribute[Any] | None:
        """The attribute of that number; None when the class has none."""
        return next((attribute for attribute in cls._declared(Attribute) if attribute.number == number), None)

    @classmethod
    def method(cls, number: int) -> Method[Any, Any] | None:
        """The method of that number; None when the class has none."""
        return next((method for method in cls._declared(Method) if method.number == number), None)

    @classmethod
    def _declared(cls, kind: type[Any]) -> Iterator[Any]:
        return (declaration for declaration in vars(cls).values() if isinstance(declaration, kind))
