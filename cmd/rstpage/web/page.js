"use strict";
const $ = (id) => document.getElementById(id);
const status = $("status");
let worker, running = 0, last = null, engine;

// The engine is in the page, as compressed text.
async function unpack() {
  const text = $("engine").textContent.trim();
  let bytes;
  if (Uint8Array.fromBase64) bytes = Uint8Array.fromBase64(text);
  else {
    const raw = atob(text);
    bytes = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  }
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return WebAssembly.compile(await new Response(stream).arrayBuffer());
}

// startWorker makes a worker that waits for work.
async function startWorker() {
  engine = engine || unpack();
  const url = URL.createObjectURL(new Blob([$("worker").textContent], { type: "text/javascript" }));
  const w = new Worker(url);
  URL.revokeObjectURL(url);
  w.onmessage = ({ data }) => answered(w, data);
  w.onerror = (e) => failed(e.message || "the engine cannot be started in this browser");
  worker = w;
  const wasm = await engine;
  if (worker === w) w.postMessage({ wasm });
  return w;
}

const waiting = new Map();

function answered(w, data) {
  if (w !== worker) return;
  if (data.read !== undefined) return void ($("progress").value = data.of ? data.read / data.of : 0);
  if (data.error !== undefined) {
    const job = waiting.get(data.id);
    waiting.delete(data.id);
    if (data.id === undefined) stop();
    return failed(data.error, job);
  }
  const job = waiting.get(data.id);
  waiting.delete(data.id);
  if (job) job.then(data);
}

// ask has the worker make one format of a capture.
async function ask(source, format, then) {
  const w = worker || await startWorker();
  await engine;
  const id = ++running;
  waiting.set(id, { then });
  w.postMessage({ id, name: source.name, blob: source.blob, format });
}

const isBusy = () => document.body.hasAttribute("data-busy");

function busy(on, text) {
  if (!on && document.activeElement === $("cancel")) $("file").focus(); // it would be lost with the button
  $("progress").hidden = $("cancel").hidden = !on;
  $("progress").value = 0;
  document.body.toggleAttribute("data-busy", on);
  // A button that is disabled would lose the focus, and with it the place of who uses the keyboard.
  for (const b of document.querySelectorAll("#downloads button, #paste button")) b.setAttribute("aria-disabled", on);
  status.className = "";
  status.textContent = text;
}

function failed(text) {
  busy(false, "");
  status.className = "error";
  status.textContent = text;
}

// stop ends the work: the worker with all its memory.
function stop() {
  if (worker) worker.terminate();
  worker = null;
  waiting.clear();
}

const plural = (n, what) => `${n.toLocaleString("en")} ${what}${n === 1 ? "" : "s"}`;

async function explain(source) {
  stop();
  last = null;
  $("result").hidden = true;
  $("report").srcdoc = "";
  busy(true, `Reading ${source.name} …`);
  const began = performance.now();
  try {
    await ask(source, "html", async ({ about, result }) => {
      const page = await result.text();
      last = { ...source, html: result, text: about.text };
      $("report").srcdoc = page;
      $("result").hidden = false;
      $("pcapng").hidden = about.text;
      busy(false, `${source.name}: ${plural(about.packets, "packet")}, ${plural(about.resets, "reset")}, in ${((performance.now() - began) / 1000).toFixed(1)} s.` +
        (about.partial ? " " + (about.warnings[0] || "It could not be read completely.") : ""));
    });
  } catch (e) {
    failed(String(e && e.message || e));
  }
}

const named = { html: [".html", "text/html"], markdown: [".md", "text/markdown"], json: [".json", "application/json"], pcapng: [".rstexplain.pcapng", "application/octet-stream"] };

function save(blob, name) {
  const a = document.createElement("a");
  a.href = URL.createObjectURL(blob);
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 60_000);
}

function download(format) {
  if (!last || isBusy()) return;
  const [end, type] = named[format];
  const name = last.name.replace(/^.*[\\/]/, "").replace(/[^\w.-]+/g, "_") + end;
  if (format === "html") return save(new Blob([last.html], { type }), name);
  busy(true, `Writing ${name} …`);
  ask(last, format, ({ result }) => {
    save(new Blob([result], { type }), name);
    busy(false, `${name} is written.`);
  });
}

function take(list) {
  if (list.length > 1) return failed("Drop one capture at a time.");
  if (list.length === 1) explain({ name: list[0].name, blob: list[0] });
}

$("file").addEventListener("change", (e) => { take(e.target.files); e.target.value = ""; });
$("paste").addEventListener("submit", (e) => {
  e.preventDefault();
  if (isBusy()) return;
  const text = $("text").value;
  if (text.trim() === "") return failed("There is no text. Paste what tcpdump, tshark or Wireshark printed.");
  explain({ name: "pasted text", blob: new Blob([text]) });
});
$("cancel").addEventListener("click", () => { stop(); busy(false, "Cancelled."); });
for (const format of Object.keys(named)) $(format).addEventListener("click", () => download(format));
addEventListener("dragover", (e) => { e.preventDefault(); document.body.toggleAttribute("data-over", true); });
addEventListener("dragleave", (e) => { if (!e.relatedTarget) document.body.toggleAttribute("data-over", false); });
addEventListener("drop", (e) => {
  e.preventDefault();
  document.body.toggleAttribute("data-over", false);
  const text = e.dataTransfer.getData("text/plain");
  if (e.dataTransfer.files.length > 0) take(e.dataTransfer.files);
  else if (text) { $("text").value = text; explain({ name: "pasted text", blob: new Blob([text]) }); }
});
addEventListener("paste", (e) => {
  if (e.target instanceof HTMLTextAreaElement) return;
  if (e.clipboardData.files.length > 0) return take(e.clipboardData.files);
  const text = e.clipboardData.getData("text/plain");
  if (text) { $("text").value = text; explain({ name: "pasted text", blob: new Blob([text]) }); }
});
startWorker().then(() => { document.body.toggleAttribute("data-ready", true); }, (e) => failed("This browser cannot run the engine: " + e.message));
