"""How the standards spell names that Python writes in capitals: READ_WRITE_DENIED is read-write-denied."""

from __future__ import annotations

from enum import Enum


def spelled(name: str) -> str:
    """The name in lower case and with hyphens."""
    return name.lower().replace("_", "-")


def member_spelled(member: Enum) -> str:
    """The name of an enumeration's member; flags without a name of their own are told by their number."""
    return spelled(member.name or str(member.value))
