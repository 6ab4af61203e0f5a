// What a person does: moving, choosing, searching. The address keeps the view.
function element(id) { return document.getElementById(id); }
var box = element('search'), details = element('details'), status = element('status'), hits = [], hit = -1;

function zoom(by, x) {
  var at = x === undefined ? (view.from + view.until) / 2 : timeOf(x);
  view.from = at - (at - view.from) * by; view.until = at + (view.until - at) * by;
  moved();
}
function pan(share) { var by = share * (view.until - view.from); view.from += by; view.until += by; moved(); }
function moved() { clamp(); redraw(); remember(); }
function show(from, until) { view.from = from; view.until = Math.max(until, from + 50); moved(); }
function bring(t) {
  if (view.cpu) return;
  var p = byTgid.get(t.tgid);
  if (!p.open) { p.open = true; layout(); }
  var row = rowOf(t);
  if (row && (row.top < view.top || row.top + row.size > view.top + height - HEAD)) view.top = row.top - (height - HEAD) / 3;
}
function center(from, until) {
  var span = view.until - view.from, length = until - from;
  if (from >= view.from && until <= view.until && length > span / 2000) return;
  if (length > span || length < span / 2000) span = Math.max(length * 4, 2000);
  view.from = (from + until) / 2 - span / 2; view.until = view.from + span;
}
function toggle(cpu) {
  view.cpu = cpu; view.top = 0;
  element('threads').setAttribute('aria-pressed', !cpu); element('cpus').setAttribute('aria-pressed', cpu);
  layout(); moved();
}
// What is under a point.
function under(x, y) {
  if (y < HEAD || !rows.length) return null;
  var row = rows[rowAt(y - HEAD + view.top)], inside = y - HEAD + view.top - row.top, time = timeOf(x);
  if (inside > row.size) return null;
  if (row.process || x < LEFT) return { row: row };
  if (row.cpu) {
    var c = row.cpu, j = above(c.until, time);
    return j < c.n && c.from[j] <= time ? { row: row, cpu: c, kind: 'run', thread: threads[c.thread[j]], from: c.from[j], until: c.until[j] } : { row: row };
  }
  var t = row.thread, slack = 3 * (view.until - view.from) / (width - LEFT - BAR);
  var mark = t.marks.find(function (one) { return Math.abs(one.time - time) < slack; });
  if (mark) return { row: row, thread: t, kind: 'mark', mark: mark };
  if (data.spans && inside < LANE + 3) {
    var i = above(t.time, time), s = segmentAt(t, i, time);
    return { row: row, thread: t, kind: 'span', i: i, state: s.state, from: Math.max(0, s.from), until: Math.min(END, s.until) };
  }
  i = above(t.end, time - slack);
  return i < t.m && t.begin[i] <= time + slack ? { row: row, thread: t, kind: 'call', i: i } : { row: row, thread: t };
}
function tell(what, x) {
  var text = x > LEFT ? clockOf(timeOf(x), 6) + '  ' : '';
  if (what && what.thread) text += what.thread.name + ' ' + what.thread.tid + '  ';
  if (what && what.kind === 'call') text += durationOf(what.thread.end[what.i] - what.thread.begin[what.i]) + '  ' + callText(what.thread, what.i);
  else if (what && what.kind === 'span') text += STATES[what.state] + (what.state === UNKNOWN ? '' : ', ' + durationOf(what.until - what.from));
  else if (what && what.kind === 'run') text += 'running, ' + durationOf(what.until - what.from);
  else if (what && what.kind === 'mark') text += what.mark.text;
  status.textContent = text;
}
function choose(what, keep) {
  chosen = what && what.kind ? what : null;
  details.hidden = !chosen;
  details.textContent = '';
  if (chosen) describe(chosen);
  redraw();
  if (!keep) remember();
}
function add(to, tag, text) { var made = document.createElement(tag); if (text !== undefined) made.textContent = text; to.append(made); return made; }
function facts(list) {
  var dl = add(details, 'dl');
  list.forEach(function (one) { if (one[1] !== undefined && one[1] !== '') { var div = add(dl, 'div'); add(div, 'dt', one[0]); add(div, 'dd', one[1]); } });
}
function action(text, act) { add(details, 'button', text).addEventListener('click', act); }
function describe(what) {
  var t = what.thread;
  add(details, 'h2', t.name + ' ' + t.tid + (t.tid === t.tgid ? '' : ' of process ' + byTgid.get(t.tgid).name + ' ' + t.tgid));
  if (what.kind === 'call') describeCall(t, what.i);
  else if (what.kind === 'mark') { add(details, 'pre', what.mark.text); facts([['at', clockOf(what.mark.time, 9)]]); }
  else describeSpan(t, what);
  action('close', function () { choose(null); });
}
function describeCall(t, i) {
  var flags = t.callFlags[i], extra = extrasOf(t, i), took = t.end[i] - t.begin[i];
  add(details, 'pre', callText(t, i));
  facts([['began', clockOf(t.begin[i], 9)], ['took', flags & C_NO_ENTRY ? 'not known' : (flags & C_COARSE ? 'about ' : '') + durationOf(took) + (flags & C_UNFINISHED ? ', and did not end' : '')], ['error', errorName(t, i)],
    ['longest wait', extra.waker ? durationOf(extra.waker.longest) + ', ended by ' + extra.waker.name + ' ' + extra.waker.tid : '']]);
  if (extra.split) describeSplit(extra.split, took);
  action('zoom to it', function () { show(t.begin[i] - took * 0.2, t.end[i] + took * 0.2); });
  if (i > 0) action('call before', function () { step(-1); });
  if (i + 1 < t.m) action('call after', function () { step(1); });
}
function describeSplit(split, took) {
  var cpu = Math.max(0, took - split.queued - split.preempted - split.blocked), sleep = Math.max(0, split.blocked - split.io - split.uninterruptible);
  var strip = add(details, 'div');
  strip.className = 'split';
  [[cpu, colors.run], [split.queued, colors.wait], [split.preempted, colors.preempted], [split.io + split.uninterruptible, colors.io], [sleep, colors.blocked]].forEach(function (part) {
    var piece = add(strip, 'div');
    piece.style.cssText = 'background:' + part[1] + ';width:' + (took > 0 ? 100 * part[0] / took : 0) + '%';
  });
  function time(name, ns) { return [name, ns > 0 ? durationOf(ns) : '']; }
  function count(name, n) { return [name, n > 0 ? String(n) : '']; }
  facts([time('on a CPU', cpu), time('waiting for a CPU', split.queued), time('preempted', split.preempted), time('blocked', split.blocked), time('of it: I/O', split.io), time('of it: not to be interrupted', split.uninterruptible),
    time('of it: stopped', split.stopped), time('at the CPU limit', split.throttled), count('waits', split.waits), count('preemptions', split.preemptions), count('page faults', split.minor), count('page faults from disk', split.major)]);
}
function describeSpan(t, what) {
  var i = what.i, span = what.kind === 'span' && i < t.n, woken = span && t.flags[i] & S_WOKEN, waker = woken && t.waker[i] >= 0 ? threads[t.waker[i]] : null;
  facts([['state', what.kind === 'run' ? 'running' : STATES[what.state]], ['from', clockOf(what.from, 9)], ['for', durationOf(what.until - what.from)],
    ['woken', woken && what.state !== RUN ? clockOf(t.woken[i], 9) : ''], ['by', waker && what.state !== RUN ? waker.name + ' ' + waker.tid : woken && what.state !== RUN && t.flags[i] & S_INTERRUPT ? 'an interrupt' : ''],
    ['CPU', what.kind === 'run' ? String(what.cpu.cpu) : what.state === RUN && i > 0 ? String(t.cpu[i - 1]) : span && what.state !== UNKNOWN && !(t.flags[i] & S_OPEN) ? String(t.cpu[i]) + ' next' : '']]);
  if (waker && what.state !== RUN) action('go to who woke it', function () { goTo(waker, t.woken[i]); });
  action('zoom to it', function () { var span = what.until - what.from; show(what.from - span * 0.2, what.until + span * 0.2); });
  if (what.kind === 'run') action('go to the thread', function () { toggle(false); goTo(t, what.from); });
}
function goTo(t, time) {
  var i = above(t.time, time), s = segmentAt(t, i, time);
  bring(t);
  if (time < view.from || time > view.until) center(time, time);
  choose({ kind: 'span', thread: t, i: i, state: s.state, from: Math.max(0, s.from), until: Math.min(END, s.until) });
  moved();
}
// To the next call of the thread, or to the first that is in sight.
function step(by) {
  var t = chosen ? chosen.thread : rows.length ? (rows[Math.max(0, rowAt(view.top))].thread || (rows[rowAt(view.top) + 1] || {}).thread) : null;
  if (!t || !t.m) return;
  var i = chosen && chosen.kind === 'call' ? chosen.i + by : above(t.end, view.from);
  if (i >= 0 && i < t.m) goToCall(t, i);
}
function goToCall(t, i) { bring(t); center(t.begin[i], t.end[i]); choose({ kind: 'call', thread: t, i: i }); moved(); }
function nextRow(by) {
  var list = rows.filter(function (row) { return row.thread; }), at = chosen ? list.findIndex(function (row) { return row.thread === chosen.thread; }) : -1;
  var row = list[Math.max(0, Math.min(list.length - 1, at + by))];
  if (!row) return;
  bring(row.thread);
  var middle = (view.from + view.until) / 2;
  if (row.thread.m && !data.spans) goToCall(row.thread, Math.min(row.thread.m - 1, above(row.thread.end, middle))); else goTo(row.thread, middle);
}

