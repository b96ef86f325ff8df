"""Says as JSON what `vllm serve` knows, and which of the configurations that are named as arguments it does not take."""

import contextlib
import io
import json
import sys

from vllm import __version__
from vllm.entrypoints.cli.serve import ServeSubcommand
from vllm.entrypoints.launchers.cli_args import validate_parsed_serve_args
from vllm.reasoning import ReasoningParserManager
from vllm.tool_parsers import ToolParserManager
from vllm.utils.argparse_utils import FlexibleArgumentParser

parser = FlexibleArgumentParser()
serve = ServeSubcommand().subparser_init(parser.add_subparsers(dest="subparser"))


def options():
    """Choices by long name; null where anything goes."""
    return {
        name[2:]: [str(choice) for choice in action.choices] if action.choices else None
        for action in serve._actions
        for name in action.option_strings
        if name.startswith("--")
    }


def refusal(path):
    """What is wrong with a configuration as the server itself reads it; null where nothing is."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            args = parser.parse_args(["serve", "--config", path])
            validate_parsed_serve_args(args)
    except SystemExit:
        return said.getvalue().strip()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


json.dump(
    {
        "version": __version__,
        "options": dict(sorted(options().items())),
        "toolParsers": sorted(ToolParserManager.list_registered()),
        "reasoningParsers": sorted(ReasoningParserManager.list_registered()),
        "refusals": {path: refusal(path) for path in sys.argv[1:]},
    },
    sys.stdout,
)
