"""What is told of documents that are not valid: what graphql-core tells, at a bounded cost, and nothing stays of it."""

import gc
import weakref
from random import Random

import pytest
from graphql import DocumentNode, GraphQLError, GraphQLSyntaxError, parse, print_ast, validate

from bench.fuzz_http.documents import DocumentMaker
from graph import validating
from graph.core_execution import CORE_SCHEMA
from graph.plans import Plans
from graph.validating import ERRORS_TOLD, OF_DIRECTIVES, OF_VARIABLES, RULES, Validation
from tests.fakes.stage import Stage
from vocabulary.operations import Rejected, Request

TOO_MANY = "Too many validation errors, error limit reached. Validation aborted."
DOCUMENTS = 150
VALIDATION = Validation(CORE_SCHEMA)
WRONG_IN_EACH_WAY = [
    "query ($a: Int) { cursor }",
    "query ($a: Int, $a: Int) { campaigns(first: $a) { totalCount } }",
    "query ($a: Campaign) { cursor @include(if: $a) }",
    "query ($a: String) { campaigns(first: $a) { totalCount } }",
    "{ campaigns(first: $a) { totalCount } }",
    "{ cursor @unknown }",
    "{ cursor @include(if: true) @include(if: true) }",
    "{ ...F } fragment F on Query { ...F cursor }",
    "fragment F on Query { cursor }",
    "query A { cursor } query A { cursor }",
    "{ cursor nothing }",
    "{ campaigns(first: 1, first: 2, second: 3) { totalCount { a } } }",
    "{ a: cursor a: me { role } }",
    'mutation { createPersona(input: {name: null, name: "a", other: 1}) { __typename } }',
    "subscription { activity { __typename } proxyEvents { __typename } }",
    '{ campaigns(filter: {createdAfter: "never"}) { totalCount } }',
    'subscription { activity(after: "nonsense") { __typename } }',
]
EXECUTED = [
    "{ cursor }",
    "query ($a: Int) { campaigns(first: $a) { totalCount edges { node { id } } } }",
    'query ($yes: Boolean = true) { node(id: "UGVyc29uYTox") @include(if: $yes) { ... on Persona { name } id } }',
    "{ __schema { queryType { name } } }",
    'mutation { deletePersona(input: {id: "UGVyc29uYTox"}) { __typename ... on UserError { message } } }',
]


def told(text: str, validation: Validation = VALIDATION) -> list[GraphQLError]:
    return validation.errors(text, parse(text))


def texts(seed: int) -> list[str]:
    """Documents as the fuzz sends them, as many as can be parsed."""
    maker = DocumentMaker(CORE_SCHEMA, Random(seed))
    made = [maker.document() if number % 2 else maker.broken() for number in range(DOCUMENTS)]
    return [text for text in made if is_document(text)]


def is_document(text: str) -> bool:
    try:
        parse(text)
    except GraphQLSyntaxError:
        return False
    return True


class TestTheSame:
    """As `graphql.validate` tells it, in its order, whatever is wrong."""

    @pytest.mark.parametrize("text", WRONG_IN_EACH_WAY)
    def test_in_each_way(self, text: str) -> None:
        errors = told(text)
        assert errors
        assert [each.formatted for each in errors] == [
            each.formatted for each in validate(CORE_SCHEMA, parse(text), RULES, max_errors=ERRORS_TOLD)
        ]

    @pytest.mark.parametrize("seed", range(3))
    def test_of_documents_that_are_drawn(self, seed: int) -> None:
        found = texts(seed)
        assert len(found) > DOCUMENTS // 2
        for text in found:
            theirs = validate(CORE_SCHEMA, parse(text), RULES, max_errors=ERRORS_TOLD)
            assert [each.formatted for each in told(text)] == [each.formatted for each in theirs], text

    def test_fragments_that_are_too_deep_are_told_of(self) -> None:
        """The parser bounds the nesting of each definition alone."""
        into, out = "... { " * 150, " }" * 151
        text = f"{{ {into} ...A {out} fragment A on Query {{ {into} cursor {out}"
        assert [each.message for each in told(text)] == ["Validation aborted."]

    def test_every_rule_that_is_left_out_is_one_of_them(self) -> None:
        assert set(RULES) >= OF_VARIABLES | OF_DIRECTIVES
        assert not OF_VARIABLES & OF_DIRECTIVES

    def test_nothing_is_suggested_where_the_schema_is_not_told(self) -> None:
        (suggested,) = told("{ campaing }")
        (plain,) = told("{ campaing }", Validation(CORE_SCHEMA, introspection=False))
        assert suggested.message.startswith(f"{plain.message} Did you mean")