function search(text) {
  box.classList.remove('wrong');
  hits = []; hit = -1; found = null;
  if (text) {
    var test, regex = /^\/(.+)\/$/.exec(text), lower = text.toLowerCase();
    try { var compiled = regex && new RegExp(regex[1], 'i'); test = compiled ? function (one) { return compiled.test(one); } : function (one) { return one.toLowerCase().indexOf(lower) >= 0; }; } catch (error) { box.classList.add('wrong'); element('hits').textContent = 'no regex'; return redraw(); }
    find(test);
  }
  element('hits').textContent = text ? hits.length + (hits.length === 1 ? ' hit' : ' hits') : '';
  redraw(); remember();
}
function find(test) {
  var good = texts.map(test), errors = {}, names = new Set();
  for (var number in data.errors) errors[number] = test(data.errors[number]);
  function call(t, i) { return good[t.text[i]] || good[t.call[i]] || t.callFlags[i] & C_FAILED && errors[t.error[i]]; }
  found = { names: names, call: call, anyCall: function (t, i, j) { for (; i < j; i++) if (call(t, i)) return true; return false; } };
  threads.forEach(function (t) {
    if (test(t.name + ' ' + t.tid)) { names.add(t.index); hits.push({ time: t.m ? t.begin[0] : t.n ? t.left[0] : 0, thread: t }); }
    for (var i = 0; i < t.m && hits.length < 200000; i++) if (call(t, i)) hits.push({ time: t.begin[i], thread: t, call: i });
    t.marks.forEach(function (mark) { if (test(mark.text)) hits.push({ time: mark.time, thread: t, mark: mark }); });
  });
  hits.sort(function (a, b) { return a.time - b.time; });
}
function go(by) {
  if (!hits.length) return;
  // The first one is the next in sight.
  if (hit < 0) { hit = hits.findIndex(function (one) { return one.time >= view.from; }); if (hit < 0) hit = 0; } else hit = (hit + by + hits.length) % hits.length;
  var one = hits[hit];
  element('hits').textContent = hit + 1 + ' of ' + hits.length;
  if (view.cpu) toggle(false);
  if (one.call !== undefined) return goToCall(one.thread, one.call);
  bring(one.thread);
  center(one.time, one.time);
  choose(one.mark ? { kind: 'mark', thread: one.thread, mark: one.mark } : { kind: 'name', thread: one.thread, i: 0, from: 0, until: 0, state: UNKNOWN });
  if (!one.mark) details.hidden = true;
  moved();
}

