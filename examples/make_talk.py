"""Make talk.mp4, talk.txt and talk.words.json: a talk whose word times are known.

Needed only to change the example; the three files lie beside this script. It runs where
eSpeak NG's library is installed (Debian: `apt-get install libespeak-ng1`) and in an environment
that holds subalign, whose NumPy and ffmpeg it uses:

    python examples/make_talk.py

The same eSpeak NG (1.51 was used) and ffmpeg give the same sound, picture and times.

How the times are known: eSpeak NG reports, to the sample, where each word and each phoneme
begins in what it synthesises. A word begins where its word event lies, or, after a pause, at its
first phoneme: the silence before a plosive counts as the plosive's own only within running
speech. It ends where the pause after it begins, or else where the next word begins. The sentences
are synthesised one by one and laid out with pauses of known length, so that their times add up.
"""

import argparse
import ctypes
import json
import math
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent

SPEED = 160  # eSpeak's words a minute
HOST = "en-us+f3"
KEEPER = "en-us+m7"

# (speaker, sentence, seconds of silence after it)
TALK: tuple[tuple[str, str, float], ...] = (
    (HOST, "Good morning, and welcome to our program.", 0.7),
    (HOST, "We are very happy that you are here.", 0.7),
    (KEEPER, "Thank you very much.", 0.8),
    (HOST, "What kind of work do you do?", 0.9),
    (KEEPER, "We keep the light on until the morning.", 0.3),
    (KEEPER, "I look at the water and wait.", 1.0),
    (KEEPER, "I write down every word that people say.", 0.9),
    (KEEPER, "They want to know what was said.", 0.9),
    (KEEPER, "They can read every word at the right time.", 0.4),
    (HOST, "Why is that important?", 1.5),
    (KEEPER, "The words must not come before the sound.", 0.9),
    (HOST, "Where did you learn to do that?", 0.9),
    (KEEPER, "My father taught me how to do this work.", 1.0),
    (KEEPER, "It took me many years to learn.", 1.4),
    (HOST, "Do you still do it by hand?", 0.8),
    (KEEPER, "The computer can do the same work in a minute.", 1.1),
    (KEEPER, "It makes many mistakes.", 0.8),
    (KEEPER, "But it is getting better every day.", 0.9),
    (HOST, "Could you give us an example?", 0.8),
    (KEEPER, "Of course I can.", 0.7),
    (KEEPER, "You can read these words right now.", 0.9),
    (HOST, "Thank you for talking with us.", 0.7),
    (HOST, "This is the end of our program.", 0.7),
    (HOST, "We will see you again next week.", 0.9),
)
LEAD_IN = 0.4  # seconds before the first word

# espeak-ng/speak_lib.h
AUDIO_OUTPUT_SYNCHRONOUS = 2
INITIALIZE_PHONEME_EVENTS = 0x0001
CHARS_UTF8 = 1
POSITION_CHARACTER = 1
PARAMETER_RATE = 1
EVENT_LIST_END, EVENT_WORD, EVENT_PHONEME = 0, 1, 7

FRAME_RATE = 5
WIDTH, HEIGHT = 320, 180


class EventId(ctypes.Union):
    """The union inside `espeak_EVENT`: a phoneme's name, or the number of a word."""

    _fields_ = [
        ("number", ctypes.c_int),
        ("name", ctypes.c_char_p),
        ("string", ctypes.c_char * 8),
    ]


class Event(ctypes.Structure):
    """`espeak_EVENT`: where in the audio and in the text something begins."""

    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", EventId),
    ]


SynthCallback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(Event)
)


@dataclass(frozen=True)
class Mark:
    """The beginning of a word (`phoneme` None) or of a phoneme; "_" begins a pause's name."""

    sample: int
    text_position: int  # from 0
    phoneme: str | None

    @property
    def is_pause(self) -> bool:
        return self.phoneme is not None and self.phoneme.startswith("_")


@dataclass(frozen=True)
class TimedWord:
    """A word of the transcript, with the punctuation that clings to it; times in seconds."""

    text: str
    start: float
    end: float


