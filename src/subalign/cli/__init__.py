"""The command `subalign`: one module for each subcommand, and what they share.

`app` is the root. `options` and `layout_options` are what several commands take, `arguments` makes
commands of functions, `parsers` reads values, `job` holds what is to be done. `console` writes,
`messages` turns exceptions into sentences and exit codes, `progress` draws, `loading` loads the
model. PyTorch is imported when a command does its work (`*_run`): help and completion do without.
"""

from subalign.cli.app import main

__all__ = ["main"]
