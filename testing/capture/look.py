#!/usr/bin/env python3
"""Looks at a page that `show` made, in a real browser, and prints what is there.

  look.py PROFILE PAGE.html hover 4   # the card of the fourth packet
  look.py PROFILE PAGE.html layout    # what is where, in which colours
  look.py PROFILE PAGE.html keys      # what keys do
  look.py PROFILE PAGE.html amount    # of a page of many packets

The browser is Chromium, which keeps its files in the directory PROFILE. It is
told what to do by its own protocol (--remote-debugging-pipe: JSON on descriptors
3 and 4, each message ended by a NUL), so that the page gets the events of a mouse
and of keys and not those of a script:
https://chromedevtools.github.io/devtools-protocol
"""
import json, os, subprocess, sys

FLAGS = '''--headless --no-sandbox --disable-gpu --disable-quic --no-first-run
    --disable-background-networking --disable-component-update --disable-sync
    --window-size=1280,4000 --remote-debugging-pipe'''.split()
CARD = "document.getElementById('card')"
# Those whose code is not that of a letter.
KEYS = {'ArrowDown': 40, 'ArrowUp': 38, 'Enter': 13, 'Escape': 27, 'Tab': 9}


def fail(text):
    sys.exit(f'look.py: {text}')


class Browser:
    """One page of one browser, until the end of a `with`."""

    def __init__(self, profile):
        commands, self.to = os.pipe()
        self.answers, answers = os.pipe()
        self.process = subprocess.Popen(
            ['bash', '-c', f'exec chromium "$@" 3<&{commands} 4>&{answers}', '-',
             *FLAGS, f'--user-data-dir={profile}'],
            pass_fds=(commands, answers), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(commands)
        os.close(answers)
        self.rest = b''
        self.last = 0
        self.reached = set()  # which page, and what of its life
        self.loaded = []  # what was asked for
        self.session = {}
        target = self.call('Target.createTarget', url='about:blank')
        session = self.call('Target.attachToTarget', flatten=True, **target)
        self.session = session

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.to)  # Chromium ends with its pipe
        self.process.wait(timeout=60)

    def message(self):
        while b'\0' not in self.rest:
            part = os.read(self.answers, 65536)
            if not part:
                fail('the browser has ended')
            self.rest += part
        message, self.rest = self.rest.split(b'\0', 1)
        message = json.loads(message)
        if message.get('method') == 'Page.lifecycleEvent':
            params = message['params']
            self.reached.add((params['loaderId'], params['name']))
        if message.get('method') == 'Network.requestWillBeSent':
            self.loaded.append(message['params']['request']['url'].rsplit('/', 1)[1])
        return message

    def call(self, method, **params):
        self.last += 1
        command = dict(id=self.last, method=method, params=params, **self.session)
        os.write(self.to, json.dumps(command).encode() + b'\0')
        answer = self.message()
        while answer.get('id') != self.last:
            answer = self.message()
        if 'error' in answer:
            fail(f'{method}: {answer["error"]["message"]}')
        return answer['result']

    def value(self, script):
        answer = self.call('Runtime.evaluate', expression=script,
                           returnByValue=True, awaitPromise=True)
        if 'exceptionDetails' in answer:
            fail(f'{script}: {answer["exceptionDetails"]}')
        return answer['result'].get('value')

    def open(self, page):
        self.call('Page.enable')
        self.call('Network.enable')
        self.call('Page.setLifecycleEventsEnabled', enabled=True)
        url = f'file://{os.path.abspath(page)}'
        navigation = self.call('Page.navigate', url=url)
        if 'errorText' in navigation:
            fail(f'{url}: {navigation["errorText"]}')
        # Of this page: that about:blank is loaded may be told later.
        while (navigation['loaderId'], 'load') not in self.reached:
            self.message()

    def await_frame(self):
        """Until what has changed has been drawn."""
        self.value('new Promise(done => requestAnimationFrame(() => done()))')

    def move_mouse(self, x, y):
        self.call('Input.dispatchMouseEvent', type='mouseMoved', x=x, y=y)
        self.await_frame()

    def press(self, key):
        text = key if len(key) == 1 else '\r' if key == 'Enter' else ''
        code = KEYS.get(key, ord(key[0].upper()))
        # "rawKeyDown" is one without text.
        for kind in ['keyDown' if text else 'rawKeyDown', 'keyUp']:
            self.call('Input.dispatchKeyEvent', type=kind, key=key, text=text,
                      windowsVirtualKeyCode=code)
        self.await_frame()


class Page(Browser):
    """The page of a capture, of which little is scrolled out of sight."""

    def __init__(self, profile, page):
        super().__init__(profile)
        self.open(page)
        self.move_mouse(1, 1)

    def card(self):
        """The text of the card, or None."""
        return self.value(f'{CARD}.hidden ? null : {CARD}.innerText')

    def boxes(self, selector):
        """Where the middles of these are, as [x, y]."""
        return self.value(f'''Array.from(document.querySelectorAll('{selector}'), one => {{
            const box = one.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2]; }})''')

    def texts(self, selector):
        return self.value(f'''Array.from(document.querySelectorAll('{selector}'),
            one => one.textContent)''')


