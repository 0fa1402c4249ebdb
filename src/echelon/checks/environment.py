"""The variables a check starts with: a short list of ours, a private home, and what the configuration adds."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

# An allow-list: whatever holds a credential, a proxy or an agent's socket is not on it and never will be.
ALLOWED = (
    "PATH",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "PYENV_ROOT",
    "PYENV_VERSION",
    "NVM_DIR",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "ASDF_DIR",
    "ASDF_DATA_DIR",
    "VOLTA_HOME",
    "JAVA_HOME",
    "SystemRoot",
    "PATHEXT",
    "COMSPEC",
)
# For preparations only, which must reach package registries.
NETWORK = (
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "PIP_CERT",
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "PIP_FIND_LINKS",
    "UV_DEFAULT_INDEX",
    "UV_INDEX",
    "npm_config_registry",
)
FIXED = {
    "TERM": "dumb",
    "CI": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_CONFIG_NOSYSTEM": "1",
}
DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"
# Version managers look for themselves below HOME, which a check does not share with us.
_BELOW_HOME = {"PYENV_ROOT": ".pyenv", "NVM_DIR": ".nvm", "RUSTUP_HOME": ".rustup", "VOLTA_HOME": ".volta"}


def scrubbed(home: Path, temporary: Path, extra: Mapping[str, str]) -> dict[str, str]:
    """Allowed variables of this process, then the fixed ones, then `extra`; HOME and the temporary directories last."""
    found = {name: os.environ[name] for name in ALLOWED if name in os.environ}
    found["PATH"] = system_path()
    ours = Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home() raises without a home
    for name, part in _BELOW_HOME.items():
        if name not in found and (ours / part).is_dir():
            found[name] = str(ours / part)
    found.setdefault("LANG", "C.UTF-8")
    private = {"HOME": str(home), "TMPDIR": str(temporary), "TMP": str(temporary), "TEMP": str(temporary)}
    return {**found, **FIXED, **extra, **private}


def system_path() -> str:
    """PATH without our own virtual environment: a check must not run with Echelon's packages."""
    entries = os.environ.get("PATH", DEFAULT_PATH).split(os.pathsep)
    if sys.prefix != sys.base_prefix:
        own = {Path(sys.prefix, "bin"), Path(sys.prefix, "Scripts")}
        entries = [entry for entry in entries if Path(entry) not in own]
    # A relative entry would be looked up in the checkout, where the candidate chooses what lies there.
    return os.pathsep.join(entry for entry in entries if Path(entry).is_absolute()) or DEFAULT_PATH


def network_variables() -> dict[str, str]:
    """What a preparation needs to reach a registry; an address with a password in it stays here."""
    found = {name: os.environ[name] for name in NETWORK if name in os.environ}
    return {name: value for name, value in found.items() if "@" not in value}
