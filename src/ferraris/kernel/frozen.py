"""Dataclasses that are frozen for the checker of types, and cost no more than others to make.

A frozen dataclass sets each field through `object.__setattr__`, which doubles and trebles the cost of making one. For what is
made many times a session (APDUs, events) the checker's word is enough: it refuses an assignment wherever one is written. Equality
and hash are those of a frozen dataclass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass

    __all__ = ["dataclass"]
else:
    import dataclasses

    def dataclass(*, frozen: bool, **options: bool) -> type:
        """As `dataclasses.dataclass`, for one that is frozen."""
        return dataclasses.dataclass(unsafe_hash=frozen, **options)
