"""The shapes of the settings that are more than one value: set-up steps, models of roles, variables of checks."""

from __future__ import annotations

from echelon.core.shapes import END, HIDDEN, Choice, Fields, ListOf, MapOf, OneOf, Text

STEPS_MAX = 32
PATHS_MAX = 32
PATH_MAX = 400
RUN_MAX = 8_000
VARIABLES_MAX = 200
VARIABLE_MAX = 32_768  # characters; what one argument of a program may be is not much more
ROLES = ("Worker", "Planner", "Reviewer")  # of a mission, as they are called in OpenCode
PRIVATE = ("HOME", "TMPDIR", "TMP", "TEMP")  # a check's own; a setting of theirs would have no effect

_GIT = r"\.[gG][iI][tT]"
PATH = Text(
    f"a path of 1 to {PATH_MAX} characters inside the project, without '..' or '.git'",
    least=1,
    most=PATH_MAX,
    # no part of it is empty, a dot, two dots, or git's own folder
    pattern=rf"^(?!(?:[^/]*/)*(?:\.{{0,2}}|{_GIT})(?:/|{END}))[^\\:{HIDDEN}]*{END}",
)
RUN = Text(f"a command of 1 to {RUN_MAX} characters", least=1, most=RUN_MAX, pattern=r"\S", never=r"\x00")
_PATHS = ListOf(PATH, "paths", PATHS_MAX)

SETUP = ListOf(
    OneOf(
        (
            Fields({"link": PATH}),
            Fields({"copy": PATH}),
            Fields(
                {"run": RUN, "produces": ListOf(PATH, "paths", PATHS_MAX, 1, "name at least one path that the command makes")},
                {"key": _PATHS},
            ),
        ),
        example='{"link": ".venv"}',
        says='have "link", or "copy", or "run", "produces" and "key"',
    ),
    "steps",
    STEPS_MAX,
)  # fmt: skip
MODELS = MapOf(
    Choice(ROLES),
    Text('a text such as "provider/model"', least=3, pattern=r"^[^/\s]+/\S"),
    len(ROLES),
    'an object such as {"Worker": "provider/model"}',
    f"the roles are {', '.join(ROLES)}",
)
ENVIRONMENT = MapOf(
    Text(
        least=1,
        most=200,
        pattern=rf"^(?!(?:{'|'.join(PRIVATE)}){END})[A-Za-z_][A-Za-z0-9_]*{END}",
    ),
    Text(f'a text of at most {VARIABLE_MAX} characters: "8080", not 8080', most=VARIABLE_MAX, never=r"\x00"),
    VARIABLES_MAX,
    'an object such as {"NAME": "value"}',
    f"a name is letters, digits and _, and every check has a {', '.join(PRIVATE)} of its own",
)
