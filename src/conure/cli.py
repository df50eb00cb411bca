"""The command line: `python -m conure SCRIPT` and its tools.

>>> build_parser().parse_args(["explain", "heat.py:smooth"]).target
'heat.py:smooth'
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from conure import __version__
from conure.api import explain_all
from conure.configuration import current, options
from conure.errors import ConureError
from conure.implicit.script import run_script
from conure.runtime.cache import Cache, default_folder
from conure.runtime.events import profile

_TOOLS: Final = ("explain", "cache")
_USAGE: Final = """python -m conure [--report] [--device D] SCRIPT [ARGS ...]
       python -m conure explain FILE[:FUNCTION] [ARGS ...]
       python -m conure cache [show|clear]"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if given and given[0] in _TOOLS:
            return _tool(build_parser().parse_args(given))
        return _script(_script_parser().parse_args(given))
    except ConureError as error:
        print(f"conure: {error}", file=sys.stderr)
        return 2


def build_parser() -> argparse.ArgumentParser:
    """The parser of the tools."""
    parser = argparse.ArgumentParser(prog="python -m conure", usage=_USAGE)
    tools = parser.add_subparsers(dest="tool", required=True)
    explain = tools.add_parser("explain", help="run a script and show what became of each loop")
    explain.add_argument("target", metavar="FILE[:FUNCTION]")
    explain.add_argument("arguments", nargs=argparse.REMAINDER, metavar="ARGS")
    cache = tools.add_parser("cache", help="show or clear the folder of compiled code")
    cache.add_argument("action", nargs="?", choices=("show", "clear"), default="show")
    return parser


def _script_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m conure",
        usage=_USAGE,
        description="Run a Python script with its loops and functions compiled.",
    )
    parser.add_argument("--version", action="version", version=f"conure {__version__}")
    parser.add_argument("--report", action="store_true", help="print afterwards what ran where")
    parser.add_argument("--device", help="auto, cpu, python, ...: where loops may run")
    parser.add_argument("script", metavar="SCRIPT")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="ARGS")
    return parser


def _script(given: argparse.Namespace) -> int:
    changes = {"device": given.device} if given.device else {}
    with options(**changes):
        if not given.report:
            return run_script(given.script, given.arguments)
        with profile() as collected:
            try:
                return run_script(given.script, given.arguments)
            finally:
                print(f"\nWhat ran where ({given.script}):\n{collected}", file=sys.stderr)


def _tool(given: argparse.Namespace) -> int:
    match given.tool:
        case "explain":
            path, _, function = given.target.partition(":")
            status = run_script(path, given.arguments)
            print(explain_all(path, function or None))
            return status
        case _:
            return _cache(given.action)


def _cache(action: str) -> int:
    chosen = current().cache_dir
    folder = Path(chosen) if chosen else default_folder()
    cache = Cache(folder)
    if action == "clear":
        print(f"removed {cache.clear()} files from {folder}")
    else:
        count, size = cache.size()
        print(f"{folder}: {count} files, {size / 2**20:.1f} MiB")
    return 0
