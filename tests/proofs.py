"""How long the proofs run: short in every test run, long when the environment says ECHELON_PROOFS=long.

In between is ECHELON_TESTS=all, as in CI: also what `make test` leaves out because another test shows the same, shorter.

Short runs are the same every time, so that a red test is red for everybody; long ones draw anew.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

LONG = os.environ.get("ECHELON_PROOFS") == "long"
ALL = LONG or os.environ.get("ECHELON_TESTS") == "all"
longer = pytest.mark.skipif(not ALL, reason="the longer form: ECHELON_TESTS=all")
_COMMON = {
    "deadline": None,
    "database": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large],
}
settings.register_profile("short", derandomize=True, max_examples=100, **_COMMON)
settings.register_profile(
    "long", max_examples=int(os.environ.get("ECHELON_EXAMPLES", "20000")), print_blob=True, **_COMMON
)
settings.load_profile("long" if LONG else "short")


def examples(short: int, long: int) -> settings:
    """Settings for a test whose examples cost more or less than usual."""
    return settings(max_examples=long if LONG else short)
