"""Random verbs and random outcomes of workers, each step held against the model, the tables and the events."""

import itertools
import tempfile
from collections import Counter
from collections.abc import Coroutine
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from core.errors import Conflict, ValidationFailed
from db.repositories.shards import Claim
from services.campaigns import CampaignDraft, CampaignPatch
from services.controlling import Control
from services.generating import NameBatch
from services.turns import Standing
from tests.unit.services.machine.model import (
    ANALYSIS,
    DNS,
    GENERATION,
    HTTP,
    ORDER,
    OVER,
    UNDER_WAY,
    UNREADY,
    Model,
    Name,
)
from tests.unit.services.machine.replaying import replay
from tests.unit.services.machine.stage import BACKLOG, SETTINGS, Observed, Stage
from vocabulary.campaigns import CampaignMode, GenerationConfig, PatternType, PhaseKind, PhaseStatus
from vocabulary.checks import CheckStatus
from vocabulary.leads import Rejection
from vocabulary.work import ShardKind

KINDS = st.sampled_from(ORDER)
MODES = st.sampled_from(CampaignMode)
SHARD_KINDS = [ShardKind(kind.value) for kind in ORDER]
CHOICES = st.lists(st.integers(0, 3), min_size=1, max_size=8)
STEPS_BEFORE_THE_END = 60
HELD_MOST = 3

_FOLDER = tempfile.TemporaryDirectory(prefix="campaign-machine-")


