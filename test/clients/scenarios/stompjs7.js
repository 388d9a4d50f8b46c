// The API of @stomp/stompjs 7, where it goes beyond what scenarios/common.js asks of every client.
(function (root) {
  'use strict';

  const { scenario, Inbox, adapters } = root.stompgwTests;
  const one = (name, run) => scenario(`stompjs 7: ${name}`, run);
  const adapter = adapters.find((a) => a.name === 'stompjs 7');
  const connect = (t, config) => adapter.connect(t, { config });

  async function exchange(t, client) {
    const inbox = new Inbox(t, 'message');
    client.subscribe(t.queue(), inbox.put);
    client.publish({ destination: t.queue(), body: 'hello' });
    t.equal((await inbox.next()).body, 'hello', 'body');
  }

  one('Client({webSocketFactory})', async (t) => {
    const s = await connect(t, { brokerURL: undefined, webSocketFactory: () => new root.WebSocket(t.env.url) });
    await exchange(t, s.client);
  });

  for (const [version, list] of [['1.2', ['1.2']], ['1.1', ['1.1']], ['1.0', ['1.0']], ['1.2', ['1.0', '1.1', '1.2']]]) {
    one(`stompVersions ${list}`, async (t) => {
      const s = await connect(t, { stompVersions: new root.StompJs.Versions(list) });
      t.equal(s.client.connectedVersion ?? '1.0', version, 'version');
      await exchange(t, s.client);
    });
  }

  one('Stomp.client(url) and connect(headers, ok, err), as older versions had them', async (t) => {
    const client = root.StompJs.Stomp.client(t.env.url);
    client.debug = () => {};
    client.reconnect_delay = 0;
    t.cleanup(() => client.deactivate({ force: true }));
    await t.within(new Promise((yes, no) => client.connect({ login: t.env.login, passcode: t.env.passcode }, yes, no)), 'connected');
    await exchange(t, client);
    await t.within(new Promise((yes) => client.disconnect(yes)), 'the callback of disconnect');
  });

  one('Stomp.over(factory) and connect(login, passcode, ok, err, close, host)', async (t) => {
    const client = root.StompJs.Stomp.over(() => new root.WebSocket(t.env.url, ['v12.stomp']));
    client.debug = () => {};
    client.reconnect_delay = 0;
    t.cleanup(() => client.deactivate({ force: true }));
    await t.within(new Promise((yes, no) => client.connect(t.env.login, t.env.passcode, yes, no, no, t.env.host)), 'connected');
    await exchange(t, client);
  });

  one('escaped headers', async (t) => {
    const s = await connect(t);
    const inbox = new Inbox(t, 'message');
    const value = 'a:b, line\nbreak, back\\ slash, return\r.';
    s.subscribe(t.queue(), inbox.put);
    s.send(t.queue(), 'x', { 'x-odd': value });
    t.equal((await inbox.next()).headers['x-odd'], value, 'header');
  });

  one('a binary body', async (t) => {
    const s = await connect(t);
    const inbox = new Inbox(t, 'message');
    const bytes = new Uint8Array(1024).map((_, i) => i & 255);
    s.subscribe(t.queue(), inbox.put);
    s.client.publish({ destination: t.queue(), binaryBody: bytes, headers: { 'content-type': 'application/octet-stream' } });
    t.same(Array.from((await inbox.next()).binaryBody), Array.from(bytes), 'body');
    t.equal(s.client.connected, true, 'connected');
  });

  one('forceBinaryWSFrames', async (t) => {
    const s = await connect(t, { forceBinaryWSFrames: true });
    await exchange(t, s.client);
  });

  one('splitLargeFrames with a chunk size', async (t) => {
    const s = await connect(t, { splitLargeFrames: true, maxWebSocketChunkSize: 1000 });
    const inbox = new Inbox(t, 'message');
    const body = 'abcdefghi\n'.repeat(10000);
    s.subscribe(t.queue(), inbox.put);
    s.send(t.queue(), body);
    t.ok((await inbox.next()).body === body, 'the body came back with other content');
  });

  one('skipContentLengthHeader', async (t) => {
    const s = await connect(t);
    const inbox = new Inbox(t, 'message');
    s.subscribe(t.queue(), inbox.put);
    s.client.publish({ destination: t.queue(), body: 'text', skipContentLengthHeader: true });
    const message = await inbox.next();
    t.equal(message.body, 'text', 'body');
    // ActiveMQ makes it a TextMessage, which has no content-length on its way back.
    if (t.env.broker === 'activemq') t.equal('content-length' in message.headers, false, 'whether there is a content-length');
  });

  one('unsubscribe with headers, receipt of SUBSCRIBE', async (t) => {
    const s = await connect(t);
    const subscribed = s.receipt('subscribed');
    const unsubscribed = s.receipt('unsubscribed');
    const subscription = s.subscribe(t.queue(), () => {}, { receipt: 'subscribed' });
    await subscribed;
    subscription.unsubscribe({ receipt: 'unsubscribed' });
    await unsubscribed;
  });

  one('deactivate waits for the receipt of DISCONNECT', async (t) => {
    let receipt = null;
    const s = await connect(t, { onDisconnect: (frame) => { receipt = frame; } });
    await t.within(s.client.deactivate(), 'deactivated', 5000);
    t.ok(receipt && receipt.command === 'RECEIPT', `onDisconnect got ${receipt}`);
    const event = await t.within(s.closed, 'the WebSocket closed', 5000);
    t.ok(event.code === 1000 || event.code === 1005, `close code ${event.code}`);
  });

  one('messages to a temporary queue reach onUnhandledMessage', async (t) => {
    t.only(['rabbitmq'], 'a queue for each connection that nobody subscribes is RabbitMQ\'s alone');
    const answers = new Inbox(t, 'answer');
    const s = await connect(t, { onUnhandledMessage: answers.put });
    s.subscribe(t.queue(), (m) => s.send(m.headers['reply-to'], `answer to ${m.body}`));
    s.send(t.queue(), 'question', { 'reply-to': '/temp-queue/answers' });
    t.equal((await answers.next()).body, 'answer to question', 'body');
  });

  one('reconnects by itself', async (t) => {
    const connects = new Inbox(t, 'connect');
    const client = new root.StompJs.Client({
      brokerURL: t.env.url,
      connectHeaders: { login: t.env.login, passcode: t.env.passcode },
      reconnectDelay: 50,
      onConnect: connects.put,
    });
    t.cleanup(() => client.deactivate({ force: true }));
    client.activate();
    await connects.next();
    client.webSocket.close();
    await connects.next();
    await exchange(t, client);
  });
})(globalThis);
