"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { nodes, edges } = data;
  const $ = (id) => document.getElementById(id);
  const stage = $("stage"), graph = $("graph"), world = $("world"), list = $("list"), detail = $("detail"), search = $("search");
  const fold = (text) => text.toLowerCase();

  // Text goes in as text, never as markup.
  const el = (tag, props = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [key, value] of Object.entries(props)) {
      if (key === "class") element.className = value;
      else if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
      else element.setAttribute(key, value);
    }
    for (const child of children.flat()) {
      if (child !== null && child !== undefined) element.append(child);
    }
    return element;
  };

  const into = nodes.map(() => []), outOf = nodes.map(() => []);
  edges.forEach((edge, at) => { into[edge.t].push(at); outOf[edge.f].push(at); });
  const shapes = nodes.map((node) => $("n" + node.id));
  const lines = edges.map((edge) => $("e" + edge.id));
  shapes.forEach((shape, at) => {
    const folder = shape && shape.querySelector(".folder");
    if (folder) folder.dataset.own = folder.textContent;
    if (!shape) return;
    shape.addEventListener("click", () => { if (!moved) choose(at); });
    shape.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); event.stopPropagation(); choose(at); }
    });
    shape.addEventListener("focus", () => { if (shape.matches(":focus-visible")) reveal(at); });
  });

  // Panning and zooming.
  const size = { w: +world.dataset.width, h: +world.dataset.height };
  let view = { x: 0, y: 0, k: 1 }, moved = false;
  const draw = () => {
    world.setAttribute("transform", `translate(${view.x} ${view.y}) scale(${view.k})`);
    stage.style.backgroundPosition = `${view.x}px ${view.y}px`;
    $("zoom").textContent = Math.round(view.k * 100) + " %";
  };
  const zoom = (factor, cx = stage.clientWidth / 2, cy = stage.clientHeight / 2) => {
    const k = Math.min(4, Math.max(0.03, view.k * factor));
    view = { x: cx - ((cx - view.x) * k) / view.k, y: cy - ((cy - view.y) * k) / view.k, k };
    draw();
  };
  const fit = () => {
    const k = Math.min(1.25, stage.clientWidth / size.w, (stage.clientHeight - 30) / size.h);
    view = { k, x: (stage.clientWidth - size.w * k) / 2, y: Math.max(0, (stage.clientHeight - 40 - size.h * k) / 2) };
    draw();
  };
  const place = (at) => {
    const shape = shapes[at];
    const match = /translate\(([-\d.]+) ([-\d.]+)\)/.exec(shape.getAttribute("transform"));
    const rect = shape.querySelector("rect");
    return { x: +match[1] + +rect.getAttribute("width") / 2, y: +match[2] + +rect.getAttribute("height") / 2 };
  };
  const center = (at) => {
    const spot = place(at), k = Math.max(view.k, 0.75);
    view = { k, x: stage.clientWidth / 2 - spot.x * k, y: stage.clientHeight / 2 - spot.y * k };
    draw();
  };
  const reveal = (at) => {
    const spot = place(at), x = spot.x * view.k + view.x, y = spot.y * view.k + view.y;
    if (x < 80 || y < 40 || x > stage.clientWidth - 80 || y > stage.clientHeight - 60) center(at);
  };
  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    const box = stage.getBoundingClientRect();
    if (event.ctrlKey || !event.shiftKey) zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)), event.clientX - box.left, event.clientY - box.top);
    else { view.x -= event.deltaY; draw(); }
  }, { passive: false });
  const pointers = new Map();
  stage.addEventListener("pointerdown", (event) => { pointers.set(event.pointerId, event); moved = false; });
  window.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const dx = event.clientX - before.clientX, dy = event.clientY - before.clientY;
    if (!moved && Math.hypot(dx, dy) < 4) return;
    moved = true;
    stage.classList.add("drag");
    if (pointers.size === 2) {
      const other = [...pointers.values()].find((pointer) => pointer.pointerId !== event.pointerId);
      const far = (a, b) => Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
      const box = stage.getBoundingClientRect();
      zoom(far(event, other) / Math.max(1, far(before, other)), other.clientX - box.left, other.clientY - box.top);
    } else { view.x += dx; view.y += dy; draw(); }
    pointers.set(event.pointerId, event);
  });
  for (const kind of ["pointerup", "pointercancel"]) window.addEventListener(kind, (event) => {
    pointers.delete(event.pointerId);
    stage.classList.remove("drag");
    setTimeout(() => { moved = false; });
  });
  $("in").addEventListener("click", () => zoom(1.25));
  $("out").addEventListener("click", () => zoom(0.8));
  $("fit").addEventListener("click", fit);
  $("clear").addEventListener("click", () => clear());

  // A column both ways; influences on values count, those on rows do not.
  const trace = (start, column) => {
    const steps = { up: [], down: [] }, found = new Map([[start, new Set([column])]]), used = new Set();
    for (const side of ["up", "down"]) {
      const seen = new Set([start + "\u0000" + fold(column)]);
      const queue = [[start, column, 0]];
      while (queue.length) {
        const [at, name, hops] = queue.shift();
        for (const index of side === "up" ? into[at] : outOf[at]) {
          const edge = edges[index];
          for (const flow of edge.c) {
            const [near, far] = side === "up" ? [flow[1], flow[0]] : [flow[0], flow[1]];
            if (fold(near) !== fold(name)) continue;
            const next = side === "up" ? edge.f : edge.t;
            used.add(index);
            if (!found.has(next)) found.set(next, new Set());
            found.get(next).add(far);
            const key = next + "\u0000" + fold(far);
            if (seen.has(key)) continue;
            seen.add(key);
            steps[side].push({ at: next, column: far, hops: hops + 1, flow, from: name });
            queue.push([next, far, hops + 1]);
          }
        }
      }
    }
    return { steps, found, used };
  };

  let chosen = null, column = null;
  const light = (lit, used, columns) => {
    graph.classList.toggle("dim", lit !== null);
    shapes.forEach((shape, at) => {
      if (!shape) return;
      shape.classList.toggle("lit", lit !== null && lit.has(at));
      shape.classList.toggle("chosen", at === chosen);
      // Boxes that show columns of their own keep their folder.
      const folder = shape.querySelector(".column") ? null : shape.querySelector(".folder");
      const names = columns && columns.get(at);
      if (folder) {
        folder.classList.toggle("traced", !!names);
        const all = names ? [...names] : [];
        folder.textContent = names ? fitted(all, shape) : folder.dataset.own;
      }
    });
    lines.forEach((line, index) => line && line.classList.toggle("lit", used !== null && used.has(index)));
    for (const button of list.querySelectorAll("button")) button.setAttribute("aria-current", String(+button.dataset.at === chosen));
  };
  const fitted = (names, shape) => {
    const room = Math.max(6, Math.floor((+shape.querySelector("rect").getAttribute("width") - 20) / 6.5));
    const more = names.length > 1 ? " +" + (names.length - 1) : "";
    const first = names[0].length + more.length > room ? names[0].slice(0, Math.max(1, room - more.length - 1)) + "…" : names[0];
    return first + more;
  };
  const reach = (start) => {
    const lit = new Set([start]), used = new Set();
    for (const [links, end] of [[into, "f"], [outOf, "t"]]) {
      const queue = [start], seen = new Set([start]);
      while (queue.length) {
        for (const index of links[queue.shift()]) {
          used.add(index);
          const next = edges[index][end];
          lit.add(next);
          if (!seen.has(next)) { seen.add(next); queue.push(next); }
        }
      }
    }
    return { lit, used };
  };

  const choose = (at, move = false) => {
    chosen = at; column = null;
    const { lit, used } = reach(at);
    light(lit, used, null);
    if (move) center(at);
    showNode(at);
    history.replaceState(null, "", "#" + encodeURIComponent(nodes[at].p));
  };
  const chooseColumn = (at, name) => {
    if (chosen === at && column !== null && fold(column) === fold(name)) { choose(at); return; }
    chosen = at; column = name;
    const traced = trace(at, name);
    light(new Set(traced.found.keys()), traced.used, traced.found);
    showNode(at, traced);
  };
  const clear = () => {
    chosen = null; column = null;
    light(null, null, null);
    overview();
    history.replaceState(null, "", location.pathname + location.search);
  };

  const link = (at, text, extra) => el("button", { type: "button", onclick: () => choose(at, true) },
    el("span", { class: "k" }, text), extra ? el("span", { class: "muted small" }, extra) : null);
  const rows = (items) => el("ul", { class: "rows" }, items.map((item) => el("li", {}, item)));

  const showNode = (at, traced) => {
    const node = nodes[at];
    const parts = [el("h2", {}, node.p)];
    const about = [node.w];
    if (node.st) about.push(node.st);
    if (node.tr) about.push(`${node.tr[0]} of ${node.tr[1]} columns traced`);
    parts.push(el("p", { class: "muted small" }, about.join(" · ")));
    if (node.r === "missing") parts.push(el("p", { class: "warn" }, "Views name this, and it does not exist."));
    if (node.x) parts.push(el("p", { class: "warn soft" }, "Not found, may exist: " + node.x));
    if (node.e) parts.push(el("p", { class: "warn" }, node.e));
    for (const [line, col, message] of node.g) parts.push(el("p", { class: "warn" }, `${line}:${col}  ${message}`));
    if (traced) {
      parts.push(el("h3", {}, "Trace of ", el("span", { class: "asis" }, column)));
      for (const [side, words] of [["up", "Comes from"], ["down", "Flows into"]]) {
        const steps = traced.steps[side];
        parts.push(el("p", { class: "muted small" }, steps.length ? `${words} ${steps.length} column${steps.length === 1 ? "" : "s"}` : `${words} nothing else here`));
        for (const step of steps) {
          parts.push(el("div", { class: "hop", style: `margin-left:${Math.min(8, step.hops - 1) * 12 + 5}px` },
            rows([el("button", { type: "button", onclick: () => chooseColumn(step.at, step.column) },
              el("span", { class: "k" }, el("b", {}, step.column), el("br"), el("span", { class: "muted small" }, nodes[step.at].p)),
              el("span", { class: "muted small" }, step.flow[4] ? step.flow[2] : step.flow[3]))]),
            step.flow[2] === "identity" ? null : step.flow[5].map((sql) => el("code", {}, sql))));
        }
      }
    }
    if (node.c.length) {
      parts.push(el("h3", {}, `Columns (${node.c.length})`));
      parts.push(rows(node.c.map(([name, type]) => el("button", {
        type: "button", "aria-pressed": String(column !== null && fold(column) === fold(name)),
        onclick: () => chooseColumn(at, name), title: "Trace this column" },
        el("span", { class: "k mono" }, name), el("span", { class: "muted small" }, type || "")))));
    }
    const neighbours = (indices, end, words) => {
      if (!indices.length) return;
      parts.push(el("h3", {}, `${words} (${indices.length})`));
      parts.push(rows(indices.map((index) => {
        const edge = edges[index], notes = [];
        if (edge.v.length) notes.push("at " + edge.v.join(", "));
        if (edge.u) notes.push("through " + edge.u);
        if (edge.q === "low") notes.push("not sure");
        const ways = [...new Set(edge.r.map((row) => row[1]))];
        if (ways.length) notes.push(ways.join(", "));
        return link(edge[end], nodes[edge[end]].p, notes.join(" · "));
      })));
    };
    neighbours(into[at], "f", "Reads");
    neighbours(outOf[at], "t", "Is read by");
    if (node.s) parts.push(el("h3", {}, "SQL"), el("pre", {}, node.s));
    detail.replaceChildren(...parts);
    detail.scrollTop = 0;
  };

  const overview = () => {
    const c = data.coverage;
    const parts = [el("h2", {}, "Overview")];
    if (data.incomplete) parts.push(el("p", { class: "warn" }, "The catalogue was not read to its end."));
    parts.push(el("p", {}, `${nodes.length} datasets, ${edges.length} edges.`));
    if (c.views) {
      parts.push(el("p", {}, `${c.parsed} of ${c.views} views read wholly (${c.views_percent} %), ${c.traced_columns} of ${c.columns} columns traced (${c.columns_percent} %).`));
    }
    parts.push(el("p", { class: "muted small" }, "Choose a dataset to light what it depends on and what depends on it; choose one of its columns to trace it."));
    if (data.findings.length) {
      parts.push(el("h3", {}, `Findings (${data.findings.length})`));
      for (const finding of data.findings) {
        const at = nodes.findIndex((node) => node.p === finding.view);
        const soft = finding.sort === "not checked" ? " soft" : "";
        parts.push(el("div", { class: "warn" + soft }, el("b", {}, finding.sort), el("br"),
          at < 0 ? el("span", { class: "mono" }, finding.view + (finding.at || ""))
            : rows([link(at, finding.view + (finding.at || ""))]),
          finding.message ? el("span", { class: "small" }, finding.message) : null));
      }
    }
    detail.replaceChildren(...parts);
  };

  // The list.
  const words = nodes.map((node) => fold(node.p + " " + node.c.map((c) => c[0]).join(" ")));
  const fill = () => {
    const terms = fold(search.value).split(/\s+/).filter(Boolean);
    const shown = nodes.map((_, at) => at).filter((at) => terms.every((term) => words[at].includes(term)));
    const LIMIT = 500;
    list.replaceChildren(...shown.slice(0, LIMIT).map((at) => {
      const node = nodes[at];
      const hit = terms.length ? node.c.find((c) => terms.some((term) => fold(c[0]).includes(term) && !fold(node.p).includes(term))) : null;
      return el("li", {}, el("button", { type: "button", "data-at": at, "aria-current": String(at === chosen),
        onclick: () => { if (hit) { chooseColumn(at, hit[0]); center(at); } else choose(at, true); } },
        el("i", { class: "dot " + node.r }), el("span", { class: "n" }, node.n || " "),
        el("span", { class: "f" }, hit ? "column " + hit[0] : node.d || node.w)));
    }));
    $("count").textContent = shown.length > LIMIT ? `${shown.length} datasets, the first ${LIMIT} shown` : `${shown.length} of ${nodes.length} datasets`;
  };
  search.addEventListener("input", fill);
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") { const first = list.querySelector("button"); if (first) first.click(); }
    if (event.key === "ArrowDown") { const first = list.querySelector("button"); if (first) { event.preventDefault(); first.focus(); } }
    if (event.key === "Escape") { search.value = ""; fill(); stage.focus(); event.stopPropagation(); }
  });
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = [...list.querySelectorAll("button")], next = all[all.indexOf(document.activeElement) + step];
    (next || search).focus();
  });
  document.addEventListener("keydown", (event) => {
    if (event.target === search || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/") { event.preventDefault(); search.focus(); search.select(); }
    else if (event.key === "Escape") clear();
    else if (event.key === "+" || event.key === "=") zoom(1.25);
    else if (event.key === "-") zoom(0.8);
    else if (event.key === "0") fit();
    else if (event.target === stage || graph.contains(event.target)) {
      const move = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key];
      if (move) { event.preventDefault(); view.x += move[0]; view.y += move[1]; draw(); }
    }
  });

  const chip = (value, text, bad) => el("span", { class: "chip" + (bad ? " bad" : "") }, el("b", {}, value), " " + text);
  const c = data.coverage, count = (sort) => data.findings.filter((finding) => finding.sort === sort).length;
  $("numbers").append(chip(String(nodes.length), "datasets"));
  if (c.views) $("numbers").append(chip(c.views_percent + " %", "of views read"), chip(c.columns_percent + " %", "of columns traced"));
  if (count("broken reference")) $("numbers").append(chip(String(count("broken reference")), "broken references", true));

  fill();
  overview();
  fit();
  const wanted = location.hash.length > 1 ? (() => { try { return decodeURIComponent(location.hash.slice(1)); } catch { return ""; } })() : "";
  const start = wanted ? nodes.findIndex((node) => node.p === wanted) : data.focus;
  if (start !== null && start >= 0) {
    if (!wanted && data.column) chooseColumn(start, data.column); else choose(start, view.k < 0.5);
  }
  if (view.k < 0.35 && chosen === null) { view.k = 0.35; view.x = 10; view.y = 10; draw(); }
  window.addEventListener("resize", draw);
})();
