'use strict';
(() => {
  const $ = id => document.getElementById(id);
  const data = JSON.parse($('data').textContent, (key, value) => typeof value === 'string' ? utf8(value) : value);
  const rowHeight = 28, gutter = 118, headHeight = 40;
  const gapFrom = 50e6;  // nanoseconds that show as a gap

  // Strings come one character for each byte.
  function utf8(text) {
    if (!/[\x80-\xff]/.test(text)) return text;
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(text, c => c.charCodeAt(0)));
    } catch { return text; }
  }

  const bytesOf = packet => Uint8Array.from(atob(packet.d), c => c.charCodeAt(0));
  const printable = bytes => Array.from(bytes, b => b >= 32 && b < 127 ? String.fromCharCode(b) : b === 10 ? '⏎' : '·').join('');
  for (const packet of data.packets) packet.text = printable(bytesOf(packet));

  function duration(ns) {
    for (const [unit, size] of [['s', 1e9], ['ms', 1e6], ['µs', 1e3]]) {
      if (ns >= size) return (ns / size).toPrecision(ns / size >= 100 ? Math.floor(Math.log10(ns / size)) + 1 : 3) + ' ' + unit;
    }
    return ns + ' ns';
  }
  const clock = ns => (ns / 1e9).toFixed(6);

  // What is shown: packets, and gaps in time between them.
  let rows = [], picked = -1, pinned = false;
  function choose() {
    const conversation = $('conversation').value, acks = $('acks').checked;
    rows = [];
    let last = null;
    data.packets.forEach((packet, index) => {
      if (conversation !== '' && packet.v !== Number(conversation) && packet.v !== -1) return;
      if (!acks && packet.c === 'ack' && packet.m === '') return;
      if (last !== null && packet.t - last >= gapFrom) rows.push({ gap: packet.t - last });
      rows.push({ packet, index });
      last = packet.t;
    });
    $('height').style.height = rows.length * rowHeight + 24 + 'px';
    draw();
    makeMap();
  }

  function svg(name, attributes, parent, text) {
    const element = document.createElementNS('http://www.w3.org/2000/svg', name);
    for (const key in attributes) element.setAttribute(key, attributes[key]);
    if (text !== undefined) element.textContent = text;
    parent.append(element);
    return element;
  }

  // The columns share the width; the last share is for comments.
  let width = 0, step = 0;
  const x = column => gutter + 20 + step * (column + 0.5);
  function layout() {
    width = $('scroller').clientWidth;
    const commented = data.packets.some(packet => packet.m !== '');
    const room = width - gutter - 40 - (commented ? Math.min(340, width * 0.24) : 0);
    step = Math.max(room / Math.max(1, data.columns.length), 90);
    const heads = $('heads');
    heads.replaceChildren();
    data.columns.forEach((name, column) => {
      const size = Math.min(step - 16, 11 + 8 * name.length + 14);
      svg('rect', { class: 'headbox', x: x(column) - size / 2, y: 6, width: size, height: 27, rx: 8 }, heads);
      svg('title', {}, svg('text', { class: 'head', x: x(column), y: 24 }, heads, cut(name, size - 14, 8)), name);
    });
  }
  const cut = (text, room, each = 7.3) => {
    const most = Math.max(1, Math.floor(room / each));
    return text.length <= most ? text : text.slice(0, most - 1) + '…';
  };

  const isRemark = packet => packet.m !== '' || packet.c === 'note';
  const wanted = () => $('search').value.trim().toLowerCase();
  const matches = (packet, word) => word !== '' &&
    [packet.text, packet.m, packet.f, packet.g, packet.k].some(text => text.toLowerCase().includes(word));

  function draw() {
    const scroller = $('scroller'), drawing = $('rows');
    const height = scroller.clientHeight, top = scroller.scrollTop;
    drawing.setAttribute('height', height);
    drawing.replaceChildren();
    svg('g', {}, drawing);
    data.columns.forEach((_, column) => svg('line', { class: 'life', x1: x(column), x2: x(column), y1: 0, y2: height }, drawing));
    const first = Math.max(0, Math.floor(top / rowHeight) - 1);
    const end = Math.min(rows.length, Math.ceil((top + height) / rowHeight) + 1);
    const word = wanted();
    for (let i = first; i < end; ++i) drawRow(drawing, rows[i], i * rowHeight - top + 10, word);
    if (rows.length === 0) svg('text', { x: width / 2, y: 60, 'text-anchor': 'middle', class: 'quiet' }, drawing, 'no packets');
  }

  function drawRow(drawing, row, y, word) {
    if (row.gap !== undefined) return drawGap(drawing, row, y);
    const { packet, index } = row;
    const hit = matches(packet, word) ? ' hit' : '', pick = index === picked ? ' picked' : '';
    const group = svg('g', { class: 'row' + hit + pick, 'data-index': index }, drawing);
    svg('rect', { class: 'back', x: 0, y, width, height: rowHeight }, group);
    svg('text', { class: 'time', x: gutter, y: y + 18 }, group, clock(packet.t));
    if (packet.c === 'note') drawNote(group, packet, y);
    else drawArrow(group, packet, y);
    if (packet.m !== '') drawComment(group, packet, y);
    group.onmouseenter = () => { if (!pinned) show(index); };
    group.onmouseleave = () => { if (!pinned) hide(); };
    group.onclick = () => { pinned = !(pinned && picked === index); show(index); draw(); };
  }

  function drawGap(drawing, row, y) {
    const group = svg('g', { class: 'gap' }, drawing), right = x(data.columns.length - 1);
    svg('line', { x1: gutter + 12, x2: Math.max(right, gutter + 40) + 20, y1: y + 14, y2: y + 14 }, group);
    svg('text', { x: gutter - 32, y: y + 18 }, group, '+ ' + duration(row.gap));
  }

  function drawArrow(group, packet, y) {
    const from = x(packet.a), to = x(packet.b), self = packet.a === packet.b;
    const sign = to > from ? 1 : -1;
    const y1 = y + 19, y2 = y + 24;
    if (self) {
      svg('path', { class: 'arrow ' + packet.c, d: `M${from} ${y1 - 6}h26v10h-20` }, group);
      head(group, packet.c, from + 4, y1 + 4, -1);
    } else {
      svg('line', { class: 'arrow ' + packet.c, x1: from, y1, x2: to - sign * 5, y2, ...(packet.c === 'ack' ? { 'stroke-dasharray': '3 3' } : {}) }, group);
      svg('circle', { class: 't-' + packet.c, cx: from, cy: y1, r: 2.6 }, group);
      head(group, packet.c, to, y2, sign);
    }
    const room = self ? step - 50 : Math.abs(to - from) - 40;
    const label = svg('text', { class: 'label', x: self ? from + 34 : (from + to) / 2, y: y + 13, ...(self ? { style: 'text-anchor:start' } : {}) }, group);
    const kind = packet.n > 0 ? `${packet.k} ${packet.n} B` : packet.k;
    const shown = cut(kind, room);
    svg('tspan', { class: 'kind t-' + packet.c }, label, shown);
    const left = room - shown.length * 7.3 - 20;
    if (packet.n > 0 && left > 40) svg('tspan', { class: 'quiet', dx: 8 }, label, cut(packet.text, left));
  }

  function head(group, kind, px, py, sign) {
    svg('path', { class: 't-' + kind, d: `M${px} ${py}l${-sign * 9} -4.5v9z` }, group);
  }

  function drawNote(group, packet, y) {
    const text = cut(packet.text, width - x(packet.a) - 60), size = text.length * 7.3 + 20;
    const left = Math.max(gutter + 10, Math.min(x(packet.a) - size / 2, width - size - 12));
    svg('rect', { class: 'pill note', x: left, y: y + 4, width: size, height: 21, rx: 6 }, group);
    svg('text', { class: 't-note', x: left + 10, y: y + 18 }, group, text);
  }

  function drawComment(group, packet, y) {
    if (packet.c === 'note') return;
    const left = x(data.columns.length - 1) + Math.min(step * 0.18, 40), room = Math.max(width - left - 14, 60);
    const text = cut(packet.m, room - 18);
    svg('rect', { class: 'pill', x: left, y: y + 4, width: text.length * 7.3 + 18, height: 21, rx: 10 }, group);
    svg('text', { class: 'pilltext', x: left + 9, y: y + 18 }, group, text);
  }

  // The whole capture at a glance; made anew when it is another, and not for each
  // part of it that comes into sight.
  const overview = document.createElement('canvas');
  const colours = {};
  function makeMap() {
    const height = Math.max(1, $('map').clientHeight), style = getComputedStyle(document.documentElement);
    for (const kind of ['open', 'data', 'ack', 'end', 'reset', 'datagram', 'note', 'fault', 'soft']) {
      colours[kind] = style.getPropertyValue('--' + kind);
    }
    overview.width = 14;
    overview.height = height;
    const paint = overview.getContext('2d');
    const mark = (i, kind, left, size) => {
      paint.fillStyle = colours[kind];
      paint.fillRect(left, i / rows.length * height, size, Math.max(1, Math.min(3, height / rows.length)));
    };
    const important = packet => packet.m !== '' || packet.c === 'reset' || packet.c === 'note';
    rows.forEach(({ packet }, i) => { if (packet && packet.c !== 'ack' && !important(packet)) mark(i, packet.c, 4, 6); });
    // Upon the others, which may be many.
    rows.forEach(({ packet }, i) => { if (packet && important(packet)) mark(i, packet.m !== '' ? 'fault' : packet.c, 1, 12); });
    drawMap();
  }

  function drawMap() {
    const map = $('map'), height = overview.height;
    map.height = height;
    const paint = map.getContext('2d');
    paint.drawImage(overview, 0, 0);
    const scroller = $('scroller'), all = scroller.scrollHeight;
    paint.fillStyle = colours.soft;
    paint.globalAlpha = 0.25;
    paint.fillRect(0, scroller.scrollTop / all * height, 14, scroller.clientHeight / all * height);
    paint.globalAlpha = 1;
  }

  function element(name, text, parent, kind) {
    const made = document.createElement(name);
    made.textContent = text;
    if (kind) made.className = kind;
    parent.append(made);
    return made;
  }

  function hex(bytes) {
    const lines = [];
    for (let at = 0; at < bytes.length; at += 16) {
      const part = Array.from(bytes.slice(at, at + 16));
      const digits = part.map(b => b.toString(16).padStart(2, '0')).join(' ');
      lines.push(at.toString(16).padStart(4, '0') + '  ' + digits.padEnd(47) + '  ' + printable(part).replace(/⏎/g, '·'));
    }
    return lines.join('\n');
  }

  function show(index) {
    const packet = data.packets[index], card = $('card'), bytes = bytesOf(packet);
    picked = index;
    card.replaceChildren();
    element('h2', `${packet.p} ${packet.k}`, card, '').style.color = `var(--${packet.c})`;
    if (packet.m !== '') element('p', packet.m, card, 'said');
    const list = element('dl', '', card);
    const facts = [['time', `${clock(packet.t)} s`], ['from', packet.f], ['to', packet.g], ['numbers', packet.i],
      ['data', packet.n > 0 ? `${packet.n} bytes` : '']];
    for (const [name, value] of facts) {
      if (value === '') continue;
      element('dt', name, list);
      element('dd', value, list);
    }
    const part = bytes.slice(0, 512);
    const text = new TextDecoder().decode(part);
    if (packet.n > 0 && !/[\x00-\x08\x0e-\x1f\ufffd]/.test(text)) element('pre', text, card, 'text');
    if (packet.n > 0) element('pre', hex(part), card);
    if (packet.n > part.length) element('div', `the first ${part.length} of ${packet.n} bytes`, card, 'more');
    card.hidden = false;
    const row = rows.findIndex(one => one.index === index), y = row * rowHeight - $('scroller').scrollTop;
    const below = y < $('scroller').clientHeight / 2;
    card.style.top = below ? 'auto' : '120px';
    card.style.bottom = below ? '24px' : 'auto';
  }
  function hide() { picked = -1; $('card').hidden = true; }

  function scrollTo(row) {
    const scroller = $('scroller'), y = row * rowHeight;
    if (y < scroller.scrollTop + rowHeight || y > scroller.scrollTop + scroller.clientHeight - 2 * rowHeight) {
      scroller.scrollTop = y - scroller.clientHeight / 2;
    }
  }
  // The next row in that direction that is wanted, from the picked one on.
  function go(direction, wanted) {
    const from = rows.findIndex(row => row.packet && row.index === picked);
    for (let i = 0, at = from < 0 && direction < 0 ? 0 : from; i < rows.length; ++i) {
      at = (at + direction + rows.length) % rows.length;
      if (!rows[at].packet || !wanted(rows[at].packet)) continue;
      pinned = true;
      scrollTo(at);
      show(rows[at].index);
      return draw();
    }
  }

  function theme(dark) {
    document.documentElement.classList.toggle('dark', dark);
    makeMap();
  }

  $('title').textContent = data.title.split('/').pop();
  document.title = $('title').textContent;
  const length = data.packets.length ? data.packets[data.packets.length - 1].t : 0;
  const many = (count, what) => `${count} ${what}${count === 1 ? '' : 's'}`;
  $('summary').textContent = `${many(data.packets.length, 'packet')}, ${many(data.conversations.length, 'conversation')}, ${duration(length)}`;
  $('summary').title = `from ${data.start}`;
  $('comment').textContent = data.comment;
  $('comment').hidden = data.comment === '';
  $('conversation').append(new Option('all conversations', ''), ...data.conversations.map((name, i) => new Option(name, i)));
  $('fault').disabled = !data.packets.some(isRemark);

  $('conversation').onchange = $('acks').onchange = choose;
  $('search').oninput = () => draw();
  $('search').onkeydown = event => { if (event.key === 'Enter') go(1, packet => matches(packet, wanted())); };
  $('fault').onclick = () => go(1, isRemark);
  $('theme').onclick = () => theme(!document.documentElement.classList.contains('dark'));
  $('scroller').onscroll = () => { draw(); drawMap(); };
  $('map').onclick = event => { $('scroller').scrollTop = event.offsetY / $('map').clientHeight * $('scroller').scrollHeight - $('scroller').clientHeight / 2; };
  onresize = () => { layout(); draw(); makeMap(); };
  onkeydown = event => {
    // Those have keys of their own.
    if (event.target.tagName === 'INPUT' || event.target.tagName === 'SELECT') return;
    if (event.key === 'ArrowDown' || event.key === 'j') go(1, () => true);
    else if (event.key === 'ArrowUp' || event.key === 'k') go(-1, () => true);
    else if (event.key === 'n') $('fault').click();
    else if (event.key === 't') $('theme').click();
    else if (event.key === 'Escape') { pinned = false; hide(); draw(); }
    else return;
    event.preventDefault();
  };

  // "#dark", "#light" and "#packet-7" are for links.
  const asked = location.hash;
  document.documentElement.classList.toggle('dark', /dark/.test(asked) ||
    !/light/.test(asked) && matchMedia('(prefers-color-scheme: dark)').matches);
  layout();
  choose();
  const number = /packet-(\d+)/.exec(asked);
  if (number) {
    picked = Number(number[1]) - 2;
    go(1, packet => data.packets.indexOf(packet) >= Number(number[1]) - 1);
  }
  document.body.dataset.drawn = document.querySelectorAll('#rows .row').length;
})();
