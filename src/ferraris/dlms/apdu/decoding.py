"""Any APDU from its octets: the first octet says which."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from ferraris.dlms.apdu import (
    access,
    acse,
    action,
    block_transfer,
    ciphered,
    exception,
    get,
    information_report,
    initiate,
    notification,
    read,
    write,
)
from ferraris.dlms.apdu import set as set_service
from ferraris.dlms.apdu.cursor import CLAUSE
from ferraris.kernel.errors import DecodeError
from ferraris.kernel.limits import BLOCK_TRANSFER_OCTETS_MAX

CipheredApdu: TypeAlias = (
    ciphered.ServiceCiphered
    | ciphered.GeneralGlobalCiphering
    | ciphered.GeneralDedicatedCiphering
    | ciphered.GeneralCiphering
    | ciphered.GeneralSigning
)
AcseApdu: TypeAlias = acse.Aarq | acse.Aare | acse.Rlrq | acse.Rlre
Apdu: TypeAlias = (
    get.GetRequest
    | get.GetResponse
    | set_service.SetRequest
    | set_service.SetResponse
    | action.ActionRequest
    | action.ActionResponse
    | read.ReadRequest
    | read.ReadResponse
    | write.WriteRequest
    | write.WriteResponse
    | write.UnconfirmedWriteRequest
    | information_report.InformationReportRequest
    | access.AccessRequest
    | access.AccessResponse
    | initiate.InitiateRequest
    | initiate.InitiateResponse
    | notification.DataNotification
    | notification.DataNotificationConfirm
    | notification.EventNotification
    | exception.ExceptionResponse
    | exception.ConfirmedServiceError
    | block_transfer.GeneralBlockTransfer
    | AcseApdu
    | CipheredApdu
)

_DECODERS: Final[dict[int, Callable[[bytes], Apdu]]] = {
    get.GET_REQUEST: get.decode_get_request,
    get.GET_RESPONSE: get.decode_get_response,
    set_service.SET_REQUEST: set_service.decode_set_request,
    set_service.SET_RESPONSE: set_service.decode_set_response,
    action.ACTION_REQUEST: action.decode_action_request,
    action.ACTION_RESPONSE: action.decode_action_response,
    read.READ_REQUEST: read.decode_read_request,
    read.READ_RESPONSE: read.decode_read_response,
    write.WRITE_REQUEST: write.decode_write_request,
    write.WRITE_RESPONSE: write.decode_write_response,
    write.UNCONFIRMED_WRITE_REQUEST: write.decode_unconfirmed_write_request,
    information_report.INFORMATION_REPORT_REQUEST: information_report.decode_information_report_request,
    access.ACCESS_REQUEST: access.decode_access_request,
    access.ACCESS_RESPONSE: access.decode_access_response,
    initiate.INITIATE_REQUEST: initiate.decode_initiate_request,
    initiate.INITIATE_RESPONSE: initiate.decode_initiate_response,
    notification.DATA_NOTIFICATION: notification.decode_data_notification,
    notification.DATA_NOTIFICATION_CONFIRM: notification.decode_data_notification_confirm,
    notification.EVENT_NOTIFICATION: notification.decode_event_notification,
    exception.EXCEPTION_RESPONSE: exception.decode_exception_response,
    exception.CONFIRMED_SERVICE_ERROR: exception.decode_confirmed_service_error,
    block_transfer.GENERAL_BLOCK_TRANSFER: block_transfer.decode_general_block_transfer,
    acse.AARQ: acse.decode_aarq,
    acse.AARE: acse.decode_aare,
    acse.RLRQ: acse.decode_rlrq,
    acse.RLRE: acse.decode_rlre,
    ciphered.GENERAL_GLOBAL_CIPHERING: ciphered.decode_general_global_ciphering,
    ciphered.GENERAL_DEDICATED_CIPHERING: ciphered.decode_general_dedicated_ciphering,
    ciphered.GENERAL_CIPHERING: ciphered.decode_general_ciphering,
    ciphered.GENERAL_SIGNING: ciphered.decode_general_signing,
    **dict.fromkeys(ciphered.GLOBAL_CIPHERED_TAGS, ciphered.decode_service_ciphered),
    **dict.fromkeys(ciphered.DEDICATED_CIPHERED_TAGS, ciphered.decode_service_ciphered),
}


def has_apdu_tag(octets: bytes) -> bool:
    """Whether the first octet is the tag of an APDU."""
    return bool(octets) and octets[0] in _DECODERS


def _of_no_size(octets: int) -> DecodeError:
    if octets == 0:
        return DecodeError("an APDU is empty", expected="a tag octet", got=0, offset=0, clause=CLAUSE)
    return DecodeError(
        "an APDU is too long", expected=f"at most {BLOCK_TRANSFER_OCTETS_MAX} octets", got=octets, clause=CLAUSE
    )


def decode_apdu(octets: bytes) -> Apdu:
    """The APDU that `octets` are, whole. Raises DecodeError for anything else.

    An encoded value at an APDU's end stays octets, its own end unchecked: its data type finds it.
    """
    if not 0 < len(octets) <= BLOCK_TRANSFER_OCTETS_MAX:
        raise _of_no_size(len(octets))
    decoder = _DECODERS.get(octets[0])
    if decoder is None:
        raise DecodeError(
            "no APDU has this tag", expected="a tag of an APDU", got=f"{octets[0]:#04x}", offset=0, clause=CLAUSE
        )
    return decoder(octets)
