// The chart of an event. The page has a still drawing of it for readers without scripts.

const words = JSON.parse(document.body.dataset.words);
const series = JSON.parse(document.getElementById("series").textContent), base = JSON.parse(document.getElementById("base")?.textContent ?? "null");
const colour = name => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
const el = (tag, text, cls) => { const e = document.createElement(tag); if (text !== undefined) e.textContent = text; if (cls) e.className = cls; return e; };

// The cells that the event is about have one colour that nothing else has, and are first in the legend; the others are counted.
const suspects = series.suspects ?? [], kinds = new Set(suspects.filter(x => x.kind >= 0).map(x => x.kind));
const others = new Set(series.cells.filter(r => r.kind >= 0 && !kinds.has(r.kind)).map(r => r.kind));
const nameOf = kind => series.cells.find(r => r.kind === kind).name;
const on = t => { let f = -1; for (const r of series.cells) { if (r.from > t) break; if (t <= r.to) f = r.kind; } return f; };
const fill = (text, n) => text.replace("%d", n);
let plot;

// levels are the rows of the chart: the level of each suspect, that of all other serving cells, and the rest. Where another cell begins to
// serve there is a moment without a value, so that no line goes on over a time in which its cell did not serve.
function levels() {
  const time = [], rows = suspects.map(() => []), other = [], best = [], quality = [];
  const add = (t, kind, i) => {
    time.push(t);
    suspects.forEach((x, n) => rows[n].push(i >= 0 && kind >= 0 && x.kind === kind ? series.level[i] : null));
    other.push(i >= 0 && others.has(kind) ? series.level[i] : null);
    best.push(i >= 0 ? series.best[i] : undefined);
    quality.push(i >= 0 ? series.quality[i] : undefined);
  };
  let was = -1, at = -Infinity;
  series.time.forEach((t, i) => {
    const kind = on(t);
    if (kind !== was && t - .01 > at) add(t - .01, -1, -1);
    add(t, kind, i);
    was = kind; at = t;
  });
  return [time, [...rows, other, best, quality]];
}

const [first, last] = series.event, margin = Math.max(last - first, 30);
const spans = {event: [Math.max(first - margin, series.from), Math.min(last + margin, series.to)], two: [Math.max(first - 60, series.from), Math.min(first + 60, series.to)], all: [series.from, series.to]};
let shown = spans.event;
function zoom(to) {
  shown = to;
  plot.setScale("x", {min: to[0], max: to[1]});
}

function chart() {
  const box = document.getElementById("chart");
  if (!window.uPlot || !series.time.length) return;
  let [time, data] = levels();
  const lines = suspects.map((x, i) => ({label: x.name + (x.kind < 0 ? " (" + words[x.heard ? "chart.neighbour" : "chart.notserving"] + ")" : ""), stroke: colour("suspect"), width: 3.5, dash: [[], [10, 5], [3, 4], [12, 4, 3, 4]][i % 4], scale: "dBm", spanGaps: false, points: {size: 7}}));
  if (others.size) lines.push({label: words[others.size === 1 ? "chart.others.one" : "chart.others.many"].replace("%d", others.size), stroke: colour("other"), width: 1.5, scale: "dBm", spanGaps: false, points: {size: 3}});
  else data.splice(suspects.length, 1);
  lines.push({label: words["chart.best"], stroke: colour("best"), width: 1, dash: [1, 3], scale: "dBm", spanGaps: true, points: {show: false}});
  lines.push({label: words["chart.quality"] + " (dB)", stroke: colour("soft"), dash: [2, 3], width: 1, scale: "dB", show: false, spanGaps: true, points: {show: false}});
  if (base?.days) { // last in the legend, and drawn before the lines
    [time, data] = join(time, data, base.time, [base.high, base.low]);
    const edge = label => ({label, stroke: colour("band"), width: 2, scale: "dBm", paths: () => null, points: {show: false}});
    lines.push(edge(words["chart.band"]), {...edge(""), class: "edge"}); // one entry for both edges
  }
  const axis = {stroke: colour("soft"), grid: {stroke: colour("line"), width: 1}, ticks: {stroke: colour("line"), width: 1}};
  const value = u => (_, v) => v == null ? "–" : v + " " + u;
  for (const l of lines) l.value = value(l.scale === "dB" ? "dB" : "dBm");
  plot?.destroy();
  plot = new uPlot({
    width: box.clientWidth - 16, height: innerWidth < 700 ? 220 : Math.max(260, Math.min(380, innerHeight * .45)),
    tzDate: ts => uPlot.tzDate(new Date(ts * 1000), document.documentElement.dataset.zone === "Local" ? undefined : document.documentElement.dataset.zone),
    scales: {x: {time: true, auto: false, min: shown[0], max: shown[1]}, dBm: {range: (u, a, b) => [Math.min(a ?? -120, -110) - 2, Math.max(b ?? -60, -70) + 2]}, dB: {range: (u, a, b) => [Math.min(a ?? -20, -20), 0]}},
    axes: [{...axis, space: 70, values: (u, ts, i, space, step) => ts.map(t => clock(t, step < 60))}, {...axis, scale: "dBm", size: 56, values: (u, vs) => vs.map(v => v + "")}, {...axis, scale: "dB", side: 1, grid: {show: false}, show: false}],
    series: [{label: words["chart.time"], value: (_, t) => t == null ? "–" : clock(t, true)}, ...lines],
    cursor: {drag: {x: true, y: false}, bind: {dblclick: () => () => { zoom(spans.event); pressed("event"); return null; }}},
    hooks: {drawClear: [shade], draw: [over], setScale: [(u, key) => { if (key === "x" && u.scales.x.min !== shown[0]) pressed(""); }]},
  }, [time, ...data], box);
  box.classList.add("alive");
}

