"""An agent that moves the base branch gets nothing by it: it is noticed, nothing merges into what it made, and the branch
is put back with all that was there kept (issue 4, point 5; reliability.md §3.5). A person's own commits are no escape.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from echelon.engine import doctor
from echelon.engine.engine import Engine
from fleets import ROUNDS_MAX, Fleet, person
from slots_world import write
from workspaces import HONEST, Play, Seen, Shop, does


def found(engine: Engine) -> set[str]:
    return {row.code for row in doctor.examine(engine) if row.severity != "info"}


def moves(shop: Shop, command: str, item: str) -> None:
    """This item's agent runs git in the person's workspace before it does its work."""
    step = {"run": command.format(git=f"git -C {shop.root} -c user.name=A -c user.email=a@example.org")}
    shop.play({**HONEST, item: [does(item, step)] * 2})


def bent(tmp_path: Path, command: str, item: str = "B001") -> tuple[Shop, Seen, str]:
    """A shop with commits of the person's, delivered until this item's agent has moved main. Main as it was before."""
    shop = Shop.make(tmp_path)
    shop.commit("a second commit of the person's", {"notes.md": "one\n"})
    write(shop.root, {"README.md": "shop, edited and not committed\n", "mine.txt": "untracked\n"})
    moves(shop, command, item)
    before = shop.git("rev-parse", "main")
    seen = shop.deliver()
    if item != "B001":
        before = str(shop.engine().baseline.recorded())
    return shop, seen, before


WAYS = {
    "moved back": "{git} update-ref refs/heads/main main~1",
    "replaced": "{git} update-ref refs/heads/main $({git} commit-tree -m theirs main^{{tree}})",
    "moved back, and on": "{git} update-ref refs/heads/main $({git} commit-tree -m theirs -p main~1 main^{{tree}})",
}


@pytest.mark.parametrize(("way", "item"), [*((way, "B001") for way in WAYS), ("moved back", "B002")])
def test_a_moved_base_stops_the_delivery_and_is_put_back(tmp_path: Path, way: str, item: str) -> None:
    shop, seen, before = bent(tmp_path, WAYS[way], item)
    assert seen.outcome.status == "blocked" and seen.outcome.code == "BASE_REWOUND", seen.outcome
    theirs = shop.git("rev-parse", "main")
    assert theirs != before and item not in shop.merges()
    assert "BASE_REWOUND" in found(shop.engine())
    doctor.repair(shop.engine())
    assert shop.git("rev-parse", "main") == before
    assert "BASE_REWOUND" not in found(shop.engine())
    reached = shop.git("for-each-ref", "--contains", theirs, "--format=%(refname)").splitlines()
    assert reached, "what stood there is kept"
    assert (shop.root / "README.md").read_text("utf-8") == "shop, edited and not committed\n"
    assert (shop.root / "mine.txt").read_text("utf-8") == "untracked\n"
    assert shop.git("show", "main:notes.md") == "one"
    doctor.repair(shop.engine())
    assert shop.git("rev-parse", "main") == before
    shop.play(HONEST)
    assert shop.deliver().outcome.status == "done"
    assert sorted(shop.merges()) == ["B001", "B002", "B003"] and shop.verify().holds
    assert (shop.root / "README.md").read_text("utf-8") == "shop, edited and not committed\n"


def test_one_of_four_agents_moves_the_base_back_under_the_others(tmp_path: Path) -> None:
    """When something has landed, back to where all began: what lands later must not be built on that."""
    fleet = Fleet.start(tmp_path, parallel=True)
    playbook = fleet.root / ".opencode/playbook/playbook.toml"
    honest = playbook.read_text("utf-8")
    git = f"git -C {fleet.root}"
    bad = (
        f"until [ $({git} rev-list --count main) -gt 1 ]; do sleep 0.05; done; "
        f"{git} update-ref refs/heads/main $({git} rev-list --max-parents=0 main)"
    )
    head = "[[PGM-002-PRJ-003-B002]]\nsteps = ["
    assert head in honest
    playbook.write_text(honest.replace(head, f"{head}{{ run = {json.dumps(bad)} }}, "), "utf-8")
    first = fleet.git("rev-parse", "main")
    seen = fleet.once()
    assert seen.outcome.status == "blocked" and "BASE_REWOUND" in " ".join((seen.outcome.code, *seen.outcome.reasons))
    recorded = fleet.engine().baseline.recorded()
    assert recorded and fleet.git("rev-parse", "main") == first
    doctor.repair(fleet.engine())
    assert fleet.git("rev-parse", "main") == recorded
    landed = {f"{event.item}" for event in seen.events if event.kind == "delivered"}
    assert landed and landed == set(fleet.merges())
    playbook.write_text(honest, "utf-8")
    for _ in range(ROUNDS_MAX):
        if fleet.once().outcome.status == "done" or not person(fleet.engine(), fleet.root):
            break
    fleet.whole()


def test_hooks_of_an_agent_stop_it_and_notes_and_tags_are_told(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path)
    moves(shop, "{git} notes add -f -m forged main; {git} tag theirs main", "B001")
    told = shop.deliver()
    assert told.outcome.status == "done"
    assert "refs/notes/commits" in told.texts("warned") and "refs/tags/theirs" in told.texts("warned")
    again = Shop.make(tmp_path / "again")
    moves(again, f"echo 'touch {tmp_path}/ran' > {again.root}/.git/hooks/post-commit", "B001")
    stopped = again.deliver()
    assert stopped.outcome.code == "ESCAPED" and again.merges() == []


def test_what_a_person_commits_meanwhile_is_no_escape(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path)
    mine: Play = does("B001", {"person_commits": "mine.md", "text": "mine\n"})
    shop.play({**HONEST, "B001": [mine]})
    seen = shop.deliver()
    assert seen.outcome.status == "done"
    assert all("completion record" in line for line in seen.texts("warned").splitlines())  # nothing of the base
    assert shop.shown("mine.md") == "mine" and found(shop.engine()) == set()


def test_a_person_may_say_that_the_base_is_right(tmp_path: Path) -> None:
    """Moved back on purpose: after that word the delivery goes on from there."""
    shop, _, before = bent(tmp_path, "{git} update-ref refs/heads/main main~1")
    there = shop.git("rev-parse", "main")
    accepting = shop.engine()
    accepting.baseline.accept(accepting.starts())
    assert "BASE_REWOUND" not in found(shop.engine())
    shop.play(HONEST)
    shop.git("checkout", "-q", "--", "README.md")
    assert shop.deliver().outcome.status == "done"
    assert shop.git("merge-base", "--is-ancestor", there, "main") == "" and before != there
