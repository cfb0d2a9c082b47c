// The findings that are not in the page in full, and its filters. All text goes into text nodes.
(() => {
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const form = document.querySelector("form.filters");
if (!form) return;
const words = data.words, step = 50;
const lower = words.map(w => w.toLowerCase());
const count = n => n.toLocaleString("en");

const element = (tag, name, text) => {
  const e = document.createElement(tag);
  if (name) e.className = name;
  if (text !== undefined) e.textContent = text;
  return e;
};
const inFull = new Map();
for (const e of document.querySelectorAll(".finding")) inFull.set(e.id, e);
const idOf = (file, place) => "f" + (file + 1) + "-" + place;
const known = name => /^[a-z-]+$/.test(name) ? name : "";

// A finding is a row of the data.
class Finding {
  constructor(row) {
    [, this.file, this.place, this.time, this.stream, this.originator, this.oport, this.responder, this.rport, this.sender,
      this.cause, this.detail, this.severity, this.sure, this.summary] = row;
    this.numbers = row.slice(15);
    this.id = idOf(this.file, this.place);
    this.full = inFull.get(this.id);
  }
  says() {
    let i = 0;
    return this.numbers.length ? words[this.summary].replaceAll("{}", () => this.numbers[i++]) : words[this.summary];
  }
  where() { return (data.files[this.file].text ? "line " : "frame ") + this.place; }
  ends() {
    const end = (host, port) => (host.includes(":") ? "[" + host + "]" : host) + ":" + port;
    return end(words[this.originator], this.oport) + " → " + end(words[this.responder], this.rport);
  }
  when() {
    const us = data.base + this.time;
    return new Date(Math.floor(us / 1000)).toISOString().slice(0, 19).replace("T", " ") + "." + String(us % 1e6).padStart(6, "0") + " UTC";
  }
  // card makes the short form of a finding.
  card() {
    const card = element("section", "finding"), details = element("details"), summary = element("summary"), tags = element("span", "tags");
    card.id = this.id;
    const cause = words[this.cause], severity = words[this.severity];
    tags.append(element("span", "cause " + known(cause), cause), element("span", "", words[this.detail]), element("span", known(severity), severity),
      element("span", "", this.sure + " % confidence"), element("span", "soft", this.where()), element("span", "mono soft", this.ends()));
    summary.append(tags, element("p", "", this.says()));
    const body = element("div"), filter = element("p");
    body.append(element("p", "soft", "sent by the " + (this.sender ? "responder" : "originator") + " · " + this.when() + " · stream " + this.stream));
    filter.append("In Wireshark: ", element("code", "", "tcp.stream eq " + this.stream));
    body.append(filter);
    const more = element("p", "soft", "Its evidence and packets: ");
    more.append(element("code", "", "rstexplain --frame " + this.place + " " + data.files[this.file].path));
    body.append(more);
    details.append(summary, body);
    card.append(details);
    return card;
  }
}

// An incident is a card with all of its findings.
class Incident {
  constructor(card) {
    this.card = card;
    this.details = card.querySelector("details");
    this.list = card.querySelector(".findings");
    this.omitted = Math.max(+(card.querySelector(".rest")?.dataset.rest || 0), 0);
    this.rest = card.querySelector(".rest") || this.list.after(element("p", "rest")) || card.querySelector(".rest");
    this.text = card.querySelector("summary").textContent.toLowerCase();
    this.rows = [];
    this.made = [];
    this.shown = 0;
    this.details.addEventListener("toggle", () => this.draw());
  }
  // findings are made of the rows when they are needed for the first time.
  get findings() {
    return this.all ||= this.rows.map(row => new Finding(row));
  }
  // further is the number of findings that are not in the page in full.
  get further() {
    return this.rows.length - this.list.querySelectorAll(":scope > .finding").length + this.made.length;
  }
  // draw makes as many short findings as are asked for, those in full aside.
  draw() {
    if (!this.details.open) return;
    const matching = this.matching || this.findings, missing = matching.filter(f => !f.full);
    if (this.drawn !== matching) {
      for (const e of this.made) e.remove();
      this.made = [];
      this.drawn = matching;
      this.shown = Math.max(this.shown, step);
    }
    for (const f of missing.slice(this.made.length, this.shown)) {
      const e = f.card();
      this.made.push(e);
      this.list.append(e);
    }
    const left = missing.length - this.made.length;
    this.rest.replaceChildren();
    this.tell(left, matching === this.all);
    if (left === 0) return;
    const more = element("button", "", "show " + count(Math.min(left, step * 4)) + " more");
    more.type = "button";
    more.addEventListener("click", () => { this.shown = this.made.length + step * 4; this.draw(); });
    this.rest.prepend(more, " of ");
  }
  // tell says how many findings are not shown yet, and how many the page does not have.
  tell(left, unfiltered) {
    const omitted = unfiltered ? this.omitted : 0;
    this.rest.hidden = left + omitted === 0;
    this.rest.append((left > 0 ? count(left) + " further findings" : "") + (omitted > 0 ? (left > 0 ? "; " : "") + count(omitted) + " are not in this page" : ""));
  }
}

const incidents = new Map();
for (const card of document.querySelectorAll("article.incident")) incidents.set(+card.dataset.number, new Incident(card));
for (const row of data.rows) {
  const incident = incidents.get(data.of[row[0]] || row[0]);
  if (incident) incident.rows.push(row);
}

// values returns what the filters ask for.
const values = () => {
  const boxes = name => {
    const all = [...form.querySelectorAll(`input[name=${name}]`)];
    return all.every(b => b.checked) ? null : new Set(all.filter(b => b.checked).map(b => b.value));
  };
  const value = name => form.elements[name] && form.elements[name].value.trim();
  return {severity: boxes("severity"), cause: boxes("cause"), kind: value("kind"), detail: value("detail"), host: value("host"), port: value("port"),
    text: (value("text") || "").toLowerCase()};
};
const matches = (f, v, told) =>
  (!v.severity || v.severity.has(words[f.severity])) && (!v.cause || v.cause.has(words[f.cause])) && (!v.detail || v.detail === words[f.detail]) &&
  (!v.host || words[f.originator].startsWith(v.host) || words[f.responder].startsWith(v.host)) &&
  (!v.port || String(f.oport) === v.port || String(f.rport) === v.port) &&
  (!v.text || told || f.says().toLowerCase().includes(v.text) || f.ends().includes(v.text) || lower[f.detail].includes(v.text));

const none = document.getElementById("none"), output = form.querySelector("output");
const apply = () => {
  const v = values();
  const some = v.severity || v.cause || v.kind || v.detail || v.host || v.port || v.text;
  let shown = 0, found = 0, all = 0;
  for (const i of incidents.values()) {
    const told = v.text && i.text.includes(v.text);
    const inKind = !v.kind || i.card.dataset.kind === v.kind;
    all += i.findings.length;
    i.matching = !inKind ? [] : some ? i.findings.filter(f => matches(f, v, told)) : i.findings;
    for (const f of i.findings) if (f.full) f.full.hidden = some && !i.matching.includes(f);
    i.card.hidden = some && i.matching.length === 0 && !(inKind && i.findings.length === 0 && told);
    if (i.card.hidden) continue;
    shown++;
    found += i.matching.length;
    i.draw();
  }
  none.hidden = shown > 0;
  output.textContent = some ? `${count(shown)} of ${count(incidents.size)} incidents, ${count(found)} of ${count(all)} findings` : "";
};

// reveal opens what a link leads to, and makes it if it is not there yet.
const reveal = () => {
  const id = decodeURIComponent(location.hash.slice(1));
  let e = document.getElementById(id);
  const whole = id.replace(/-[er]\d+$/, "");
  for (const i of e ? [] : incidents.values()) {
    const at = i.rows.findIndex(row => idOf(row[1], row[2]) === whole);
    if (at < 0) continue;
    if (i.matching && !i.matching.includes(i.findings[at])) { form.reset(); apply(); }
    i.shown = Math.max(i.shown, (i.matching || i.findings).filter(f => !f.full).indexOf(i.findings[at]) + 1, step);
    i.details.open = true;
    i.draw();
    e = document.getElementById(whole);
    break;
  }
  if (!e && /^i\d+$/.test(id)) e = document.getElementById("i" + data.of[id.slice(1)]);
  if (!e) return;
  for (let p = e.matches(".incident, .finding") ? e.querySelector("details") : e; p; p = p.parentElement) if (p.matches("details")) p.open = true;
  const card = e.closest(".incident");
  if (card && card.hidden) { form.reset(); apply(); }
  e.scrollIntoView({block: e.matches(".incident, .finding") ? "start" : "center"});
};

form.hidden = form.classList.contains("single");
form.addEventListener("input", apply);
form.addEventListener("submit", event => event.preventDefault());
none.querySelector("button").addEventListener("click", () => { form.reset(); apply(); });
addEventListener("hashchange", reveal);
document.addEventListener("click", event => { // also for a link to where the page is already
  const a = event.target.closest('a[href^="#"]');
  if (a && a.getAttribute("href") === location.hash) reveal();
});
for (const i of incidents.values()) {
  const left = Math.max(i.further, 0);
  i.omitted = Math.max(i.omitted - left, 0);
  i.rest.replaceChildren();
  i.tell(left, true);
  i.draw();
}
if (location.hash) reveal();
})();
