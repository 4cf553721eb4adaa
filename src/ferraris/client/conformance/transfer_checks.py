"""Checks of long results: blocks in order, within the agreed size, and the same octets as in one piece; parts of a buffer."""

from __future__ import annotations

from dataclasses import replace

from ferraris.client.conformance.answer import Answer
from ferraris.client.conformance.bench import Bench, Talk
from ferraris.client.conformance.check import Finding, NotApplicable, check, found
from ferraris.client.conformance.requests import OBJECT_LIST, get_next, get_request
from ferraris.client.exploration import ExploredObject
from ferraris.codec import Data
from ferraris.cosem import (
    ENTRY_DESCRIPTOR,
    RANGE_DESCRIPTOR,
    CosemDateTime,
    EntryDescriptor,
    Obis,
    ProfileGeneric,
    RangeDescriptor,
)
from ferraris.dlms.apdu import (
    AttributeDescriptor,
    Conformance,
    DataAccessResult,
    GetResponseNormal,
    GetResponseWithBlock,
    SelectiveAccess,
)
from ferraris.kernel.errors import DecodeError
from ferraris.kernel.limits import CHECKED_BLOCKS_MAX

SECTION = "Long results and parts of them"
BLOCKS = "Green Book 9.5"
SELECTION = "Blue Book 4.3.6"
SMALL_PDU = 128
A_MINUTE_MS = 60_000


@check(
    section=SECTION,
    clause=BLOCKS,
    title="A long result comes in blocks: numbered from 1, none too long, the last one marked",
)
async def blocks_in_order(bench: Bench) -> Finding:
    whole = await _whole(bench)
    numbers: list[int] = []
    sizes: list[int] = []
    pieces = bytearray()
    async with bench.talk(replace(bench.association, max_receive_pdu_size=SMALL_PDU)) as talk:
        _needs_blocks(talk)
        answer = await _measured(talk, get_request(OBJECT_LIST), sizes)
        while isinstance(answer.apdu, GetResponseWithBlock) and isinstance(answer.apdu.result, bytes):
            numbers.append(answer.apdu.block_number)
            pieces += answer.apdu.result
            if answer.apdu.last_block or len(numbers) >= CHECKED_BLOCKS_MAX:
                break
            answer = await _measured(talk, get_next(answer.apdu.block_number), sizes)
    ended = isinstance(answer.apdu, GetResponseWithBlock) and answer.apdu.last_block
    passed = ended and numbers == list(range(1, len(numbers) + 1)) and max(sizes) <= SMALL_PDU and pieces == whole
    got = f"{len(numbers)} blocks, {len(pieces)} of {len(whole)} octets, APDUs of up to {max(sizes)}; {answer}"
    return found(passed, f"blocks 1, 2, …, APDUs of at most {SMALL_PDU} octets, the same octets as in one piece", got)


@check(section=SECTION, clause=BLOCKS, title="A block out of turn is refused: data-block-number-invalid")
async def block_out_of_turn(bench: Bench) -> Finding:
    await _whole(bench)
    async with bench.talk(replace(bench.association, max_receive_pdu_size=SMALL_PDU)) as talk:
        _needs_blocks(talk)
        first = await talk.ask(get_request(OBJECT_LIST))
        if not isinstance(first.apdu, GetResponseWithBlock):
            return found(False, "a first block", first)
        answer = await talk.ask(get_next(7))
    results = (DataAccessResult.DATA_BLOCK_NUMBER_INVALID, DataAccessResult.LONG_GET_ABORTED)
    return found(_result_of(answer) in results or _excepts(answer), "data-block-number-invalid", answer)


@check(section=SECTION, clause=BLOCKS, title="A next block where none is left is refused: no-long-get-in-progress")
async def block_of_nothing(bench: Bench) -> Finding:
    async with bench.talk() as talk:
        _needs_blocks(talk)
        answer = await talk.ask(get_next(1))
    results = (DataAccessResult.NO_LONG_GET_IN_PROGRESS, DataAccessResult.DATA_BLOCK_UNAVAILABLE)
    return found(_result_of(answer) in results or _excepts(answer), "no-long-get-in-progress", answer)


@check(section=SECTION, clause=BLOCKS, title="Another request ends a long result; the old blocks are gone")
async def blocks_given_up(bench: Bench) -> Finding:
    await _whole(bench)
    async with bench.talk(replace(bench.association, max_receive_pdu_size=SMALL_PDU)) as talk:
        _needs_blocks(talk)
        await talk.ask(get_request(OBJECT_LIST))
        name = await talk.ask(get_request(AttributeDescriptor(15, OBJECT_LIST.logical_name, 1)))
        answer = await talk.ask(get_next(1))
    passed = isinstance(name.apdu, GetResponseNormal) and not answer.gives_data
    return found(passed, "the answer to the other request, then no block", f"{name}, then {answer}")


@check(section=SECTION, clause=SELECTION, title="Entries of a buffer: as many rows as asked for, each with its columns")
async def selection_by_entry(bench: Bench) -> Finding:
    profile, columns = await _profile(bench)
    rows = await _rows(bench, profile, _by_entry(1, 2))
    passed = isinstance(rows, list) and len(rows) <= 2 and all(len(row) == columns for row in rows)
    return found(passed, f"at most 2 rows of {columns} columns", _counted(rows))


