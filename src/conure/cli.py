"""The command line: `python -m conure SCRIPT` and its tools.

>>> build_parser().parse_args(["explain", "heat.py:smooth"]).target
'heat.py:smooth'
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final, NoReturn

from conure import __version__
from conure.api import explain_all
from conure.configuration import current, options
from conure.errors import ConureError
from conure.implicit.script import run_module, run_script
from conure.runtime.cache import Cache, default_folder
from conure.runtime.events import profile

_TOOLS: Final = ("explain", "devices", "cache")
_USAGE_ERROR: Final = 2
_USAGE: Final = """python -m conure [--report] [--device D] SCRIPT [ARGS ...]
       python -m conure [--report] [--device D] -m MODULE [ARGS ...]
       python -m conure explain FILE[:FUNCTION] [ARGS ...]
       python -m conure devices
       python -m conure cache [show|clear]"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if given and given[0] in _TOOLS:
            return _tool(build_parser().parse_args(given))
        return _script(_script_parser().parse_args(given))
    except ConureError as error:
        return _refused(str(error))


def build_parser() -> argparse.ArgumentParser:
    """The parser of the tools."""
    parser = _Parser(prog="python -m conure", usage=_USAGE, allow_abbrev=False)
    tools = parser.add_subparsers(dest="tool", required=True)
    explain = tools.add_parser(
        "explain",
        prog="python -m conure explain",
        help="run a script and show what became of each loop",
    )
    explain.add_argument("target", metavar="FILE[:FUNCTION]")
    explain.add_argument("arguments", nargs=argparse.REMAINDER, metavar="ARGS")
    tools.add_parser(
        "devices",
        prog="python -m conure devices",
        help="show what there is to run on, measured",
    )
    cache = tools.add_parser(
        "cache",
        prog="python -m conure cache",
        help="show or clear the folder of compiled code",
    )
    cache.add_argument("action", nargs="?", choices=("show", "clear"), default="show")
    return parser


def _script_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m conure",
        usage=_USAGE,
        description="Run a Python script with its loops and functions compiled.",
        epilog="What stands after SCRIPT belongs to the script; SCRIPT may be - for stdin.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"conure {__version__}")
    parser.add_argument("--report", action="store_true", help="print afterwards what ran where")
    parser.add_argument("--device", help="auto, cpu, python, ...: where loops may run")
    parser.add_argument("-m", dest="module", action="store_true", help="SCRIPT is a module's name")
    parser.add_argument("script", metavar="SCRIPT")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="ARGS")
    return parser


class _Parser(argparse.ArgumentParser):
    """A parser that says which option a misspelt one is near to."""

    def error(self, message: str) -> NoReturn:
        known = [name for action in self._actions for name in action.option_strings]
        words = [word for word in message.split() if word.startswith("-")]
        near = [each for word in words for each in get_close_matches(word, known, 1)]
        message = message.replace(", ARGS", "")  # of which there may be none
        super().error(message + (f"; did you mean {near[0]}?" if near else ""))


def _script(given: argparse.Namespace) -> int:
    changes = {"device": given.device} if given.device else {}
    run = run_module if given.module else _run
    with options(**changes):
        if not given.report:
            return run(given.script, given.arguments)
        with profile() as collected:
            try:
                return run(given.script, given.arguments)
            finally:
                print(f"\nWhat ran where ({given.script}):\n{collected}", file=sys.stderr)


def _run(path: str, arguments: Sequence[str]) -> int:
    """Run a script; a file that cannot be read is said in CPython's words."""
    if path != "-" and os.path.isdir(path):
        if os.path.isfile(os.path.join(path, "__main__.py")):
            return run_script(os.path.join(path, "__main__.py"), arguments, name=path)
        return _refused(f"{path!r} is a directory; name the file to run")
    try:
        with open(0 if path == "-" else path, "rb", closefd=path != "-"):
            pass
    except OSError as error:
        place = os.path.abspath(path)
        cause = f"can't open file {place!r}: [Errno {error.errno}] {error.strerror}"
        return _refused(cause + _meant(path))
    return run_script(path, arguments)


def _meant(path: str) -> str:
    """What somebody who named a file that is not there may have meant."""
    if near := get_close_matches(path, _TOOLS, 1):
        return f"; did you mean the tool {near[0]!r}?"
    file, colon, _ = path.partition(":")
    if colon and os.path.isfile(file):
        return f"; did you mean `explain {path}`?"
    folder, name = os.path.split(path)
    with contextlib.suppress(OSError):
        scripts = [each for each in os.listdir(folder or ".") if each.endswith(".py")]
        if near := get_close_matches(name, scripts, 1):
            return f"; did you mean {os.path.join(folder, near[0])!r}?"
    return ""


def _refused(message: str) -> int:
    print(f"conure: {message}", file=sys.stderr)
    return 2


def _tool(given: argparse.Namespace) -> int:
    match given.tool:
        case "explain":
            path, _, function = given.target.partition(":")
            return _explain(path, function or None, given.arguments)
        case "devices":
            return _devices()
        case _:
            return _cache(given.action)


def _explain(path: str, function: str | None, arguments: Sequence[str]) -> int:
    status = 0
    try:
        status = _run(path, arguments)
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    if status == _USAGE_ERROR and not os.path.isfile(path):
        return status
    from conure.terminal import print_explanation

    try:
        explanation = explain_all(os.path.abspath(path), function)
    except (SyntaxError, ValueError):  # as running it has said
        return status
    if function is not None and not explanation.spans:
        return _refused(f"there is no function {function!r} in {path}")
    sys.stdout.flush()
    print_explanation(explanation)
    return status


def _devices() -> int:
    from conure.inventory import devices, missing

    for each in devices():
        print(each)
    for text in missing().values():
        print(f"not there: {text}")
    return 0


def _cache(action: str) -> int:
    chosen = current().cache_dir
    folder = os.path.expanduser(chosen) if chosen else default_folder()
    cache = Cache(folder)
    count, size = cache.size()
    if action == "clear":
        cache.clear()
        print(f"removed {count} files from {folder}")
    else:
        print(f"{folder}: {count} files, {size / 2**20:.1f} MiB")
    return 0
