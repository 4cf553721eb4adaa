"""Hypothesis strategies for every APDU and what it is made of."""

from __future__ import annotations

from hypothesis import strategies as st

from ferraris.codec import Data, Tag, encode_data
from ferraris.cosem import Obis
from ferraris.dlms.apdu import (
    DEDICATED_CIPHERED_TAGS,
    GLOBAL_CIPHERED_TAGS,
    Aare,
    Aarq,
    AccessItem,
    AccessKind,
    AccessRequest,
    AccessResponse,
    ActionAnswer,
    ActionRequestNextBlock,
    ActionRequestNormal,
    ActionRequestWithBlock,
    ActionRequestWithFirstBlock,
    ActionRequestWithList,
    ActionRequestWithListAndFirstBlock,
    ActionResponseNextBlock,
    ActionResponseNormal,
    ActionResponseWithBlock,
    ActionResponseWithList,
    ActionResult,
    AgreedKey,
    Apdu,
    ApplicationContext,
    AssociationResult,
    AttributeDescriptor,
    Block,
    BlockNumber,
    BlockNumberAccess,
    ConfirmedService,
    ConfirmedServiceError,
    Conformance,
    DataAccessResult,
    DataBlockResult,
    DataNotification,
    DataNotificationConfirm,
    ErrorCategory,
    EventNotification,
    ExceptionResponse,
    GeneralBlockTransfer,
    GeneralCiphering,
    GeneralDedicatedCiphering,
    GeneralGlobalCiphering,
    GeneralSigning,
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithBlock,
    GetResponseWithList,
    IdentifiedKey,
    InformationReportRequest,
    InitiateRequest,
    InitiateResponse,
    Mechanism,
    MethodDescriptor,
    ParameterisedAccess,
    ReadDataBlockAccess,
    ReadRequest,
    ReadResponse,
    ReleaseReason,
    ReleaseResponseReason,
    Rlre,
    Rlrq,
    SelectiveAccess,
    ServiceCiphered,
    ServiceErrorCode,
    ServiceProviderDiagnostic,
    ServiceUserDiagnostic,
    SetRequestNormal,
    SetRequestWithBlock,
    SetRequestWithFirstBlock,
    SetRequestWithList,
    SetRequestWithListAndFirstBlock,
    SetResponseLastBlock,
    SetResponseLastBlockWithList,
    SetResponseNormal,
    SetResponseWithBlock,
    SetResponseWithList,
    StateError,
    UnconfirmedWriteRequest,
    VariableName,
    WrappedKey,
    WriteDataBlockAccess,
    WriteRequest,
    WriteResponse,
)

octet = st.integers(0, 0xFF)
two_octets = st.integers(0, 0xFFFF)
four_octets = st.integers(0, 0xFFFF_FFFF)
octets = st.binary(max_size=140)
titles = st.sampled_from([b"", b"FERHES01"]) | st.binary(max_size=10)
moments = st.sampled_from([b""]) | st.binary(min_size=12, max_size=12)

leaves = st.one_of(
    st.just(Data(Tag.NULL_DATA, None)),
    st.builds(Data, st.just(int(Tag.LONG_UNSIGNED)), two_octets),
    st.builds(Data, st.just(int(Tag.INTEGER)), st.integers(-128, 127)),
    st.builds(Data, st.just(int(Tag.OCTET_STRING)), st.binary(max_size=20)),
    st.builds(Data, st.just(int(Tag.DATE_TIME)), st.binary(min_size=12, max_size=12)),
)
trees = st.recursive(
    leaves,
    lambda inner: st.builds(
        Data, st.sampled_from([int(Tag.ARRAY), int(Tag.STRUCTURE)]), st.lists(inner, max_size=3).map(tuple)
    ),
    max_leaves=6,
)
values = trees.map(encode_data)

logical_names = st.binary(min_size=6, max_size=6).map(Obis)
numbers = st.integers(-128, 127)
attributes = st.builds(AttributeDescriptor, two_octets, logical_names, numbers)
methods = st.builds(MethodDescriptor, two_octets, logical_names, numbers)
selections = st.builds(SelectiveAccess, octet, values)
blocks = st.builds(Block, st.booleans(), four_octets, octets)
data_access_results = st.sampled_from(DataAccessResult)
action_results = st.sampled_from(ActionResult)
results = values | data_access_results
conformances = st.integers(0, 0xFF_FFFF).map(Conformance)
contexts = st.sampled_from(ApplicationContext) | st.just(bytes.fromhex("2a864886f70d"))
mechanisms = st.sampled_from(Mechanism) | st.just(bytes.fromhex("2a864886f70d"))
key_infos = st.one_of(
    st.builds(IdentifiedKey, octet), st.builds(WrappedKey, octet, octets), st.builds(AgreedKey, titles, octets)
)
ciphered_tags = st.sampled_from(sorted({*GLOBAL_CIPHERED_TAGS, *DEDICATED_CIPHERED_TAGS}))


