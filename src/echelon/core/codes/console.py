"""The codes of the web console: who may come in, and what it cannot do: code -> (meaning, next step)."""

CONSOLE: dict[str, tuple[str, str]] = {
    "FOREIGN_REQUEST": (
        "The request does not come from the console's own page.",
        "open the address that echelon console says, as it says it",
    ),
    "NO_SESSION": (
        "There is no session for this browser, or it has ended.",
        "echelon console --open lets you in again",
    ),
    "SECRET_INVALID": (
        "This link was used already, or is older than a minute.",
        "echelon console --open makes another one",
    ),
    "NEEDS_CONFIRMATION": (
        "Only a person may do this.",
        "type the code that stands in the terminal you came from; in OpenCode it is shown at once",
    ),
    "NEEDS_TERMINAL": (
        "Only a person may do this, and no terminal is open from which this session was let in.",
        "run echelon console --open in a terminal",
    ),
    "CODE_INVALID": (
        "This is not the code, or it is no longer good.",
        "ask again, and type the newest code of the terminal",
    ),
    "WORKSPACE_UNKNOWN": ("The console does not show such a workspace.", "run echelon console in it"),
    "NOT_FOUND": ("There is nothing at this address.", "look at /api/openapi.json"),
    "METHOD_NOT_ALLOWED": ("This address does not take this method.", "look at /api/openapi.json"),
    "BODY_TOO_LARGE": ("The body of the request is too large.", "send less at once"),
    "BODY_NOT_JSON": ("The body of a change has to be JSON.", "send Content-Type: application/json"),
    "VERIFY_RUNNING": ("The proof is being run again already.", "wait for it to end, or stop it: Evidence shows it"),
    "VERIFY_IDLE": (
        "No proof is being run again now.",
        "there is nothing to stop: Evidence shows how the last one ended",
    ),
    "TOO_MANY_STREAMS": ("Too many pages listen at once.", "close some; tabs of one browser share one"),
    "INTERFACE_FULL": ("What the page wants to remember is too much.", "keep less there"),
    "CONSOLE_BUG": ("The console made a mistake; nothing else is touched by it.", "please report it with the log"),
}
