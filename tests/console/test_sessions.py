"""Getting in: secrets work once and briefly, tokens live in memory, codes stand in front of a person's verbs."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from consoles import Console
from echelon.console import sessions as room
from echelon.console.sessions import Sessions
from workspaces import Shop


@pytest.fixture
def console(tmp_path: Path) -> Console:
    shop = Shop.make(tmp_path)
    return Console(shop.places, shop.root)


class Door(RuleBasedStateMachine):
    """A naive model beside it: which secrets are good until when, which tokens are open."""

    secrets: Bundle[str] = Bundle("secrets")
    tokens: Bundle[str] = Bundle("tokens")
    tickets: Bundle[str] = Bundle("tickets")

    def __init__(self) -> None:
        super().__init__()
        self.time = 0.0
        self.sessions = Sessions(lambda: self.time)
        self.good: dict[str, float] = {}
        self.open: dict[str, tuple[str, float]] = {}  # token -> ticket, last use

    @rule(target=secrets)
    def invite(self) -> str:
        if sum(1 for until in self.good.values() if until > self.time) >= room.SECRETS_MAX:
            return "none"
        secret = self.sessions.invite(None)
        self.good[secret] = self.time + room.SECRET_SECONDS
        return secret

    @rule(target=tokens, secret=secrets)
    def enter(self, secret: str) -> object:
        entered = self.sessions.enter(secret)
        may = self.good.pop(secret, 0.0) > self.time
        assert (entered is not None) == may
        if entered is None:
            return multiple()
        self.open[entered.token] = (entered.ticket, self.time)
        return entered.token

    @rule(target=tokens, token=consumes(tokens))
    def reload(self, token: str) -> object:
        ticket, used = self.open.pop(token, ("no ticket at all", 0.0))
        entered = self.sessions.enter(ticket)
        alive = ticket != "no ticket at all" and used + room.SESSION_SECONDS > self.time
        assert (entered is not None) == alive
        assert not self.sessions.known(token)
        if entered is None:
            return multiple()
        self.open[entered.token] = (entered.ticket, self.time)
        return entered.token

    @rule(seconds=st.sampled_from([1.0, 59.0, 61.0, 3600.0, 13 * 3600.0]))
    def wait(self, seconds: float) -> None:
        self.time += seconds

    @rule(token=tokens)
    def ask(self, token: str) -> None:
        ticket, used = self.open.get(token, ("", -1e9))
        alive = used + room.SESSION_SECONDS > self.time
        assert self.sessions.known(token) == alive
        if alive:
            self.open[token] = (ticket, self.time)

    @rule(token=consumes(tokens))
    def leave(self, token: str) -> None:
        self.sessions.leave(token)
        self.open.pop(token, None)
        assert not self.sessions.known(token)

    @invariant()
    def nothing_readable_is_kept(self) -> None:
        kept = repr(self.sessions)
        assert not any(token in kept or ticket in kept for token, (ticket, _) in self.open.items())
        assert not any(secret in kept for secret in self.good)


Door.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestDoor = Door.TestCase


def test_a_link_lets_one_browser_in_once(console: Console) -> None:
    secret = console.invite()
    console.enter(secret)
    said = console.ask("POST", "/api/session", {"secret": secret}, token="")
    assert (said.status, said.code) == (401, "SECRET_INVALID")
    late = console.invite()
    console.clock[0] += 61
    assert console.ask("POST", "/api/session", {"secret": late}, token="").status == 401


def test_a_reload_keeps_the_session_and_ends_the_old_token(console: Console) -> None:
    first = console.enter(console.invite())
    second = console.enter(first["ticket"])
    assert console.ask("GET", "/api/workspaces", token=first["token"]).status == 401
    assert console.ask("GET", "/api/workspaces", token=second["token"]).status == 200
    assert console.ask("POST", "/api/session", {"secret": first["ticket"]}, token="").status == 401


def test_signing_out_ends_it(console: Console) -> None:
    mine = console.enter(console.invite())
    assert console.ask("DELETE", "/api/session", {}, token=mine["token"]).status == 200
    assert console.ask("GET", "/api/workspaces", token=mine["token"]).code == "NO_SESSION"
    assert console.ask("POST", "/api/session", {"secret": mine["ticket"]}, token="").status == 401


def test_a_person_s_verb_needs_the_code_of_their_terminal(console: Console) -> None:
    first = console.act("enterprise_set_budget", budget=2, reason="more")
    assert (first.status, first.code) == (409, "NEEDS_CONFIRMATION")
    assert console.act("enterprise_set_budget", budget=2, reason="more").code == "NEEDS_CONFIRMATION"
    assert len(console.codes) == 1, "the code that stands there is still good"
    assert console.codes[0][0].encode() not in first.body
    assert console.ask("POST", "/api/session/confirm", {"code": "x"}).code == "CODE_INVALID"
    console.confirm()
    assert (
        console.act("enterprise_set_budget", budget=2, reason="more").code == "PROGRAM_UNKNOWN"
    )  # the core's own answer
    console.clock[0] += 901
    assert console.act("enterprise_set_budget", budget=2, reason="more").code == "NEEDS_CONFIRMATION"


def test_codes_cannot_be_tried_out(console: Console) -> None:
    console.act("enterprise_set_budget", budget=2, reason="more")
    right = console.codes[0][0]
    for number in range(5):
        console.ask("POST", "/api/session/confirm", {"code": f"{number:06}x"})
    assert console.ask("POST", "/api/session/confirm", {"code": right}).code == "CODE_INVALID"
    console.act("enterprise_set_budget", budget=2, reason="more")
    assert len(console.codes) == 2, "a new one was shown"
    console.clock[0] += 181
    assert console.ask("POST", "/api/session/confirm", {"code": console.codes[1][0]}).code == "CODE_INVALID"


def test_a_confirmation_is_of_one_session(console: Console) -> None:
    other = console.enter(console.invite())["token"]
    console.act("enterprise_set_budget", budget=2, reason="more")
    console.confirm()
    said = console.ask("POST", "/api/level/enterprise_set_budget", {"budget": 2, "reason": "more"}, token=other)
    assert said.code == "NEEDS_CONFIRMATION"


def test_who_came_from_no_terminal_is_told_so(console: Console) -> None:
    """An agent that starts a console in its shell has no terminal on which a code would be shown."""
    token = console.enter(console.invite(terminal=False))["token"]
    said = console.ask("POST", "/api/level/enterprise_set_budget", {"budget": 2, "reason": "more"}, token=token)
    assert said.code == "NEEDS_TERMINAL"
    assert console.codes == []


def test_what_is_handed_over_opens_the_same_page_and_nothing_more(console: Console) -> None:
    console.act("enterprise_set_budget", budget=2, reason="more")
    console.confirm()
    rows = console.desk.sessions.handed_over()
    assert console.token not in repr(rows)
    heir = Sessions(lambda: 5.0)
    heir.take_over(rows, None)
    assert heir.known(console.token)
    assert not heir.confirmed(console.token)
