"""Key changes: a new decoder key in two, three or four tokens under the present one (IEC 62055-41 clauses 6.2.7 and 8.9).

EA07 has two, or three when the meter takes the supply group code as well; EA11 has four. They may be entered in any order.
The rollover bit says that the base date changes: the meter then forgets the token identifiers that it has taken, so such a set
must bring another key, or old tokens could be entered again.

Which key types may follow one another isn't public in full; no change of type is refused here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from ferraris.sts.configuration import EncryptionAlgorithm, KeyType, StsConfiguration
from ferraris.sts.decoder_key import DecoderKey
from ferraris.sts.encoding import encode_token
from ferraris.sts.errors import StsError, TokenResult
from ferraris.sts.identifier import BaseDate
from ferraris.sts.tokens import (
    KeyChangeFirstSection,
    KeyChangeFourthSection,
    KeyChangeSecondSection,
    KeyChangeSection,
    KeyChangeSupplyGroupSection,
    KeyChangeThirdSection,
)

RESULT_OF_SECTION: Final[dict[type, TokenResult]] = {
    KeyChangeFirstSection: TokenResult.FIRST_KEY_CHANGE_TOKEN,
    KeyChangeSecondSection: TokenResult.SECOND_KEY_CHANGE_TOKEN,
    KeyChangeThirdSection: TokenResult.THIRD_KEY_CHANGE_TOKEN,
    KeyChangeSupplyGroupSection: TokenResult.THIRD_KEY_CHANGE_TOKEN,
    KeyChangeFourthSection: TokenResult.FOURTH_KEY_CHANGE_TOKEN,
}
"""What a meter answers to each token of a set that is not complete."""
_PART_OCTETS: Final = 4
_SUPPLY_GROUP_BITS: Final = 12


@dataclass(frozen=True, slots=True)
class KeyChange:
    """What a complete set brings. `supply_group_code` is None when the set of two does not carry it."""

    decoder_key: DecoderKey = field(repr=False)
    key_revision_number: int
    key_type: KeyType
    key_expiry_number: int
    tariff_index: int
    rollover: bool
    supply_group_code: str | None

    def applied_to(self, configuration: StsConfiguration) -> StsConfiguration:
        """The meter's configuration afterwards. The set names no base date: a rollover moves on to the next one.

        A supply group code that did not come is kept; a display shows it as 0.
        """
        base_date = _next_base_date(configuration.base_date) if self.rollover else configuration.base_date
        return replace(
            configuration,
            supply_group_code=self.supply_group_code or configuration.supply_group_code,
            key_revision_number=self.key_revision_number,
            key_type=self.key_type,
            tariff_index=self.tariff_index,
            base_date=base_date,
            key_expiry_number=self.key_expiry_number,
        )


def key_change_sections(
    new_key: DecoderKey, new_configuration: StsConfiguration, old_key: DecoderKey, old_configuration: StsConfiguration
) -> tuple[KeyChangeSection, ...]:
    """The tokens of the set, first to last. Raises StsError for keys and configurations that no set can join."""
    _check_pair(new_key, new_configuration, old_key, old_configuration)
    new = new_configuration
    parts = [
        int.from_bytes(new_key.octets[start : start + _PART_OCTETS], "big")
        for start in range(0, len(new_key.octets), _PART_OCTETS)
    ]
    four = new_key.algorithm is EncryptionAlgorithm.EA11
    three = new.three_token_key_change and not four
    first = KeyChangeFirstSection(
        new.key_expiry_number >> 4,
        new.key_revision_number,
        new.base_date != old_configuration.base_date,
        three,
        new.key_type,
        parts[0],
    )
    second = KeyChangeSecondSection(new.key_expiry_number & 0xF, new.tariff_index, parts[-1])
    if three:
        return first, second, KeyChangeSupplyGroupSection(new.supply_group_code)
    if not four:
        return first, second
    code = int(new.supply_group_code)
    low = KeyChangeThirdSection(code & (1 << _SUPPLY_GROUP_BITS) - 1, parts[1])
    return first, second, low, KeyChangeFourthSection(code >> _SUPPLY_GROUP_BITS, parts[2])


def encode_key_change(
    new_key: DecoderKey, new_configuration: StsConfiguration, old_key: DecoderKey, old_configuration: StsConfiguration
) -> tuple[str, ...]:
    """The set in digits, every token under the old key."""
    sections = key_change_sections(new_key, new_configuration, old_key, old_configuration)
    return tuple(encode_token(section, old_key) for section in sections)


def sections_missing(sections: Iterable[KeyChangeSection], algorithm: EncryptionAlgorithm) -> tuple[type, ...]:
    """Which kinds of section the set still lacks, as far as those that are there tell."""
    there = {type(section): section for section in sections}
    needed: list[type] = [KeyChangeFirstSection, KeyChangeSecondSection]
    first = there.get(KeyChangeFirstSection)
    if algorithm is EncryptionAlgorithm.EA11:
        needed += [KeyChangeThirdSection, KeyChangeFourthSection]
    elif isinstance(first, KeyChangeFirstSection) and first.three_token_key_change:
        needed.append(KeyChangeSupplyGroupSection)
    return tuple(kind for kind in needed if kind not in there)


def assemble_key_change(sections: Iterable[KeyChangeSection], present_key: DecoderKey) -> KeyChange:
    """What the sections say together, in any order, for a meter with `present_key`. Raises StsError.

    Nothing in the tokens ties those of one set together: a decoder drops what it holds of a set after a time.
    """
    held = tuple(sections)
    by_kind: dict[type, KeyChangeSection] = {}
    for section in held:
        if by_kind.setdefault(type(section), section) != section:
            raise StsError("sections of two different key changes", got=f"two of {type(section).__name__}")
    missing = sections_missing(held, present_key.algorithm)
    if missing:
        raise StsError("a key change lacks sections", expected=" and ".join(kind.__name__ for kind in missing))
    first, second = by_kind[KeyChangeFirstSection], by_kind[KeyChangeSecondSection]
    assert isinstance(first, KeyChangeFirstSection)
    assert isinstance(second, KeyChangeSecondSection)
    parts, code = _rest(by_kind, present_key.algorithm)
    octets = b"".join(part.to_bytes(_PART_OCTETS, "big") for part in (first.key_part, *parts, second.key_part))
    return KeyChange(
        DecoderKey(present_key.algorithm, octets, present_key.tables),
        first.key_revision_number,
        first.key_type,
        first.key_expiry_number_high << 4 | second.key_expiry_number_low,
        second.tariff_index,
        first.rollover,
        code,
    )


def _rest(by_kind: dict[type, KeyChangeSection], algorithm: EncryptionAlgorithm) -> tuple[list[int], str | None]:
    """The parts of the key between first and second section, and the supply group code."""
    third, fourth = by_kind.get(KeyChangeThirdSection), by_kind.get(KeyChangeFourthSection)
    if isinstance(third, KeyChangeThirdSection) and isinstance(fourth, KeyChangeFourthSection):
        code = fourth.supply_group_code_high << _SUPPLY_GROUP_BITS | third.supply_group_code_low
        if code >= 10**6:
            raise StsError("a supply group code", expected="six digits", got=code)
        return [third.key_part, fourth.key_part], f"{code:06d}"
    group = by_kind.get(KeyChangeSupplyGroupSection)
    first = by_kind[KeyChangeFirstSection]
    carried = isinstance(first, KeyChangeFirstSection) and first.three_token_key_change
    if isinstance(group, KeyChangeSupplyGroupSection) and carried and algorithm is not EncryptionAlgorithm.EA11:
        return [], group.supply_group_code
    return [], None


def _check_pair(
    new_key: DecoderKey, new_configuration: StsConfiguration, old_key: DecoderKey, old_configuration: StsConfiguration
) -> None:
    if new_configuration.meter_pan != old_configuration.meter_pan:
        raise StsError(
            "a key change is for one meter", expected=old_configuration.meter_pan, got=new_configuration.meter_pan
        )
    algorithms = {new_key.algorithm, new_configuration.encryption_algorithm} | {
        old_key.algorithm,
        old_configuration.encryption_algorithm,
    }
    if len(algorithms) > 1:
        raise StsError(
            "a key change keeps the encryption algorithm", got=" and ".join(sorted(each.name for each in algorithms))
        )
    if new_configuration.base_date != old_configuration.base_date and new_key == old_key:
        raise StsError("a rollover with the same key", expected="a key of another vending key, revision or base date")


def _next_base_date(base_date: BaseDate) -> BaseDate:
    later = [each for each in BaseDate if each.year > base_date.year]
    if not later:
        raise StsError("a rollover from the last base date", got=base_date.year)
    return min(later, key=lambda each: each.year)