class CampaignMachine(RuleBasedStateMachine):
    """One campaign from its making to its end."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory(dir=_FOLDER.name)
        self.stage = Stage(Path(self._folder.name))
        self.claims: list[Claim] = []
        self.runs: dict[Claim, int] = {}
        self.last_write: tuple[Claim, Any] | None = None
        self.steps = 0
        self.model: Model

    def teardown(self) -> None:
        self.stage.close()
        self._folder.cleanup()

    @initialize(
        mode=MODES,
        lacking=st.sampled_from([frozenset(), frozenset(), frozenset(), {DNS}, {HTTP}, {DNS, HTTP}]),
        count=st.integers(0, 18),
        tlds=st.sampled_from([(".com",), (".com", ".net")]),
        sizes=st.tuples(st.integers(1, 4), st.integers(1, 4)),
        is_begun=st.sampled_from([True, True, True, False]),
    )
    def make(
        self,
        mode: CampaignMode,
        lacking: AbstractSet[PhaseKind],
        count: int,
        tlds: tuple[str, ...],
        sizes: tuple[int, int],
        is_begun: bool,
    ) -> None:
        # The hyphen makes labels that are none, whose offsets are used all the same.
        generation = GenerationConfig(PatternType.SUFFIX, "ab-", "x", tlds, suffix_length=2, count=count)
        draft = CampaignDraft(
            name="hunt",
            generation=generation,
            dns=None if DNS in lacking else self.stage.dns(sizes[0]),
            http=None if HTTP in lacking else self.stage.http(sizes[1]),
            mode=mode,
        )
        self.model = Model(mode, set(lacking))
        self._sizes = {DNS: sizes[0], HTTP: sizes[1]}
        self._asked_for = count if 0 < count <= 9 * len(tlds) else 9 * len(tlds)
        self.stage.run(self.stage.create(draft))
        self.position = self.stage.run(self.stage.house.head())
        self.known = self.stage.run(self.stage.view())
        if is_begun:
            self.start(None)

    # Verbs.

    def _ask(self, verb: Coroutine[Any, Any, object], expected: str | None) -> None:
        found, why = None, ""
        try:
            self.stage.run(verb)
        except Conflict as error:
            found, why = error.detail.code, str(error)
        except ValidationFailed as error:
            found, why = UNREADY, str(error)
        assert found == expected, why
        self._settle()

    def _look(self) -> Observed:
        return self.stage.run(self.stage.observe())

    def _settle(self) -> None:
        if GENERATION in self.model.phases and self.model.phases[GENERATION] is not PhaseStatus.CONFIGURED:
            self.model.reserved = self._asked_for
        shards = self._look().shards
        opened = Counter(PhaseKind(shard.kind.value) for shard in shards)
        self.model.settle({kind: opened[kind] for kind in ORDER})

    @rule(key=st.sampled_from([None, "first", "second"]))
    def start(self, key: str | None) -> None:
        # A key is remembered whatever happened since, so it is used once.
        control = Control(idempotency_key=None if key is None else f"{key}-{self.steps}")
        expected = self.model.start()
        verb = self.stage.control.start
        self._ask(verb(self.stage.house.alice, self.stage.campaign_id, control), expected)
        if key is not None:
            before = self.stage.run(self.stage.house.head())
            again = verb(self.stage.house.alice, self.stage.campaign_id, control)
            self._ask(again, expected)
            assert self.stage.run(self.stage.house.head()) == before

    @rule(kind=KINDS)
    def start_phase(self, kind: PhaseKind) -> None:
        self._control(self.stage.control.start_phase, self.model.start_phase(kind), kind)

    @rule()
    def pause(self) -> None:
        self._control(self.stage.control.pause, self.model.pause())

    @precondition(lambda self: self.known.status in ("PAUSED", "WAITING", "DRAFT"))
    @rule()
    def go_on(self) -> None:
        self.resume() if self.known.status == "PAUSED" else self.start(None)

    @rule()
    def resume(self) -> None:
        self._control(self.stage.control.resume, self.model.resume())

    @precondition(lambda self: self.known.status == "FAILED" or self.steps % 5 == 0)
    @rule(kind=KINDS)
    def retry(self, kind: PhaseKind) -> None:
        self._control(self.stage.control.retry_phase, self.model.retry(kind), kind)

    @precondition(lambda self: self.known.status == "FAILED")
    @rule()
    def retry_what_failed(self) -> None:
        for kind, phase in self.known.phases.items():
            if phase.status is PhaseStatus.FAILED:
                self.retry(kind)

    @precondition(lambda self: not any(phase.status in UNDER_WAY for phase in self.known.phases.values()))
    @rule(kind=KINDS)
    def rerun(self, kind: PhaseKind) -> None:
        self._control(self.stage.control.rerun_phase, self.model.rerun(kind), kind)

    @precondition(lambda self: self.known.phases[ANALYSIS].status in OVER or self.steps % 5 == 0)
    @rule()
    def rescore(self) -> None:
        self._control(self.stage.control.rescore, self.model.rerun(ANALYSIS))

    @precondition(lambda self: self.steps % 3 == 0)
    @rule(kind=KINDS)
    def skip(self, kind: PhaseKind) -> None:
        self._control(self.stage.control.skip_phase, self.model.skip(kind), kind)

    @rule(mode=MODES)
    def set_mode(self, mode: CampaignMode) -> None:
        self._control(self.stage.campaigns.set_mode, self.model.set_mode(mode), mode)

    @precondition(lambda self: self.steps > STEPS_BEFORE_THE_END)
    @rule()
    def cancel(self) -> None:
        self._control(self.stage.control.cancel, self.model.cancel())

    @precondition(lambda self: self.steps > STEPS_BEFORE_THE_END)
    @rule()
    def archive(self) -> None:
        self._control(self.stage.campaigns.archive, self.model.archive())

    @precondition(lambda self: self.model.lacking or self.steps % 3 == 0)
    @rule(kind=st.sampled_from([DNS, HTTP]), size=st.integers(1, 3))
    def configure(self, kind: PhaseKind, size: int) -> None:
        # Another number each time, so that it is a change.
        number = size if size != self._sizes[kind] else size + 1
        self._sizes[kind] = number
        patch = (
            CampaignPatch(dns=self.stage.dns(number))
            if kind is DNS
            else CampaignPatch(http=self.stage.http(number))
        )
        expected = self.model.configure(kind)
        self._ask(
            self.stage.campaigns.update(self.stage.house.alice, self.stage.campaign_id, patch), expected
        )

    @rule(is_right=st.booleans())
    def rename(self, is_right: bool) -> None:
        version = self.model.version if is_right else self.model.version + 1
        ended = self.known.status == "ARCHIVED"
        expected = (
            None if is_right and not ended else "INVALID_TRANSITION" if is_right else "VERSION_MISMATCH"
        )
        patch = CampaignPatch(name=f"hunt {self.steps}")
        self.model.version += expected is None
        verb = self.stage.campaigns.update
        self._ask(verb(self.stage.house.alice, self.stage.campaign_id, patch, version), expected)

    def _control(self, verb: Any, expected: str | None, *about: object) -> None:
        self._ask(verb(self.stage.house.alice, self.stage.campaign_id, *about), expected)

    # Workers.

    @precondition(lambda self: len(self.claims) < HELD_MOST)
    @rule(kinds=st.sampled_from([SHARD_KINDS, *([kind] for kind in SHARD_KINDS)]))
    def claim(self, kinds: list[ShardKind]) -> None:
        rows = self._look().phases
        claim = self.stage.run(self.stage.claim(kinds, f"worker {self.steps}"))
        if claim is not None:
            phase = rows[PhaseKind(claim.kind.value)]
            assert phase.status is PhaseStatus.IN_PROGRESS
            assert not phase.is_held_back
            self._take(claim)

    @rule(number=st.integers(0, 5), most=st.integers(1, 8), choices=CHOICES)
    def work(self, number: int, most: int, choices: list[int]) -> None:
        if self.claims:
            self._work(self.claims[number % len(self.claims)], most, choices)

    @rule(choices=CHOICES)
    def work_all(self, choices: list[int]) -> None:
        """Whoever held a shard is gone, and others finish all that there is."""
        self.fall_asleep()
        self.work_through(40, choices)

    @rule(choices=CHOICES)
    def work_on(self, choices: list[int]) -> None:
        self.work_through(2, choices)

    @rule(choices=CHOICES)
    def work_a_while(self, choices: list[int]) -> None:
        self.work_through(5, choices)

    @rule(rounds=st.integers(1, 12), choices=CHOICES)
    def work_through(self, rounds: int, choices: list[int]) -> None:
        """Take shards and finish them, as workers do most of the time."""
        for _ in range(rounds):
            claim = self.stage.run(self.stage.claim(SHARD_KINDS, f"worker {self.steps}"))
            if claim is None:
                return
            self._take(claim)
            self._work(claim, 100, choices)
            self.check()

    def _work(self, claim: Claim, most: int, choices: list[int]) -> None:
        kind = PhaseKind(claim.kind.value)
        before = self._look().phases[kind]
        if kind is GENERATION:
            standing, batch, shift = self.stage.run(self.stage.generate(claim, most))
            is_written = standing is not Standing.LOST and self._takes(before)
            if is_written:
                self._enumerated(batch, shift)
                finished = range(batch.offsets.start + shift, batch.offsets.stop + shift)
                self.model.hand_over(kind, finished)
        else:
            left = self.stage.run(self.stage.left(claim))[:most]
            results = [
                self.stage.result(kind, offset, choices[place % len(choices)])
                for place, offset in enumerate(left)
            ]
            standing = self.stage.run(self.stage.write(claim, results))
            if standing is not Standing.LOST and before.status in UNDER_WAY:
                self._decided(kind, results)
                self.last_write = (claim, results)
        if standing is Standing.DONE and kind not in (GENERATION, ORDER[-1]):
            self.model.hand_over(kind, claim.within)
        if standing in (Standing.DONE, Standing.LOST):
            self.claims.remove(claim)
        self._settle()

    @staticmethod
    def _takes(phase: Any) -> bool:
        return phase.status in UNDER_WAY and not phase.is_held_back

    def _enumerated(self, batch: NameBatch, shift: int) -> None:
        self.model.enumerated += len(batch.offsets)
        for offset, _ in batch.names:
            assert offset + shift not in self.model.names
            self.model.names[offset + shift] = Name()

    def _decided(self, kind: PhaseKind, results: list[Any]) -> None:
        for result in results:
            name = self.model.names[result.offset]
            verdict: Any = getattr(result, "verdict", None)
            status = getattr(verdict, "status", CheckStatus.OK)
            name.good[kind] = kind not in (DNS, HTTP) or status is CheckStatus.OK
            if not name.good[kind]:
                name.rejection = Rejection(f"{'DNS' if kind is DNS else 'HTTP'}_{status}")
            elif kind is ORDER[-1]:
                name.rejection = verdict.rejection
            name.has_hits |= kind is HTTP and bool(verdict.hits)
            name.is_high |= getattr(result, "is_high_potential", False)

    @rule()
    def write_again(self) -> None:
        """What was committed and not confirmed comes again, perhaps after others had their turn."""
        if self.last_write is not None:
            claim, results = self.last_write
            standing = self.stage.run(self.stage.write(claim, results))
            assert standing is not Standing.GOING_ON or claim in self.claims
            if standing is Standing.DONE:
                self.model.hand_over(PhaseKind(claim.kind.value), claim.within) if claim.kind not in (
                    ShardKind.DOMAIN_GENERATION,
                    ShardKind.ENRICHMENT,
                ) else None
            if standing in (Standing.DONE, Standing.LOST) and claim in self.claims:
                self.claims.remove(claim)
            self._again_is_nothing_new(claim, results, standing)
            self._settle()

    def _again_is_nothing_new(self, claim: Claim, results: list[Any], standing: Standing) -> None:
        """After a phase was taken back, the old shards are gone, so that old results cannot come back."""
        kind = PhaseKind(claim.kind.value)
        if standing is not Standing.LOST:
            known = all(kind in self.model.names[result.offset].good for result in results)
            assert known or self.known.phases[kind].status not in UNDER_WAY

    def _take(self, claim: Claim) -> None:
        self.claims.append(claim)
        self.runs[claim] = self.model.phases.runs[PhaseKind(claim.kind.value)]

    def _is_of_this_run(self, claim: Claim) -> bool:
        """Whether its phase runs as it did then: what a worker found before a pause fails no phase after it."""
        return self.model.phases.runs[PhaseKind(claim.kind.value)] == self.runs[claim]

    @rule(number=st.integers(0, 5))
    def fail_attempt(self, number: int) -> None:
        if self.claims:
            claim = self.claims.pop(number % len(self.claims))
            before = self._look().shards
            attempts = next((shard.attempts for shard in before if shard.id == claim.id), 0)
            holds = any(shard.id == claim.id and shard.fence == claim.fence for shard in before)
            leased = any(shard.id == claim.id and shard.holder == claim.holder for shard in before)
            self.stage.run(self.stage.work.failed(claim, "it broke"))
            if holds and leased and attempts + 1 >= SETTINGS.shard_attempts and self._is_of_this_run(claim):
                self.model.fail(PhaseKind(claim.kind.value))
            self._settle()

    @rule(number=st.integers(0, 5))
    def cannot_go_on(self, number: int) -> None:
        if self.claims:
            claim = self.claims.pop(number % len(self.claims))
            before = self._look().shards
            holds = any(
                shard.id == claim.id and shard.fence == claim.fence and shard.holder == claim.holder
                for shard in before
            )
            self.stage.run(self.stage.work.cannot_go_on(claim, "NO_USABLE_PERSONA", "nobody is there"))
            if holds and self._is_of_this_run(claim):
                self.model.fail(PhaseKind(claim.kind.value))
            self._settle()

    @precondition(lambda self: self.steps % 4 == 0)
    @rule()
    def break_down(self) -> None:
        """A phase that runs meets what trying again does not mend."""
        claim = self.stage.run(self.stage.claim(SHARD_KINDS, "unlucky"))
        if claim is not None:
            self._take(claim)
            self.cannot_go_on(len(self.claims) - 1)

    @rule(number=st.integers(0, 5))
    def give_back(self, number: int) -> None:
        if self.claims:
            self.stage.run(self.stage.work.release([self.claims.pop(number % len(self.claims))]))

    @rule()
    def fall_asleep(self) -> None:
        """Every lease lapses; whoever held one may find that another has taken it."""
        self.stage.tick(SETTINGS.lease_seconds + 1000)

    # What always holds.

    @invariant()
    def check(self) -> None:
        self.steps += 1
        self.stage.tick()
        seen = self._look()
        self._check_against_the_model(seen.view)
        assert seen.campaign.control_phase is self.model.control_phase
        self._check_events(seen.view)
        self._check_tables(seen)

    def _check_against_the_model(self, view: Any) -> None:
        model = self.model
        assert view.status is model.status
        assert (view.mode, view.version) == (model.mode, model.version)
        assert {kind: each.status for kind, each in view.phases.items()} == model.phases
        assert {kind: each.counts for kind, each in view.phases.items()} == {
            kind: model.counts(kind) for kind in ORDER
        }
        assert view.tallies == model.tallies
        assert view.percent == model.percent

    def _check_events(self, view: Any) -> None:
        events = self.stage.run(self.stage.events(self.position))
        assert replay(self.known, events) == view
        self.known = view
        self.position += len(events)

    def _check_tables(self, seen: Observed) -> None:
        assert seen.domains.keys() == self.model.names.keys()
        assert {offset: row.rejection for offset, row in seen.domains.items()} == {
            offset: name.rejection for offset, name in self.model.names.items()
        }
        pending = sum(row.rejection is Rejection.PENDING for row in seen.domains.values())
        generated = self.known.phases[GENERATION].counts.succeeded
        assert generated == self.known.tallies.analyzed + pending
        assert sum(row.position - row.lower for row in seen.ranges) == self.model.enumerated
        assert all(row.lower <= row.position <= row.upper for row in seen.ranges)
        self._check_shards(seen.shards, seen.phases)

    def _check_shards(self, shards: list[Any], phases: dict[PhaseKind, Any]) -> None:
        """Every name that a running phase has still to decide on is in one open shard, or yet to be handed over."""
        for kind, phase in phases.items():
            own = [shard for shard in shards if shard.kind.value == kind.value]
            if phase.status in UNDER_WAY:
                assert phase.open_shards == len(own)
            if kind is GENERATION or phase.status not in UNDER_WAY:
                continue
            for before, after in itertools.pairwise(sorted(own, key=_lower)):
                assert before.upper <= after.lower
            before_is_over = phases[ORDER[ORDER.index(kind) - 1]].status in (
                PhaseStatus.COMPLETED,
                PhaseStatus.SKIPPED,
            )
            undecided = [
                offset
                for offset in self.model.due(kind, range(2**62))
                if kind not in self.model.names[offset].good
            ]
            covered = [offset for offset in undecided if any(s.lower <= offset < s.upper for s in own)]
            if before_is_over:
                assert covered == undecided
        self._check_back_pressure(phases)

    @staticmethod
    def _check_back_pressure(phases: dict[PhaseKind, Any]) -> None:
        for kind, following in itertools.pairwise(ORDER):
            both = phases[kind].status in UNDER_WAY and phases[following].status in UNDER_WAY
            if both and phases[kind].is_held_back:
                assert phases[following].open_shards > BACKLOG // 2
            if both and phases[following].open_shards >= BACKLOG:
                assert phases[kind].is_held_back


def _lower(shard: Any) -> int:
    return int(shard.lower)


def test_a_campaign_is_what_the_model_says_through_thousands_of_steps() -> None:
    run_state_machine_as_test(
        CampaignMachine,
        settings=settings(
            max_examples=50,
            stateful_step_count=60,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
