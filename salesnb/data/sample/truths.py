"""What an analysis of the sample company ought to find: the plan in the words and units of the contract."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from salesnb.data.sample import plan
from salesnb.data.sample.people import CALL_BIAS, Roster


@dataclass(frozen=True)
class Hazard:
    """A deal's chances in one week of one stage, at pace 1 and with an average seller.

    Attributes
    ----------
    stage, segment
        Where it stands, and whose it is.
    advance, lost, disqualified, back
        Shares of the deals that stand in it on Monday morning: moved on (in the last stage: won), lost, given up, moved
        back one stage.
    """

    stage: str
    segment: str
    advance: float
    lost: float
    disqualified: float
    back: float


@dataclass(frozen=True)
class PriceRise:
    """A price rise.

    Attributes
    ----------
    product, on
        What became dearer, and when.
    factor
        New deals of the product are larger by it from that day, and so are running subscriptions.
    churn_factor, months
        What multiplies the monthly churn of those who had it as their first product on that day, for so many months.
    """

    product: str
    on: str
    factor: float
    churn_factor: float
    months: int


@dataclass(frozen=True)
class Miss:
    """The quarter that missed, and why.

    Attributes
    ----------
    period
        The quarter.
    region, channel, cut_on
        The channel gave no more leads in that region from that day.
    share_of_leads, share_of_new_deals
        What the channel gave in that region before.
    on_plan
        The quarters before it, which were on plan under the default seed.
    """

    period: str
    region: str
    channel: str
    cut_on: str
    share_of_leads: float
    share_of_new_deals: float
    on_plan: tuple[str, ...]


@dataclass(frozen=True)
class Caller:
    """A seller whose calls are off: what they say is still to come, over what does come, on average."""

    rep_id: str
    name: str
    call_bias: float


@dataclass(frozen=True)
class Truth:
    """All that was planted in the sample company; shares are of 1, money is in USD.

    Attributes
    ----------
    hazards
        Weekly chances by stage and segment, of every kind of deal.
    bottleneck_stage, bottleneck_segment
        The stage that is slowest and loses most in every segment, and the segment where it is worst.
    win_probability
        Kind of deal, then segment: the share of deals created that are won in the end, by an average seller.
    win_rate
        The same among deals won or lost in the end; disqualified and deleted deals left out.
    lost_factor
        Seller to what multiplies the weekly chance of losing; 1 where a seller is average.
    flow
        Seller to the share of deals given to them, over an ordinary ramped seller of their team.
    ramp
        Share of a ramped seller's flow of new deals in the first, second, third quarter of tenure, and later.
    churn_a_month
        Group of NPS answer (promoter 9-10, passive 7-8, detractor 0-6) to the chance of leaving in a month.
    churn_ratio
        Detractors' churn over promoters'.
    lead_to_deal, lead_to_customer
        Source to the share of leads that become a deal, and a customer, in the end.
    cost_per_lead, cac_by_channel
        Source to marketing spend a lead, and a customer won from it.
    pace
        What multiplies both ways out of a stage: seasonality moves when deals close, never whether they are won.
    plan
        Region, then quarter, to the bookings planned; the teams' quotas sum to it.
    """

    seed: int
    start: str
    end: str
    currency: str
    stages: tuple[str, ...]
    segments: tuple[str, ...]
    regions: tuple[str, ...]
    teams: tuple[str, ...]
    products: tuple[str, ...]
    channels: tuple[str, ...]
    hazards: tuple[Hazard, ...]
    bottleneck_stage: str
    bottleneck_segment: str
    skip_share: float
    reopened_share: float
    deleted_a_week: float
    win_probability: dict[str, dict[str, float]]
    win_rate: dict[str, dict[str, float]]
    pace: dict[str, float]
    lead_season: tuple[float, ...]
    price_rise: PriceRise
    miss: Miss
    sandbagger: Caller
    happy_ears: Caller
    equal_reps: tuple[str, str]
    equal_rep_names: tuple[str, str]
    top_reps: tuple[str, ...]
    lost_factor: dict[str, float]
    flow: dict[str, float]
    ramp: tuple[float, ...]
    nps_shares: dict[str, float]
    nps: float
    churn_a_month: dict[str, float]
    churn_ratio: float
    lead_to_deal: dict[str, float]
    lead_to_customer: dict[str, float]
    cost_per_lead: dict[str, float]
    cac_by_channel: dict[str, float]
    cart_to_order: float
    quote_error_rate: float
    staff_satisfied: float
    fx: dict[str, float]
    plan: dict[str, dict[str, int]]

    def to_dict(self) -> dict[str, Any]:
        """Return the same as dicts, lists, text and numbers, ready for JSON."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, tuple | list) else value


