// browser.js starts a headless Chromium with a profile of its own, and leaves nothing of it behind.
'use strict';

const { mkdirSync, mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { chromium } = require('playwright-core');

// withBrowser gives the function a browser context; what pages say on their consoles goes to stderr.
// trust is the fingerprint of a certificate's key to trust; nothing is the system's authorities only. preferences are
// those of a profile of Chromium; nothing is the browser's own.
module.exports = async function withBrowser(executablePath, use, { trust, preferences = {} } = {}) {
  const profile = mkdtempSync(join(tmpdir(), 'stompgw-chromium-'));
  mkdirSync(join(profile, 'Default'));
  writeFileSync(join(profile, 'Default', 'Preferences'), JSON.stringify(preferences));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-dev-shm-usage', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync',
      ...(trust ? [`--ignore-certificate-errors-spki-list=${trust}`] : [])],
  });
  const note = (page) => {
    page.on('pageerror', (error) => process.stderr.write(`page: ${error.message}\n`));
    page.on('console', (message) => process.stderr.write(`console: ${message.text()}\n`));
  };
  context.on('page', note);
  context.pages().forEach(note);
  try {
    await use(context);
  } finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  }
};
