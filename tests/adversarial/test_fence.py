"""What an agent's session may do through the host's tools: ordinary work passes, mistakes and tricks are refused."""

from __future__ import annotations

import os
import posixpath
from pathlib import Path

import pytest

from echelon.core.fence import Room, Ruling, rule
from echelon.core.fence.rooms import SHOWN_CHARS

SHOP = "/home/ada/shop"
STATE = "/home/ada/.local/state/echelon"
SLOT = f"{STATE}/workspaces/shop-0123456789ab/slots/B001/work"
OTHER = f"{STATE}/workspaces/shop-0123456789ab/slots/B002/work"
CACHE = "/home/ada/.cache/uv"
COMMANDER = Room(SLOT, SHOP, SHOP, readable=(CACHE, f"{SHOP}/node_modules"))
HEADLESS = Room(SLOT, SLOT, SHOP, readable=(CACHE,))
REVIEWER = Room(SLOT, SLOT, SHOP, writes=False)
REAL = posixpath.normpath

ORDINARY = r"""
pytest -q
python -m pytest tests/test_a.py::test_b -k "a and not b" -x --tb=short
npm test
npm run build -- --watch=false
npx tsc --noEmit -p tsconfig.json
uv run pytest -q && uv run ruff check .
python -c "open('/dev/null')"
python3 -c 'import sys; print(sys.path, "../..")'
grep -rn "a/b/../c" src
grep -rn "../../utils" src
grep -rnE '^/home/[a-z]+/' src tests
grep -A 3 -rn "../../x" src
rg -g '!*.md' "from '../../lib'" src
git grep -n "../../lib" -- src
echo "../../x" > notes.txt
echo "see /home/ada/shop/README.md" >> notes.txt
printf '%s\n' "~/x" ../y > out.txt
sed -i s#/usr/local#/opt# Makefile
sed -i 's#../../a#../b#g' src/a.js
sed -n '/foo/,/bar/p' src/a.py
sed -ne 's#../../../a#b#p' src/a.py
awk -F/ '/home/ {print $2}' data.txt
perl -pi -e 's#\.\./\.\./x#y#' src/a.js
jq '.a/.b' package.json
git status --short
git diff HEAD~1 -- src
git log --oneline --format='%h %s /home/ada/shop' main..HEAD
git log -S'../../x' --all
git add -A && git commit -m "fix: ../../x is ~/y, /home/ada/shop too"
git commit -am 'work' --no-verify
git show HEAD:src/a.py
git show HEAD~1 --stat
git restore src/a.py
git checkout -- src/a.py
git checkout HEAD~1 -- src
git checkout .
git checkout src/a.py
git reset --hard HEAD
git reset -q
git branch --show-current
git branch -a
git stash list
git config user.name
git config --get core.hooksPath
git remote -v
git worktree list
git symbolic-ref --short HEAD
git rev-parse --show-toplevel
git merge-base HEAD HEAD~1
git rebase --abort
git clean -n
git -C . status
cd src && ls -la && cd .. && ls
cd "$(git rev-parse --show-toplevel)" && make -j2
mkdir -p build && cd build && cmake .. -DCMAKE_BUILD_TYPE=Debug && make
(cd packages/a && npm ci); cd packages/b && ls ../a
for d in a b; do (cd "$d" && npm test); done
for f in src/*.py; do python -m py_compile "$f"; done
if [ -f ./x ]; then echo yes; fi
[[ a < b ]] && echo less
case "$x" in a) echo a;; *) echo b;; esac
/usr/bin/env python3 script.py --url http://localhost:8000/home/x?y=../z
curl -sS -H 'Accept: a/b' https://example.com/../x -o page.html
curl -X POST -d '/home/ada/shop' http://localhost:3000/api/users
python -m http.server 8000 --directory public &
find . -name '*.py' -not -path './.git/*' -exec grep -l x {} +
find . -path ./.opencode/echelon -prune -o -type f -print
find . -name '__pycache__' -type d -exec rm -rf {} \;
find . -name '*.pyc' -delete
ls -la /usr/lib/python3 /etc/os-release
ls /tmp && cat /etc/hosts | head -5
cat .opencode/spec.md .opencode/context.md
cat > .opencode/todo.md <<'EOF'
cat <<EOF > src/b.py
sed -i 's/\[ \]/[x]/' .opencode/todo.md
mkdir -p .opencode/docs && echo x > .opencode/docs/notes.md
cp src/a.py /tmp/a.py && diff /tmp/a.py src/a.py
mkdir -p /tmp/r && cd /tmp/r && git init && git config user.email a@b && git checkout -b x && touch ../r/y
docker run --rm -v /srv/data:/app -w /home/node/app node:20 npm test
docker compose -f docker-compose.yml up -d
make DESTDIR=/tmp/x install > /dev/null 2>&1
PYTHONPATH=src:lib python -m app 2>&1 | tee build.log | tail -n 20
export PATH="$HOME/.local/bin:$PATH"
source ~/.nvm/nvm.sh && nvm use 20
~/.cargo/bin/cargo test --all
test -s "$HOME/.nvm/nvm.sh" || true
. .venv/bin/activate && pip install -e .
node -e "require('../x')"
tar xzf a.tar.gz -C vendor --exclude=.git
rm -rf node_modules dist ./build && npm ci
mv src/a.py src/b.py && chmod +x bin/run
ln -s ../lib/a.js src/a.js
ln -sf ../../shared/x.md docs/deep/x.md
cp -r node_modules/x/. vendor/x
dd if=/dev/zero of=blob.bin bs=1M count=1
rsync -a --exclude .git ./ /tmp/copy/
ps aux | grep /usr/bin/python | awk '{print $2}' | xargs -r kill
xargs -n1 -I{} cp {} dist/ < files.txt
timeout 60 env CI=1 npm test
bash -c 'cd src && ls ..'
eval "$(direnv hook bash)"
cat "$FILE" "$DIR/x"
go test ./... && go vet ./...
cargo test -- --nocapture
ls $PWD/src
echo $((1<<2)); ls
true && ! false || exit 1
wc -l < src/a.py
diff <(sort a.txt) <(sort b.txt)
pip install 'pkg~=1.0' "x>=2"
cat /home/ada/.cache/uv/archive/x.py
echo `date` > stamp.txt
ssh host 'ls ~/x'
git checkout HEAD
uv run --with pytest -p 3.12 python -m pytest
""".strip().split("\n")

