"""The file of a companion profile: its schema, and how one file overlays another.

A profile file states objects by tag, in the order in which a meter lists them. With `inherit`, it starts from another profile
and says only what differs:

- an object with a new tag is added behind the inherited ones;
- an object with an inherited tag keeps what it does not state: single values are replaced, `types` and `values` are merged
  entry by entry, the lists `write`, `execute`, `hide` and `capture` are replaced as a whole;
- `absent` removes inherited objects;
- an association with a new name is added, one with an inherited name is replaced as a whole;
- `phases` and `title` are replaced when stated.

An object with `channels = 4` stands for one on each of the channels 1 to 4 (value group B): `MBUS_VALUE` becomes `MBUS_VALUE_1`
to `MBUS_VALUE_4`, and a `#` in its columns becomes the channel's number.

A check-list (`check_list = true`) names objects and no more, since its source says no more: a meter can be held against it,
none can be served from it. Its objects may go by their logical names in place of tags. A `partial` profile names a part of
what a meter has, so that further objects are no difference from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import Enum, IntEnum
from typing import Any, Final

from ferraris.cosem.classes.association_ln import AccessMode
from ferraris.cosem.obis_code import Obis
from ferraris.cosem.short_names import Referencing
from ferraris.kernel.errors import TableError
from ferraris.kernel.tables import file_names, load_toml, parse_toml

PACKAGE: Final = "ferraris.cosem"
FOLDER: Final = "profiles"
INHERITANCE_DEPTH_MAX: Final = 8
CHANNELS_MAX: Final = 64
"""Value group B counts channels from 1 to 64."""


class Authentication(IntEnum):
    """Authentication mechanism of an association, by its number in the mechanism's name."""

    LOWEST = 0
    LLS = 1
    HLS = 2
    HLS_MD5 = 3
    HLS_SHA1 = 4
    HLS_GMAC = 5
    HLS_SHA256 = 6
    HLS_ECDSA = 7


class Rights(IntEnum):
    """What an association may do with the objects it sees."""

    READ = 1
    """Read what anybody may read; write and execute nothing."""
    FULL = 2
    """Everything that the object's row allows."""


class BufferEncoding(Enum):
    """In what form a meter sends the buffer of a profile."""

    PLAIN = "an array of structures"
    NULL_DATA = "the same with null-data for what the row above tells"
    DIFFERENCES = "null-data, and differences to the row above where they are shorter"
    COMPACT_ARRAY = "a compact-array"


class TokenForm(Enum):
    """In what form a token gateway takes a token. The books leave it to companion specifications."""

    DIGITS = "20 digits, an octet each"
    OCTETS = "its 66 bits as a number of 9 octets"
    EITHER = "either of the two"


