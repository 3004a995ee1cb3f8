"""The command line: ``airflow-dts emulator``, ``airflow-dts rehearse`` and ``airflow-dts actions``."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from airflow_dts import __version__


def main(argv: list[str] | None = None) -> int:
    arguments = sys.argv[1:] if argv is None else argv
    if arguments[:1] == ["emulator"]:  # it has a command line of its own, which also serves `python -m`
        from airflow_dts.emulator.server import main as emulate

        return emulate(arguments[1:])
    options = _parser().parse_args(arguments)
    if options.command == "actions":
        return _print_actions(options.action)
    return _rehearse(options)


def _print_actions(name: str | None) -> int:
    from airflow_dts.reference.text import one, table

    try:
        print(one(name) if name else table(), end="\n" if name else "")
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _rehearse(options: argparse.Namespace) -> int:
    from airflow_dts.rehearsal.run import Rehearsal

    # As Ctrl-C does: an exception, so that whatever the rehearsal started is ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    rehearsal = Rehearsal(
        dag_file=options.dag_file,
        dag_id=options.dag_id,
        rows=options.rows,
        write_rate=options.write_rate,
        rows_per_second=options.rows_per_second,
        folder=options.keep,
        scheduler=options.scheduler,
        crash=options.crash_emulator,
        timeout=options.timeout,
    )
    try:
        return rehearsal.run()
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="airflow-dts", description="Alibaba Cloud DTS for Apache Airflow.")
    parser.add_argument("--version", action="version", version=f"airflow-dts {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("emulator", help="a DTS of one's own, on this machine", add_help=False)
    actions = commands.add_parser(
        "actions",
        help="every action of the API, or all about one",
        description="Without NAME: a table of all actions, in Markdown. With it: the action's parameters,"
        " rules, a sample and the reply.",
    )
    actions.add_argument("action", nargs="?", metavar="NAME", help="such as ConfigureDtsJob")
    rehearse = commands.add_parser(
        "rehearse",
        help="run a DAG with the real Airflow against an emulated DTS",
        description="Starts an emulator with two embedded databases, fills the source, keeps writing to it,"
        " runs the DAG, and compares source and target row by row. The databases are bound to the instance"
        " ids rm-demo-source and rm-demo-target, and to the connections shop_source and shop_target."
        " Exit status 0: the DAG succeeded and the databases are equal.",
    )
    rehearse.add_argument("dag_file", type=Path, help="file with the DAG")
    rehearse.add_argument("--dag-id", help="which DAG of the file (default: the only one)")
    rehearse.add_argument("--rows", type=_positive, default=200_000, help="rows in the source (%(default)s)")
    rehearse.add_argument(
        "--write-rate",
        type=_positive,
        default=300,
        help="statements per second written meanwhile (%(default)s)",
    )
    rehearse.add_argument(
        "--rows-per-second",
        type=_positive,
        default=20_000,
        help="speed limit of the full load, so that there is something to watch (%(default)s)",
    )
    rehearse.add_argument("--keep", type=Path, metavar="DIR", help="work in DIR and leave everything there")
    rehearse.add_argument(
        "--scheduler",
        action="store_true",
        help="run under `airflow standalone` instead of `airflow dags test`",
    )
    rehearse.add_argument(
        "--crash-emulator", action="store_true", help="kill -9 the emulator in the middle of the full load"
    )
    rehearse.add_argument(
        "--timeout", type=_positive, default=900, help="give up after so many seconds (%(default)s)"
    )
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number


if __name__ == "__main__":
    sys.exit(main())