FORBIDDEN = rf"""
OUTSIDE_SLOT cat {SHOP}/src/a.py
OUTSIDE_SLOT cat /home/ada/./shop//src/a.py
OUTSIDE_SLOT cat /home/ada/x/../shop/src/a.py
OUTSIDE_SLOT cd {SHOP} && pytest
OUTSIDE_SLOT cd {SHOP}; ls
OUTSIDE_SLOT (cd {SHOP} && git push)
OUTSIDE_SLOT cd
OUTSIDE_SLOT cd ~
OUTSIDE_SLOT cd ..
OUTSIDE_SLOT cd src/../.. && ls
OUTSIDE_SLOT cd src && cd ../.. && ls
OUTSIDE_SLOT (cd src); cd .. && ls
OUTSIDE_SLOT cd /
OUTSIDE_SLOT pushd /home/ada
OUTSIDE_SLOT ls ..
OUTSIDE_SLOT ls -la ../../B002/work
OUTSIDE_SLOT cat {OTHER}/src/a.py
OUTSIDE_SLOT cat {STATE}/workspaces/x
OUTSIDE_SLOT cat ~/.ssh/id_rsa
OUTSIDE_SLOT cat "$HOME/.ssh/id_rsa"
OUTSIDE_SLOT cat ${{HOME}}/.netrc
OUTSIDE_SLOT cat ~root/x
OUTSIDE_SLOT cat '{SHOP}/my file.txt'
OUTSIDE_SLOT cat {SHOP}/"src"/a.py
OUTSIDE_SLOT cat /home/ada/sh\op/a.py
OUTSIDE_SLOT cat {SHOP}/$FILE
OUTSIDE_SLOT cat < {SHOP}/a.py
OUTSIDE_SLOT echo x > {SHOP}/a.py
OUTSIDE_SLOT echo x >> ../a.py
OUTSIDE_SLOT echo x > ~/a.py
OUTSIDE_SLOT echo x > /etc/cron.d/x
OUTSIDE_SLOT echo x 2> /srv/log
OUTSIDE_SLOT echo x &> /srv/log
OUTSIDE_SLOT echo x | tee {SHOP}/a.py
OUTSIDE_SLOT cp src/a.py {SHOP}/src/a.py
OUTSIDE_SLOT cp src/a.py /opt/a.py
OUTSIDE_SLOT cp -t /srv src/a.py
OUTSIDE_SLOT mv src ../src
OUTSIDE_SLOT rm -rf {SHOP}
OUTSIDE_SLOT rm -rf /srv/x
OUTSIDE_SLOT rm -rf {OTHER}
OUTSIDE_SLOT ln -s {SHOP}/.env .env
OUTSIDE_SLOT ln -s ../../../x src/x
OUTSIDE_SLOT touch ../x
OUTSIDE_SLOT mkdir -p /srv/x
OUTSIDE_SLOT sed -i s/a/b/ {SHOP}/a.py
OUTSIDE_SLOT sed -i.bak -e s/a/b/ ../a.py
OUTSIDE_SLOT perl -pi -e 's/a/b/' /srv/a.py
OUTSIDE_SLOT dd if=/dev/zero of=/srv/x
OUTSIDE_SLOT truncate -s 0 /srv/x
OUTSIDE_SLOT install -m 644 a /usr/local/bin/a
OUTSIDE_SLOT curl -o /srv/x https://example.com
OUTSIDE_SLOT curl -sO https://example.com -o../x
OUTSIDE_SLOT git -C {SHOP} status
OUTSIDE_SLOT git --git-dir={SHOP}/.git log
OUTSIDE_SLOT grep -rn x {SHOP}
OUTSIDE_SLOT grep -rn x ../other
OUTSIDE_SLOT find .. -name x
OUTSIDE_SLOT find {SHOP} -name x -exec cat {{}} +
OUTSIDE_SLOT find . -name x -exec cp {{}} {SHOP} \;
OUTSIDE_SLOT xargs cp {SHOP}/x < a
OUTSIDE_SLOT env A=1 cat {SHOP}/a
OUTSIDE_SLOT make -C ../other
OUTSIDE_SLOT npm --prefix {SHOP} test
OUTSIDE_SLOT npm --prefix=../x test
OUTSIDE_SLOT gcc -I{SHOP}/include a.c
OUTSIDE_SLOT PYTHONPATH=src:{SHOP} pytest
OUTSIDE_SLOT docker run -v {SHOP}:/app x
OUTSIDE_SLOT {SHOP}/.venv/bin/python -m pytest
OUTSIDE_SLOT python -c "open('{SHOP}/x', 'w')"
OUTSIDE_SLOT node -e 'require("{SHOP}/x")'
OUTSIDE_SLOT bash -c 'cat {SHOP}/x'
OUTSIDE_SLOT sh -c "bash -c 'cd {SHOP}'"
OUTSIDE_SLOT eval "cat {SHOP}/x"
OUTSIDE_SLOT echo $(cat {SHOP}/x)
OUTSIDE_SLOT echo "a $(echo "$(cat {SHOP}/x)")"
OUTSIDE_SLOT echo `cat {SHOP}/x`
OUTSIDE_SLOT diff <(cat {SHOP}/x) y
OUTSIDE_SLOT if true; then cat {SHOP}/x; fi
OUTSIDE_SLOT for f in {SHOP}/*.py; do cat $f; done
OUTSIDE_SLOT cat file://{SHOP}/x
STATE_FILE echo x > .opencode/spec.md
STATE_FILE echo x > ./src/../.opencode//spec.md
STATE_FILE echo x > .OpenCode/spec.md
STATE_FILE cd .opencode && echo x > backlog.md
STATE_FILE echo x | tee -a .opencode/backlog.md
STATE_FILE cp /tmp/x .opencode/context.md
STATE_FILE mv .opencode/spec.md /tmp/x
STATE_FILE rm -rf .opencode
STATE_FILE rm -rf .opencode/{{spec,backlog}}.md
STATE_FILE rm -rf {SLOT}
STATE_FILE sed -i 's/a/b/' .opencode/backlog.md
STATE_FILE dd of=.opencode/spec.md
STATE_FILE truncate -s 0 .opencode/backlog.md
STATE_FILE git checkout -- .opencode/spec.md
STATE_FILE git restore .opencode
STATE_FILE git rm -r .opencode
STATE_FILE cat .opencode/echelon/evidence.jsonl
STATE_FILE touch .opencode/docs/../plugin/x.js
STATE_FILE find .opencode -delete
STATE_FILE curl -o .opencode/spec.md https://example.com
STATE_FILE git show HEAD:a > .opencode/spec.md
GIT_NOT_YOURS echo x > .git/hooks/pre-commit
GIT_NOT_YOURS chmod +x .git/hooks/pre-commit
GIT_NOT_YOURS rm -rf .git
GIT_NOT_YOURS rm vendor/x/.git/config
GIT_NOT_YOURS git push
GIT_NOT_YOURS git -c a.b=c --no-pager push origin HEAD
GIT_NOT_YOURS cd src && git push
GIT_NOT_YOURS git add . && git commit -m x && git push
GIT_NOT_YOURS git worktree add /tmp/x
GIT_NOT_YOURS git config core.hooksPath /tmp/x
GIT_NOT_YOURS git config --global user.name x
GIT_NOT_YOURS git config --unset user.name
GIT_NOT_YOURS git update-ref refs/heads/main HEAD
GIT_NOT_YOURS git symbolic-ref HEAD refs/heads/x
GIT_NOT_YOURS git branch -D main
GIT_NOT_YOURS git branch -m x
GIT_NOT_YOURS git checkout main
GIT_NOT_YOURS git checkout feature/x
GIT_NOT_YOURS git checkout v1.2.3
GIT_NOT_YOURS git checkout -b x
GIT_NOT_YOURS git switch -c x
GIT_NOT_YOURS git gc --prune=now
GIT_NOT_YOURS git prune
GIT_NOT_YOURS git stash
GIT_NOT_YOURS git stash pop
GIT_NOT_YOURS git remote add x y
GIT_NOT_YOURS git reset --hard origin/main
GIT_NOT_YOURS git clean -fdx
GIT_NOT_YOURS git merge main
GIT_NOT_YOURS git pull
GIT_NOT_YOURS git rebase main
GIT_NOT_YOURS git reflog expire --all
GIT_NOT_YOURS find . -exec git push \;
GIT_NOT_YOURS timeout 10 git push
GIT_NOT_YOURS bash -c "git push"
GIT_NOT_YOURS sudo -u root git push
GIT_NOT_YOURS echo x | xargs -I X git push
GIT_NOT_YOURS g\it 'pu'"sh"
GIT_NOT_YOURS git checkout -
STATE_FILE rm -rf .
OUTSIDE_SLOT uv run --with x python -c "open('{SHOP}/x')"
""".strip().split("\n")


