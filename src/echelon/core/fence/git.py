"""Which git commands an agent may run in its slot: look, add, commit, restore; never what steers, publishes or merges.

The slot's own git directory is a throw-away: nothing an agent does there is believed. What is refused here would hide
work from the snapshot of the slot, reach the person's repository, or wait for an answer nobody gives.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from echelon.core.decide import Refusal, refuse
from echelon.core.fence.programs import operands
from echelon.core.fence.rooms import shown

_GLOBAL_VALUES = frozenset({"-c", "--git-dir", "--work-tree", "--namespace", "--super-prefix", "--config-env"})
_NEVER = {
    "push": "Nothing is pushed from a slot",
    "send-pack": "Nothing is pushed from a slot",
    "update-ref": "References are moved by code",
    "switch": "The slot stays on its branch",
    "gc": "The repository is kept by code",
    "prune": "The repository is kept by code",
    "repack": "The repository is kept by code",
    "maintenance": "The repository is kept by code",
    "filter-branch": "History is not rewritten",
    "filter-repo": "History is not rewritten",
    "replace": "History is not rewritten",
    "pull": "Code brings the base branch into the slot",
}
_GOES_ON = frozenset({"--abort", "--quit", "--continue", "--skip"})
_MERGING = frozenset({"merge", "rebase"})
_READING_CONFIG = frozenset({"--get", "--get-all", "--get-regexp", "--get-urlmatch", "--list", "-l", "get", "list"})
_BRANCH_CHANGES = re.compile(
    r"-[a-zA-Z]*[dDmMcCfu].*|--(?:delete|move|copy|force|set-upstream-to|unset-upstream|edit-description)(?:=.*)?"
)
_VERSION = re.compile(r"v?\d+(?:\.\d+)*")
_CHANGING = frozenset({
    "add", "commit", "restore", "checkout", "reset", "rm", "mv", "apply", "am", "cherry-pick", "revert", "clean", "merge",
    "rebase", "init", "notes",
})  # fmt: skip
_STEP = "Commit in the slot and go on: when the checks pass, code merges."


@dataclass(frozen=True, slots=True)
class Call:
    """`git -C folders... verb rest...`."""

    verb: str
    rest: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()


def read(texts: list[str]) -> Call:
    folders: list[str] = []
    at = 0
    while at < len(texts) and texts[at].startswith("-"):
        if texts[at] == "-C":
            folders += texts[at + 1 : at + 2]
        at += 2 if texts[at] == "-C" or texts[at] in _GLOBAL_VALUES else 1
    return Call(texts[at] if at < len(texts) else "", tuple(texts[at + 1 :]), tuple(folders))


def judge(call: Call) -> Refusal | None:
    """Refusal GIT_NOT_YOURS, or None."""
    if why := _NEVER.get(call.verb) or _why(call.verb, list(call.rest)):
        return refuse("GIT_NOT_YOURS", f"git {shown(call.verb)}: {why}.", next_step=_step(call))
    return None


def _step(call: Call) -> str:
    if call.verb == "stash":
        return "Commit instead; git show HEAD:path prints a file as it was."
    if call.verb == "checkout":
        return "For files: git checkout -- path. Work goes on on this branch, and code merges it."
    if call.verb == "clean":
        return "Look with git clean -n, and remove files by name."
    return _STEP


def _why(verb: str, rest: list[str]) -> str:
    """Why not, "" when it may be."""
    named = operands(rest)
    refused = {
        "worktree": "work trees are made by code" if named[:1] != ["list"] else "",
        "config": "" if _reads_config(rest, named) else "git's settings are the person's",
        "remote": "" if not named or named[0] in ("show", "get-url") else "remotes are the person's",
        "stash": "" if named[:1] in (["list"], ["show"]) else "stashed work is not part of the slot's work",
        "symbolic-ref": "references are moved by code" if len(named) > 1 or "-d" in rest else "",
        "reflog": "history is not removed" if named[:1] in (["expire"], ["delete"]) else "",
        "branch": "branches are kept by code" if any(_BRANCH_CHANGES.fullmatch(text) for text in rest) else "",
        "tag": "tags are the person's" if {"-d", "--delete", "-f", "--force"} & set(rest) else "",
        "checkout": _why_checkout(rest, named),
        "reset": _why_reset(rest, named),
        "clean": "it removes what the slot needs" if _sweeps(rest, named) else "",
    }
    if verb in _MERGING and not _GOES_ON & set(rest):
        return "code brings the base branch into the slot"
    return refused.get(verb, "")


def _reads_config(rest: list[str], named: list[str]) -> bool:
    if _READING_CONFIG & set(rest):
        return True
    changing = any(
        text.startswith(("--unset", "--add", "--replace", "--rename", "--remove", "--edit")) for text in rest
    )
    return len(named) == 1 and named[0] not in ("edit", "set", "unset") and not changing and "-e" not in rest


def _why_checkout(rest: list[str], named: list[str]) -> str:
    stays = "the slot stays on its branch"
    if any(text in ("-b", "-B", "--orphan", "--detach", "-d", "--track", "-t") for text in rest):
        return stays
    if rest == ["-"]:
        return stays
    if "--" in rest or len(named) != 1 or "--ours" in rest or "--theirs" in rest or "-p" in rest:
        return ""
    name = named[0].rpartition("/")[2]
    is_file = named[0] in (".", "HEAD", "@") or named[0].startswith("./") or named[0].endswith("/")
    is_file = is_file or (("." in name or "*" in name) and not _VERSION.fullmatch(named[0]))
    return "" if is_file or "\0" in named[0] else stays


def _why_reset(rest: list[str], named: list[str]) -> str:
    hard = {"--hard", "--keep", "--merge"} & set(rest)
    own = all(re.fullmatch(r"(?:HEAD|@)(?:[~^]\d*)*|\0.*", text) for text in named)
    return "" if not hard or own else "the slot's work stays on its own base"


def _sweeps(rest: list[str], named: list[str]) -> bool:
    dry = any(re.fullmatch(r"--dry-run|-[a-zA-Z]*n[a-zA-Z]*", text) for text in rest)
    return not dry and not named


def changes(call: Call) -> bool:
    """Whether a command changes files or history, for a role that only looks."""
    return call.verb in _CHANGING or (call.verb in ("branch", "tag") and bool(operands(list(call.rest))))


def written(call: Call) -> list[str]:
    """Files that a command takes back, moves or removes."""
    rest = list(call.rest)
    if call.verb == "checkout":
        named = rest[rest.index("--") + 1 :] if "--" in rest else operands(rest)
    elif call.verb in ("restore", "rm", "mv", "clean"):
        named = operands(rest)
    else:
        return []
    return [text for text in named if text and not text.startswith("-")]
