"""Everything that can be told of captured octets: their layers from the outside in, the APDU inside, and what it says."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from ferraris.dlms.apdu import (
    Aare,
    Aarq,
    Apdu,
    DataNotification,
    GeneralBlockTransfer,
    GeneralCiphering,
    GeneralDedicatedCiphering,
    GeneralGlobalCiphering,
    GeneralSigning,
    Rlre,
    Rlrq,
    ServiceCiphered,
    decode_apdu,
    has_apdu_tag,
)
from ferraris.dlms.inspect.apdu_value import apdu_name, apdu_value, notification_value
from ferraris.dlms.inspect.framing import Layer, unframe
from ferraris.dlms.inspect.keys import InspectionKeys
from ferraris.dlms.inspect.protection import open_ciphered, split_key_material
from ferraris.dlms.inspect.tree import Json
from ferraris.kernel.errors import DecodeError, FerrarisError
from ferraris.kernel.limits import (
    BLOCK_TRANSFER_BLOCKS_MAX,
    BLOCK_TRANSFER_OCTETS_MAX,
    INSPECTION_OCTETS_MAX,
    PROTECTION_DEPTH_MAX,
)

BARE_CARRIERS: Final = ("hdlc", "hdlc-segmentation")
"""Layers whose information may be something other than an APDU behind an LLC header."""
ACSE_TAGS: Final = range(0x60, 0x64)
CIPHERED: Final = (
    ServiceCiphered,
    GeneralGlobalCiphering,
    GeneralDedicatedCiphering,
    GeneralCiphering,
    GeneralSigning,
)
WITH_USER_INFORMATION: Final = (Aarq, Aare, Rlrq, Rlre)
KEY_MATERIAL: Final = "GeneralCiphering"
"""What loose key material of a key agreement is a part of."""


@dataclass(slots=True)
class Inspection:
    """The result: layers, then the name and the value of each innermost APDU (one, unless a stream was given)."""

    layers: list[Layer] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    values: list[Json] = field(default_factory=list)
    plains: list[bytes] = field(default_factory=list)
    """The octets of each APDU that was read, deciphered; those of an initiate APDU before those of the APDU around it."""

    @property
    def apdu(self) -> Json:
        """The name of the innermost APDU; None when there is none, a list when there are several."""
        return self.names if len(self.names) > 1 else next(iter(self.names), None)

    @property
    def value(self) -> Json:
        """What that APDU says, likewise."""
        return self.values if len(self.values) > 1 else next(iter(self.values), None)

    def warn(self, warning: str) -> None:
        """Note at the innermost layer what was tolerated."""
        self.layers[-1]["warnings"].append(warning)


def inspect(octets: bytes, keys: InspectionKeys | None = None, result: Inspection | None = None) -> Inspection:
    """Decode captured octets whole: frames, segments, blocks, ciphering, APDU. Raises FerrarisError where something is wrong.

    What is well-formed but cannot be read further (no key, a frame without an APDU) ends there, with a warning in its layer.
    A `result` handed in is filled, and keeps the layers that were still right when an error is raised.
    """
    result = result or Inspection()
    if len(octets) > INSPECTION_OCTETS_MAX:
        raise DecodeError(
            "too much at once", expected=f"at most {INSPECTION_OCTETS_MAX} octets", got=len(octets), offset=0
        )
    keys = keys or InspectionKeys()
    framed = unframe(octets, result.layers)
    try:
        for payload in _without_blocks(framed.payloads, result):
            if result.layers and result.layers[-1]["layer"] in BARE_CARRIERS and not has_apdu_tag(payload):
                result.warn("what the frame carries is no APDU")
            else:
                _inspect_apdu(payload, keys, result, 0)
    except FerrarisError:
        if framed.suspicion is not None:
            raise framed.suspicion from None
        raise
    return result


def _without_blocks(payloads: list[bytes], result: Inspection) -> list[bytes]:
    """The payloads, blocks of general block transfer put together where all are there."""
    blocks = []
    for payload in payloads:
        if payload[:1] != b"\xe0":
            return payloads
        block = decode_apdu(payload)
        assert isinstance(block, GeneralBlockTransfer)
        blocks.append(block)
    if not blocks:
        return payloads
    last = len(blocks)
    if any(
        (block.block_number, block.last_block) != (number, number == last) for number, block in enumerate(blocks, 1)
    ):
        return payloads
    whole = b"".join(block.octets for block in blocks)
    if len(whole) > BLOCK_TRANSFER_OCTETS_MAX or len(blocks) > BLOCK_TRANSFER_BLOCKS_MAX:
        raise DecodeError("blocks are too long together", expected=BLOCK_TRANSFER_OCTETS_MAX, got=len(whole))
    result.layers.append(
        {"layer": "general-block-transfer", "blocks": len(blocks), "octets": len(whole), "warnings": []}
    )
    return [whole]


def _inspect_apdu(octets: bytes, keys: InspectionKeys, result: Inspection, depth: int) -> None:
    warnings: list[str] = []
    layer: Layer = {"layer": "apdu", "warnings": warnings}
    apdu = _decode(octets, layer)
    if apdu is None:
        result.layers.append(layer)
        result.names.append(KEY_MATERIAL)
        result.values.append({"key_ciphered_data": split_key_material(octets)})
        return
    if isinstance(apdu, CIPHERED):
        if depth >= PROTECTION_DEPTH_MAX:
            raise DecodeError("too many layers of ciphering", expected=f"at most {PROTECTION_DEPTH_MAX}", got=depth + 1)
        opened = open_ciphered(apdu, keys)
        result.layers.append(opened.layer)
        if opened.plain is not None:
            _check_plain_tag(apdu, opened.plain)
            _inspect_apdu(opened.plain, keys, result, depth + 1)
        else:
            result.names.append(apdu_name(apdu))
            result.values.append(
                {name: value for name, value in opened.layer.items() if name not in ("layer", "warnings")}
            )
        return
    layer["apdu"] = apdu_name(apdu)
    result.layers.append(layer)
    result.names.append(apdu_name(apdu))
    if isinstance(apdu, DataNotification):
        result.values.append(notification_value(apdu, warnings))
        result.plains.append(octets)
        return
    value = apdu_value(apdu, warnings)
    if isinstance(apdu, WITH_USER_INFORMATION) and apdu.user_information is not None:
        value["initiate"] = _user_information(apdu, keys, warnings, result.plains)
    result.values.append(value)
    result.plains.append(octets)


def _decode(octets: bytes, layer: Layer) -> Apdu | None:
    """The APDU; None for loose key material of a key agreement. Raises DecodeError for anything else."""
    try:
        return decode_apdu(octets)
    except DecodeError:
        if octets[:1] and octets[0] in ACSE_TAGS:
            whole = _with_short_lengths(octets)
            if whole is not None:
                layer["warnings"].append("the lengths of the ACSE APDU are too short for its user-information")
                return whole
        material = split_key_material(octets)
        if material:
            layer.update(material)
            layer["warnings"].append(
                "no APDU, but the key-ciphered-data of a general-ciphering APDU: an ephemeral public key (a point of "
                f"{material['curve']}) and its signature, not verified"
            )
            return None
        raise


def _with_short_lengths(octets: bytes) -> Aarq | Aare | None:
    """An AARQ or AARE whose lengths end before its user-information does, if all of it decodes completely with the rest."""
    if len(octets) < 2 or octets[1] > 0x7F:
        return None
    end = 2 + octets[1]
    try:
        apdu = decode_apdu(octets[:end])
        if not isinstance(apdu, Aarq | Aare) or apdu.user_information is None or end >= len(octets):
            return None
        information = apdu.user_information + octets[end:]
        decode_apdu(information)
    except DecodeError:
        return None
    changed = {name: getattr(apdu, name) for name in apdu.__slots__} | {"user_information": information}
    return type(apdu)(**changed)


def _check_plain_tag(apdu: Apdu, plain: bytes) -> None:
    if isinstance(apdu, ServiceCiphered) and plain[:1] != bytes((apdu.plain_tag,)):
        raise DecodeError(
            "a ciphered APDU holds another service than its tag says",
            expected=f"{apdu.plain_tag:02x}",
            got=plain[:1].hex(),
            offset=0,
        )


def _user_information(
    apdu: Aarq | Aare | Rlrq | Rlre, keys: InspectionKeys, warnings: list[str], plains: list[bytes]
) -> Json:
    """The initiate APDU inside an ACSE APDU, deciphered if the keys are there; the ACSE APDU may name its sender."""
    assert apdu.user_information is not None
    title = None
    if isinstance(apdu, Aarq):
        title = apdu.calling_ap_title
    elif isinstance(apdu, Aare):
        title = apdu.responding_ap_title
    if title:
        keys = replace(keys, system_title=title)
    inner = Inspection()
    _inspect_apdu(apdu.user_information, keys, inner, 1)
    plains.extend(inner.plains)
    for layer in inner.layers:
        warnings.extend(layer.pop("warnings"))
    return {"apdu": inner.names[0], "layers": inner.layers, "value": inner.values[0]}
