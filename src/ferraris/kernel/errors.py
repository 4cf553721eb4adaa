"""The one tree of errors.

An error carries fields first (what was expected, what was found, where, which clause) and derives its text from them,
so that a caller branches on types and fields and a person reads one sentence.
"""

from __future__ import annotations

from ferraris.kernel.spelling import spelled


class FerrarisError(Exception):
    """Root of every error that Ferraris raises on purpose."""

    def __init__(
        self,
        summary: str,
        *,
        expected: object = None,
        got: object = None,
        offset: int | None = None,
        state: str | None = None,
        clause: str | None = None,
    ) -> None:
        self.summary = summary
        self.expected = expected
        self.got = got
        self.offset = offset
        self.state = state
        self.clause = clause
        super().__init__(summary)

    @property
    def sentence(self) -> str:
        """The text without the clause: for people who have no standard on their desk."""
        parts = [self.summary]
        if self.expected is not None:
            parts.append(f"expected {self.expected}")
        if self.got is not None:
            parts.append(f"got {self.got}")
        if self.offset is not None:
            parts.append(f"at octet {self.offset}")
        if self.state is not None:
            parts.append(f"in state {self.state}")
        return ", ".join(parts)

    def __str__(self) -> str:
        return self.sentence if self.clause is None else f"{self.sentence} ({self.clause})"


class ProtocolError(FerrarisError):
    """A rule of a protocol was broken."""


class LocalProtocolError(ProtocolError):
    """The caller broke the rules: a defect on our side of the link."""


class RemoteProtocolError(ProtocolError):
    """The peer broke the rules: answer as the standard says and record it."""


class DecodeError(RemoteProtocolError):
    """Octets that are not what their place in the protocol requires: truncated, oversized, a wrong tag, a lying length."""


class SecurityError(FerrarisError):
    """A cryptographic protection does not hold. Raised, never returned as False."""


class AuthenticationError(SecurityError):
    """An authentication tag or an HLS response does not verify: a wrong key, a flipped bit or an impostor."""


class InvocationCounterError(SecurityError):
    """An invocation counter is not above the last one accepted (replay or rollback), or a counter is used up."""


class LinkError(FerrarisError):
    """The link failed. Transient: the same work may be tried again."""


class LinkTimeoutError(LinkError):
    """Nothing came within the time the link allows."""


class LinkClosedError(LinkError):
    """The peer, or the path to it, closed the link."""


class LinkUnreachableError(LinkError):
    """No link could be opened to the address."""


class RefusedError(FerrarisError):
    """The peer understood and said no. `result` is the standard's name for its answer, in lower case and with hyphens."""

    def __init__(self, summary: str, *, result: str, code: int, clause: str | None = None) -> None:
        self.result = spelled(result)
        self.code = code
        super().__init__(summary, got=f"{self.result} ({code})", clause=clause)


class StoreError(FerrarisError):
    """A store could not keep or return what was asked: disk full, file damaged, another process holds it."""


class TableError(FerrarisError):
    """A table file (OBIS codes, companion profile, limits) breaks its own schema. Found at start, never later."""


class ConfigError(FerrarisError):
    """The operator's configuration cannot be used. Found at start, never later."""
