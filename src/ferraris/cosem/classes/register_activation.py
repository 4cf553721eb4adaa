"""Register activation, class 6: which registers count under which tariff."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from ferraris.cosem.classes.object_references import OBJECT_ID
from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject, Method
from ferraris.cosem.types import OCTET_STRING, UNSIGNED, Array, Structure


@dataclass(frozen=True, slots=True)
class RegisterMask:
    """A named set of the assigned registers, each by its place in the list, counted from 1."""

    mask_name: Annotated[bytes, OCTET_STRING]
    index_list: Annotated[tuple[int, ...], Array(UNSIGNED)]


REGISTER_MASK: Final = Structure(RegisterMask)


class RegisterActivation(CosemObject, class_id=6, version=0):
    """Of the assigned registers, those of the active mask count and the others stand still. Blue Book 4.3.5."""

    register_assignment = Attribute(2, Array(OBJECT_ID), STATIC)
    mask_list = Attribute(3, Array(REGISTER_MASK), STATIC)
    active_mask = Attribute(4, OCTET_STRING, DYNAMIC)

    add_register = Method(1, OBJECT_ID)
    add_mask = Method(2, REGISTER_MASK)
    delete_mask = Method(3, OCTET_STRING)
