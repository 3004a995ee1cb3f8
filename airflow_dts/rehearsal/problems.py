"""What can keep a rehearsal from being run at all."""

from __future__ import annotations


class RehearsalProblem(Exception):
    """The rehearsal could not be run; the text says why and where to look."""
