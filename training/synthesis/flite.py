"""Flite through its library: about 80 times faster than real time on one core."""

import ctypes
from collections.abc import Iterator

import numpy as np

from training.synthesis.speech import Span, Speech, SynthesisError, finish

__all__ = ["Flite"]

_FIRST_SEGMENT = "R:SylStructure.daughter1.daughter1.R:Segment."
_LAST_SEGMENT = b"R:SylStructure.daughtern.daughtern.R:Segment.end"


class _Wave(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_char_p),
        ("sample_rate", ctypes.c_int),
        ("num_samples", ctypes.c_int),
        ("num_channels", ctypes.c_int),
        ("samples", ctypes.POINTER(ctypes.c_short)),
    )


class _Voice(ctypes.Structure):
    # only the fields that come first are needed
    _fields_ = (("name", ctypes.c_char_p), ("features", ctypes.c_void_p))


class Flite:
    """Flite with its `cmu_us_*` voices, loaded as they are asked for."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL("libflite.so.1", mode=ctypes.RTLD_GLOBAL)
        for name in ("libflite_usenglish.so.1", "libflite_cmulex.so.1"):
            ctypes.CDLL(name, mode=ctypes.RTLD_GLOBAL)
        self._voices: dict[str, ctypes._Pointer[_Voice]] = {}
        self._declare()
        self._library.flite_init()

    def _declare(self) -> None:
        pointer, text = ctypes.c_void_p, ctypes.c_char_p
        signatures = {
            "flite_synth_text": (pointer, [text, pointer]),
            "utt_wave": (ctypes.POINTER(_Wave), [pointer]),
            "utt_relation": (pointer, [pointer, text]),
            "relation_head": (pointer, [pointer]),
            "item_next": (pointer, [pointer]),
            "item_as": (pointer, [pointer, text]),
            "item_parent": (pointer, [pointer]),
            "ffeature_float": (ctypes.c_float, [pointer, text]),
            "ffeature_string": (text, [pointer, text]),
            "feat_set_float": (None, [pointer, text, ctypes.c_float]),
            "delete_utterance": (None, [pointer]),
        }
        for name, (result, arguments) in signatures.items():
            function = getattr(self._library, name)
            function.restype, function.argtypes = result, arguments

    def say(
        self, text: str, voice: str, *, duration_stretch: float = 1.0, f0_shift: float = 1.0
    ) -> Speech:
        """Synthesise one sentence; `f0_shift` moves the pitch of all voices but kal's.

        Raises:
            SynthesisError: the words of the text cannot be told apart.
        """
        loaded = self._voice(voice)
        features = loaded.contents.features
        self._library.feat_set_float(features, b"duration_stretch", duration_stretch)
        self._library.feat_set_float(features, b"f0_shift", f0_shift)
        utterance = self._library.flite_synth_text(text.encode(), loaded)
        if not utterance:
            raise SynthesisError(f"Flite cannot say {text!r}")
        try:
            wave = self._library.utt_wave(utterance).contents
            samples = np.ctypeslib.as_array(wave.samples, (wave.num_samples,)).copy()
            sample_rate = wave.sample_rate
            spans = self._spans(utterance, text)
        finally:
            self._library.delete_utterance(utterance)
        return finish(text, "flite", voice, samples, sample_rate, spans)

    def _voice(self, name: str) -> "ctypes._Pointer[_Voice]":
        if name not in self._voices:
            library = ctypes.CDLL(f"libflite_cmu_us_{name}.so.1", mode=ctypes.RTLD_GLOBAL)
            register = getattr(library, f"register_cmu_us_{name}")
            register.restype, register.argtypes = ctypes.POINTER(_Voice), [ctypes.c_char_p]
            self._voices[name] = register(None)
        return self._voices[name]

    def _spans(self, utterance: int, text: str) -> list[Span | None]:
        tokens = list(self._items(utterance, b"Token"))
        if len(tokens) != len(text.split()):
            raise SynthesisError(f"Flite cuts {text!r} at other places than spaces")
        spans: list[Span | None] = [None] * len(tokens)
        order = {token: n for n, token in enumerate(tokens)}
        for word in self._items(utterance, b"Word"):
            token = self._library.item_parent(self._library.item_as(word, b"Token"))
            owner = order.get(self._library.item_as(token, b"Token")) if token else None
            start = self._feature(word, f"{_FIRST_SEGMENT}p.end".encode())
            end = self._feature(word, _LAST_SEGMENT)
            if owner is None or end <= start:
                continue
            earlier = spans[owner]
            spans[owner] = (start, end) if earlier is None else (earlier[0], end)
        return spans

    def _items(self, utterance: int, relation: bytes) -> Iterator[int]:
        item = self._library.relation_head(self._library.utt_relation(utterance, relation))
        while item:
            yield item
            item = self._library.item_next(item)

    def _feature(self, item: int, path: bytes) -> float:
        return float(self._library.ffeature_float(item, path))