class Espeak:
    """eSpeak NG's library; only one may exist in a process."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL("libespeak-ng.so.1")
        self.sample_rate: int = self._library.espeak_Initialize(
            AUDIO_OUTPUT_SYNCHRONOUS, 0, None, INITIALIZE_PHONEME_EVENTS
        )
        self._audio: list[NDArray[np.int16]] = []
        self._marks: list[Mark] = []
        self._callback = SynthCallback(self._collect)  # kept: the library holds only a pointer
        self._library.espeak_SetSynthCallback(self._callback)

    def _collect(
        self,
        wav: "ctypes._Pointer[ctypes.c_short]",
        n_samples: int,
        events: "ctypes._Pointer[Event]",
    ) -> int:
        if wav and n_samples:
            self._audio.append(np.ctypeslib.as_array(wav, (n_samples,)).copy())
        index = 0
        while (event := events[index]).type != EVENT_LIST_END:
            position = event.text_position - 1
            if event.type == EVENT_PHONEME:
                self._marks.append(Mark(event.sample, position, event.id.string.decode()))
            elif event.type == EVENT_WORD and position >= 0:  # -1: an empty word at the end
                self._marks.append(Mark(event.sample, position, None))
            index += 1
        return 0

    def say(self, text: str, voice: str) -> tuple[NDArray[np.int16], list[Mark]]:
        """Synthesise one sentence: its samples, and its words and phonemes in order."""
        self._audio.clear()
        self._marks.clear()
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise SystemExit(f"eSpeak NG has no voice {voice}.")
        self._library.espeak_SetParameter(PARAMETER_RATE, SPEED, 0)
        data = text.encode()
        self._library.espeak_Synth(
            data, len(data) + 1, 0, POSITION_CHARACTER, 0, CHARS_UTF8, None, None
        )
        self._library.espeak_Synchronize()
        return np.concatenate(self._audio), list(self._marks)


def word_spans(text: str, marks: list[Mark]) -> list[tuple[str, int, int]]:
    """Each word of `text` with its first sample and the one after its last."""
    words = text.split()
    begins = [index for index, mark in enumerate(marks) if mark.phoneme is None]
    positions = [marks[index].text_position for index in begins]
    expected = [len(" ".join(words[:n])) + (n > 0) for n in range(len(words))]
    if positions != expected:
        raise SystemExit(f"eSpeak NG joins or splits words in {text!r}: write it another way.")

    spans = []
    for word, begin, following in zip(words, begins, [*begins[1:], len(marks)], strict=True):
        spoken = [n for n in range(begin + 1, following) if not marks[n].is_pause]
        after_pause = begin == 0 or marks[begin - 1].is_pause
        start = marks[spoken[0] if after_pause else begin].sample
        end = marks[spoken[-1] + 1].sample  # the sentence always ends in a pause
        spans.append((word, start, end))
    return spans


def speak(espeak: Espeak) -> tuple[NDArray[np.int16], list[TimedWord]]:
    """The whole talk: its samples, and its words with their times."""
    rate = espeak.sample_rate
    pieces = [np.zeros(round(LEAD_IN * rate), np.int16)]
    offset = len(pieces[0])
    timed = []
    for voice, sentence, pause in TALK:
        samples, marks = espeak.say(sentence, voice)
        spans = word_spans(sentence, marks)
        timed += [TimedWord(w, (offset + a) / rate, (offset + b) / rate) for w, a, b in spans]
        last = spans[-1][2]
        pieces += [samples[:last], np.zeros(round(pause * rate), np.int16)]
        offset += last + len(pieces[-1])
    return np.concatenate(pieces), timed


def draw_frames(duration: float) -> Iterator[bytes]:
    """A lighthouse whose beam turns once in twelve seconds, as RGB frames."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float64)  # (height, width)
    lamp_x, lamp_y, horizon = 226.0, 56.0, 128
    sky = np.stack([12 + y * 0.12, 18 + y * 0.2, 44 + y * 0.3], axis=-1)  # (height, width, 3)
    angle = np.arctan2(y - lamp_y, x - lamp_x)
    distance = np.hypot(x - lamp_x, y - lamp_y)
    half_width = 5 + (y - lamp_y) * 0.07  # the tower widens downwards
    tower = (np.abs(x - lamp_x) < half_width) & (y > lamp_y + 8) & (y < horizon + 6)
    stripes = tower & (((y - lamp_y) // 16).astype(int) % 2 == 1)
    lantern = (np.abs(x - lamp_x) < 6) & (np.abs(y - lamp_y) <= 8)
    for index in range(math.ceil(duration * FRAME_RATE)):
        turn = 2 * math.pi * index / (12 * FRAME_RATE)
        off_axis = np.abs((angle - turn + math.pi) % (2 * math.pi) - math.pi)
        beam = np.clip(1 - off_axis / 0.16, 0, 1) * np.exp(-distance / 160)
        frame = sky + beam[..., None] * np.array([210.0, 190.0, 120.0])
        frame[horizon:] = frame[horizon:] * 0.35 + np.array([6.0, 26.0, 40.0])
        frame[tower] = (225, 222, 214)
        frame[stripes] = (178, 52, 44)
        frame[lantern] = (255, 236, 160)
        yield np.clip(frame, 0, 255).astype(np.uint8).tobytes()


def write_video(path: Path, samples: NDArray[np.int16], sample_rate: int) -> None:
    """Encode picture (H.264) and sound (AAC) into an MP4 file, the same streams each time."""
    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder, "talk.s16")
        sound.write_bytes(samples.astype("<i2").tobytes())
        picture_in = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}"]
        picture_in += ["-r", str(FRAME_RATE), "-i", "-"]
        sound_in = ["-f", "s16le", "-ar", str(sample_rate), "-ac", "1", "-i", str(sound)]
        picture = ["-c:v", "libx264", "-preset", "veryslow", "-crf", "32", "-pix_fmt", "yuv420p"]
        audio = ["-c:a", "aac", "-b:a", "64k"]
        exact = ["-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact"]
        container = ["-map_metadata", "-1", "-movflags", "+faststart", "-threads", "1"]
        program = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-y"]
        command = [*program, *picture_in, *sound_in, *picture, *audio, *exact, *container]
        frames = b"".join(draw_frames(len(samples) / sample_rate))
        subprocess.run([*command, str(path)], input=frames, check=True)


def write_words(path: Path, words: list[TimedWord]) -> None:
    """One JSON object a line, in a list; times in seconds, to the millisecond."""
    rows = [
        json.dumps({"word": w.text, "start": round(w.start, 3), "end": round(w.end, 3)})
        for w in words
    ]
    path.write_text("[\n" + ",\n".join(rows) + "\n]\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description="Make talk.mp4, talk.txt and talk.words.json.")
    parser.add_argument("--output-dir", type=Path, default=HERE, help="default: %(default)s")
    output: Path = parser.parse_args().output_dir
    output.mkdir(parents=True, exist_ok=True)
    espeak = Espeak()
    samples, words = speak(espeak)
    write_video(output / "talk.mp4", samples, espeak.sample_rate)
    write_words(output / "talk.words.json", words)
    transcript = "".join(f"{sentence}\n" for _, sentence, _ in TALK)
    (output / "talk.txt").write_text(transcript, encoding="utf-8")
    print(f"{len(samples) / espeak.sample_rate:.1f} s, {len(words)} words in {output}")


if __name__ == "__main__":
    main()
