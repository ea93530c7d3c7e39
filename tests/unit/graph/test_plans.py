"""Plans are made once per document, and say what two subscriptions must have in common to be one group."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph import plans
from graph.core_execution import CORE_SCHEMA
from graph.plans import Plan, Plans
from vocabulary.operations import OperationKind, Rejected, Request

NAMED = "query A { cursor } query B { me { role } }"
CAMPAIGN = "campaignEvents(campaignId: $id, after: $after) { __typename }"


def plan(query: str, operation_name: str | None = None) -> Plan:
    return Plans(CORE_SCHEMA).of(Request(query, operation_name))


def identity(query: str, operation_name: str | None = None) -> bytes:
    return plan(query, operation_name).identity


class TestKeeping:
    def test_a_document_is_made_once(self) -> None:
        kept = Plans(CORE_SCHEMA)
        first = kept.of(Request("{ cursor }"))
        assert kept.of(Request("{ cursor }", variables={"unused": 1})) is first
        assert kept.made == 1

    def test_each_operation_of_a_document_is_a_plan_of_its_own(self) -> None:
        kept = Plans(CORE_SCHEMA)
        a, b = kept.of(Request(NAMED, "A")), kept.of(Request(NAMED, "B"))
        assert (kept.made, a.operation_name, b.operation_name) == (2, "A", "B")
        assert (a.field, b.field) == ("cursor", "me")

    def test_the_least_recently_used_is_forgotten(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(plans, "KEPT", 2)
        kept = Plans(CORE_SCHEMA)
        for alias in ("a", "b", "a", "c", "a", "b"):
            kept.of(Request(f"{{ {alias}: cursor }}"))
        assert repr(kept) == "<Plans 2 kept, 4 made>"

    def test_large_ones_are_forgotten_before_there_are_many(self, monkeypatch: pytest.MonkeyPatch) -> None:
        small, large = "{ cursor }", "{ " + "cursor " * 20 + "}"
        monkeypatch.setattr(plans, "KEPT_CHARACTERS", len(small) + len(large))
        kept = Plans(CORE_SCHEMA)
        for query in (small, large, small, "{ a: cursor }", large):
            kept.of(Request(query))
        # The large one gave way, and so did the other two when it came back, oldest first, until there was room.
        assert (kept.made, kept.found, kept.kept_characters) == (4, 1, len(large))

    def test_what_is_larger_than_all_that_is_kept_is_not(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(plans, "KEPT_CHARACTERS", 12)
        kept = Plans(CORE_SCHEMA)
        assert kept.of(Request("{ cursor a: cursor }")).field == "cursor"
        assert (repr(kept), kept.kept_characters) == ("<Plans 0 kept, 1 made>", 0)

    def test_the_limit_is_that_of_the_module(self) -> None:
        kept = Plans(CORE_SCHEMA)
        for number in range(plans.KEPT + 5):
            kept.of(Request(f"query Q{number} {{ cursor }}"))
        assert repr(kept) == f"<Plans {plans.KEPT} kept, {plans.KEPT + 5} made>"


class TestRejecting:
    @pytest.mark.parametrize(
        ("query", "name", "message", "code"),
        [
            ("{", None, "Syntax Error: Expected Name, found <EOF>.", "GRAPHQL_PARSE_FAILED"),
            ("", None, "Syntax Error: Unexpected <EOF>.", "GRAPHQL_PARSE_FAILED"),
            (
                "{ nothing }",
                None,
                "Cannot query field 'nothing' on type 'Query'.",
                "GRAPHQL_VALIDATION_FAILED",
            ),
            (
                NAMED,
                None,
                "The document has several operations: say which one by `operationName`.",
                "OPERATION_RESOLUTION_FAILURE",
            ),
            (NAMED, "C", "The document has no operation named “C”.", "OPERATION_RESOLUTION_FAILURE"),
            ("{ cursor }", "C", "The document has no operation named “C”.", "OPERATION_RESOLUTION_FAILURE"),
            (
                "fragment F on Query { cursor }",
                None,
                "Fragment 'F' is never used.",
                "GRAPHQL_VALIDATION_FAILED",
            ),
        ],
    )
    def test_says_why_and_is_never_kept(self, query: str, name: str | None, message: str, code: str) -> None:
        kept = Plans(CORE_SCHEMA)
        for _ in range(2):
            with pytest.raises(Rejected) as refusal:
                kept.of(Request(query, name))
            assert refusal.value.errors[0]["message"] == message
            assert refusal.value.errors[0]["extensions"]["code"] == code
        assert repr(kept) == "<Plans 0 kept, 0 made>"

    def test_every_broken_rule_is_told_with_its_place(self) -> None:
        with pytest.raises(Rejected) as refusal:
            plan("{ a\n b }")
        assert [error["locations"] for error in refusal.value.errors] == [
            [{"line": 1, "column": 3}],
            [{"line": 2, "column": 2}],
        ]

    def test_a_subscription_has_one_root_field(self) -> None:
        with pytest.raises(Rejected):
            plan("subscription { activity { cursor } proxyEvents { cursor } }")

    def test_a_bad_cursor_in_the_document_is_a_broken_rule(self) -> None:
        with pytest.raises(Rejected, match="no cursor of a stream"):
            plan('subscription { activity(after: "nonsense") { __typename } }')


class TestKind:
    @pytest.mark.parametrize(
        ("query", "kind", "field"),
        [
            ("{ cursor }", OperationKind.QUERY, "cursor"),
            ("subscription { x: activity { __typename } }", OperationKind.SUBSCRIPTION, "activity"),
            (
                "subscription { ... on Subscription { activity { __typename } } }",
                OperationKind.SUBSCRIPTION,
                "activity",
            ),
            ("{ ...F } fragment F on Query { ... { cursor } }", OperationKind.QUERY, "cursor"),
            (
                'mutation { deletePersona(input: {id: "x"}) { __typename } }',
                OperationKind.MUTATION,
                "deletePersona",
            ),
        ],
    )
    def test_is_that_of_the_operation(self, query: str, kind: OperationKind, field: str) -> None:
        assert (plan(query).kind, plan(query).field) == (kind, field)


CURSORS = ("AQEjRWeJqwAAAAAAAAAB", "AQEjRWeJqwAAAAAAAAAC")


def activity(arguments: str = "", selection: str = "__typename", head: str = "subscription") -> str:
    return f"{head} {{ activity{arguments} {{ {selection} }} }}"


class TestIdentity:
    """Equal for what differs only in where it resumes, different for all else."""

    @pytest.mark.parametrize(
        "query",
        [
            activity(),
            activity("(after: null)"),
            activity(f'(after: "{CURSORS[0]}")'),
            activity(f'(after: "{CURSORS[1]}")'),
            activity("(after: $after)", head="subscription ($after: Cursor)"),
            activity("(after: $x)", head=f'subscription ($x: Cursor = "{CURSORS[0]}")'),
            "subscription{\n  # a remark\n  activity { __typename },\n}",
            f'subscription {{ ... on Subscription {{ activity(after: "{CURSORS[0]}") {{ __typename }} }} }}',
            "subscription { ...F } fragment F on Subscription "
            f'{{ ... {{ activity(after: "{CURSORS[1]}") {{ __typename }} }} }}',
        ],
    )
    def test_is_equal_wherever_it_resumes_and_however_it_is_written(self, query: str) -> None:
        assert identity(query) == identity(activity())

    def test_where_one_in_a_fragment_resumes_is_told_as_of_any_other(self) -> None:
        found = plan(
            """subscription ($id: ID!, $after: Cursor) { ...F }
            fragment F on Subscription { campaignEvents(campaignId: $id, after: $after) { ...G } }
            fragment G on CampaignEvent { __typename }"""
        )
        assert found.shared_variables == {"id"}
        assert found.resuming is not None
        assert found.resuming.variable == "after"

    def test_fields_that_a_fragment_adds_are_in_their_order(self) -> None:
        """Of two that are merged the first says the order, so such fragments stay where they are."""
        added = "fragment F on Subscription { activity { x: __typename } }"
        first = f"subscription {{ activity {{ __typename }} ...F }} {added}"
        other = f"subscription {{ ...F activity {{ __typename }} }} {added}"
        assert identity(first) != identity(other)
        assert plan(other).field == "activity"

    def test_the_variable_of_the_resume_is_not_shared(self) -> None:
        found = plan(f"subscription ($id: ID!, $after: Cursor) {{ {CAMPAIGN} }}")
        assert found.shared_variables == {"id"}

    def test_variables_anywhere_in_the_selection_are_shared(self) -> None:
        found = plan(
            """subscription ($id: ID!, $after: Cursor, $all: Boolean!) {
              campaignEvents(campaignId: $id, after: $after) {
                ... on CampaignSnapshot @include(if: $all) { campaign { domains(after: "x") { totalCount } } }
              } }"""
        )
        assert found.shared_variables == {"id", "all"}

    def test_variables_in_fragments_are_shared(self) -> None:
        found = plan(
            """subscription ($n: Int!) { activity { ...F } }
            fragment F on ActivitySnapshot { activities { campaign { domains(first: $n) { totalCount } } } }"""
        )
        assert found.shared_variables == {"n"}

    @pytest.mark.parametrize(
        "query",
        [
            activity(selection="__typename cursor: __typename"),
            activity(selection="... on ActivityAdded { cursor }"),
            activity("(filter: {kinds: [PHASE_STARTED]})"),
            "subscription { feed: activity { __typename } }",
            activity(head="subscription Named"),
            "subscription { proxyEvents { __typename } }",
            activity(selection="...F") + " fragment F on ActivityAdded { cursor }",
            "subscription { activity { __typename } ... { activity { cursor: __typename } } }",
        ],
    )
    def test_is_another_for_anything_else(self, query: str) -> None:
        assert identity(query) != identity(activity())

    def test_fragments_of_one_name_with_other_fields_are_others(self) -> None:
        first = activity(selection="...F") + " fragment F on ActivityAdded { cursor }"
        second = activity(selection="...F") + " fragment F on ActivityAdded { at }"
        assert identity(first) != identity(second)

    def test_a_default_of_a_shared_variable_counts_and_one_of_the_resume_does_not(self) -> None:
        def of(ident: str, after: str) -> bytes:
            return identity(f"subscription ($id: ID! = {ident}, $after: Cursor = {after}) {{ {CAMPAIGN} }}")

        assert of('"a"', "null") == of('"a"', f'"{CURSORS[0]}"')
        assert of('"a"', "null") != of('"b"', "null")

    def test_operations_of_one_document_are_others(self) -> None:
        query = "subscription A { activity { __typename } } subscription B { activity { __typename } }"
        assert identity(query, "A") != identity(query, "B")

    def test_an_after_below_the_root_counts(self) -> None:
        inner = '... on ActivityAdded { activity { campaign { domains(after: "%s") { totalCount } } } }'
        assert identity(activity(selection=inner % "a")) != identity(activity(selection=inner % "b"))

    @settings(deadline=None)
    @given(
        st.lists(st.sampled_from(["at", "cursor", "__typename", "x: at"]), min_size=1, max_size=4), st.data()
    )
    def test_white_space_and_cursors_never_count_and_the_order_of_fields_does(
        self, fields: list[str], data: st.DataObject
    ) -> None:
        """Clients read the order of fields, so equal frames need it equal."""
        gap = data.draw(st.sampled_from([" ", "\n", ",", " # remark\n"]))
        place = data.draw(st.sampled_from(["", *(f'(after: "{one}")' for one in CURSORS)]))
        written = activity(place, f"... on ActivityAdded {{ {gap.join(fields)} }}")
        assert identity(written) == identity(
            activity(selection=f"... on ActivityAdded {{ {' '.join(fields)} }}")
        )
        other = data.draw(st.permutations(fields))
        moved = activity(selection=f"... on ActivityAdded {{ {' '.join(other)} }}")
        assert (identity(moved) == identity(written)) == (list(other) == fields)
