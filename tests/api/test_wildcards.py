from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_dts.api._wildcards import is_pattern
from airflow_dts.api.objects import matches


@pytest.mark.parametrize(
    ("pattern", "covered", "not_covered"),
    [
        ("h.llo", ["hello", "hallo"], ["hllo", "h\nllo", "h\rllo", "hello2", "xhello"]),
        ("h.*llo", ["hllo", "heeeello"], ["hell"]),
        ("h.?llo", ["hllo", "hello"], ["haello"]),
        ("h[ae]llo", ["hallo", "hello"], ["hillo"]),
        ("h[^ae]llo", ["hcllo", "hdllo"], ["hallo", "hello"]),
        ("shop_[0-9]*", ["shop_", "shop_12"], ["shop_a"]),
        ("ab*", ["a", "abb"], ["ab "]),
        ("orders", ["orders"], ["Orders", "orders_old"]),
        ("a+b(c)|d$", ["a+b(c)|d$"], ["aab"]),
        (r"a[\^&]b", ["a\\b", "a^b", "a&b"], ["a b"]),
        ("a[b-]", ["ab", "a-"], ["a"]),
        ("文.件", ["文大件"], ["文件"]),
    ],
)
def test_a_pattern_covers_whole_names(pattern: str, covered: list[str], not_covered: list[str]) -> None:
    assert [name for name in covered + not_covered if matches(pattern, name)] == covered


@pytest.mark.parametrize(
    ("pattern", "remedy"),
    [
        ("*shop", "must follow"),
        ("?", "must follow"),
        ("a**", "must follow"),
        ("a[bc", "part of a set"),
        ("a]b", "part of a set"),
        ("a[]b", "part of a set"),
        ("a[z-a]", "z-a runs backwards"),
    ],
)
def test_a_pattern_that_cannot_be(pattern: str, remedy: str) -> None:
    with pytest.raises(ValueError, match=remedy):
        matches(pattern, "x")


@given(st.text(st.characters(exclude_characters=".*?[]")))
def test_a_name_without_symbols_covers_itself_alone(name: str) -> None:
    assert not is_pattern(name)
    assert matches(name, name)
    assert not matches(name, name + "x")


pieces = st.tuples(st.sampled_from(["a", "b", ".", "[ab]", "[^a]"]), st.sampled_from(["", "*", "?"]))


@given(st.lists(pieces, max_size=6).map(lambda each: "".join(map("".join, each))), st.text("ab", max_size=6))
@settings(deadline=None)
def test_where_the_two_agree_python_matches_alike(pattern: str, name: str) -> None:
    assert matches(pattern, name) is (re.fullmatch(pattern, name) is not None)


def test_no_pattern_keeps_it_busy() -> None:
    assert not matches(".*" * 40 + "y", "x" * 64)
    assert matches(".*" * 40 + "y", "x" * 64 + "y")


@given(st.text("ab-^\\.*?[]&|~(){}+$", max_size=12), st.text("ab-^\\", max_size=6))
@settings(deadline=None)
def test_any_text_is_a_pattern_or_a_clear_refusal(pattern: str, name: str) -> None:
    try:
        matches(pattern, name)
    except re.error:  # a bug of ours: the translation must not make nonsense
        raise
    except ValueError as refusal:
        assert "follow" in str(refusal) or "set" in str(refusal) or "backwards" in str(refusal)