def ordered(numbers, strictly):
    return all(a < b if strictly else a <= b for a, b in zip(numbers, numbers[1:]))


def hover(page, number):
    """The card with the mouse on the NUMBERth row, from 1, and that it goes."""
    if page.card() is not None:
        fail('the card is there without the mouse')
    page.move_mouse(*page.boxes('#rows .row')[int(number) - 1])
    print(page.card())
    page.move_mouse(1, 1)
    print('gone' if page.card() is None else 'still there')


def layout(page):
    """Where things are, and in which colours; what else was loaded."""
    # The text of a head has its <title>, the whole name, within.
    heads = [x for x, _ in page.boxes('#heads .headbox')]
    lines = [x for x, _ in page.boxes('#rows .life')]
    names = page.texts('#heads .head title')
    under = len(heads) == len(lines) and all(abs(a - b) < 1 for a, b in zip(heads, lines))
    print(f'columns: {", ".join(names)}' if under and ordered(heads, True)
          else f'no columns: {names} at {heads}, lines at {lines}')
    rows = page.boxes('#rows .row .time')
    print(f'{len(rows)} rows downwards' if ordered([y for _, y in rows], True)
          else f'no rows: {rows}')
    times = [float(time) for time in page.texts('#rows .row .time')]
    print('times downwards' if ordered(times, False) else f'times out of order: {times}')
    print(page.value('''(() => {
        const style = getComputedStyle(document.documentElement);
        const probe = document.createElement('i');
        probe.style.color = style.getPropertyValue('--fault');
        document.body.append(probe);
        const fault = getComputedStyle(probe).color;
        const texts = Array.from(document.querySelectorAll('#rows .pilltext'));
        const right = texts.filter(text => getComputedStyle(text).fill === fault);
        return `${right.length} of ${texts.length} comments in the colour of faults`; })()'''))
    wide = page.value('document.documentElement.scrollWidth - innerWidth')
    print('all in sight' if wide <= 0 else f'{wide} pixels too wide')
    print(f'loads {len(page.loaded)}: {", ".join(page.loaded)}')


def keys(page):
    """What keys do, of somebody who has no mouse."""
    # What kind of packet is shown, and its comment or its data.
    def said():
        lines = [line for line in (page.card() or 'no card').split('\n') if line]
        return ' | '.join(dict.fromkeys(line for line in lines[:2] + lines[-1:] if line != 'time'))
    for key in ['ArrowDown', 'j', 'ArrowUp', 'n', 'n', 'Escape']:
        page.press(key)
        print(f'{key}: {said()}')
    stops = []
    for _ in range(6):
        page.press('Tab')
        stops.append(page.value('document.activeElement.id'))
    print(f'Tab: {" ".join(stops)}')
    # The arrows belong to what they are for elsewhere.
    page.value("document.getElementById('conversation').focus()")
    page.press('ArrowDown')
    print(f'ArrowDown in a list: {said()}')
    page.value("document.getElementById('search').focus()")
    for key in 'copy':
        page.press(key)
    hits = page.value("document.querySelectorAll('#rows .hit').length")
    page.press('Enter')
    print(f'a search: {hits} found, {said()}')


def amount(page):
    """Whether of many packets only those that are seen are drawn, so that none waits for them."""
    for what, script in [
            ('opens', '0'),
            ('scrolls', STEPS.replace('DO', 'scroller.scrollTop = i * scroller.scrollHeight / 10')),
            ('searches', STEPS.replace('DO', "search.value = 'data ' + i; search.oninput()"))]:
        most = page.value(script) or page.value(DRAWN)
        print(what if 0 < most < 2000 else f'{what} with {most} elements')
    page.press('k')  # the one before the first
    print((page.card() or 'no card').strip().split('\n')[-1])


DRAWN = "document.getElementById('rows').querySelectorAll('*').length"

# Does something in some steps, and waits until each has been drawn; how many elements
# there were at most.
STEPS = '''(async () => {
    const scroller = document.getElementById('scroller'), search = document.getElementById('search');
    let most = 0;
    for (let i = 0; i <= 10; ++i) {
        DO;
        await new Promise(done => requestAnimationFrame(() => done()));
        most = Math.max(most, DRAWN);
    }
    return most; })()'''.replace('DRAWN', DRAWN)


def main():
    looks = {look.__name__: look for look in (hover, layout, keys, amount)}
    if len(sys.argv) < 4 or sys.argv[3] not in looks:
        fail(f'usage: look.py PROFILE PAGE.html {"|".join(looks)} [NUMBER]')
    profile, path, what, *arguments = sys.argv[1:]
    with Page(profile, path) as page:
        looks[what](page, *arguments)


if __name__ == '__main__':
    main()
