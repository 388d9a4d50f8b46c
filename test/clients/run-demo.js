// run-demo.js uses the demo's page as a person would: two windows that chat, the frames beside it, and the snippet
// that the page offers, run in a page of another origin. Its one argument is JSON: {page, snippetPage, chromium}, with
// the URLs of the demo's page and of snippet.html on a server whose origin the demo allows. It reports as run-node.js does.
'use strict';

const assert = require('node:assert/strict');
const withBrowser = require('./browser.js');

const env = JSON.parse(process.argv[2]);
const connected = '#status[data-state=connected]';

async function step(name, run) {
  const start = Date.now();
  let error = null;
  try {
    await run();
  } catch (e) {
    error = e.message;
  }
  process.stdout.write(`${JSON.stringify({ scenario: name, ok: error === null, error, ms: Date.now() - start })}\n`);
}

async function say(page, text) {
  await page.fill('#text', text);
  await page.click('#send');
}

// hears waits for a message in the chat and gives its row.
async function hears(page, text) {
  const row = page.locator('.message', { hasText: text });
  await row.first().waitFor();
  return row.first();
}

withBrowser(env.chromium, async (context) => {
  context.setDefaultTimeout(15000);
  const first = await context.newPage();
  const errors = [];
  context.on('weberror', (e) => errors.push(e.error().message));
  await first.goto(env.page);
  const opened = context.waitForEvent('page');

  let second;
  await step('the page connects and opens a second window', async () => {
    await first.waitForSelector(connected);
    await first.click('#second');
    second = await opened;
    await second.waitForSelector(connected);
  });
  await step('two windows chat', async () => {
    await first.fill('#name', 'Ada');
    await second.fill('#name', 'Grace');
    await say(first, 'hello <b>from</b> Ada 🐇');
    const row = await hears(second, 'hello <b>from</b> Ada 🐇');
    assert.match(await row.innerText(), /Ada/);
    await hears(first, 'hello <b>from</b> Ada 🐇');
    await say(second, 'hello from Grace');
    await hears(first, 'hello from Grace');
    assert.equal(await first.locator('.message').count(), 2, 'messages in the first window');
  });
  await step('the frames that pass are shown', async () => {
    const out = (await first.locator('.frame.out .command').allInnerTexts()).join(' ');
    const into = (await first.locator('.frame.in .command').allInnerTexts()).join(' ');
    for (const command of ['CONNECT', 'SUBSCRIBE', 'SEND']) assert.ok(out.includes(command), `no ${command} among the frames to the broker: ${out}`);
    for (const command of ['CONNECTED', 'MESSAGE']) assert.ok(into.includes(command), `no ${command} among the frames to the browser: ${into}`);
  });
  await step('disconnect and connect again', async () => {
    await first.click('#toggle');
    await first.waitForSelector('#status[data-state=disconnected]');
    await first.click('#toggle');
    await first.waitForSelector(connected);
    await say(second, 'welcome back');
    await hears(first, 'welcome back');
  });
  await step('who disconnects twice waits for no receipt', async () => {
    await first.click('#clear');
    await first.evaluate(() => { for (let i = 0; i < 2; i++) document.getElementById('toggle').click(); });
    await first.waitForSelector('#status[data-state=disconnected]');
    const sent = await first.locator('.frame.out .command', { hasText: 'DISCONNECT' }).count();
    assert.equal(sent, 1, 'DISCONNECT frames');
    await first.click('#toggle');
    await first.waitForSelector(connected);
    assert.equal(await first.locator('.frame.error').count(), 0, 'ERROR frames');
  });
  await step('the snippet is copied', async () => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await first.bringToFront();
    await first.click('#copy');
    await first.locator('#copied', { hasText: 'Copied' }).waitFor();
    assert.equal(await first.evaluate(() => navigator.clipboard.readText()), await first.locator('#snippet').textContent());
  });
  await step('the snippet works in a page of another origin', async () => {
    const snippet = await first.innerText('#snippet');
    const own = await context.newPage();
    await own.goto(env.snippetPage);
    const heard = own.waitForEvent('console', (m) => m.text().includes('My page says Hello from my own page'));
    await own.addScriptTag({ type: 'module', content: snippet });
    await heard;
    const row = await hears(first, 'Hello from my own page');
    assert.match(await row.innerText(), /My page/);
  });
  await step('no script of the page failed', async () => assert.deepEqual(errors, []));
}).catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
