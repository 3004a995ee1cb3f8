"""From an Airflow connection to a client, and from a job ID to a snapshot or a verdict."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_dts._compat import BaseHook, mask_secret
from airflow_dts.errors import Busy, ConfigError, DtsError, JobNotFound
from airflow_dts.hooks.acting import Deed, judge, persist
from airflow_dts.hooks.connection import SECRET_EXTRAS, extras_of, settings_of
from airflow_dts.hooks.legacy_acting import is_older, older_action
from airflow_dts.hooks.legacy_reading import LegacyReader
from airflow_dts.hooks.reading import JobReader
from airflow_dts.job import JobSnapshot
from airflow_dts.states import State, Verb
from airflow_dts.waiting import drive, drive_async, watch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow_dts.api._base import Action, Reply
    from airflow_dts.client.client import DtsClient
    from airflow_dts.client.settings import Settings
    from airflow_dts.conditions import Verdict, Wait
    from airflow_dts.job import PrecheckItem

    R = TypeVar("R", bound=Reply)


class DtsHook(BaseHook):
    """Call Alibaba Cloud DTS through an Airflow connection of type ``alibaba_dts``.

    The connection is looked up and the client made at first use, and both are kept.

    :param dts_conn_id: Airflow connection
    :param region_id: region of the DTS instances; wins over the connection's
    """

    conn_name_attr = "dts_conn_id"
    default_conn_name = "dts_default"
    conn_type = "alibaba_dts"
    hook_name = "Alibaba Cloud DTS"

    def __init__(
        self, dts_conn_id: str = default_conn_name, region_id: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.dts_conn_id = dts_conn_id
        self.region_id = region_id

    def __reduce__(self) -> tuple[type[DtsHook], tuple[str, str | None]]:
        """A copy looks the connection up again: it shares neither sockets nor secrets."""
        return type(self), (self.dts_conn_id, self.region_id)

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, Any]:
        from airflow_dts.hooks.form import widgets

        return widgets()

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        from airflow_dts.hooks.form import behaviour

        return behaviour()

    def settings(self) -> Settings:
        """The client's settings, looked up once; their secrets are masked in every log from then on.

        :raises ConfigError: naming the field of the connection and the remedy
        """
        return self._settings

    @cached_property
    def _settings(self) -> Settings:
        connection = self.get_connection(self.dts_conn_id)
        secrets = (connection.password, *(extras_of(connection).get(name) for name in SECRET_EXTRAS))
        for secret in filter(None, secrets):
            mask_secret(secret)
        return settings_of(connection, self.region_id)

    @cached_property
    def client(self) -> DtsClient:
        from airflow_dts.client.client import DtsClient

        return DtsClient(self.settings(), on_secret=mask_secret)

    @cached_property
    def reader(self) -> JobReader:
        return JobReader(self.call, self.settings().region_id)

    @cached_property
    def older(self) -> LegacyReader:
        return LegacyReader(self.call)

    def get_conn(self) -> DtsClient:
        return self.client

    def close(self) -> None:
        if "client" in self.__dict__:
            self.client.close()
            del self.__dict__["client"]
            self.__dict__.pop("reader", None)
            self.__dict__.pop("older", None)

    def call(self, action: Action[R]) -> R:
        return self.client.call(action)

    def call_common(
        self,
        action: str,
        version: str,
        parameters: Mapping[str, Any] | None = None,
        product: str = "Dts",
        *,
        changes_state: bool | None = None,
    ) -> dict[str, Any]:
        """Any RPC action by its name, also one this package does not know; see ``DtsClient.call_common``.

        :param changes_state: whether sending it twice may do harm; by its name when left out
        """
        return self.client.call_common(action, version, parameters, product, changes_state=changes_state)

    def job(
        self,
        dts_job_id: str,
        direction: str = "Forward",
        instance_id: str = "",
        *,
        generation: str | None = None,
    ) -> JobSnapshot:
        """Read a job (seed 6.4.8.2); after the first reading of a job each costs one call.

        :param instance_id: follow the job when a reset replaces it in its instance (seed 6.4.10)
        :param generation: ``legacy``: the ID is that of an instance, and the older API reads it (seed 6.5);
            ``current``: it does not; by the form of the ID when left out
        :raises JobNotFound: when the service says so
        """
        if is_older(dts_job_id, generation):  # its instance keeps its ID through a reset
            return self.older.read(dts_job_id, direction)
        return self.reader.read(dts_job_id, direction, instance_id)

    def read(
        self,
        dts_job_id: str,
        direction: str = "Forward",
        instance_id: str = "",
        *,
        generation: str | None = None,
    ) -> JobSnapshot:
        """The same; a job that does not exist reads as ``Gone``.

        :raises Busy: with ``instance_id``, while the instance shows no job in the place of the old one
        """
        try:
            return self.job(dts_job_id, direction, instance_id, generation=generation)
        except JobNotFound as missing:
            if instance_id not in ("", dts_job_id):
                text = f"job {dts_job_id} is gone and instance {instance_id} shows no other yet"
                raise Busy(missing.action, "JobIsReplaced", text) from missing
            return JobSnapshot.gone(dts_job_id)

    def current(self, dts_job_id: str) -> str:
        """ID of the job that was last read in place of ``dts_job_id``; mostly the same."""
        return self.reader.current(dts_job_id)

    def precheck(
        self, dts_job_id: str, direction: str = "Forward", *, generation: str | None = None
    ) -> tuple[PrecheckItem, ...]:
        """Every item of the job's precheck (seed 6.4.8.3); ``direction`` matters to the older API only."""
        from airflow_dts.hooks.prechecks import items

        if is_older(dts_job_id, generation):
            return self.older.items(dts_job_id, direction)
        return items(self.call, dts_job_id)

    def act(
        self,
        dts_job_id: str,
        verb: Verb,
        action: Action[Any],
        *,
        every: float,
        timeout: float,
        direction: str = "Forward",
        generation: str | None = None,
    ) -> Deed:
        """Take ``action`` unless the job already is where it would bring it.

        To an instance of the older API its own action is sent in the place of ``action``.

        :param every: seconds between readings while the job is busy with something else
        :param timeout: seconds after which a busy job fails the action
        :raises WrongState: naming state, action, job and reason; nothing was sent
        :raises ConfigError: the older API has no such action; nothing was sent
        """
        older = is_older(dts_job_id, generation)
        tell = self._teller(f"{dts_job_id}: {verb}")

        def step() -> Deed:
            job = self.read(dts_job_id, direction, generation=generation)
            real = action
            if older and job.state is not State.GONE:
                real = older_action(action, verb, job, direction)
            if not judge(job, verb, real.action_name()):
                if job.state is State.GONE:
                    where = f"connection {self.dts_conn_id}, region {self.settings().region_id}"
                    self.log.warning("%s: no such job (%s); taken for released", dts_job_id, where)
                tell(f"already {job.status}, nothing to do")
                return Deed(job, sent=False)
            try:
                self.call(real)
            except JobNotFound:
                if verb is not Verb.RELEASE:  # somebody else was faster: released is released
                    raise
            tell(f"sent {real.action_name()}; the job was {job.describe()}")
            return Deed(job, sent=True)

        return persist(step, every=every, deadline=time.time() + timeout, about=dts_job_id, tell=tell)

    def wait(
        self,
        dts_job_id: str,
        wait: Wait,
        *,
        every: float,
        timeout: float,
        direction: str = "Forward",
        instance_id: str = "",
        generation: str | None = None,
    ) -> Verdict:
        """Read the job every ``every`` seconds until ``wait`` is settled or ``timeout`` seconds are over."""
        return drive(
            watch(wait, every=every, deadline=time.time() + timeout),
            lambda: self.read(dts_job_id, direction, instance_id, generation=generation),
            tell=self._teller(dts_job_id),
        )

    async def await_(
        self,
        dts_job_id: str,
        wait: Wait,
        *,
        every: float,
        deadline: float,
        direction: str = "Forward",
        instance_id: str = "",
        generation: str | None = None,
    ) -> Verdict:
        """The same for a trigger, up to ``deadline`` (Unix seconds); the calls are made in threads."""
        import asyncio

        from asgiref.sync import sync_to_async

        # A plain call works in the triggerer, in a child task of it it does not: this way both do.
        await sync_to_async(lambda: self.client)()
        return await drive_async(
            watch(wait, every=every, deadline=deadline),
            lambda: asyncio.to_thread(self.read, dts_job_id, direction, instance_id, generation=generation),
            tell=self._teller(dts_job_id),
        )

    def credentials(self, conn_id: str, field: str) -> tuple[str, str]:
        """Login and password of another connection; the password is masked in every log from then on.

        :raises ConfigError: naming ``field``, if there is no password
        """
        connection = self.get_connection(conn_id)
        if not connection.password:
            raise ConfigError(
                f"connection {conn_id!r} has no password", field=field, remedy="put the password there"
            )
        mask_secret(connection.password)
        return connection.login or "", connection.password

    def test_connection(self) -> tuple[bool, str]:
        """List one page of jobs: the cheapest call that needs endpoint, region, AccessKey and permission.

        It is sent once, since somebody sits before the form and waits.
        """
        from airflow_dts.api.readings import DescribeDtsJobs
        from airflow_dts.client.client import DtsClient
        from airflow_dts.hooks.reading import PAGE_SIZE

        try:
            settings = replace(self.settings(), attempts=1)
            with DtsClient(settings, on_secret=mask_secret) as client:
                region = settings.region_id
                reply = client.call(DescribeDtsJobs(region=region, job_type="MIGRATION", page_size=PAGE_SIZE))
        except DtsError as error:
            return False, str(error)
        return True, f"{region} answers; migration jobs there: {reply.total_record_count or 0}"

    def _teller(self, about: str) -> Callable[[str], None]:
        return lambda line: self.log.info("%s: %s", about, line)
