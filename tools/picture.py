"""`make picture`: docs/img/demo.svg, drawn from a real run of `echelon demo`.

The lines are the command's own, coloured as `cli/progress.py` colours them on a terminal. Left out are the address of
the temporary folder, which is another one each time, and the middle of the run, for which `…` stands.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown
from rich.terminal_theme import MONOKAI
from rich.text import Text

TARGET = Path(__file__).resolve().parent.parent / "docs" / "img" / "demo.svg"
WIDTH = 118
SHOWN = ("B004", "B005", "B008")  # the items that do not go straight
STYLES = {"▶": "bold", "✓": "green", "✗": "red", "~": "yellow", "?": "yellow", "·": "dim"}
# Without the web fonts that rich would load from elsewhere; the reader's own monospace does.
FORMAT = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
.{unique_id}-title {{ font-family: ui-sans-serif, Arial, sans-serif; font-size: 18px; font-weight: bold; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" /></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def run() -> list[str]:
    """What `echelon demo` prints when nobody watches: plain lines."""
    with tempfile.TemporaryDirectory(prefix="echelon-picture-") as place:
        command = [sys.executable, "-m", "echelon", "demo", str(Path(place) / "linkshelf")]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
    return done.stdout.splitlines()


def draw(rows: list[str]) -> str:
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text("$ echelon demo", style="bold"))
    first_report = next(at for at, row in enumerate(rows) if row.startswith("# Report"))
    left_out = False
    for row in rows[:first_report]:
        event = re.match(r"(\S) (B\d+) ", row)
        if event is None or event[2] not in SHOWN:
            left_out = True
            continue
        if left_out:
            console.print(Text("…", style="dim"))
            left_out = False
        line = Text(row, style=STYLES.get(event[1], ""))
        line.truncate(WIDTH, overflow="ellipsis")
        console.print(line)
    story = next(at for at, row in enumerate(rows) if row.startswith("## What did not"))
    console.print(Markdown("\n".join(rows[first_report:story])))
    drawn = console.export_svg(title="echelon demo", theme=MONOKAI, code_format=FORMAT, unique_id="demo")
    return "\n".join(row.rstrip() for row in drawn.splitlines()) + "\n"


def main() -> int:
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(draw(run()), "utf-8")
    sys.stdout.write(f"wrote {TARGET.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
