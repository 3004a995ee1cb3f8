from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_dts.api.objects import Column, Database, DbList, Reserve, Table
from tests.catalog.reading import CATALOG


def whole(name: str) -> dict[str, Any]:
    return {"name": name, "all": True}


@pytest.mark.parametrize(
    ("written", "full"),
    [
        ("shop", {"shop": whole("shop")}),
        (["shop", "crm"], {"shop": whole("shop"), "crm": whole("crm")}),
        ({"shop": "shop_new"}, {"shop": whole("shop_new")}),
        ({"shop": True}, {"shop": whole("shop")}),
        ({"shop": None}, {"shop": whole("shop")}),
        (
            {"shop": ["orders"]},
            {"shop": {"name": "shop", "all": False, "Table": {"orders": whole("orders")}}},
        ),
        (
            {"shop": {"orders": "orders_new", "customers": None}},
            {
                "shop": {
                    "name": "shop",
                    "all": False,
                    "Table": {"orders": whole("orders_new"), "customers": whole("customers")},
                }
            },
        ),
        (
            {"shop": {"orders": ["id"], "lines": {"qty": "quantity"}}},
            {
                "shop": {
                    "name": "shop",
                    "all": False,
                    "Table": {
                        "orders": {"name": "orders", "all": False, "column": {"id": {"name": "id"}}},
                        "lines": {"name": "lines", "all": False, "column": {"qty": {"name": "quantity"}}},
                    },
                }
            },
        ),
        (
            {
                "shop": {
                    "name": "new",
                    "Table": {"orders": {"filter": "id>10", "dml_op": ["insert", "delete"]}},
                }
            },
            {
                "shop": {
                    "name": "new",
                    "all": False,
                    "Table": {"orders": {**whole("orders"), "filter": "id>10", "dml_op": "i,d"}},
                }
            },
        ),
        (
            {"shop": {"dml_op": "D, i", "ddl_op": "none"}},
            {"shop": {**whole("shop"), "dml_op": "i,d", "ddl_op": "none"}},
        ),
        ({"shop": {"ddl_op": ["CREATE TABLE", "tt"]}}, {"shop": {**whole("shop"), "ddl_op": "ct,tt"}}),
        ({"shop": {"dml_op": ""}}, {"shop": {**whole("shop"), "dml_op": ""}}),
        # A table whose name is a word of the full form goes into a list.
        ({"shop": ["name"]}, {"shop": {"name": "shop", "all": False, "Table": {"name": whole("name")}}}),
        ({"shop": {"name": "crm"}}, {"shop": whole("crm")}),
    ],
)
def test_what_a_person_writes(written: object, full: dict[str, Any]) -> None:
    objects = DbList.of(written)
    assert objects.to_dict() == full
    assert DbList.of(objects) == objects
    assert DbList.of(objects.to_json()) == objects
    assert DbList.parse(full) == objects


@pytest.mark.parametrize("example", CATALOG["db_list"]["examples"], ids=lambda e: e["title_en"])
def test_examples_of_the_seed_survive(example: dict[str, Any]) -> None:
    assert DbList.of(example["json"]).to_dict() == example["json"]
    assert DbList.parse(json.dumps(example["json"])).to_dict() == example["json"]


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("", "DbList: names nothing: give at least one database"),
        ({}, "DbList: names nothing"),
        (None, "DbList: names nothing"),
        ([], "DbList: names nothing"),
        ("{", "DbList: is not JSON"),
        ("[" * 100_000, "DbList: is not JSON"),
        (5, "DbList: give a name, a list of names, a mapping or JSON text, not int"),
        ({"": "x"}, "DbList: names must be non-empty text, not ''"),
        ({1: "x"}, "DbList: names must be non-empty text, not 1"),
        ([["shop"]], "DbList: list names only"),
        ({"shop": ""}, "DbList: shop.name: String should have at least 1 character"),
        ({"shop": []}, "DbList: shop: selects nothing: list names under 'Table', or set 'all' to true"),
        ({"shop": {"all": False}}, "DbList: shop: selects nothing"),
        ({"shop": {"all": False, "Table": {}}}, "DbList: shop: selects nothing"),
        ({"shop": {"orders": []}}, "DbList: shop.Table.orders: selects nothing: list names under 'column'"),
        ({"shop": False}, "DbList: shop: give a new name, a list of tables or a mapping, not bool"),
        (
            {"shop": {"orders": 5}},
            "DbList: shop.Table.orders: give a new name, a list of columns or a mapping, not int",
        ),
        (
            {"shop": {"orders": {"id": 5}}},
            "DbList: shop.Table.orders.column.id: give a name or a mapping, not int",
        ),
        (
            {"shop": {"name": "x", "orders": "y"}},
            "DbList: shop: knows no orders; the keys are Table, all, ddl_op, dml_op",
        ),
        (
            {"shop": {"Table": {"orders": {"filtre": "id>1", "name": "orders"}}}},
            "DbList: shop.Table.orders: knows no filtre; the keys are all, column,",
        ),
        (
            {"shop": {"dml_op": "i,x"}},
            "DbList: shop.dml_op: knows no x; use none or some of i (insert), u (update), d (delete)",
        ),
        (
            {"shop": {"Table": {"t": {"type": "round"}}}},
            "DbList: shop.Table.t.type: Input should be 'dimension' or 'partition'",
        ),
        ({"shop": {"Table": {"t": {"shard": 0}}}}, "DbList: shop.Table.t.shard: "),
        ({"*shop": None}, "DbList: *shop: '*shop': * must follow"),
        ({"shop": ["a[b"]}, "DbList: shop.Table.a[b: 'a[b': [ must be part of a set"),
    ],
)
def test_what_goes_wrong_is_told_with_its_place(written: object, fault: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the text is compared below
        DbList.of(written)
    assert fault in str(refused.value)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(ValueError, match="selects nothing") as refused:
        DbList.of({"shop": {"Table": {"a": {"shard": 0}, "b": []}}, "crm": {"all": False}})
    assert len(str(refused.value).splitlines()) == 3


def test_reading_passes_over_what_only_replies_have() -> None:
    said = '{"shop":{"name":"shop","all":true,"state":"normal","edit":false,"novelty":1}}'
    assert DbList.parse(said) == DbList.of("shop")
    assert DbList.of({"shop": {**whole("shop"), "state": "normal", "edit": False}}) == DbList.of("shop")
    with pytest.raises(ValueError, match="novelty"):
        DbList.of(said)


def test_analyticdb() -> None:
    assert DbList.of("shop").check_target("ADB30") == [
        "DbList: shop.all: an AnalyticDB target wants every table listed with its keys: set it to false"
    ]
    assert DbList.of("shop").check_target("MYSQL") == []
    keyed = {"primary_key": "id", "type": "dimension"}
    assert DbList.of({"shop": {"Table": {"t": keyed}}}).check_target("greenplum") == []
    partition = DbList.of({"shop": {"Table": {"t": {**keyed, "type": "partition"}}}})
    assert partition.check_target("ADS") == ["DbList: shop.Table.t: an AnalyticDB target needs part_key"]


def test_subscriptions_take_all_rows() -> None:
    assert DbList.of({"shop": {"Table": {"t": {"filter": "id>1"}}}}).check_subscription() == [
        "DbList: shop.Table.t.filter: a subscription takes all rows: leave it out"
    ]


names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="*?[]"), min_size=1, max_size=8)
dml = st.sampled_from([None, "", "none", "i", "i,u", "i,u,d"])
columns = st.builds(
    lambda name, key, kind, shared: Column(name=name, key=key, type=kind, shared_key=shared),
    names,
    st.sampled_from([None, "PRI", ""]),
    st.none() | st.just("int(11)"),
    st.none() | st.booleans(),
)
tables = st.builds(
    lambda name, found, filtered, op, shard: Table(
        name=name, all=not found, columns=found, filter=filtered, dml_op=op, shard=shard
    ),
    names,
    st.dictionaries(names, columns, max_size=3),
    st.none() | names,
    dml,
    st.none() | st.integers(1, 99),
)
databases = st.builds(
    lambda name, found, op: Database(name=name, all=not found, tables=found, dml_op=op),
    names,
    st.dictionaries(names, tables, max_size=3),
    dml,
)


