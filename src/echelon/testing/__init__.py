"""Fakes and worlds for tests and trials, part of the package: a model that follows a script, a real host offline."""
