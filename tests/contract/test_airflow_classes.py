"""What must hold for every operator, sensor and trigger, found by walking the package."""

from __future__ import annotations

import ast
import copy
import importlib
import inspect
import json
import pickle
import pkgutil
import re
import textwrap
from datetime import UTC, datetime
from typing import Any

import pytest

import airflow_dts.hooks
import airflow_dts.operators
import airflow_dts.sensors
import airflow_dts.triggers
from airflow_dts._compat import BaseOperator, BaseSensorOperator, BaseTrigger, TaskDeferred
from airflow_dts.conditions import Wait, finished
from airflow_dts.provider_info import get_provider_info
from airflow_dts.triggers.dts import DtsJobTrigger

pytestmark = pytest.mark.airflow

SECRET = re.compile(r"password$|secret|token$", re.IGNORECASE)
HARMLESS = {"client_token"}
"""Makes a call safe to repeat; opens nothing."""


def modules(package: Any) -> list[Any]:
    names = [info.name for info in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
    return [importlib.import_module(name) for name in names]


def classes(package: Any, base: type) -> list[type]:
    """Concrete ones: those in public modules whose docstring does not say that they are a base."""
    return [
        kind
        for module in modules(package)
        if not module.__name__.rpartition(".")[2].startswith("_")
        for kind in vars(module).values()
        if isinstance(kind, type)
        and issubclass(kind, base)
        and kind.__module__ == module.__name__
        and not (kind.__doc__ or "").startswith("Base:")
    ]


OPERATORS = classes(airflow_dts.operators, BaseOperator)
SENSORS = classes(airflow_dts.sensors, BaseSensorOperator)
TRIGGERS = classes(airflow_dts.triggers, BaseTrigger)
TASKS = [*OPERATORS, *SENSORS]

tasks = pytest.mark.parametrize("kind", TASKS, ids=lambda kind: kind.__name__)


def ours(kind: type) -> list[type]:
    return [base for base in kind.__mro__ if base.__module__.startswith("airflow_dts.")]


def parameters(kind: type) -> dict[str, inspect.Parameter]:
    """What our classes add to Airflow's; the nearest declaration counts."""
    found: dict[str, inspect.Parameter] = {}
    for base in ours(kind):
        if "__init__" not in vars(base):
            continue
        for name, parameter in inspect.signature(inspect.unwrap(base.__init__)).parameters.items():
            if name != "self" and parameter.kind is not inspect.Parameter.VAR_KEYWORD:
                found.setdefault(name, parameter)
    return found


def documented(kind: type) -> dict[str, str]:
    found: dict[str, str] = {}
    for base in ours(kind):
        doc = inspect.cleandoc(base.__doc__ or "")
        for name, text in re.findall(r"^:param (\w+): (.+(?:\n[ \t]+.+)*)", doc, re.MULTILINE):
            found.setdefault(name, text)
    return found


def templated(kind: type) -> dict[str, Any]:
    """An argument for every parameter: a template where it is templated, none where it has a default."""
    fields = set(kind.template_fields)  # type: ignore[attr-defined]
    return {
        name: "{{ ti.xcom_pull('before') }}"
        for name, parameter in parameters(kind).items()
        if name in fields or parameter.default is inspect.Parameter.empty
    }


def test_the_classes_of_the_issue() -> None:
    verbs = ("Start", "Suspend", "Stop", "Release")
    names = {
        *(f"Dts{verb}JobOperator" for verb in ("Configure", *verbs, "Reset", "Rename")),
        *(f"Dts{verb}JobsOperator" for verb in verbs),
        *(f"Dts{what}Sensor" for what in ("Precheck", "FullLoad", "Delay", "Checkpoint", "JobStatus")),
        "DtsCreateInstanceOperator",
        "DtsConfigureSubscriptionOperator",
        "DtsModifyObjectsOperator",
        "DtsChangePasswordOperator",
        "DtsSkipPrecheckOperator",
        "DtsModifySubscriptionOperator",
        "DtsActionOperator",
        *(f"Dts{what}Operator" for what in ("RenewInstance", "ChangeInstanceClass", "ChangeBilling")),
        "DtsUpgradeTwoWayOperator",
        *(f"Dts{verb}ConsumerGroupOperator" for verb in ("Create", "Modify", "Delete")),
        "DtsDescribeConsumerGroupsOperator",
        *(f"Dts{what}Operator" for what in ("TagResources", "UntagResources", "ListTags")),
        "DtsConfigureAlertOperator",
        "DtsConnectionTestOperator",
        "DtsDescribeWhiteListOperator",
        "DtsDescribeEtlLogOperator",
        *(
            f"Dts{verb}{what}Operator"
            for verb in ("Create", "Configure")
            for what in ("MigrationJob", "SynchronizationJob", "SubscriptionInstance")
        ),
    }
    assert {kind.__name__ for kind in TASKS} == names
    assert set(TRIGGERS) == {DtsJobTrigger}


@tasks
def test_every_parameter_is_documented_and_no_other(kind: type) -> None:
    assert documented(kind).keys() == parameters(kind).keys()


@tasks
def test_docs_say_which_parameters_are_templated(kind: type) -> None:
    said = {name for name, text in documented(kind).items() if text.rstrip().endswith("(templated)")}
    assert said == set(kind.template_fields)  # type: ignore[attr-defined]


@tasks
def test_every_template_field_is_a_parameter_and_an_attribute(kind: type) -> None:
    task = kind(task_id="t", **templated(kind))
    for field in kind.template_fields:  # type: ignore[attr-defined]
        assert field in parameters(kind)
        assert getattr(task, field) == templated(kind)[field]


@tasks
def test_every_parameter_is_kept_as_given(kind: type) -> None:
    given = {name: object() for name in parameters(kind)}
    task = kind(task_id="t", **given)
    assert {name: getattr(task, name) for name in given} == given


@tasks
def test_init_only_assigns(kind: type) -> None:
    """Values may still be templates, so ``__init__`` neither reads nor changes them."""
    for base in ours(kind):
        if "__init__" not in vars(base):
            continue
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(base.__init__)))).body
        assert isinstance(tree, ast.FunctionDef)
        first, *rest = tree.body
        assert ast.unparse(first).startswith("super().__init__(")
        for line in rest:
            assert re.fullmatch(r"self\.(\w+) = \1", ast.unparse(line)), ast.unparse(line)


