"""Measurements of the whole against named limits: `python -m bench`, which writes docs/PERFORMANCE.md. Never a test."""