def bash(command: str, room: Room = COMMANDER, **more: object) -> Ruling:
    return rule(room, "bash", {"command": command, **more}, REAL)


def code(ruling: Ruling) -> str:
    return ruling.refusal.code if ruling.refusal else ""


@pytest.mark.parametrize("room", [COMMANDER, HEADLESS], ids=["commander", "headless"])
@pytest.mark.parametrize("command", ORDINARY)
def test_ordinary_commands_pass(command: str, room: Room) -> None:
    ruling = bash(command, room)
    assert ruling.refusal is None, str(ruling.refusal)
    assert ruling.arguments == (None if room is HEADLESS else {"command": command, "workdir": SLOT})


@pytest.mark.parametrize("room", [COMMANDER, HEADLESS], ids=["commander", "headless"])
@pytest.mark.parametrize("line", FORBIDDEN)
def test_what_leaves_the_slot_is_refused(line: str, room: Room) -> None:
    expected, _, command = line.partition(" ")
    ruling = bash(command, room)
    assert code(ruling) == expected, str(ruling.refusal)
    assert ruling.refusal
    assert ruling.refusal.next_step


def test_here_documents_are_text_for_cat_and_code_for_a_shell() -> None:
    body = f"cd {SHOP}\ngit push\nEOF\n"
    assert code(bash(f"cat > notes.md <<'EOF'\n{body}ls src")) == ""
    assert code(bash(f"bash <<EOF\n{body}")) == "OUTSIDE_SLOT"
    assert code(bash(f"python - <<-EOF\n\topen('{SHOP}/x')\n\tEOF\nls")) == "OUTSIDE_SLOT"
    assert code(bash(f"cat <<EOF\nx\nEOF\ncat {SHOP}/x")) == "OUTSIDE_SLOT"
    assert code(bash("git \\\n  push")) == "GIT_NOT_YOURS"