class TestOneOf:
    """An input that has one field of several, however it is given."""

    CREATE = 'createPersona(input: {name: "x", config: {dns: $dns}}) { __typename }'

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            (f"mutation {{ {CREATE} }}", "Variable '$dns' is not defined."),
            (
                f"fragment F on Mutation {{ {CREATE} }} mutation ($dns: DnsPersonaConfigInput) {{ ...F }}",
                "Variable '$dns' must be non-nullable to be used for OneOf Input Object 'PersonaConfigInput'.",
            ),
            (
                'mutation { createPersona(input: {name: "x", config: {}}) { __typename } }',
                "exactly one field must be specified",
            ),
        ],
    )
    def test_what_is_wrong_is_told(self, text: str, message: str) -> None:
        (found,) = told(text)
        assert message in found.message

    def test_a_variable_that_cannot_be_null_is_fine(self) -> None:
        text = (
            f"fragment F on Mutation {{ {self.CREATE} }} mutation ($dns: DnsPersonaConfigInput!) {{ ...F }}"
        )
        assert told(text) == []


class TestBounds:
    def test_there_are_no_more_errors_than_anybody_reads(self) -> None:
        errors = told(f"{{ {' '.join(f'a{number}' for number in range(100))} }}")
        assert len(errors) == ERRORS_TOLD + 1
        assert errors[-1].message == TOO_MANY

    def test_messages_that_repeat_a_large_object_are_few(self) -> None:
        """Each of these errors prints the whole object once more."""
        fields = " ".join(f"unknown{number}: 1" for number in range(400))
        errors = told(f"mutation {{ createPersona(input: {{ {fields} }}) {{ __typename }} }}")
        printed = len(errors[0].message)
        assert printed > validating.CHARACTERS_TOLD / ERRORS_TOLD
        assert len(errors) == -(-validating.CHARACTERS_TOLD // printed) + 1
        assert errors[-1].message == TOO_MANY

    def test_those_after_many_lines_are_few(self) -> None:
        """Each of them has the lines before it counted anew."""
        for newline in "\n", "\r":
            errors = told(newline * validating.LINES_COUNTED + "{ a b c }")
            assert [each.message for each in errors[1:]] == [TOO_MANY]

    def test_there_are_as_many_after_the_lines_of_any_honest_document(self) -> None:
        errors = told("\n" * 1_500 + f"{{ {' '.join(f'a{number}' for number in range(100))} }}")
        assert len(errors) == ERRORS_TOLD + 1


class TestNothingStays:
    """What was refused, or is no longer kept, is gone at once and not when the collector comes by."""

    @pytest.mark.parametrize(
        "text", [*WRONG_IN_EACH_WAY, "{ a b c d e f g h i j k l m n o p q r s t u v w x y z }"]
    )
    def test_of_what_was_refused(self, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
        seen: list[weakref.ref[DocumentNode]] = []
        errors = Validation.errors

        def watched(self: Validation, text: str, document: DocumentNode) -> list[GraphQLError]:
            seen.append(weakref.ref(document))
            return errors(self, text, document)

        monkeypatch.setattr(Validation, "errors", watched)
        gc.collect()
        gc.disable()
        try:
            with pytest.raises(Rejected) as refusal:
                Plans(CORE_SCHEMA).of(Request(text))
            del refusal
            assert [each() for each in seen] == [None]
        finally:
            gc.enable()

    @pytest.mark.parametrize("text", EXECUTED)
    async def test_of_what_was_executed_and_is_forgotten(self, stage: Stage, text: str) -> None:
        gc.collect()
        gc.disable()
        try:
            result = await stage.execute(stage.house.admin, text)
            assert "data" in result
            document = weakref.ref(stage.operations.prepare(Request(text)).document)
            assert document() is not None
            stage.operations.plans._kept.clear()
            assert document() is None
        finally:
            gc.enable()

    def test_a_document_is_the_same_without_its_tokens(self) -> None:
        text = "query ($a: Int) {\n  campaigns(first: $a) { totalCount } }"
        document = Plans(CORE_SCHEMA).of(Request(text)).document
        assert print_ast(document) == print_ast(parse(text))
        (operation,) = document.definitions
        assert operation.loc is not None
        assert (operation.loc.start, operation.loc.end) == (0, len(text))
        assert operation.loc.start_token.next is None
