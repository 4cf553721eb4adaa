"""The pages of the console, one module each. All show what REST answers, and order through the same desk."""

from __future__ import annotations

from ferraris.console.pages.frame import Workplace
from ferraris.console.pages.registry import add_pages

__all__ = ["Workplace", "add_pages"]
