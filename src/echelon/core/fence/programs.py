"""What the guard knows of programs: which words are paths, patterns, code or commands, and which files are written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

RESERVED = frozenset({"if", "then", "else", "elif", "fi", "while", "until", "do", "done", "!", "{", "}", "esac"})
SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh"})
# Their words are text.
SAYING = frozenset({
    "echo", "printf", ":", "true", "false", "expr", "seq", "sleep", "kill", "basename", "dirname", "date", "which",
    "type", "alias", "unalias", "trap", "unset", "tr", "exit", "return", "set", "ssh", "say", "logger", "ulimit", "cd", "pushd",
})  # fmt: skip
# They name places of the machine or of a container, by rights.
LOOKING = frozenset({"docker", "podman", "kubectl", "helm", "export", "declare", "source", ".", "test", "[", "[["})
# They remove, move or replace a link, not what it leads to.
_UNLINKING = frozenset({"rm", "rmdir", "mv", "unlink", "ln"})

_WRITING = frozenset({
    "rm", "rmdir", "unlink", "shred", "touch", "mkdir", "mkfifo", "tee", "truncate", "mv", "chmod", "chown", "chgrp",
})  # fmt: skip
_COPYING = frozenset({"cp", "install", "ln", "rsync", "scp"})
_OUTPUT = {
    "curl": ("-o", "--output"),
    "wget": ("-O", "--output-document", "-P", "--directory-prefix"),
    "sort": ("-o", "--output"),
    **dict.fromkeys(("gcc", "cc", "g++", "clang", "clang++"), ("-o",)),
}
_GREPS = frozenset({"grep", "egrep", "fgrep", "zgrep", "rg", "ag", "ack"})
_AWKS = frozenset({"awk", "gawk", "mawk", "nawk"})
_SCRIPT_FIRST = _GREPS | _AWKS | {"sed", "gsed", "jq", "yq"}
_SCRIPT_GIVEN = re.compile(r"-[a-zA-Z]*[ef]|--(?:regexp|expression|file|from-file|files|type-list)(?:=.*)?", re.DOTALL)
_IN_PLACE = re.compile(r"-[nErsuzpl0]*i.*|--in-place.*", re.DOTALL)
_INTERPRETER = re.compile(r"(?:python|pypy|node|ruby|perl|php|deno|bun|lua)[\d.]*")
_CODE_OPTION = {
    "python": r"-[a-zA-Z]*c", "pypy": r"-[a-zA-Z]*c", "node": r"-[ep]|-pe|--eval|--print", "perl": r"-[a-zA-Z0]*[eE]",
    "ruby": r"-[a-z]*e", "php": r"-r", "bun": r"-e|--eval", "lua": r"-e", "deno": r"eval",
}  # fmt: skip
_GREP_VALUES = frozenset({
    "-e", "--regexp", "--include", "-g", "--glob", "--iglob", "-A", "-B", "-C", "-m", "--max-count", "-t", "-T", "--type",
    "--type-not", "--color", "--colour", "--context",
})  # fmt: skip
_VALUES: dict[str, frozenset[str]] = {
    **dict.fromkeys(_GREPS, _GREP_VALUES),
    **dict.fromkeys(_AWKS, frozenset({"-v", "-F", "--assign", "--field-separator"})),
    **dict.fromkeys(("sed", "gsed"), frozenset({"-e", "--expression", "-l"})),
    "git": frozenset({"-m", "--message", "-S", "-G", "--grep", "--author", "--format", "--pretty", "--date", "--since",
                      "--until", "--after", "--before", "-e"}),
    "gh": frozenset({"-t", "--title", "-b", "--body", "--notes", "-m", "--message"}),
    "curl": frozenset({"-H", "--header", "-d", "--data", "--data-raw", "--data-binary", "--json", "-X", "--request", "-A",
                       "--user-agent", "-w", "--write-out"}),
    "pytest": frozenset({"-k", "-m"}),
    "find": frozenset({"-name", "-iname", "-path", "-ipath", "-wholename", "-iwholename", "-regex", "-iregex", "-lname",
                       "-newermt", "-type", "-maxdepth", "-mindepth", "-size", "-perm", "-mtime", "-mmin", "-printf"}),
}  # fmt: skip
_LEFT_OUT = ("--exclude", "--ignore", "--include", "--transform", "--prune")
_RUNNERS = {
    **dict.fromkeys(("uv", "poetry", "pipenv", "hatch", "pdm", "rye"), ("run",)),
    "pnpm": ("exec", "dlx"), "bundle": ("exec",), "npm": ("exec",), "mise": ("exec",), "direnv": ("exec",),
}  # fmt: skip
_WRAPPERS = frozenset({
    "env", "sudo", "doas", "timeout", "nice", "nohup", "time", "command", "exec", "builtin", "xargs", "stdbuf", "setsid",
    "ionice", "npx", "bunx", "uvx", "busybox",
})  # fmt: skip
_WRAPPERS_WORD = re.compile(r"-.*|[A-Za-z_]\w*=.*|\d+(?:\.\d+)?[smhd]?|\{\}", re.DOTALL)
_WRAPPERS_VALUES: dict[str, frozenset[str]] = {
    "env": frozenset({"-u", "--unset", "-C", "--chdir"}),
    "sudo": frozenset({"-u", "-g", "-D", "--user", "--group"}),
    "xargs": frozenset({"-I", "-n", "-P", "-d", "-L", "-a", "-s", "-E"}),
    "timeout": frozenset({"-s", "-k", "--signal", "--kill-after"}),
    "nice": frozenset({"-n"}), "ionice": frozenset({"-c", "-n"}), "exec": frozenset({"-a"}),
    "uv": frozenset({"--with", "--with-requirements", "--python", "-p", "--extra", "--group", "--package", "--directory"}),
    "npx": frozenset({"-p", "--package"}),
}  # fmt: skip
_EXECUTES = frozenset({"-exec", "-execdir", "-ok", "-okdir"})


def unwrap(words: list[str]) -> int:
    """How many first words only say that another program runs: 0 when the first one is no such program."""
    if not words:
        return 0
    program = words[0].rpartition("/")[2]
    if program in _RUNNERS and words[1:2] and words[1] in _RUNNERS[program]:
        count = 2
    elif program in _WRAPPERS:
        count = 1
    else:
        return 0
    values = _WRAPPERS_VALUES.get(program, frozenset[str]())
    while count < len(words) and _WRAPPERS_WORD.fullmatch(words[count]):
        count += 2 if words[count] in values else 1
    return min(count, len(words))


def is_interpreter(program: str) -> bool:
    return _INTERPRETER.fullmatch(program) is not None


def code_of(program: str, texts: list[str]) -> list[str]:
    """The code on the command line: what follows `-c` or `-e`."""
    pattern = r"-[a-z]*c" if program in SHELLS else _CODE_OPTION.get(program.rstrip("0123456789."), "-e")
    return [after for text, after in pairwise(texts) if re.fullmatch(pattern, text)]


def executed(texts: list[str]) -> Iterator[tuple[int, int]]:
    """Where find's `-exec` has its commands: from, to."""
    start = 0
    for at, text in enumerate(texts):
        if start and text in (";", "+"):
            yield start, at
            start = 0
        elif not start and text in _EXECUTES:
            start = at + 1
    if start:
        yield start, len(texts)