@check(section=SECTION, clause=SELECTION, title="Columns of entries: only the chosen ones")
async def selection_of_columns(bench: Bench) -> Finding:
    profile, columns = await _profile(bench)
    if columns < 2:
        raise NotApplicable("the profile has one column")
    rows = await _rows(bench, profile, _by_entry(1, 1, 1, 2))
    passed = isinstance(rows, list) and len(rows) <= 1 and all(len(row) == 2 for row in rows)
    return found(passed, "at most 1 row of 2 columns", _counted(rows))


@check(section=SECTION, clause=SELECTION, title="A range of time without rows is an empty buffer, no refusal")
async def selection_by_range_without_rows(bench: Bench) -> Finding:
    profile, _ = await _profile(bench)
    long_ago_ms = 1_000_000 * A_MINUTE_MS
    first, last = (CosemDateTime.from_epoch_ms(ms) for ms in (long_ago_ms, long_ago_ms + A_MINUTE_MS))
    parameters = RANGE_DESCRIPTOR.datatype.encode(RangeDescriptor.by_time(first, last))
    rows = await _rows(bench, profile, SelectiveAccess(RANGE_DESCRIPTOR.number, parameters))
    return found(rows == [], "no rows", _counted(rows))


@check(section=SECTION, clause=SELECTION, title="A selector that the attribute does not have is refused")
async def selector_unknown(bench: Bench) -> Finding:
    profile, _ = await _profile(bench)
    async with bench.talk() as talk:
        answer = await talk.ask(get_request(profile, SelectiveAccess(99, b"\x00")))
    return found(answer.refuses, "a refusal", answer)


@check(section=SECTION, clause=SELECTION, title="Parameters of another type than the selector's are refused")
async def selector_with_wrong_parameters(bench: Bench) -> Finding:
    profile, _ = await _profile(bench)
    async with bench.talk() as talk:
        answer = await talk.ask(get_request(profile, SelectiveAccess(RANGE_DESCRIPTOR.number, b"\x11\x05")))
    return found(answer.refuses, "a refusal", answer)


async def _whole(bench: Bench) -> bytes:
    """The octets of the object list, as our own client puts them together."""
    async with bench.client() as association:
        octets = await association.get_octets(OBJECT_LIST)
    if len(octets) <= SMALL_PDU:
        raise NotApplicable("nothing that every client may read is long")
    return octets


def _needs_blocks(talk: Talk) -> None:
    assert talk.associated is not None
    if not talk.associated.conformance & Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ:
        raise NotApplicable("block transfer with GET was not negotiated")


async def _measured(talk: Talk, apdu: bytes, sizes: list[int]) -> Answer:
    raw = await talk.wire.ask(talk.protected(apdu))
    sizes.append(len(raw.octets or b""))
    return talk.opened(raw)


async def _profile(bench: Bench) -> tuple[AttributeDescriptor, int]:
    """A buffer that may be read and holds rows, and the count of its columns."""
    if not await _selects(bench):
        raise NotApplicable("selective access was not negotiated")
    for explored in (await bench.exploration()).objects:
        columns = columns_of(explored)
        buffer = explored.attribute(ProfileGeneric.buffer.number)
        if columns and buffer is not None and buffer.access & 1 and _rows_in(explored):
            name: Obis = explored.element.logical_name
            return AttributeDescriptor(ProfileGeneric.class_id, name, buffer.number), columns
    raise NotApplicable("no profile with rows may be read")


async def _selects(bench: Bench) -> bool:
    async with bench.talk() as talk:
        assert talk.associated is not None
        return bool(talk.associated.conformance & Conformance.SELECTIVE_ACCESS)


def columns_of(explored: ExploredObject) -> int:
    """How many columns a profile generic has by its capture_objects; 0 for any other object."""
    if explored.element.class_id != ProfileGeneric.class_id:
        return 0
    captured = explored.attribute(ProfileGeneric.capture_objects.number)
    return len(captured.value) if captured is not None and isinstance(captured.value, tuple) else 0


def _rows_in(explored: ExploredObject) -> int:
    in_use = explored.attribute(ProfileGeneric.entries_in_use.number)
    return in_use.value if in_use is not None and isinstance(in_use.value, int) else 0


def _by_entry(*numbers: int) -> SelectiveAccess:
    return SelectiveAccess(ENTRY_DESCRIPTOR.number, ENTRY_DESCRIPTOR.datatype.encode(EntryDescriptor(*numbers)))


async def _rows(bench: Bench, buffer: AttributeDescriptor, selection: SelectiveAccess) -> list[tuple[Data, ...]] | str:
    """The rows of a part of a buffer, or what came instead."""
    async with bench.talk() as talk:
        answer = await talk.ask(get_request(buffer, selection))
    if not isinstance(answer.apdu, GetResponseNormal) or not isinstance(answer.apdu.result, bytes):
        return str(answer)
    try:
        return list(ProfileGeneric.buffer.datatype.decode(answer.apdu.result))
    except DecodeError as error:
        return f"data that is no buffer: {error}"


def _counted(rows: list[tuple[Data, ...]] | str) -> str:
    if isinstance(rows, str):
        return rows
    return f"{len(rows)} rows of {'/'.join(sorted({str(len(row)) for row in rows})) or 'no'} columns"


def _result_of(answer: Answer) -> object:
    return getattr(answer.apdu, "result", None)


def _excepts(answer: Answer) -> bool:
    """An exception-response is a refusal that older servers give."""
    return answer.refuses and _result_of(answer) is None
