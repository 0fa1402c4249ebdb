"""What a check printed, and the report it wrote: text from an agent's code."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echelon.checks import junit, output
from echelon.checks.junit import read_counts
from echelon.checks.output import LINE_CHARACTERS, Output, clean, tail
from echelon.ports import TestCounts as Counts

REPORT = """<?xml version="1.0"?><testsuites><testsuite name="pytest" tests="99"><testcase name="a"/>
<testcase name="b"><failure message="x">t</failure><error/></testcase><testcase name="c"><skipped/></testcase>
</testsuite></testsuites>"""


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        (b"plain\n", "plain\n"),
        (b"\x1b[31mred\x1b[0m", "red"),
        (b"\x1b]0;title\x07x", "x"),
        (b"\x1b]8;;http://e\x1b\\link\x1b]8;;\x1b\\", "link"),
        (b"\x1b]52;c;aGk=", ""),
        (b"10%\r20%\r\n30%", "10%\n20%\n30%"),
        ("a\u202eb\u2066c\u200bd\ufeff".encode(), "abcd"),
        ("\u00e9t\u00e9 \u2713".encode(), "\u00e9t\u00e9 \u2713"),
        (b"\xff\x00\x08\x7fz", "\ufffdz"),
        ("tag\U000e0041\u2028s".encode(), "tags"),
        (b"\xc2\x9b31mcsi", "csi"),
    ],
)
def test_output_is_made_safe_to_show(printed: bytes, shown: str) -> None:
    assert clean(printed) == shown


@given(st.binary(max_size=2000))
def test_clean_text_is_printable_whatever_was_printed(data: bytes) -> None:
    lines = clean(data).split("\n")
    assert all(line.isprintable() or line.replace("\u00a0", "").replace("\u3000", "").strip() for line in lines if line)
    assert not any("\x1b" in line or len(line) > LINE_CHARACTERS for line in lines)


def test_tail_keeps_the_last_lines_that_hold_something() -> None:
    assert tail("a\n\nb\n\nc\n", 2) == "b\nc"
    assert tail("a", 0) == ""


def test_digest_covers_what_the_tail_leaves_out() -> None:
    taken = Output(10 * output.KEPT_BYTES)
    data = bytes(range(256)) * 4096
    assert all(taken.add(data[at : at + 60_000]) for at in range(0, len(data), 60_000))
    assert taken.digest() == hashlib.sha256(data).hexdigest()
    assert len(taken.text()) <= output.KEPT_BYTES


def test_output_beyond_its_limit_is_said() -> None:
    taken = Output(3)
    assert taken.add(b"abc")
    assert not taken.add(b"d")


def report(directory: Path, text: str) -> Path:
    path = directory / "junit.xml"
    path.write_text(text)
    return path


def test_counts_are_of_cases_not_of_claims(tmp_path: Path) -> None:
    assert read_counts(report(tmp_path, REPORT)) == Counts(tests=3, failures=1, skipped=1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not xml",
        REPORT[:-3],
        "<html><testcase/></html>",
        '<!DOCTYPE x [<!ENTITY a "b">]><testsuite>&a;</testsuite>',
        '<!DOCTYPE x SYSTEM "file:///etc/passwd"><testsuite/>',
        "<testsuite>" + "<a>" * 100 + "</a>" * 100 + "</testsuite>",
        '<?xml version="1.0" encoding="nonsense"?><testsuite/>',
    ],
)
def test_what_pytest_does_not_write_is_no_report(tmp_path: Path, text: str) -> None:
    assert read_counts(report(tmp_path, text)) is None


def test_a_report_that_is_no_file_of_ours_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = report(tmp_path, REPORT)
    (tmp_path / "link.xml").symlink_to(real)
    os.mkfifo(tmp_path / "pipe.xml")
    assert read_counts(tmp_path / "link.xml") is None
    assert read_counts(tmp_path / "pipe.xml") is None
    assert read_counts(tmp_path / "absent.xml") is None
    assert read_counts(tmp_path) is None
    monkeypatch.setattr(junit, "REPORT_BYTES", 10)
    assert read_counts(real) is None
