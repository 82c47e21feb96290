#!/usr/bin/env python3
"""Moves the mouse over a packet of a page that `show` made, in a real browser.

  hover.py PROFILE PAGE.html NUMBER

Prints the text of the page's card with the mouse on the NUMBERth row, counted
from 1, and then "gone" when the card goes as the mouse leaves. The browser is
Chromium, which keeps its files in the directory PROFILE. It is told what to do
by its own protocol (--remote-debugging-pipe: JSON on descriptors 3 and 4, each
message ended by a NUL), so that the page gets the events of a mouse and not
those of a script: https://chromedevtools.github.io/devtools-protocol
"""
import json, os, subprocess, sys

FLAGS = '''--headless --no-sandbox --disable-gpu --disable-quic --no-first-run
    --disable-background-networking --disable-component-update --disable-sync
    --window-size=1280,4000 --remote-debugging-pipe'''.split()
CARD = "document.getElementById('card')"


def fail(text):
    sys.exit(f'hover.py: {text}')


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
        self.call('Page.setLifecycleEventsEnabled', enabled=True)
        url = f'file://{os.path.abspath(page)}'
        navigation = self.call('Page.navigate', url=url)
        if 'errorText' in navigation:
            fail(f'{url}: {navigation["errorText"]}')
        # Of this page: that about:blank is loaded may be told later.
        while (navigation['loaderId'], 'load') not in self.reached:
            self.message()

    def move_mouse(self, x, y):
        self.call('Input.dispatchMouseEvent', type='mouseMoved', x=x, y=y)
        # Until what that changes has been drawn.
        self.value('new Promise(done => requestAnimationFrame(() => done()))')


def main():
    if len(sys.argv) != 4:
        fail('usage: hover.py PROFILE PAGE.html NUMBER')
    profile, page, number = sys.argv[1:]
    with Browser(profile) as browser:
        browser.open(page)
        browser.move_mouse(1, 1)
        if not browser.value(f'{CARD}.hidden'):
            fail('the card is there without the mouse')
        row = browser.value(f'''(() => {{
            const rows = document.querySelectorAll('#rows .row');
            const box = rows[{int(number)} - 1].getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2]; }})()''')
        browser.move_mouse(*row)
        if browser.value(f'{CARD}.hidden'):
            fail('the card is hidden under the mouse')
        print(browser.value(f'{CARD}.innerText'))
        browser.move_mouse(1, 1)
        print('gone' if browser.value(f'{CARD}.hidden') else 'still there')


if __name__ == '__main__':
    main()
