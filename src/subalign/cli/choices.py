"""Options that several commands share: from what was typed to the parts of a job."""

import os
from pathlib import Path

from subalign.cli.console import Session
from subalign.cli.job import Machine, Results
from subalign.errors import UsageError
from subalign.options import LayoutOptions

__all__ = ["chosen_language", "chosen_machine", "chosen_results", "warn_of_limits"]


def chosen_results(
    formats: list[str],
    output_dir: str | None,
    *,
    overwrite: bool,
    skip_existing: bool,
    embed: bool = False,
) -> Results:
    """Which files are written and where.

    Raises:
        UsageError: an unknown format, options that exclude each other, several results for
            standard output.
    """
    from subalign.subtitles import resolve_formats

    if overwrite and skip_existing:
        raise UsageError("--overwrite and --skip-existing exclude each other: use one of them.")
    to_stdout = output_dir == "-"
    return Results(
        formats=resolve_formats(formats),
        folder=None if output_dir is None or to_stdout else Path(output_dir),
        to_stdout=to_stdout,
        existing="overwrite" if overwrite else "skip" if skip_existing else "refuse",
        embed=embed,
    )


def chosen_machine(
    *,
    model: str | None,
    model_dir: Path | None,
    device: str,
    dtype: str | None,
    fp16: bool | None,
    no_sdpa: bool,
    threads: int,
) -> Machine:
    """Which model computes where; fetched models go to `model_dir` from now on.

    Raises:
        UsageError: --dtype and --fp16 at once.
    """
    if dtype is not None and fp16 is not None:
        raise UsageError("--dtype and --fp16 exclude each other: use one of them.")
    half = {None: dtype or "auto", True: "float16", False: "float32"}
    if model_dir is not None:
        # read by the hub's client when it is imported, which nothing has done yet
        os.environ["HF_HUB_CACHE"] = os.environ["SUBALIGN_CACHE"] = str(model_dir.absolute())
    return Machine(
        model=model,
        device=device,
        dtype=half[fp16],
        half_precision=bool(fp16),
        sdpa=not no_sdpa,
        threads=threads,
    )


def chosen_language(language: str | None) -> str | None:
    """Whisper's code of the language.

    Raises:
        UsageError: no language is called so.
    """
    if language is None:
        return None
    from subalign.tokenizer import to_language_code

    return to_language_code(language)


def warn_of_limits(layout: LayoutOptions, session: Session) -> None:
    """Say which limits of openai-whisper's layout have no effect beside the others."""
    if layout.profile_name != "openai":
        return
    if layout.max_line_count is not None and layout.max_line_width is None:
        session.warn("--max-line-count has no effect without --max-line-width.")
    if None not in (layout.max_line_width, layout.max_line_count, layout.max_words_per_line):
        session.warn(
            "--max-words-per-line has no effect with both --max-line-width and --max-line-count."
        )
