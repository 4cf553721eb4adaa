"""Our conformance check against a server made with Gurux: a real report. What fails there is known, check by check.

The list is of Gurux as the program of ours around it uses it; a maker's own server may well do better. Four of the failures open
the server to whoever listens: it serves what is not protected, what was sent before, and whoever failed to authenticate.
"""

from __future__ import annotations

import asyncio

import pytest

from ferraris.client.conformance import Bench, Outcome, Result, Subject, chosen, report_html, report_text, run_checks
from ferraris.kernel.clock import SystemClock
from ferraris.kernel.entropy import SystemEntropy
from ferraris.link import Link, open_tcp
from tests.interop.own_client import management

PEER_ROLE = "meter"
pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("interop")]

PATIENCE_S = 0.4

FAILED = {
    "access-reads": "ACCESS names the association by another name than GET",
    "apdu-of-unknown-tag": "the association ends, and what ended it is answered as a GET",
    "association-opens": "an unprotected RLRQ is answered with a confirmed-service-error",
    "block-of-nothing": "an answer of no octets",
    "block-out-of-turn": "an answer that is no APDU",
    "blocks-given-up": "the old blocks are still there",
    "clock-is-plausible": "its clock stands on the day that the tests begin with",
    "counter-of-yesterday": "an invocation counter of an earlier association is accepted",
    "damage-does-not-end-the-association": "after one damaged request nothing is served",
    "dlms-version-too-low": "rejected without the reason",
    "get-with-list": "a refusal in a list is no data-access-result",
    "get-with-trailing-octets": "octets behind the end are passed over",
    "hls-answer-wrong": "who answers the challenge wrongly can read",
    "hls-pending-serves-nothing": "who has not answered the challenge can read",
    "list-names-the-mandatory-objects": "the program around it has no logical device name",
    "logical-names-are-as-listed": "the association answers by the name of the current one",
    "mechanism-missing": "rejected for the context",
    "mechanism-unknown": "rejected without a reason",
    "own-counter-rises": "its counter begins anew with each association",
    "pdu-size-too-short": "rejected without the reason",
    "request-in-the-clear": "a request in the clear is served in a ciphered association",
    "request-replayed": "a request is served twice",
    "request-too-long": "its own size is not held to",
    "selector-unknown": "a selector that nobody has defined is passed over",
    "service-under-anothers-tag": "the tag of a ciphered service says nothing",
}


def results_of(port: int) -> list[Result]:
    """Every check that does not write."""

    async def open_link() -> Link:
        return await open_tcp("127.0.0.1", port)

    bench = Bench(open_link, management(), SystemEntropy(), SystemClock().now_ms, PATIENCE_S)
    return asyncio.run(run_checks(bench, chosen()))


def test_a_report_of_conformance(gurux_meter: int) -> None:
    results = results_of(gurux_meter)
    failed = {result.check.name: result.got for result in results if result.outcome is Outcome.FAILED}
    assert failed.keys() == FAILED.keys(), {name: failed.get(name) for name in failed.keys() ^ FAILED.keys()}
    assert sum(result.outcome is Outcome.PASSED for result in results) >= 40
    subject = Subject(f"tcp://127.0.0.1:{gurux_meter}", "client 1", "now", "Ferraris")
    text = report_text(subject, results)
    assert text.count("FAIL") == len(FAILED)
    assert report_html(subject, results).count('<tr class="failed"') == len(FAILED)