def test_what_cannot_be_understood_passes() -> None:
    for command in ('eval "$X"', "$CMD /x", "echo Y2F0 | base64 -d | sh", "cat $A/$B", "python script.py"):
        assert code(bash(command)) == "", command


@pytest.mark.parametrize(("tool", "key"), [("read", "filePath"), ("write", "filePath"), ("edit", "filePath"), ("list", "path"), ("bash", "workdir")])  # fmt: skip
def test_paths_of_the_checkout_become_those_of_the_slot(tool: str, key: str) -> None:
    for given in ("src/a", f"{SHOP}/src/a", "./src//a/", "src/x/../a", f"{SHOP}/../shop/src/a", "../shop/src/a"):
        ruling = rule(COMMANDER, tool, {key: given}, REAL)
        assert ruling.refusal is None, given
        assert ruling.arguments == {key: f"{SLOT}/src/a"}, given
    assert rule(HEADLESS, tool, {key: "src/a"}, REAL).arguments is None
    for given in (f"{OTHER}/a", "../a", "/home/ada/a", "~/a", "./~/a", f"{STATE}/x", "/srv/x"):
        assert code(rule(COMMANDER, tool, {key: given}, REAL)) == "OUTSIDE_SLOT", given


def test_a_commanders_sub_folder_is_the_same_one_in_the_slot() -> None:
    room = Room(SLOT, f"{SHOP}/packages/a", SHOP)
    assert rule(room, "read", {"filePath": "x.py"}, REAL).arguments == {"filePath": f"{SLOT}/packages/a/x.py"}
    assert rule(room, "read", {"filePath": "../b/x.py"}, REAL).arguments == {"filePath": f"{SLOT}/packages/b/x.py"}


