// What the page holds, as arrays: times are nanoseconds since its begin.
var RUN = 0, WAIT = 1, PREEMPTED = 2, IO = 3, BLOCKED = 4, UNKNOWN = 5;
var STATES = ['running', 'waiting for a CPU', 'preempted', 'blocked: I/O or not to be interrupted', 'blocked', 'not known'];
var S_PREEMPTED = 1, S_IO = 2, S_INTERRUPT = 4, S_OPEN = 8, S_GAP = 16, S_LEFT = 32, S_WOKEN = 64;
var C_FAILED = 1, C_SPLIT = 2, C_WAKER = 4, C_UNFINISHED = 8, C_COARSE = 16, C_NO_ENTRY = 32;
var PARTS = ['queued', 'preempted', 'blocked', 'io', 'uninterruptible', 'stopped', 'throttled', 'longest', 'waits', 'preemptions', 'minor', 'major'];
var data = JSON.parse(document.getElementById('data').textContent), texts = data.texts, wallBegin = BigInt(data.wall), END = Math.max(1, data.end);

function bytesOf(base64) {
  var binary = atob(base64), bytes = new Uint8Array(binary.length);
  for (var i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
function reader(bytes) {
  var at = 0;
  return {
    byte: function () { return bytes[at++]; },
    number: function () {
      var value = 0, scale = 1, one;
      do { one = bytes[at++]; value += (one & 127) * scale; scale *= 128; } while (one > 127);
      return value;
    },
    at: function () { return at; },
    from: function (where) { at = where; return this; }
  };
}
function readSpans(t, bytes) {
  var n = t.n, r = reader(bytes), now = t.spanBegin;
  t.left = new Float64Array(n); t.woken = new Float64Array(n); t.time = new Float64Array(n);
  t.flags = new Uint8Array(n); t.cpu = new Uint16Array(n); t.state = new Uint32Array(n); t.waker = new Int32Array(n);
  t.sums = [];
  for (var s = 0; s < 5; s++) t.sums.push(new Float64Array(n + 1));
  for (var i = 0; i < n; i++) {
    var flags = t.flags[i] = r.byte();
    if (flags & S_LEFT) now += r.number();
    var left = now;
    if (flags & S_WOKEN) now += r.number();
    var woken = flags & S_WOKEN ? now : -1;
    now += r.number();
    // What was not seen has no length.
    t.left[i] = flags & S_LEFT ? left : woken >= 0 ? woken : now;
    t.woken[i] = woken >= 0 ? woken : now;
    t.time[i] = now;
    t.cpu[i] = r.number(); t.state[i] = r.number(); t.waker[i] = r.number() - 1;
    for (s = 0; s < 5; s++) t.sums[s][i + 1] = t.sums[s][i];
    if (runsBefore(t, i)) t.sums[RUN][i + 1] += t.left[i] - t.time[i - 1];
    t.sums[offState(t, i)][i + 1] += t.woken[i] - t.left[i];
    t.sums[WAIT][i + 1] += t.time[i] - t.woken[i];
  }
}
// Whether it ran from the span before to this one, as far as that is known.
function runsBefore(t, i) { return i > 0 && (t.flags[i] & (S_LEFT | S_GAP)) === S_LEFT && !(t.flags[i - 1] & S_OPEN); }
function offState(t, i) { return t.flags[i] & S_PREEMPTED ? PREEMPTED : t.flags[i] & S_IO || t.state[i] & 2 ? IO : BLOCKED; }
function runsAfter(t) { return t.n > 0 && !(t.flags[t.n - 1] & S_OPEN); }

function readCalls(t, bytes) {
  var m = t.m, r = reader(bytes), now = t.callBegin;
  t.bytes = bytes;
  t.begin = new Float64Array(m); t.end = new Float64Array(m); t.spent = new Float64Array(m + 1); t.errors = new Uint32Array(m + 1);
  t.call = new Int32Array(m); t.text = new Int32Array(m); t.callFlags = new Uint8Array(m); t.error = new Uint16Array(m); t.extra = new Int32Array(m);
  for (var i = 0; i < m; i++) {
    var flags = t.callFlags[i] = r.byte();
    t.begin[i] = now += r.number();
    t.end[i] = now += r.number();
    t.call[i] = r.number(); t.text[i] = r.number() - 1;
    if (flags & C_FAILED) t.error[i] = r.number();
    t.extra[i] = r.at();
    var skip = (flags & C_SPLIT ? PARTS.length : 0) + (flags & C_WAKER ? 3 : 0);
    while (skip-- > 0) r.number();
    t.spent[i + 1] = t.spent[i] + t.end[i] - t.begin[i];
    t.errors[i + 1] = t.errors[i] + (flags & C_FAILED ? 1 : 0);
  }
}
function callText(t, i) { return texts[t.text[i] >= 0 ? t.text[i] : t.call[i]]; }
function errorName(t, i) { return t.callFlags[i] & C_FAILED ? data.errors[t.error[i]] || 'error ' + t.error[i] : ''; }
function extrasOf(t, i) {
  var r = reader(t.bytes).from(t.extra[i]), result = {};
  if (t.callFlags[i] & C_SPLIT) { result.split = {}; PARTS.forEach(function (part) { result.split[part] = r.number(); }); }
  if (t.callFlags[i] & C_WAKER) result.waker = { name: texts[r.number()], tid: r.number(), longest: r.number() };
  return result;
}

var threads = data.threads.map(function (row, index) {
  var t = { index: index, tid: row[0], tgid: row[1], name: row[2] >= 0 ? texts[row[2]] : '?', dead: row[3], n: row[4], spanBegin: row[5], m: row[7], callBegin: row[8], marks: [] };
  readSpans(t, bytesOf(row[6])); readCalls(t, bytesOf(row[9]));
  row.length = 0;
  return t;
});
for (var k = 0; k < data.marks.length; k += 4) threads[data.marks[k + 1]].marks.push({ kind: data.marks[k], time: data.marks[k + 2], text: texts[data.marks[k + 3]] });
var processes = [], byTgid = new Map();
threads.forEach(function (t) {
  var p = byTgid.get(t.tgid);
  if (!p) {
    byTgid.set(t.tgid, p = { tgid: t.tgid, name: t.name, threads: [], open: true });
    processes.push(p);
  }
  if (t.tid === t.tgid) p.name = t.name;
  p.threads.push(t);
});
processes.sort(function (a, b) { return a.tgid - b.tgid; });
processes.forEach(function (p) { p.threads.sort(function (a, b) { return a.tid - b.tid; }); });

// The first whose value is greater.
function above(array, value, low) {
  low = low || 0;
  var high = array.length;
  while (low < high) { var middle = low + high >>> 1; if (array[middle] > value) high = middle; else low = middle + 1; }
  return low;
}
function lastOf(t) { return t.dead > 0 ? t.dead : END; }
// What it is in at a time, and up to when; i: the first span that ends later.
var segment = { state: UNKNOWN, from: 0, until: 0, span: -1 };
function segmentAt(t, i, time) {
  var s = segment, before = i > 0 ? t.time[i - 1] : -Infinity;
  s.span = i;
  if (i >= t.n) { s.from = before; s.until = runsAfter(t) ? lastOf(t) : Infinity; s.state = runsAfter(t) && time < s.until ? RUN : UNKNOWN; if (time >= s.until) s.until = Infinity; return s; }
  if (time < t.left[i]) { s.from = before; s.until = t.left[i]; s.state = runsBefore(t, i) ? RUN : UNKNOWN; }
  else if (time < t.woken[i]) { s.from = t.left[i]; s.until = t.woken[i]; s.state = offState(t, i); }
  else { s.from = t.woken[i]; s.until = t.time[i]; s.state = WAIT; }
  return s;
}
// Nanoseconds in each state up to a time.
function sumsAt(t, i, time, to) {
  for (var s = 0; s < 5; s++) to[s] = t.sums[s][Math.min(i, t.n)];
  if (i >= t.n) { if (runsAfter(t)) to[RUN] += Math.max(0, Math.min(time, lastOf(t)) - t.time[t.n - 1]); return; }
  if (runsBefore(t, i)) to[RUN] += Math.max(0, Math.min(time, t.left[i]) - t.time[i - 1]);
  to[offState(t, i)] += Math.max(0, Math.min(time, t.woken[i]) - t.left[i]);
  to[WAIT] += Math.max(0, time - t.woken[i]);
}
var cpus = null;
// What ran on each CPU, when that is asked for.
function cpuRows() {
  if (cpus) return cpus;
  var lists = [];
  threads.forEach(function (t) {
    for (var i = 0; i < t.n; i++) {
      if (t.flags[i] & S_OPEN) continue;
      var next = i + 1 < t.n, until = !next ? lastOf(t) : runsBefore(t, i + 1) ? t.left[i + 1] : t.time[i];
      if (until > t.time[i]) (lists[t.cpu[i]] = lists[t.cpu[i]] || []).push(t.time[i], until, t.index);
    }
  });
  cpus = [];
  lists.forEach(function (list, cpu) {
    var n = list.length / 3, order = new Uint32Array(n), c = { cpu: cpu, n: n, from: new Float64Array(n), until: new Float64Array(n), thread: new Uint32Array(n), busy: new Float64Array(n + 1) };
    for (var i = 0; i < n; i++) order[i] = i;
    order.sort(function (a, b) { return list[3 * a] - list[3 * b]; });
    var last = 0;
    for (i = 0; i < n; i++) {
      var at = 3 * order[i];
      c.from[i] = Math.max(last, list[at]); c.until[i] = last = Math.max(c.from[i], list[at + 1]); c.thread[i] = list[at + 2];
      c.busy[i + 1] = c.busy[i] + c.until[i] - c.from[i];
    }
    cpus.push(c);
  });
  return cpus;
}
// How many threads ran, in a picture of all of the time.
function overview(columns) {
  var run = new Float64Array(columns), wait = new Float64Array(columns), width = END / columns;
  function add(to, from, until) {
    var a = Math.max(0, Math.floor(from / width)), b = Math.min(columns - 1, Math.floor(until / width));
    for (var x = a; x <= b; x++) to[x] += Math.max(0, Math.min(until, (x + 1) * width) - Math.max(from, x * width)) / width;
  }
  threads.forEach(function (t) {
    for (var i = 0; i < t.n; i++) {
      if (runsBefore(t, i)) add(run, t.time[i - 1], t.left[i]);
      if (t.time[i] > t.woken[i]) add(wait, t.woken[i], t.time[i]);
      if (t.flags[i] & S_PREEMPTED) add(wait, t.left[i], t.woken[i]);
    }
    if (runsAfter(t)) add(run, t.time[t.n - 1], lastOf(t));
    if (!data.spans) for (i = 0; i < t.m; i++) add(run, t.begin[i], t.end[i]);
  });
  return { run: run, wait: wait };
}
