"""The command line: parse, load settings, call one function, print. Nothing heavy is imported until a command needs it."""

from somalink.cli.app import main

__all__ = ["main"]
