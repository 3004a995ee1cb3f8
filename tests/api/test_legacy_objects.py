from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_dts.api.legacy.objects import (
    MigrationObject,
    MigrationReserved,
    SubscriptionObject,
    SynchronizationObjects,
)
from airflow_dts.api.objects import DbList, matches
from tests.catalog.reading import LEGACY_CATALOG

FORMATS = LEGACY_CATALOG["object_formats"]
LISTS: dict[str, type[MigrationObject]] = {
    "MigrationObject": MigrationObject,
    "SynchronizationObjects": SynchronizationObjects,
    "SubscriptionObject": SubscriptionObject,
}


def written() -> Iterator[Any]:
    for name in LISTS:
        yield pytest.param(name, FORMATS[name]["template"], id=f"{name}-template")
        for shown in FORMATS[name]["examples"]:
            yield pytest.param(name, shown["value"], id=f"{name}-{shown['n']}")


@pytest.mark.parametrize(("name", "value"), list(written()))
def test_every_example_of_the_seed_comes_back_equal(name: str, value: list[dict[str, Any]]) -> None:
    objects = LISTS[name].of(value)
    assert objects.to_list() == value
    assert json.loads(objects.to_json()) == value
    assert LISTS[name].of(objects.to_json()) == objects
    assert LISTS[name].parse(objects.to_json()) == objects


HAS = {
    "dtstestdata": {
        "customer": ["ID", "address", "phone"],
        "order": ["id"],
        "order_2020": ["id"],
        "Order": ["id"],
    },
    "mysqltest": {"t": ["id"]},
}


def whole(name: str) -> dict[str, Any]:
    return {"name": name, "all": True}


def some(name: str, **tables: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "all": False, "Table": tables}


CUSTOMER = whole("customer")
NEWER: dict[tuple[str, int], dict[str, Any]] = {
    ("MigrationObject", 1): {"dtstestdata": whole("dtstestdata")},
    ("MigrationObject", 2): {"dtstestdata": whole("mysqltest")},
    ("MigrationObject", 3): {"dtstestdata": whole("dtstestdata"), "mysqltest": whole("mysqltest")},
    ("MigrationObject", 4): {"dtstestdata": some("dtstestdata", customer=CUSTOMER, Order=whole("Order"))},
    ("MigrationObject", 6): {"dtstestdata": some("dtstestdata", customer=CUSTOMER | {"filter": "id > 100"})},
    ("MigrationObject", 7): {
        "dtstestdata": some(
            "dtstestdata",
            customer={
                "name": "customer",
                "all": False,
                "column": {"ID": {"name": "ID"}, "address": {"name": "address"}},
            },
        )
    },
    ("MigrationObject", 8): {
        "dtstestdata": some(
            "dtstestdata", customer=CUSTOMER | {"primary_key": "CREATE_TIME", "part_key": "CREATE_TIME"}
        )
    },
    ("SubscriptionObject", 3): {"dtstestdata": some("dtstestdata", customer=CUSTOMER, order=whole("order"))},
}
for name, n, same in (
    ("SubscriptionObject", 1, 1), ("SubscriptionObject", 2, 3), ("SubscriptionObject", 4, 4),
    ("SynchronizationObjects", 1, 1), ("SynchronizationObjects", 2, 4), ("SynchronizationObjects", 3, 8),
):  # fmt: skip
    NEWER[name, n] = NEWER["MigrationObject", same]


def test_every_example_of_the_seed_has_its_newer_form() -> None:
    shown = {(name, each["n"]): each["value"] for name in LISTS for each in FORMATS[name]["examples"]}
    assert NEWER.keys() == shown.keys()
    for (name, n), value in shown.items():
        assert LISTS[name].of(value).to_db_list(HAS).to_dict() == NEWER[name, n], (name, n)


def test_renames_of_every_level() -> None:
    objects = MigrationObject.of(
        {
            "DBName": "shop",
            "NewDBName": "crm",
            "AllTable": True,
            "TableIncludes": [
                {
                    "TableName": "orders",
                    "NewTableName": "sales",
                    "ColumnIncludes": [{"ColumnName": "id", "NewColumnName": "key"}],
                }
            ],
        }
    )
    assert objects.to_db_list().to_dict() == {
        "shop": {
            "name": "crm",
            "all": True,
            "Table": {"orders": {"name": "sales", "all": False, "column": {"id": {"name": "key"}}}},
        }
    }
    assert MigrationObject.from_db_list(objects.to_db_list()) == objects


@pytest.mark.parametrize(
    ("entry", "newer"),
    [
        ({"SchemaName": "public"}, {"public": whole("public")}),
        ({"SchemaName": "public", "NewSchemaName": "crm"}, {"public": whole("crm")}),
        ({"DBName": "shop", "SchemaName": "public"}, {"public": whole("public")}),
        ({"DBName": "shop", "NewDBName": "shop", "SchemaName": "a", "NewSchemaName": "b"}, {"a": whole("b")}),
        ({"DBName": "shop", "NewSchemaName": "crm"}, {"shop": whole("crm")}),
        ({"DBName": "shop[0-9]"}, {"shop[0-9]": whole("shop[0-9]")}),
        ({"DBName": "shop", "TableIncludes": [], "TableExcludes": []}, {"shop": whole("shop")}),
    ],
)
def test_schemas_and_patterns(entry: dict[str, Any], newer: dict[str, Any]) -> None:
    assert MigrationObject.of(entry).to_db_list().to_dict() == newer


