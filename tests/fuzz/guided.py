"""`python -m tests.fuzz.guided TARGET [libFuzzer options]`: one decoder under coverage guidance, where atheris is installed.

atheris is no dependency: `make fuzz` needs nothing beyond the standard library. Where it is at hand it finds the octets
that plain mutation does not.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

EXIT_LACKS = 2


def load_atheris() -> ModuleType | None:
    """The fuzzing engine, if this machine has it."""
    try:
        import atheris  # type: ignore[import-not-found]
    except ImportError:
        return None
    return atheris  # type: ignore[no-any-return]


def entry(atheris: Any, name: str) -> Callable[[bytes], None]:
    """What the engine calls: the target, its modules instrumented while they are imported."""
    with atheris.instrument_imports(include=["ferraris"]):
        from tests.fuzz.targets import TARGETS
    for target in TARGETS:
        if target.name == name:
            return target.run
    raise SystemExit(f"targets: {', '.join(target.name for target in TARGETS)}")


def main(arguments: Sequence[str]) -> int:
    """Fuzz one target until it breaks or the options end it."""
    if not arguments:
        print(__doc__)
        return EXIT_LACKS
    atheris = load_atheris()
    if atheris is None:
        print("atheris is not installed: `make fuzz` does without it, or `pip install atheris`", file=sys.stderr)
        return EXIT_LACKS
    run = entry(atheris, arguments[0])
    atheris.Setup(["guided", *arguments[1:]], run)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