def follows(program: str, path: str, paths: list[str]) -> bool:
    """Whether writing `path`, one of the `written` ones, changes what a link of this name leads to."""
    return program not in _UNLINKING or (program == "mv" and len(paths) > 1 and path == paths[-1])


def written(program: str, texts: list[str]) -> list[str]:
    """The paths that a program writes, removes or moves away, as far as its arguments say so."""
    if program in _WRITING:
        return operands(texts)
    if program in _COPYING:
        return _copied(program, texts)
    if program in _OUTPUT:
        return _values(texts, _OUTPUT[program])
    if program in ("sed", "gsed", "perl") and any(_IN_PLACE.fullmatch(text) for text in texts):
        files = [texts[at] for at in read(program, texts)]
        return [text for text in files if text and not text.startswith("-")]
    if program == "dd":
        return [text[3:] for text in texts if text.startswith("of=")]
    if program == "find" and "-delete" in texts:
        starts = next((at for at, text in enumerate(texts) if text.startswith(("-", "(", "!"))), 0)
        return texts[:starts] or ["."]
    return []


def _copied(program: str, texts: list[str]) -> list[str]:
    named = operands(texts)
    if given := _values(texts, ("-t", "--target-directory")):
        return given
    if len(named) < 2:
        return []
    remote = program in ("rsync", "scp") and ":" in named[-1]
    return [] if remote else named[-1:]


