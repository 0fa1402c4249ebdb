"""The engine: load, decide, commit, perform."""