def truth(seed: int = 7) -> Truth:
    """Return what is planted in the sample company of that seed.

    The plan is the same under every seed; the seed only says which company draws from it.
    """
    roster = Roster.of_plan()
    by_style = {style: place for place, style in enumerate(roster.style)}
    equal = [place for place, style in enumerate(roster.style) if style == "equal"]
    chances = {
        kind: {segment: plan.outcomes(segment, entry) for segment in plan.SEGMENTS}
        for kind, entry in plan.ENTRY.items()
    }
    shares = dict(zip(plan.SEGMENTS, plan.SEGMENT_SHARES, strict=True))
    average_win = float(sum(chances["new"][name][0] * share for name, share in shares.items()) / 100)
    converts = {name: ppm / 1e6 for name, ppm in zip(plan.CHANNELS, plan.LEAD_TO_DEAL, strict=True)}
    cost = {name: float(dollars) for name, dollars in zip(plan.CHANNELS, plan.COST_PER_LEAD, strict=True)}
    emea = plan.CHANNEL_SHARES[plan.CUT_REGION]
    cut = plan.CHANNELS.index(plan.CUT_CHANNEL)
    new_deals = [share * ppm for share, ppm in zip(emea, plan.LEAD_TO_DEAL, strict=True)]
    top = sorted(range(len(roster.ids)), key=lambda place: -int(roster.flow[place]))[:6]
    return Truth(
        seed=seed,
        start=plan.START.isoformat(),
        end=plan.END.isoformat(),
        currency=plan.CURRENCY,
        stages=plan.STAGES,
        segments=plan.SEGMENTS,
        regions=plan.REGIONS,
        teams=plan.TEAMS,
        products=plan.PRODUCTS,
        channels=plan.CHANNELS,
        hazards=tuple(
            Hazard(stage, segment, *(ppm / 1e6 for ppm in plan.HAZARDS[segment][place]))
            for segment in plan.SEGMENTS
            for place, stage in enumerate(plan.STAGES)
        ),
        bottleneck_stage="Security Review",
        bottleneck_segment="Enterprise",
        skip_share=plan.SKIPS / 1e6,
        reopened_share=plan.REOPENED / 1e6,
        deleted_a_week=plan.DELETED / 1e6,
        win_probability={
            kind: {name: round(float(won), 6) for name, (won, _) in pairs.items()} for kind, pairs in chances.items()
        },
        win_rate={
            kind: {name: round(float(won / (won + lost)), 6) for name, (won, lost) in pairs.items()}
            for kind, pairs in chances.items()
        },
        pace={
            "usual": plan.USUAL_PACE / 100,
            "quarter_end_last_stage": plan.QUARTER_END_PACE / 100,
            "quarter_start_last_stage": plan.QUARTER_START_PACE / 100,
            "summer_every_stage": plan.SUMMER_PACE / 100,
            "december_last_stage": plan.DECEMBER_PACE / 100,
        },
        lead_season=tuple(share / 100 for share in plan.LEAD_SEASON),
        price_rise=PriceRise(
            plan.PRODUCTS[0],
            plan.PRICE_RISE_ON.isoformat(),
            plan.PRICE_RISE_FACTOR / 100,
            plan.PRICE_RISE_CHURN / 100,
            plan.PRICE_RISE_MONTHS,
        ),
        miss=Miss(
            plan.MISSED,
            plan.CUT_REGION,
            plan.CUT_CHANNEL,
            plan.CUT_ON.isoformat(),
            emea[cut] / sum(emea),
            round(new_deals[cut] / sum(new_deals), 6),
            ("2025Q4", "2026Q1", "2026Q2"),
        ),
        sandbagger=_caller(roster, by_style["sandbagger"], "sandbagger"),
        happy_ears=_caller(roster, by_style["happy_ears"], "happy_ears"),
        equal_reps=(roster.ids[equal[0]], roster.ids[equal[1]]),
        equal_rep_names=(roster.names[equal[0]], roster.names[equal[1]]),
        top_reps=tuple(roster.ids[place] for place in top),
        lost_factor={name: int(part) / 100 for name, part in zip(roster.ids, roster.lost_factor, strict=True)},
        flow={name: int(part) / 100 for name, part in zip(roster.ids, roster.flow, strict=True)},
        ramp=tuple(part / 100 for part in plan.RAMP),
        nps_shares={name: share / 100 for name, share in zip(plan.GROUPS, plan.GROUP_SHARES, strict=True)},
        nps=float(plan.GROUP_SHARES[0] - plan.GROUP_SHARES[2]),
        churn_a_month={name: ppm / 1e6 for name, ppm in zip(plan.GROUPS, plan.CHURN, strict=True)},
        churn_ratio=plan.CHURN[2] / plan.CHURN[0],
        lead_to_deal=converts,
        lead_to_customer={name: round(share * average_win, 6) for name, share in converts.items()},
        cost_per_lead=cost,
        cac_by_channel={name: round(cost[name] / (share * average_win), 2) for name, share in converts.items()},
        cart_to_order=plan.CART_TO_ORDER / 1e6,
        quote_error_rate=plan.QUOTE_ERROR / 1e6,
        staff_satisfied=plan.STAFF_SATISFIED / 1e6,
        fx={code: cents / 100 for code, cents in plan.FX.items()},
        plan={
            region: dict(zip(plan.plan_quarters(), (value * 1000 for value in values), strict=True))
            for region, values in plan.PLAN.items()
        },
    )


def _caller(roster: Roster, place: int, style: str) -> Caller:
    return Caller(roster.ids[place], roster.names[place], CALL_BIAS[style] / 100)
