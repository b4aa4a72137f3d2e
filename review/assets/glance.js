// The page for a phone, with scripts on: it stays up to date by itself, says when the kit is out of reach, vibrates or
// sounds if it was told to, and may tell where the phone is. Without scripts it is loaded again every few seconds.
// It needs no secure context: no service worker, no installing, no clipboard.

const root = document.documentElement, main = document.getElementById("main"), lost = document.getElementById("lost");
const $ = id => document.getElementById(id);

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && root.dataset.zone !== zone) document.cookie = ("discreet" in root.dataset ? "zone=" : "vigie-zone=") + encodeURIComponent(zone) + "; path=/; max-age=31536000; samesite=strict";

// Contact: the kit says something every two seconds.
let heard = Date.now(), asking = false;
const level = () => $("state")?.dataset.level;
async function refresh() {
  if (asking) return;
  asking = true;
  try {
    const answer = await fetch("/glance?part=1", {cache: "no-store", redirect: "error"});
    if (!answer.ok) throw new Error(answer.status);
    const before = level(), open = main.querySelector("details[open]");
    main.innerHTML = await answer.text(); // from our own server, which escapes it
    if (open) main.querySelector("details")?.setAttribute("open", "");
    contact();
    if (level() !== before) call(level());
  } catch { /* the clock below says it */ } finally { asking = false; }
}
function contact() { heard = Date.now(); lost.hidden = true; }
const stream = new EventSource("/glance/live");
stream.onmessage = refresh;
stream.onerror = () => { if (stream.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 5000); };
setInterval(() => {
  if (Date.now() - heard < 7000) return;
  if (lost.hidden) lost.querySelector("span").textContent = new Date(heard).toLocaleTimeString([], {hourCycle: "h23"});
  lost.hidden = false;
}, 1000);

// Vibrating and sound, by choice; browsers allow both only after a touch.
const wants = {};
let audio;
function choose(id, possible) {
  const b = $(id);
  if (!b || !possible) return;
  b.hidden = false;
  b.onclick = () => {
    wants[id] = !wants[id];
    b.setAttribute("aria-pressed", wants[id]);
    if (id === "sound" && wants[id]) { audio ??= new AudioContext(); audio.resume(); }
    if (wants[id]) call("odd", id);
  };
}
choose("buzz", "vibrate" in navigator);
choose("sound", "AudioContext" in window);
function call(to, only) {
  if (to === "quiet" || "discreet" in root.dataset) return;
  if (wants.buzz && only !== "sound") navigator.vibrate(to === "alarm" ? [400, 150, 400, 150, 400] : [250]);
  if (!wants.sound || only === "buzz") return;
  for (let i = 0; i < (to === "alarm" ? 3 : 1); i++) {
    const tone = audio.createOscillator(), gain = audio.createGain(), at = audio.currentTime + i * .5;
    tone.frequency.value = to === "alarm" ? 880 : 440;
    gain.gain.value = .3;
    tone.connect(gain).connect(audio.destination);
    tone.start(at);
    tone.stop(at + .3);
  }
}

// Position, where the browser gives one at all: most do not without a certificate that they trust.
const place = $("place");
if (place) {
  place.hidden = false;
  const no = () => { place.textContent = place.dataset.no; place.disabled = true; };
  if (!isSecureContext || !navigator.geolocation) no();
  let told = 0;
  place.onclick = () => navigator.geolocation.watchPosition(({coords: c}) => {
    place.textContent = place.dataset.yes;
    if (Date.now() - told < 2000) return;
    told = Date.now();
    fetch("/glance/position", {method: "POST", headers: {"Content-Type": "application/json"},
      body: JSON.stringify({lat: c.latitude, lon: c.longitude, accuracy: c.accuracy, ...(c.speed === null ? {} : {speed: c.speed})})}).catch(() => {});
  }, no, {enableHighAccuracy: true, maximumAge: 2000});
}

// Panic: hold for two seconds, by finger, mouse or key. Without scripts the link leads to a form.
const panic = $("panic");
if (panic) {
  let timer;
  const begin = e => {
    if (e.type === "keydown" && (e.key !== " " && e.key !== "Enter" || e.repeat)) return;
    e.preventDefault();
    panic.classList.add("held");
    clearTimeout(timer);
    timer = setTimeout(async () => {
      panic.textContent = "…";
      try {
        const answer = await fetch("/glance/panic", {method: "POST", headers: {"Content-Type": "application/x-www-form-urlencoded"}, body: "sure=yes"});
        stream.close();
        document.body.textContent = await answer.text();
      } catch { lost.hidden = false; }
    }, 2000);
  };
  const end = () => { clearTimeout(timer); panic.classList.remove("held"); };
  panic.onpointerdown = panic.onkeydown = begin;
  panic.onpointerup = panic.onpointerleave = panic.onpointercancel = panic.onkeyup = panic.onblur = end;
  panic.onclick = panic.oncontextmenu = e => e.preventDefault();
}