@given(st.dictionaries(names, databases, min_size=1, max_size=3))
@settings(deadline=None)
def test_round_trip(found: dict[str, Database]) -> None:
    objects = DbList(found)
    assert DbList.parse(objects.to_json()) == objects
    assert DbList.of(objects.to_dict()) == objects
    assert json.loads(objects.to_json()) == objects.to_dict()


def test_reserve_writes_numbers_as_text_and_keeps_what_it_does_not_know() -> None:
    reserve = Reserve(
        target_table_mode=2, auto_start_modules_after_config="none", maxRetryTime=7200, flag=True
    )
    assert json.loads(reserve.to_json()) == {
        "targetTableMode": "2",
        "autoStartModulesAfterConfig": "none",
        "maxRetryTime": "7200",
        "flag": True,
    }
    assert Reserve.parse(reserve.to_json()) == reserve


def test_reserve_of_a_reply() -> None:
    said = '{"srcSSL":"0","destSSL":0,"maxRetryTime":43200,"filterDDL":false,"srcOracleType":"sid"}'
    reserve = Reserve.parse(said)
    assert (reserve.src_ssl, reserve.dest_ssl, reserve.src_oracle_type) == ("0", "0", "sid")
    assert reserve.model_extra == {"maxRetryTime": "43200", "filterDDL": False}


@pytest.mark.parametrize("group", CATALOG["reserve"]["groups"], ids=lambda g: g["title_en"])
def test_reserve_knows_every_documented_key_and_value(group: dict[str, Any]) -> None:
    assert Reserve.parse(group["example"]).model_extra == {}
    for key in group["keys"]:
        for choice in key.get("enum") or []:
            said = {key["key"]: choice["value"]}
            assert Reserve.parse(said).to_dict() == said
    assert json.loads(Reserve.parse(json.dumps(group["example"])).to_json()) == group["example"]


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ({"targetTableMode": "1"}, "Reserve: targetTableMode: Input should be '0' or '2'"),
        ({"destVersion": "2"}, "Reserve: destVersion: Input should be"),
        ("{", "Reserve: is not JSON"),
        ([1], "Reserve: "),
    ],
)
def test_reserve_faults(written: Any, fault: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the text is compared below
        Reserve.parse(written)
    assert fault in str(refused.value)


def test_reserve_checks_what_the_endpoints_need() -> None:
    assert Reserve().check("RDS", "MYSQL", "RDS", "MYSQL") == []
    assert Reserve().check("CEN", "MONGODB", "CEN", "KAFKA") == [
        "Reserve: a KAFKA target needs dest_topic, dest_version, dest_ssl, kafka_record_format, "
        "dest_kafka_partition_key: give that in reserve",
        "Reserve: a MONGODB source needs src_engine_arch_type: give that in reserve",
        "Reserve: a source over CEN needs src_instance_id: give that in reserve",
        "Reserve: a target over CEN needs dest_instance_id: give that in reserve",
    ]
