// run-sockjs-chromium.js runs sockjs-client in headless Chromium, each case in a page of its own. Its one argument is
// {chromium, cookies, parallel, cases: [{name, version, transport, url, page, …}]} as JSON, see sockjs/scenario.js; page is the URL
// of sockjs/page.html at the origin that the case is about, cookies are what the browser has, if any, and parallel is how
// many pages are open at a time, 1 where it is missing. Each case is reported as a line of JSON on stdout.
'use strict';

const withBrowser = require('./browser.js');

const { chromium, cookies = [], parallel = 1, cases } = JSON.parse(process.argv[2]);

// Browsers begin to keep cookies from pages of other sites; those that matter here are of a browser that sends them.
const preferences = { profile: { cookie_controls_mode: 0, block_third_party_cookies: false } };

async function run(context, env) {
  const page = await context.newPage();
  let line;
  try {
    await page.goto(`${env.page}?${env.version}`);
    await page.waitForFunction('window.stompgwReady === true', null, { timeout: 30000 });
    line = await page.evaluate((e) => globalThis.runSockJS(e, globalThis.SockJS, globalThis.Stomp), env);
  } catch (error) {
    line = { scenario: env.name, ok: false, error: error.message, ms: 0 };
  }
  await page.close();
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

withBrowser(chromium, async (context) => {
  await context.addCookies(cookies);
  const waiting = [...cases];
  const worker = async () => {
    while (waiting.length > 0) await run(context, waiting.shift());
  };
  await Promise.all(Array.from({ length: parallel }, worker));
}, cookies.length > 0 ? { preferences } : {}).catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
