"""Why a meter refuses a token: the token held against all that is known of the meter.

The present configuration is tried as the meter would do it. If the token is none for it, the others are: a configuration whose
key change has not been entered, former ones, other meters'; then digits mistyped; then neighbouring configurations (another
tariff index, key revision number, key type, base date or supply group). What a wrong key or digit leaves over is told from a
true token by a check value of 16 bits: some in a hundred of the last kind are chance, so those say "likely".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import product
from typing import Final

from ferraris.kernel.errors import FerrarisError
from ferraris.kernel.limits import TOKEN_IDENTIFIERS_REMEMBERED
from ferraris.sts.carrier import TOKEN_DIGITS, bare_digits, from_digits, in_groups
from ferraris.sts.configuration import KEY_REVISION_NUMBERS, TARIFF_INDEXES, KeyType, StsConfiguration
from ferraris.sts.decoder_key import DecoderKey
from ferraris.sts.encoding import CLEAR_CLASS, decode_token
from ferraris.sts.errors import StsError, TokenError, TokenResult
from ferraris.sts.identifier import BaseDate, issued_ms
from ferraris.sts.identifier_memory import remembered_of, result_by_memory
from ferraris.sts.meter_rules import CreditKind, check_by_rules
from ferraris.sts.tokens import ExtendedReadToken, KeyChangeSection, MeterTestToken, ProprietaryToken, Token

Derive = Callable[[StsConfiguration], DecoderKey]
"""The decoder key of a configuration; raises FerrarisError where its vending key is not to be had."""
_EARLY_MS: Final = 24 * 3_600_000
"""How far ahead of the present a token's time of issue may be: vending clocks differ."""


class Cause(StrEnum):
    """What there is to say of a token."""

    ACCEPTED = "accepted"
    FORMAT = "format"
    RESERVED = "reserved"
    MISTYPED = "mistyped"
    WRONG_METER = "wrong_meter"
    KEY_CHANGE_NOT_LOADED = "key_change_not_loaded"
    KEY_CHANGED_SINCE = "key_changed_since"
    CONFIGURATION_DIFFERS = "configuration_differs"
    KEY_EXPIRED = "key_expired"
    DEFAULT_KEY = "default_key"
    MANUFACTURER = "manufacturer"
    OUT_OF_RANGE = "out_of_range"
    OLD = "old"
    USED = "used"
    UNKNOWN_KEY = "unknown_key"
    INITIAL_KEY = "initial_key"
    OTHER_CREDIT = "other_credit"
    PROPRIETARY = "proprietary"


CAUSES: Final = {
    TokenResult.MANUFACTURER_CODE_ERROR: Cause.MANUFACTURER,
    TokenResult.DDTK_ERROR: Cause.DEFAULT_KEY,
    TokenResult.KEY_TYPE_ERROR: Cause.INITIAL_KEY,
    TokenResult.KEY_EXPIRED_ERROR: Cause.KEY_EXPIRED,
    TokenResult.OLD_ERROR: Cause.OLD,
    TokenResult.USED_ERROR: Cause.USED,
    TokenResult.FUNCTION_ERROR: Cause.OTHER_CREDIT,
    TokenResult.RANGE_ERROR: Cause.OUT_OF_RANGE,
}
"""Of what a meter's rules refuse."""


@dataclass(frozen=True, slots=True)
class MeterRecord:
    """What is known of one meter. `accepted` are token identifiers that it has taken under its key; `issued` names, by digits, for whom vending made them."""

    present: StsConfiguration
    pending: tuple[StsConfiguration, ...] = ()
    former: tuple[StsConfiguration, ...] = ()
    others: tuple[StsConfiguration, ...] = ()
    supply_groups: tuple[str, ...] = ()
    accepted: frozenset[int] = frozenset()
    issued: Mapping[str, str] = field(default_factory=dict)
    remembers: int = TOKEN_IDENTIFIERS_REMEMBERED
    """How many of `accepted` the meter remembers: a token is old only where so many are younger."""
    kind: CreditKind = field(default_factory=CreditKind)
    """What the meter counts."""

    def __post_init__(self) -> None:
        if self.remembers < 1:
            raise StsError("a meter's memory of token identifiers", expected="at least one place", got=self.remembers)


