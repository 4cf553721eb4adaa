"""A processor for structured logs that takes out whatever is kept under the name of a key.

The objects of this package show nothing by themselves; this catches raw octets that someone logs under a telling name,
at any depth of the event.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

REDACTED = "(redacted)"
_DEPTH_MAX = 8
_TELLING_NAMES = frozenset({"ek", "ak", "gak", "guek", "gbek", "kek", "dedicated", "authorization"})
_TELLING_ENDINGS = ("key", "keys", "secret", "password", "credential")


def redact(logger: object, method_name: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """A structlog processor; put it before the renderer."""
    return {name: _cleaned(name, value, 0) for name, value in event.items()}


def _cleaned(name: str, value: object, depth: int) -> object:
    if name.lower() in _TELLING_NAMES or name.lower().endswith(_TELLING_ENDINGS) or depth > _DEPTH_MAX:
        return value if value is None or isinstance(value, bool) else REDACTED
    if isinstance(value, Mapping):
        return {inner: _cleaned(str(inner), item, depth + 1) for inner, item in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(name, item, depth + 1) for item in value]
    return value
