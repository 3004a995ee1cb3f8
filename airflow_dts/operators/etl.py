"""Read what an ETL job has written to its log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_dts._task import required
from airflow_dts.errors import clean
from airflow_dts.hooks.building import build
from airflow_dts.operators._base import DtsOperator, reading

if TYPE_CHECKING:
    from airflow_dts._compat import Context
    from airflow_dts.api.etl import DescribeEtlJobLogsReply, EtlRunningLog

_ABSURD = 1e14
"""As Unix milliseconds the year 5138: such an instant says nothing."""


class DtsDescribeEtlLogOperator(DtsOperator):
    """Return the log of an ETL job, and copy it to the task's own. Seed 6.4.18.2.

    Each line is a mapping of ``instant`` (ISO 8601, empty if the service gives none), ``level`` (``ERROR``,
    ``WARN``, ``INFO`` or ``DEBUG``), ``module`` and ``text``.

    :param dts_job_id: the job (templated)
    """

    template_fields: Sequence[str] = (*DtsOperator.template_fields, "dts_job_id")

    def __init__(self, *, dts_job_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dts_job_id = dts_job_id

    def execute(self, context: Context) -> list[dict[str, str]]:
        from airflow_dts.api.etl import DescribeEtlJobLogs

        job_id = required("dts_job_id", self.dts_job_id)
        reply: DescribeEtlJobLogsReply = self.hook.call(build(DescribeEtlJobLogs, {"dts_job_id": job_id}))
        with reading("DescribeEtlJobLogs"):
            lines = [_line(said) for said in reply.etl_running_logs]
        for line in lines:
            self.log.info("%s", clean("{instant} {level} {module}: {text}".format(**line)))
        return lines


def _line(said: EtlRunningLog) -> dict[str, str]:
    millis = said.log_datetime
    known = millis is not None and 0 < millis < _ABSURD
    return {
        "instant": datetime.fromtimestamp(millis / 1000, UTC).isoformat() if millis and known else "",
        "level": said.status,
        "module": said.content_key,
        "text": said.content,
    }
