"""Write the reference pages from the code: `python -m tools.reference`, which is `make docs`.

With `--check` nothing is written; pages that are not what the code says are named, and the exit code is 1.
"""

from __future__ import annotations

import ast
import csv
import inspect
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import typer

from ferraris import cosem, dlms
from ferraris.cli import main as command_line
from ferraris.cosem.profile_file import read_profile_file
from ferraris.cosem.quirks import quirk_files
from ferraris.dlms import hdlc
from ferraris.dlms.inspect.push_layouts import push_layout_file, push_layout_files
from ferraris.kernel import errors, limits
from ferraris.kernel.units import unit_rows

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "docs" / "reference"
NOTE = "<!-- Written by `make docs` from the code. Do not edit. -->"


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """A Markdown table."""
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    for row in rows:
        yield f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in row)} |"
    yield ""


def page(title: str, introduction: str, body: Iterable[str]) -> str:
    return "\n".join([f"# {title}", "", NOTE, "", introduction, "", *body]).rstrip() + "\n"


def paragraph(text: str | None) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join((inspect.cleandoc(text or "")).split("\n\n")[0].split())


def command_lines(command: Any, name: str, depth: int = 2) -> Iterator[str]:
    yield f"{'#' * depth} `{name}`"
    yield ""
    yield inspect.cleandoc(command.help or "").replace("\f", "")
    yield ""
    arguments = [parameter for parameter in command.params if parameter.param_type_name == "argument"]
    options = [parameter for parameter in command.params if parameter.param_type_name == "option"]
    if arguments:
        yield from table(["argument", "meaning"], ([f"`{_name(argument)}`", _help(argument)] for argument in arguments))
    shown = [
        option
        for option in options
        if option.name not in {"help", "install_completion", "show_completion"} and not option.hidden
    ]
    if shown:
        rows = ([_spelling(option), _help(option), _default(option)] for option in shown)
        yield from table(["option", "meaning", "default"], rows)
    for child_name, child in getattr(command, "commands", {}).items():
        yield from command_lines(child, f"{name} {child_name}", depth + 1)


def _help(parameter: Any) -> str:
    return " ".join((getattr(parameter, "help", None) or "").split())


def _name(argument: Any) -> str:
    return str(argument.metavar or argument.name.upper())


def _spelling(option: Any) -> str:
    return " ".join(f"`{text}`" for text in [*option.opts, *option.secondary_opts])


def _default(option: Any) -> str:
    value = option.default
    if option.required:
        return "required"
    if isinstance(option.show_default, str):
        return option.show_default
    if value is None or value is False or value == "" or callable(value):
        return ""
    return f"`{value}`"


def cli_page() -> str:
    body: list[str] = []
    for name in command_line.COMMANDS:
        body += command_lines(command_line.load(name), f"ferraris {name}")
    codes = [
        ["0", "done"],
        ["1", "done, and not all is well: a meter could not be read, a simulation had a finding, a check failed"],
        [command_line.EXIT_REFUSED, "what was asked cannot be done; one line on standard error says why"],
        [command_line.EXIT_DEFECT, f"a defect of Ferraris; `{command_line.TRACEBACK_VARIABLE}=1` shows where"],
        ["130", "interrupted"],
    ]
    body += ["## Exit codes", "", *table(["code", "meaning"], codes)]
    return page("The command line", "`ferraris --help` and `ferraris COMMAND --help` show the same.", body)


def interface_classes_page() -> str:
    body: list[str] = []
    for interface in cosem.interface_classes():
        body += [f"## {interface.__name__}: class {interface.class_id}, version {interface.version}", ""]
        body += [paragraph(interface.__doc__), ""]
        attributes = (
            [item.number, f"`{item.name}`", item.datatype, item.kind.value, item.unit.symbol if item.unit else ""]
            for item in interface.attributes()
        )
        body += table(["attribute", "name", "data type", "kind", "unit"], attributes)
        methods = [[item.number, f"`{item.name}`", item.argument, item.result or ""] for item in interface.methods()]
        if methods:
            body += table(["method", "name", "argument", "result"], methods)
    introduction = "Every interface class that is declared, with its attributes and methods in the standard's order."
    return page("Interface classes", introduction, body)


def companion_profiles_page() -> str:
    body: list[str] = []
    for name in cosem.profile_names():
        profile, file = cosem.load_profile(name), read_profile_file(name)
        body += [f"## {name}", "", f"{profile.title}, {profile.phases} phase{'s' if profile.phases > 1 else ''}."]
        if profile.check_list:
            body.append("A check-list: it names objects and no more." + " Others may be there." * profile.partial)
        body += [f"Source: {file.source.document}; {file.source.edition}.", ""]
        associations = (
            [f"`{key}`", item.client_sap, item.server_sap, item.authentication.name.lower(), _yes(item.ciphered)]
            for key, item in profile.associations.items()
        )
        if profile.associations:
            body += table(["association", "client SAP", "server SAP", "authentication", "ciphered"], associations)
        inherited = set() if file.inherit is None else set(cosem.load_profile(file.inherit).listed)
        own = [item for item in profile.listed if item not in inherited]
        if file.inherit is not None:
            gone = len(inherited - set(profile.listed))
            less = f" {gone} of those are not there, or are otherwise." if gone else ""
            body += [f"As [{file.inherit}](#{file.inherit}), {len(inherited)} objects.{less} Of its own:", ""]
        if own:
            rows = ([f"`{item.tag}`", item.logical_name, item.class_id, item.version] for item in own)
            body += table(["tag", "logical name", "class", "version"], rows)
        elif file.inherit is not None:
            body += ["none.", ""]
    return page("Companion profiles", "The objects that each kind of meter has.", body)


