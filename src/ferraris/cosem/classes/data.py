"""Data, class 1."""

from __future__ import annotations

from ferraris.cosem.declaration import DYNAMIC, Attribute, CosemObject
from ferraris.cosem.types import ANY


class Data(CosemObject, class_id=1, version=0):
    """One value of any type that is no measured quantity. Blue Book 4.3.1."""

    value = Attribute(2, ANY, DYNAMIC)
