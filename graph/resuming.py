"""Where a subscription goes on, read off its request without executing anything."""

import msgspec
from graphql import FieldNode, NonNullTypeNode, OperationDefinitionNode, VariableNode

from events import cursor
from events.cursor import Cursor as Place
from vocabulary.operations import Rejected, Request

LAST_EVENT_ID = "lastEventId"
RESUME_ARGUMENT = "after"


class Untold(Exception):
    """It takes graphql-core to say where the subscription goes on, or what is wrong with that."""


class Resuming(msgspec.Struct, frozen=True):
    """How the clients of an operation say where they are.

    Attributes:
        variable: the one that says it; None if they never do.
        may_lack: whether it may be left out, or be null.
    """

    variable: str | None
    may_lack: bool = True

    def place(self, request: Request) -> Place | None:
        """Where the client is by its variables; None if it is nowhere yet.

        Raises:
            Untold: the value is not simply a cursor.
        """
        if self.variable is None:
            return None
        given = request.variables.get(self.variable)
        if given is None and self.may_lack:
            return None
        if not isinstance(given, str):
            raise Untold
        try:
            return cursor.decode(given)
        except ValueError as error:
            raise Untold from error


def resuming_of(operation: OperationDefinitionNode) -> Resuming | None:
    """How it is said for an operation whose only root field stands there as it is; None if in another way."""
    roots = operation.selection_set.selections
    if len(roots) != 1 or not isinstance(roots[0], FieldNode):
        return None
    given = [each.value for each in roots[0].arguments or () if each.name.value == RESUME_ARGUMENT]
    if not given:
        return Resuming(variable=None)
    if not isinstance(given[0], VariableNode):
        return None
    return _by_variable(operation, given[0].name.value)


def _by_variable(operation: OperationDefinitionNode, name: str) -> Resuming:
    defined = (each for each in operation.variable_definitions or () if each.variable.name.value == name)
    may_lack = all(
        each.default_value is None and not isinstance(each.type, NonNullTypeNode) for each in defined
    )
    return Resuming(name, may_lack)


def last_event(request: Request) -> Place | None:
    """Where a browser's EventSource resumes.

    Raises:
        Rejected: it is no cursor.
    """
    text = request.extensions.get(LAST_EVENT_ID)
    if not isinstance(text, str) or not text:
        return None
    try:
        return cursor.decode(text)
    except ValueError as error:
        told = {"message": f"Last-Event-ID: {error}", "extensions": {"code": "BAD_CURSOR"}}
        raise Rejected([told]) from error
