"""The conformance check of a DLMS server: small functions, each with a clause and a title, run against anything that listens.

`run_checks` runs them on a `Bench` (a way to open links, and the client whose association is checked) and gives a result for each:
passed, failed, not applicable or not run, with what was expected and what came. `report_text`, `report_html` and `report_json` print
them by section. Checks neither write nor execute anything unless they are asked to.
"""

from ferraris.client.conformance.bench import Bench
from ferraris.client.conformance.check import Check, Finding, NotApplicable, Outcome, check, registered
from ferraris.client.conformance.report import Subject, report_html, report_json, report_text
from ferraris.client.conformance.result import Result
from ferraris.client.conformance.runner import chosen, run_checks

__all__ = [
    "Bench",
    "Check",
    "Finding",
    "NotApplicable",
    "Outcome",
    "Result",
    "Subject",
    "check",
    "chosen",
    "registered",
    "report_html",
    "report_json",
    "report_text",
    "run_checks",
]
