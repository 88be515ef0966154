"""The command `subalign`: one module for each subcommand, and what they share.

Nothing here imports PyTorch until a command does its work, so that help and shell completion come
at once. `app` is the root, `options` says what a command line may hold, `batch` works through the
recordings, `messages` turns exceptions into sentences and exit codes.
"""

from subalign.cli.app import main

__all__ = ["main"]
