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

  // The three that sockjs-client 1.6.1 has in Node and in a page alike.
  for (const transport of ['websocket', 'xhr-streaming', 'xhr-polling']) {
    one(`SockJS in webSocketFactory, ${transport}`, async (t) => {
      const url = t.env.url.replace(/^ws/, 'http');
      // sockjs-client gives a transport up after a few of the round trips that /info took, which on a busy machine is too soon.
      const s = await connect(t, { brokerURL: undefined, webSocketFactory: () => new root.SockJS(url, null, { transports: [transport], timeout: 15000 }) });
      t.equal(s.client.webSocket.transport, transport, 'transport');
      const inbox = new Inbox(t, 'message');
      const body = 'žluťoučký 日本語 🐇\n'.repeat(500);
      const subscribed = s.receipt('subscribed');
      s.subscribe(t.queue(), inbox.put, { receipt: 'subscribed' });
      await subscribed;
      s.send(t.queue(), body);
      t.ok((await inbox.next()).body === body, 'the body came back with other content');
      await t.within(s.client.deactivate(), 'deactivated', 10000);
    });
  }

  one('appendMissingNULLonIncoming', async (t) => {
    const beats = new Inbox(t, 'heart-beat');
    const s = await connect(t, { appendMissingNULLonIncoming: true, heartbeatIncoming: 2000, onHeartbeatReceived: beats.put });
    const inbox = new Inbox(t, 'message');
    s.subscribe(t.queue('bodies'), inbox.put);
    for (const body of ['1', '', 'x'.repeat(100000)]) {
      s.client.publish({ destination: t.queue('bodies'), body });
      t.equal((await inbox.next()).body, body, 'body');
    }
    await beats.next();
    await exchange(t, s.client);
  });

  one('logRawCommunication', async (t) => {
    const lines = [];
    const s = await connect(t, { logRawCommunication: true, debug: (line) => lines.push(line) });
    await exchange(t, s.client);
    const into = lines.find((line) => line.startsWith('<<< MESSAGE'));
    t.ok(into && into.endsWith('\n\nhello\0'), `the raw MESSAGE: ${JSON.stringify(into)}`);
  });

  one('heartbeatStrategy worker', async (t) => {
    const lines = [];
    const s = await connect(t, {
      heartbeatStrategy: root.StompJs.TickerStrategy.Worker, heartbeatIncoming: 4000, heartbeatOutgoing: 4000, debug: (line) => lines.push(line),
    });
    await t.sleep(5000);
    // Node has no Worker of this kind; there it is an interval.
    const wanted = typeof Worker === 'undefined' ? 'runInterval' : 'runWorker';
    t.ok(lines.some((line) => line.includes(wanted)), `no ${wanted} among ${lines.length} lines`);
    t.equal(s.client.connected, true, 'connected');
    await exchange(t, s.client);
  });

  for (const mode of ['LINEAR', 'EXPONENTIAL']) {
    one(`reconnects by itself, reconnectTimeMode ${mode}`, async (t) => {
      const connects = new Inbox(t, 'connect');
      const client = new root.StompJs.Client({
        brokerURL: t.env.url,
        connectHeaders: { login: t.env.login, passcode: t.env.passcode },
        reconnectDelay: 50,
        reconnectTimeMode: root.StompJs.ReconnectionTimeMode[mode],
        onConnect: connects.put,
      });
      t.cleanup(() => client.deactivate({ force: true }));
      client.activate();
      await connects.next();
      for (let i = 0; i < 2; i += 1) {
        client.webSocket.close();
        await connects.next();
      }
      await exchange(t, client);
    });
  }
})(globalThis);
