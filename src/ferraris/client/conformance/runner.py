"""Runs the checks one after the other and keeps what each found; nothing that a server does ends the run."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Final

from ferraris.client.conformance import (  # noqa: F401 - the modules register their checks when they are imported
    access_checks,
    association_checks,
    framing_checks,
    general_block_checks,
    hdlc_checks,
    hdlc_unnumbered_checks,
    hdlc_window_checks,
    method_checks,
    object_checks,
    security_checks,
    service_checks,
    short_name_checks,
    transfer_checks,
)
from ferraris.client.conformance.bench import Bench
from ferraris.client.conformance.check import Check, NotApplicable, Outcome, registered
from ferraris.client.conformance.result import Result
from ferraris.cosem import Referencing
from ferraris.kernel.errors import FerrarisError, LinkError, LinkUnreachableError

OF_ANY_REFERENCING: Final = ("Wrapper", "HDLC")
"""Sections that ask for no attribute."""
OF_SHORT_NAMES: Final = ("Short names",)
UNREACHABLE: Final = "the server cannot be reached"


def chosen(names: Collection[str] = ()) -> tuple[Check, ...]:
    """The checks whose name or section is among `names`; all of them when none are named."""
    wanted = {name.lower() for name in names}
    return tuple(c for c in registered() if not wanted or c.name in wanted or c.section.lower() in wanted)


async def run_checks(
    bench: Bench,
    checks: Collection[Check],
    *,
    write: bool = False,
    told: Callable[[Result], None] = lambda result: None,
) -> list[Result]:
    """What every check found. Those that write are run only when asked for; `told` hears of each result as it comes.

    A server that cannot be reached any more leaves the rest not run.
    """
    results: list[Result] = []
    gone = ""
    with suppress(FerrarisError):  # the first check that needs it says what is wrong
        await bench.choose_readable()
    for each in checks:
        if gone:
            result = Result(each, Outcome.NOT_RUN, got=gone)
        elif each.writes and not write:
            result = Result(each, Outcome.NOT_RUN, got="writes: run it on demand")
        else:
            result = await _run(each, bench)
        if result.outcome is Outcome.NOT_RUN and result.got.startswith(UNREACHABLE):
            gone = result.got
        results.append(result)
        told(result)
    return results


async def _run(each: Check, bench: Bench) -> Result:
    by_short_names = bench.association.referencing is Referencing.SHORT_NAME
    if each.section not in OF_ANY_REFERENCING and by_short_names is not (each.section in OF_SHORT_NAMES):
        names = "short" if by_short_names else "logical"
        return Result(each, Outcome.NOT_APPLICABLE, got=f"the association goes by {names} names")
    try:
        finding = await each.function(bench)
    except NotApplicable as reason:
        return Result(each, Outcome.NOT_APPLICABLE, got=str(reason))
    except LinkUnreachableError as error:
        return Result(each, Outcome.NOT_RUN, got=f"{UNREACHABLE}: {error}")
    except LinkError as error:
        return Result(each, Outcome.FAILED, "an answer", str(error))
    except FerrarisError as error:
        return Result(each, Outcome.FAILED, "an association that serves", str(error))
    outcome = Outcome.PASSED if finding.passed else Outcome.FAILED
    return Result(each, outcome, finding.expected, finding.got)
