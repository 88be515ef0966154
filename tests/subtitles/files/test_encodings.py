"""Bytes of text files in any encoding, guessed line by line or told."""

import logging

import pytest

from subalign.errors import InputError, UsageError
from subalign.options import ScriptOptions
from subalign.subtitles.files import check_certain, parse_subtitle_file, read_subtitle_file
from subalign.subtitles.files.encodings import decode_text, encoding_name

WESTERN = [
    "Où est passé le garçon ?\nIl était là, à côté de la fenêtre.",
    "C’est l’été, et nous voilà déjà à la plage.",
    "Grüße aus München.\nÄpfel und Öl – schön!",
    "¿Dónde está el niño? ¡Mañana!",
    "Não sei o que é a ação. Avó e avô.",
    "Perché è così? È già andato lì.",
    "Það er ágætt, ég veit ekki hvað þú ætlar að gera.",
    "Jeg går på skole. Smørrebrød er godt.",
    "Älskling, jag är på väg. Öl!",
    "SMÖRGÅS ÄR BRA",
    "“Hello” – a café",
    "½ cup of tea © 2003",
]
OTHERS = {
    "cp1250": [
        "Příliš žluťoučký kůň úpěl ďábelské ódy.",
        "Zażółć gęślą jaźń. Nie wiem, co się dzieje.",
        "Árvíztűrő tükörfúrógép. Hová mész?",
        "Šta ćeš da radiš? Gdje su ključevi od kuće?",
        "Nu ştiu ce să fac. Îmi place această maşină.",
    ],
    "iso8859_2": ["Zażółć gęślą jaźń. Nie wiem, co się dzieje."],
    "cp1254": [
        "Günaydın, nasılsın bugün?\nÇocuk okula gitmiş.",
        "Bugün hava çok güzel, değil mi? İyi akşamlar.",
    ],
    "cp1257": ["Labas rytas. Kaip jūs šiandien jaučiatės? Ačiū, gerai."],
    "mac_roman": ["L’été dernier, nous étions à l’hôtel. Ça va?"],
    "cp1251": ["Привет, как дела? Сегодня хорошая погода."],
    "cp1253": ["Καλημέρα, τι κάνεις; Σήμερα ο καιρός είναι καλός."],
}


@pytest.mark.parametrize("text", WESTERN)
def test_western_text_is_windows_1252(text):
    found = decode_text(text.encode("cp1252"), "a.srt")
    assert (found.text, found.encoding) == (text, "cp1252")


@pytest.mark.parametrize("text", [WESTERN[0], *WESTERN[2:8]])
def test_a_few_words_with_letters_of_one_language_are_certain(text):
    assert decode_text(text.encode("cp1252"), "a.srt").certain


@pytest.mark.parametrize(
    ("encoding", "text"), [(name, text) for name, texts in OTHERS.items() for text in texts]
)
def test_another_encoding_that_fits_clearly_better(encoding, text):
    assert decode_text(text.encode(encoding), "a.srt").text == text


@pytest.mark.parametrize("text", ["Garçon", "Façade", "Cześć"])
def test_a_letter_that_several_languages_have_is_not_certain(text):
    encoding = "cp1250" if text == "Cześć" else "cp1252"
    assert not decode_text(text.encode(encoding), "a.srt").certain


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
def test_lines_that_are_utf_8_stay(line_break):
    """One line of another program, and the letters of the others tell which language it is in."""
    lines = [text.encode() for text in ("Déjà vu", "x", "“Noël”, 日本")]
    lines.insert(1, "Garçon".encode("cp1252"))
    found = decode_text(line_break.encode().join(lines), "a.srt")
    assert found.text == line_break.join(("Déjà vu", "Garçon", "x", "“Noël”, 日本"))
    assert (found.encoding, found.certain) == ("cp1252", True)


def test_a_line_in_another_script_between_lines_that_are_utf_8():
    lines = [f"Слово {number}".encode() for number in range(4)]
    lines.insert(2, "Привет, как дела? Сегодня хорошая погода.".encode("cp1251"))
    found = decode_text(b"\n".join(lines), "a.srt").text.split("\n")
    assert found[1:4] == ["Слово 1", "Привет, как дела? Сегодня хорошая погода.", "Слово 2"]


def test_a_letter_that_was_cut_off_does_not_spoil_its_line():
    data = "Привет, это конец".encode()[:-1]
    found = decode_text(data, "a.srt")
    assert (found.text, found.certain) == ("Привет, это коне\ufffd", False)


def test_words_of_two_bytes_that_are_utf_8_by_chance():
    lines = ["一目", "你好，今天天气很好。", "我们去公园吧。", "我们去公园吧。"]
    assert lines[0].encode("gb18030").decode("utf-8") == "һĿ"
    assert decode_text("\n".join(lines).encode("gb18030"), "a.srt").text.split("\n") == lines


def test_the_guess_is_told(caplog):
    with caplog.at_level(logging.WARNING, "subalign"):
        decode_text("Grüße".encode(), "utf.srt")
        decode_text("Günaydın, nasılsın?".encode("cp1254"), "a.srt")
    assert [record.getMessage() for record in caplog.records] == [
        "a.srt is not in UTF-8 and was read as Windows-1254: if letters are wrong, name its "
        "`encoding`."
    ]


@pytest.mark.parametrize("name", ["cp1250", "windows-1250", "CP1250"])
def test_the_encoding_that_is_told(name):
    found = decode_text("Garçon".encode("cp1250"), "a.srt", encoding=name)
    assert (found.text, found.encoding, found.certain) == ("Garçon", None, True)
    assert decode_text("é".encode("cp1252"), "a.srt", encoding="cp1251").text == "й"


def test_lines_that_are_utf_8_stay_among_those_of_the_encoding_that_is_told():
    data = "Déjà\n".encode() + "Garçon".encode("cp1252")
    assert decode_text(data, "a.srt", encoding="cp1252").text == "Déjà\nGarçon"


def test_encodings_that_cannot_be():
    with pytest.raises(InputError, match=r"^a.srt is not in utf-8, as `encoding` says"):
        decode_text("é".encode("cp1252"), "a.srt", encoding="utf-8")
    for name in ("no-such", "hex", "", "a\0b"):
        with pytest.raises(UsageError, match="is not known: name one such as utf-8"):
            ScriptOptions(encoding=name)


def test_what_is_not_certain_is_not_written_back(tmp_path):
    path = tmp_path / "a.srt"
    path.write_bytes("1\n00:00:01,000 --> 00:00:02,000\nGarçon\n".encode("cp1252"))
    with pytest.raises(InputError, match="whether it is Windows-1252 is not certain: add `enc"):
        check_certain(read_subtitle_file(path), "a.srt")
    check_certain(read_subtitle_file(path, encoding="cp1252"), "a.srt")
    check_certain(parse_subtitle_file(path.read_text("cp1252"), "a.srt"), "a.srt")


def test_names():
    assert [encoding_name(name) for name in ("cp1252", "koi8_r", "utf_7")] == [
        "Windows-1252",
        "KOI8-R",
        "utf_7",
    ]


def test_a_large_file_is_told_by_its_beginning():
    text = "Où est passé le garçon ?\n" * 200_000
    found = decode_text(text.encode("cp1252"), "a.srt")
    assert (found.text == text, found.encoding, found.certain) == (True, "cp1252", True)
