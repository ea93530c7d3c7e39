"""Queries that need nothing of graphql-core's executor: each root field resolves, and all inside of it is plain.

The resolvers of the root are called past Strawberry and graphql-core, with the arguments that both would give them, and
so are the fields of what they give that need a context: a list's count, say, or its cursor. One that fails, or gives
what no compiled function knows, is no opinion: whoever asked runs the operation with graphql-core, which says what is
wrong in its own words. Queries have no effects, so that they may have been read before changes nothing.
"""

from asyncio import gather
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    get_argument_values,
    get_nullable_type,
    is_object_type,
)
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetailsList
from strawberry import Info
from strawberry.schema.schema_converter import get_arguments
from strawberry.types.field import StrawberryField

from graph.compiling.leaves import Complete, NotPlain
from graph.compiling.reading import classes_of, resolved_by
from graph.compiling.selections import Selection, Selections


class _Raw(NamedTuple):
    """What resolvers see of an execution: the context, and nothing else."""

    context: Any


class Inner(NamedTuple):
    """How an object of these classes is completed some of whose fields need a context."""

    selection: Selection
    classes: frozenset[type]
    others: "tuple[Asked, ...]"
    is_nullable: bool

    async def complete(self, value: Any, context: Any) -> Any:
        """The object as it is told.

        Raises:
            NotPlain: it is none of these, or there is none where there must be one.
        """
        if value is None and self.is_nullable:
            return None
        if type(value) not in self.classes:
            raise NotPlain
        found = {**self.selection.read(value), **await _told(self.others, value, context)}
        return {key: found[key] for key in self.selection.fields}


class Asked(NamedTuple):
    """A field whose resolver is called: with which arguments, and how what it gives is completed.

    `info` is the name by which it takes the context, if it takes it.
    """

    key: str
    field: StrawberryField
    resolve: Callable[..., Any]
    arguments: Mapping[str, Any]
    info: str | None
    complete: Complete | Inner

    async def told(self, source: Any, context: Any) -> Any:
        """What a client is told of it; raises whatever is amiss."""
        found = await self.resolve(source, **self.arguments, **self._info(context))
        if isinstance(self.complete, Inner):
            return await self.complete.complete(found, context)
        return self.complete(found)

    def _info(self, context: Any) -> dict[str, Any]:
        if self.info is None:
            return {}
        return {self.info: Info(_raw_info=cast("Any", _Raw(context)), _field=self.field)}


class Whole(NamedTuple):
    """A whole query, for one set of values of its variables; `selections` are what its functions are compiled by."""

    selections: Selections
    selection: Selection
    asked: tuple[Asked, ...]

    async def data(self, context: Any) -> dict[str, Any]:
        """The data of the result; raises whatever a resolver raises, or NotPlain."""
        found = {**self.selection.read(None), **await _told(self.asked, None, context)}
        return {key: found[key] for key in self.selection.fields}


async def _told(asked: tuple[Asked, ...], source: Any, context: Any) -> dict[str, Any]:
    """All at once, as graphql-core resolves them, so that what they load is loaded together."""
    if len(asked) == 1:
        return {asked[0].key: await asked[0].told(source, context)}
    # Nobody is left behind who reads on while the operation is begun anew.
    found = await gather(*(each.told(source, context) for each in asked), return_exceptions=True)
    for value in found:
        if isinstance(value, BaseException):
            raise value
    return {each.key: value for each, value in zip(asked, found, strict=True)}


def whole_of(executor: Executor[Any], selections: Selections) -> Whole | None:
    """The query of an executor, whose variables are coerced; None if it takes graphql-core, whatever they are.

    Raises:
        GraphQLError: an argument or a directive has no value.
    """
    selection = selections.roots()
    asked = _Asking(executor, selections).each(selections.root_type, selection)
    return None if asked is None else Whole(selections, selection, asked)


class _Asking:
    """Finds what is asked of an operation's fields."""

    def __init__(self, executor: Executor[Any], selections: Selections) -> None:
        self._selections = selections
        self._variables = executor.variable_values
        self._strawberry: Any = executor.schema._strawberry_schema  # type: ignore[attr-defined]  # noqa: SLF001

    def each(self, type_: GraphQLObjectType, selection: Selection) -> tuple[Asked, ...] | None:
        """The fields of an object that are not plain; None if one of them is graphql-core's."""
        found = []
        for key, details in selection.rest.items():
            asked = self._one(key, type_, details)
            if asked is None:
                return None
            found.append(asked)
        return tuple(found)

    def _one(self, key: str, type_: GraphQLObjectType, details: FieldDetailsList) -> Asked | None:
        field = type_.fields.get(details[0].node.name.value)
        resolved = None if field is None else resolved_by(field)
        resolver = None if resolved is None else resolved.base_resolver
        if field is None or resolved is None or resolver is None:
            return None
        complete = self._selections.value(field.type, details) or self._inner(field.type, details)
        if complete is None:
            return None
        info = None if resolver.info_parameter is None else resolver.info_parameter.name
        arguments = self._arguments(field, resolved, details)
        arguments.pop(info or "", None)
        resolve = cast("Callable[..., Any]", resolver.wrapped_func)
        return Asked(key, resolved, resolve, arguments, info, complete)

    def _inner(self, type_: Any, details: FieldDetailsList) -> Inner | None:
        inner = get_nullable_type(type_)
        if not is_object_type(inner):
            return None
        selection = self._selections.of(inner, details)
        others = self.each(inner, selection)
        return None if others is None else Inner(selection, classes_of(inner), others, inner is type_)

    def _arguments(
        self, field: GraphQLField, resolved: StrawberryField, details: FieldDetailsList
    ) -> dict[str, Any]:
        first = details[0]
        given = get_argument_values(field, first.node, self._variables, first.fragment_variable_values)
        _, arguments = get_arguments(
            field=resolved,
            source=None,
            info=cast("Info", None),
            kwargs=given,
            config=self._strawberry.config,
            scalar_registry=self._strawberry.schema_converter.scalar_registry,
        )
        return arguments
