"""The companion's view of a meter: data types, interface classes, OBIS codes, companion profiles.

An attribute or method is named by its declaration (`Register.value`, `DisconnectControl.remote_disconnect`), which knows its
number and how its octets become values. Each interface class is one file in `classes`, found by itself; what is re-exported
here are those that other packages name. `types` holds the data types, `obis` the symbolic names of logical names.
"""

from ferraris.cosem import types
from ferraris.cosem.classes.association_ln import (
    AccessMode,
    AccessRight,
    AssociatedPartners,
    AssociationLn,
    AssociationLnV1,
    AssociationLnV2,
    AssociationStatus,
    AttributeAccess,
    MethodAccess,
    ObjectListElement,
    XdlmsContextInfo,
)
from ferraris.cosem.classes.clock import Clock, ClockBase
from ferraris.cosem.classes.data import Data
from ferraris.cosem.classes.demand_register import DemandRegister
from ferraris.cosem.classes.disconnect_control import ControlMode, ControlState, DisconnectControl
from ferraris.cosem.classes.extended_register import ExtendedRegister
from ferraris.cosem.classes.profile_generic import (
    CLOCK_TIME,
    ENTRY_DESCRIPTOR,
    RANGE_DESCRIPTOR,
    CaptureObject,
    EntryDescriptor,
    ProfileGeneric,
    RangeDescriptor,
    SortMethod,
)
from ferraris.cosem.classes.push_setup import (
    PushMessage,
    PushObject,
    PushSetup,
    PushSetupV0,
    PushSetupV1,
    SendDestinationAndMethod,
    TransportService,
)
from ferraris.cosem.classes.register import Register, ScalerUnit
from ferraris.cosem.classes.sap_assignment import SapAssignment, SapAssignmentElement
from ferraris.cosem.classes.script_table import Script, ScriptAction, ScriptService, ScriptTable
from ferraris.cosem.classes.security_setup import (
    KeyData,
    KeyId,
    SecurityPolicy,
    SecurityPolicyV0,
    SecuritySetup,
    SecuritySetupV0,
    SecuritySuite,
)
from ferraris.cosem.classes.single_action_schedule import (
    ExecutedScript,
    ExecutionTime,
    ScheduleType,
    SingleActionSchedule,
)
from ferraris.cosem.date_time import ClockStatus, CosemDate, CosemDateTime, CosemTime
from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject, Method, Selector
from ferraris.cosem.obis_code import Obis
from ferraris.cosem.registry import interface_class, interface_classes
from ferraris.cosem.time_columns import NOT_A_TIME, epoch_s_from_octets, octets_from_epoch_s
from ferraris.cosem.types import DataType
from ferraris.kernel.units import Unit

__all__ = [
    "CLOCK_TIME",
    "DYNAMIC",
    "ENTRY_DESCRIPTOR",
    "NOT_A_TIME",
    "RANGE_DESCRIPTOR",
    "STATIC",
    "AccessMode",
    "AccessRight",
    "AssociatedPartners",
    "AssociationLn",
    "AssociationLnV1",
    "AssociationLnV2",
    "AssociationStatus",
    "Attribute",
    "AttributeAccess",
    "CaptureObject",
    "Clock",
    "ClockBase",
    "ClockStatus",
    "ControlMode",
    "ControlState",
    "CosemDate",
    "CosemDateTime",
    "CosemObject",
    "CosemTime",
    "Data",
    "DataType",
    "DemandRegister",
    "DisconnectControl",
    "EntryDescriptor",
    "ExecutedScript",
    "ExecutionTime",
    "ExtendedRegister",
    "KeyData",
    "KeyId",
    "Method",
    "MethodAccess",
    "Obis",
    "ObjectListElement",
    "ProfileGeneric",
    "PushMessage",
    "PushObject",
    "PushSetup",
    "PushSetupV0",
    "PushSetupV1",
    "RangeDescriptor",
    "Register",
    "SapAssignment",
    "SapAssignmentElement",
    "ScalerUnit",
    "ScheduleType",
    "Script",
    "ScriptAction",
    "ScriptService",
    "ScriptTable",
    "SecurityPolicy",
    "SecurityPolicyV0",
    "SecuritySetup",
    "SecuritySetupV0",
    "SecuritySuite",
    "Selector",
    "SendDestinationAndMethod",
    "SingleActionSchedule",
    "SortMethod",
    "TransportService",
    "Unit",
    "XdlmsContextInfo",
    "epoch_s_from_octets",
    "interface_class",
    "interface_classes",
    "octets_from_epoch_s",
    "types",
]
