"""Encodings are recognised beyond doubt or asked for; no character is ever lost or invented."""

# ruff: noqa: RUF001

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesnb.data import decoding, plausible
from salesnb.data.encodings import as_utf8
from salesnb.errors import SourceError
from tests.data.conftest import Read

ROWS = [["Café Zürich", "1"], ["Peña & Søn", "2"]]
TEXT = "name,amount\n" + "".join(",".join(row) + "\n" for row in ROWS)


@pytest.mark.parametrize(
    ("content", "notes"),
    [
        (TEXT.encode(), ()),
        (TEXT.encode("utf-8-sig"), ()),
        (TEXT.encode("utf-16"), ("deals.csv: read as UTF-16",)),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), ("deals.csv: read as UTF-16",)),
        (TEXT.encode("utf-16-le"), ("deals.csv: read as UTF-16",)),
        (TEXT.encode("utf-16-be"), ("deals.csv: read as UTF-16",)),
        (TEXT.encode("utf-32"), ("deals.csv: read as UTF-32",)),
        (TEXT.encode("cp1252"), ("deals.csv: read as cp1252, for example 'Café' on line 2",)),
    ],
    ids=["utf-8", "utf-8 mark", "utf-16 mark", "utf-16-be mark", "utf-16-le", "utf-16-be", "utf-32 mark", "cp1252"],
)
def test_what_can_be_recognised_is(read: Read, content: bytes, notes: tuple[str, ...]) -> None:
    seen = read(content)
    assert seen.names == ("name", "amount")
    assert seen.rows == ROWS
    assert seen.notes == notes


@pytest.mark.parametrize(
    "encoding", ["cp850", "mac-roman", "cp1252", "latin-1", "utf-16-le", "utf-8", "UTF8", "Windows-1252"]
)
def test_what_was_said_is_taken_without_a_note(read: Read, encoding: str) -> None:
    seen = read(TEXT.encode(encoding), encoding=encoding)
    assert (seen.rows, seen.notes) == (ROWS, ())


def test_a_mark_is_not_part_of_the_first_name(read: Read) -> None:
    assert read(TEXT.encode("utf-8-sig"), encoding="utf-8").names == ("name", "amount")
    assert read(TEXT.encode("utf-16"), encoding="utf-16").names == ("name", "amount")


def test_dos_text_is_not_taken_for_cp1252(read: Read) -> None:
    with pytest.raises(SourceError) as caught:
        read(b"name,amount\nx,0\ncaf\x82,1\n")
    assert caught.value.what == "the file is not UTF-8, and cp1252 would not make sense of it"
    assert caught.value.where.startswith(
        "deals.csv: line 3, bytes 63 61 66 82; as cp1252: 'caf\u201a,1'; cp850: 'café,1'"
    )
    assert caught.value.mend == "say its encoding, for example `encoding: cp850`"


def test_what_several_encodings_fit_is_asked(read: Read) -> None:
    with pytest.raises(
        SourceError, match=r"several encodings fit it[^$]*Espa\u2013a[^$]*España[^$]*encoding: mac-roman"
    ):
        read("name,amount\nEspaña,1\n".encode("mac-roman"))


def test_bytes_that_no_encoding_explains_are_asked_about(read: Read) -> None:
    with pytest.raises(SourceError, match=r"cp1252: has no such bytes[^$]*it may hold several"):
        read(b"name,amount\ncaf\xe9 \x81\x8d\xf0\x90x,1\n")


def test_utf_8_that_is_cut_or_damaged_is_not_read_as_cp1252(read: Read) -> None:
    with pytest.raises(SourceError, match="cp1252 would not make sense of it"):
        read("name,amount\ncafé crème,1\n".encode() + b"\xc3")
    with pytest.raises(SourceError, match=r"byte ff is not UTF-8[^$]*deals\.csv: line 3, byte 20 of the file"):
        read(b"name,amount\r\nx,1\r\na\xff,2\r\n", encoding="utf-8")


def test_the_place_of_a_wrong_byte_is_right_beyond_the_first_piece(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    lines = decoding.CHUNK // 8
    path.write_bytes(b"1234567\n" * lines + b"12\xc3\n")
    with pytest.raises(SourceError, match=rf"line {lines + 1}, byte {8 * lines + 3} of the file"):
        as_utf8(path, "a.txt", "utf-8", tmp_path / "copy")


@pytest.mark.parametrize("shift", [0, 1, 2, 3])
def test_pieces_do_not_cut_characters_or_words(tmp_path: Path, shift: int) -> None:
    text = "x" * (decoding.CHUNK - 2 + shift) + "é Zürich\r\n" * 2
    for name, encoding in (("utf-8", None), ("utf-16", None), ("cp1252", None)):
        (tmp_path / name).write_bytes(text.encode(name))
        read = as_utf8(tmp_path / name, name, encoding, tmp_path / f"{name}.copy")
        assert read.path.read_bytes()[read.start :].decode() == text


def test_a_text_without_any_end_of_word_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * (2 * decoding.CHUNK + 5) + b"\xe9t\xe9")
    assert as_utf8(tmp_path / "a", "a", None, tmp_path / "copy").notes[0].startswith("a: read as cp1252")


