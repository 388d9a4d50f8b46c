// run-chromium.js runs the scenarios in a page of headless Chromium. Its one argument is the environment as JSON:
//   {page, url, broker: "rabbitmq"|"activemq"|"demo", login, passcode, host, tag, only, parallel, chromium, trust}
// page is the URL of page.html on a server whose origin the gateway allows; only is a pattern of scenario names; trust
// is the SHA-256 of the key of a certificate to trust, in base64, where the gateway has one of the test's own.
'use strict';

const withBrowser = require('./browser.js');

const env = JSON.parse(process.argv[2]);
const report = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

withBrowser(env.chromium, async (context) => {
  const page = await context.newPage();
  await page.exposeFunction('report', report);
  await page.goto(env.page);
  await page.waitForFunction('window.stompgwReady === true', null, { timeout: 15000 });
  await page.evaluate((e) => globalThis.stompgwTests.run(e, (result) => window.report(result)), env);
}, { trust: env.trust }).catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