@dataclass(frozen=True, slots=True)
class Source:
    """Where the facts come from."""

    document: str
    edition: str
    licence: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class ProfileAssociation:
    """An application association that the meter offers. Without `only`, it sees all objects but those in `hide`.

    With `pre_established_pdu_size`, the octets of the longest APDU of either end, it stands without being asked for; a ciphered one
    then names the client by `client_system_title`, in hex. `reports` are objects whose value the client is told unasked when an
    event happens: by event-notifications, under short names by an information report.
    """

    client_sap: int
    authentication: Authentication
    rights: Rights
    server_sap: int = 1
    ciphered: bool = False
    referencing: Referencing = Referencing.LOGICAL_NAME
    only: tuple[str, ...] | None = None
    hide: tuple[str, ...] = ()
    pre_established_pdu_size: int | None = None
    client_system_title: str = ""
    reports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ObjectRow:
    """An object as a file states it; None where this file leaves the inherited statement as it is.

    `types` narrows an attribute of several possible types, `values` gives initial values in plain form, `write` and
    `hide` name the attributes that may be written and that nobody may read, `execute` names methods, `capture` the
    columns of a profile as `TAG.attribute`. `protect` names, for an attribute or method,
    what its requests and responses must be protected with. `channels` is on how many channels the object is, where it is on several.
    `base_name` is its first short name, where it is not left to the meter. `buffer_encoding` is that of a profile, `token_form`
    that of a token gateway.
    """

    class_id: int | None = None
    version: int | None = None
    code: Obis | None = None
    phases: int | None = None
    channels: int | None = None
    base_name: int | None = None
    buffer_encoding: BufferEncoding | None = None
    token_form: TokenForm | None = None
    types: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    write: tuple[str, ...] | None = None
    hide: tuple[str, ...] | None = None
    execute: tuple[str, ...] | None = None
    capture: tuple[str, ...] | None = None
    protect: dict[str, tuple[AccessMode, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Telegram:
    """Octets that a meter of this profile sent, in hex, and the plain value of the attribute that they hold."""

    comment: str
    attribute: str
    octets: str
    expected: Any


@dataclass(frozen=True, slots=True)
class ProfileFile:
    """One file, or several overlaid."""

    name: str
    title: str
    source: Source
    objects: dict[str, ObjectRow]
    inherit: str | None = None
    phases: int | None = None
    absent: tuple[str, ...] = ()
    associations: dict[str, ProfileAssociation] = field(default_factory=dict)
    telegrams: tuple[Telegram, ...] = ()
    check_list: bool = False
    partial: bool = False


def profile_names() -> tuple[str, ...]:
    """The profiles that there are."""
    return file_names(PACKAGE, FOLDER, ".toml")


def read_profile_file(name: str, depth: int = 0) -> ProfileFile:
    """The file of that name over all files that it inherits from. Raises TableError."""
    if name not in profile_names():
        raise TableError("no such companion profile", expected=", ".join(profile_names()), got=name)
    if depth > INHERITANCE_DEPTH_MAX:
        raise TableError("companion profiles inherit in a circle", expected=f"up to {INHERITANCE_DEPTH_MAX}", got=name)
    file = load_toml(PACKAGE, f"{FOLDER}/{name}.toml", ProfileFile)
    if file.name != name:
        raise TableError(f"profiles/{name}.toml: name", expected=name, got=file.name)
    return file if file.inherit is None else overlay(read_profile_file(file.inherit, depth + 1), file)


def parse_profile_file(text: str, place: str) -> ProfileFile:
    """A file that is none of this package, over all files that it inherits from. `place` names it in errors. Raises TableError."""
    file = parse_toml(text, ProfileFile, place)
    return file if file.inherit is None else overlay(read_profile_file(file.inherit, 1), file)


def overlay(base: ProfileFile, file: ProfileFile) -> ProfileFile:
    """`base` with what `file` says differently. Raises TableError when `file` removes what is not there."""
    strange = [tag for tag in file.absent if tag not in base.objects]
    if strange:
        raise TableError(f"{file.name}: absent", expected="inherited objects", got=", ".join(strange))
    objects = {tag: row for tag, row in base.objects.items() if tag not in file.absent}
    for tag, row in file.objects.items():
        objects[tag] = overlay_row(objects[tag], row) if tag in objects else row
    return replace(
        file,
        objects=objects,
        phases=base.phases if file.phases is None else file.phases,
        associations={**base.associations, **file.associations},
        telegrams=(*base.telegrams, *file.telegrams),
    )


def on_each_channel(objects: Mapping[str, ObjectRow]) -> dict[str, ObjectRow]:
    """The rows with each one that stands for several channels written out. Raises TableError."""
    rows: dict[str, ObjectRow] = {}
    for tag, row in objects.items():
        written = {tag: row} if row.channels is None else _written_out(tag, row, row.channels)
        twice = rows.keys() & written.keys()
        if twice:
            raise TableError(f"{min(twice)} stands twice", expected="tags that differ", got=f"channels of {tag}")
        rows |= written
    return rows


def _written_out(tag: str, row: ObjectRow, channels: int) -> dict[str, ObjectRow]:
    if row.code is None or not 1 <= channels <= CHANNELS_MAX:
        raise TableError(f"{tag}: channels", expected=f"1..{CHANNELS_MAX} and a code", got=channels)
    return {f"{tag}_{channel}": _on_channel(row, row.code, channel) for channel in range(1, channels + 1)}


def _on_channel(row: ObjectRow, code: Obis, channel: int) -> ObjectRow:
    capture = None if row.capture is None else tuple(column.replace("#", str(channel)) for column in row.capture)
    on_channel = Obis.of(code.a, channel, code.c, code.d, code.e, code.f)
    return replace(row, code=on_channel, capture=capture, channels=None)


def overlay_row(base: ObjectRow, row: ObjectRow) -> ObjectRow:
    """`base` with what `row` states."""
    stated = {
        name: value
        for name in (column.name for column in fields(ObjectRow))
        if (value := getattr(row, name)) is not None and not isinstance(value, dict)
    }
    return replace(
        base,
        **stated,
        types={**base.types, **row.types},
        values={**base.values, **row.values},
        protect={**base.protect, **row.protect},
    )
