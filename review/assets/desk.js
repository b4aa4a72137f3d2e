// What every page does with scripts on: the reader's zone, keys, verdicts without leaving the list, live updates.
// Without scripts every one of these has a form or a link that does the same.

const root = document.documentElement, list = document.getElementById("list"), toast = document.getElementById("toast");
const words = JSON.parse(document.body.dataset.words);
const judging = "judge" in document.body.dataset;
root.classList.add("script");

// Times are written by the server; it learns the reader's zone once.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && root.dataset.zone !== zone) {
  const cookie = "plain" in root.dataset ? "zone=" : "vigie-zone="; // a discreet kit leaves no name here
  document.cookie = cookie + encodeURIComponent(zone) + "; path=/; max-age=31536000; samesite=strict";
  const told = sessionStorage.getItem("zone-told");
  sessionStorage.setItem("zone-told", zone);
  if (told !== zone && document.cookie.includes(cookie)) location.reload();
}

// What is folded away for the small screen of a phone is open on a large one. The server can only guess which one it is.
for (const d of document.querySelectorAll("details.part")) d.open = matchMedia("(min-width: 44.01rem)").matches;
document.querySelector('.reach a')?.addEventListener("click", () => { document.getElementById("reasons").open = true; });

let fading;
function show(text, undo) {
  toast.replaceChildren(text);
  if (undo) {
    const b = document.createElement("button");
    b.textContent = words["toast.undo"];
    b.onclick = undo;
    toast.append(b);
  }
  toast.classList.add("on");
  clearTimeout(fading);
  fading = setTimeout(() => toast.classList.remove("on"), 8000);
}

async function post(path, body) {
  const answer = await fetch(path, {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(body)});
  if (!answer.ok) throw new Error(answer.status);
  return answer.json();
}

const field = name => document.querySelector(`[name="${name}"]`)?.value ?? "";
let last = [];

async function judge(events, judgement) {
  if (!judging || !events.length) return;
  try {
    const {done} = await post("/api/v1/verdicts", {events, judgement, reason: field("reason"), author: field("author")});
    last = done;
    const one = document.querySelector("article.event");
    if (one) { location.reload(); return; }
    mark(done, judgement);
    show(words["toast.done"] + " " + words["verdict." + judgement] + (done.length > 1 ? " ×" + done.length : ""), undo);
  } catch { show(words["toast.failed"]); }
}

async function undo() {
  if (!judging || !last.length) return;
  try {
    await post("/api/v1/verdicts/undo", {events: last, author: field("author")});
    last = [];
    show(words["toast.undone"]);
    if (list) refresh(); else location.reload();
  } catch { show(words["toast.failed"]); }
}

// A decided event stays where it is until the list is asked for again: nothing moves under the reader's hand.
function mark(ids, judgement) {
  for (const li of document.querySelectorAll(".entry")) {
    if (!ids.includes(li.dataset.id)) continue;
    li.classList.add("judged");
    const v = document.createElement("span");
    v.className = "verdict " + judgement;
    v.textContent = words["verdict." + judgement];
    li.querySelector(".state").replaceChildren(v);
    const box = li.querySelector('input[type="checkbox"]');
    if (box) box.checked = false;
  }
  for (const b of boxes()) if (ids.includes(b.value)) b.checked = false; // those that are folded away too
  picked();
}

// The list: where the reader is, and what is picked.
let at = null;
const entries = () => [...document.querySelectorAll(".entry")];
function go(step) {
  const all = entries();
  if (!all.length) return;
  const i = all.findIndex(li => li.dataset.id === at);
  const li = all[Math.max(0, Math.min(all.length - 1, i < 0 ? (step > 0 ? 0 : all.length - 1) : i + step))];
  place(li.dataset.id);
  li.querySelector(".sum").focus({preventScroll: true});
  li.scrollIntoView({block: "nearest"});
}
function place(id) {
  at = id;
  for (const li of entries()) li.classList.toggle("at", li.dataset.id === id);
}
const boxes = () => [...document.querySelectorAll('.pick input')];
function picked() {
  const some = boxes().filter(b => b.checked).map(b => b.value);
  document.querySelector(".bulk")?.classList.toggle("some", some.length > 0);
  return some;
}
const chosen = () => { const some = picked(); return some.length ? some : at ? [at] : []; };

