"""Themes of comments: the words that set what detractors write apart from what promoters do, in any language.

A word that both use often says nothing; one that few use at all may stand on one side by luck. The log-odds of a word
between the two groups, drawn towards 0 by what all write, over its standard error, finds those that are neither; of
all words looked at, the expected share of false ones is held.

References
----------
Monroe, Colaresi and Quinn (2008), Fightin' Words, Political Analysis 16, 372-403.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd

from salesnb.kpis.intervals import benjamini_hochberg

PRIOR = 200.0
"""How many words the prior is worth: what all write counts as so many words of each side."""
FEWEST = 5
"""A word in fewer comments is not looked at."""
MOST = 12
"""The words of a side that are told."""
_WORD = re.compile(r"[^\W\d_]{3,}")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"(?<![\w])\+?\d(?:[\s./()-]?\d){7,14}(?![\w])")


def masked(text: str) -> str:
    """Return a comment without the e-mail addresses and telephone numbers that people leave in it.

    Examples
    --------
    >>> masked("Call me: +33 6 12 34 56 78 or jo@example.org")
    'Call me: [number] or [address]'
    """
    return _PHONE.sub("[number]", _MAIL.sub("[address]", text))


def words_of(text: str) -> set[str]:
    """Return the words of a comment of three letters or more, in small letters, each once."""
    return set(_WORD.findall(text.casefold()))


def themes(comments: pd.DataFrame, false_share: float) -> pd.DataFrame:
    """Find the words that set detractors' comments apart from promoters'.

    Parameters
    ----------
    comments
        ``text`` and ``group`` (``promoter, passive, detractor``, or null), one row a comment.
    false_share
        The expected share of false words that is accepted.

    Returns
    -------
    pandas.DataFrame
        ``word, side`` (``detractor`` or ``promoter``) ``, detractors, promoters`` (comments with it) ``,
        detractor_share, promoter_share, z, p, q, sample`` (a typical comment of the side, masked); the surest first,
        at most :data:`MOST` a side; empty where one side wrote nothing.
    """
    columns = ["word", "side", "detractors", "promoters", "detractor_share", "promoter_share", "z", "p", "q", "sample"]
    sides = {name: comments[comments["group"] == name] for name in ("detractor", "promoter")}
    if any(own.empty for own in sides.values()):
        return pd.DataFrame(columns=columns)
    counts = {name: Counter(word for text in own["text"] for word in words_of(text)) for name, own in sides.items()}
    whole = Counter(word for text in comments["text"] for word in words_of(text))
    vocabulary = sorted(word for word, n in whole.items() if n >= FEWEST)
    if not vocabulary:
        return pd.DataFrame(columns=columns)
    alpha = PRIOR * np.array([whole[word] for word in vocabulary], dtype=float) / sum(whole.values())
    one, other = (np.array([counts[name][word] for word in vocabulary], dtype=float) for name in sides)
    sums = [float(sum(counts[name].values())) for name in sides]

    def log_odds(seen: np.ndarray, total: float) -> np.ndarray:
        return np.log(seen + alpha) - np.log(total + PRIOR - seen - alpha)

    gap = log_odds(one, sums[0]) - log_odds(other, sums[1])
    z = gap / np.sqrt(1 / (one + alpha) + 1 / (other + alpha))
    from scipy.special import ndtr

    p = 2 * ndtr(-np.abs(z))
    sizes = [len(own) for own in sides.values()]
    found = pd.DataFrame(
        {"word": vocabulary, "side": np.where(z > 0, "detractor", "promoter"), "detractors": one.astype(int),
         "promoters": other.astype(int), "detractor_share": one / sizes[0], "promoter_share": other / sizes[1], "z": z,
         "p": p, "q": benjamini_hochberg(p)}
    )  # fmt: skip
    found = found[found["q"] <= false_share].sort_values(["p", "word"], kind="stable")
    found = found.groupby("side", sort=True).head(MOST).reset_index(drop=True)
    telling = {side: set(found.loc[found["side"] == side, "word"]) for side in sides}
    found["sample"] = [
        _typical(sides[row["side"]]["text"].tolist(), row["word"], telling[row["side"]])
        for row in found.to_dict("records")
    ]
    return found[columns]


def _typical(texts: Sequence[str], word: str, telling: set[str]) -> str:
    """Return the comment with a word that has most of its side's words, the shortest of those."""
    own = [text for text in texts if word in words_of(text)]
    return masked(min(own, key=lambda text: (-len(words_of(text) & telling), len(text), text))) if own else ""
