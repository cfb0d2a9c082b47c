// Node.js' HTTP clients for the experiments: http(s).request, fetch, http2.
//
// Settings are name=value arguments; "@pause where" goes out, one line comes in to go on.
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import http2 from 'node:http2';
import readline from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const settings = Object.fromEntries(process.argv.slice(2).map((a) => [a.slice(0, a.indexOf('=')), a.slice(a.indexOf('=') + 1)]));
const number = (name) => Number(settings[name] || 0);
const say = (line) => fs.writeSync(1, line + '\n');
const ca = settings.ca ? settings.ca.split(',').map((f) => fs.readFileSync(f)) : undefined;

const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function pause(where) {
  if (!(settings.pause || '').split(',').includes(where)) return;
  say('@pause ' + where);
  if ((await lines.next()).done) process.exit(3);
}

// The line that Node prints for an error that nobody catches, and its causes below it.
function thrown(e) {
  let words = String(e);
  for (let c = e.cause; c; c = c.cause) words += '\n[cause]: ' + String(c);
  const deepest = e.cause ?? e;
  if (typeof deepest.code === 'string' && !words.includes(deepest.code)) words += `\ncode: '${deepest.code}'`;
  say('@words ' + JSON.stringify(words));
  if (deepest.errno < 0) say('@errno ' + -deepest.errno);
}

async function finish(status, body) {
  let total = 0;
  for await (const piece of body) {
    if (total === 0) await pause('body');
    total += piece.length;
  }
  say(`@result ${status} ${total}`);
}

async function* pieces(n) {
  for (let sent = 0; sent < n; sent += 1024) {
    if (sent) await sleep(number('upload-gap'));
    if (sent === 1024) await pause('upload');
    yield Buffer.alloc(Math.min(1024, n - sent));
  }
}

// Neither client has a connect timeout of its own: a signal limits the whole request.
const patience = number('read-timeout') || number('connect-timeout');

const agents = { 'http:': new http.Agent({ keepAlive: true }), 'https:': new https.Agent({ keepAlive: true, ca }) };

async function httpRequest() {
  const u = new URL(settings.url);
  const n = number('upload');
  const options = { agent: agents[u.protocol], method: n ? 'POST' : 'GET', headers: n ? { 'Content-Length': n } : {} };
  if (patience) options.signal = AbortSignal.timeout(patience);
  const req = (u.protocol === 'https:' ? https : http).request(u, options);
  const response = new Promise((resolve, reject) => {
    req.on('response', resolve);
    req.on('error', reject);
  });
  response.catch(() => {});
  if ((settings.pause || '').includes('connected')) {
    await new Promise((resolve, reject) => {
      req.on('error', reject);
      req.on('socket', (s) => s.once(u.protocol === 'https:' ? 'secureConnect' : 'connect', resolve));
    });
    await pause('connected');
  }
  if (n) for await (const piece of pieces(n)) req.write(piece);
  req.end();
  const r = await response;
  await finish(r.statusCode, r);
}

async function fetchRequest() {
  const n = number('upload');
  const options = {};
  if (n) Object.assign(options, { method: 'POST', duplex: 'half', body: pieces(n), headers: { 'Content-Length': String(n) } });
  if (patience) options.signal = AbortSignal.timeout(patience);
  const r = await fetch(settings.url, options);
  await finish(r.status, r.body);
}

async function http2Request() {
  const u = new URL(settings.url);
  const session = http2.connect(u.origin, { ca });
  try {
    await new Promise((resolve, reject) => {
      session.once('connect', resolve);
      session.once('error', reject);
    });
    await pause('connected');
    const stream = session.request({ ':path': u.pathname });
    const failed = new Promise((_, reject) => {
      session.once('error', reject);
      stream.once('error', reject);
    });
    failed.catch(() => {});
    // A stream can end with no error at all: "aborted" and "close" are then its only events.
    const closed = new Promise((resolve) => stream.once('close', () => resolve('closed')));
    const status = await Promise.race([failed, closed, new Promise((resolve) => stream.once('response', (h) => resolve(h[':status'])))]);
    if (status === 'closed') {
      say(`@quiet no error event; stream closed without a response, rstCode ${stream.rstCode}`);
      return;
    }
    let aborted = false;
    stream.once('aborted', () => { aborted = true; });
    let total = 0;
    await Promise.race([failed, (async () => { for await (const piece of stream) total += piece.length; })()]);
    if (aborted) say(`@quiet ${status}, ${total} bytes, no error event; aborted, rstCode ${stream.rstCode}`);
    else say(`@result ${status} ${total}`);
  } finally {
    session.destroy();
  }
}

const run = { http: httpRequest, fetch: fetchRequest, http2: http2Request }[settings.client];
for (let i = 0; i < (number('times') || 1); i++) {
  if (i) await pause('idle');
  try {
    await run();
  } catch (e) {
    thrown(e);
  }
}
await pause('end');
process.exit(0);
