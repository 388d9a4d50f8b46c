// run-sockjs-chromium.js runs sockjs-client in headless Chromium, each case in a page of its own. Its one argument is
// {chromium, cases: [{name, version, transport, url, page, …}]} as JSON, see sockjs/scenario.js; page is the URL of
// sockjs/page.html at the origin that the case is about. Each case is reported as a line of JSON on stdout.
'use strict';

const withBrowser = require('./browser.js');

const { chromium, cases } = JSON.parse(process.argv[2]);

withBrowser(chromium, async (context) => {
  for (const env of cases) {
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
}).catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
