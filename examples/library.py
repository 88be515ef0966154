"""Use subalign as a library: print every word with its times, then write subtitles.

python examples/library.py [RECORDING]
"""

import sys
from pathlib import Path

import subalign

TALK = Path(__file__).resolve().parent / "talk.mp4"


def main() -> None:
    recording = sys.argv[1] if len(sys.argv) > 1 else TALK
    model = subalign.load_model("base")  # fetched once; "turbo" hears better
    transcript = model.transcribe(recording)
    for word in transcript.words:
        print(f"{word.start:7.2f} {word.end:7.2f} {word.text.strip()}")
    layout = subalign.LayoutOptions(highlight_words=True)
    subalign.write(transcript, "library.srt", layout=layout)


if __name__ == "__main__":
    main()
