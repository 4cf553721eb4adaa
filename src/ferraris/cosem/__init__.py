"""COSEM, the model of a meter: data types, interface classes, OBIS codes, companion profiles.

An attribute or method is named by its declaration (`Register.value`, `DisconnectControl.remote_disconnect`), which knows
its number and how its octets become values. Each interface class is one file in `classes`, found by itself; what is
re-exported here are those that other packages name. `types` holds the data types, `obis` the symbolic names of logical
names, `short_names` the numbers that stand for attributes and methods, `compact_buffer` what compact data holds, `channels` and
`events` the numbers that stores and event logs use.
"""

from ferraris.cosem import channels, events, obis, types
from ferraris.cosem.access_modes import in_bits, in_numbers, rights_are_bits
from ferraris.cosem.channels import Channel
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
from ferraris.cosem.classes.association_sn import (
    AccessRightsElementSn,
    AssociationSn,
    AssociationSnV0,
    AssociationSnV2,
    AttributeOfObject,
    ObjectListElementSn,
)
from ferraris.cosem.classes.clock import Clock, ClockBase
from ferraris.cosem.classes.data import Data
from ferraris.cosem.classes.demand_register import DemandRegister
from ferraris.cosem.classes.disconnect_control import ControlMode, ControlState, DisconnectControl
from ferraris.cosem.classes.extended_register import ExtendedRegister
from ferraris.cosem.classes.iec_62055_41_attributes import Iec6205541Attributes, MeterPrimaryAccountNumber
from ferraris.cosem.classes.image_transfer import (
    ImageBlock,
    ImageToActivate,
    ImageToTransfer,
    ImageTransfer,
    ImageTransferStatus,
)
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
    POLICIES_OF_V0,
    CertificateEntity,
    CertificateIdentification,
    CertificateIdentificationType,
    CertificateInfo,
    CertificateType,
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
from ferraris.cosem.classes.token_gateway import (
    TokenDeliveryMethod,
    TokenGateway,
    TokenStatus,
    TokenStatusCode,
)
from ferraris.cosem.compact_buffer import pack, template_of, unpack_captured
from ferraris.cosem.date_time import (
    DATE_TIME_OCTETS,
    DAY_LAST_OF_MONTH,
    DAY_SECOND_LAST_OF_MONTH,
    MONTH_DAYLIGHT_SAVING_BEGIN,
    MONTH_DAYLIGHT_SAVING_END,
    ClockStatus,
    CosemDate,
    CosemDateTime,
    CosemTime,
)
from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject, Method, Selector
from ferraris.cosem.events import EventCode, Severity
from ferraris.cosem.obis_code import Obis
from ferraris.cosem.obis_meaning import obis_meaning
from ferraris.cosem.obis_table import ObisEntry, entries_by_tag, obis_entry
from ferraris.cosem.object_list_text import object_list_from_text
from ferraris.cosem.plain import from_plain, to_plain
from ferraris.cosem.pre_established import client_title
from ferraris.cosem.profile import (
    AttributeRule,
    CompanionProfile,
    ListedObject,
    ProfileObject,
    load_profile,
    profile_from_text,
)
from ferraris.cosem.profile_difference import DifferenceKind, ProfileDifference, profile_differences
from ferraris.cosem.profile_file import (
    Authentication,
    BufferEncoding,
    ProfileAssociation,
    Rights,
    Source,
    TokenForm,
    profile_names,
)
from ferraris.cosem.profile_text import profile_text
from ferraris.cosem.quirks import Quirk, quirks_of
from ferraris.cosem.registry import interface_class, interface_classes
from ferraris.cosem.short_names import NamedVariable, Referencing, ShortNames, assign_base_names
from ferraris.cosem.time_columns import (
    NOT_A_TIME,
    epoch_s_from_octets,
    octets_from_epoch_s,
    with_deviations_reversed,
)
from ferraris.cosem.types import DataType
from ferraris.kernel.units import Unit

__all__ = [
    "CLOCK_TIME",
    "DATE_TIME_OCTETS",
    "DAY_LAST_OF_MONTH",
    "DAY_SECOND_LAST_OF_MONTH",
    "DYNAMIC",
    "ENTRY_DESCRIPTOR",
    "MONTH_DAYLIGHT_SAVING_BEGIN",
    "MONTH_DAYLIGHT_SAVING_END",
    "NOT_A_TIME",
    "POLICIES_OF_V0",
    "RANGE_DESCRIPTOR",
    "STATIC",
    "AccessMode",
    "AccessRight",
    "AccessRightsElementSn",
    "AssociatedPartners",
    "AssociationLn",
    "AssociationLnV1",
    "AssociationLnV2",
    "AssociationSn",
    "AssociationSnV0",
    "AssociationSnV2",
    "AssociationStatus",
    "Attribute",
    "AttributeAccess",
    "AttributeOfObject",
    "AttributeRule",
    "Authentication",
    "BufferEncoding",
    "CaptureObject",
    "CertificateEntity",
    "CertificateIdentification",
    "CertificateIdentificationType",
    "CertificateInfo",
    "CertificateType",
    "Channel",
    "Clock",
    "ClockBase",
    "ClockStatus",
    "CompanionProfile",
    "ControlMode",
    "ControlState",
    "CosemDate",
    "CosemDateTime",
    "CosemObject",
    "CosemTime",
    "Data",
    "DataType",
    "DemandRegister",
    "DifferenceKind",
    "DisconnectControl",
    "EntryDescriptor",
    "EventCode",
    "ExecutedScript",
    "ExecutionTime",
    "ExtendedRegister",
    "Iec6205541Attributes",
    "ImageBlock",
    "ImageToActivate",
    "ImageToTransfer",
    "ImageTransfer",
    "ImageTransferStatus",
    "KeyData",
    "KeyId",
    "ListedObject",
    "MeterPrimaryAccountNumber",
    "Method",
    "MethodAccess",
    "NamedVariable",
    "Obis",
    "ObisEntry",
    "ObjectListElement",
    "ObjectListElementSn",
    "ProfileAssociation",
    "ProfileDifference",
    "ProfileGeneric",
    "ProfileObject",
    "PushMessage",
    "PushObject",
    "PushSetup",
    "PushSetupV0",
    "PushSetupV1",
    "Quirk",
    "RangeDescriptor",
    "Referencing",
    "Register",
    "Rights",
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
    "Severity",
    "ShortNames",
    "SingleActionSchedule",
    "SortMethod",
    "Source",
    "TokenDeliveryMethod",
    "TokenForm",
    "TokenGateway",
    "TokenStatus",
    "TokenStatusCode",
    "TransportService",
    "Unit",
    "XdlmsContextInfo",
    "assign_base_names",
    "channels",
    "client_title",
    "entries_by_tag",
    "epoch_s_from_octets",
    "events",
    "from_plain",
    "in_bits",
    "in_numbers",
    "interface_class",
    "interface_classes",
    "load_profile",
    "obis",
    "obis_entry",
    "obis_meaning",
    "object_list_from_text",
    "octets_from_epoch_s",
    "pack",
    "profile_differences",
    "profile_from_text",
    "profile_names",
    "profile_text",
    "quirks_of",
    "rights_are_bits",
    "template_of",
    "to_plain",
    "types",
    "unpack_captured",
    "with_deviations_reversed",
]