@pytest.mark.parametrize(
    ("entries", "remedy"),
    [
        ([{"DBName": "shop", "TableExcludes": [{"TableName": "t"}]}], "shop: .* tell to_db_list what"),
        (
            [
                {
                    "DBName": "shop",
                    "TableIncludes": [{"TableName": "t", "ColumnExcludes": [{"ColumnName": "c"}]}],
                }
            ],
            "shop: .* tell to_db_list what",
        ),
        ([{"DBName": "a", "SchemaName": "b", "NewDBName": "c"}], "b: .* leave NewDBName out"),
        ([{"DBName": "a", "NewDBName": "b", "NewSchemaName": "c"}], "a: .* give NewDBName or NewSchemaName"),
        (
            [{"DBName": "a", "SchemaName": "public"}, {"DBName": "b", "SchemaName": "public"}],
            "public: two entries select it; join them",
        ),
    ],
)
def test_what_the_newer_form_cannot_say(entries: list[dict[str, Any]], remedy: str) -> None:
    with pytest.raises(ValueError, match=f"MigrationObject: {remedy}"):
        MigrationObject.of(entries).to_db_list()


def test_excludes_that_leave_nothing() -> None:
    everything = {"DBName": "mysqltest", "TableExcludes": [{"TableName": "t.*"}]}
    with pytest.raises(ValueError, match="nothing of mysqltest remains"):
        MigrationObject.of(everything).to_db_list(HAS)
    columns = {
        "TableName": "t",
        "ColumnIncludes": [{"ColumnName": "ID"}],
        "ColumnExcludes": [{"ColumnName": "id"}],
    }
    with pytest.raises(ValueError, match=r"mysqltest\.t: no column remains"):
        MigrationObject.of({"DBName": "mysqltest", "TableIncludes": [columns]}).to_db_list(HAS)


def test_columns_left_out_of_all_tables_that_match() -> None:
    includes = [
        {"TableName": "order.*", "ColumnExcludes": [{"ColumnName": "note"}]},
        {"TableName": "order_2", "NewTableName": "second", "FilterCondition": "id>1"},
        {"TableName": "missing"},
    ]
    present = {"shop": {"order_1": ["id", "Note"], "order_2": ["id"], "customer": ["id"]}, "crm": {}}
    objects = SynchronizationObjects.of({"DBName": "sho.", "TableIncludes": includes})
    assert objects.to_db_list(present).to_dict() == {
        "shop": some(
            "shop",
            order_1={"name": "order_1", "all": False, "column": {"id": {"name": "id"}}},
            order_2=whole("second") | {"filter": "id>1"},
            missing=whole("missing"),
        )
    }


NAMES = st.text("ab_1", min_size=1, max_size=3)
PATTERNS = NAMES | st.sampled_from(["a.*", "[ab]?", "b[^1]*", ".*_.*"])


def tables_of(patterns: list[str]) -> list[dict[str, str]]:
    return [{"TableName": pattern} for pattern in patterns]


@given(
    st.sets(NAMES, min_size=1, max_size=6),
    st.lists(PATTERNS, unique=True, max_size=3),
    st.lists(PATTERNS, unique=True, min_size=1, max_size=3),
)
@settings(deadline=None)
def test_excludes_select_what_is_included_and_not_excluded(
    present: set[str], includes: list[str], excludes: list[str]
) -> None:
    def covered(patterns: list[str], name: str) -> bool:
        return any(matches(pattern, name) for pattern in patterns)

    wanted = {
        name for name in present if (not includes or covered(includes, name)) and not covered(excludes, name)
    }
    entry = {"DBName": "db", "TableIncludes": tables_of(includes), "TableExcludes": tables_of(excludes)}
    has: Mapping[str, Mapping[str, list[str]]] = {"db": {name: ["id"] for name in present}}
    try:
        newer = MigrationObject.of(entry).to_db_list(has)
    except ValueError as refusal:
        assert "remains" in str(refusal)
        assert not wanted
    else:
        assert set(newer.root["db"].tables) & present == wanted
        assert set(newer.root["db"].tables) - present <= set(includes)  # the precheck says they do not exist


COLUMN = st.builds(lambda new: {"name": new} if new else {}, st.none() | NAMES)
TABLE = st.fixed_dictionaries(
    {},
    optional={
        "name": NAMES,
        "filter": NAMES,
        "primary_key": NAMES,
        "part_key": NAMES,
        "column": st.dictionaries(NAMES, COLUMN, min_size=1, max_size=3),
    },
)
DATABASE = st.fixed_dictionaries(
    {"all": st.just(True)}, optional={"name": NAMES, "Table": st.dictionaries(NAMES, TABLE, max_size=3)}
) | st.fixed_dictionaries({"Table": st.dictionaries(NAMES, TABLE, min_size=1, max_size=3)})


