"""What the service says: parsed leniently, kept whole, and typed only as far as it is read.

A page of a hundred jobs holds some two thousand structs, of which a wait reads a few hundred. So a struct
keeps what is inside it (``Part``, ``Items``) as it came and types each on first touch; ``parse_reply`` costs
little more than reading the JSON. The price: nonsense deep inside is found late, as ``Unreadable``.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from types import UnionType
from typing import Annotated, Any, NamedTuple, Self, TypeVar, Union, cast, get_args, get_origin, overload

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, ValidationError
from pydantic.alias_generators import to_pascal
from pydantic_core import CoreSchema, PydanticCustomError, core_schema, from_json


class Unreadable(ValueError):
    """Something inside a reply is not what the service says there; raised when it is first touched.

    The text names struct and field and holds no value.
    """


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
    """A reply or a part of one. What we do not know is kept, not refused.

    Structs inside it are fields of type ``Part`` or ``Items``.
    """

    model_config = ConfigDict(extra="allow", coerce_numbers_to_str=True)

    def __bool__(self) -> bool:
        """Whether the service said anything at all: absent structs and ``{}`` are false."""
        return bool(self.model_fields_set)

    # Pydantic takes the next four from the __dict__, where a part may still lie as it came.

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Struct):
            return NotImplemented
        return type(self) is type(other) and dict(iter(self)) == dict(iter(other))

    def __hash__(self) -> int:
        return hash((type(self), *(getattr(self, name) for name in type(self).model_fields)))

    def __iter__(self) -> Generator[tuple[str, Any], None, None]:
        return self._touched(super().__iter__())

    def __repr_args__(self) -> Generator[tuple[str, Any], None, None]:
        return self._touched(super().__repr_args__())

    def _touched(self, pairs: Iterable[tuple[Any, Any]]) -> Generator[tuple[str, Any], None, None]:
        fields = type(self).model_fields
        return ((name, getattr(self, name) if name in fields else value) for name, value in pairs)

    @classmethod
    def __pydantic_init_subclass__(cls, **_: object) -> None:
        for name, field in cls.model_fields.items():
            if _TypedLate() in field.metadata:
                setattr(cls, name, _OnTouch(name, cast("type[Struct]", field.annotation)))

    @classmethod
    def read(cls, said: object) -> Self:
        """What the service said, from JSON text or a mapping; keys match in any case.

        :raises pydantic.ValidationError: no JSON, or not the JSON of such a struct.
        """
        if not isinstance(said, (str, bytes, bytearray)):
            return cls._of(said)
        try:
            value = from_json(said)
        except ValueError:
            return cls.model_validate_json(said)  # no JSON for it either, but it says so as it should
        return cls._of(value)

    @classmethod
    def _of(cls, said: object) -> Self:
        try:
            # What model_validate calls, at half its price.
            struct: Self = cls.__pydantic_validator__.validate_python(said)
        except ValidationError as error:
            if not any(fault["type"] == "other_case" for fault in error.errors(include_url=False)):
                raise
            return cls.model_validate(_in_our_case(cls, said))
        return struct

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


def _typed(item: type[S], said: object) -> S:
    try:
        return item._of(said)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(map(str, (item.__name__, *fault["loc"])))
        raise Unreadable(f"{where}: {fault['msg']}") from None


@cache
def _silent(item: type[Struct]) -> Struct:
    """A struct that says nothing. All may share one, as it is frozen."""
    return item()


def _part(item: type[Struct], held: object) -> object:
    """The struct, from how a ``__dict__`` holds it: typed, as it came, or empty when nothing was said."""
    if type(held) is not dict:
        return held
    return _typed(item, held) if held else _silent(item)


class _OnTouch:
    """The attribute of a ``Part``: stands before the model's ``__dict__`` and types what lies there."""

    __slots__ = ("_item", "_name")

    def __init__(self, name: str, item: type[Struct]) -> None:
        self._name, self._item = name, item

    def __get__(self, struct: Struct | None, _: object) -> object:
        try:
            held = struct.__dict__[self._name]
        except KeyError:  # pydantic then says what is missing
            raise AttributeError(self._name) from None
        if type(held) is dict:
            part = _part(self._item, held)
            if held:
                struct.__dict__[self._name] = part
            return part
        return held

    def __set__(self, struct: Struct, value: object) -> None:
        """There so that the ``__dict__`` does not come first; a frozen model refuses before it asks."""
        struct.__dict__[self._name] = value


@dataclass(frozen=True)
class _TypedLate:
    """Makes a struct inside a struct one that is typed late."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def read(value: object) -> object:
            if not value:
                return {}
            if isinstance(value, source):
                return value
            if isinstance(value, Mapping):
                return dict(value)
            raise ValueError("must be a struct")

        return core_schema.union_schema(
            # The first costs no Python call and takes nearly all; not even emptiness is looked at.
            [core_schema.is_instance_schema(dict), core_schema.no_info_plain_validator_function(read)],
            mode="left_to_right",
            custom_error_type="no_struct",
            custom_error_message="must be a struct",
            serialization=core_schema.plain_serializer_function_ser_schema(
                partial(_part, source), return_schema=handler.generate_schema(source)
            ),
        )


Part = Annotated[S, _TypedLate()]
"""A struct; null reads as one that says nothing. Its default is ``unsaid()``."""


def unsaid() -> Any:
    """The default of a ``Part``: a struct that says nothing, held like one the service says nothing in."""
    return Field(default_factory=dict)


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
            element = self._elements[index] = _typed(self._item, element)
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


@dataclass(frozen=True)
class Wrapped:
    """Beside a list's type: on the wire it is ``{"Jobs": {"Job": [...]}}``, with ``name`` for ``Job``.

    A list without the wrapper is understood, and so is a lone element.
    """

    name: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        (item,) = get_args(source)
        return core_schema.no_info_before_validator_function(
            self._unwrapped,
            handler(source),
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda elements: {self.name: list(elements)},
                return_schema=core_schema.dict_schema(
                    values_schema=core_schema.list_schema(handler.generate_schema(item))
                ),
            ),
        )

    def _unwrapped(self, value: object) -> object:
        if isinstance(value, Mapping):
            wrapped = [inner for name, inner in value.items() if str(name).casefold() == self.name.casefold()]
            value = wrapped[0] if wrapped else value or None
        if value is None or value == "":
            return []
        return [value] if isinstance(value, (str, Mapping)) else value


def _elements(value: object) -> list[Any]:
    """The elements, also out of ``{"Job": [...]}``: some replies wrap a list in its singular name."""
    if type(value) is list and set(map(type, value)) <= {dict}:
        return list(value)  # what JSON gives; asking the abstract classes below takes ten times as long
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


class WireField(NamedTuple):
    """How a field looks on the wire."""

    name: str
    inside: type[Struct] | None
    """The struct it holds, if it does."""
    many: bool
    wrapped: str
    """What the elements are called inside a wrapper; empty where there is none."""


@cache
def wire_fields(model: type[Wire]) -> Mapping[str, WireField]:
    """Every field by its wire name in lower case."""
    return {
        (field.alias or name).casefold(): WireField(
            field.alias or name,
            *_kind(field.annotation),
            next((mark.name for mark in field.metadata if isinstance(mark, Wrapped)), ""),
        )
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
        field = known.get(key.casefold())
        ours.setdefault(field.name if field else key, value)
    return ours


@cache
def model_aliases(model: type[Wire]) -> frozenset[str]:
    return frozenset(field.name for field in wire_fields(model).values())
