"""The three forms of a report: the same facts in each, and nothing of a server's words that would break out of the page."""

from __future__ import annotations

from html.parser import HTMLParser

from ferraris.client.conformance import (
    Check,
    Finding,
    Outcome,
    Result,
    Subject,
    report_html,
    report_json,
    report_text,
)
from ferraris.client.conformance.report import verdict_of

SUBJECT = Subject(
    "tcp://127.20.0.1:4059", "client 1, hls-gmac", "2026-11-22 12:00 UTC", "Ferraris 0.1.0", {"Objects": "70"}
)


async def _never(bench: object) -> Finding:
    raise AssertionError("reports run nothing")


def result(section: str, name: str, outcome: Outcome, expected: str = "", got: str = "") -> Result:
    return Result(Check(name, section, "Green Book 9.5", f"Title of {name}", False, _never), outcome, expected, got)


RESULTS = [
    result("First", "one", Outcome.PASSED, "data", "data"),
    result("Second", "two", Outcome.FAILED, "object-undefined", "<script>alert(1)</script> & more"),
    result("First", "three", Outcome.NOT_APPLICABLE, got="there is no profile"),
    result("Second", "four", Outcome.NOT_RUN, got="writes"),
]
VERDICT = "1 passed, 1 failed, 1 not applicable, 1 not run"


class Page(HTMLParser):
    """Open tags and what stands between them."""

    VOID = frozenset({"meta"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())


def test_text_by_section() -> None:
    text = report_text(SUBJECT, RESULTS)
    lines = text.splitlines()
    assert lines.index("First") < lines.index("Second")
    assert lines[-1] == VERDICT
    assert "  FAIL  Green Book 9.5        Title of two" in lines
    assert "        got       <script>alert(1)</script> & more" in lines
    assert "Objects: 70" in lines


def test_json() -> None:
    document = report_json(SUBJECT, RESULTS)
    assert document["counts"] == {"passed": 1, "failed": 1, "not applicable": 1, "not run": 1}
    assert [row["name"] for row in document["checks"]] == ["one", "two", "three", "four"]


def test_html_is_one_well_formed_page_that_needs_nothing_else() -> None:
    page = Page()
    text = report_html(SUBJECT, RESULTS)
    page.feed(text)
    page.close()
    assert page.open == []
    assert "script" not in page.tags
    assert "link" not in page.tags
    assert "src=" not in text
    assert "url(" not in text
    for piece in ("tcp://127.20.0.1:4059", "Title of two", "<script>alert(1)</script> & more", "there is no profile"):
        assert piece in page.texts, piece


def test_sections_in_html_say_how_they_went() -> None:
    text = report_html(SUBJECT, RESULTS)
    assert "<small>1 passed of 1</small>" in text, "what does not apply is not counted against the server"
    assert "<small>1 failed of 2</small>" in text
    nothing_applies = report_html(SUBJECT, [result("First", "one", Outcome.NOT_APPLICABLE, got="no HDLC")])
    assert "<small>not applicable</small>" in nothing_applies


def test_nothing_checked_is_said() -> None:
    assert verdict_of([]) == "nothing was checked"
    assert "nothing was checked" in report_text(SUBJECT, [])
    assert report_html(SUBJECT, [])