@tasks
def test_no_secret_is_a_parameter(kind: type) -> None:
    assert not [name for name in parameters(kind) if SECRET.search(name) and name not in HARMLESS]


@tasks
def test_renderers_belong_to_template_fields(kind: type) -> None:
    assert set(kind.template_fields_renderers) <= set(kind.template_fields)  # type: ignore[attr-defined]


@tasks
def test_copies(kind: type) -> None:
    task = kind(task_id="t", **templated(kind))
    twin = copy.deepcopy(task)
    assert type(twin) is kind
    assert {name: getattr(twin, name) for name in templated(kind)} == templated(kind)


@tasks
def test_a_dag_with_it_is_serializable(kind: type) -> None:
    from airflow.providers.common.compat.sdk import DAG

    try:
        from airflow.serialization.serialized_objects import DagSerialization  # Airflow 3
    except ImportError:
        from airflow.serialization.serialized_objects import SerializedDAG as DagSerialization

    with DAG("contract", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
        kind(task_id="t", **templated(kind))
    assert "t" in json.dumps(DagSerialization.to_dict(dag))


@tasks
def test_provider_info_lists_its_module(kind: type) -> None:
    part = "sensors" if kind in SENSORS else "operators"
    listed = {name for entry in get_provider_info()[part] for name in entry["python-modules"]}
    assert kind.__module__ in listed


def test_provider_info_lists_nothing_that_is_not_there() -> None:
    info = get_provider_info()
    for part in ("operators", "sensors", "hooks", "triggers"):
        for entry in info[part]:
            for name in entry["python-modules"]:
                importlib.import_module(name)
    for entry in info["connection-types"]:
        module, _, name = entry["hook-class-name"].rpartition(".")
        hook = getattr(importlib.import_module(module), name)
        assert hook.conn_type == entry["connection-type"]
        assert hook.hook_name == entry["hook-name"]
        assert hook.conn_name_attr in inspect.signature(hook.__init__).parameters


def test_provider_info_follows_airflows_schema() -> None:
    from pathlib import Path

    import airflow.models
    import jsonschema

    schema = json.loads((Path(airflow.models.__file__).parents[1] / "provider_info.schema.json").read_text())
    jsonschema.validate(get_provider_info(), schema)


def trigger() -> DtsJobTrigger:
    from dataclasses import asdict

    return DtsJobTrigger(
        job_id="j",
        wait=asdict(finished().after("Migrating", 7.0)),
        every=30.0,
        deadline=1e9,
        hook={"dts_conn_id": "dts_default", "region_id": None},
        carry={"waits": {}},
    )


def test_a_trigger_survives_the_database() -> None:
    path, arguments = trigger().serialize()
    module, _, name = path.rpartition(".")
    again = getattr(importlib.import_module(module), name)(**json.loads(json.dumps(arguments)))
    assert again.serialize() == (path, arguments)
    assert Wait(**again.wait) == finished().after("Migrating", 7.0)
    assert set(arguments) == set(inspect.signature(DtsJobTrigger.__init__).parameters) - {"self"}


def test_a_trigger_documents_its_parameters() -> None:
    assert documented(DtsJobTrigger).keys() == parameters(DtsJobTrigger).keys()


@pytest.mark.parametrize("kind", SENSORS, ids=lambda kind: kind.__name__)
def test_a_deferrable_sensor_defers_to_plain_data(kind: type) -> None:
    values = {
        "instant": "2024-05-01T02:00:00+08:00",
        "statuses": "Synchronizing",
        "max_delay": "5",
        "held_for": 60,
    }
    given = {name: values[name] for name in parameters(kind) if name in values}
    sensor = kind(task_id="t", dts_job_id="j", deferrable=True, **given)
    with pytest.raises(TaskDeferred) as deferred:
        sensor.execute({})
    _, arguments = deferred.value.trigger.serialize()
    assert json.loads(json.dumps(arguments)) == arguments
    assert callable(getattr(sensor, deferred.value.method_name))
    assert not deferred.value.kwargs  # dag.test loses them: all that is needed is in the event


@tasks
def test_a_task_with_a_hook_copies_and_pickles(kind: type) -> None:
    """Also after it has run: what is open stays behind."""
    task = kind(task_id="t", **{**templated(kind), "dts_conn_id": "c", "region_id": "r"})
    task.hook.__dict__["client"] = object.__new__(type("Open", (), {"__reduce_ex__": None}))
    for twin in (copy.deepcopy(task).hook, pickle.loads(pickle.dumps(task.hook))):
        assert (twin.dts_conn_id, twin.region_id) == ("c", "r")
        assert "client" not in vars(twin)