var remembering = null;
function remember() {
  clearTimeout(remembering);
  remembering = setTimeout(function () {
    var parts = ['t=' + Math.round(view.from) + ',' + Math.round(view.until)];
    if (view.top) parts.push('y=' + Math.round(view.top));
    if (view.cpu) parts.push('cpus=1');
    if (box.value) parts.push('q=' + encodeURIComponent(box.value));
    if (chosen && chosen.kind === 'call') parts.push('call=' + chosen.thread.index + ',' + chosen.i);
    var address = '#' + parts.join('&');
    try { history.replaceState(null, '', address); } catch (error) { location.replace(address); }
  }, 250);
}
function recall() {
  var values = {};
  location.hash.slice(1).split('&').forEach(function (part) { var at = part.indexOf('='); if (at > 0) try { values[part.slice(0, at)] = decodeURIComponent(part.slice(at + 1)); } catch (error) { return; } });
  if (values.cpus) { toggle(true); }
  var times = (values.t || '').split(',').map(Number), at = (values.call || '').split(',').map(Number);
  if (times.length === 2 && times[1] > times[0]) { view.from = times[0]; view.until = times[1]; }
  view.top = Number(values.y) || 0;
  if (values.q) { box.value = values.q; search(values.q); }
  if (at.length === 2 && threads[at[0]] && at[1] >= 0 && at[1] < threads[at[0]].m) choose({ kind: 'call', thread: threads[at[0]], i: at[1] }, true);
  clamp(); redraw();
}

