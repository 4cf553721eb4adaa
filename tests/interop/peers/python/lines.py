"""The line protocol of the Python peers: a JSON object a line in, a JSON object a line out."""

import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

Task = dict[str, Any]
MOMENT_S = 0.001


def serve(perform: Callable[[Task], Task]) -> None:
    """Serve tasks until standard input ends. What the libraries print goes to standard error."""
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        try:
            answer = perform(json.loads(line))
        except Exception as error:  # noqa: BLE001  whatever a foreign library raises is the answer
            answer = {"error": describe(error)}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def describe(error: BaseException) -> str:
    """An error in one line."""
    return f"{type(error).__name__}: {error}"


def repeat(work: Callable[[], int], seconds: float) -> Task:
    """Do `work` again and again for `seconds`; it returns how many units it did each time.

    The clock is looked at about once a millisecond: for work of microseconds, looking each time would count as work.
    """
    units = times = 0
    at_once = 1
    start_cpu = cpu_seconds()
    start = now = time.perf_counter()
    while now < start + seconds:
        for _ in range(at_once):
            units += work()
        times += at_once
        now = time.perf_counter()
        at_once = int(times * MOMENT_S / (now - start)) + 1
    return {"units": units, "seconds": now - start, "cpu_seconds": cpu_seconds() - start_cpu}


def cpu_seconds() -> float:
    """Processor time of this process so far, user and system."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
