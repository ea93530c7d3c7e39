"""Plans: documents parsed, validated and measured once, however often they are sent.

Strawberry's own caches never hit together with its limits, and lose syntax errors on a socket, so this is one
bounded cache in front of graphql-core, for queries, mutations and subscriptions alike.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace

import msgspec
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    Visitor,
    get_operation_ast,
    parse,
    print_ast,
    separate_operations,
    visit,
)

from core.errors import Misconfigured
from core.limits import STANDARD, Limits
from graph.compiling.variants import Variants
from graph.documents import SETTING, Documents
from graph.empty_selections import check_selections
from graph.limits import check_document, check_text
from graph.results import RefusalCode, malformed
from graph.resuming import RESUME_ARGUMENT, Resuming, resuming_of
from graph.schema_size import Fragments, fields_in, fragments_of, reads_nothing_else
from graph.validating import Validation
from vocabulary.operations import OperationKind, Rejected, Request

KEPT = 500
KEPT_CHARACTERS = 1 << 18
"""Parsed and compiled, a document takes 60 to 120 times the memory of its text: 16 to 32 MiB for all of them."""


class Plan(msgspec.Struct, frozen=True):
    """One operation of a validated document.

    `field` is the first at its root. `identity` and `shared_variables` say what two subscriptions must have in common
    to be one group: everything but where each resumes; queries and mutations have neither. `resuming` is how that is
    said, if it can be told from the request alone. `variants` are the compiled selections of this operation.
    `reads_schema` is whether it reads the schema and nothing else. `changes` is how many fields change something: those
    at the root of a mutation. `hides_schema` is whether no error may say what the schema has.
    """

    document: DocumentNode
    operation_name: str | None
    kind: OperationKind
    field: str
    identity: bytes
    shared_variables: frozenset[str]
    resuming: Resuming | None
    variants: Variants
    reads_schema: bool
    changes: int
    hides_schema: bool = False


class Plans:
    """The plans of one schema, the most recently used ones kept; `found` counts those that were not `made` again."""

    def __init__(
        self,
        schema: GraphQLSchema,
        limits: Limits = STANDARD,
        documents: Documents | None = None,
        *,
        introspection: bool = True,
    ) -> None:
        self._limits = limits
        self._documents = documents or Documents()
        self._validation = Validation(schema, introspection=introspection)
        self._hides_schema = not introspection
        self._kept: OrderedDict[tuple[str, str | None], Plan] = OrderedDict()
        self.kept_characters = 0
        self.made = 0
        self.found = 0

    def __repr__(self) -> str:
        return f"<Plans {len(self._kept)} kept, {self.made} made>"

    def knows(self, request: Request) -> bool:
        """Whether `of` has nothing to parse or validate."""
        try:
            return (self._documents.text_of(request), request.operation_name) in self._kept
        except Rejected:
            return True

    def of(self, request: Request) -> Plan:
        """The plan of a request.

        Raises:
            Rejected: no such document, a syntax error, a broken rule, a limit, or no such operation.
        """
        text = self._documents.text_of(request)
        key = (text, request.operation_name)
        plan = self._kept.get(key)
        if plan is None:
            plan = self._make(text, request.operation_name)
            self.made += 1
            self._keep(key, plan)
        else:
            self.found += 1
            self._kept.move_to_end(key)
        return plan

    def check_documents(self) -> None:
        """Make sure that each trusted document can be carried out.

        Raises:
            Misconfigured: one has a syntax error, breaks a rule of the schema, or a limit.
        """
        for ident, text in self._documents:
            try:
                self._validated(text)
            except Rejected as error:
                raise Misconfigured(
                    f"{SETTING}: the document {ident} cannot be carried out: {error}"
                ) from error

    def _keep(self, key: tuple[str, str | None], plan: Plan) -> None:
        """Keep one more, in place of those that nobody has asked for the longest."""
        self._kept[key] = plan
        self.kept_characters += len(key[0])
        while len(self._kept) > KEPT or self.kept_characters > KEPT_CHARACTERS:
            (text, _), _ = self._kept.popitem(last=False)
            self.kept_characters -= len(text)

    def _make(self, text: str, operation_name: str | None) -> Plan:
        document = self._validated(text)
        operation = get_operation_ast(document, operation_name)
        if operation is None:
            raise malformed([GraphQLError(_no_operation(operation_name))], RefusalCode.NO_OPERATION)
        return plan_of(document, operation, operation_name, hides_schema=self._hides_schema)

    def _validated(self, text: str) -> DocumentNode:
        document = self._parse(text)
        errors = check_document(document, self._limits) or self._validation.errors(text, document)
        if errors:
            raise malformed(errors, RefusalCode.INVALID)
        return document

    def _parse(self, text: str) -> DocumentNode:
        too_large = check_text(text, self._limits)
        if too_large is not None:
            raise malformed([too_large], RefusalCode.SYNTAX)
        try:
            document = parse(text, max_tokens=self._limits.max_tokens)
        except GraphQLError as error:
            raise malformed([error], RefusalCode.SYNTAX) from error
        nothing = check_selections(text, document)
        if nothing is not None:
            raise malformed([nothing], RefusalCode.SYNTAX)
        _unlink(document)
        return document


def _unlink(document: DocumentNode) -> None:
    """Let go of the tokens that no node begins or ends with, and cut the circles that all of them are in.

    Each token knows its neighbours, so a document would be kept until the collector comes by, and with it twice of what
    its nodes take.
    """
    token = document.loc.start_token if document.loc else None
    while token is not None:
        following, token.prev, token.next = token.next, None, None
        token = following


def _no_operation(name: str | None) -> str:
    if name is None:
        return "The document has several operations: say which one by `operationName`."
    return f"The document has no operation named “{name}”."


def plan_of(
    document: DocumentNode,
    operation: OperationDefinitionNode,
    name: str | None,
    *,
    hides_schema: bool = False,
) -> Plan:
    """The plan of one operation of a document that is valid."""
    kind, fragments = OperationKind(operation.operation.value), fragments_of(document)
    straight = _straight(operation, fragments)
    # To print a document takes a tenth of all that is done with it, and only subscriptions are shared.
    identity, used = (
        _shared(straight, fragments) if kind is OperationKind.SUBSCRIPTION else (b"", frozenset())
    )
    return Plan(
        document=document,
        operation_name=name,
        kind=kind,
        field=next(fields_in(operation.selection_set, fragments)).name.value,
        identity=identity,
        shared_variables=used,
        resuming=resuming_of(straight),
        variants=Variants(document),
        reads_schema=reads_nothing_else(operation, fragments),
        changes=_changes(operation, fragments) if kind is OperationKind.MUTATION else 0,
        hides_schema=hides_schema,
    )


def _changes(operation: OperationDefinitionNode, fragments: Fragments) -> int:
    """How many names an answer may have at its root: fields of one name are carried out once."""
    fields = fields_in(operation.selection_set, fragments)
    return len({(field.alias or field.name).value for field in fields})


def _straight(operation: OperationDefinitionNode, fragments: Fragments) -> OperationDefinitionNode:
    """The same, without the fragments that its one root field stands in, if nothing but that is in them."""
    root = operation.selection_set
    while True:
        match root.selections:
            case (FieldNode(),):
                return replace(operation, selection_set=root)
            case (InlineFragmentNode(directives=None | ()) as fragment,):
                root = fragment.selection_set
            case (FragmentSpreadNode(directives=None | ()) as spread,):
                root = fragments[spread.name.value].selection_set
            case _:
                return operation


def _shared(operation: OperationDefinitionNode, all_fragments: Fragments) -> tuple[bytes, frozenset[str]]:
    """What two subscriptions have in common if they are one group, and the variables that this takes in."""
    alone = separate_operations(DocumentNode(definitions=(operation, *all_fragments.values())))
    (needed,) = alone.values()
    fragments = [node for node in needed.definitions if isinstance(node, FragmentDefinitionNode)]
    shared = replace(
        operation, selection_set=_without_resume(operation.selection_set), variable_definitions=()
    )
    used = _variables_in([shared, *fragments])
    kept = tuple(one for one in operation.variable_definitions or () if one.variable.name.value in used)
    parts = [replace(shared, variable_definitions=kept), *fragments]
    return hashlib.sha256("\n".join(print_ast(part) for part in parts).encode()).digest(), used


def _without_resume(root: SelectionSetNode) -> SelectionSetNode:
    """The root selection without the argument that says where a client resumes.

    One that is hidden in a fragment stays; such subscriptions then share nothing, and are right all the same.
    """
    return replace(
        root,
        selections=tuple(
            replace(
                node,
                arguments=tuple(one for one in node.arguments or () if one.name.value != RESUME_ARGUMENT),
            )
            if isinstance(node, FieldNode)
            else node
            for node in root.selections
        ),
    )


def _variables_in(nodes: Sequence[Node]) -> frozenset[str]:
    found = _Variables()
    for node in nodes:
        visit(node, found)
    return frozenset(found.names)


class _Variables(Visitor):
    """Collects the names of the variables that a node uses."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_variable(self, node: VariableNode, *_: object) -> None:
        """One use."""
        self.names.add(node.name.value)
