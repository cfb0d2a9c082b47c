"use strict";
// The worker runs the engine. What a program asks of the file system, temporary files alone, is kept in memory here.

const files = new Map(); // by name
const opened = new Map(); // by descriptor
let nextFile = 10;
const textDecoder = new TextDecoder();
let said = "";

function fault(code) {
  const e = new Error(code);
  e.code = code;
  return e;
}

// A stored file is one array that grows.
function room(file, size) {
  if (size <= file.data.length) return;
  const data = new Uint8Array(Math.max(size, 2 * file.data.length, 1 << 16));
  data.set(file.data.subarray(0, file.size));
  file.data = data;
}

function stat(file) {
  return {
    isDirectory: () => !file, dev: 0, ino: 0, mode: file ? 0o100600 : 0o40700, nlink: 1, uid: 0, gid: 0, rdev: 0, size: file ? file.size : 0,
    blksize: 4096, blocks: 0, atimeMs: 0, mtimeMs: 0, ctimeMs: 0,
  };
}

globalThis.fs = {
  constants: { O_WRONLY: 1, O_RDWR: 2, O_CREAT: 64, O_TRUNC: 512, O_APPEND: 1024, O_EXCL: 128, O_DIRECTORY: -1 },
  writeSync(fd, buffer) {
    said = (said + textDecoder.decode(buffer)).slice(-4000); // what the runtime prints before it ends
    return buffer.length;
  },
  open(name, flags, mode, done) {
    let file = files.get(name);
    if (file && flags & 128) return done(fault("EEXIST"));
    if (!file && !(flags & 64)) return done(fault("ENOENT"));
    if (!file) files.set(name, file = { data: new Uint8Array(0), size: 0 });
    if (flags & 512) file.size = 0;
    opened.set(++nextFile, { file, position: 0 });
    done(null, nextFile);
  },
  write(fd, buffer, offset, length, position, done) {
    if (fd < 3) return done(null, this.writeSync(fd, buffer.subarray(offset, offset + length)));
    const o = opened.get(fd), at = position === null ? o.position : position;
    try {
      room(o.file, at + length);
    } catch {
      return done(fault("ENOSPC"));
    }
    o.file.data.set(buffer.subarray(offset, offset + length), at);
    o.file.size = Math.max(o.file.size, at + length);
    if (position === null) o.position = at + length;
    done(null, length);
  },
  read(fd, buffer, offset, length, position, done) {
    const o = opened.get(fd), at = position === null ? o.position : position;
    const part = o.file.data.subarray(Math.min(at, o.file.size), Math.min(at + length, o.file.size));
    buffer.set(part, offset);
    if (position === null) o.position = at + part.length;
    done(null, part.length);
  },
  fstat(fd, done) { const o = opened.get(fd); o ? done(null, stat(o.file)) : done(fault("EBADF")); },
  stat(name, done) { files.has(name) ? done(null, stat(files.get(name))) : name === "/tmp" ? done(null, stat(null)) : done(fault("ENOENT")); },
  lstat(name, done) { this.stat(name, done); },
  close(fd, done) { opened.delete(fd); done(null); },
  unlink(name, done) { files.delete(name) ? done(null) : done(fault("ENOENT")); },
  fsync(fd, done) { done(null); },
  ftruncate(fd, size, done) { const o = opened.get(fd); room(o.file, size); o.file.size = size; done(null); },
};
for (const name of ["chmod", "chown", "fchmod", "fchown", "lchown", "link", "mkdir", "readdir", "readlink", "rename", "rmdir", "symlink", "truncate", "utimes"]) {
  globalThis.fs[name] = (...args) => args[args.length - 1](fault("ENOSYS"));
}

const outOfMemory = "this capture needs more memory than the browser gives a page; use the program instead: rstexplain CAPTURE";

let ready;

// start compiles the engine once.
async function start(wasm) {
  const go = new Go();
  go.env = { TMPDIR: "/tmp" };
  const instance = await WebAssembly.instantiate(wasm, go.importObject); // wasm is a module, already compiled
  go.run(instance).then(() => postMessage({ error: /out of memory|cannot allocate/.test(said) ? outOfMemory : "the engine ended: " + said.slice(0, 500) }));
}

onmessage = async ({ data }) => {
  try {
    if (data.wasm) return void (ready = start(data.wasm));
    await ready;
    const reader = new FileReaderSync();
    const size = data.blob.size, parts = [];
    let block = null, from = 0, told = 0;
    const read = (offset, n) => {
      if (!block || offset < from || offset >= from + block.length) {
        block = new Uint8Array(reader.readAsArrayBuffer(data.blob.slice(offset, offset + (1 << 20))));
        from = offset;
        const now = performance.now();
        if (now - told > 50) postMessage({ id: data.id, read: offset, of: size }), told = now;
      }
      return block.subarray(offset - from, offset - from + n);
    };
    globalThis.rstexplain(data.name, size, read, data.format, (b) => parts.push(b), (error, about) => {
      if (error !== null) postMessage({ id: data.id, error });
      else postMessage({ id: data.id, about, result: new Blob(parts) });
    });
  } catch (e) {
    postMessage({ id: data.id, error: e instanceof RangeError ? outOfMemory : String(e && e.message || e) });
  }
};
