"""The sellers of the sample company: who they are, when they were there, and who gets a deal."""

from __future__ import annotations

import datetime as dtm
from dataclasses import dataclass
from typing import Any

import numpy as np

from salesnb.data.sample.draws import NONE, Draws, Flags, Ints
from salesnb.data.sample.plan import END, RAMP, REGIONS, TEAMS

MANAGERS = ("Ottoline Vasquez", "Bram Okonjo", "Sunniva Hartwell", "Lucio Ferrand", "Mirai Tanabe", "Petra Walsh-Ito")

# name, team, hired, left, flow (hundredths), lost factor (hundredths), style
SELLERS: tuple[tuple[str, int, str, str, int, int, str], ...] = (
    ("Maren Oduya", 0, "2019-05-06", "", 230, 85, ""),
    ("Callum Brightwater", 0, "2021-03-01", "", 100, 100, "equal"),
    ("Ines Farrow", 0, "2021-03-01", "", 100, 100, "equal"),
    ("Teodor Quill", 0, "2020-09-14", "", 120, 95, ""),
    ("Jolene Achterberg", 0, "2022-02-07", "", 85, 115, ""),
    ("Rashad Pym", 0, "2022-06-06", "2024-03-04", 80, 128, ""),
    ("Wren Castellane", 0, "2024-01-08", "", 105, 100, ""),
    ("Dashiell Moreau", 0, "2025-04-07", "", 95, 100, ""),
    ("Odette Lindqvist", 1, "2020-01-13", "", 190, 90, ""),
    ("Garrick Solano", 1, "2020-06-01", "", 115, 100, "sandbagger"),
    ("Priya Venn", 1, "2021-08-16", "", 100, 100, ""),
    ("Hollis Tremaine", 1, "2022-04-04", "", 90, 110, ""),
    ("Zora Nightingale", 1, "2021-11-01", "2025-01-06", 75, 122, ""),
    ("Fenwick Abara", 1, "2023-06-05", "", 100, 95, ""),
    ("Lark Delacroix", 1, "2024-09-02", "", 90, 110, ""),
    ("Basil Yoder", 1, "2026-02-02", "", 100, 100, ""),
    ("Sigrid Halloran", 2, "2019-10-07", "", 180, 90, ""),
    ("Emeka Thorne", 2, "2021-01-11", "", 110, 100, ""),
    ("Liesl Brandvold", 2, "2021-06-14", "", 100, 95, ""),
    ("Aurelio Stanek", 2, "2022-03-07", "", 85, 110, ""),
    ("Nadia Prewitt", 2, "2022-09-05", "2024-07-01", 75, 122, ""),
    ("Torsten Vale", 2, "2023-09-04", "", 100, 100, ""),
    ("Isla Merriweather", 2, "2025-01-13", "", 95, 100, ""),
    ("Carmine Doukas", 3, "2020-04-06", "", 160, 90, ""),
    ("Yvaine Rossignol", 3, "2020-11-02", "", 110, 100, ""),
    ("Stellan Guerra", 3, "2021-09-06", "", 100, 100, ""),
    ("Philippa Amadi", 3, "2022-05-02", "", 90, 110, ""),
    ("Renzo Kalloway", 3, "2022-01-10", "2023-11-06", 80, 128, ""),
    ("Anouk Desrosiers", 3, "2024-03-04", "", 100, 95, ""),
    ("Magnus Ferreira", 3, "2025-09-01", "", 90, 110, ""),
    ("Haruki Lindgren", 4, "2020-02-03", "", 170, 90, ""),
    ("Sunita Blackwood", 4, "2021-05-03", "", 110, 100, "happy_ears"),
    ("Kenji Osterman", 4, "2021-10-04", "", 100, 100, ""),
    ("Meilin Strand", 4, "2022-08-01", "", 90, 110, ""),
    ("Dov Ashgrove", 4, "2023-02-06", "2025-06-02", 80, 115, ""),
    ("Thalia Nakagawa", 4, "2024-06-03", "", 100, 100, ""),
    ("Orson Whitlock", 5, "2020-07-06", "", 150, 95, ""),
    ("Nalani Frost", 5, "2021-02-01", "", 110, 100, ""),
    ("Cormac Jindal", 5, "2021-12-06", "", 100, 100, ""),
    ("Saffron Leung", 5, "2022-10-03", "", 90, 110, ""),
    ("Ulric Mbeki", 5, "2022-03-14", "2025-10-06", 80, 115, ""),
    ("Calla Reinholt", 5, "2025-11-03", "", 95, 100, ""),
)

EPOCH = dtm.date(1970, 1, 1)
CALL_BIAS = {"sandbagger": 60, "happy_ears": 160}


def day_of(value: dtm.date) -> int:
    """Return the days since 1970-01-01."""
    return (value - EPOCH).days


LAST_DAY = day_of(END)
LAST_SECOND = (LAST_DAY + 1) * 86_400 - 1


