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
