// The chart and the map of an event. The page has a still drawing of the chart for readers without scripts.

import {words} from "./desk.js";

const series = JSON.parse(document.getElementById("series").textContent), base = JSON.parse(document.getElementById("base")?.textContent ?? "null");
const id = document.querySelector("article.event").dataset.id;
const colour = name => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
const el = (tag, text, cls) => { const e = document.createElement(tag); if (text !== undefined) e.textContent = text; if (cls) e.className = cls; return e; };

// A line a serving cell, so that a change of cell is a change of colour.
// There are only so many colours: the cells of the event first, then those that were held for longest.
const held = new Map();
for (const r of series.cells) if (r.kind >= 0) held.set(r.kind, (held.get(r.kind) ?? 0) + r.to - r.from + (r.to >= series.event[0] - 60 && r.from <= series.event[1] + 60 ? 1e9 : 0));
const names = [...held.keys()].sort((a, b) => held.get(b) - held.get(a));
const nameOf = kind => series.cells.find(r => r.kind === kind).name;
const on = t => { let f = -1; for (const r of series.cells) { if (r.from > t) break; if (t <= r.to) f = r.kind; } return f; };
let plot;

function chart() {
  const box = document.getElementById("chart");
  if (!window.uPlot || !series.time.length) return;
  const most = names.slice(0, 8).sort((a, b) => a - b), rows = most.map(() => new Array(series.time.length).fill(null));
  series.time.forEach((t, i) => { const k = most.indexOf(on(t)); if (k >= 0) rows[k][i] = series.level[i]; });
  let time = series.time, data = [...rows, series.best, series.quality];
  const lines = most.map((k, i) => ({label: nameOf(k), stroke: colour("c" + k % 6), width: 2, scale: "dBm", spanGaps: false, points: {size: 4}}));
  lines.push({label: words["chart.best"], stroke: colour("best"), width: 1, scale: "dBm", spanGaps: true, points: {show: false}});
  lines.push({label: words["chart.quality"] + " (dB)", stroke: colour("soft"), dash: [2, 3], width: 1, scale: "dB", show: false, spanGaps: true, points: {show: false}});
  const bands = [];
  if (base?.days) { // first, so that the lines are drawn over it
    const [t, merged] = join(time, data, base.time, [base.high, base.low]), n = data.length;
    time = t; data = [...merged.slice(n), ...merged.slice(0, n)];
    const edge = label => ({label, stroke: colour("band"), width: 2, scale: "dBm", spanGaps: true, points: {show: false}});
    lines.unshift(edge(words["chart.band"]), {...edge(""), class: "edge"}); // one entry for both edges
    bands.push({series: [1, 2], fill: colour("band")});
  }
  const axis = {stroke: colour("soft"), grid: {stroke: colour("line"), width: 1}, ticks: {stroke: colour("line"), width: 1}};
  const value = u => (_, v) => v == null ? "–" : v + " " + u;
  for (const l of lines) l.value = value(l.scale === "dB" ? "dB" : "dBm");
  plot?.destroy();
  plot = new uPlot({
    width: box.clientWidth - 16, height: Math.max(260, Math.min(380, innerHeight * .45)), bands,
    tzDate: ts => uPlot.tzDate(new Date(ts * 1000), document.documentElement.dataset.zone === "Local" ? undefined : document.documentElement.dataset.zone),
    scales: {x: {time: true, range: (u, a, b) => [a ?? series.from, b ?? series.to]}, dBm: {range: (u, a, b) => [Math.min(a ?? -120, -110) - 2, Math.max(b ?? -60, -70) + 2]}, dB: {range: (u, a, b) => [Math.min(a ?? -20, -20), 0]}},
    axes: [{...axis, values: (u, ts) => ts.map(t => clock(t))}, {...axis, scale: "dBm", size: 56, values: (u, vs) => vs.map(v => v + "")}, {...axis, scale: "dB", side: 1, grid: {show: false}, show: false}],
    series: [{label: words["chart.time"], value: (_, t) => t == null ? "–" : clock(t, true)}, ...lines],
    cursor: {drag: {x: true, y: false}}, hooks: {drawClear: [shade], draw: [over]},
  }, [time, ...data], box);
  box.classList.add("alive");
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
  c.fillRect(x(series.event[0]), top, Math.max(3, x(series.event[1]) - x(series.event[0])), height);
  for (const b of series.blind ?? []) {
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
  const x = t => Math.max(left, Math.min(left + width, u.valToPos(t, "x", true)));
  c.save();
  c.font = `600 ${11 * px}px system-ui, sans-serif`; c.textBaseline = "middle"; c.textAlign = "left";
  for (const r of series.rats ?? []) {
    if (!r.kind) continue;
    const a = x(r.from), w = Math.max(2, x(r.to) - a);
    c.fillStyle = colour("g" + r.kind); c.fillRect(a, top + height - 14 * px, w, 14 * px);
    if (w > 34 * px) { c.fillStyle = colour("card"); c.fillText(r.name, a + 5 * px, top + height - 7 * px); }
  }
  c.fillStyle = colour("high"); c.textAlign = "center";
  for (const r of series.registrations ?? []) {
    const a = x(r.at);
    c.strokeStyle = colour(r.bad ? "high" : "soft"); c.setLineDash(r.bad ? [4 * px, 3 * px] : []);
    c.beginPath(); c.moveTo(a, r.bad ? top : top + height - 22 * px); c.lineTo(a, top + height); c.stroke();
    if (r.bad) c.fillText("×", a, top + 8 * px);
  }
  c.restore();
}

chart();
addEventListener("resize", () => plot?.setSize({width: document.getElementById("chart").clientWidth - 16, height: plot.height}));

// What the sensor has learned of the land, under what happened.
async function places(m) {
  const answer = await fetch(`/api/v1/events/${encodeURIComponent(id)}/places`);
  if (!answer.ok) return;
  const {tiles, cells} = await answer.json(), most = Math.max(1, ...tiles.map(t => t.stays));
  for (const t of tiles) L.polygon(t.corners, {weight: .5, color: colour("sea"), fillOpacity: .05 + .25 * t.stays / most}).bindTooltip(() => el("span", words["map.stays"].replace("%d", t.stays))).addTo(m);
  for (const c of cells) {
    const paint = colour(c.suspect ? "high" : "c2");
    if (c.radius_m) L.circle([c.lat, c.lon], {radius: c.radius_m, weight: 1, dashArray: "3 4", color: paint, fill: false, interactive: false}).addTo(m);
    L.circleMarker([c.lat, c.lon], {radius: 4, weight: 2, color: paint, fillColor: colour("card"), fillOpacity: 1}).bindTooltip(() => el("span", c.name)).addTo(m);
  }
  document.getElementById("mapkey").hidden = !tiles.length && !cells.length;
}

// pictures draws a map of the user's whose tiles are images. The browser decodes them; what is larger than a tile is left out.
function pictures(box) {
  const file = new protomapsL.PmtilesSource(box.dataset.tiles, false).p;
  const show = async (img, {x, y, z}) => {
    const tile = await file.getZxy(z, x, y);
    if (!tile || tile.data.byteLength > 1 << 20) return;
    const url = URL.createObjectURL(new Blob([tile.data], {type: box.dataset.kind}));
    try {
      for (const one of [new Image(), img]) { // the first is never drawn: it tells how large the picture is
        await new Promise((done, fail) => { one.onload = done; one.onerror = fail; one.src = url; });
        if (one.naturalWidth > 1024 || one.naturalHeight > 1024) return;
      }
    } finally { URL.revokeObjectURL(url); }
  };
  return new (L.GridLayer.extend({
    createTile(at, done) {
      const img = document.createElement("img");
      img.alt = "";
      show(img, at).then(() => done(null, img), e => done(e, img));
      return img;
    },
  }))({maxNativeZoom: +box.dataset.zoom, minNativeZoom: +box.dataset.least});
}

async function map() {
  const box = document.getElementById("map");
  if (!box || !window.L) return;
  const m = L.map(box, {preferCanvas: true, zoomControl: true, attributionControl: true, worldCopyJump: true, zoomAnimation: false});
  m.attributionControl.setPrefix(false);
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", words["map.label"]);
  let land, fine = false;
  const draw = async url => {
    const world = await (await fetch(url)).json();
    land?.remove();
    land = L.geoJSON(topojson.feature(world, world.objects.countries), {interactive: false, attribution: "Natural Earth", style: {color: colour("shore"), weight: 1, fillColor: colour("land"), fillOpacity: 1}}).addTo(m);
    land.bringToBack();
  };
  const spots = series.positions.map(p => [p.lat, p.lon]);
  m.fitBounds(L.latLngBounds(spots).pad(.3), {maxZoom: box.dataset.tiles ? 16 : 14});
  if (box.dataset.tiles && window.protomapsL && box.dataset.kind !== "mvt") pictures(box).addTo(m);
  else if (box.dataset.tiles && window.protomapsL) protomapsL.leafletLayer({url: box.dataset.tiles, maxDataZoom: +box.dataset.zoom, flavor: document.documentElement.dataset.theme === "dark" ? "dark" : "light", lang: document.documentElement.lang}).addTo(m);
  else {
    const sharper = () => { if (!fine && m.getZoom() >= 5) { fine = true; draw(box.dataset.fine); } };
    await draw(box.dataset.world);
    m.on("zoomend", sharper); // not for the first view: it is four times the rest of the page
  }
  L.control.scale({imperial: false}).addTo(m);
  await places(m);
  if (spots.length > 1) L.polyline(spots, {color: colour("soft"), weight: 2}).addTo(m);
  const [a, b] = series.event;
  for (const p of series.positions) {
    const during = p.at >= a && p.at <= b;
    if (p.accuracy_m && (during || spots.length === 1)) L.circle([p.lat, p.lon], {radius: p.accuracy_m, weight: 1, color: colour("sea"), fillOpacity: .1, interactive: false}).addTo(m);
    L.circleMarker([p.lat, p.lon], {radius: during ? 6 : 3, weight: 1, color: colour("card"), fillColor: during ? colour("high") : colour("c" + Math.max(on(p.at), 0) % 6), fillOpacity: 1})
      .bindTooltip(() => { const k = on(p.at); return el("span", clock(p.at, true) + (k >= 0 ? " · " + nameOf(k) : "")); }).addTo(m);
  }
}
map();