def test_lines_are_counted_over_line_ends_that_are_cut_in_two(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"x" * (decoding.CHUNK - 1) + b"\r\nab\xff")
    with pytest.raises(SourceError, match=r"line 2, byte 1048580 of the file"):
        as_utf8(path, "a.txt", "utf-8", tmp_path / "copy")


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        ("cp12552", "no text encoding is called 'cp12552'[^$]*did you mean 'cp1252'"),
        ("rot13", "no text encoding is called 'rot13'"),
        ("base64", "no text encoding is called 'base64'"),
        ("unicode_escape", "no text encoding is called"),
        ("a\0b", "no text encoding is called"),
        ("utf-16", r"no byte-order mark of UTF-16[^$]*`encoding: utf-16-le`"),
    ],
)
def test_an_encoding_that_cannot_be_meant_is_refused(read: Read, encoding: str, words: str) -> None:
    with pytest.raises(SourceError, match=words):
        read("a,b\n1,2\n", encoding=encoding)


def test_a_mark_of_another_encoding_is_refused(read: Read) -> None:
    with pytest.raises(SourceError, match=r"begins with the byte-order mark of UTF-8, and 'cp1252' was asked for"):
        read(TEXT.encode("utf-8-sig"), encoding="cp1252")


def test_nul_characters_are_refused_in_every_encoding(read: Read) -> None:
    with pytest.raises(SourceError, match=r"NUL character[^$]*line 2"):
        read("a,b\r\n1\0,2\r\n".encode("utf-16"))
    with pytest.raises(SourceError, match=r"NUL byte[^$]*line 3, byte 9 of"):
        read(b"a,b\r\nx,\r\0", encoding=None)
    with pytest.raises(SourceError, match=r"NUL byte[^$]*utf-16-le"):
        read("имя,сумма\nЖанна,1\n".encode("utf-16-le"))


def test_a_last_byte_of_utf_16_is_not_taken_for_the_end_of_file_mark(read: Read) -> None:
    seen = read("a,b\n1,\u041a".encode("utf-16-be"), encoding="utf-16-be")
    assert (seen.rows, seen.notes) == ([["1", "\u041a"]], ())


def test_replacement_characters_are_noted(read: Read) -> None:
    assert read("a,b\ncaf\ufffd,1\n").notes[0].startswith("deals.csv: holds 1 replacement characters (U+FFFD)")


def test_a_copy_is_private_and_goes_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(TEXT.encode("cp1252"))
    copy = tmp_path / "copy"
    text = as_utf8(tmp_path / "a", "a", None, copy)
    assert (text.path, text.is_copy, stat.S_IMODE(copy.stat().st_mode)) == (copy, True, 0o600)
    with pytest.raises(FileExistsError):
        as_utf8(tmp_path / "a", "a", None, copy)


CP1252 = [
    "Zürich café Málaga São François Müller STRAßE PEÑA O’Brien l’école 20\u00a0000 €100 100€ 10–20 naïve créée",
    "“word” «mot» ½ 20°C nº5 m² Adrián voilà à Société\u00a0Générale customer’s Köln–Bonn £5 2ème d’Azur don’t",
]


@pytest.mark.parametrize("word", [word for line in CP1252 for word in line.split(" ")])
def test_a_word_of_cp1252_is_recognised(word: str) -> None:
    assert plausible.verdict([word.encode("cp1252")]) == ("fits", [word.encode("cp1252")])


OTHERS = (
    "café voilà schön Köln Málaga Müller ça être Größe País García España ÉCOLE Ångström don’t it’s 10–20 … São ações "
    "Ärger über Muñoz José María Díaz días río Núñez naïve août forêt Noël garçon œuvre Straße mañana París anís "
    "acción corazón più perché città Malmö Århus København Zoë Überraschung fête hôtel"
)


@pytest.mark.parametrize("encoding", ["cp850", "cp437", "mac-roman"])
def test_no_word_of_another_encoding_is_taken_for_cp1252(encoding: str) -> None:
    words = [word for word in OTHERS.split() if _has(word, encoding)]
    taken = [word for word in words if plausible.verdict([word.encode(encoding)])[0] == "fits"]
    assert (len(words) > 40, taken) == (True, [])


@pytest.mark.parametrize(
    ("word", "encoding"),
    [("Привет", "cp1251"), ("Łódź", "cp1250"), ("Ελλάδα", "cp1253"), ("日本語", "shift_jis"), ("café", "utf-8")],
)
def test_other_scripts_are_not_taken_for_cp1252(word: str, encoding: str) -> None:
    assert plausible.verdict([word.encode(encoding)])[0] == "odd"


OUT_OF_PLACE = (
    "caf‚ prŽs K”ln 1é2 éA CAFÉs CaÉ a…b x§y 5¿ Ð a€b ab¡ e‰ µx a²b x° ’ Mar’a O’brien ª1 –{ aˆ ß Ÿa a·b ÿa CAFé! ðéü"
)


@pytest.mark.parametrize("word", OUT_OF_PLACE.split(" "))
def test_a_character_out_of_place_does_not_fit(word: str) -> None:
    assert not plausible.fits(word)


def _has(word: str, encoding: str) -> bool:
    try:
        return bool(word.encode(encoding))
    except UnicodeEncodeError:
        return False


@settings(max_examples=200, deadline=None)
@given(content=st.binary(max_size=40))
def test_any_bytes_are_read_right_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """What is read must be a decoding of the bytes by one of the encodings that can be recognised."""
    folder = tmp_path_factory.mktemp("any")
    (folder / "a").write_bytes(content)
    try:
        text = as_utf8(folder / "a", "a", None, folder / "copy")
    except SourceError:
        return
    got = text.path.read_bytes()[text.start :].decode()
    whole = content.removesuffix(b"\x1a")
    assert got in {
        _decoded(whole, name) for name in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252")
    }


RECOGNISED = ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252")


def _decoded(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None