def test_searches_without_a_path_search_the_slot() -> None:
    for tool in ("glob", "grep", "list"):
        assert rule(COMMANDER, tool, {"pattern": "x"}, REAL).arguments == {"pattern": "x", "path": SLOT}
        assert rule(HEADLESS, tool, {"pattern": "x"}, REAL).arguments is None
    assert code(rule(COMMANDER, "glob", {"pattern": "../**/*.py"}, REAL)) == "OUTSIDE_SLOT"


def test_the_agents_own_files_and_the_others() -> None:
    own = (".opencode/todo.md", ".opencode/sync-issues.md", ".opencode/verification-checklist.md", ".opencode/docs/a/b")
    for path in own:
        assert code(rule(COMMANDER, "write", {"filePath": path}, REAL)) == ""
    for path in (
        ".opencode/spec.md",
        ".opencode/x/todo.md",
        ".opencode",
        f"{SHOP}/.opencode/backlog.md",
        ".OPENCODE/a",
    ):
        assert code(rule(COMMANDER, "edit", {"filePath": path}, REAL)) == "STATE_FILE", path
        assert code(rule(COMMANDER, "read", {"filePath": path}, REAL)) == ""
    for path in (".git/config", ".git", "vendor/.git/hooks/x", ".GIT/x"):
        assert code(rule(COMMANDER, "write", {"filePath": path}, REAL)) == "GIT_NOT_YOURS"
    assert code(rule(COMMANDER, "read", {"filePath": ".git/config"}, REAL)) == "GIT_NOT_YOURS"
    assert code(rule(COMMANDER, "read", {"filePath": ".opencode/echelon/missions.json"}, REAL)) == "STATE_FILE"
    assert code(rule(COMMANDER, "write", {"filePath": ".gitignore"}, REAL)) == ""