@dataclass(frozen=True, slots=True)
class Explanation:
    """The result that the meter shows, the cause, and a sentence. `token` and `configuration` are those under which it decodes."""

    result: TokenResult
    cause: Cause
    text: str
    token: Token | None = None
    configuration: StsConfiguration | None = None
    likely: str | None = None
    """The digits that were probably meant."""

    @property
    def issued_ms(self) -> int | None:
        """When the token was issued; None for one without a token identifier."""
        identifier = getattr(self.token, "token_identifier", None)
        if identifier is None or self.configuration is None:
            return None
        return issued_ms(self.configuration.base_date, identifier)


@dataclass(frozen=True, slots=True)
class _Found:
    token: Token
    configuration: StsConfiguration


def explain_token(text: str, record: MeterRecord, derive: Derive, now_ms: int) -> Explanation:
    """What the token in `text` is to the meter, and why it is refused."""
    digits = bare_digits(text)
    search = _Search(record, derive, now_ms)
    try:
        token_class, _ = from_digits(digits)
        token = decode_token(digits, None if token_class == CLEAR_CLASS else derive(record.present))
    except TokenError as error:
        return _refused(digits, error, search)
    return _judged(token, record)


def _judged(token: Token, record: MeterRecord) -> Explanation:
    """A token that decodes under the present key, held against the meter's rules as the meter does it."""
    remembered = remembered_of(record.accepted, record.remembers)
    try:
        check_by_rules(
            token,
            record.present,
            record.kind,
            lambda identifier: result_by_memory(remembered, identifier, record.remembers),
        )
    except TokenError as error:
        text = error.summary
        if error.result is TokenResult.OLD_ERROR:
            taken = "; it took this one, too" if getattr(token, "token_identifier", None) in record.accepted else ""
            text = f"it was issued before all {len(remembered)} tokens that the meter remembers{taken}"
        cause = Cause.PROPRIETARY if isinstance(token, ProprietaryToken) else CAUSES[error.result]
        return Explanation(error.result, cause, text, token, record.present)
    return Explanation(
        TokenResult.ACCEPT, Cause.ACCEPTED, _accepted_text(token, record, remembered), token, record.present
    )


def _accepted_text(token: Token, record: MeterRecord, remembered: tuple[int, ...]) -> str:
    if isinstance(token, MeterTestToken | ExtendedReadToken):
        return "any meter takes it, again and again"
    if isinstance(token, KeyChangeSection):
        return "it is part of a key change"
    identifier = getattr(token, "token_identifier", None)
    if remembered and identifier is not None and identifier < remembered[0]:
        places = f"{len(remembered)} of its {record.remembers} places"
        return f"the meter takes it: it is older than all that are known, but they fill only {places}"
    return "the meter takes it"


def _refused(digits: str, error: TokenError, search: _Search) -> Explanation:
    """Why digits are no token for the present configuration."""
    if error.result is TokenResult.FORMAT_ERROR:
        return search.mistyped(digits, error.result) or Explanation(error.result, Cause.FORMAT, error.summary)
    if error.result is TokenResult.RANGE_ERROR:
        return Explanation(error.result, Cause.OUT_OF_RANGE, error.summary)
    if error.result is TokenResult.FUNCTION_ERROR:
        return search.mistyped(digits, error.result) or Explanation(error.result, Cause.RESERVED, error.summary)
    return (
        search.known_configuration(digits)
        or search.known_to_vending(digits)
        or search.mistyped(digits, error.result)
        or search.neighbouring_configuration(digits)
        or Explanation(
            error.result,
            Cause.UNKNOWN_KEY,
            "no key that is known makes it a token: it is another meter's, of another vending key, or more than one digit is wrong",
        )
    )


