// The map of an event, or of a cell. Without scripts the page has a drawing.

const words = JSON.parse(document.body.dataset.words), box = document.getElementById("map");
const read = name => JSON.parse(document.getElementById(name)?.textContent ?? "null");
const series = read("series"), towns = read("towns") ?? [], ways = series.suspect_ways ?? [], spots = series.positions;
const colour = name => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
const el = text => { const e = document.createElement("span"); e.textContent = text; return e; };
const run = t => { let f; for (const r of series.cells) { if (r.from > t) break; if (t <= r.to) f = r; } return f; };
const clock = t => { const z = document.documentElement.dataset.zone; return new Date(t * 1000).toLocaleString("en-GB", {hour12: false, ...(z === "Local" ? {} : {timeZone: z}), month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit"}); };

// What the sensor has learned of the land, under what happened.
async function places(m, id) {
  const answer = await fetch(`/api/v1/events/${encodeURIComponent(id)}/places`);
  if (!answer.ok) return;
  const {tiles, cells} = await answer.json(), most = Math.max(1, ...tiles.map(t => t.stays));
  for (const t of tiles) L.polygon(t.corners, {weight: .5, color: colour("sea"), fillOpacity: .05 + .25 * t.stays / most}).bindTooltip(() => el(words["map.stays"].replace("%d", t.stays))).addTo(m);
  for (const c of cells) {
    const paint = colour(c.suspect ? "high" : "c2");
    if (c.radius_m) L.circle([c.lat, c.lon], {radius: c.radius_m, weight: 1, dashArray: "3 4", color: paint, fill: false, interactive: false}).addTo(m);
    L.circleMarker([c.lat, c.lon], {radius: 4, weight: 2, color: paint, fillColor: colour("card"), fillOpacity: 1}).bindTooltip(() => el(c.name)).addTo(m);
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


// way draws a stretch along which a suspect was heard. Only its ends are known to have been outside of it.
function way(m, w, n) {
  const line = w.positions.map(p => [p.lat, p.lon]), says = () => el(w.name + " · " + clock(w.from) + (w.level_dbm == null ? "" : " · " + w.level_dbm + " dBm"));
  const paint = colour("suspect");
  if (line.length > 1 && !w.neighbour) L.polyline(line, {color: paint, weight: 6, dashArray: [null, "14 7", "4 6", "16 5 4 5"][n % 4], className: "suspect-way"}).bindTooltip(says).addTo(m);
  for (const p of w.positions) {
    if (p.accuracy_m) L.circle([p.lat, p.lon], {radius: p.accuracy_m, weight: 1, color: colour("sea"), fillOpacity: .08, interactive: false}).addTo(m);
    L.circleMarker([p.lat, p.lon], {radius: 5, weight: 1, color: colour("card"), fillColor: paint, fillOpacity: 1}).bindTooltip(says).addTo(m);
  }
}

async function draw() {
  if (!box || !window.L || !spots.length) return;
  box.replaceChildren(); // what is for readers without scripts
  const m = L.map(box, {preferCanvas: true, zoomControl: true, attributionControl: true, worldCopyJump: true, zoomAnimation: false});
  m.attributionControl.setPrefix(false);
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", words["map.label"]);
  let land, fine = false;
  const coast = async url => {
    const world = await (await fetch(url)).json();
    land?.remove();
    land = L.geoJSON(topojson.feature(world, world.objects.countries), {interactive: false, attribution: "Natural Earth", style: {color: colour("shore"), weight: 1, fillColor: colour("land"), fillOpacity: 1}}).addTo(m);
    land.bringToBack();
  };
  const about = ways.length ? ways.flatMap(w => w.positions) : spots;
  m.fitBounds(L.latLngBounds(about.map(p => [p.lat, p.lon])).pad(.6), {maxZoom: box.dataset.tiles ? 16 : 15});
  if (box.dataset.tiles && window.protomapsL && box.dataset.kind !== "mvt") pictures(box).addTo(m);
  else if (box.dataset.tiles && window.protomapsL) protomapsL.leafletLayer({url: box.dataset.tiles, maxDataZoom: +box.dataset.zoom, flavor: document.documentElement.dataset.theme === "dark" ? "dark" : "light", lang: document.documentElement.lang}).addTo(m);
  else {
    const sharper = () => { if (!fine && m.getZoom() >= 5) { fine = true; coast(box.dataset.fine); } };
    await coast(box.dataset.world);
    m.on("zoomend", sharper); // not for the first view: it is four times the rest of the page
  }
  L.control.scale({imperial: false}).addTo(m);
  const id = document.querySelector("article.event")?.dataset.id;
  if (id) await places(m, id);
  for (const t of towns) L.circleMarker([t.lat, t.lon], {radius: 2, weight: 1, color: colour("ink"), fillOpacity: 1}).bindTooltip(() => el(t.name), {permanent: true, direction: "right", className: "town"}).addTo(m);
  if (spots.length > 1 && id) L.polyline(spots.map(p => [p.lat, p.lon]), {color: colour("other"), weight: 2}).addTo(m);
  for (const p of spots) {
    const r = run(p.at), level = p.level_dbm ?? null;
    const strength = level === null ? .3 : Math.max(.15, Math.min(1, (level + 125) / 65)); // of a cell: the stronger, the darker
    L.circleMarker([p.lat, p.lon], {radius: id ? 3 : 6, weight: 1, color: colour("card"), fillColor: id ? colour("other") : colour("sea"), fillOpacity: id ? 1 : strength})
      .bindTooltip(() => el(clock(p.at) + (id && r?.name ? " · " + r.name : "") + (level === null ? "" : " · " + level + " dBm"))).addTo(m);
    if (p.accuracy_m && spots.length === 1) L.circle([p.lat, p.lon], {radius: p.accuracy_m, weight: 1, color: colour("sea"), fillOpacity: .1, interactive: false}).addTo(m);
  }
  ways.forEach((w, n) => way(m, w, n));
}
draw();