// The buttons for how much time is shown. Whoever selects a part of the chart sees that part; the button of the event goes back.
const bar = el("div", undefined, "spans");
const pressed = key => { for (const b of bar.children) b.setAttribute("aria-pressed", b.dataset.span === key); };
function buttons() {
  const box = document.getElementById("chart");
  if (!box.classList.contains("alive")) return;
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", words["chart.span"]);
  for (const key of [...Object.keys(spans), "reset"]) {
    const b = el("button", words[key === "reset" ? "chart.reset" : "chart.span." + key]);
    b.type = "button";
    b.dataset.span = key;
    b.onclick = () => { const to = key === "reset" ? "event" : key; zoom(spans[to]); pressed(to); };
    bar.append(b);
  }
  pressed("event");
  box.before(bar);
}

function clock(t, seconds) {
  const z = document.documentElement.dataset.zone;
  return new Date(t * 1000).toLocaleTimeString("en-GB", {hour12: false, ...(z === "Local" ? {} : {timeZone: z}), hour: "2-digit", minute: "2-digit", ...(seconds ? {second: "2-digit"} : {})});
}

// join puts two series with different times on one time axis.
function join(t1, d1, t2, d2) {
  const all = [...new Set([...t1, ...t2])].sort((a, b) => a - b), i1 = new Map(t1.map((t, i) => [t, i])), i2 = new Map(t2.map((t, i) => [t, i]));
  const pick = (d, m) => d.map(row => all.map(t => { const i = m.get(t); return i === undefined ? undefined : row[i]; }));
  return [all, [...pick(d1, i1), ...pick(d2, i2)]];
}

function shade(u) {
  const c = u.ctx, {top, height, left, width} = u.bbox;
  const x = t => Math.max(left, Math.min(left + width, u.valToPos(t, "x", true)));
  c.save();
  c.fillStyle = colour("event");
  c.fillRect(x(first), top, Math.max(3, x(last) - x(first)), height);
  if (base?.days) { // what is usual at these hours
    const known = base.time.map((t, i) => i).filter(i => base.low[i] != null && base.high[i] != null);
    c.fillStyle = colour("band");
    c.beginPath();
    for (const i of known) c.lineTo(x(base.time[i]), u.valToPos(base.high[i], "dBm", true));
    for (const i of known.reverse()) c.lineTo(x(base.time[i]), u.valToPos(base.low[i], "dBm", true));
    c.fill();
  }
  for (const b of series.blind ?? []) {
    if (b.to < u.scales.x.min || b.from > u.scales.x.max) continue;
    c.save();
    c.beginPath(); c.rect(x(b.from), top, Math.max(3, x(b.to) - x(b.from)), height); c.clip();
    c.strokeStyle = colour("blind-line"); c.lineWidth = 2;
    for (let i = left - height; i < left + width; i += 12) { c.beginPath(); c.moveTo(i, top + height); c.lineTo(i + height, top); c.stroke(); }
    c.restore();
  }
  c.restore();
}

function over(u) {
  const c = u.ctx, {top, height, left, width} = u.bbox, px = devicePixelRatio;
  const x = t => Math.max(left, Math.min(left + width, u.valToPos(t, "x", true))), inside = (a, b) => b >= u.scales.x.min && a <= u.scales.x.max;
  c.save();
  c.fillStyle = colour("suspect");
  for (const s of suspects) for (const [t, v] of s.heard ?? []) { // as a neighbour: dots, because the time between is not known
    if (!inside(t, t)) continue;
    c.beginPath(); c.arc(x(t), u.valToPos(v, "dBm", true), 3 * px, 0, 7); c.fill();
  }
  c.font = `600 ${11 * px}px system-ui, sans-serif`; c.textBaseline = "middle"; c.textAlign = "left";
  for (const r of series.rats ?? []) {
    if (!r.kind || !inside(r.from, r.to)) continue;
    const a = x(r.from), w = Math.max(2, x(r.to) - a);
    c.fillStyle = colour("g" + r.kind); c.fillRect(a, top + height - 14 * px, w, 14 * px);
    if (w > 34 * px) { c.fillStyle = colour("card"); c.fillText(r.name, a + 5 * px, top + height - 7 * px); }
  }
  c.fillStyle = colour("high"); c.textAlign = "center";
  for (const r of series.registrations ?? []) {
    if (!inside(r.at, r.at)) continue;
    const a = x(r.at);
    c.strokeStyle = colour(r.bad ? "high" : "soft"); c.setLineDash(r.bad ? [4 * px, 3 * px] : []);
    c.beginPath(); c.moveTo(a, r.bad ? top : top + height - 22 * px); c.lineTo(a, top + height); c.stroke();
    if (r.bad) c.fillText("×", a, top + 8 * px);
  }
  c.restore();
}

chart();
buttons();
addEventListener("resize", () => plot?.setSize({width: document.getElementById("chart").clientWidth - 16, height: plot.height}));

// The lines of the modem begin where a finding rests on one. They may be folded away at first.
const said = document.querySelector(".words"), marked = said?.querySelector(".exchange.marked");
const toMark = () => { if (marked) said.scrollTop = marked.offsetTop - 8; };
toMark();
said?.closest("details")?.addEventListener("toggle", toMark);
