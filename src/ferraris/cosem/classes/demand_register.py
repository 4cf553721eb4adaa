"""Demand register, class 5."""

from __future__ import annotations

from ferraris.cosem.classes.register import REGISTER_VALUE, SCALER_UNIT
from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject, Method
from ferraris.cosem.types import ANY, DATE_TIME_STRING, DOUBLE_LONG_UNSIGNED, INTEGER, LONG_UNSIGNED
from ferraris.kernel.units import Unit


class DemandRegister(CosemObject, class_id=5, version=0):
    """The average of a quantity over a period, block or sliding over several periods. Blue Book 4.3.4."""

    current_average_value = Attribute(2, REGISTER_VALUE, DYNAMIC)
    last_average_value = Attribute(3, REGISTER_VALUE, DYNAMIC)
    scaler_unit = Attribute(4, SCALER_UNIT, STATIC)
    status = Attribute(5, ANY, DYNAMIC)
    capture_time = Attribute(6, DATE_TIME_STRING, DYNAMIC)
    start_time_current = Attribute(7, DATE_TIME_STRING, DYNAMIC)
    period = Attribute(8, DOUBLE_LONG_UNSIGNED, STATIC, unit=Unit.SECOND)
    number_of_periods = Attribute(9, LONG_UNSIGNED, STATIC)

    reset = Method(1, INTEGER)
    next_period = Method(2, INTEGER)
