"""What tokens say of themselves."""

from __future__ import annotations

from ferraris.sts import (
    ExtendedReadToken,
    ExtendedSetToken,
    KeyChangeFirstSection,
    KeyChangeSecondSection,
    KeyChangeThirdSection,
    KeyType,
)


def test_an_extended_set_token_may_be_about_a_flag() -> None:
    token = ExtendedSetToken.of_flag(1, 5, 200, on=True)
    assert (token.index, token.value, token.flag) == (63, 401, 200)
    assert ExtendedSetToken.of_flag(1, 5, 0, on=False).value == 0
    assert ExtendedSetToken(1, 5, 0, 123).flag is None


def test_an_extended_read_token_names_an_index() -> None:
    assert ExtendedReadToken(0xFC0000000).index == 63
    assert ExtendedReadToken(0).index == 0


def test_parts_of_a_key_do_not_show() -> None:
    part = 0xA5A5_A5A5
    for section in (
        KeyChangeFirstSection(15, 1, False, False, KeyType.DUTK, part),
        KeyChangeSecondSection(15, 2, part),
        KeyChangeThirdSection(577, part),
    ):
        assert str(part) not in repr(section)
        assert "key_part" not in repr(section)
