"""SCHC-LPWAN setup, class 126: how UDP/IPv6 headers are compressed and messages fragmented for narrow radio (RFC 8724)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from ferraris.codec import Data, Tag
from ferraris.cosem.declaration import STATIC, Attribute, CosemObject
from ferraris.cosem.types import ANY, ENUM, LOGICAL_NAME, Array, Choice, Structure

COUNT: Final = Choice(Tag.UNSIGNED, Tag.LONG_UNSIGNED, Tag.DOUBLE_LONG_UNSIGNED, Tag.BOOLEAN, Tag.ENUM)
"""A number whose size public sources do not name."""


@dataclass(frozen=True, slots=True)
class FieldDescriptor:
    """What a rule says of one header field: where it is, what it is compared with and how, and how it is sent."""

    field_id: Annotated[int, ENUM]
    field_length: Annotated[Data, COUNT]
    field_position: Annotated[Data, COUNT]
    direction_indicator: Annotated[int, ENUM]
    target_value: Annotated[Data, ANY]
    matching_operator: Annotated[int, ENUM]
    compression_decompression_action: Annotated[int, ENUM]


@dataclass(frozen=True, slots=True)
class CompressionRule:
    """A rule of compression and decompression, by its rule ID."""

    rule_id: Annotated[Data, COUNT]
    field_descriptors: Annotated[tuple[FieldDescriptor, ...], Array(Structure(FieldDescriptor))]


@dataclass(frozen=True, slots=True)
class FragmentationRule:
    """The sizes of a fragment's header fields in bits, its check sequence, reliability mode, timers and retries."""

    rule_id: Annotated[Data, COUNT]
    rule_id_length: Annotated[Data, COUNT]
    dtag_length: Annotated[Data, COUNT]
    w_length: Annotated[Data, COUNT]
    fcn_length: Annotated[Data, COUNT]
    rcs_algorithm: Annotated[int, ENUM]
    reliability_mode: Annotated[int, ENUM]
    retransmission_timer: Annotated[Data, COUNT]
    inactivity_timer: Annotated[Data, COUNT]
    max_ack_requests: Annotated[Data, COUNT]


@dataclass(frozen=True, slots=True)
class FragmentationParameters:
    """What all fragmentation rules share, and the rules."""

    max_message_size: Annotated[Data, COUNT]
    rule_id_scheme: Annotated[int, ENUM]
    padding_l2_word_size: Annotated[Data, COUNT]
    padding_bits_value: Annotated[Data, COUNT]
    delay_after_transmission: Annotated[Data, COUNT]
    interleaved_transmission: Annotated[Data, COUNT]
    window_size: Annotated[Data, COUNT]
    rules: Annotated[tuple[FragmentationRule, ...], Array(Structure(FragmentationRule))]


class SchcLpwanSetup(CosemObject, class_id=126, version=0):
    """The rules of SCHC on the network that `lpwan_reference` sets up, such as a LoRaWAN setup object. Blue Book 4.16.2.1.

    Attributes are those of one public extract of edition 16. Members of the structures are in the order of one public
    implementation; how large their numbers are, and which numbers the enumerations use, is known from no public source.
    """

    lpwan_reference = Attribute(2, LOGICAL_NAME, STATIC)
    schc_cd_rules = Attribute(3, Array(Structure(CompressionRule)), STATIC)
    schc_fr_param = Attribute(4, Structure(FragmentationParameters), STATIC)
