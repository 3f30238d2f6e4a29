"use strict";
(() => {
  const shut = [];
  addEventListener("beforeprint", () => {
    for (const part of document.querySelectorAll("details:not([open])")) {
      part.open = true;
      shut.push(part);
    }
  });
  addEventListener("afterprint", () => {
    while (shut.length) shut.pop().open = false;
  });
  const links = new Map();
  for (const link of document.querySelectorAll(".contents a")) links.set(link.hash.slice(1), link);
  const headings = [...links.keys()].map((id) => document.getElementById(id)).filter(Boolean);
  let waiting = false;
  const mark = () => {
    waiting = false;
    const above = headings.filter((heading) => heading.getBoundingClientRect().top < 120);
    const here = (above.pop() || headings[0] || {}).id;
    for (const [id, link] of links) {
      if (id === here) link.setAttribute("aria-current", "location");
      else link.removeAttribute("aria-current");
    }
  };
  addEventListener("scroll", () => {
    if (!waiting) {
      waiting = true;
      requestAnimationFrame(mark);
    }
  }, { passive: true });
  mark();
})();
(() => {
  const block = document.getElementById("snb-rows-data");
  if (!block) return;
  const { day, currency, texts, packs, things, sets } = JSON.parse(block.textContent);
  const FIRST = 200;
  const NOUNS = { deal: ["deal", "deals"], lead: ["lead", "leads"], account: ["account", "accounts"], visitor: ["visitor", "visitors"] };
  const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
  const formats = [whole];
  const written = (number, places) => {
    formats[places] ??= new Intl.NumberFormat("en-US", { minimumFractionDigits: places, maximumFractionDigits: places });
    return formats[places].format(number).replace("-", "\u2212");
  };
  const money = (number) => `${written(number, Number.isInteger(number) ? 0 : 2)}${currency ? ` ${currency}` : ""}`;
  const counted = (n, thing) => `${written(n, 0)} ${NOUNS[thing][n === 1 ? 0 : 1]}`;
  const made = (name, options, ...parts) => {
    const { className, ...others } = options;
    const element = document.createElement(name);
    if (className) element.className = className;
    for (const [key, value] of Object.entries(others)) element.setAttribute(key, value);
    element.append(...parts);
    return element;
  };
  const numbers = (place, n, base = 0) => (n ? packs[place].split(",").map((one) => (one === "" ? null : Number(one) + base)) : []);
  const shown = {
    text: () => (value) => texts[value],
    date: () => (value) => new Date(value * 864e5).toISOString().slice(0, 10),
    number: (column) => (value) => written(value / 10 ** column.scale, column.scale),
    money: (column) => (value) => written(value / 10 ** column.scale, column.scale && 2),
  };
  const column = (told, values) => {
    const write = shown[told.kind](told);
    return { title: told.title, kind: told.kind, scale: told.scale, values, write: (value) => (value === null ? "" : write(value)) };
  };
  const known = {};
  const details = (thing) =>
    (known[thing] ??= things[thing].columns.map((told) => column(told, numbers(told.values, things[thing].n, told.base))));

  const view = (set) => {
    let place = 0;
    const places = (packs[set.rows] === "" ? [] : packs[set.rows].split(",")).map((step) => (place += Number(step)));
    const n = places.length;
    const columns = details(set.thing).map((one) => ({ ...one, values: places.map((at) => one.values[at]) }));
    const amount = columns.find((one) => one.kind === "money");
    const own = set.extras.map((told) => column(told, numbers(told.values, n, told.base)));
    let adds = amount;
    if (set.adds !== "amount") {
      const kind = set.unit === "money" ? "money" : "number";
      const title = kind === "money" && currency ? `Adds (${currency})` : "Adds";
      const isOne = set.adds === "one";
      adds = column({ title, kind, scale: isOne ? 0 : set.adds.scale }, isOne ? places.map(() => 1) : numbers(set.adds.values, n));
      if (!isOne) own.unshift(adds);
    }
    columns.splice(2, 0, ...own);
    const told = columns.filter((one, at) => !at || one.values.some((value) => value !== null));
    return { set, n, columns: told, adds, amount, order: places.map((_, at) => at), shown: FIRST, sorted: null, words: null };
  };
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const compared = (one, sign) => (a, b) => {
    const [left, right] = [one.values[a], one.values[b]];
    if (left === null || right === null) return (left === null) - (right === null) || a - b;
    return sign * (one.kind === "text" ? collator.compare(texts[left], texts[right]) : left - right) || a - b;
  };
  const total = (one, order) => order.reduce((sum, at) => sum + (one.values[at] ?? 0), 0) / 10 ** one.scale;
  const filtered = (open, typed) => {
    const wanted = typed.toLowerCase().split(/\s+/).filter(Boolean);
    if (!wanted.length) return open.order;
    open.words ??= open.columns.reduce((lines, one) => {
      one.values.forEach((value, at) => {
        const text = one.write(value);
        lines[at] += `${text}\n`;
        if (one.kind === "money" || one.kind === "number") lines[at] += `${text.replaceAll(",", "").replace("\u2212", "-")}\n`;
      });
      return lines;
    }, Array(open.n).fill("")).map((line) => line.toLowerCase());
    return open.order.filter((at) => wanted.every((word) => open.words[at].includes(word)));
  };
  const summed = (open, order) => {
    const { set, n } = open;
    const isAll = order.length === n;
    const count = isAll ? counted(n, set.thing) : `${written(order.length, 0)} of ${counted(n, set.thing)}`;
    const sum = isAll && n === set.n ? Number(set.total) : total(open.adds, order);
    if (set.unit === "money") return `${count}, together ${money(sum)}`;
    if (set.adds !== "one") return `${count}, together ${written(sum, Number.isInteger(sum) ? 0 : 2)}`;
    return open.amount ? `${count}, worth ${money(total(open.amount, order))}` : count;
  };
  const said = ({ set, n }) => {
    const known = `The details are as they stood on ${day}.`;
    if (n === set.n) return known;
    const all = set.unit === "money" ? `, together ${money(Number(set.total))}` : "";
    return `${written(n, 0)} of ${counted(set.n, set.thing)} are shown: those that add most. All are ${written(set.n, 0)}${all}. ${known}`;
  };

  let open = null;
  let from = null;
  const title = made("h2", { id: "snb-rows-title", tabindex: "-1", autofocus: "" });
  const close = made("button", { type: "button" }, "Close");
  const limits = made("p", { className: "snb-rows-said" });
  const sum = made("p", { className: "snb-rows-sum", role: "status" });
  const filter = made("input", { type: "search", autocomplete: "off", spellcheck: "false" });
  const heads = made("tr", {});
  const body = made("tbody", {});
  const more = made("button", { type: "button", className: "snb-rows-more" });
  const table = made("table", { className: "snb-table" }, made("thead", {}, heads), body);
  const region = made("div", { className: "snb-scroll", role: "region", tabindex: "0", "aria-labelledby": "snb-rows-title" }, table, more);
  const dialog = made(
    "dialog",
    { className: "snb-rows", id: "snb-rows", "aria-labelledby": "snb-rows-title" },
    made("div", { className: "snb-rows-head" }, made("div", {}, title, close), limits, sum, made("label", {}, "Show rows with all of these words", filter)),
    region,
  );
  const line = (at) => made("tr", {}, ...open.columns.map((one, i) => {
    const text = one.write(one.values[at]);
    const className = { money: "num", number: "num", date: "day" }[one.kind] || (/\S{25}/.test(text) ? "snb-break" : "");
    return made(i ? "td" : "th", i ? { className } : { className, scope: "row" }, text);
  }));
  const draw = () => {
    const order = filtered(open, filter.value);
    sum.textContent = summed(open, order);
    body.replaceChildren(...order.slice(0, open.shown).map(line));
    more.hidden = order.length <= open.shown;
    more.textContent = `Show all ${written(order.length, 0)}`;
  };
  const sort = (one, head) => {
    const isSame = open.sorted === one;
    const falls = isSame ? head.getAttribute("aria-sort") === "ascending" : one.kind !== "text";
    for (const other of heads.children) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", falls ? "descending" : "ascending");
    open.sorted = one;
    open.order.sort(compared(one, falls ? -1 : 1));
    draw();
  };
  const start = (set, link) => {
    open = view(set);
    from = link;
    title.textContent = set.title;
    limits.textContent = said(open);
    filter.value = "";
    heads.replaceChildren(...open.columns.map((one) => {
      const button = made("button", { type: "button" }, one.title);
      const head = made("th", { scope: "col", className: { money: "num", number: "num" }[one.kind] }, button);
      button.addEventListener("click", () => sort(one, head));
      return head;
    }));
    draw();
    if (!dialog.isConnected) document.body.append(dialog);
    dialog.showModal();
    region.scrollTo(0, 0);
  };
  filter.addEventListener("input", draw);
  more.addEventListener("click", () => {
    const at = open.shown;
    open.shown = Infinity;
    draw();
    region.focus();
    body.children[at]?.scrollIntoView({ block: "nearest" });
  });
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener("close", () => {
    if (dialog.open) return; // another number was opened before this was told
    body.replaceChildren();
    open = null;
    from.focus();
  });

  const byKey = new Map(sets.map((set) => [set.key, set]));
  const links = [...document.querySelectorAll("a.snb-opens[data-rows]")].filter((link) => byKey.has(link.dataset.rows));
  const paper = matchMedia("print");
  const mark = () => {
    for (const link of links) {
      const set = byKey.get(link.dataset.rows);
      const marks = { role: "button", tabindex: "0", "aria-haspopup": "dialog", title: `${set.title}: ${counted(set.n, set.thing)}` };
      for (const [name, value] of Object.entries(marks)) {
        if (paper.matches) link.removeAttribute(name);
        else link.setAttribute(name, value);
      }
    }
  };
  for (const link of links) {
    const act = (event) => {
      event.preventDefault();
      start(byKey.get(link.dataset.rows), link);
    };
    link.addEventListener("click", act);
    link.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") act(event);
    });
  }
  paper.addEventListener("change", mark);
  mark();
})();
