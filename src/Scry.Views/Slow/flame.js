(function () {
  'use strict';
  var NS = 'http://www.w3.org/2000/svg', ROW = 17, TOP = 96, MARGIN = 10, BOTTOM = 30, CHAR = 7.2, LEAST = 0.4, MOST = 6000;
  var svg = document.documentElement.tagName === 'svg' ? document.documentElement : document.querySelector('svg');
  var data = JSON.parse(document.getElementById('data').textContent), names = data.names, n = data.nodes.length / 5 + 1;
  var group = document.getElementById('frames'), controls = document.getElementById('controls'), details = document.getElementById('details');
  // Node 0 is all; the others as they come, each before its children.
  var name = [-1], depth = [0], part = [-1], time = [0], count = [0], parent = [-1], end = [n];
  var start = new Float64Array(n), wide = new Float64Array(n), total = 0, found = null, pattern = null;
  var byCount = data.byCount, shown = -1, focus = 0, current = 0;

  function load() {
    var open = [0];
    for (var i = 1; i < n; i++) {
      var at = (i - 1) * 5, d = data.nodes[at + 1];
      name.push(data.nodes[at]); depth.push(d); part.push(data.nodes[at + 2]); time.push(data.nodes[at + 3]); count.push(data.nodes[at + 4]);
      while (open.length > d) end[open.pop()] = i;
      parent.push(open[d - 1]); end.push(n);
      open[d] = i;
    }
    while (open.length) end[open.pop()] = n;
  }
  function value(i) { return i === 0 ? total : byCount ? count[i] : time[i]; }
  function title(i) { return i === 0 ? 'all' : names[name[i]]; }
  // Where each begins and how wide it is, in its own unit.
  function place() {
    var next = new Float64Array(n);
    total = 0;
    for (var i = 1; i < n; i++) if (depth[i] === 1 && (shown < 0 || part[i] === shown)) total += byCount ? count[i] : time[i];
    for (i = 0; i < n; i++) {
      wide[i] = i > 0 && shown >= 0 && part[i] !== shown ? 0 : value(i);
      start[i] = i === 0 ? 0 : next[parent[i]];
      if (i > 0) next[parent[i]] += wide[i];
      next[i] = start[i];
    }
  }
  function within(i, of) { return i >= of && i < end[of]; }
  function element(tag, attributes, to) {
    var made = document.createElementNS(NS, tag);
    for (var key in attributes) made.setAttribute(key, attributes[key]);
    if (to) to.appendChild(made);
    return made;
  }
  function hash(text) {
    var h = 2166136261;
    for (var i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619) >>> 0;
    return (h ^ h >>> 15) >>> 0;
  }
  function color(i) {
    if (i === 0) return '#b9b9b9';
    var h = hash(title(i)), hue = part[i] === 0 ? 18 + h % 34 : 198 + h % 34;
    return 'hsl(' + hue + ',' + (part[i] === 0 ? 85 : 62) + '%,' + (66 + Math.floor(h / 64) % 12) + '%)';
  }
  function amount(v) {
    if (byCount) return v + (v === 1 ? ' time' : ' times');
    var unit = v >= 1e9 ? [1e9, ' s'] : v >= 1e6 ? [1e6, ' ms'] : v >= 1e3 ? [1e3, ' us'] : [1, ' ns'];
    return (v / unit[0]).toPrecision(v >= 1000 * unit[0] ? 4 : 3) + unit[1];
  }
  function share(v, of) { return (of > 0 ? 100 * v / of : 0).toFixed(2) + ' %'; }
  function describe(i) {
    var text = title(i) + ' (' + amount(value(i)) + ', ' + share(value(i), total) + ' of all';
    return text + (focus > 0 && i !== focus && within(i, focus) ? ', ' + share(value(i), value(focus)) + ' of ' + title(focus) : '') + ')';
  }
  function draw() {
    var width = Math.max(600, window.innerWidth || 1200), room = width - 2 * MARGIN, deepest = 0, i, visible = [];
    var from = start[focus], scale = wide[focus] > 0 ? room / wide[focus] : 0;
    // Of too many, the narrowest are left out.
    for (var least = LEAST; ; least *= 1.5) {
      visible = [];
      for (i = focus; i >= 0; i = parent[i]) visible.unshift(i);
      for (i = focus + 1; i < end[focus] && visible.length <= MOST;) {
        if (wide[i] * scale < least) { i = end[i]; continue; }
        visible.push(i++);
      }
      if (visible.length <= MOST) break;
    }
    visible.forEach(function (one) { deepest = Math.max(deepest, depth[one]); });
    var height = TOP + (deepest + 1) * ROW + BOTTOM, fragment = document.createDocumentFragment();
    height = Math.max(height, (window.innerHeight || 0) - 1);
    svg.setAttribute('width', width); svg.setAttribute('height', height); svg.setAttribute('viewBox', '0 0 ' + width + ' ' + height);
    details.setAttribute('y', height - 10);
    visible.forEach(function (i) {
      var passed = i !== focus && within(focus, i), x = passed ? 0 : (start[i] - from) * scale, w = passed ? room : wide[i] * scale;
      var y = height - BOTTOM - (depth[i] + 1) * ROW;
      var frame = element('g', { 'class': 'frame' + (passed ? ' passed' : '') + (found && found[i] ? ' found' : ''), 'data-i': i, tabindex: i === current ? 0 : -1, role: 'button', 'aria-label': describe(i) }, fragment);
      element('title', {}, frame).textContent = describe(i);
      element('rect', { x: (MARGIN + x).toFixed(2), y: y, width: Math.max(LEAST, w - 0.3).toFixed(2), height: ROW - 1, rx: 1, fill: color(i) }, frame);
      var fits = Math.floor((w - 6) / CHAR), text = title(i);
      if (fits >= 3) element('text', { x: (MARGIN + x + 3).toFixed(2), y: y + 12, 'class': 'f' }, frame).textContent = text.length <= fits ? text : text.slice(0, fits - 1) + '\u2026';
    });
    group.textContent = '';
    group.appendChild(fragment);
    tell();
  }
  function tell(i) {
    if (i !== undefined) { details.textContent = describe(i); return; }
    details.textContent = found ? 'matched: ' + amount(matched()) + ', ' + share(matched(), wide[focus]) + (focus ? ' of ' + title(focus) : '') : '';
  }
  // A frame within another one that matches is counted once.
  function matched() {
    var sum = 0;
    for (var i = focus; i < end[focus];) {
      if (found[i]) { sum += wide[i]; i = end[i]; } else i++;
    }
    return sum;
  }
  function search(text) {
    pattern = null; found = null; box.classList.remove('wrong');
    if (text) {
      try { pattern = new RegExp(text, 'i'); } catch (error) { box.classList.add('wrong'); pattern = null; }
      var lower = text.toLowerCase(), hits = names.map(function (one) { return pattern ? pattern.test(one) : one.toLowerCase().indexOf(lower) >= 0; });
      found = [false];
      for (var i = 1; i < n; i++) found.push(hits[name[i]]);
    }
    draw();
  }
  function zoom(i) {
    if (wide[i] <= 0) i = 0;
    focus = i; current = i;
    draw(); choose(i);
  }
  function choose(i) {
    var frame = group.querySelector('[data-i="' + i + '"]');
    if (!frame) return;
    group.querySelectorAll('[tabindex="0"]').forEach(function (one) { one.setAttribute('tabindex', -1); });
    current = i;
    frame.setAttribute('tabindex', 0);
    frame.focus();
  }
  function move(key) {
    var i, best = -1;
    if (key === 'ArrowDown') best = parent[current];
    else if (key === 'ArrowUp') { for (i = current + 1; i < end[current]; i = end[i]) if (best < 0 || wide[i] > wide[best]) best = i; }
    else if (current > 0) {
      for (i = parent[current] + 1; i < end[parent[current]]; i = end[i]) {
        if (key === 'ArrowLeft' && i < current && wide[i] > 0) best = i;
        if (key === 'ArrowRight' && i > current && wide[i] > 0 && best < 0) best = i;
      }
    }
    if (best >= 0) choose(best);
  }
  function frameOf(target) {
    var frame = target.closest ? target.closest('.frame') : null;
    return frame ? Number(frame.getAttribute('data-i')) : -1;
  }
  var x = MARGIN;
  function button(text, chosen, act) {
    var width = 18 + text.length * 7.3, one = element('g', { 'class': 'button', tabindex: 0, role: 'button' }, controls);
    element('rect', { x: x, y: 56, width: width, height: 24, rx: 3 }, one);
    element('text', { x: x + width / 2, y: 72, 'text-anchor': 'middle' }, one).textContent = text;
    x += width + 4;
    one.update = function () { one.classList.toggle('chosen', chosen()); one.setAttribute('aria-pressed', chosen()); };
    one.act = function () { act(); buttons.forEach(function (each) { each.update(); }); };
    one.addEventListener('click', one.act);
    return one;
  }
  function again() { place(); if (wide[focus] <= 0) focus = 0; current = focus; draw(); about(); }
  function about() {
    document.getElementById('about').textContent = document.getElementById('about').textContent.replace(/by (time|count)/, byCount ? 'by count' : 'by time');
  }
  function never() { return false; }
  load(); place();
  var buttons = [
    button('by time', function () { return !byCount; }, function () { byCount = false; again(); }),
    button('by count', function () { return byCount; }, function () { byCount = true; again(); })];
  x += 14;
  [['all', -1], ['on CPU', 0], ['blocked', 1]].forEach(function (one) {
    buttons.push(button(one[0], function () { return shown === one[1]; }, function () { shown = one[1]; again(); }));
  });
  x += 14;
  buttons.push(button('reset', never, function () { focus = 0; box.value = ''; search(''); }));
  var holder = element('foreignObject', { x: x + 14, y: 56, width: 240, height: 26 }, controls);
  var box = document.createElementNS('http://www.w3.org/1999/xhtml', 'input');
  box.setAttribute('type', 'search'); box.setAttribute('placeholder', 'search: text or regex  ( / )'); box.setAttribute('aria-label', 'search frames by text or regular expression');
  box.addEventListener('input', function () { search(box.value); });
  holder.appendChild(box);
  group.addEventListener('click', function (event) { var i = frameOf(event.target); if (i >= 0) zoom(i); });
  group.addEventListener('mouseover', function (event) { var i = frameOf(event.target); if (i >= 0) tell(i); else tell(); });
  group.addEventListener('mouseout', function () { tell(); });
  group.addEventListener('focusin', function (event) { var i = frameOf(event.target); if (i >= 0) tell(i); });
  document.addEventListener('keydown', function (event) {
    if (event.target === box) { if (event.key === 'Escape') { box.value = ''; search(''); box.blur(); } return; }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    var at = event.target.closest ? event.target.closest('.button') : null;
    if (event.key === '/') box.focus();
    else if (event.key === 'Escape') zoom(0);
    else if (event.key === 'Enter' || event.key === ' ') { if (at) at.act(); else zoom(current); }
    else if (event.key.indexOf('Arrow') === 0 && !at) move(event.key);
    else return;
    event.preventDefault();
  });
  window.addEventListener('resize', draw);
  buttons.forEach(function (one) { one.update(); });
  draw();
})();
