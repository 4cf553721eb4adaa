"""Extended register, class 4."""

from __future__ import annotations

from ferraris.cosem.classes.register import REGISTER_VALUE, SCALER_UNIT
from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject, Method
from ferraris.cosem.types import ANY, DATE_TIME_STRING, INTEGER


class ExtendedRegister(CosemObject, class_id=4, version=0):
    """A register that also says how good its value is and when it was captured. Blue Book 4.3.3."""

    value = Attribute(2, REGISTER_VALUE, DYNAMIC)
    scaler_unit = Attribute(3, SCALER_UNIT, STATIC)
    status = Attribute(4, ANY, DYNAMIC)
    capture_time = Attribute(5, DATE_TIME_STRING, DYNAMIC)

    reset = Method(1, INTEGER)
