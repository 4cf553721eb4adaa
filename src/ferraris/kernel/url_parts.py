"""The parts of a URL that somebody typed, of a meter, a service or a running system: nothing hides in it, and no secret stands there."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from ferraris.kernel.errors import ConfigError


def url_parts(text: str, place: str, expected: str, secrets: str) -> SplitResult:
    """The parts of `text`, a URL without a fragment. `place` says what it is when it is none, `secrets` where those belong.

    Raises ConfigError, which repeats no secret. Python's own parser leaves tabs, ends of lines and spaces at the edges out
    without a word.
    """
    if any(not character.isprintable() or character.isspace() for character in text):
        raise ConfigError(place, expected="no spaces or control characters", got=_shown(text))
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise ConfigError(place, expected=expected, got=f"{_shown(text)}: {error}") from None
    if "@" in parts.netloc:
        raise ConfigError(f"{place}: secrets do not belong in a URL", expected=secrets)
    if "#" in text:
        raise ConfigError(place, expected="nothing behind a #", got=_shown(text))
    return parts


def _shown(text: str) -> str:
    """The text as an error tells it: what stands before an @ may be a secret, wherever that is."""
    return f"one with an @, of {len(text)} characters" if "@" in text else repr(text)
