"""The line that a finished recording ends with."""

from collections.abc import Sequence

__all__ = ["readable_seconds", "run_summary"]


def run_summary(
    label: str,
    written: Sequence[str],
    *,
    audio: float,
    elapsed: float,
    language: str | None,
    arrow: str,
) -> str:
    """Such as "talk.mp4 → talk.srt (73 s of audio in 4.1 s, 17.8x)".

    `written` are the files, none where the result was printed; `language` is given where it was
    detected; `audio` and `elapsed` are seconds.
    """
    results = ", ".join(written) or "standard output"
    spoken = f"{language}, " if language else ""
    return (
        f"{label} {arrow} {results} ({spoken}{readable_seconds(audio)} of audio in "
        f"{readable_seconds(elapsed)}, {audio / elapsed:.1f}x)"
    )


def readable_seconds(seconds: float) -> str:
    """Such as 4.1 s, 73 s, 12 min 5 s."""
    if seconds >= 600:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes} min {rest} s"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
