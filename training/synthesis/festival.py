"""Festival through its command: many sentences a run, with its own true word times."""

import subprocess
import tempfile
import wave
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from training.synthesis.speech import Span, Speech, SynthesisError, finish

__all__ = ["say_all"]

_LONGEST_RUN = 600  # seconds

# prints one line a word: the number of its token, its start and its end
_DEFINITIONS = """
(define (token_number w tokens)
  (let ((token (item.parent (item.relation w 'Token))) (n 0) (found -1))
    (mapcar (lambda (x) (if (equal? x token) (set! found n)) (set! n (+ n 1))) tokens)
    found))
(define (tokens_of utt)
  (let ((item (utt.relation.first utt 'Token)) (tokens nil))
    (while item (set! tokens (cons item tokens)) (set! item (item.next item)))
    (reverse tokens)))
(define (say n text)
  (unwind-protect
    (let ((utt (utt.synth (eval (list 'Utterance 'Text text)))))
      (let ((tokens (tokens_of utt)))
        (format t "utterance %d %d\\n" n (length tokens))
        (mapcar
          (lambda (w)
            (format t "word %d %f %f\\n" (token_number w tokens)
              (item.feat w "word_start") (item.feat w "word_end")))
          (utt.relation.items utt 'Word)))
      (utt.save.wave utt (format nil "%d.wav" n) 'riff))))
"""


def say_all(texts: Sequence[str], voice: str, *, duration_stretch: float = 1.0) -> Iterator[Speech]:
    """Synthesise sentences; those that Festival cannot say or time are left out.

    Raises:
        SynthesisError: Festival does not run.
    """
    with tempfile.TemporaryDirectory() as folder:
        printed = _run(Path(folder), texts, voice, duration_stretch)
        for n, (tokens, spans) in printed.items():
            path = Path(folder, f"{n}.wav")
            if not path.is_file() or tokens != len(texts[n].split()):
                continue
            with wave.open(str(path), "rb") as file:
                samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
                sample_rate = file.getframerate()
            try:
                yield finish(texts[n], "festival", voice, samples, sample_rate, spans)
            except SynthesisError:
                continue


def _run(
    folder: Path, texts: Sequence[str], voice: str, duration_stretch: float
) -> dict[int, tuple[int, list[Span | None]]]:
    script = [
        _DEFINITIONS,
        f"(voice_{voice})",
        f"(Parameter.set 'Duration_Stretch {duration_stretch:.3f})",
        *(f'(say {n} "{_quoted(text)}")' for n, text in enumerate(texts)),
    ]
    Path(folder, "say.scm").write_text("\n".join(script) + "\n", encoding="utf-8")
    try:
        done = subprocess.run(
            ["festival", "--batch", "say.scm"],
            cwd=folder,
            capture_output=True,
            timeout=_LONGEST_RUN,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SynthesisError(f"Festival does not run ({error})") from error
    return _parse(done.stdout.decode(errors="replace"))


def _quoted(text: str) -> str:
    return text.replace("\\", " ").replace('"', '\\"')


def _parse(printed: str) -> dict[int, tuple[int, list[Span | None]]]:
    found: dict[int, tuple[int, list[Span | None]]] = {}
    spans: list[Span | None] = []
    for line in printed.splitlines():
        kind, *fields = line.split() or [""]
        if kind == "utterance":
            number, tokens = map(int, fields)
            spans = [None] * tokens
            found[number] = (tokens, spans)
        elif kind == "word" and len(fields) == 3:
            token, start, end = int(fields[0]), float(fields[1]), float(fields[2])
            # a suffix such as 's is a word without times of its own
            if 0 <= token < len(spans) and end > start:
                earlier = spans[token]
                spans[token] = (start, end) if earlier is None else (earlier[0], end)
    return found
