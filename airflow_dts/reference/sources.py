"""What only the source text tells: docstrings of fields, and which operator sends which action.

The text is read, not imported: Airflow, seconds to load, is not needed to print a table.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from pydantic import BaseModel

import airflow_dts
from airflow_dts.api.actions import ACTIONS
from airflow_dts.hooks.legacy_acting import OLDER_ACTIONS

_OPERATORS = Path(airflow_dts.__file__).parent / "operators"


def field_docs(model: type[BaseModel]) -> dict[str, str]:
    """Field -> the text below it, for the fields that have one; those of bases too."""
    docs: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if base is not BaseModel and issubclass(base, BaseModel):
            docs |= _own_docs(base)
    return {name: text for name, text in docs.items() if name in model.model_fields}


def _own_docs(model: type[BaseModel]) -> Mapping[str, str]:
    module = inspect.getmodule(model)
    return _docs_of(module).get(model.__name__, {}) if module and hasattr(module, "__file__") else {}


@cache
def _docs_of(module: ModuleType) -> Mapping[str, Mapping[str, str]]:
    """Class -> field -> text."""
    return {
        node.name: dict(_below_fields(node))
        for node in ast.parse(inspect.getsource(module)).body
        if isinstance(node, ast.ClassDef)
    }


def _below_fields(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, below in zip(node.body, node.body[1:], strict=False):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str() as text)),
            ):
                yield name, " ".join(text.split())


class _Piece(NamedTuple):
    """A class or function of an operator module."""

    mentions: frozenset[str]
    """Names and texts that occur in it, its bases included."""
    is_operator: bool


@cache
def operators_by_action() -> Mapping[str, tuple[str, ...]]:
    """Action -> the operators made for it; ``DtsActionOperator`` sends them all."""
    pieces = {
        name: piece for path in sorted(_OPERATORS.glob("*.py")) for name, piece in _pieces(path.read_text())
    }
    for verb in {verb for _, verb in OLDER_ACTIONS}:
        sent = frozenset(action for (_, each), action in OLDER_ACTIONS.items() if each is verb)
        pieces[f"verb {verb.name}"] = _Piece(sent, is_operator=False)
    found: dict[str, list[str]] = {}
    for name, piece in pieces.items():
        if piece.is_operator and name != "DtsActionOperator":
            for action in _reached(name, pieces) & ACTIONS.keys():
                found.setdefault(action, []).append(name)
    return {action: tuple(sorted(names)) for action, names in found.items()}


def _pieces(source: str) -> Iterator[tuple[str, _Piece]]:
    for node in ast.parse(source).body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            base = (ast.get_docstring(node) or "").startswith("Base:")
            public = isinstance(node, ast.ClassDef) and node.name.endswith("Operator") and not base
            yield node.name, _Piece(frozenset(_mentions(node)), public)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    yield target.id, _Piece(frozenset(_mentions(node)), is_operator=False)


def _mentions(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        match inner:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Constant(value=str() as name):
                yield name
            case ast.Assign(targets=[ast.Name(id="verb")], value=ast.Attribute(attr=name)):
                yield f"verb {name}"  # one table says which action that is to an older instance


def _reached(name: str, pieces: Mapping[str, _Piece]) -> set[str]:
    """Everything mentioned in the piece, and in the pieces mentioned there."""
    seen: set[str] = set()
    ahead = {name}
    while ahead:
        current = ahead.pop()
        seen.add(current)
        if current in pieces:
            ahead |= pieces[current].mentions - seen
    return seen
