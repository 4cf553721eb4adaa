"""What a server does with an APDU: it answers, stays silent or closes the link; and how one says that in a report."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from ferraris.dlms.apdu import (
    DEDICATED_CIPHERED_TAGS,
    GLOBAL_CIPHERED_TAGS,
    Aare,
    AccessResponse,
    ActionResponseNormal,
    Apdu,
    AssociationResult,
    ConfirmedServiceError,
    DataAccessResult,
    ExceptionResponse,
    GetResponseNormal,
    GetResponseWithBlock,
    GetResponseWithList,
    ReadResponse,
    SetResponseNormal,
    WriteResponse,
    decode_apdu,
)
from ferraris.kernel.errors import DecodeError
from ferraris.kernel.spelling import member_spelled

GENERAL_CIPHERED_TAGS = (0xDB, 0xDC, 0xDD, 0xDF)
OCTETS_SHOWN = 24
RESULTS_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. `octets` is None for silence and for a closed link; `fault` says why a ciphered one cannot be opened."""

    octets: bytes | None
    link_closed: bool = False
    was_ciphered: bool = False
    fault: str = ""

    @classmethod
    def silence(cls) -> Answer:
        """Nothing came in time."""
        return cls(None)

    @classmethod
    def closed(cls) -> Answer:
        """The server ended the link."""
        return cls(None, link_closed=True)

    @property
    def is_ciphered(self) -> bool:
        """Whether the octets are a ciphered APDU."""
        tag = self.octets[0] if self.octets else -1
        return tag in GLOBAL_CIPHERED_TAGS or tag in DEDICATED_CIPHERED_TAGS or tag in GENERAL_CIPHERED_TAGS

    @property
    def apdu(self) -> Apdu | None:
        """The decoded APDU; None where there is none, or none that decodes."""
        if self.octets is None or self.fault:
            return None
        try:
            return decode_apdu(self.octets)
        except DecodeError:
            return None

    @property
    def gives_data(self) -> bool:
        """Whether a request was served: a value came, a write or an invocation succeeded, an association was accepted."""
        apdu = self.apdu
        if isinstance(apdu, GetResponseNormal | GetResponseWithBlock):
            return isinstance(apdu.result, bytes)
        if isinstance(apdu, GetResponseWithList):
            return any(isinstance(result, bytes) for result in apdu.results)
        if isinstance(apdu, ReadResponse):
            return any(isinstance(result, bytes) for result in apdu.results)
        if isinstance(apdu, WriteResponse):
            return DataAccessResult.SUCCESS in apdu.results
        if isinstance(apdu, AccessResponse):
            return any(int(result) == 0 for _, result in apdu.answers)
        if isinstance(apdu, SetResponseNormal | ActionResponseNormal):
            return int(apdu.result) == 0
        if isinstance(apdu, Aare):
            return apdu.result is AssociationResult.ACCEPTED
        return False

    @property
    def refuses(self) -> bool:
        """Whether the server said no in a form of the standard."""
        apdu = self.apdu
        if isinstance(apdu, ExceptionResponse | ConfirmedServiceError):
            return True
        known = (
            GetResponseNormal | GetResponseWithBlock | GetResponseWithList | SetResponseNormal | ActionResponseNormal
        )
        return isinstance(apdu, known | Aare) and not self.gives_data

    def __str__(self) -> str:
        if self.octets is None:
            return "the link was closed" if self.link_closed else "no answer"
        if self.fault:
            return f"an answer that does not open: {self.fault}"
        apdu = self.apdu
        if apdu is None:
            return f"octets that are no APDU: {self.octets[:OCTETS_SHOWN].hex()}"
        return _words(apdu)


def _words(apdu: Apdu) -> str:
    if isinstance(apdu, ExceptionResponse):
        return f"exception-response ({spelled(apdu.state_error)}, {spelled(apdu.service_error)})"
    if isinstance(apdu, ConfirmedServiceError):
        return f"confirmed-service-error ({spelled(apdu.category)} {apdu.value})"
    if isinstance(apdu, Aare):
        return f"AARE {spelled(apdu.result)}, {spelled(apdu.result_source_diagnostic)}"
    if isinstance(apdu, GetResponseWithList | ReadResponse):
        results = [spelled(r) if isinstance(r, DataAccessResult) else "data" for r in apdu.results]
        more = len(results) - RESULTS_SHOWN
        return f"{type(apdu).__name__} ({', '.join(results[:RESULTS_SHOWN])}{f' and {more} more' if more > 0 else ''})"
    result = getattr(apdu, "result", None)
    if isinstance(result, bytes):
        return f"{type(apdu).__name__} with {len(result)} octets of data"
    if isinstance(result, IntEnum):
        return f"{type(apdu).__name__} {spelled(result)}"
    return type(apdu).__name__


def spelled(member: object) -> str:
    """An enumeration's member as the standard spells it."""
    return member_spelled(member) if isinstance(member, IntEnum) else str(member)
