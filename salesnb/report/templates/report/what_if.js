(() => {
  const block = document.getElementById("snb-what-if-data");
  const place = document.getElementById("snb-what-if");
  if (!block || !place) return;
  const grid = JSON.parse(block.textContent);
  const days = grid.work ? grid.work.split(",").map(Number) : [];
  const scales = { money: grid.unit, chance: 1e-4, day: 1 };
  const unpacked = (text, kind) => text.split(",").map((one) => (one === "" ? NaN : Number(one) * scales[kind]));
  const LEAST = 5e-5;

  // The standard normal quantile (Acklam 2003) and its inverse (Numerical Recipes, erfc by a rational in Chebyshev form).
  const A = [-39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716, 2.506628277459239];
  const B = [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572];
  const C = [-0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968, 2.938163982698783];
  const D = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416];
  const poly = (terms, x, start = 0) => terms.reduce((sum, term) => sum * x + term, start);
  const quantile = (p) => {
    if (p > 0.5) return -quantile(1 - p);
    if (p < 0.02425) {
      const q = Math.sqrt(-2 * Math.log(p));
      return poly(C, q) / (poly(D, q) * q + 1);
    }
    const q = p - 0.5;
    const r = q * q;
    return (poly(A, r) * q) / (poly(B, r) * r + 1);
  };
  const E = [0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368, -1.26551223];
  const normal = (z) => {
    const x = Math.abs(z) / Math.SQRT2;
    const t = 1 / (1 + x / 2);
    const tail = (t * Math.exp(-x * x + poly(E, t))) / 2;
    return z < 0 ? tail : 1 - tail;
  };
  const straight = (value, kind) => (kind === "chance" ? quantile(Math.min(Math.max(value, LEAST), 1 - LEAST)) : value);
  const between = (values, axes, spot, kind) => {
    for (const axis of axes) {
      const { nodes } = axis;
      const step = values.length / nodes.length;
      let at = nodes.findLastIndex((node) => node <= spot[axis.name]);
      at = Math.min(Math.max(at, 0), nodes.length - 2);
      const isLog = kind === "chance" && nodes[at] > 0 && spot[axis.name] > 0;
      const [low, high, value] = [nodes[at], nodes[at + 1], spot[axis.name]].map((one) => (isLog ? Math.log(one) : one));
      const part = (value - low) / (high - low);
      const left = values.slice(at * step, (at + 1) * step);
      if (part === 0) values = left;
      else {
        const right = values.slice((at + 1) * step, (at + 2) * step);
        values = part === 1 ? right : left.map((one, i) => one + (right[i] - one) * part);
      }
    }
    return values[0];
  };
  const mapped = (told) =>
    Object.fromEntries(Object.entries(grid.kinds).map(([name, kind]) => [name, unpacked(told[name], kind).map((one) => straight(one, kind))]));
  const whole = mapped(grid.values);
  const sides = grid.sides.map((side) => ({ ...side, base: side.axes[0].nodes, values: mapped(side.values) }));
  const knobs = new Map(grid.knobs.map((knob) => [knob.name, knob]));
  const closing = (cycle) => days.reduce((sum, _, day) => sum + 1 - Math.exp(-(day + 0.5) / cycle), 0) / Math.max(days.length, 1);
  const spotOf = (turned) => {
    const spot = { ...turned };
    const cycle = knobs.get("cycle_days");
    if (cycle) {
      spot.win_rate *= 1 + (cycle.base - turned.cycle_days) / Math.max(days.length, 1);
      spot.created = 1 + ((turned.created - 1) * closing(turned.cycle_days)) / closing(cycle.base);
    }
    return spot;
  };
  const dayOf = (total) => {
    if (grid.target === null) return NaN;
    if (grid.booked >= grid.target) return -1;
    if (total < grid.target || total <= grid.booked) return days.length;
    const part = (grid.target - grid.booked) / (total - grid.booked) - 1e-9;
    const at = days.findIndex((share) => share >= part);
    return at < 0 ? days.length - 1 : at;
  };
  const rounded = (x) => {
    const low = Math.floor(x);
    const part = x - low;
    return part > 0.5 || (part === 0.5 && low % 2) ? low + 1 : low;
  };
  const at = (turned) => {
    const spot = spotOf(turned);
    const made = {};
    for (const [name, kind] of Object.entries(grid.kinds)) {
      let value = between(whole[name], grid.axes, spot, kind);
      for (const side of sides) {
        const there = between(side.values[name], side.axes, spot, kind);
        const usual = between(side.values[name], side.axes, { ...spot, [side.name]: knobs.get(side.name).base }, kind);
        if (kind !== "money") value += there - usual;
        else if (usual) value *= there / usual;
      }
      made[name] = kind === "chance" ? normal(value) : value;
    }
    const said = dayOf(made.middle);
    const off = made.reached;
    made.reached = said >= 0 && said < days.length ? Math.min(Math.max(said + rounded(off), 0), days.length - 1) : said;
    return made;
  };

  // Half goes to the even figure, as in the notebook; toFixed would take it up.
  const fixed = (size, places) => {
    const isHalf = Number.isInteger(size * 2 ** (places + 1)) && (size * 10 ** places) % 1 === 0.5;
    return (isHalf ? rounded(size * 10 ** places) / 10 ** places : size).toFixed(places);
  };
  const written = (number, places) => {
    const [whole, part] = fixed(Math.abs(number), places).split(".");
    const apart = whole.replace(/\B(?=(\d{3})+$)/g, ",");
    return part ? `${apart}.${part}` : apart;
  };
  const compact = (value) => {
    const size = Math.abs(value);
    const sign = value < 0 ? "\u2212" : "";
    if (rounded(size) < 1000) {
      const isWhole = size >= 100 || rounded(size * 10) / 10 === rounded(size);
      return sign + written(size, isWhole ? 0 : 1);
    }
    const [scale, name] = [[1e3, "k"], [1e6, "M"]].find(([x]) => rounded((size / x) * 10) / 10 < 1000) || [1e9, "B"];
    return `${sign}${written(size / scale, 1)} ${name}`;
  };
  const money = (value, currency = "") => `${compact(value)}${currency ? ` ${currency}` : ""}`;
  const share = (value, places = 0) => `${written(value * 100, places)} %`;
  const chance = (value) => (value < 0.005 ? "under 1 %" : value > 0.995 ? "over 99 %" : share(value));
  const day = (value) => {
    if (value < 0) return "already";
    if (value >= days.length) return `not in ${grid.planned}`;
    const first = new Date(`${grid.first}T00:00:00Z`);
    return new Date(first.getTime() + value * 864e5).toISOString().slice(0, 10);
  };

  const made = (name, options = {}, ...parts) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(options)) element.setAttribute(key === "className" ? "class" : key, value);
    element.append(...parts);
    return element;
  };
  const svg = (name, options, ...parts) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(options)) element.setAttribute(key, value);
    element.append(...parts);
    return element;
  };
  const factor = (knob) => (knob.unit === "ratio" ? 100 : 1);
  const places = (knob) => (knob.unit === "ratio" ? 1 : 0);
  const field = (knob, value) => fixed(value * factor(knob), places(knob));
  const unit = { ratio: "%", days: "days", count: "" };
  const read = (knob, typed) => {
    const word = typed.trim().replace(/(?:%|days)$/, "").trim().replace(",", ".");
    const usual = field(knob, knob.base);
    if (!word) return [knob.base, `empty: ${usual} is taken, as planned`];
    let value = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i.test(word) ? Number(word) / factor(knob) : NaN;
    if (Number.isNaN(value)) return [knob.base, `no number: ${usual} is taken, as planned`];
    if (knob.unit === "count" && Number.isFinite(value)) value = rounded(value);
    if (value < knob.low - 1e-12) return [knob.low, `too low: ${field(knob, knob.low)} is the least`];
    if (value > knob.high + 1e-12) return [knob.high, `too high: ${field(knob, knob.high)} is the most`];
    return [field(knob, value) === usual ? knob.base : value, ""];
  };

  const usually = Object.fromEntries(grid.knobs.map((knob) => [knob.name, knob.base]));
  const usual = at(usually);
  let turned = { ...usually };
  const panel = made("div", { className: "snb-panel", role: "region", "aria-label": "What this scenario brings", tabindex: "0" });
  const said = made("p", { className: "snb-said", role: "status" });

  const tile = (label, value, line) =>
    made("li", { className: "snb-tile" }, made("p", { className: "snb-label" }, label), made("p", { className: "snb-value" }, value),
      made("p", { className: "snb-line snb-muted" }, line));
  const tiles = (now, quotas) => {
    const list = [];
    const { currency, planned, target } = grid;
    const range = (low, high) => `${money(low)} to ${money(high)} in 80 % of cases`;
    if (target !== null) list.push(tile(`Chance of ${money(target, currency)}`, chance(now.chance), `as planned ${chance(usual.chance)}`));
    list.push(tile(`${planned} brings`, money(now.middle, currency), range(now.low, now.high)));
    if ("hitting" in now) list.push(tile("Sellers at quota", share(now.hitting), `as planned ${share(usual.hitting)}`));
    if ("pay" in now) list.push(tile("Pay", money(now.pay, currency), range(now.pay_low, now.pay_high)));
    const assigned = quotas.teams.reduce((sum, one) => sum + one, 0);
    if (target !== null && assigned > 0) {
      const over = assigned / target - 1;
      const words = `${over < 0 ? "\u2212" : "+"}${share(Math.abs(over), 1)} on the target`;
      list.push(tile("Quotas assigned", money(assigned, currency), Math.abs(over) < 5e-4 ? "as much as the target" : words));
    }
    if (target !== null) {
      list.push(tile("Target reached", day(now.reached), `as planned ${day(usual.reached)}`));
      if (turned.win_rate > 0) {
        const need = Math.max(target - now.expected, 0) / turned.win_rate;
        list.push(tile("Pipeline to create", money(need, currency), "so that the target is to be expected"));
      }
    }
    return made("ul", { className: "snb-tiles", "aria-label": "This scenario" }, ...list);
  };
  const quotasOf = () => {
    const hires = turned.hires || 0;
    const [hire] = grid.quotas.hire;
    const [team] = grid.quotas.hire_team;
    return {
      teams: grid.quotas.teams.map((one, i) => (one + (i === team ? hires * hire : 0)) * turned.quota),
      sellers: grid.quotas.sellers.map((one) => one * turned.quota),
    };
  };
  const bars = (now, quotas) => {
    const [width, row, left, right] = [640, 26, 150, 70];
    const rows = grid.teams.map((name, i) => ({
      name: name || "no team", goal: quotas.teams[i], low: now[`t${i}.low`], middle: now[`t${i}.middle`], high: now[`t${i}.high`], hit: now[`t${i}.hit`],
    }));
    const most = Math.max(0, ...rows.map((one) => Math.max(one.high, one.goal)));
    if (!(most > 0)) return [];
    const x = (value) => (left + ((width - left - right) * Math.max(value, 0)) / most).toFixed(1);
    const parts = rows.flatMap((one, i) => {
      const y = row * i + row / 2 + 4;
      const drawn = [
        svg("text", { x: left - 10, y: y + 4, "text-anchor": "end" }, one.name),
        svg("line", { class: "snb-bar", x1: x(one.low), x2: x(one.high), y1: y, y2: y }),
        svg("circle", { class: "snb-dot", cx: x(one.middle), cy: y, r: 4.5 }),
      ];
      if (one.goal > 0) drawn.push(svg("line", { class: "snb-goal", x1: x(one.goal), x2: x(one.goal), y1: y - 9, y2: y + 9 }));
      drawn.push(svg("text", { class: "snb-strong", x: width - right + 12, y: y + 4 }, one.goal > 0 ? chance(one.hit) : ""));
      return drawn;
    });
    const words = rows.map((one) => {
      const text = `${one.name}: ${money(one.low)} to ${money(one.high)}, middle ${money(one.middle)}`;
      return one.goal > 0 ? `${text}, quota ${money(one.goal)}, chance ${chance(one.hit)}` : text;
    });
    return [
      svg("svg", { class: "snb-bars", viewBox: `0 0 ${width} ${row * rows.length + 8}`, role: "img", "aria-label": words.join("; ") }, ...parts),
      made("p", { className: "snb-note" }, "A line a team: 80 % of cases; dot: the middle; tick: the quota; at the right the chance to reach it."),
    ];
  };
  let isOpen = false;
  const sellers = (now, quotas) => {
    const cells = (name, i) => {
      const goal = quotas.sellers[i];
      const hit = now[`s${i}.hit`];
      return [goal > 0 ? money(goal) : "", money(now[`s${i}.middle`]), goal > 0 && !Number.isNaN(hit) ? chance(hit) : ""];
    };
    const rows = grid.sellers.map((name, i) =>
      made("tr", {}, made("th", { scope: "row" }, name), ...cells(name, i).map((text) => made("td", { className: "num" }, text))));
    const heads = ["Seller", "Quota", "Brings", "Chance of quota"].map((text, i) => made("th", { scope: "col", ...(i ? { className: "num" } : {}) }, text));
    const n = grid.sellers.length;
    const fold = made("details", { className: "snb-fold" }, made("summary", {}, `Show ${n} seller${n === 1 ? "" : "s"}`),
      made("div", { className: "snb-scroll", role: "region", tabindex: "0", "aria-label": "Sellers in this scenario" },
        made("table", { className: "snb-table" }, made("caption", {}, "Sellers in this scenario."), made("thead", {}, made("tr", {}, ...heads)), made("tbody", {}, ...rows))));
    fold.open = isOpen;
    fold.addEventListener("toggle", () => { isOpen = fold.open; });
    return fold;
  };
  const draw = () => {
    const now = at(turned);
    const quotas = quotasOf();
    panel.replaceChildren(tiles(now, quotas), ...bars(now, quotas), sellers(now, quotas));
    said.textContent = grid.target === null ? `${grid.planned} brings ${money(now.middle, grid.currency)}.`
      : `Chance ${chance(now.chance)}, ${grid.planned} brings ${money(now.middle, grid.currency)}.`;
  };

  const inputs = [];
  const control = (knob) => {
    const id = `snb-knob-${knob.name}`;
    const slider = made("input", { type: "range", id, min: knob.low, max: knob.high, step: knob.unit === "ratio" ? 0.001 : 1, "aria-describedby": `${id}-past` });
    if (knob.unit !== "count") slider.step = "any";
    const text = made("input", { type: "text", inputmode: "decimal", autocomplete: "off", "aria-label": `${knob.title}${unit[knob.unit] ? ` in ${unit[knob.unit]}` : ""}`, "aria-describedby": `${id}-word` });
    const word = made("span", { className: "snb-word", id: `${id}-word`, role: "status" });
    const mark = made("span", { className: "snb-mark", "aria-hidden": "true" });
    const known = knob.past.length ? `${field(knob, knob.past[0])} to ${field(knob, knob.past[1])} ${unit[knob.unit]} in the quarters of the last year` : "";
    const past = made("span", { className: "snb-past", id: `${id}-past` }, [`planned ${field(knob, knob.base)} ${unit[knob.unit]}`.trim(), known].filter(Boolean).join("; "));
    if (knob.past.length) {
      const of = (value) => (100 * (Math.min(Math.max(value, knob.low), knob.high) - knob.low)) / (knob.high - knob.low);
      mark.style.left = `${of(knob.past[0])}%`;
      mark.style.width = `${of(knob.past[1]) - of(knob.past[0])}%`;
    } else mark.hidden = true;
    const show = () => {
      slider.value = turned[knob.name];
      slider.setAttribute("aria-valuetext", `${field(knob, turned[knob.name])} ${unit[knob.unit]}`.trim());
      text.value = field(knob, turned[knob.name]);
    };
    slider.addEventListener("input", () => {
      const value = Number(slider.value);
      turned[knob.name] = field(knob, value) === field(knob, knob.base) ? knob.base : Number(field(knob, value)) / factor(knob);
      turned[knob.name] = Math.min(Math.max(turned[knob.name], knob.low), knob.high);
      word.textContent = "";
      text.value = field(knob, turned[knob.name]);
      slider.setAttribute("aria-valuetext", `${text.value} ${unit[knob.unit]}`.trim());
      draw();
    });
    text.addEventListener("change", () => {
      [turned[knob.name], word.textContent] = read(knob, text.value);
      show();
      draw();
    });
    inputs.push({ show, word });
    show();
    return made("div", { className: "snb-knob" }, made("label", { for: id }, knob.title),
      made("span", { className: "snb-track" }, slider, mark), made("span", { className: "snb-field" }, text, ` ${unit[knob.unit]}`), word, past);
  };

  const name = made("input", { type: "text", id: "snb-scenario-name", maxlength: "60", autocomplete: "off" });
  name.value = "My scenario";
  const plain = (value) => Number(value.toPrecision(12));
  const yaml = () => {
    const called = name.value.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, " ").replace(/\s+/g, " ").trim() || "My scenario";
    const lines = [`period: ${JSON.stringify(grid.period)}`];
    if (grid.source) lines.push(`source: ${JSON.stringify(grid.source)}`);
    const changes = grid.knobs.filter((knob) => turned[knob.name] !== knob.base).map((knob) =>
      knob.name === "hires" ? `    hires: [{count: ${turned.hires}}]` : `    ${knob.name}: ${plain(turned[knob.name])}`);
    lines.push("scenarios:", `  ${JSON.stringify(called)}:${changes.length ? "" : " {}"}`, ...changes);
    return `${lines.join("\n")}\n`;
  };
  const save = made("button", { type: "button" }, "Download as YAML");
  save.addEventListener("click", () => {
    const url = URL.createObjectURL(new Blob([yaml()], { type: "application/yaml" }));
    const slug = name.value.toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^_+|_+$/g, "") || "scenario";
    const link = made("a", { href: url, download: `${slug}.yml` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  });
  const reset = made("button", { type: "button" }, "Reset");
  reset.addEventListener("click", () => {
    turned = { ...usually };
    for (const { show, word } of inputs) {
      word.textContent = "";
      show();
    }
    draw();
  });
  const { errors, tried } = grid;
  const off = [];
  if (grid.target !== null) off.push(`${written(100 * errors.chance, 1)} points of the chance`, `${written(Math.ceil(errors.reached), 0)} days of the day reached`);
  if ("hitting" in grid.kinds) off.push(`${written(100 * errors.hitting, 1)} points of the share at quota`);
  off.push(`${share(errors.middle, 1)} of what comes`);
  if ("pay" in grid.kinds) off.push(`${share(errors.pay, 1)} of pay`);
  place.append(
    made("div", { className: "snb-knobs" }, ...grid.knobs.map(control)),
    made("div", { className: "snb-save" }, made("label", { for: "snb-scenario-name" }, "Name of the scenario"), name, save, reset),
    said,
    panel,
    made("p", { className: "snb-note snb-error" },
      `Computed when this page was made; between what was computed it is interpolated, off by at most ${off.join(", ")}: twice the most found in ${tried} scenarios that were tried.`
      + " The file is taken by: salesnb run -f FILE, and by the notebook."),
  );
  draw();
})();
