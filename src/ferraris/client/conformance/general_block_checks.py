"""Checks of general block transfer, where it was negotiated: any APDU in numbered blocks, and lost ones again."""

from __future__ import annotations

from dataclasses import replace

from ferraris.client.conformance.answer import Answer
from ferraris.client.conformance.bench import Bench, Talk
from ferraris.client.conformance.check import Finding, NotApplicable, check, found
from ferraris.client.conformance.requests import OBJECT_LIST, get_request
from ferraris.dlms.apdu import Conformance, GeneralBlockTransfer, GetResponseNormal
from ferraris.kernel.errors import RefusedError
from ferraris.kernel.limits import CHECKED_BLOCKS_MAX

SECTION = "Long results and parts of them"
BLOCKS = "Green Book 9.4.6.13"
SMALL_PDU = 128
LAST = 0x80
WINDOW = 1


@check(section=SECTION, clause=BLOCKS, title="A request in a general block is answered in a general block")
async def general_block_is_answered(bench: Bench) -> Finding:
    async with bench.talk() as talk:
        _needs_blocks(talk)
        plain = await talk.ask(get_request(bench.readable))
        answer = await _ask(talk, _block(1, 0, talk.protected(get_request(bench.readable))))
    block = answer.apdu
    if not isinstance(block, GeneralBlockTransfer):
        return found(False, "a general block", answer)
    inner = talk.opened(Answer(block.octets)).apdu
    same = isinstance(inner, GetResponseNormal) and isinstance(plain.apdu, GetResponseNormal)
    passed = same and inner.result == plain.apdu.result and _numbers(block) == (1, 1) and block.last_block  # type: ignore[union-attr]
    return found(passed, "the last block, number 1, acknowledging 1, with what GET gives", _words(answer))


@check(
    section=SECTION, clause=BLOCKS, title="General blocks are numbered from 1, fit the client's size, and are all of it"
)
async def general_blocks_in_order(bench: Bench) -> Finding:
    whole = await _whole(bench)
    blocks: list[GeneralBlockTransfer] = []
    sizes = [0]
    async with bench.talk(replace(bench.association, max_receive_pdu_size=SMALL_PDU)) as talk:
        _needs_blocks(talk)
        answer = await _ask(talk, _block(1, 0, talk.protected(get_request(OBJECT_LIST))))
        while isinstance(answer.apdu, GeneralBlockTransfer) and len(blocks) < CHECKED_BLOCKS_MAX:
            blocks.append(answer.apdu)
            sizes.append(len(answer.octets or b""))
            if answer.apdu.last_block:
                break
            answer = await _ask(talk, _block(2, len(blocks), b""))
        inner = talk.opened(Answer(b"".join(block.octets for block in blocks))).apdu
    numbers = [block.block_number for block in blocks]
    complete = isinstance(inner, GetResponseNormal) and inner.result == whole
    passed = complete and numbers == list(range(1, len(blocks) + 1)) and len(blocks) > 1 and max(sizes) <= SMALL_PDU
    got = (
        f"{len(blocks)} blocks, APDUs of up to {max(sizes)}, {'all' if complete else 'not all'} of it; {_words(answer)}"
    )
    return found(passed, f"blocks 1, 2, …, APDUs of at most {SMALL_PDU} octets, the whole result", got)


@check(section=SECTION, clause=BLOCKS, title="A general block that was lost is sent again")
async def general_block_lost(bench: Bench) -> Finding:
    await _whole(bench)
    async with bench.talk(replace(bench.association, max_receive_pdu_size=SMALL_PDU)) as talk:
        _needs_blocks(talk)
        await _ask(talk, _block(1, 0, talk.protected(get_request(OBJECT_LIST))))
        second = await _ask(talk, _block(2, 1, b""))
        again = await _ask(talk, _block(2, 1, b""))
    if not isinstance(second.apdu, GeneralBlockTransfer) or not isinstance(again.apdu, GeneralBlockTransfer):
        return found(False, "block 2, and block 2 again", f"{_words(second)}, then {_words(again)}")
    passed = second.apdu.block_number == again.apdu.block_number == 2 and second.apdu.octets == again.apdu.octets
    return found(passed, "block 2, and block 2 again", f"{_words(second)}, then {_words(again)}")


@check(section=SECTION, clause=BLOCKS, title="A general block out of turn is not served")
async def general_block_out_of_turn(bench: Bench) -> Finding:
    async with bench.talk() as talk:
        _needs_blocks(talk)
        answer = await _ask(talk, _block(5, 0, talk.protected(get_request(bench.readable))))
    block = answer.apdu
    served = (
        isinstance(block, GeneralBlockTransfer) and bool(block.octets) and talk.opened(Answer(block.octets)).gives_data
    )
    return found(not served and not talk.opened(answer).gives_data, "no data", _words(answer))


def _block(number: int, acknowledged: int, octets: bytes) -> bytes:
    return GeneralBlockTransfer(LAST | WINDOW, number, acknowledged, octets).encode()


async def _ask(talk: Talk, octets: bytes) -> Answer:
    """General blocks stand outside of the ciphering."""
    return await talk.wire.ask(octets)


def _numbers(block: GeneralBlockTransfer) -> tuple[int, int]:
    return block.block_number, block.block_number_acknowledged


def _words(answer: Answer) -> str:
    block = answer.apdu
    if not isinstance(block, GeneralBlockTransfer):
        return str(answer)
    number, acknowledged = _numbers(block)
    last = "last " if block.last_block else ""
    return f"{last}general block {number}, acknowledging {acknowledged}, {len(block.octets)} octets"


def _needs_blocks(talk: Talk) -> None:
    assert talk.associated is not None
    if not talk.associated.conformance & Conformance.GENERAL_BLOCK_TRANSFER:
        raise NotApplicable("general block transfer was not negotiated")


async def _whole(bench: Bench) -> bytes:
    """The object list. Raises NotApplicable where it is too short to come in blocks."""
    try:
        async with bench.client() as association:
            octets = await association.get_octets(OBJECT_LIST)
    except RefusedError as refused:
        raise NotApplicable(f"the object list cannot be read: {refused.result}") from None
    if len(octets) <= 2 * SMALL_PDU:
        raise NotApplicable("the object list is short")
    return octets
