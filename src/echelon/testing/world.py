"""Where a real OpenCode for tests comes from, and the home, environment and configuration it runs in, offline.

What is set here and why: host-opencode.md §2. The program itself is fetched by tools/opencode_binary.py.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from echelon.errors import HostError

MAIN, OLDER = "1.18.33", "1.17.19"  # the versions that the tests run on
FOLDER = Path(__file__).resolve().parents[3] / ".node" / "opencode"  # of a checkout; a wheel has none
PASSWORD = "scripted"  # noqa: S105 - of a server that lives as long as one test
_DISABLED = (
    "MODELS_FETCH", "AUTOUPDATE", "LSP_DOWNLOAD", "SHARE", "DEFAULT_PLUGINS", "EXTERNAL_SKILLS", "CLAUDE_CODE",
)  # fmt: skip


def package() -> str:
    """The npm package with the program for this machine, "" when there is none."""
    system = {"linux": "linux", "darwin": "darwin"}.get(sys.platform)
    processor = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}.get(platform.machine().lower())
    return f"opencode-{system}-{processor}" if system and processor else ""


def installed(version: str = MAIN, folder: Path = FOLDER) -> Path | None:
    """The program of a version that tools/opencode_binary.py installed."""
    path = folder / version / "node_modules" / package() / "bin" / "opencode"
    return path if package() and os.access(path, os.X_OK) and path.is_file() else None


def binary(version: str = MAIN) -> Path | None:
    """The program to test with: what ECHELON_TEST_OPENCODE names, else the installed one, else None."""
    named = os.environ.get("ECHELON_TEST_OPENCODE")
    return Path(named) if named else installed(version)


def missing(version: str = MAIN) -> str:
    """Why there is no program, for a test that skips."""
    try:
        return (FOLDER / f"{version}.missing").read_text("utf-8").strip()
    except OSError:
        return f"OpenCode {version} is not installed; python tools/opencode_binary.py fetches it"


def seed(folder: Path, version: str = MAIN) -> None:
    """Make a config directory look installed, so that OpenCode does not wait for npm (host-opencode.md §2.3)."""
    needs = {"dependencies": {"@opencode-ai/plugin": version}}
    (folder / "node_modules").mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text(json.dumps(needs), "utf-8")
    lock = {"name": "x", "lockfileVersion": 3, "packages": {"": needs}}
    (folder / "package-lock.json").write_text(json.dumps(lock), "utf-8")


def configuration(model_url: str, extra: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """OpenCode's configuration with the scripted model and nothing else; `extra` is laid over its top level."""
    model = {"name": "Scripted", "tool_call": True, "limit": {"context": 200_000, "output": 8_000}}
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "Scripted",
        "options": {"baseURL": model_url, "apiKey": "none"},
        "models": {"scripted": model},
    }
    return {
        "$schema": "https://opencode.ai/config.json",
        "model": "scripted/scripted",
        "small_model": "scripted/scripted",
        "enabled_providers": ["scripted"],
        "provider": {"scripted": provider},
        "autoupdate": False,
        "share": "disabled",
        "snapshot": False,
        "lsp": False,
        "formatter": False,
        **(extra or {}),
    }


class World:
    """A home below `folder`, the environment and the configuration of one OpenCode; it outlives its servers.

    `config` is laid over the configuration's top level; `plugins` are files copied to `~/.config/opencode/plugin/`;
    `environment` is laid over the variables. `config_folder` is `~/.config/opencode`, `config_dir` what
    OPENCODE_CONFIG_DIR names when `with_config_dir`; both are seeded. `program` is run instead of the installed one.
    Raises HostError OPENCODE_MISSING when the program is not there.
    """

    def __init__(
        self,
        folder: Path,
        model_url: str,
        *,
        version: str = MAIN,
        config: Mapping[str, Any] | None = None,
        plugins: tuple[Path, ...] = (),
        environment: Mapping[str, str] | None = None,
        with_config_dir: bool = False,
        program: Path | None = None,
    ) -> None:
        found = program or binary(version)
        if found is None:
            raise HostError("OPENCODE_MISSING", missing(version), "python tools/opencode_binary.py")
        self.folder, self.version, self.binary = folder, version, found
        self.home = folder / "home"
        self.config_folder, self.config_dir = self.home / ".config" / "opencode", folder / "config-dir"
        self.environment = {**_environment(folder, self.home), **_config(model_url, config)}
        if with_config_dir:
            self.environment["OPENCODE_CONFIG_DIR"] = str(self.config_dir)
        self.environment.update(environment or {})
        for seeded in (self.config_folder, *((self.config_dir,) if with_config_dir else ())):
            seed(seeded, version)
        for plugin in plugins:
            (self.config_folder / "plugin").mkdir(exist_ok=True)
            shutil.copy(plugin, self.config_folder / "plugin")


def _config(model_url: str, extra: Mapping[str, Any] | None) -> dict[str, str]:
    return {"OPENCODE_CONFIG_CONTENT": json.dumps(configuration(model_url, extra))}


def _environment(folder: Path, home: Path) -> dict[str, str]:
    places = {"XDG_DATA_HOME": "data", "XDG_STATE_HOME": "state", "XDG_CACHE_HOME": "cache", "TMPDIR": "tmp"}
    for name in places.values():
        (folder / name).mkdir(parents=True, exist_ok=True)
    catalogue = folder / "models.json"
    catalogue.write_text("{}", "utf-8")
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "SHELL": shutil.which("bash") or "/bin/sh",
        "GIT_CONFIG_NOSYSTEM": "1",
        "XDG_CONFIG_HOME": str(home / ".config"),
        **{variable: str(folder / name) for variable, name in places.items()},
        **{f"OPENCODE_DISABLE_{name}": "1" for name in _DISABLED},
        "npm_config_offline": "true",  # without it any plugin costs over 70 s
        # Its own catalogue of thousands of models, of which none is asked, is read anew for every directory: a second each.
        "OPENCODE_MODELS_PATH": str(catalogue),
        "OPENCODE_SERVER_PASSWORD": PASSWORD,
    }
