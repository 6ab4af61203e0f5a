// The picture: rows of threads or CPUs under an axis. All is drawn by columns of pixels, so that a million spans cost no more than a screen.
var canvas = document.getElementById('picture'), pen = canvas.getContext('2d'), place = document.getElementById('place');
var LEFT = 230, OVERVIEW = 34, AXIS = 26, HEAD = OVERVIEW + AXIS, PROCESS = 22, LANE = 14, GAP = 7, CPU_ROW = 24, BAR = 10;
var WAIT_ORDER = [RUN, WAIT, PREEMPTED, IO, BLOCKED];
var view = { from: 0, until: END, top: 0, cpu: false }, chosen = null, hot = null, drag = null, found = null;
var width = 0, height = 0, rows = [], total = 0, colors = {}, fills = [], load = null, scheduled = false;

function theme() {
  var style = getComputedStyle(document.documentElement);
  ['ink', 'soft', 'rule', 'page', 'band', 'on', 'bad', 'run', 'wait', 'preempted', 'blocked', 'io', 'call', 'failed', 'stripe', 'select', 'found'].forEach(function (name) {
    colors[name] = style.getPropertyValue('--' + name).trim();
  });
  var plain = [colors.run, colors.wait, colors.preempted, colors.io, colors.blocked, 'transparent'];
  fills = plain.map(function (color, state) { return { plain: color, pattern: pattern(color, state) }; });
  legend();
}
// Told apart without colour too: stripes wait, crosses were preempted, dots wait for a device; what sleeps is low.
function pattern(color, state) {
  if (state !== WAIT && state !== PREEMPTED && state !== IO) return color;
  var tile = document.createElement('canvas'), to = tile.getContext('2d');
  tile.width = tile.height = 6;
  to.fillStyle = color; to.fillRect(0, 0, 6, 6);
  to.strokeStyle = to.fillStyle = colors.stripe; to.lineWidth = 1.2;
  to.beginPath();
  if (state === IO) to.rect(1, 1, 1.6, 1.6), to.rect(4, 4, 1.6, 1.6), to.fill();
  else {
    for (var d = -6; d <= 6; d += 6) { to.moveTo(d - 1, 7); to.lineTo(d + 7, -1); if (state === PREEMPTED) { to.moveTo(d - 1, -1); to.lineTo(d + 7, 7); } }
    to.stroke();
  }
  return pen.createPattern(tile, 'repeat');
}
function lane(state) { return state === BLOCKED ? 0.3 : state === IO ? 0.55 : 1; }
function legend() {
  var box = document.getElementById('legend');
  box.textContent = '';
  if (!data.spans) return;
  for (var state = 0; state < 5; state++) {
    var item = document.createElement('span'), swatch = document.createElement('canvas'), to = swatch.getContext('2d');
    swatch.width = 44; swatch.height = 24; to.scale(2, 2);
    to.fillStyle = fills[state].pattern; to.fillRect(0, 12 - 12 * lane(state), 22, 12 * lane(state));
    item.append(swatch, STATES[state]);
    box.append(item);
  }
}
function layout() {
  rows = []; total = 0;
  function add(row, size) { row.top = total; row.size = size; total += size; rows.push(row); }
  if (view.cpu) cpuRows().forEach(function (c) { add({ cpu: c }, CPU_ROW); });
  else processes.forEach(function (p) {
    if (p.threads.length > 1) add({ process: p }, PROCESS);
    if (p.open || p.threads.length === 1) p.threads.forEach(function (t) { add({ thread: t, alone: p.threads.length === 1 }, (data.spans ? LANE : 0) + (t.m > 0 || !data.spans ? LANE : 0) + GAP); });
  });
  clamp();
}
function clamp() {
  var span = Math.min(Math.max(view.until - view.from, 50), END * 1.02);
  view.from = Math.max(-END * 0.01, Math.min(view.from, END * 1.01 - span));
  view.until = view.from + span;
  view.top = Math.max(0, Math.min(view.top, total - (height - HEAD) + 20));
}
function xOf(time) { return LEFT + (time - view.from) / (view.until - view.from) * (width - LEFT - BAR); }
function timeOf(x) { return view.from + (x - LEFT) / (width - LEFT - BAR) * (view.until - view.from); }
function redraw() { if (!scheduled) { scheduled = true; requestAnimationFrame(draw); } }

