"""How the console writes names, numbers and spans of time, whatever they are of."""

from __future__ import annotations

MS_PER_S = 1_000
THIN_SPACE = "\u202f"


def sentence(text: str) -> str:
    """A remark of the system as it stands alone: with a capital letter."""
    return f"{text[:1].upper()}{text[1:]}"


def number_of(count_of: int, name: str) -> str:
    """How many of something: 1 meter, 2 meters."""
    return f"{count(count_of)} {name}{'' if count_of == 1 else 's'}"


def kind(name: str) -> str:
    """A name of the code as words: `wrong_key` is Wrong key."""
    return name.replace("_", " ").strip().capitalize()


def count(number: int) -> str:
    """1,234,567 with thin spaces, which no language reads as a decimal mark."""
    return f"{number:,}".replace(",", THIN_SPACE)


def percent(share: float) -> str:
    """A share in percent, rounded towards less: 100 % only when nothing is missing."""
    if share >= 1:
        return "100"
    tenths = int(share * 1_000)
    return f"{tenths // 10}.{tenths % 10}"


def duration(span_ms: int) -> str:
    """1.4 s, 12 min, 3 h 20 min, 2 d 4 h."""
    span_s = abs(span_ms) / MS_PER_S
    if span_s < 60:
        return f"{span_s:.1f} s"
    minutes = int(span_s // 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def offset(offset_ms: int | None) -> str:
    """A clock's offset with its sign."""
    if offset_ms is None:
        return "not measured"
    return f"{'+' if offset_ms >= 0 else '−'}{duration(offset_ms)}"


def scaled(value: int, scaler: int) -> str:
    """A raw integer with its scaler applied, exactly: no floating point, no rounding."""
    if scaler >= 0:
        return count(value * 10**scaler)
    whole, fraction = divmod(abs(value), 10**-scaler)
    return f"{'−' if value < 0 else ''}{count(whole)}.{fraction:0{-scaler}d}"
