"""``python -m airflow_dts.emulator``: the same as ``airflow-dts emulator``."""

from __future__ import annotations

import sys

from airflow_dts.emulator.server import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
