"""The tables of push layouts: who sends values how, and the names and scalers that the pushes leave out.

A file of `tables/push_layouts` holds the layouts of one operator or vendor, and the telegrams that show them. The layouts of
`generic` are tried last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from typing import Any, Final

from ferraris.cosem import Obis
from ferraris.kernel.tables import file_names, load_toml
from ferraris.kernel.units import Unit

PACKAGE: Final = "ferraris.dlms.inspect"
FOLDER: Final = "tables/push_layouts"
GENERIC: Final = "generic"


class Form(Enum):
    """How the values of a push stand together."""

    ENTRIES = "entries"
    PAIRS = "pairs"
    POSITIONS = "positions"
    DESCRIBED = "described"
    UNTAGGED = "untagged"


@dataclass(frozen=True, slots=True)
class ScalerRule:
    """Scaler and unit of the values whose logical name has one of the value groups C and this D."""

    c: tuple[int, ...]
    d: int
    scaler: int
    unit: Unit


@dataclass(frozen=True, slots=True)
class PushLayout:
    """One row: what a push must be like to fit, and what it leaves unsaid.

    `columns` are the logical names of the values that come without one, in their order; of a push that brings its object
    list, they are the names in that list. `types` are the data types of the values without a name. `vectors` names the
    telegrams of the collected vectors that show the layout.
    """

    name: str
    vendors: tuple[str, ...]
    form: Form
    operators: tuple[str, ...] = ()
    list_version: str = ""
    meter_type: str = ""
    starts_with: str = ""
    tagged_date_time: bool = False
    columns: tuple[Obis, ...] = ()
    types: tuple[str, ...] = ()
    scalers: tuple[ScalerRule, ...] = ()
    vectors: tuple[str, ...] = ()

    def scaler_of(self, logical_name: Obis) -> ScalerRule | None:
        """The rule for a value of this name."""
        for rule in self.scalers:
            if logical_name.c in rule.c and logical_name.d == rule.d:
                return rule
        return None


@dataclass(frozen=True, slots=True)
class CapturedPush:
    """A push as a meter sent it: its octets, the keys that open it, and what it says.

    `readings` are by logical name: a number in its unit, or a text. `layout` names the one that fits, and `source` says who
    published the octets. Keys are those that an operator's documentation or a public test gives, never a consumer's.
    """

    name: str
    layout: str
    source: str
    octets: str
    readings: dict[str, Any]
    keys: dict[str, str] = field(default_factory=dict)
    date_time: str = ""


@dataclass(frozen=True, slots=True)
class PushLayoutFile:
    """The layouts of one operator or vendor, in the order in which they are tried, and telegrams that show them."""

    layouts: tuple[PushLayout, ...]
    telegrams: tuple[CapturedPush, ...] = ()


@dataclass(frozen=True, slots=True)
class PushTraits:
    """What of a push decides on its layout. `listed` are the logical names of the object list that it brings."""

    form: Form
    unnamed: int
    texts: Sequence[str]
    starts_with_date_time: bool
    tagged_date_time: bool
    types: tuple[str, ...] = ()
    listed: tuple[Obis, ...] = ()


def push_layout_files() -> tuple[str, ...]:
    """The names of the files, in the order in which their layouts are tried."""
    names = file_names(PACKAGE, FOLDER, ".toml")
    return (*(name for name in names if name != GENERIC), GENERIC)


def push_layout_file(name: str) -> PushLayoutFile:
    """The file of that name. Raises TableError."""
    file: PushLayoutFile = load_toml(PACKAGE, f"{FOLDER}/{name}.toml", PushLayoutFile)
    return file


@cache
def push_layouts() -> tuple[PushLayout, ...]:
    """All rows, in the order in which they are tried."""
    return tuple(layout for name in push_layout_files() for layout in push_layout_file(name).layouts)


def layout_of(traits: PushTraits) -> PushLayout | None:
    """The first layout that fits."""
    return next((layout for layout in push_layouts() if _fits(layout, traits)), None)


def _fits(layout: PushLayout, traits: PushTraits) -> bool:
    return (
        layout.form is traits.form
        and _columns_fit(layout, traits)
        and (not layout.types or layout.types == traits.types)
        and (not layout.starts_with or traits.starts_with_date_time)
        and (not layout.tagged_date_time or traits.tagged_date_time)
        and _said(layout.list_version, traits)
        and _said(layout.meter_type, traits)
    )


def _columns_fit(layout: PushLayout, traits: PushTraits) -> bool:
    if traits.form is Form.DESCRIBED:
        return not layout.columns or layout.columns == traits.listed
    return len(layout.columns) == traits.unnamed


def _said(beginning: str, traits: PushTraits) -> bool:
    return not beginning or any(text.startswith(beginning) for text in traits.texts)
