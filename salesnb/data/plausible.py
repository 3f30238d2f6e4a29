r"""Whether bytes that are not UTF-8 make sense when they are read as cp1252, judged by where each character stands.

cp1252 gives a character to nearly every byte, so decoding it proves nothing: ``caf\x82``, written by a DOS program
as ``café``, decodes to ``caf‚``. What tells is the place: an opening quote does not end a word, a capital does not
follow a small letter, a sign for money does not stand inside a word. A reading is taken only if every character of
the file fits its place *and* the rivals (cp850 of DOS, Mac Roman) do not read as well.
"""

# ruff: noqa: RUF001, RUF002
from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

CANDIDATES = ("cp1252", "cp850", "mac-roman", "cp1250")
RIVALS = ("cp850", "mac-roman")

_LETTERS = frozenset("ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿŠšŽžŒœŸ")
_WORDS_OF_ONE_LETTER = frozenset("àÀáèÈéÉìíòóùúåÅöÖøØæ")
_OPENING = frozenset("¿¡‚‘")
_QUOTES = frozenset("“”„«»‹›")
_NOT_IN_WORDS = frozenset("•†§®©™×÷±¼½¾¶·")
_BESIDE_A_DASH = frozenset(" .,:;!?()'$%&/+-’“”„«»…€£\u00a0")
_MONEY = frozenset("€£¥¢")
_CONTRACTED = re.compile(r"(^(l|d|j|n|m|t|s|c|qu)$)|^[OD]$|^(jusqu|lorsqu|puisqu|aujourd|presqu)$", re.IGNORECASE)
_ENDINGS = re.compile(r"^(s|t|d|m|re|ve|ll)(?![^\W_])", re.IGNORECASE)
_SURE = re.compile(
    r"n’t\b|[a-z]’(re|ve|ll)\b|[a-z]{4,}’s\b|^\W?(it|that|he|she|let|what|who|here|there)’s\b"
    r"|^\W?(l|d|j|n|m|t|s|c|qu)’[aeiouhéèêâ][^\W\d_]{3,}",
    re.IGNORECASE,
)

Verdict = Literal["fits", "odd", "rival"]


def fits(word: str) -> bool:
    """Tell whether every character of a word beyond ASCII stands where such a character can stand.

    Parameters
    ----------
    word
        Text without blanks and without delimiters; its ends are taken as ends of a word.
    """
    if re.search(r"[^\W\d_a-zA-Z]{3,}", word):
        return False
    return all(_fits_at(word, place) for place, char in enumerate(word) if ord(char) > 127)


def verdict(words: Iterable[bytes]) -> tuple[Verdict, list[bytes]]:
    """Judge a file by the words in it that are not ASCII, read as cp1252.

    Returns
    -------
    verdict
        ``"fits"``: cp1252 fits and no rival does; ``"odd"``: some character does not fit its place, or is none of
        cp1252; ``"rival"``: every character fits, but it would in a rival too.
    words
        The words that decided against cp1252, or all.
    """
    every = sorted(set(words))
    odd = [word for word in every if not _reads(word, "cp1252")]
    if odd:
        return "odd", odd
    read = [word.decode("cp1252") for word in every]
    if any(_SURE.search(word) for word in read) or _has_pair_of_quotes(read):
        return "fits", every
    for rival in RIVALS:
        if all(_reads(word, rival, strict=True) for word in every) and any(
            word.decode(rival) != word.decode("cp1252") for word in every
        ):
            return "rival", every
    return "fits", every


def best(words: Iterable[bytes]) -> tuple[str, bool]:
    """Return the candidate in which most of these words make sense, and whether all do."""
    every = list(words)
    reads = {encoding: sum(_reads(word, encoding) for word in every) for encoding in CANDIDATES}
    found = max(CANDIDATES, key=lambda encoding: reads[encoding])
    return found, reads[found] == len(every)


