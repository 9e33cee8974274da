"""The command line: one face of the table of actions. No logic lives here."""

from ._main import main as main

__all__ = ["main"]
