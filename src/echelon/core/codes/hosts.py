"""Codes of OpenCode, its bridge and the loops: code -> (meaning, next step)."""

HOSTS: dict[str, tuple[str, str]] = {
    "LOOP_DONE": ("The level is done, and its loop ended.", "look at /status"),
    "LOOP_CLAIMED": (
        "A mission without a backlog item says that it is done; nothing proves it.",
        "look at the work; an item with checks would have been proved",
    ),
    "LOOP_WAITS": ("What is left waits for a person.", "settle what the reasons say: it goes on by itself then"),
    "LOOP_OUTAGE": (
        "The model's provider is not there; the loop tries again by itself, for `limits.outageSeconds`.",
        "wait, or /stop; no turn and no attempt is counted",
    ),
    "LOOP_STOPPED": (
        "A person stopped the session; nothing goes on by itself.",
        "/enterprise, /program, /deliver or /task starts again",
    ),
    "LOOP_HALTED": ("The agent wrote HALT: only a person can go on.", "answer it, then the level's command again"),
    "LOOP_TURN_FAILED": (
        "Turns ended in errors, one after the other.",
        "see the error; then the level's command again",
    ),
    "LOOP_LIMIT": ("A limit of loops was reached.", "raise the limit in .opencode/orchestrator.jsonc, or look closer"),
    "LOOP_LOST": (
        "OpenCode took a prompt twice and did not run it.",
        "restart OpenCode; then the level's command again",
    ),
    "LOOP_HOST_ENDED": (
        "OpenCode ended while a loop ran.",
        "/enterprise, /program, /deliver or /task goes on where it was",
    ),
    "LOOP_BROKEN": ("The workspace could not be read for a loop.", "see the reason; echelon doctor"),
    "HOST_ABSENT": (
        "No OpenCode of this workspace is connected.",
        "start opencode in it; echelon doctor says whether the bridge is installed",
    ),
    "SESSION_UNKNOWN": (
        "No OpenCode of this workspace has the session.",
        "choose one that is listed, or begin a new one",
    ),
    "AGENT_UNKNOWN": ("OpenCode has no agent of that name to talk to.", "choose one of those that the reason lists"),
    "COMMAND_UNKNOWN": ("OpenCode has no command of that name.", "choose one of those that the reason lists"),
    "REQUEST_GONE": (
        "A question or a permission is not asked any more.",
        "look at what is asked now: it was answered elsewhere, or its session ended",
    ),
    "ALWAYS_REFUSED": (
        "A person's word holds for one call, never for all to come.",
        "reply once or reject",
    ),
    "HOST_GONE": ("OpenCode closed its connection.", "start it again"),
    "HOST_SILENT": ("OpenCode did not answer in time.", "see its log; start it again"),
    "RUNTIME_UNSAFE": (
        "The folder where bridge and brain meet is not private.",
        "set ECHELON_RUNTIME to a folder that only you can enter",
    ),
    "PERMISSION_DENIED": ("Your own OpenCode rules deny what an action would run.", "allow it there, or echelon call"),
    "WRONG_LEVEL": ("An action was called by somebody of another level.", "call the agent of that level"),
    "CALLED_ALREADY": (
        "Another session works on what this call is about.",
        "wait for its answer; two at once would undo each other's work",
    ),
    "ASKED_BELOW": (
        "A session that was called asked the person itself: until they answer, all above it would wait.",
        "end your turn with a last line HALT: and the question; your caller puts it to the person, and the others go on",
    ),
    "OUTSIDE_SLOT": (
        "A tool's path leads out of the mission's slot.",
        "use paths relative to the slot; ask the person for what lies elsewhere",
    ),
    "STATE_FILE": ("A tool would change a state file that code keeps.", "leave .opencode/ alone but for todo.md"),
    "GIT_NOT_YOURS": ("A git command that is code's to run.", "commit in your slot if you like; code merges"),
    "READ_ONLY_ROLE": ("This role looks and changes nothing.", "say what should change; a Worker does it"),
    "READ_GUARDED": (
        "A read would give more of a long steering file than `steering.lineThreshold` lines.",
        "call steering_find, or read a range; steering.readGuard switches it off",
    ),
    "PATH_INVALID": ("A tool's path cannot be one.", "name a plain path"),
    "OPENCODE_MISSING": (
        "No OpenCode was found.",
        "npm install -g opencode-ai, or set opencode.path, or deliver with --host scripted",
    ),
    "OPENCODE_FAILED": ("OpenCode is there and does not do what it should.", "see the reason and its log"),
    "AGENT_MISSING": (
        "OpenCode does not know an agent that Echelon's bridge brings.",
        "echelon doctor says whether the bridge is there; is the agent disabled in your OpenCode configuration?",
    ),
    "HOST_UNAVAILABLE": (
        "What agents run in, or the provider of their model, was not there for `limits.outageSeconds`.",
        "see the reason; echelon deliver goes on where it was",
    ),
    "HOST_DENIED": (
        "What agents run in, or the provider of their model, refuses until a person changes something.",
        "mend what the reason says, such as a key; echelon deliver goes on where it was",
    ),
    "OPENCODE_REFUSED": (
        "OpenCode answered a call of Echelon's with an error.",
        "see the reason and its log; a delivery tries again by itself",
    ),
    "OPENCODE_GONE": ("The OpenCode that Echelon started has ended.", "echelon deliver goes on; see its log"),
    "OPENCODE_IN_USE": ("Another Echelon runs an OpenCode for this workspace.", "wait until it has ended, or stop it"),
    "OPENCODE_MODEL_INVALID": ("A model is not written provider/model.", "`opencode models` lists the names"),
    "OPENCODE_UNSUPPORTED": ("This version of OpenCode is not supported.", "npm install -g opencode-ai@1.18"),
    "OPENCODE_CONFIG_BROKEN": (
        "One of your OpenCode configurations is not valid; nothing was changed.",
        "mend it at the place shown",
    ),
    "OPENCODE_PLUGIN_LINKED": (
        "Both plugin folders of OpenCode are links, so there is no place for the bridge.",
        "make one of them a folder",
    ),
    "INSTALL_RECORD_BROKEN": (
        "echelon.json beside OpenCode's configuration is not what Echelon wrote.",
        "see the message",
    ),
    "BRIDGE_OUTDATED": ("The bridge in OpenCode is of another Echelon.", "echelon install opencode"),
    "BRIDGE_CHANGED": ("A file that Echelon installed was changed.", "echelon install opencode writes it anew"),
    "PEER_PRESENT": ("Another orchestrator is installed in OpenCode, too.", "echelon install opencode replaces it"),
    "NPM_WAIT": ("OpenCode may wait for npm when it starts.", "echelon install opencode"),
    "RIPGREP_MISSING": ("ripgrep is not on the PATH.", "install ripgrep (`rg`)"),
    "HOOKS_SILENT": (
        "Hooks that Echelon needs do not fire on this OpenCode.",
        "echelon doctor --opencode tries them; use a version that is promised: 1.17 or 1.18",
    ),
    "BRIDGE_CONFUSED": ("Bridge and brain do not fit together.", "echelon install opencode; restart OpenCode"),
    "BRAIN_GONE": ("Echelon's own process is unavailable inside OpenCode.", "echelon doctor says why"),
}