def _reads(word: bytes, encoding: str, *, strict: bool = False) -> bool:
    try:
        text = word.decode(encoding)
    except UnicodeDecodeError:
        return False
    return fits(text) and not (strict and _is_rare(text))


def _is_rare(word: str) -> bool:
    """Tell whether a word holds a letter where hardly any language of the West has it.

    These are what the commonest letters of cp1252 look like in cp850: ä as õ, ç as þ, á as ß, Ø as Ï.
    """
    if re.search("[ÏÊËÐÛÙÝÕÞðþý]", word):
        return True
    if re.search(r"´|õ(?!e)|(?<=[^\W\d_])Æ|[^\W\d_][–—](?=[^\W\d_])", word):
        return True
    if re.search("[€£¥¢]", word) and not re.search(r"\d", word):
        return True
    return bool(re.search("(?<![aeiouäöüAEIOUÄÖÜ])ß|ß(?![eitlb]|$)", word))


def _has_pair_of_quotes(words: list[str]) -> bool:
    opened = any(re.match(r"^[(\[]?[“„]\w", word) for word in words)
    closed = any(re.search(r"[\w.!?][”“][.:!?)\]]*$", word) for word in words)
    return opened and closed


def _fits_at(word: str, place: int) -> bool:
    char = word[place]
    before, after = word[:place], word[place + 1 :]
    left, right = before[-1:] or " ", after[:1] or " "
    in_word = left.isalpha() and right.isalpha()
    between = left.isalnum() and right.isalnum()
    if char in _LETTERS:
        return _letter_fits(before, char, after)
    if char == "\u00a0":
        return True
    if char in "’´":
        return _apostrophe_fits(before, after)
    if char in _OPENING:
        return not left.isalnum() and (right.isalnum() or right in _QUOTES or right in _LETTERS)
    if char in _QUOTES:
        return not between
    if char in _MONEY:
        return not right.isalpha() and (not left.isalpha() or before.isupper())
    if char in _NOT_IN_WORDS:
        if between:
            return (left + char + right).lower() == "l·l" or (char in "×±" and not in_word)
        return not right.isalpha() or char in "•§©×±"
    if char == "…":
        return not between
    if char in "–—":
        return all(side.isalnum() or side in _BESIDE_A_DASH for side in (left, right))
    if char == "°":
        return left.isdigit() or left in "nN " or (left == " " and not right.isalpha())
    if char in "ªº":
        return left.isdigit() or left in "nN."
    if char in "²³":
        return (left.isdigit() or before[-2:].lower() in ("m", "cm", "km")) and not right.isalpha()
    if char == "µ":
        return not left.isalpha() and right in "mgslFVAW"
    return char == "‰" and not left.isalpha() and not right.isalnum()


def _letter_fits(before: str, char: str, after: str) -> bool:
    left, right = before[-1:] or " ", after[:1] or " "
    if not left.isalpha() and not right.isalpha():
        return char in _WORDS_OF_ONE_LETTER and not left.isdigit() and not right.isdigit()
    if char == "ß":
        return left.isalpha()
    if char in "ÿŸ":
        return left.isalpha() and left.isupper() == char.isupper()
    if char.isupper():
        return not left.islower() and not (right.islower() and left.isalpha() and left.isupper())
    if left.isupper():
        capitals = before[-2:].isalpha() and before[-2:].isupper() and len(before) > 1
        return not right.isupper() and not (capitals and not right.islower())
    return not right.isupper()


def _apostrophe_fits(before: str, after: str) -> bool:
    left, right = before[-1:] or " ", after[:1] or " "
    if not left.isalnum():
        return right.isalnum() or right in _QUOTES
    if not right.isalnum() or left.isdigit():
        return True
    stem = re.split(r"[\W\d_]", before)[-1]
    if _CONTRACTED.search(stem):
        return not (stem in "OD" and right.islower())
    return bool(_ENDINGS.match(after))
