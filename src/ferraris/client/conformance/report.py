"""The report of a run: as text for a terminal, as JSON for programs, as one HTML page for whoever made the meter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import groupby
from typing import Any, Final

from ferraris.client.conformance.check import Outcome
from ferraris.client.conformance.result import Result
from ferraris.kernel.tables import read_text

MARKS: Final = {
    Outcome.PASSED: "pass",
    Outcome.FAILED: "FAIL",
    Outcome.NOT_APPLICABLE: "n/a",
    Outcome.NOT_RUN: "--",
}
CLASSES: Final = {
    Outcome.PASSED: "passed",
    Outcome.FAILED: "failed",
    Outcome.NOT_APPLICABLE: "na",
    Outcome.NOT_RUN: "notrun",
}


@dataclass(frozen=True, slots=True)
class Subject:
    """What was checked, when and by what, in words for the head of the report."""

    url: str
    as_client: str
    at: str
    by: str
    facts: dict[str, str] = field(default_factory=dict)


def counts_of(results: Sequence[Result]) -> dict[Outcome, int]:
    """How many checks ended in which way; every way is there."""
    counted = Counter(result.outcome for result in results)
    return {outcome: counted[outcome] for outcome in Outcome}


def verdict_of(results: Sequence[Result]) -> str:
    """The run in one line."""
    counts = counts_of(results)
    parts = [f"{counts[outcome]} {outcome.value}" for outcome in Outcome if counts[outcome]]
    return ", ".join(parts) or "nothing was checked"


def report_text(subject: Subject, results: Sequence[Result]) -> str:
    """The report as lines of text."""
    return "\n".join(_text_lines(subject, results)) + "\n"


def _text_lines(subject: Subject, results: Sequence[Result]) -> Iterator[str]:
    yield f"DLMS/COSEM conformance of {subject.url}"
    yield f"{subject.as_client}; {subject.at}; {subject.by}"
    for name, value in subject.facts.items():
        yield f"{name}: {value}"
    for section, rows in _sections(results):
        yield ""
        yield section
        for row in rows:
            yield f"  {MARKS[row.outcome]:<4}  {row.check.clause:<20}  {row.check.title}"
            if row.outcome is Outcome.FAILED:
                yield f"        expected  {row.expected}"
                yield f"        got       {row.got}"
            elif row.outcome is not Outcome.PASSED:
                yield f"        {row.got}"
    yield ""
    yield verdict_of(results)


def report_json(subject: Subject, results: Sequence[Result]) -> dict[str, Any]:
    """The report as JSON can carry it."""
    return {
        "url": subject.url,
        "as": subject.as_client,
        "at": subject.at,
        "by": subject.by,
        "facts": subject.facts,
        "counts": {outcome.value: count for outcome, count in counts_of(results).items()},
        "checks": [
            {
                "name": row.check.name,
                "section": row.check.section,
                "clause": row.check.clause,
                "title": row.check.title,
                "outcome": row.outcome.value,
                "expected": row.expected,
                "got": row.got,
            }
            for row in results
        ],
    }


def report_html(subject: Subject, results: Sequence[Result]) -> str:
    """The report as one HTML page that needs nothing else."""
    style = read_text("ferraris.client", "conformance/report.css")
    body = "\n".join(_html_lines(subject, results))
    title = escape(f"Conformance of {subject.url}")
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{title}</title>\n'
        f"<style>\n{style}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _html_lines(subject: Subject, results: Sequence[Result]) -> Iterator[str]:
    counts = counts_of(results)
    yield "<header>"
    yield '<p class="kind">DLMS/COSEM conformance report</p>'
    yield f"<h1>{escape(subject.url)}</h1>"
    yield "<dl>"
    facts = {"Client": subject.as_client, "Checked": subject.at, "By": subject.by, **subject.facts}
    for name, value in facts.items():
        yield f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
    yield "</dl>"
    yield '<ul class="counts">'
    for outcome in Outcome:
        kind = CLASSES[outcome] if counts[outcome] else "none"
        yield f'<li class="{kind}"><strong>{counts[outcome]}</strong> {outcome.value}</li>'
    yield "</ul>"
    yield f'<div class="bar" role="img" aria-label="{escape(verdict_of(results))}">'
    for outcome in Outcome:
        if counts[outcome]:
            yield f'<span class="{CLASSES[outcome]}" style="flex-grow:{counts[outcome]}"></span>'
    yield "</div>"
    yield "</header>"
    for section, rows in _sections(results):
        yield from _html_section(section, rows)


def _html_section(section: str, rows: Sequence[Result]) -> Iterator[str]:
    passed = sum(row.outcome is Outcome.PASSED for row in rows)
    failed = sum(row.outcome is Outcome.FAILED for row in rows)
    applicable = sum(row.outcome is not Outcome.NOT_APPLICABLE for row in rows)
    counted = f"{failed} failed" if failed else f"{passed} passed"
    said = f"{counted} of {applicable}" if applicable else Outcome.NOT_APPLICABLE.value
    yield "<section>"
    yield f"<h2>{escape(section)} <small>{said}</small></h2>"
    yield '<table><thead><tr><th scope="col">Result</th><th scope="col">Clause</th><th scope="col">Check</th></tr></thead><tbody>'
    for row in rows:
        yield f'<tr class="{CLASSES[row.outcome]}" id="{escape(row.check.name)}">'
        yield f'<td><span class="mark">{row.outcome.value}</span></td><td class="clause">{escape(row.check.clause)}</td>'
        yield f"<td>{_html_details(row)}</td></tr>"
    yield "</tbody></table>"
    yield "</section>"


def _html_details(row: Result) -> str:
    """The title, and behind it what came: folded away where all is well."""
    title = escape(row.check.title)
    lines = [("expected", row.expected), ("got", row.got)] if row.expected else [("", row.got)]
    items = "".join(f"<div><dt>{name}</dt><dd>{escape(text)}</dd></div>" for name, text in lines if text)
    if row.outcome is Outcome.PASSED:
        return f"<details><summary>{title}</summary><dl>{items}</dl></details>"
    return f"{title}<dl>{items}</dl>"


def _sections(results: Sequence[Result]) -> Iterator[tuple[str, list[Result]]]:
    """The rows by section, in the order in which the sections first come."""
    order = {name: position for position, name in enumerate(dict.fromkeys(row.check.section for row in results))}
    ordered = sorted(results, key=lambda row: order[row.check.section])
    for section, rows in groupby(ordered, key=lambda row: row.check.section):
        yield section, list(rows)
