"""open-codining 1.0.6 in the same run, when npm and node are there.

The package is installed without its scripts below bench/.work, which git ignores; a copy of its bundle with an export
tail, so that its own functions are called as published, lies beside it and is never committed.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from bench import materials
from bench.timing import WORK, Samples, process, scratch

PACKAGE, VERSION = "open-codining", "1.0.6"
FUNCTIONS = ("parseBacklog", "startNextItem", "closeActiveItem", "appendJournalEntry", "computeAllocation")
SCRIPT = """
import { pathToFileURL } from "node:url";
import { mkdirSync, writeFileSync, readFileSync } from "node:fs";
const [bundle, workspace, journals] = process.argv.slice(2);
const peer = await import(pathToFileURL(bundle).href);
const found = { parse: [], start_close: [], journal: [] };
const demands = Array.from({ length: 1000 }, (_, i) =>
  ({ id: `PGM-${i}`, priority: 1 + (i % 4), paused: i % 17 === 0, eligibleItems: (13 * i) % 40, order: i }));
const timed = async (key, run) => { const t = performance.now(); await run(); found[key].push(performance.now() - t); };
const text = readFileSync(`${workspace}/.opencode/backlog.md`, "utf-8");
for (let i = 0; i < 16; i++) await timed("parse", () => { if (peer.parseBacklog(text).length !== 10000) throw Error("items"); });
for (let i = 0; i < 6; i++) {
  writeFileSync(`${workspace}/.opencode/todo.md`, "- [x] done\\n");
  await timed("start_close", async () => {
    for (const step of [peer.startNextItem, peer.closeActiveItem]) {
      const answer = await step(workspace);
      if (!answer.ok) throw Error(answer.reason);
    }
  });
}
for (let i = 0; i < 3; i++) {
  const folder = `${journals}/${i}`;
  mkdirSync(`${folder}/.opencode`, { recursive: true });
  await timed("journal", async () => {
    for (let n = 0; n < 500; n++)
      if (!(await peer.appendJournalEntry(folder, ".opencode/project.md", "ITEM LIVRÉ", `B${n} — mesure de l'ajout`))) throw Error("append");
  });
}
for (const strategy of ["proportional", "equal", "priority-first"]) {
  const key = `allocate_${strategy.replace("-", "_")}`;
  found[key] = [];
  for (let i = 0; i < 4; i++) await timed(key, () => peer.computeAllocation(50000, strategy, demands));
  found[key].shift();
}
found.parse.shift(); found.start_close.shift();
console.log("RESULT " + JSON.stringify(found));
process.exit(0);
"""


def measure() -> Samples:
    """Raises RuntimeError or OSError when it cannot be had; the page then says so."""
    if not shutil.which("node") or not shutil.which("npm"):
        raise RuntimeError("npm or node is missing")
    bundle = _bundle()
    with scratch() as folder:
        (folder / "home").mkdir()
        root = materials.workspace(folder / "ws", materials.items(10_000))
        script = folder / "peer.mjs"
        script.write_text(SCRIPT, "utf-8")
        words = ["node", str(script), str(bundle), str(root), str(folder / "journals")]
        out = process(words, folder, folder / "home")
    found: Samples = json.loads(out.rpartition("RESULT ")[2])
    return found


def _bundle() -> Path:
    folder = WORK / "peer"
    package = folder / "node_modules" / PACKAGE
    if not package.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        words = [
            "npm",
            "install",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--prefix",
            str(folder),
            f"{PACKAGE}@{VERSION}",
        ]
        subprocess.run(words, check=True, capture_output=True, timeout=300)
    version = json.loads((package / "package.json").read_text("utf-8"))["version"]
    if version != VERSION:
        raise RuntimeError(f"{package} is {version}, not {VERSION}")
    copy = package / "dist" / "measured.mjs"
    text = (package / "dist" / "index.js").read_text("utf-8")
    copy.write_text(f"{text}\nexport {{ {', '.join(FUNCTIONS)} }};\n", "utf-8")
    return copy
