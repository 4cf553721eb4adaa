"""What all bodies of requests to REST have in common: a field that nobody knows is refused, for it is a slip of somebody's pen."""

from __future__ import annotations

from typing import ClassVar

from pydantic import ConfigDict


class StrictBody:
    """A body of declared fields and no others."""

    __slots__ = ()
    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")
