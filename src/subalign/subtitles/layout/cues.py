"""Layout: timed words become cues, the pieces of text that a player shows one after another.

There are three ways:

- By a profile (`by_profile`): lines and cues are broken where they read best within its limits.
- With `keep_lines` nothing is broken: each segment is one cue with its text as written.
- As openai-whisper packs words (`openai_whisper`, the profile openai).

What stands beside a word and is not said (`Word.before`, `Word.after`) goes with the word, in
openai-whisper's way without formatting tags. Unless lines are kept, a line break before a word is a
space. Where words have speakers, a cue ends between two of them, unless they share it behind dashes
(`speakers`); a kept segment is that of who says most of it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from subalign.options import LayoutOptions
from subalign.results import Segment
from subalign.subtitles.cue import Cue
from subalign.subtitles.layout.frame_rates import frame_rate, on_frames
from subalign.subtitles.layout.openai_whisper import keep_lines, pack_words
from subalign.subtitles.layout.speakers import Labeller, chosen_labels

__all__ = ["lay_out", "packs_words"]


def lay_out(
    segments: Iterable[Segment],
    options: LayoutOptions,
    *,
    language: str | None = None,
    duration: float | None = None,
) -> Iterator[Cue]:
    """Lay segments out as cues, in order.

    `language` is Whisper's code, by which a profile knows the words that no line should end with.
    `duration` is the recording's, in seconds: no cue lingers on after its end. Every cue has text
    or tags and lasts a millisecond or more.
    """
    labels = Labeller(chosen_labels(options), keeps_segments=options.keep_lines)
    for laid_out in _cues(labels.segments(segments), options, language, duration):
        cue = labels.cue(laid_out)
        if any(word.text.strip() or word.before or word.after for word in cue.words):
            yield replace(cue, end_ms=cue.start_ms + 1) if cue.end_ms <= cue.start_ms else cue


def packs_words(options: LayoutOptions) -> bool:
    """Whether words are packed as openai-whisper does, which keeps a cue's space at its ends."""
    return options.base_profile == "openai" and not options.keep_lines


def _times_are_set(options: LayoutOptions) -> bool:
    """Whether starts or ends move off their words further than to the next frame."""
    return replace(options, fps=None).times_are_set


def _cues(
    segments: Iterable[Segment],
    options: LayoutOptions,
    language: str | None,
    duration: float | None,
) -> Iterator[Cue]:
    if packs_words(options):
        yield from pack_words(segments, options)
    elif options.keep_lines and options.profile in (None, "openai") and not _times_are_set(options):
        kept = keep_lines(segments)
        yield from kept if options.fps is None else on_frames(kept, frame_rate(options.fps))
    else:
        # NumPy takes a moment to load, which nothing else here needs
        from subalign.subtitles.layout.by_profile import lay_out_by_profile, time_by_profile
        from subalign.subtitles.layout.profiles import chosen_profile

        profile = chosen_profile(options)
        if options.keep_lines:
            yield from time_by_profile(keep_lines(segments), profile, duration)
        else:
            yield from lay_out_by_profile(segments, profile, language, duration)
