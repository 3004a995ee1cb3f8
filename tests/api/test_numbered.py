from __future__ import annotations

from typing import Annotated, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field, ValidationError

from airflow_dts.api._base import Action, Reply
from airflow_dts.api._numbered import Gathers, Numbered, NumberedTags
from airflow_dts.api.form import from_parameters, to_parameters


class Label(Action[Reply], Gathers):
    resource_ids: Annotated[Numbered, Field(alias="ResourceId", max_length=3)]
    tags: Annotated[NumberedTags | None, Field(alias="Tag")] = None


def test_one_parameter_an_element() -> None:
    action = Label(resource_ids=["dts1", "dts2"], tags={"team": "shop", "any": None})
    assert to_parameters(action) == {
        "ResourceId.1": "dts1",
        "ResourceId.2": "dts2",
        "Tag.1.Key": "team",
        "Tag.1.Value": "shop",
        "Tag.2.Key": "any",
    }


@settings(deadline=None)
@given(
    st.lists(st.text(min_size=1), min_size=1, max_size=3),
    st.dictionaries(st.text(min_size=1), st.none() | st.text(), min_size=1) | st.none(),
)
def test_it_survives_the_wire(ids: list[str], tags: Any) -> None:
    action = Label(resource_ids=ids, tags=tags)
    assert from_parameters(Label, to_parameters(action)) == action


def test_the_numbers_give_the_order_and_may_have_gaps() -> None:
    numbered = {f"ResourceId.{n}": f"dts{n}" for n in (10, 2, 3)}
    assert from_parameters(Label, numbered).resource_ids == ["dts2", "dts3", "dts10"]


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"Tag.1.Value": "x"}, "Tag.1.Key"),
        ({"Tag.1.Key": "x", "Tag.2.Key": "x"}, "Tag.2.Key"),
        ({"ResourceId.2": "b", "ResourceId.3": "c", "ResourceId.4": "d"}, "ResourceId"),
        ({"ResourceId.0": "b"}, "ResourceId.0"),
        ({"ResourceId.1.Key": "b"}, "ResourceId.1.Key"),
        ({"ResourceId": "b"}, "either ResourceId or ResourceId.1"),
        ({"ResourceId.1\u0661": "b"}, "ResourceId.1\u0661"),
        ({"Tag.1": "b"}, "Tag.1"),
        ({"Role.1": "b"}, "Role.1"),
    ],
)
def test_what_is_wrong_is_refused_by_name(parameters: dict[str, str], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        from_parameters(Label, {"ResourceId.1": "a"} | parameters)


def test_a_name_that_is_no_text_is_refused_like_any_other() -> None:
    with pytest.raises(ValidationError, match="Keys should be strings"):
        Label.model_validate({"ResourceId": ["a"], 1: "b"})
