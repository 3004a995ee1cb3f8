"""The mover process: ``python -m airflow_dts.emulator.dataplane SPEC_FILE PROGRESS_FILE``.

Exits 0 when the job has nothing left to do or was asked to stop (SIGTERM, or its parent is gone), 1 when it
gave up; the progress file says why.
"""

from __future__ import annotations

import sys
from pathlib import Path

from airflow_dts.emulator.dataplane.mover import Mover
from airflow_dts.emulator.dataplane.process import Stop
from airflow_dts.emulator.dataplane.spec import JobSpec


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        sys.stderr.write("usage: python -m airflow_dts.emulator.dataplane SPEC_FILE PROGRESS_FILE\n")
        return 2
    stop = Stop()
    stop.listen()
    spec_file, progress_file = map(Path, arguments)
    spec = JobSpec.from_json(spec_file.read_text(encoding="utf-8"))
    return 0 if Mover(spec, progress_file, stop).run() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
