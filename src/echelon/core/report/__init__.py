"""Where things stand: as JSON values (data.py), in words (text.py), and the one next step (advice.py)."""

from echelon.core.report.data import closings, project, status, unproved
from echelon.core.report.share import why, why_lines
from echelon.core.report.text import enterprise_lines, lines, markdown, plain, program_lines

__all__ = [
    "closings",
    "enterprise_lines",
    "lines",
    "markdown",
    "plain",
    "program_lines",
    "project",
    "status",
    "unproved",
    "why",
    "why_lines",
]
