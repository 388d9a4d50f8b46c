// run-chromium.js runs the scenarios in a page of headless Chromium. Its one argument is the environment as JSON:
//   {page, url, broker: "rabbitmq"|"activemq", login, passcode, host, tag, only, parallel}
// page is the URL of page.html on a server whose origin the gateway allows; only is a pattern of scenario names.
'use strict';

const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { chromium } = require('playwright-core');

const env = JSON.parse(process.argv[2]);
const report = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

async function main() {
  const profile = mkdtempSync(join(tmpdir(), 'stompgw-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: env.chromium || '/usr/bin/chromium',
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-dev-shm-usage', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  try {
    const page = await context.newPage();
    page.on('pageerror', (error) => process.stderr.write(`page: ${error.message}\n`));
    page.on('console', (message) => process.stderr.write(`console: ${message.text()}\n`));
    await page.exposeFunction('report', report);
    await page.goto(env.page);
    await page.waitForFunction('window.stompgwReady === true', null, { timeout: 15000 });
    await page.evaluate((e) => globalThis.stompgwTests.run(e, (result) => window.report(result)), env);
  } finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  }
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