class _Search:
    """The ways in which a token may be meant otherwise, the surest first."""

    def __init__(self, record: MeterRecord, derive: Derive, now_ms: int) -> None:
        self._record = record
        self._derive = derive
        self._latest_ms = now_ms + _EARLY_MS

    def known_configuration(self, digits: str) -> Explanation | None:
        """Another configuration of this meter, or another meter."""
        record = self._record
        groups = (
            (
                record.pending,
                Cause.KEY_CHANGE_NOT_LOADED,
                "it is for the configuration after a key change that the meter has not been given",
            ),
            (record.former, Cause.KEY_CHANGED_SINCE, "it was made before the meter's key was changed, and is void"),
            (record.others, Cause.WRONG_METER, "it is for another meter"),
        )
        for configurations, cause, text in groups:
            found = self._decoded(digits, configurations)
            if found is not None:
                detail = _differences(record.present, found.configuration)
                return Explanation(TokenResult.CRC_ERROR, cause, f"{text}: {detail}", found.token, found.configuration)
        return None

    def known_to_vending(self, digits: str) -> Explanation | None:
        """Digits that vending has made for someone whose key is not at hand."""
        meter = self._record.issued.get(digits)
        if meter is None or meter == self._record.present.meter_pan.digits:
            return None
        return Explanation(
            TokenResult.CRC_ERROR, Cause.WRONG_METER, f"it is for another meter: vending made it for {meter}"
        )

    def mistyped(self, digits: str, result: TokenResult) -> Explanation | None:
        """One digit wrong, two exchanged, one left out or one too many. What vending has issued goes before what decodes."""
        meant = [each for each in dict.fromkeys(slips(digits)) if each != digits]
        sold = [each for each in meant if self._record.issued.get(each) == self._record.present.meter_pan.digits]
        for chosen in (sold, meant):
            for each in chosen:
                found = self._decoded(each, (self._record.present,))
                if found is not None:
                    text = f"a digit is mistyped: likely {in_groups(each)}"
                    return Explanation(result, Cause.MISTYPED, text, found.token, found.configuration, each)
        return None

    def neighbouring_configuration(self, digits: str) -> Explanation | None:
        """The same meter with another tariff index, revision, key type, base date or supply group."""
        found = self._decoded(digits, _neighbours(self._record))
        if found is None:
            return None
        text = f"it is likely for the same meter with {_differences(self._record.present, found.configuration)}"
        return Explanation(TokenResult.CRC_ERROR, Cause.CONFIGURATION_DIFFERS, text, found.token, found.configuration)

    def _decoded(self, digits: str, configurations: Iterable[StsConfiguration]) -> _Found | None:
        """The token under the first of the keys that makes it one which was not issued in the future."""
        for configuration in configurations:
            try:
                token = decode_token(digits, self._derive(configuration))
            except FerrarisError:
                continue
            identifier = getattr(token, "token_identifier", None)
            if identifier is None or issued_ms(configuration.base_date, identifier) <= self._latest_ms:
                return _Found(token, configuration)
        return None


def slips(digits: str) -> Iterator[str]:
    """What may have been meant: each digit replaced, neighbours exchanged, a digit added or taken away, to make twenty."""
    if len(digits) == TOKEN_DIGITS:
        strange = [place for place, digit in enumerate(digits) if digit not in "0123456789"]
        for place, digit in product(strange or range(TOKEN_DIGITS), "0123456789"):
            yield digits[:place] + digit + digits[place + 1 :]
        for place in range(TOKEN_DIGITS - 1):
            yield digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]
    elif len(digits) == TOKEN_DIGITS - 1:
        for place, digit in product(range(TOKEN_DIGITS), "0123456789"):
            yield digits[:place] + digit + digits[place:]
    elif len(digits) == TOKEN_DIGITS + 1:
        for place in range(TOKEN_DIGITS + 1):
            yield digits[:place] + digits[place + 1 :]


def _neighbours(record: MeterRecord) -> Iterator[StsConfiguration]:
    """Configurations that differ from the present one in one field; then in tariff index and key revision number together."""
    present = record.present
    for group in record.supply_groups:
        yield replace(present, supply_group_code=group)
    for index in TARIFF_INDEXES:
        yield replace(present, tariff_index=index)
    for revision in KEY_REVISION_NUMBERS:
        yield replace(present, key_revision_number=revision)
    for key_type in KeyType:
        yield replace(present, key_type=key_type)
    for base_date in BaseDate:
        yield replace(present, base_date=base_date)
    for group, index, revision in product(
        (present.supply_group_code, *record.supply_groups), TARIFF_INDEXES, KEY_REVISION_NUMBERS
    ):
        yield replace(present, supply_group_code=group, tariff_index=index, key_revision_number=revision)


def _differences(present: StsConfiguration, other: StsConfiguration) -> str:
    """In what the other configuration differs, for people."""
    pairs = (
        ("meter PAN", present.meter_pan.digits, other.meter_pan.digits),
        ("encryption algorithm", present.encryption_algorithm.name, other.encryption_algorithm.name),
        ("supply group code", present.supply_group_code, other.supply_group_code),
        ("key revision number", str(present.key_revision_number), str(other.key_revision_number)),
        ("key type", present.key_type.name, other.key_type.name),
        ("tariff index", f"{present.tariff_index:02d}", f"{other.tariff_index:02d}"),
        ("base date", str(present.base_date.year), str(other.base_date.year)),
    )
    told = [f"{name} {theirs} instead of {ours}" for name, ours, theirs in pairs if ours != theirs]
    return ", ".join(told) or "another vending key"
