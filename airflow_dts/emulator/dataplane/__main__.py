"""The mover process: ``python -m airflow_dts.emulator.dataplane SPEC_FILE PROGRESS_FILE [PARENT_PID]``.

Exits 0 when the job has nothing left to do or was asked to stop (SIGTERM, or its parent is gone), 1 when it
gave up; the progress file says why. With PARENT_PID it also leaves, at once and without a report, when that
process was gone before this one could look.
"""

from __future__ import annotations

import sys
from pathlib import Path

from airflow_dts.emulator.dataplane.mover import Mover
from airflow_dts.emulator.dataplane.process import Stop
from airflow_dts.emulator.dataplane.spec import JobSpec


def main(arguments: list[str]) -> int:
    if len(arguments) not in (2, 3) or not all(parent.isdecimal() for parent in arguments[2:]):
        sys.stderr.write(
            "usage: python -m airflow_dts.emulator.dataplane SPEC_FILE PROGRESS_FILE [PARENT_PID]\n"
        )
        return 2
    stop = Stop(*map(int, arguments[2:]))
    stop.listen()
    if stop:
        return 0
    spec_file, progress_file = map(Path, arguments[:2])
    spec = JobSpec.from_json(spec_file.read_text(encoding="utf-8"))
    return 0 if Mover(spec, progress_file, stop).run() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
