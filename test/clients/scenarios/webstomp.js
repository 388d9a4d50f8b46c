// The API of webstomp-client 1.2.6, where it differs from stompjs 2.3.3.
(function (root) {
  'use strict';

  const { scenario, Inbox } = root.stompgwTests;
  const one = (name, run) => scenario(`webstomp-client 1.2.6: ${name}`, run);
  const { webstomp } = root;
  const quiet = { debug: false };

  function ready(t, client, connect) {
    t.cleanup(() => client.ws.close());
    return t.within(new Promise((yes, no) => {
      connect(yes, (error) => no(new Error(`error callback: ${error && error.command ? JSON.stringify(error.headers) : error.code}`)));
    }), 'connected');
  }

  async function exchange(t, client) {
    const inbox = new Inbox(t, 'message');
    client.subscribe(t.queue(), inbox.put);
    client.send(t.queue(), 'hello', { 'x-own': 'yes' });
    const message = await inbox.next();
    t.equal(message.body, 'hello', 'body');
    t.equal(message.headers['x-own'], 'yes', 'own header');
  }

  const headers = (t) => ({ login: t.env.login, passcode: t.env.passcode, host: t.env.host });

  const clients = {
    'webstomp.client(url)': ['1.2', (t) => webstomp.client(t.env.url, quiet)],
    'webstomp.client(url, {protocols: v10})': ['1.0', (t) => webstomp.client(t.env.url, { ...quiet, protocols: ['v10.stomp'] })],
    'webstomp.client(url, {protocols: v11})': ['1.1', (t) => webstomp.client(t.env.url, { ...quiet, protocols: ['v11.stomp'] })],
    'webstomp.client(url, {binary: true})': ['1.2', (t) => webstomp.client(t.env.url, { ...quiet, binary: true })],
    'webstomp.client(url, {heartbeat: false})': ['1.2', (t) => webstomp.client(t.env.url, { ...quiet, heartbeat: false })],
    'webstomp.over(ws)': ['1.2', (t) => webstomp.over(new root.WebSocket(t.env.url, webstomp.VERSIONS.supportedProtocols()), quiet)],
    'webstomp.over(ws without a subprotocol)': ['1.2', (t) => webstomp.over(new root.WebSocket(t.env.url), quiet)],
  };
  for (const [name, [version, make]] of Object.entries(clients)) {
    one(name, async (t) => {
      const client = make(t);
      const frame = await ready(t, client, (ok, err) => client.connect(headers(t), ok, err));
      t.equal(frame.headers.version ?? '1.0', version, 'version');
      await exchange(t, client);
    });
  }

  const forms = {
    'connect(headers, ok)': (t, c, ok) => c.connect(headers(t), ok),
    'connect(headers, ok, err)': (t, c, ok, err) => c.connect(headers(t), ok, err),
    'connect(login, passcode, ok)': (t, c, ok) => c.connect(t.env.login, t.env.passcode, ok),
    'connect(login, passcode, ok, err)': (t, c, ok, err) => c.connect(t.env.login, t.env.passcode, ok, err),
    'connect(login, passcode, ok, err, host)': (t, c, ok, err) => c.connect(t.env.login, t.env.passcode, ok, err, t.env.host),
  };
  for (const [name, connect] of Object.entries(forms)) {
    one(name, async (t) => {
      const client = webstomp.client(t.env.url, quiet);
      const frame = await ready(t, client, (ok, err) => connect(t, client, ok, err));
      t.equal(frame.command, 'CONNECTED', 'what the callback got');
      await exchange(t, client);
    });
  }

  one('unsubscribe with headers and disconnect with headers', async (t) => {
    const client = webstomp.client(t.env.url, quiet);
    await ready(t, client, (ok, err) => client.connect(headers(t), ok, err));
    const receipts = new Inbox(t, 'RECEIPT');
    client.onreceipt = receipts.put;
    const subscription = client.subscribe(t.queue(), () => {}, { id: 'mine' });
    subscription.unsubscribe({ receipt: 'unsubscribed' });
    t.equal((await receipts.next()).headers['receipt-id'], 'unsubscribed', 'receipt of UNSUBSCRIBE');
    const closed = new Promise((yes) => client.ws.addEventListener('close', yes));
    await t.within(new Promise((yes) => client.disconnect(yes, { receipt: 'bye' })), 'the callback of disconnect');
    await t.within(closed, 'the WebSocket closed', 5000);
  });
})(globalThis);