def tuples(elements: st.SearchStrategy) -> st.SearchStrategy:
    """A few of them."""
    return st.lists(elements, max_size=3).map(tuple)


items = tuples(st.tuples(attributes, st.none() | selections))


def pairs_of_lists(left: st.SearchStrategy, right: st.SearchStrategy) -> st.SearchStrategy:
    """Two tuples of the same length."""
    return st.lists(st.tuples(left, right), max_size=3).map(
        lambda pairs: (tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs))
    )


access_items = st.one_of(
    st.builds(AccessItem, st.sampled_from([AccessKind.GET, AccessKind.SET]), attributes, st.none()),
    st.builds(AccessItem, st.just(AccessKind.ACTION), methods, st.none()),
    st.builds(
        AccessItem,
        st.sampled_from([AccessKind.GET_WITH_SELECTION, AccessKind.SET_WITH_SELECTION]),
        attributes,
        selections,
    ),
)
access_answers = st.one_of(
    st.tuples(st.sampled_from([AccessKind.GET, AccessKind.SET]), data_access_results),
    st.tuples(st.just(AccessKind.ACTION), action_results),
)


@st.composite
def access_responses(draw: st.DrawFn) -> AccessResponse:
    count = draw(st.integers(0, 3))
    lists = [
        tuple(draw(st.lists(kind, min_size=count, max_size=count))) for kind in (access_items, values, access_answers)
    ]
    return AccessResponse(draw(four_octets), draw(moments), draw(st.sampled_from([None, lists[0]])), lists[1], lists[2])


@st.composite
def exceptions(draw: st.DrawFn) -> ExceptionResponse:
    error = draw(st.sampled_from(ServiceErrorCode))
    counter = draw(four_octets) if error is ServiceErrorCode.INVOCATION_COUNTER_ERROR else None
    return ExceptionResponse(draw(st.sampled_from(StateError)), error, counter)