def quirks_page() -> str:
    body: list[str] = []
    rows: list[list[object]] = []
    for file in quirk_files():
        who = ", ".join((*file.manufacturers, *(f"`{name}`" for name in file.profiles)))
        rows += [[file.title, who, f"`{row.quirk.value}`", row.reason, row.seen, row.source] for row in file.quirks]
    body += table(["whose", "known by", "quirk", "what was seen", "when", "where it is written"], rows)
    introduction = (
        "How meters deviate from the standard, each with its reason. A meter is known by the three letters with which its "
        "system title begins, or by its companion profile."
    )
    return page("Quirks", introduction, body)


def push_layouts_page() -> str:
    rows: list[list[object]] = []
    for name in push_layout_files():
        file = push_layout_file(name)
        for layout in file.layouts:
            shown = sum(push.layout == layout.name for push in file.telegrams) + len(layout.vectors)
            who = ", ".join(layout.operators)
            rows.append([layout.name, ", ".join(layout.vendors), who, layout.form.value, len(layout.columns), shown])
    header = ["layout", "vendors", "operators", "form", "columns", "telegrams"]
    introduction = (
        "Layouts of pushes to the consumer's port, in the order in which they are tried, with the number of captured telegrams "
        "that each is tested with."
    )
    return page("Push layouts", introduction, table(header, rows))


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def association_states_page() -> str:
    body: list[str] = []
    for role in dlms.Role:
        body += [f"## The {role.value}", "", "```mermaid", dlms.diagram(role).rstrip(), "```", ""]
    introduction = "The states of an application association, drawn from the table that both ends move by."
    return page("States of an association", introduction, body)


def hdlc_states_page() -> str:
    body: list[str] = []
    for station in hdlc.Station:
        body += [f"## The {station.value} station", "", "```mermaid", hdlc.link_diagram(station).rstrip(), "```", ""]
    introduction = (
        "The states of a data link connection, drawn from the table that both stations move by: the client is the primary one. "
        "CONNECT stands for SNRM, GRANT for UA, REFUSE for DM, REJECT for FRMR, DISCONNECT for DISC, LOSE for a time-out with no "
        "try left, or inactivity."
    )
    return page("States of an HDLC connection", introduction, body)


def limits_page() -> str:
    tree = ast.parse(inspect.getsource(limits))
    rows: list[list[object]] = []
    for node, following in zip(tree.body, [*tree.body[1:], ast.Pass()], strict=True):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            said = isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
            meaning = paragraph(str(following.value.value)) if said else ""  # type: ignore[attr-defined]
            rows.append([f"`{node.target.id}`", f"{getattr(limits, node.target.id):,}", meaning])
    return page("Limits", paragraph(limits.__doc__), table(["name", "value", "meaning"], rows))


def errors_page() -> str:
    def below(parent: type[Exception], depth: int) -> Iterator[list[str]]:
        yield ["&nbsp;" * 4 * depth + f"`{parent.__name__}`", paragraph(parent.__doc__)]
        for child in parent.__subclasses__():
            if child.__module__ == errors.__name__:
                yield from below(child, depth + 1)

    return page("Errors", paragraph(errors.__doc__), table(["error", "meaning"], below(errors.FerrarisError, 0)))


def units_page() -> str:
    rows = ([row.code, row.symbol, row.quantity, f"`{row.tag}`"] for row in unit_rows().values())
    introduction = "The units of COSEM values, by the number that a scaler_unit carries."
    return page("Units", introduction, table(["code", "symbol", "quantity", "name in code"], rows))


def conformance_page() -> str:
    with (REFERENCE / "conformance.csv").open(encoding="utf-8", newline="") as file:
        rows = [[row["clause"], row["claim"], f"`{row['test']}`"] for row in csv.DictReader(file)]
    introduction = (
        "What Ferraris claims of the standards, clause by clause, and the test that shows it. Written by hand in "
        "[conformance.csv](conformance.csv)."
    )
    return page("Conformance", introduction, table(["clause", "claim", "test"], rows))


PAGES = {
    "cli.md": cli_page,
    "interface-classes.md": interface_classes_page,
    "companion-profiles.md": companion_profiles_page,
    "quirks.md": quirks_page,
    "push-layouts.md": push_layouts_page,
    "association-states.md": association_states_page,
    "hdlc-states.md": hdlc_states_page,
    "limits.md": limits_page,
    "errors.md": errors_page,
    "units.md": units_page,
    "conformance.md": conformance_page,
}


def main(check: bool = False) -> None:
    """Write the reference pages from the code."""
    stale = False
    for name, write in PAGES.items():
        path, text = REFERENCE / name, write()
        if path.exists() and path.read_text("utf-8") == text:
            continue
        stale = True
        print(f"docs/reference/{name}: {'stale; run: make docs' if check else 'written'}", file=sys.stderr)
        if not check:
            path.write_text(text, "utf-8")
    if check and stale:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
