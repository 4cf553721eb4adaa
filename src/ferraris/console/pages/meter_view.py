"""What a meter's page shows, as its address says: the quantity charted, over how many days, and the open tab."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs

from ferraris.console.pages.parts import query_path


@dataclass(frozen=True, slots=True)
class Quantity:
    """Something to chart: the channels drawn together, and the unit they are drawn in."""

    name: str
    channels: tuple[tuple[str, str], ...]
    """Tag and the name of its line."""
    unit: str


QUANTITIES = {
    "import": Quantity("Import", (("ACTIVE_ENERGY_IMPORT", "Import"),), "W"),
    "export": Quantity("Export", (("ACTIVE_ENERGY_EXPORT", "Export"),), "W"),
    "reactive": Quantity(
        "Reactive",
        (("REACTIVE_ENERGY_IMPORT", "Reactive import"), ("REACTIVE_ENERGY_EXPORT", "Reactive export")),
        "var",
    ),
    "voltage": Quantity("Voltage", (("VOLTAGE_L1", "L1"), ("VOLTAGE_L2", "L2"), ("VOLTAGE_L3", "L3")), "V"),
}
DAYS = {1: "24 h", 3: "3 d", 7: "7 d", 30: "30 d"}
TABS = {
    "registers": "Registers",
    "events": "Events",
    "objects": "Objects",
    "commands": "Commands",
    "alarms": "Alarms",
    "prepayment": "Prepayment",
}


@dataclass(frozen=True, slots=True)
class PageView:
    """The page's choices."""

    show: str = "import"
    days: int = 1
    tab: str = "registers"

    @classmethod
    def of_query(cls, query: str) -> PageView:
        """From an address; what it does not understand it leaves at its default."""
        given = {key: values[-1] for key, values in parse_qs(query.lstrip("?")).items()}
        days = next((days for days in DAYS if str(days) == given.get("days")), 1)
        show, tab = given.get("show", ""), given.get("tab", "")
        return cls(show if show in QUANTITIES else "import", days, tab if tab in TABS else "registers")

    @property
    def path(self) -> str:
        """The address of this view, relative to the meter's."""
        values = {
            "show": None if self.show == "import" else self.show,
            "days": None if self.days == 1 else self.days,
            "tab": None if self.tab == "registers" else self.tab,
        }
        return query_path("", **values) or "?"
