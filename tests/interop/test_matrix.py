"""The table of what was seen: gathered from results, written into its place on the page and nowhere else."""

from __future__ import annotations

import pytest

from ferraris.cosem import ControlState
from tests.interop.matrix import BEGIN, END, gathered, tables, told_by, written

PEER_ROLE = "client"


def test_what_failed_once_does_not_hold() -> None:
    reports = [
        (("client", "lists", "Gurux"), True),
        (("client", "lists", "Gurux"), False),
        (("client", "lists", "jDLMS"), True),
        (("meter", "lists", "jDLMS"), True),
    ]
    assert gathered(reports) == {
        ("client", "lists"): {"Gurux": False, "jDLMS": True},
        ("meter", "lists"): {"jDLMS": True},
    }


def test_a_peer_that_was_not_tried_leaves_its_cell_empty() -> None:
    text = tables({("client", "a"): {"Gurux": True}, ("client", "b"): {"Gurux": False, "jDLMS": True}})
    assert "| what | Gurux | jDLMS |" in text
    assert "| a | yes |  |" in text
    assert "| b | no | yes |" in text


def test_the_page_keeps_what_stands_around_the_table() -> None:
    page = f"before\n{BEGIN}old\n{END}after\n"
    fresh = written(page, "new\n")
    assert fresh == f"before\n{BEGIN}\nnew\n{END}after\n"
    assert written(fresh, "new\n") == fresh


@pytest.mark.parametrize("name", ["jdlms_reader"])
@pytest.mark.parametrize("mode", ["blocks"])
def test_a_test_tells_what_it_is_about(request: pytest.FixtureRequest, name: str, mode: str) -> None:
    told = told_by(request.node)
    assert told == ("client", "a test tells what it is about: blocks", "jDLMS")
    request.node.user_properties.clear()  # it is about no peer


@pytest.mark.peer_role("meter")
@pytest.mark.parametrize("state", [ControlState.READY_FOR_RECONNECTION])
@pytest.mark.parametrize("name", ["gurux_meter"])
def test_a_mark_tells_the_role_and_names_count(request: pytest.FixtureRequest, name: str, state: ControlState) -> None:
    told = told_by(request.node)
    assert told == ("meter", "a mark tells the role and names count: ready for reconnection", "Gurux")
    request.node.user_properties.clear()


@pytest.mark.peer_role(None)
@pytest.mark.parametrize("name", ["gurux_meter"])
def test_a_fault_is_no_row(request: pytest.FixtureRequest, name: str) -> None:
    assert told_by(request.node) is None


def test_a_test_about_no_peer_tells_nothing(request: pytest.FixtureRequest) -> None:
    assert told_by(request.node) is None