@given(st.dictionaries(NAMES, DATABASE, min_size=1, max_size=3))
@settings(deadline=None)
def test_a_newer_list_survives_the_older_form(objects: dict[str, Any]) -> None:
    newer = DbList.of(objects)
    older = MigrationObject.from_db_list(newer)
    assert older.to_db_list() == newer
    assert MigrationObject.of(older.to_json()) == older


@pytest.mark.parametrize(
    ("objects", "remedy"),
    [
        ({"shop": {"name": "shop", "dml_op": "i"}}, "shop: the older form has no dml_op"),
        ({"shop": {"orders": {"shard": 2}}}, r"shop\.orders: the older form has no shard"),
        ({"shop": {"orders": {"type": "dimension"}}}, "has no type: leave that out"),
        ({"shop": {"orders": {"column": {"id": {"sharedKey": True}}}}}, r"orders\.id: .* no sharedKey"),
        ({"shop": {"orders": {"all": True, "column": {"id": {"name": "key"}}}}}, "orders: .* list them all"),
    ],
)
def test_what_the_older_form_cannot_say(objects: dict[str, Any], remedy: str) -> None:
    with pytest.raises(ValueError, match=f"MigrationObject: .*{remedy}"):
        MigrationObject.from_db_list(DbList.of(objects))


def test_a_subscription_takes_names_only() -> None:
    assert SubscriptionObject.from_db_list(DbList.of({"shop": ["orders"]})).to_list() == [
        {"DBName": "shop", "TableIncludes": [{"TableName": "orders"}]}
    ]
    for objects in ({"shop": "new"}, {"shop": {"orders": "sales"}}, {"shop": {"orders": {"filter": "id>1"}}}):
        with pytest.raises(ValueError, match=r"shop: a subscription takes names only: leave (New|Filter)"):
            SubscriptionObject.from_db_list(DbList.of(objects))


@pytest.mark.parametrize(
    ("given", "remedy"),
    [
        ("", "names nothing"),
        ([], "names nothing"),
        ("[]", "names nothing"),
        ("[{", "is not JSON"),
        (7, "give names, a list"),
        ([{}], "0: names nothing: give DBName or SchemaName"),
        ([{"DBName": ""}], "0.DBName"),
        ([{"DBName": "a", "TabelIncludes": []}], "0: knows no TabelIncludes; the keys are DBName"),
        ([{"DBName": "a", "TableIncludes": [{"NewTableName": "b"}]}], "0.TableIncludes.0.TableName"),
        ([{"DBName": "a", "TableIncludes": [{"TableName": "*"}]}], r"TableIncludes.0: .*must follow"),
        ([{"DBName": "a["}], "part of a set"),
        ([{"DBName": "a", "AllTable": True, "TableExcludes": [{"TableName": "b"}]}], "give one of them"),
        ([{"DBName": "a", "TableIncludes": [{"TableName": "b"}] * 2}], "TableIncludes names b twice"),
    ],
)
def test_nonsense_is_refused_with_its_place(given: object, remedy: str) -> None:
    with pytest.raises(ValueError, match=f"MigrationObject: .*{remedy}"):
        MigrationObject.of(given)


def test_short_forms_and_other_spellings() -> None:
    assert (
        MigrationObject.of("shop") == MigrationObject.of(["shop"]) == MigrationObject.of({"DBName": "shop"})
    )
    assert MigrationObject.of([{"dbname": "a", "ALLTABLE": "true"}]).to_list() == [
        {"DBName": "a", "AllTable": True}
    ]
    assert SynchronizationObjects.of(MigrationObject.of("shop")).to_list() == [{"DBName": "shop"}]


def test_a_reply_may_say_more_than_we_know() -> None:
    text = '[{"DBName":"a","TableIncludes":[{"TableName":"t","State":"x"}],"Edit":1}]'
    assert MigrationObject.parse(text).to_list() == [{"DBName": "a", "TableIncludes": [{"TableName": "t"}]}]
    with pytest.raises(ValueError, match="knows no Edit"):
        MigrationObject.of(text)


def test_reserved_settings() -> None:
    (shown,) = FORMATS["MigrationReserved"]["examples"]
    reserved = MigrationReserved.parse(shown["value"])
    assert reserved.target_table_mode == "2"
    assert reserved.to_dict() == shown["value"]
    assert type(json.loads(reserved.to_json())["targetTableMode"]) is int
    redis = {"srcRedisType": "enterprise", "destRedisType": "enterprise"}
    assert MigrationReserved.parse(json.dumps(redis)).to_dict() == redis
    with pytest.raises(ValueError, match="srcRedisType"):
        MigrationReserved.parse({"srcRedisType": "community"})