document.addEventListener("change", e => {
  if (e.target.id === "check-all") { for (const b of boxes()) b.checked = e.target.checked; }
  if (e.target.id === "keys-off") localStorage.setItem("keys-off", e.target.checked ? "1" : "");
  picked();
});
document.addEventListener("focusin", e => { const li = e.target.closest?.(".entry"); if (li) place(li.dataset.id); });
document.addEventListener("submit", e => {
  if (e.target.id !== "bulk" || e.submitter?.name !== "judgement") return; // what is put into a case goes to a page
  e.preventDefault();
  judge(picked(), e.submitter?.value);
});

const help = document.getElementById("keys");
function wireHelp() {
  const b = document.getElementById("keys-show");
  if (b && help) { b.hidden = false; b.onclick = () => help.showModal(); }
}
wireHelp();
const off = document.getElementById("keys-off");
if (off) off.checked = !!localStorage.getItem("keys-off");

const verdictKeys = {e: "benign", s: "suspicious", u: "unsure"};
document.addEventListener("keydown", e => {
  if (e.ctrlKey || e.metaKey || e.altKey || localStorage.getItem("keys-off") || help?.open) return;
  if (/^(input|textarea|select)$/i.test(e.target.tagName) && e.target.type !== "checkbox") return;
  const one = document.querySelector("article.event");
  if (e.key in verdictKeys && judging) { e.preventDefault(); judge(one ? [one.dataset.id] : chosen(), verdictKeys[e.key]); return; }
  switch (e.key) {
    case "j": if (one) document.querySelector('[rel="next"]')?.click(); else go(1); break;
    case "k": if (one) document.querySelector('[rel="prev"]')?.click(); else go(-1); break;
    case "x": { const b = boxes().find(b => b.value === at); if (b) { b.checked = !b.checked; picked(); } break; }
    case "z": if (judging) { if (one && !last.length) last = [one.dataset.id]; undo(); } break;
    case "Enter": { if (e.target.closest("a,button,summary,input")) return; const li = entries().find(li => li.dataset.id === at); if (!li) return; li.querySelector(".sum").click(); break; }
    case "?": help?.showModal(); break;
    default: return;
  }
  e.preventDefault();
});

// Live: the server says that something changed, and the list is asked for again, unless the reader is in the middle of
// something.
async function refresh() {
  const url = new URL(location.href);
  url.searchParams.set("part", "list");
  const answer = await fetch(url);
  if (!answer.ok || !answer.headers.get("Content-Type")?.startsWith("text/html")) return;
  const fresh = await answer.text();
  if (list.matches(":active")) { show(words["toast.new"], refresh); return; } // a click is under way: what is pressed stays where it is
  const kept = {reason: field("reason"), author: field("author")};
  const focused = document.activeElement?.closest?.(".entry")?.dataset.id;
  const unfolded = [...document.querySelectorAll(".also[open]")].map(d => d.closest(".entry").dataset.id);
  list.innerHTML = fresh;
  for (const li of entries()) if (unfolded.includes(li.dataset.id)) li.querySelector(".also")?.setAttribute("open", "");
  for (const k in kept) { const f = document.querySelector(`#bulk [name="${k}"]`); if (f && kept[k]) f.value = kept[k]; }
  wireHelp();
  if (at) place(at);
  if (focused) entries().find(li => li.dataset.id === focused)?.querySelector(".sum").focus({preventScroll: true});
}
if (list && "EventSource" in window) {
  const live = new EventSource("/live");
  live.addEventListener("changed", () => { if (picked().length || document.getElementById("bulk")?.contains(document.activeElement) && document.activeElement.matches("input")) show(words["toast.new"], refresh); else refresh(); });
  addEventListener("pagehide", () => live.close());
}