def _values(texts: list[str], options: tuple[str, ...]) -> list[str]:
    found: list[str] = []
    for at, text in enumerate(texts):
        for option in options:
            if text == option:
                found += texts[at + 1 : at + 2]
            elif option.startswith("--") and text.startswith(option + "="):
                found.append(text[len(option) + 1 :])
            elif not option.startswith("--") and text.startswith(option) and not text.startswith("--"):
                found.append(text[len(option) :])
    return found


def operands(texts: list[str]) -> list[str]:
    """Arguments that are no options; after `--` all are operands."""
    if "--" in texts:
        at = texts.index("--")
        return [text for text in texts[:at] if not text.startswith("-")] + texts[at + 1 :]
    return [text for text in texts if not text.startswith("-")]


def read(program: str, texts: list[str]) -> list[int]:
    """Which arguments may name paths: all but patterns, scripts, code, messages and commands to run."""
    left = {at for start, end in executed(texts) for at in range(start, end)} if program == "find" else set[int]()
    values = _VALUES.get(program, frozenset[str]())
    code = _CODE_OPTION.get(program.rstrip("0123456789.")) or (r"-[a-z]*c" if program in SHELLS else "")
    code = r"-[a-zA-Z]*e" if program in _GREPS or program in ("sed", "gsed") else code
    scripted = program in _SCRIPT_FIRST and not any(_SCRIPT_GIVEN.fullmatch(text) for text in texts)
    if program == "git" and texts[:1] == ["grep"]:
        scripted, left = True, {0}
    if program in _UNLINKING and program != "ln":
        return []  # all of it is judged as written
    if program == "ln" and (linked := link(texts)):
        left.add(linked[0])
    for at, text in enumerate(texts):
        name, glued, _ = text.partition("=")
        if not text:  # an empty script, or what BSD's `sed -i` wants
            scripted = scripted and texts[at - 1 : at] == ["-i"]
        if at in left or not text:
            continue
        if name in values or name.startswith(_LEFT_OUT) or (code and re.fullmatch(code, text)):
            left |= {at} if glued else {at, at + 1}
        elif any(len(option) == 2 and text.startswith(option) for option in values if text.startswith("-")):
            left.add(at)  # `-Spattern`, `-F/`
        elif scripted and not text.startswith("-"):
            left.add(at)
            scripted = False
    return [at for at in range(len(texts)) if at not in left]


def link(texts: list[str]) -> tuple[int, str] | None:
    """Of `ln -s target link` with a relative target, read from where the link lies: its place, and that folder."""
    symbolic = any(re.fullmatch(r"-[a-zA-Z]*s[a-zA-Z]*|--symbolic", text) for text in texts)
    named = [at for at, text in enumerate(texts) if not text.startswith("-")]
    if not symbolic or len(named) != 2 or texts[named[0]].startswith(("/", "~", "\0")):
        return None
    return named[0], texts[named[1]].rpartition("/")[0] or "."
