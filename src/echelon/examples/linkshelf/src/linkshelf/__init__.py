"""Linkshelf: a shelf for bookmarks with a JSON API."""

__version__ = "0.1.0"
