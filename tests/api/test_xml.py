from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_dts.api._base import Reply, Struct
from airflow_dts.api._struct import wire_fields
from airflow_dts.api.actions import ACTIONS
from airflow_dts.api.xml import from_xml, to_xml

IN_XML = st.characters(
    exclude_categories=["Cs"],
    exclude_characters=[*map(chr, range(9)), "\x0b", "\x0c", *map(chr, range(14, 32)), "\ufffe", "\uffff"],
)


def said(model: type[Struct], deep: int = 3) -> st.SearchStrategy[dict[str, Any]]:
    """What the service might say, by wire names."""
    values: dict[str, st.SearchStrategy[Any]] = {}
    for name, field in model.model_fields.items():
        alias, inside, many, wrapper = wire_fields(model)[(field.alias or name).casefold()]
        if inside and not deep:
            continue
        value = said(inside, deep - 1) if inside else leaf(str(field.annotation), field.metadata)
        if many:  # a plain list that is empty is absent from XML
            value = st.lists(value, min_size=0 if wrapper else 1, max_size=3)
        values[alias] = wrapped(value, wrapper) if wrapper else value
    return st.fixed_dictionaries({}, optional=values)


def wrapped(elements: st.SearchStrategy[Any], name: str) -> st.SearchStrategy[Any]:
    return elements.map(lambda each: {name: each})


def leaf(annotation: str, metadata: list[Any]) -> st.SearchStrategy[Any]:
    if "bool" in annotation:
        return st.booleans()
    if "AwareDatetime" in annotation and any("_in_beijing" in repr(item) for item in metadata):
        return st.just("2021-06-28 17:34:53.0")
    if "AwareDatetime" in annotation:
        millis = any("_millis" in repr(item) for item in metadata)
        return st.sampled_from(
            ["2021-03-16T08:01:31.250+00:00"] if millis else ["2021-03-16T08:01:19Z", "1999-12-31T23:59:59Z"]
        )
    if "float" in annotation:
        return st.integers(0, 1000).map(lambda n: f"{n / 8:g}")
    if "int" in annotation:
        return st.integers(-1, 2**62)
    return st.text(IN_XML)


@pytest.mark.parametrize("action", ACTIONS)
def test_xml_and_json_agree(action: str) -> None:
    reply_type = ACTIONS[action].reply

    @given(said(reply_type))
    @settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.too_slow])
    def check(body: dict[str, Any]) -> None:
        reply = ACTIONS[action].parse_reply(json.dumps(body))
        again = ACTIONS[action].parse_xml(to_xml(reply, f"{action}Response"))
        assert again.model_dump(exclude_none=True) == reply.model_dump(exclude_none=True)

    check()


def test_the_form_of_the_xml() -> None:
    reply: Any = ACTIONS["DescribeDtsJobs"].parse_reply(
        {
            "RequestId": "r",
            "DtsJobList": [{"Status": "Migrating", "RetryState": {}}, {}],
            "TotalRecordCount": 2,
        }
    )
    text = to_xml(reply, "DescribeDtsJobsResponse")
    assert text.startswith(
        "<DescribeDtsJobsResponse><RequestId>r</RequestId><DtsJobList><Status>Migrating</Status>"
    )
    assert text.count("<DtsJobList") == 2
    assert "<RetryState />" in text
    assert "TagList" not in text
    assert "<TotalRecordCount>2</TotalRecordCount>" in text


def test_one_element_is_still_a_list() -> None:
    reply: Any = from_xml(
        ACTIONS["DescribeDtsJobs"].reply,
        "<x><DtsJobList><DtsJobId>j</DtsJobId></DtsJobList><New><A>1</A></New></x>",
    )
    assert [job.dts_job_id for job in reply.dts_job_list] == ["j"]
    assert reply.model_extra == {"New": {"A": "1"}}


def test_what_xml_cannot_hold_is_replaced() -> None:
    reply = Reply(err_message="row \x00\x1b\ud800 of <orders> & \r\n more")
    text = to_xml(reply, "ErrorResponse")
    assert from_xml(Reply, text).err_message == "row \ufffd\ufffd\ufffd of <orders> & \r\n more"


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><r><RequestId>&b;</RequestId></r>',
        '<!DOCTYPE r SYSTEM "file:///etc/passwd"><r/>',
        '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r><RequestId>&x;</RequestId></r>',
    ],
)
def test_document_types_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="document type"):
        from_xml(Reply, text)


@pytest.mark.parametrize("text", ["", "<r>", "{}", "<r>&nothing;</r>", b"\xff\xfe"])
def test_no_xml(text: str | bytes) -> None:
    with pytest.raises(ValueError, match="not XML"):
        from_xml(Reply, text)


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ("DescribeDtsJobs", "<DtsJobList>7</DtsJobList>"),
        ("DescribeDtsJobs", "<DtsJobList><DtsJobId>j</DtsJobId></DtsJobList><DtsJobList>7</DtsJobList>"),
        ("DescribeMigrationJobs", "<MigrationJobs>7</MigrationJobs>"),
        ("DescribeMigrationJobs", "<MigrationJobs><MigrationJob>7</MigrationJob></MigrationJobs>"),
        ("DescribeDtsJobDetail", "<MigrationMode>7</MigrationMode>"),
    ],
)
def test_text_in_the_place_of_a_struct_is_refused_as_in_json(action: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"must be a (list of )?struct"):
        ACTIONS[action].parse_xml(f"<r><RequestId>r</RequestId>{said}</r>")


def test_it_is_read_as_deep_as_json() -> None:
    def nested(levels: int) -> str:
        return f"<r>{'<a>' * levels}{'</a>' * levels}</r>"

    assert from_xml(Reply, nested(190)).model_dump_json()
    with pytest.raises(ValueError, match="200 levels"):
        from_xml(Reply, nested(201))


@pytest.mark.parametrize("beside", [{}, {"NextToken": ""}])
def test_what_stands_beside_the_elements_of_a_wrapped_list_hides_none(beside: dict[str, str]) -> None:
    """XML and JSON alike."""
    action = ACTIONS["DescribeMigrationJobs"]
    jobs = [{"MigrationJobID": "dts1"}, {"MigrationJobID": "dts2"}]
    reply: Any = action.parse_reply({"MigrationJobs": {"migrationJob": jobs, **beside}})
    assert [job.migration_job_id for job in reply.migration_jobs] == ["dts1", "dts2"]
    text = to_xml(reply, "r").replace("</MigrationJobs>", "<NextToken/></MigrationJobs>")
    assert action.parse_xml(text) == reply


def test_a_wrapped_list() -> None:
    action = ACTIONS["DescribeMigrationJobs"]
    body = {
        "MigrationJobs": {
            "MigrationJob": [
                {
                    "MigrationJobID": "dts1",
                    "MigrationObject": {"SynchronousObject": [{"TableList": {"Table": ["a", "b"]}}]},
                    "Tags": {"Tag": []},
                }
            ]
        }
    }
    reply: Any = action.parse_reply(body)
    text = to_xml(reply, "DescribeMigrationJobsResponse")
    assert "<MigrationJobs><MigrationJob><MigrationJobID>dts1</MigrationJobID>" in text
    assert "<TableList><Table>a</Table><Table>b</Table></TableList>" in text
    assert "<Tags />" in text
    assert action.parse_xml(text) == reply
    bare = "<r><MigrationJobs><MigrationJobID>dts1</MigrationJobID></MigrationJobs></r>"
    assert [job.migration_job_id for job in action.parse_xml(bare).migration_jobs] == ["dts1"]