@dataclass(frozen=True)
class Roster:
    """The sellers as arrays, by position.

    Attributes
    ----------
    team, flow, lost_factor
        Team's position, flow and lost factor in hundredths.
    hired, left
        Days since 1970; ``left`` is ``NONE`` for those who stayed.
    style
        ``"sandbagger"``, ``"happy_ears"``, ``"equal"`` or blank.
    heir
        Who takes over when a seller leaves: a seller of the same team.
    """

    ids: tuple[str, ...]
    names: tuple[str, ...]
    team: Ints
    hired: Ints
    left: Ints
    flow: Ints
    lost_factor: Ints
    style: tuple[str, ...]
    heir: Ints

    @classmethod
    def of_plan(cls) -> Roster:
        """Return the roster that the plan writes down."""
        hired = [day_of(dtm.date.fromisoformat(row[2])) for row in SELLERS]
        left = [day_of(dtm.date.fromisoformat(row[3])) if row[3] else NONE for row in SELLERS]
        heir = list(range(len(SELLERS)))
        for place, row in enumerate(SELLERS):
            if row[3]:
                mates = [
                    other for other, mate in enumerate(SELLERS)
                    if mate[1] == row[1] and not mate[3] and not mate[6] and hired[other] + 270 <= left[place]
                ]  # fmt: skip
                heir[place] = mates[-1]
        return cls(
            ids=tuple(f"R-{place + 1:02d}" for place in range(len(SELLERS))),
            names=tuple(row[0] for row in SELLERS),
            team=np.array([row[1] for row in SELLERS], dtype=np.int64),
            hired=np.array(hired, dtype=np.int64),
            left=np.array(left, dtype=np.int64),
            flow=np.array([row[4] for row in SELLERS], dtype=np.int64),
            lost_factor=np.array([row[5] for row in SELLERS], dtype=np.int64),
            style=tuple(row[6] for row in SELLERS),
            heir=np.array(heir, dtype=np.int64),
        )

    def ramp(self, rep: Ints, day: Ints) -> Ints:
        """Return the hundredths of a ramped seller's flow that each has on a day: by quarter of 91 days of tenure."""
        quarter = np.clip((day - self.hired[rep]) // 91, 0, len(RAMP) - 1)
        share: Ints = np.asarray(RAMP, dtype=np.int64)[quarter]
        return share

    def ready(self, rep: Ints, day: Ints) -> Ints:
        """Return the hundredths of a ramped seller's bookings to expect: the ramp of a quarter ago, 8 before that."""
        return np.where(day - self.hired[rep] < 91, 8, self.ramp(rep, day - 91)).astype(np.int64)

    def is_there(self, rep: Ints, day: Ints) -> Flags:
        """Tell who was employed on a day."""
        return np.asarray((self.hired[rep] <= day) & ((self.left[rep] == NONE) | (day < self.left[rep])))

    def assign(self, team: Ints, day: Ints, draws: Draws) -> Ints:
        """Return a seller of the team for each, as likely as flow times ramp; nobody in the last 45 days."""
        chosen = np.zeros(len(team), dtype=np.int64)
        luck = draws.below(1 << 31, len(team))
        for number in range(len(TEAMS)):
            rows = np.flatnonzero(team == number)
            mates = np.flatnonzero(self.team == number)
            grid_day = np.broadcast_to(day[rows][:, None], (len(rows), len(mates)))
            grid_rep = np.broadcast_to(mates[None, :], (len(rows), len(mates)))
            stays = self.is_there(grid_rep, grid_day) & self.is_there(grid_rep, grid_day + 45)
            ends = np.cumsum(stays * self.flow[grid_rep] * self.ramp(grid_rep, grid_day), axis=1)
            mark = (luck[rows] * ends[:, -1]) >> 31
            chosen[rows] = mates[(ends <= mark[:, None]).sum(axis=1)]
        return chosen

    def holder(self, rep: Ints, day: Ints) -> Ints:
        """Return the seller, or whoever took over from them by that day."""
        gone = (self.left[rep] != NONE) & (day >= self.left[rep])
        return np.where(gone, self.heir[rep], rep).astype(np.int64)


def rep_columns(roster: Roster) -> dict[str, list[Any]]:
    """Return the columns of the table ``reps``: the managers first, then the sellers."""
    heads = range(len(TEAMS))
    return {
        "rep_id": [f"M-{head + 1}" for head in heads] + list(roster.ids),
        "name": [*MANAGERS, *roster.names],
        "team": [*TEAMS, *(TEAMS[team] for team in roster.team)],
        "region": [REGIONS[team // 2] for team in (*heads, *roster.team)],
        "role": ["manager"] * len(TEAMS) + ["account executive"] * len(roster.ids),
        "manager_id": [None] * len(TEAMS) + [f"M-{team + 1}" for team in roster.team],
        "hired_on": [day_of(dtm.date(2018, 1 + head, 15)) for head in heads] + [int(day) for day in roster.hired],
        "left_on": [NONE] * len(TEAMS) + [int(day) for day in roster.left],
    }