def test_reading_elsewhere() -> None:
    for path in ("/usr/include/stdio.h", "/tmp/x", "/etc/ssl/cert.pem", f"{CACHE}/x.py", f"{SHOP}/node_modules/x"):
        assert code(rule(COMMANDER, "read", {"filePath": path}, REAL)) == "", path
    for path in ("/etc/shadow", "/", "/var/lib/x", "/usr/../home/ada/x", "/tmp/../home/ada/x", "/root/x", "/usr2/x"):
        assert code(rule(COMMANDER, "read", {"filePath": path}, REAL)) == "OUTSIDE_SLOT", path
    assert code(rule(COMMANDER, "write", {"filePath": "/tmp/x"}, REAL)) == "OUTSIDE_SLOT"


def test_a_patch_is_moved_header_by_header() -> None:
    text = f"""*** Begin Patch
*** Update File: src/a.py
*** Move to: {SHOP}/src/b.py
@@
-*** Add File: no
+*** Add File: /etc/x
*** Add File:c.py\r
+x
*** Delete File:  {SLOT}/d.py
*** End Patch"""
    ruling = rule(COMMANDER, "apply_patch", {"patchText": text}, REAL)
    assert ruling.arguments
    rows = ruling.arguments["patchText"].split("\n")
    assert rows[1:3] == [f"*** Update File: {SLOT}/src/a.py", f"*** Move to: {SLOT}/src/b.py"]
    assert rows[4:7] == ["-*** Add File: no", "+*** Add File: /etc/x", f"*** Add File: {SLOT}/c.py"]
    assert rows[8] == f"*** Delete File:  {SLOT}/d.py"
    assert rule(COMMANDER, "patch", ruling.arguments, REAL).arguments is None
    assert code(rule(HEADLESS, "patch", {"patchText": text.replace("c.py", "../c.py")}, REAL)) == "OUTSIDE_SLOT"
    assert code(rule(HEADLESS, "patch", {"patchText": text.replace("c.py", ".opencode/spec.md")}, REAL)) == "STATE_FILE"
    many = "*** Begin Patch\n" + "*** Add File: a\n" * 50_000
    assert code(rule(HEADLESS, "patch", {"patchText": many}, REAL)) == "PATH_INVALID"


def test_files_that_a_prompt_attaches() -> None:
    for prompt in (
        "do @.opencode/echelon/missions.json",
        f"see @{OTHER}/a.py.",
        "(@../x.md)",
        "@~/.ssh/id_rsa",
        "@/srv/x",
    ):
        ruling = rule(COMMANDER, "task", {"prompt": prompt}, REAL)
        assert code(ruling) in ("OUTSIDE_SLOT", "STATE_FILE"), prompt
    for prompt in (
        "@Worker fix src/a.py",
        "use @dataclass and @types/node",
        "mail a@/b",
        "see `@../x`",
        "no one @ all",
    ):
        assert rule(COMMANDER, "task", {"prompt": prompt}, REAL).refusal is None, prompt
    ruling = rule(COMMANDER, "task", {"prompt": f"read @{SHOP}/src/a.py, then @src/b.py"}, REAL)
    assert ruling.arguments == {"prompt": f"read @{SLOT}/src/a.py, then @src/b.py"}


def test_a_reviewer_changes_nothing() -> None:
    for tool, arguments in (
        ("write", {"filePath": "a"}),
        ("edit", {"filePath": "a"}),
        ("apply_patch", {"patchText": ""}),
    ):
        assert code(rule(REVIEWER, tool, arguments, REAL)) == "READ_ONLY_ROLE"
    for command in ("echo x > a", "rm a", "sed -i s/a/b/ a", "git commit -m x", "git checkout -- a", "mkdir x", "a | tee b",
                    "find . -delete", "git add -A", "cp a b", "mkdir -p .opencode"):  # fmt: skip
        assert code(bash(command, REVIEWER)) == "READ_ONLY_ROLE", command
    for command in ("pytest -q 2>&1 > /tmp/out", "git diff HEAD~1", "cat a | tee /dev/null", "cp a /tmp/a", "npm test",
                    "git branch -a", "sed -n 1,5p a"):  # fmt: skip
        assert code(bash(command, REVIEWER)) == "", command