canvas.addEventListener('wheel', function (event) {
  event.preventDefault();
  var scale = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? height : 1, dx = event.deltaX * scale, dy = event.deltaY * scale;
  if (event.ctrlKey || event.metaKey || event.altKey || event.offsetY < HEAD) zoom(Math.exp(dy * 0.0022), event.offsetX > LEFT ? event.offsetX : undefined);
  else if (event.shiftKey) pan((dx || dy) / width);
  else { view.top += dy; if (dx) pan(dx / width); moved(); }
}, { passive: false });
canvas.addEventListener('pointerdown', function (event) {
  canvas.focus({ preventScroll: true });
  var x = event.offsetX, y = event.offsetY;
  drag = { x: x, y: y, now: x, from: view.from, until: view.until, top: view.top, moved: false,
    zoom: x > LEFT && (event.shiftKey || y >= OVERVIEW && y < HEAD), overview: y < OVERVIEW, scroll: x > width - BAR };
  canvas.setPointerCapture(event.pointerId);
  if (drag.overview) jump(x);
});
function jump(x) {
  var span = view.until - view.from, at = (x - LEFT) / (width - LEFT - BAR) * END;
  view.from = at - span / 2; view.until = at + span / 2; moved();
}
canvas.addEventListener('pointermove', function (event) {
  var x = event.offsetX, y = event.offsetY;
  hot = { x: x, y: y };
  if (!drag) { tell(under(x, y), x); redraw(); return; }
  drag.now = x;
  drag.moved = drag.moved || Math.abs(x - drag.x) + Math.abs(y - drag.y) > 4;
  if (drag.overview) jump(x);
  else if (drag.scroll) view.top = drag.top + (y - drag.y) * total / Math.max(1, height - HEAD), moved();
  else if (!drag.zoom && drag.moved) {
    var by = (drag.x - x) / (width - LEFT - BAR) * (drag.until - drag.from);
    view.from = drag.from + by; view.until = drag.until + by; view.top = drag.top + drag.y - y; moved();
  }
  redraw();
});
canvas.addEventListener('pointerup', function (event) {
  var was = drag;
  drag = null;
  if (!was) return;
  if (was.zoom && was.moved) show(timeOf(Math.min(was.x, was.now)), timeOf(Math.max(was.x, was.now)));
  else if (!was.moved && !was.overview && !was.scroll) click(event.offsetX, event.offsetY);
  redraw();
});
canvas.addEventListener('pointerleave', function () { hot = null; status.textContent = ''; redraw(); });
canvas.addEventListener('dblclick', function (event) { zoom(0.35, event.offsetX); });
function click(x, y) {
  var what = under(x, y);
  if (what && what.row.process && x < LEFT) { what.row.process.open = !what.row.process.open; layout(); redraw(); return; }
  choose(what);
}
var keys = {
  a: function () { pan(-0.2); }, d: function () { pan(0.2); }, ArrowLeft: function () { pan(-0.2); }, ArrowRight: function () { pan(0.2); },
  w: function () { zoom(0.7); }, s: function () { zoom(1 / 0.7); }, '+': function () { zoom(0.7); }, '=': function () { zoom(0.7); }, '-': function () { zoom(1 / 0.7); },
  ArrowUp: function () { view.top -= 40; moved(); }, ArrowDown: function () { view.top += 40; moved(); }, PageUp: function () { view.top -= height - HEAD; moved(); }, PageDown: function () { view.top += height - HEAD; moved(); },
  ',': function () { step(-1); }, '.': function () { step(1); }, j: function () { nextRow(1); }, k: function () { nextRow(-1); }, n: function () { go(1); }, p: function () { go(-1); },
  '/': function () { box.focus(); box.select(); }, '0': function () { show(0, END); }, Home: function () { show(0, END); }, c: function () { toggle(!view.cpu); }, '?': function () { element('keys').showModal(); }, Escape: function () { choose(null); },
  f: function () { if (chosen && chosen.kind === 'call') { var t = chosen.thread, took = t.end[chosen.i] - t.begin[chosen.i]; show(t.begin[chosen.i] - took * 0.2, t.end[chosen.i] + took * 0.2); } else if (chosen && chosen.until > chosen.from) { var span = chosen.until - chosen.from; show(chosen.from - span * 0.2, chosen.until + span * 0.2); } }
};
document.addEventListener('keydown', function (event) {
  if (event.ctrlKey || event.metaKey || event.altKey || element('keys').open) return;
  if (event.target === box) {
    if (event.key === 'Enter') { go(event.shiftKey ? -1 : 1); event.preventDefault(); }
    if (event.key === 'Escape') { box.value = ''; search(''); canvas.focus(); }
    return;
  }
  var act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (act) { act(); event.preventDefault(); }
});
var typing = null;
box.addEventListener('input', function () { clearTimeout(typing); typing = setTimeout(function () { search(box.value); }, 150); });
element('next').addEventListener('click', function () { go(1); });
element('previous').addEventListener('click', function () { go(-1); });
element('threads').addEventListener('click', function () { toggle(false); });
element('cpus').addEventListener('click', function () { toggle(true); });
element('in').addEventListener('click', function () { zoom(0.6); });
element('out').addEventListener('click', function () { zoom(1 / 0.6); });
element('all').addEventListener('click', function () { show(0, END); });
element('help').addEventListener('click', function () { element('keys').showModal(); });
window.addEventListener('hashchange', recall);
new ResizeObserver(resize).observe(place);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', function () { theme(); redraw(); });

element('notes').textContent = data.notes.join('; ');
element('span').textContent = new Date(Number(wallBegin / 1000000n)).toLocaleDateString() + ' ' + clockOf(0, 3) + ', ' + durationOf(END) + ', ' + threads.length + (threads.length === 1 ? ' thread' : ' threads');
element('cpus').disabled = !data.spans;
theme(); resize(); recall(); draw();