variables = st.one_of(
    st.builds(VariableName, two_octets),
    st.builds(ParameterisedAccess, two_octets, octet, values),
    st.builds(BlockNumberAccess, two_octets),
    st.builds(ReadDataBlockAccess, st.booleans(), two_octets, octets),
    st.builds(WriteDataBlockAccess, st.booleans(), two_octets),
)
block_numbers = st.builds(BlockNumber, two_octets)
data_blocks = st.builds(DataBlockResult, st.booleans(), two_octets, octets)
short_names = st.one_of(
    st.builds(ReadRequest, tuples(variables)),
    st.builds(ReadResponse, tuples(results | data_blocks | block_numbers)),
    st.builds(WriteRequest, tuples(variables), tuples(values)),
    st.builds(WriteResponse, tuples(data_access_results | block_numbers)),
    st.builds(UnconfirmedWriteRequest, tuples(variables), tuples(values)),
    st.builds(InformationReportRequest, st.none() | octets, tuples(variables), tuples(values)),
)
gets = st.one_of(
    st.builds(GetRequestNormal, octet, attributes, st.none() | selections),
    st.builds(GetRequestNext, octet, four_octets),
    st.builds(GetRequestWithList, octet, items),
    st.builds(GetResponseNormal, octet, results),
    st.builds(GetResponseWithBlock, octet, st.booleans(), four_octets, octets | data_access_results),
    st.builds(GetResponseWithList, octet, tuples(results)),
)
sets = st.one_of(
    st.builds(SetRequestNormal, octet, attributes, st.none() | selections, values),
    st.builds(SetRequestWithFirstBlock, octet, attributes, st.none() | selections, blocks),
    st.builds(SetRequestWithBlock, octet, blocks),
    st.builds(
        lambda iip, lists: SetRequestWithList(iip, *lists),
        octet,
        pairs_of_lists(st.tuples(attributes, st.none() | selections), values),
    ),
    st.builds(SetRequestWithListAndFirstBlock, octet, items, blocks),
    st.builds(SetResponseNormal, octet, data_access_results),
    st.builds(SetResponseWithBlock, octet, four_octets),
    st.builds(SetResponseLastBlock, octet, data_access_results, four_octets),
    st.builds(SetResponseLastBlockWithList, octet, tuples(data_access_results), four_octets),
    st.builds(SetResponseWithList, octet, tuples(data_access_results)),
)
actions = st.one_of(
    st.builds(ActionRequestNormal, octet, methods, st.none() | values),
    st.builds(ActionRequestNextBlock, octet, four_octets),
    st.builds(lambda iip, lists: ActionRequestWithList(iip, *lists), octet, pairs_of_lists(methods, values)),
    st.builds(ActionRequestWithFirstBlock, octet, methods, blocks),
    st.builds(ActionRequestWithListAndFirstBlock, octet, tuples(methods), blocks),
    st.builds(ActionRequestWithBlock, octet, blocks),
    st.builds(ActionResponseNormal, octet, action_results, st.none() | results),
    st.builds(ActionResponseWithBlock, octet, blocks),
    st.builds(ActionResponseWithList, octet, tuples(st.builds(ActionAnswer, action_results, st.none() | results))),
    st.builds(ActionResponseNextBlock, octet, four_octets),
)
accesses = st.one_of(
    st.builds(
        lambda iip, moment, lists: AccessRequest(iip, moment, *lists),
        four_octets,
        moments,
        pairs_of_lists(access_items, values),
    ),
    access_responses(),
)
initiates = st.one_of(
    st.builds(
        InitiateRequest,
        st.none() | st.binary(min_size=16, max_size=16),
        st.booleans(),
        st.none() | numbers,
        octet,
        conformances,
        two_octets,
    ),
    st.builds(InitiateResponse, st.none() | numbers, octet, conformances, two_octets, two_octets),
)
notifications = st.one_of(
    st.builds(DataNotification, four_octets, moments, values),
    st.builds(DataNotification, four_octets, st.binary(min_size=12, max_size=12), values, st.just(True)),
    st.builds(DataNotificationConfirm, four_octets, moments),
    st.builds(EventNotification, st.none() | st.binary(min_size=12, max_size=12), attributes, values),
)
errors = st.one_of(
    exceptions(),
    st.builds(ConfirmedServiceError, st.sampled_from(ConfirmedService), st.sampled_from(ErrorCategory), octet),
)
acse = st.one_of(
    st.builds(
        Aarq,
        contexts,
        st.none() | octets,
        st.none() | mechanisms,
        st.none() | octets,
        st.none() | octets,
        st.none() | octets,
        st.none() | st.integers(-(1 << 31), (1 << 31) - 1),
        st.sampled_from([(), ((0x80, b"\x07\x80"),), ((0xA2, b"\x04\x01\x07"), (0xBD, b"\x04\x00"))]),
    ),
    st.builds(
        Aare,
        contexts,
        st.sampled_from(AssociationResult),
        st.sampled_from(ServiceUserDiagnostic) | st.sampled_from(ServiceProviderDiagnostic),
        st.none() | octets,
        st.none() | mechanisms,
        st.none() | octets,
        st.none() | octets,
        st.none() | octets,
        st.sampled_from([(), ((0x80, b"\x07\x80"),), ((0xBD, b"\x04\x00"),)]),
    ),
    st.builds(Rlrq, st.none() | st.sampled_from(ReleaseReason), st.none() | octets),
    st.builds(Rlre, st.none() | st.sampled_from(ReleaseResponseReason), st.none() | octets),
)
ciphered = st.one_of(
    st.builds(ServiceCiphered, ciphered_tags, octets),
    st.builds(GeneralGlobalCiphering, titles, octets),
    st.builds(GeneralDedicatedCiphering, titles, octets),
    st.builds(GeneralCiphering, titles, titles, titles, moments, titles, st.none() | key_infos, octets),
    st.builds(GeneralSigning, titles, titles, titles, moments, titles, octets, octets),
)
block_transfers = st.builds(GeneralBlockTransfer, octet, two_octets, two_octets, octets)

apdus: st.SearchStrategy[Apdu] = st.one_of(
    gets, sets, actions, short_names, accesses, initiates, notifications, errors, acse, ciphered, block_transfers
)
"""Any APDU."""
