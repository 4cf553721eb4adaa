"""The table of push layouts: which vendor sends values how, and the names and scalers that the pushes leave out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from ferraris.cosem import Obis
from ferraris.kernel.tables import load_toml
from ferraris.kernel.units import Unit


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
    """One row: what a push must be like to fit, and what it leaves unsaid. `vectors` names the telegrams that show it."""

    name: str
    vendors: tuple[str, ...]
    form: Form
    list_version: str = ""
    starts_with: str = ""
    tagged_date_time: bool = False
    columns: tuple[Obis, ...] = ()
    scalers: tuple[ScalerRule, ...] = ()
    vectors: tuple[str, ...] = ()

    def scaler_of(self, logical_name: Obis) -> ScalerRule | None:
        """The rule for a value of this name."""
        for rule in self.scalers:
            if logical_name.c in rule.c and logical_name.d == rule.d:
                return rule
        return None


@dataclass(frozen=True, slots=True)
class PushTraits:
    """What of a push decides on its layout."""

    form: Form
    unnamed: int
    texts: Sequence[str]
    starts_with_date_time: bool
    tagged_date_time: bool


@dataclass(frozen=True, slots=True)
class _Table:
    layouts: tuple[PushLayout, ...]


def push_layouts() -> tuple[PushLayout, ...]:
    """All rows, in the order in which they are tried."""
    table: _Table = load_toml("ferraris.dlms.inspect", "tables/push_layouts.toml", _Table)
    return table.layouts


def layout_of(traits: PushTraits) -> PushLayout | None:
    """The first layout that fits."""
    return next((layout for layout in push_layouts() if _fits(layout, traits)), None)


def _fits(layout: PushLayout, traits: PushTraits) -> bool:
    return (
        layout.form is traits.form
        and len(layout.columns) == traits.unnamed
        and (not layout.starts_with or traits.starts_with_date_time)
        and (not layout.tagged_date_time or traits.tagged_date_time)
        and (not layout.list_version or any(text.startswith(layout.list_version) for text in traits.texts))
    )
