"""What customers, lost buyers and sellers answer in surveys, in words whose tone follows the score."""

from __future__ import annotations

from typing import Any

import numpy as np

from salesnb.data.sample.company import Company
from salesnb.data.sample.deals import LOST
from salesnb.data.sample.demand import DAY, MONTH_STARTS
from salesnb.data.sample.draws import NONE, Draws, Ints
from salesnb.data.sample.people import LAST_DAY
from salesnb.data.sample.plan import PRODUCTS, STAFF_SATISFIED
from salesnb.data.sample.records import account_ids

_SCORES = ((9, 10), (7, 8), (0, 6))  # promoter, passive, detractor
_OPENERS = (
    (
        "Really happy with {product}.", "{product} has been great for us.", "Love it.", "Excellent product and team.",
        "Best decision we made this year.", "Very good experience so far.", "We are delighted with {product}.",
        "Works beautifully.", "I recommend {product} to everyone I meet.", "A fantastic tool.",
    ),
    (
        "{product} does the job.", "It is fine overall.", "Decent product.", "Mostly good, some rough edges.",
        "Okay for what we need.", "Solid but not special.", "Reasonable so far.", "It works, with a few gaps.",
        "Good enough for now.", "No big complaints.",
    ),
    (
        "Very disappointed with {product}.", "This has been frustrating.", "We expected much better.",
        "Poor experience from the start.", "{product} keeps failing us.", "Terrible value for what we pay.",
        "We regret the choice.", "Not happy at all.", "Too many problems.", "I would warn others about {product}.",
    ),
)  # fmt: skip
_THEMES = (
    (
        "Support answers within minutes and actually solves the problem.", "Onboarding was smooth and fast.",
        "Reports that took days now take an hour.", "The price is fair for what it saves us.",
        "The interface is clear, even our finance people enjoy it.", "Integrations worked on the first try.",
        "Uptime has been perfect.", "Our account manager is wonderful.", "Every release brings something useful.",
        "Security review passed without a hitch.",
    ),
    (
        "Support is friendly but sometimes slow.", "Onboarding took a little longer than planned.",
        "Reporting covers most of what we ask.", "The price is at the upper end.",
        "The interface takes getting used to.",
        "One integration still needs a workaround.", "Short outages now and then.",
        "We see our account manager rarely.",
        "Releases are regular, the notes are thin.", "The mobile view could do more.",
    ),
    (
        "Support takes days and then closes the ticket.", "Onboarding was a mess and nobody owned it.",
        "Reports are wrong and slow.", "The price went up and nothing got better.",
        "The interface is confusing and ugly.",
        "The integration broke twice and lost our data.", "Outages every week are unacceptable.",
        "Our account manager never calls back.", "Bugs come back with each release.", "The contract terms are a trap.",
    ),
)  # fmt: skip
_CLOSERS = (
    ("Keep it up!", "Thank you.", "We are adding more seats.", "", "", ""),
    ("Let us see next year.", "Please improve this.", "", "", "", ""),
    ("We are looking at alternatives.", "Please fix this.", "We will not renew.", "", "", ""),
)
_FRENCH = (
    (
        "Excellent produit, l'équipe est très à l'écoute.", "Nous sommes ravis, la mise en place a été rapide.",
        "Un outil formidable, je le recommande vivement.",
    ),
    (
        "Correct dans l'ensemble, mais le prix reste élevé.", "Cela fonctionne, l'interface pourrait être plus claire.",
        "Plutôt satisfait, le support est parfois lent.",
    ),
    (
        "Très déçu : le support ne répond jamais.", "Trop de pannes, c'est inacceptable.",
        "Le prix a augmenté sans aucune amélioration.",
    ),
)  # fmt: skip
_LOST = (
    "You were our second choice, the other offer was cheaper.", "Your security answers came too late for our review.",
    "A feature we need was missing.", "The project lost its budget, nothing to do with you.",
    "Good demo, but the contract was too rigid.", "We never got a clear price.", "Internal priorities changed.",
)  # fmt: skip
_STAFF = (
    (
        "Great team spirit and clear goals.", "Good coaching from my manager.", "The new playbook helps a lot.",
        "Proud of what we sell.", "Fair plan, good leads.",
    ),
    (
        "Too much admin work, not enough selling.", "Quotas feel out of reach.",
        "Leads dried up and nobody explains why.",
        "Territory split is unfair.", "Too many internal meetings.",
    ),
)  # fmt: skip


def feedback_columns(seed: int, company: Company) -> dict[str, list[Any]]:
    """Return the table ``feedback`` in order of date.

    A customer is asked 45 days after the start of each life and every 150 days from then, while active, and answers six
    times in ten, always within their group's scores; three answers in five have a comment, one comment in twenty-five
    is French. One buyer in twelve who was lost is asked why; sellers are asked each quarter, csat only.
    """
    rows = _customers(seed, company) + _lost(seed, company) + _staff(seed, company)
    rows.sort(key=lambda row: (row[1], row[0], row[5]))
    return {
        "response_id": [f"F-{number:05d}" for number in range(1, len(rows) + 1)],
        "account_id": list(account_ids(np.asarray([row[0] for row in rows], dtype=np.int64))),
        "responded_on": [row[1] for row in rows],
        "nps": [row[2] for row in rows],
        "csat": [row[3] for row in rows],
        "text": [row[4] or None for row in rows],
        "source": [row[5] for row in rows],
    }


