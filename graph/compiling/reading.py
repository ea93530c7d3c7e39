"""What the schema says of reading a field from its object, and of telling the type of an object."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, cast

from graphql import GraphQLAbstractType, GraphQLField, GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

Get = Callable[[Any], Any]

_DEFINITION = GraphQLCoreConverter.DEFINITION_BACKREF


def getter(field: GraphQLField) -> Get | None:
    """How a field is read from its object; None if that takes more than the object, and graphql-core has to do it.

    An attribute takes only the object, and so does a function of it that does not wait.
    """
    found = definition_of(field)
    if field.args or found is None:
        return None
    if found.is_basic_field:
        return attrgetter(found.python_name) if found.default_resolver is getattr else None
    return _function_of_the_object(found)


def straight_way(field: GraphQLField) -> Callable[[Sequence[Any]], Get] | None:
    """What makes of the plain fields of a list's items a function from its object to the list, if a resolver has it."""
    found = field.extensions.get(_DEFINITION)
    resolver = found.base_resolver if isinstance(found, StrawberryField) else None
    return None if resolver is None else getattr(resolver.wrapped_func, "straight_way", None)


def resolved_by(field: GraphQLField) -> StrawberryField | None:
    """How a field is resolved that takes a context, and perhaps arguments; None if it takes more than those."""
    found = field.extensions.get(_DEFINITION)
    if not isinstance(found, StrawberryField) or found.extensions or found.base_resolver is None:
        return None
    resolver = found.base_resolver
    if not resolver.is_async or resolver.self_parameter is None:
        return None
    return None if resolver.parent_parameter or resolver.root_parameter else found


def attribute_of(field: GraphQLField) -> str | None:
    """The attribute that a field is, if it is one."""
    found = definition_of(field)
    return found.python_name if found is not None and found.is_basic_field else None


def definition_of(field: GraphQLField) -> StrawberryField | None:
    """Strawberry's definition of a field; None of one that graphql-core has made."""
    found = field.extensions.get(_DEFINITION)
    return found if isinstance(found, StrawberryField) else None


def _function_of_the_object(field: StrawberryField) -> Get | None:
    resolver = field.base_resolver
    if resolver is None or field.extensions or resolver.is_async:
        return None
    if list(resolver.signature.parameters.values()) != [resolver.self_parameter]:
        return None
    return cast("Get", resolver.wrapped_func)


def classes_of(type_: GraphQLObjectType) -> frozenset[type]:
    """The classes whose own instances are of this type, whatever else may be; none if the type decides by itself."""
    found = _definition(type_)
    if found is None or found.is_type_of is not None:
        return frozenset()
    generic = found.concrete_of
    return frozenset({found.origin} if generic is None else {found.origin, generic.origin})


def types_by_class(schema: GraphQLSchema, type_: GraphQLAbstractType) -> Mapping[type, GraphQLObjectType]:
    """Which member of a union or of an interface the instances of a class are; who is not there is graphql-core's.

    A class that stands for several types says by its values which one it is, so it is not there.
    """
    if isinstance(type_, GraphQLInterfaceType):
        found = _definition(type_)
        if found is None or found.resolve_type is not None:
            return {}
    return dict(_members(schema.get_possible_types(type_)))


def _members(types: Iterable[GraphQLObjectType]) -> Iterable[tuple[type, GraphQLObjectType]]:
    for type_ in types:
        found = _definition(type_)
        if found is None or found.is_type_of is not None or found.concrete_of is not None:
            continue
        # By this name Strawberry tells the executor which type it is.
        if found.name == type_.name:
            yield found.origin, type_


def _definition(type_: GraphQLObjectType | GraphQLInterfaceType) -> StrawberryObjectDefinition | None:
    found = type_.extensions.get(_DEFINITION)
    return found if isinstance(found, StrawberryObjectDefinition) else None
