"""Sensor manager, class 67: a sensor, its raw value, the value made of it, and what watches both."""

from __future__ import annotations

from ferraris.cosem.classes.object_references import ATTRIBUTE_REFERENCE
from ferraris.cosem.classes.register import REGISTER_VALUE, SCALER_UNIT
from ferraris.cosem.classes.register_monitor import ACTIONS, THRESHOLDS
from ferraris.cosem.declaration import DYNAMIC, Attribute, CosemObject, Method
from ferraris.cosem.types import ANY, DATE_TIME_STRING, ENUM, INTEGER, OCTET_STRING


class SensorManager(CosemObject, class_id=67, version=0):
    """A sensor of a gas or heat meter, say of pressure. Blue Book 4.5.11.

    The numbers of `output_type` and `sealing_method`, and that the processed value is named as an attribute, are uncertain
    in public sources.
    """

    serial_number = Attribute(2, OCTET_STRING, DYNAMIC)
    metrological_identification = Attribute(3, OCTET_STRING, DYNAMIC)
    output_type = Attribute(4, ENUM, DYNAMIC)
    adjustment_method = Attribute(5, OCTET_STRING, DYNAMIC)
    sealing_method = Attribute(6, ENUM, DYNAMIC)
    raw_value = Attribute(7, REGISTER_VALUE, DYNAMIC)
    scaler_unit = Attribute(8, SCALER_UNIT, DYNAMIC)
    status = Attribute(9, ANY, DYNAMIC)
    capture_time = Attribute(10, DATE_TIME_STRING, DYNAMIC)
    raw_value_thresholds = Attribute(11, THRESHOLDS, DYNAMIC)
    raw_value_actions = Attribute(12, ACTIONS, DYNAMIC)
    processed_value = Attribute(13, ATTRIBUTE_REFERENCE, DYNAMIC)
    processed_value_thresholds = Attribute(14, THRESHOLDS, DYNAMIC)
    processed_value_actions = Attribute(15, ACTIONS, DYNAMIC)

    reset = Method(1, INTEGER)