_Row = tuple[int, int, int, int, str, str]


def _customers(seed: int, company: Company) -> list[_Row]:
    draws = Draws.of(seed, 50)
    customers = company.customers
    who: list[int] = []
    when: list[int] = []
    until: list[int] = []
    for customer, start, end in zip(*(part.tolist() for part in company.lives.spans), strict=True):
        last = LAST_DAY if end == NONE else end - 1
        days = range(start + 45, last + 1, 150)
        who += [customer] * len(days)
        when += days
        until += [last] * len(days)
    size = len(who)
    answers = draws.hits(600_000, size).tolist()
    group = customers.group[np.asarray(who, dtype=np.int64)]
    low = np.asarray([low for low, _ in _SCORES], dtype=np.int64)[group]
    high = np.asarray([high for _, high in _SCORES], dtype=np.int64)[group]
    nps = low + draws.below(high - low + 1, size)
    nps = np.where((group == 2) & (nps < 3) & draws.hits(600_000, size), nps + 3, nps)
    mood = draws.below(100, size)
    content, torn = np.where(mood < 65, 5, 4), np.where(mood < 70, 4, 3)
    cross = np.where(mood < 35, 3, np.where(mood < 80, 2, 1))
    csat = np.select([group == 0, group == 1], [content, torn], cross)
    later = draws.between(0, 20, size)
    is_french = draws.hits(40_000, size)
    has_text = draws.hits(600_000, size)
    is_review = draws.hits(150_000, size).tolist()
    picks = np.stack([draws.below(1_000, size) for _ in range(3)], axis=1)
    rows: list[_Row] = []
    for place in range(size):
        if not answers[place]:
            continue
        tone, product = int(group[place]), PRODUCTS[int(customers.product[who[place]])]
        words = _comment(tone, product, picks[place], is_french=bool(is_french[place])) if has_text[place] else ""
        # An answer may come a few days late, but never from a customer who has left, nor after the end.
        day = min(when[place] + int(later[place]), until[place])
        source = "review" if is_review[place] else "relationship"
        rows.append((int(customers.account[who[place]]), day, int(nps[place]), int(csat[place]), words, source))
    return rows


def _comment(tone: int, product: str, pick: Ints, *, is_french: bool) -> str:
    first, second, third = (int(number) for number in pick)
    if is_french:
        return _FRENCH[tone][first % len(_FRENCH[tone])]
    opener = _OPENERS[tone][first % len(_OPENERS[tone])].format(product=product)
    theme = _THEMES[tone][second % len(_THEMES[tone])]
    closer = _CLOSERS[tone][third % len(_CLOSERS[tone])]
    return " ".join(part for part in (opener, theme, closer) if part)


def _lost(seed: int, company: Company) -> list[_Row]:
    draws = Draws.of(seed, 51)
    deals = company.deals
    lost = np.flatnonzero((deals.outcome == LOST) & (deals.kind == 0))
    lost = lost[draws.hits(83_000, len(lost))]
    days = deals.closed[lost] // DAY + draws.between(5, 30, len(lost))
    nps = draws.pick((3, 3, 5, 8, 10, 16, 16, 18, 14, 5, 2), len(lost))
    words = draws.below(len(_LOST), len(lost))
    return [
        (int(deals.account[deal]), int(day), int(score), max(1, min(5, int(score) // 2)), _LOST[int(word)], "win_loss")
        for deal, day, score, word in zip(lost, days, nps, words, strict=True)
        if day <= LAST_DAY
    ]


def _staff(seed: int, company: Company) -> list[_Row]:
    draws = Draws.of(seed, 52)
    rows: list[_Row] = []
    reps = np.arange(len(company.roster.ids))
    for month in range(2, len(MONTH_STARTS) - 1, 3):
        day = int(MONTH_STARTS[month]) + 9
        asked = reps[company.roster.is_there(reps, np.full(len(reps), day))]
        answers = draws.hits(700_000, len(asked))
        happy = draws.hits(STAFF_SATISFIED, len(asked))
        score = np.where(happy, 4 + draws.below(2, len(asked)), 1 + draws.below(3, len(asked)))
        word = draws.below(5, len(asked))
        speaks = draws.hits(400_000, len(asked))
        for place in np.flatnonzero(answers):
            words = _STAFF[0 if happy[place] else 1][int(word[place])] if speaks[place] else ""
            rows.append((NONE, day + int(word[place]), NONE, int(score[place]), words, "staff"))
    return rows