function resize() {
  var ratio = window.devicePixelRatio || 1;
  width = place.clientWidth; height = place.clientHeight;
  canvas.width = Math.round(width * ratio); canvas.height = Math.round(height * ratio);
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  LEFT = Math.min(230, Math.max(110, width * 0.2));
  layout(); redraw();
}
function draw() {
  scheduled = false;
  pen.clearRect(0, 0, width, height);
  pen.textBaseline = 'middle';
  pen.font = '12px system-ui, sans-serif';
  drawAxis();
  pen.save();
  pen.beginPath(); pen.rect(0, HEAD, width, height - HEAD); pen.clip();
  var i = rowAt(view.top);
  for (; i >= 0 && i < rows.length && rows[i].top < view.top + height - HEAD; i++) drawRow(rows[i], HEAD + rows[i].top - view.top, i);
  drawCut(); drawArrow();
  pen.restore();
  drawOverview(); drawScroll();
  if (drag && drag.zoom) { pen.fillStyle = colors.on; pen.globalAlpha = 0.2; pen.fillRect(Math.min(drag.x, drag.now), OVERVIEW, Math.abs(drag.now - drag.x), height); pen.globalAlpha = 1; }
  if (hot && hot.x > LEFT) { pen.fillStyle = colors.soft; pen.globalAlpha = 0.6; pen.fillRect(hot.x, OVERVIEW, 1, height); pen.globalAlpha = 1; }
}
function rowAt(y) {
  var low = 0, high = rows.length - 1;
  while (low < high) { var middle = low + high + 1 >> 1; if (rows[middle].top <= y) low = middle; else high = middle - 1; }
  return rows.length && y < rows[low].top + rows[low].size ? low : rows.length ? (y < 0 ? 0 : low) : -1;
}
function clip(text, room) {
  if (pen.measureText(text).width <= room) return text;
  var low = 0, high = text.length;
  while (low < high) { var middle = low + high + 1 >> 1; if (pen.measureText(text.slice(0, middle) + '\u2026').width <= room) low = middle; else high = middle - 1; }
  return low > 0 ? text.slice(0, low) + '\u2026' : '';
}
function label(text, x, y, room, color) { pen.fillStyle = color || colors.ink; pen.fillText(clip(text, room), x, y); }
function drawRow(row, y, index) {
  if (row.process) {
    pen.fillStyle = colors.band; pen.fillRect(0, y, width, row.size);
    label((row.process.open ? '\u25be ' : '\u25b8 ') + row.process.name + ' ' + row.process.tgid + ' \u00b7 ' + row.process.threads.length + ' threads', 8, y + row.size / 2, LEFT - 12);
    return;
  }
  pen.fillStyle = colors.rule; pen.fillRect(0, y + row.size - 1, width, 0.5);
  pen.save();
  pen.beginPath(); pen.rect(LEFT, y, width - LEFT - BAR, row.size); pen.clip();
  if (row.cpu) drawCpu(row.cpu, y + 3, CPU_ROW - 7); else drawThread(row.thread, y + 3);
  pen.restore();
  var t = row.thread, marked = t && (chosen && chosen.thread === t);
  if (marked) { pen.fillStyle = colors.on; pen.fillRect(0, y, 3, row.size); }
  label(row.cpu ? 'CPU ' + row.cpu.cpu : t.name + ' ' + t.tid, row.cpu || row.alone ? 8 : 20, y + row.size / 2 - 1, LEFT - (row.cpu || row.alone ? 12 : 24), t && found && found.names.has(t.index) ? colors.found : null);
}
function drawThread(t, y) {
  if (data.spans) { drawStates(t, y, LANE); y += LANE; }
  drawCalls(t, y, LANE - 1);
  drawMarks(t, y - (data.spans ? LANE : 0), data.spans ? 2 * LANE : LANE);
  if (chosen && chosen.thread === t) drawChosen(t, y);
}
var before = new Float64Array(5), after = new Float64Array(5);
function drawStates(t, y, h) {
  if (!t.n) return;
  var perPixel = (view.until - view.from) / (width - LEFT - BAR), x = Math.max(LEFT, xOf(Math.min(t.left[0], t.time[0]))), right = width - BAR, i = 0;
  while (x < right) {
    var time = timeOf(x) + perPixel * 1e-3;
    i = above(t.time, time, i);
    var s = segmentAt(t, i, time), end = Math.min(right, xOf(s.until));
    if (end - x >= 1.5 || s.until === Infinity) {
      if (s.state !== UNKNOWN) bar(s.state, Math.max(LEFT, x), y, end - x, h, end - x > 5);
      x = Math.max(end, x + 0.5);
    } else {
      // Too many for this pixel: their shares, one on the other.
      var next = Math.floor(x) + 1, until = timeOf(next), low = y + h;
      sumsAt(t, i, timeOf(x), before); sumsAt(t, above(t.time, until, i), until, after);
      for (var k = 0; k < 5; k++) {
        var share = (after[WAIT_ORDER[k]] - before[WAIT_ORDER[k]]) / (until - timeOf(x)) * h;
        if (share > 0) { pen.fillStyle = fills[WAIT_ORDER[k]].plain; pen.fillRect(Math.floor(x), low - share, 1, share); low -= share; }
      }
      x = next;
    }
  }
}
function bar(state, x, y, w, h, wide) {
  var part = lane(state) * h;
  pen.fillStyle = wide ? fills[state].pattern : fills[state].plain;
  pen.fillRect(x, y + h - part, w, part);
}
function drawCalls(t, y, h) {
  var right = width - BAR, x = LEFT, i = above(t.end, view.from);
  // The last pixel that is taken already.
  while (i < t.m && t.begin[i] < view.until) {
    var from = Math.max(LEFT, xOf(t.begin[i])), to = Math.min(right, xOf(t.end[i]));
    if (to - from >= 2) { drawCall(t, i, from, y, to - from, h); x = to; i++; continue; }
    var pixel = Math.max(Math.floor(from), Math.floor(x)), until = timeOf(pixel + 1), j = Math.max(i + 1, above(t.begin, until, i));
    var share = Math.min(1, (t.spent[j] - t.spent[i]) / (until - timeOf(pixel)));
    pen.fillStyle = t.errors[j] > t.errors[i] ? colors.failed : colors.call;
    pen.globalAlpha = 0.45 + 0.55 * share; pen.fillRect(pixel, y, 1, h); pen.globalAlpha = 1;
    if (found && found.anyCall(t, i, j)) { pen.fillStyle = colors.found; pen.fillRect(pixel, y, 1, h); }
    x = pixel + 1; i = j;
    // One that reaches beyond the pixel is drawn as what it is.
    if (i > 0 && xOf(t.end[i - 1]) - x >= 2) drawCall(t, i - 1, x, y, Math.min(right, xOf(t.end[i - 1])) - x, h);
  }
}
function drawCall(t, i, x, y, w, h) {
  pen.fillStyle = t.callFlags[i] & C_FAILED ? colors.failed : colors.call;
  pen.fillRect(x, y, Math.max(1, w - 0.5), h);
  if (found && found.call(t, i)) { pen.fillStyle = colors.found; pen.fillRect(x, y + h - 3, w, 3); }
  if (w > 26) { pen.font = '11px ui-monospace, "DejaVu Sans Mono", monospace'; label(w > 160 ? callText(t, i) : texts[t.call[i]], x + 3, y + h / 2 + 0.5, w - 6); pen.font = '12px system-ui, sans-serif'; }
}
function drawMarks(t, y, h) {
  t.marks.forEach(function (mark) {
    var x = xOf(mark.time);
    if (x < LEFT - 4 || x > width) return;
    pen.fillStyle = mark.kind === 2 ? colors.bad : mark.kind === 1 ? colors.ink : colors.on;
    if (mark.kind === 2) { pen.fillRect(x - 1, y, 2, h); pen.fillText('?', x + 3, y + h / 2); return; }
    pen.beginPath(); pen.moveTo(x, y + h); pen.lineTo(x - 4, y + h - 7); pen.lineTo(x + 4, y + h - 7); pen.fill();
  });
}
function drawChosen(t, y) {
  var c = chosen, from, until, top = y, h = LANE - 1;
  if (c.kind === 'call') { from = t.begin[c.i]; until = t.end[c.i]; }
  else if (c.kind === 'span') { from = c.from; until = c.until; top = y - LANE; h = LANE; }
  else return;
  var x = Math.max(LEFT - 2, xOf(from));
  pen.strokeStyle = colors.select; pen.lineWidth = 2; pen.strokeRect(x, top + 1, Math.max(3, Math.min(width, xOf(until)) - x), h - 2);
}
function hue(t) { return (t.tgid * 47 + (t.tid - t.tgid) * 11) % 360; }
function drawCpu(c, y, h) {
  var right = width - BAR, i = above(c.until, view.from), dark = matchMedia('(prefers-color-scheme: dark)').matches, x = LEFT;
  while (i < c.n && c.from[i] < view.until) {
    var from = Math.max(LEFT, xOf(c.from[i])), to = Math.min(right, xOf(c.until[i])), t = threads[c.thread[i]];
    if (to - from >= 2) {
      pen.fillStyle = 'hsl(' + hue(t) + (dark ? ',45%,36%)' : ',60%,78%)'); pen.fillRect(from, y, Math.max(1, to - from - 0.5), h);
      if (chosen && chosen.thread === t) { pen.fillStyle = colors.on; pen.fillRect(from, y + h - 3, to - from, 3); }
      if (to - from > 26) label(t.name + ' ' + t.tid, from + 3, y + h / 2, to - from - 6);
      i++; x = to; continue;
    }
    var pixel = Math.max(Math.floor(from), Math.floor(x)), until = timeOf(pixel + 1), j = Math.max(i + 1, above(c.from, until, i));
    pen.fillStyle = colors.run; pen.fillRect(pixel, y + h - h * Math.min(1, (c.busy[j] - c.busy[i]) / (until - timeOf(pixel))), 1, h); x = pixel + 1; i = j;
  }
}
function drawCut() {
  if (!data.cut) return;
  var x = Math.max(LEFT, xOf(data.cut));
  if (x > width) return;
  pen.fillStyle = colors.bad; pen.globalAlpha = 0.12; pen.fillRect(x, HEAD, width - x, height); pen.globalAlpha = 1; pen.fillRect(x, HEAD, 2, height);
}
// From who woke it to where it ran on.
function drawArrow() {
  if (!chosen || chosen.kind !== 'span' || view.cpu) return;
  var t = chosen.thread, i = chosen.i, to = rowOf(t), from = i < t.n && t.waker[i] >= 0 ? rowOf(threads[t.waker[i]]) : null;
  if (!from || !to || !(t.flags[i] & S_WOKEN)) return;
  var x = xOf(t.woken[i]), y = HEAD - view.top, a = y + from.top + LANE / 2, b = y + to.top + LANE / 2 + 3;
  pen.strokeStyle = pen.fillStyle = colors.on; pen.lineWidth = 1.5;
  pen.beginPath(); pen.moveTo(x, a); pen.lineTo(x, b); pen.stroke();
  pen.beginPath(); pen.moveTo(x, b); pen.lineTo(x - 4, b + (a < b ? -7 : 7)); pen.lineTo(x + 4, b + (a < b ? -7 : 7)); pen.fill();
}
function rowOf(t) { return rows.find(function (row) { return row.thread === t; }); }
function drawScroll() {
  var room = height - HEAD;
  if (total <= room) return;
  pen.fillStyle = colors.band; pen.fillRect(width - BAR, HEAD, BAR, room);
  pen.fillStyle = colors.soft; pen.fillRect(width - BAR + 2, HEAD + view.top / total * room, BAR - 4, Math.max(20, room / total * room));
}
function drawOverview() {
  pen.fillStyle = colors.band; pen.fillRect(0, 0, width, OVERVIEW);
  var room = width - LEFT - BAR;
  if (!load || load.run.length !== Math.max(1, Math.floor(room))) load = overview(Math.max(1, Math.floor(room)));
  var most = 1;
  for (var x = 0; x < load.run.length; x++) most = Math.max(most, load.run[x] + load.wait[x]);
  for (x = 0; x < load.run.length; x++) {
    var run = load.run[x] / most * (OVERVIEW - 4), wait = load.wait[x] / most * (OVERVIEW - 4);
    pen.fillStyle = data.spans ? colors.run : colors.call; pen.fillRect(LEFT + x, OVERVIEW - run, 1, run);
    pen.fillStyle = colors.wait; pen.fillRect(LEFT + x, OVERVIEW - run - wait, 1, wait);
  }
  label(data.spans ? 'running and waiting' : 'in calls', 8, OVERVIEW / 2, LEFT - 12, colors.soft);
  var a = LEFT + Math.max(0, view.from) / END * room, b = LEFT + Math.min(END, view.until) / END * room;
  pen.fillStyle = colors.page; pen.globalAlpha = 0.6; pen.fillRect(LEFT, 0, a - LEFT, OVERVIEW); pen.fillRect(b, 0, width - BAR - b, OVERVIEW); pen.globalAlpha = 1;
  pen.strokeStyle = colors.on; pen.lineWidth = 1.5; pen.strokeRect(a, 1, Math.max(2, b - a), OVERVIEW - 2);
}
function drawAxis() {
  pen.fillStyle = colors.page; pen.fillRect(0, OVERVIEW, width, AXIS);
  var per = (view.until - view.from) / (width - LEFT - BAR), step = Math.pow(10, Math.ceil(Math.log10(per * 115)));
  [5, 2].some(function (by) { if (step / by >= per * 115) { step /= by; return true; } return false; });
  step = Math.max(1, Math.round(step));
  var whole = step, digits = 0;
  while (digits < 9 && whole % 1e9 !== 0) { whole *= 10; digits++; }
  // Ticks stand at round times of the clock on the wall.
  var first = Number((wallBegin + BigInt(Math.floor(view.from))) % BigInt(step));
  pen.font = '11.5px system-ui, sans-serif';
  for (var time = Math.floor(view.from) - first + step; time < view.until; time += step) {
    var x = xOf(time);
    pen.fillStyle = colors.rule; pen.fillRect(x, OVERVIEW + 18, 1, height);
    label(clockOf(time, digits), x + 3, OVERVIEW + 10, 140, colors.soft);
  }
  pen.fillStyle = colors.rule; pen.fillRect(0, HEAD - 1, width, 1); pen.fillRect(LEFT, OVERVIEW, 1, height);
  pen.fillStyle = colors.page; pen.fillRect(0, OVERVIEW, LEFT, AXIS - 1);
  label(durationOf(view.until - view.from) + ' shown', 8, OVERVIEW + AXIS / 2, LEFT - 12, colors.soft);
}
function two(n) { return (n < 10 ? '0' : '') + n; }
// The local time of day, with so many decimals of a second.
function clockOf(time, digits) {
  var wall = wallBegin + BigInt(Math.round(time)), date = new Date(Number(wall / 1000000n)), rest = String(wall % 1000000000n).padStart(9, '0');
  return two(date.getHours()) + ':' + two(date.getMinutes()) + ':' + two(date.getSeconds()) + (digits ? '.' + rest.slice(0, digits) : '');
}
function durationOf(ns) {
  var unit = ns >= 1e9 ? [1e9, ' s'] : ns >= 1e6 ? [1e6, ' ms'] : ns >= 1e3 ? [1e3, ' us'] : [1, ' ns'];
  var value = ns / unit[0];
  return (unit[0] === 1 ? Math.round(value) : value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0)) + unit[1];
}
