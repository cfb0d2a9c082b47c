// Node.js' http as the server of the experiments: /wait answers late, /drip piece by piece, /up reads a
// body. It tells the errors that its events carry.
import fs from 'node:fs';
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const settings = Object.fromEntries(process.argv.slice(2).map((a) => [a.slice(0, a.indexOf('=')), a.slice(a.indexOf('=') + 1)]));
const say = (line) => fs.writeSync(1, line + '\n');

function thrown(where, e) {
  let words = `${where}: ${e}`;
  if (e.code && !words.includes(e.code)) words += `\ncode: '${e.code}'`;
  say('@words ' + JSON.stringify(words));
  if (e.errno < 0) say('@errno ' + -e.errno);
}

const server = http.createServer(async (req, res) => {
  let told = false;
  req.on('error', (e) => { told = true; thrown("req 'error'", e); });
  res.on('error', (e) => { told = true; thrown("res 'error'", e); });
  res.on('close', () => {
    if (!res.writableFinished && !told) say("@quiet res 'close' before 'finish', no error");
  });
  if (req.url === '/up') {
    req.resume();
    req.on('end', () => res.end());
    return;
  }
  if (req.url === '/wait') {
    await sleep(600);
    res.end('0123456789abcdef'.repeat(32));
    return;
  }
  res.writeHead(200, { 'Content-Length': 100000 });
  const slow = req.url === '/slow';
  for (let i = 0; i < (slow ? 5 : 40); i++) {
    res.write('0123456789abcdef'.repeat(32));
    await sleep(slow ? 300 : 30);
  }
});
server.on('clientError', (e, socket) => { thrown("server 'clientError'", e); socket.destroy(); });
const [host, port] = settings.listen.split(':');
server.listen(Number(port), host, () => say('@listening'));
process.stdin.on('end', () => process.exit(0)).resume();
