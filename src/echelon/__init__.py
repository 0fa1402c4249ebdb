"""Echelon: a chain of command between a person and coding agents. Code decides what is proved."""

__version__ = "0.1.0"