def test_other_tools_are_untouched() -> None:
    for tool in ("webfetch", "todowrite", "question", "skill", "mcp_files_write", ""):
        assert rule(COMMANDER, tool, {"filePath": "/etc/x", "command": "git push"}, REAL) == Ruling()


def test_links_planted_in_the_slot_lead_nowhere(tmp_path: Path) -> None:
    """On a real disk, below a temporary folder: what is forbidden stays so although it is also temporary."""
    shop, state = tmp_path / "shop", tmp_path / "state"
    slot = state / "workspaces/shop-0/slots/B001/work"
    for folder in (shop / "node_modules/x", slot / "src", slot / ".opencode/echelon", slot / ".git/hooks"):
        folder.mkdir(parents=True)
    for name, target in {
        "out": shop, "env": shop / ".env", "spec": slot / ".opencode/spec.md", "hooks": slot / ".git/hooks",
        "records": slot / ".opencode/echelon", "node_modules": shop / "node_modules", "loop": slot / "loop",
        "src/up": slot.parent, "passwd": Path("/etc/passwd"),
    }.items():  # fmt: skip
        (slot / name).symlink_to(target)
    room = Room(str(slot), str(shop), str(shop), readable=(str(shop / "node_modules"),))

    def asked(tool: str, **arguments: str) -> str:
        return code(rule(room, tool, arguments, os.path.realpath))

    assert asked("read", filePath="out/a") == asked("read", filePath="env") == "OUTSIDE_SLOT"
    assert asked("write", filePath="out/a") == asked("write", filePath="src/up/x") == "OUTSIDE_SLOT"
    assert asked("read", filePath="passwd") == "OUTSIDE_SLOT"
    assert asked("write", filePath="spec") == "STATE_FILE"
    assert asked("write", filePath="hooks/pre-commit") == "GIT_NOT_YOURS"
    assert asked("read", filePath="records/missions.json") == "STATE_FILE"
    assert asked("read", filePath="node_modules/x/a.js") == ""
    assert asked("write", filePath="node_modules/x/a.js") == "OUTSIDE_SLOT"
    assert asked("read", filePath="loop/x") == ""
    assert asked("bash", command="ls", workdir="out") == "OUTSIDE_SLOT"
    for command in (
        "cat out/a",
        "cat env",
        "cd out",
        "echo x > out/a",
        "cp a out/",
        "cat src/up/../x",
        "rm -rf out/",
        "mv a out",
    ):
        assert asked("bash", command=command) == "OUTSIDE_SLOT", command
    assert asked("bash", command="echo x > spec") == "STATE_FILE"
    for command in ("rm out", "rm -rf node_modules && npm ci", "ls node_modules/x", "cat src/a.py",
                    "echo x | tee /dev/stderr > /dev/stdout", "cat < /dev/stdin 2> /dev/null"):  # fmt: skip
        assert asked("bash", command=command) == "", command


def test_refusals_quote_little() -> None:
    ruling = rule(COMMANDER, "read", {"filePath": "/srv/\x1b[2J\u202e" + "a" * 3000}, REAL)
    assert ruling.refusal
    assert len(str(ruling.refusal)) < 3 * SHOWN_CHARS
    assert "\x1b" not in str(ruling.refusal)


@pytest.mark.parametrize("piece", ["a ", "$(", "`", '"', "'", "(", "((", "<<x\n", "> ", "cd ..;", "env ", "sh -c ", "\\", "${", "a=", "../", ";", "~/x ", "\0", "\ud800", "[[ < ", "$((", ")", "a$(b ", "@a "])  # fmt: skip
@pytest.mark.parametrize("times", [10_000, 500_000])
def test_floods_are_judged_in_bounded_time(piece: str, times: int) -> None:
    text = piece * times
    for tool, key in (("bash", "command"), ("task", "prompt"), ("read", "filePath"), ("apply_patch", "patchText")):
        rule(HEADLESS, tool, {key: text}, os.path.realpath)
