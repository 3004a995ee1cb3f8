"""What the service says: parsed leniently, kept whole, and its lists typed only as far as they are read.

A page of a hundred jobs holds some three thousand structs, of which a wait reads a few hundred. So a list
in a reply keeps its elements as they came and types each on first touch; ``parse_reply`` costs little more
than reading the JSON.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from types import UnionType
from typing import Annotated, Any, Self, TypeVar, Union, cast, get_args, get_origin, overload

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, ValidationError
from pydantic.alias_generators import to_pascal
from pydantic_core import CoreSchema, PydanticCustomError, core_schema, from_json


class Wire(BaseModel):
    """snake_case in Python, PascalCase on the wire unless a field names its own alias."""

    model_config = ConfigDict(
        alias_generator=to_pascal,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        frozen=True,
        defer_build=True,
    )


class Struct(Wire):
    """A reply or a part of one. What we do not know is kept, not refused."""

    model_config = ConfigDict(extra="allow", coerce_numbers_to_str=True)

    def __bool__(self) -> bool:
        """Whether the service said anything at all: absent structs and ``{}`` are false."""
        return bool(self.model_fields_set)

    @classmethod
    def read(cls, said: object) -> Self:
        """What the service said, from JSON text or a mapping; keys match in any case.

        :raises pydantic.ValidationError: no JSON, or not the JSON of such a struct.
        """
        text = isinstance(said, (str, bytes, bytearray))
        try:
            return cls.model_validate_json(cast("bytes", said)) if text else cls.model_validate(said)
        except ValidationError as error:
            if not any(fault["type"] == "other_case" for fault in error.errors(include_url=False)):
                raise
        return cls.model_validate(_in_our_case(cls, from_json(cast("bytes", said)) if text else said))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Look at unknown keys, and only at these, for one of ours in another case.

        Doing so inside pydantic's core costs nothing for the reply that spells its keys as documented.
        """
        schema = handler(source)
        model = cast("dict[str, Any]", handler.resolve_ref_schema(schema))
        model["schema"]["extras_keys_schema"] = core_schema.no_info_after_validator_function(
            cls._unknown, core_schema.str_schema()
        )
        return schema

    @classmethod
    def _unknown(cls, key: str) -> str:
        if key.casefold() in wire_fields(cls):
            raise PydanticCustomError("other_case", "known in another case")
        return key


S = TypeVar("S", bound=Struct)
S_co = TypeVar("S_co", bound=Struct, covariant=True)


class _List(Sequence[S_co]):
    """Elements as they came, each made an ``item`` when it is first asked for."""

    __slots__ = ("_elements", "_item")

    def __init__(self, item: type[S_co], elements: list[Any]) -> None:
        self._item, self._elements = item, elements

    @overload
    def __getitem__(self, index: int) -> S_co: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[S_co]: ...
    def __getitem__(self, index: int | slice) -> S_co | Sequence[S_co]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        element = self._elements[index]
        if not isinstance(element, self._item):
            element = self._elements[index] = self._item.read(element)
        return element

    def __iter__(self) -> Iterator[S_co]:
        return (self[i] for i in range(len(self)))

    def __len__(self) -> int:
        return len(self._elements)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (_List, list, tuple)) and list(self) == list(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(list(self))


class _ReadLate:
    """Makes ``Sequence[SomeStruct]`` a list that types its elements late."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        (item,) = get_args(source)

        def read(value: object) -> Sequence[Struct]:
            return _List(item, _elements(value))

        return core_schema.no_info_plain_validator_function(
            read,
            serialization=core_schema.plain_serializer_function_ser_schema(
                list, return_schema=core_schema.list_schema(handler.generate_schema(item))
            ),
        )


Items = Annotated[Sequence[S], _ReadLate()]
"""A list of structs; null and absence read as no elements, and a lone struct as one."""


def _elements(value: object) -> list[Any]:
    """The elements, also out of ``{"Job": [...]}``: some replies wrap a list in its singular name."""
    match value:
        case None | "":
            return []
        case Mapping() if len(value) == 1 and isinstance(only := next(iter(value.values())), list):
            elements = list(only)
        case Mapping():
            elements = [value]
        case Sequence() if not isinstance(value, (str, bytes)):
            elements = list(value)
        case _:
            raise ValueError("must be a list")
    if not all(isinstance(element, (Mapping, Struct)) for element in elements):
        raise ValueError("must be a list of structs")
    return elements


@cache
def wire_fields(model: type[Wire]) -> Mapping[str, tuple[str, type[Struct] | None, bool]]:
    """Lower-case wire name -> wire name, the struct inside if there is one, whether there may be many."""
    return {
        (field.alias or name).casefold(): (field.alias or name, *_kind(field.annotation))
        for name, field in model.model_fields.items()
    }


def _kind(annotation: Any) -> tuple[type[Struct] | None, bool]:
    origin = get_origin(annotation)
    if origin is Sequence:
        return _kind(get_args(annotation)[0])[0], True
    if origin in (Union, UnionType):
        return next((found for arg in get_args(annotation) if (found := _kind(arg))[0]), (None, False))
    is_struct = isinstance(annotation, type) and issubclass(annotation, Struct)
    return (annotation if is_struct else None), False


def _in_our_case(model: type[Struct], said: object) -> object:
    """The mapping with keys respelled as documented; a key already so spelled wins over others."""
    if not isinstance(said, Mapping):
        return said
    known = wire_fields(model)
    ours: dict[str, Any] = {}
    for key, value in sorted(said.items(), key=lambda pair: pair[0] not in model_aliases(model)):
        name, inside, many = known.get(key.casefold(), (key, None, False))
        ours.setdefault(name, _in_our_case(inside, value) if inside and not many else value)
    return ours


@cache
def model_aliases(model: type[Wire]) -> frozenset[str]:
    return frozenset(name for name, *_ in wire_fields(model).values())
