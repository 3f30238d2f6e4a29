"""Words of comments: in which language they are, and how they sound; what cannot be read is not scored.

The language is what py3langid says of a comment where it is sure, else that of most of the comments of which it is, and
so is a language that hardly any comment is in; so a short "Trop cher" among French comments is French, though nothing
could tell it alone. Only English is scored, by the lexicon of VADER: scoring another language by it gives a number near
0 that says nothing.

References
----------
Lui and Baldwin (2012), langid.py, ACL; Hutto and Gilbert (2014), VADER, ICWSM.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import pandas as pd

SURE = 0.9
"""The chance of a language from which on a comment is taken to be in it."""
LETTERS = 12
"""A comment of fewer letters says too little of its language."""
RARE = 0.01
"""A language of a smaller share of the comments is taken for a slip: one of 3,800 French ones is no English."""
READ = "en"
NEGATIVE = -0.05
"""A compound polarity of at most it is negative, as its authors have it."""


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


@cache
def _analyzer() -> Any:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()


def languages(texts: Sequence[str]) -> list[str]:
    """Tell the language of each comment, by its two letters; empty for a comment without a letter.

    Examples
    --------
    >>> languages(["Support takes days and then closes the ticket.", "Too slow"])
    ['en', 'en']
    """
    found: list[str] = []
    for text in texts:
        letters = sum(char.isalpha() for char in text)
        if letters < LETTERS:
            found.append("?" if letters else "")
            continue
        language, chance = _identifier().classify(text)
        found.append(str(language) if chance >= SURE else "?")
    sure = [one for one in found if one not in ("", "?")]
    most = max(sorted(set(sure)), key=sure.count) if sure else "?"
    rare = {one for one in set(sure) if sure.count(one) < RARE * len(sure)}
    found = ["?" if one in rare else one for one in found]
    return [most if one == "?" else one for one in found]


def polarity(text: str) -> float:
    """Return the compound polarity of an English comment, -1 to 1.

    Examples
    --------
    >>> polarity("Great product, we love it.") > 0.5 > 0 > polarity("Terrible support.")
    True
    """
    return float(_analyzer().polarity_scores(text)["compound"])


def read(texts: Sequence[str]) -> pd.DataFrame:
    """Read comments.

    Returns
    -------
    pandas.DataFrame
        ``language`` and ``compound`` (NaN where it is not English), one row a comment, in order.
    """
    found = languages(texts)
    return pd.DataFrame(
        {
            "language": pd.Series(found, dtype=object),
            "compound": [
                polarity(text) if language == READ else float("nan")
                for text, language in zip(texts, found, strict=True)
            ],
        }
    )
