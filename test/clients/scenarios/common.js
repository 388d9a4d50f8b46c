// What every client must be able to do, whatever its API looks like.
(function (root) {
  'use strict';

  const { scenario, Inbox, adapters } = root.stompgwTests;

  for (const client of adapters) {
    const one = (name, run, deadline) => scenario(`${client.name}: ${name}`, (t) => run(t, client), deadline);

    one('bad login', badLogin);
    one('subscribe with own id and headers, send, unsubscribe', subscribe);
    one('ack in client mode is cumulative', ackClient);
    one('ack in client-individual mode', ackIndividual);
    one('nack', nack);
    one('transaction commit', commit);
    one('transaction abort', abort);
    one('ack in a transaction', ackInTransaction);
    one('receipts', receipts);
    one('heart-beats keep an idle connection', heartBeats);
    one('heart-beats switched off', noHeartBeats);
    one('1,000 messages in order', thousand);
    one('UTF-8 in headers and body', utf8);
    one('a header with a colon', colon);
    one('a body of 1 MiB', megabyte);
    one('no body', emptyBody);
    one('DISCONNECT', disconnect);
  }

  async function badLogin(t, client) {
    t.only(['rabbitmq', 'activemq', 'artemis', 'hornetq', 'apollo'], 'the demo broker lets everybody in');
    const errors = [];
    let session;
    const failed = await client.connect(t, {
      passcode: 'wrong',
      onError: (error, s) => {
        errors.push(error);
        session = s;
      },
    }).then(() => false, () => true);
    t.ok(failed, 'connected with a wrong passcode');
    t.ok(errors.length > 0, 'the error callback was not called with the ERROR frame');
    t.equal(errors[0].command, 'ERROR', 'what the error callback got first');
    await t.within(session.closed, 'the WebSocket closed after the ERROR', 5000);
  }

  async function subscribe(t, client) {
    const s = await client.connect(t);
    const inbox = new Inbox(t, 'message');
    const subscription = s.subscribe(t.queue(), inbox.put, { id: 'my own id', ack: 'auto', 'x-own': 'yes' });
    t.equal(subscription.id, 'my own id', 'id of the subscription');
    s.send(t.queue(), 'first', { 'x-colour': 'green', priority: '9' });
    const message = await inbox.next();
    t.equal(message.body, 'first', 'body');
    t.equal(message.headers.subscription, 'my own id', 'subscription header');
    t.equal(message.headers['x-colour'], 'green', 'own header');
    t.equal(message.headers.destination, t.queue(), 'destination header');
    t.ok(message.headers['message-id'], 'there is no message-id header');
    if (t.env.broker === 'artemis') {
      // Artemis 2.40 counts a message as acknowledged a moment after it was sent: bare, too, who unsubscribes at once
      // leaves it for the next subscriber (22 of 1,500; none of over 4,000 after another receipt).
      const settled = s.receipt('settled');
      s.send(`${t.queue()}.other`, 'x', { receipt: 'settled' });
      await settled;
    }
    subscription.unsubscribe();
    // Apollo 1.7 ends a subscription while it reads on: bare, too, a message sent at once still goes to it (11 of 12).
    if (t.env.broker === 'apollo') return;
    // The receipt of a later SEND says that UNSUBSCRIBE was done.
    const done = s.receipt('after unsubscribe');
    s.send(t.queue(), 'second', { receipt: 'after unsubscribe' });
    await done;
    const other = await client.connect(t);
    other.subscribe(t.queue(), inbox.put);
    t.equal((await inbox.next()).body, 'second', 'what was left in the queue for the next subscriber');
  }

  // three receives three messages without acknowledging them.
  async function three(t, client, ack) {
    const s = await client.connect(t);
    const inbox = new Inbox(t, 'message');
    // For ActiveMQ it is messages, for Artemis it would be octets.
    const prefetch = t.env.broker === 'activemq' ? { 'activemq.prefetchSize': '10' } : {};
    s.subscribe(t.queue(), inbox.put, { id: 's1', ack, ...prefetch });
    for (const body of ['1', '2', '3']) s.send(t.queue(), body);
    const messages = [await inbox.next(), await inbox.next(), await inbox.next()];
    t.same(messages.map((m) => m.body), ['1', '2', '3'], 'bodies');
    return { s, messages };
  }

  // left is what the queue gives to a new client.
  async function left(t, client, count) {
    const s = await client.connect(t);
    const inbox = new Inbox(t, 'redelivered message');
    s.subscribe(t.queue(), inbox.put, { id: 'rest', ack: 'auto' });
    const bodies = [];
    while (bodies.length < count) bodies.push((await inbox.next()).body);
    s.send(t.queue(), 'last');
    bodies.push((await inbox.next()).body);
    return bodies.sort();
  }

  async function ackClient(t, client) {
    const { s, messages } = await three(t, client, 'client');
    messages[1].ack({ 'x-own': 'yes' });
    await s.disconnect();
    t.same(await left(t, client, 1), ['3', 'last'], 'what is left after the second was acknowledged');
  }

  async function ackIndividual(t, client) {
    const { s, messages } = await three(t, client, 'client-individual');
    const done = s.receipt('acked');
    messages[1].ack({ receipt: 'acked' });
    await done;
    await s.disconnect();
    t.same(await left(t, client, 2), ['1', '3', 'last'], 'what is left after the second was acknowledged');
  }

  async function nack(t, client) {
    const s = await client.connect(t);
    const inbox = new Inbox(t, 'message');
    const headers = { persistent: 'true', mark: t.tag };
    if (['artemis', 'hornetq'].includes(t.env.broker)) {
      // They take a NACK for an ACK.
      s.subscribe(t.queue(), inbox.put, { id: 's1', ack: 'client-individual' });
      s.send(t.queue(), 'refused', headers);
      const done = s.receipt('nacked');
      (await inbox.next()).nack({ receipt: 'nacked' });
      await done;
      await s.disconnect();
      t.same(await left(t, client, 0), ['last'], 'what is left after the NACK');
      return;
    }
    if (t.env.broker !== 'activemq') {
      // RabbitMQ puts it back, unless it is told not to, and the demo broker does.
      s.subscribe(t.queue(), inbox.put, { id: 's1', ack: 'client-individual' });
      s.send(t.queue(), 'refused', headers);
      (await inbox.next()).nack();
      const again = await inbox.next();
      if (t.env.broker !== 'apollo') t.equal(again.headers.redelivered, 'true', 'redelivered header');
      if (t.env.broker === 'rabbitmq') again.nack({ requeue: 'false' });
      else again.ack();
      s.send(t.queue(), 'next', headers);
      t.equal((await inbox.next()).body, 'next', 'body of the message after that');
      return;
    }
    // ActiveMQ moves it to its dead letter queue.
    const dead = new Inbox(t, 'dead letter');
    s.subscribe('/queue/ActiveMQ.DLQ', dead.put, { id: 'dead', selector: `mark = '${t.tag}'` });
    s.subscribe(t.queue(), inbox.put, { id: 's1', ack: 'client-individual' });
    s.send(t.queue(), 'refused', headers);
    (await inbox.next()).nack();
    t.equal((await dead.next()).body, 'refused', 'body of the dead letter');
  }

  async function commit(t, client) {
    const s = await client.connect(t);
    const inbox = new Inbox(t, 'message');
    s.subscribe(t.queue(), inbox.put);
    const tx = s.begin('my transaction');
    t.equal(tx.id, 'my transaction', 'id of the transaction');
    s.send(t.queue(), 'inside', { transaction: tx.id });
    s.send(t.queue(), 'outside');
    t.equal((await inbox.next()).body, 'outside', 'what arrived before COMMIT');
    tx.commit();
    t.equal((await inbox.next()).body, 'inside', 'what arrived after COMMIT');
  }

  async function abort(t, client) {
    const s = await client.connect(t);
    const inbox = new Inbox(t, 'message');
    s.subscribe(t.queue(), inbox.put);
    const tx = s.begin();
    t.ok(tx.id, 'a transaction begun without an id has none');
    s.send(t.queue(), 'inside', { transaction: tx.id });
    tx.abort();
    s.send(t.queue(), 'outside');
    t.equal((await inbox.next()).body, 'outside', 'what arrived after ABORT');
  }

  async function ackInTransaction(t, client) {
    const { s, messages } = await three(t, client, 'client-individual');
    const tx = s.begin('acks');
    messages[0].ack({ transaction: 'acks' });
    tx.commit();
    await s.disconnect();
    t.same(await left(t, client, 2), ['2', '3', 'last'], 'what is left after the first was acknowledged');
  }

  async function receipts(t, client) {
    const s = await client.connect(t);
    const got = [s.receipt('r-1'), s.receipt('r-2')];
    s.subscribe(t.queue(), () => {}, { id: 's1', receipt: 'r-1' });
    s.send(t.queue(), 'x', { receipt: 'r-2' });
    const frames = await Promise.all(got);
    t.same(frames.map((f) => f.headers['receipt-id']), ['r-1', 'r-2'], 'receipts');
  }

  async function heartBeats(t, client) {
    // The clients give up after two intervals of silence, which on a busy machine may be of the client's own making.
    const s = await client.connect(t, { heartbeat: [4000, 4000] });
    const beats = new Inbox(t, 'heart-beat');
    s.ws.addEventListener('message', (event) => {
      const data = typeof event.data === 'string' ? event.data : new TextDecoder().decode(event.data);
      if (data === '\n') beats.put(data);
    });
    const gone = s.closed.then(() => { throw new Error('the idle connection was closed'); });
    gone.catch(() => {}); // at the end it is closed in order
    const [server] = s.frame.headers['heart-beat'].split(',').map(Number);
    t.ok(server > 0 && server <= 4000, `the server promises heart-beats every ${server} ms, not within 4000 ms`);
    for (let i = 0; i < 3; i += 1) await Promise.race([gone, beats.next()]);
    const inbox = new Inbox(t, 'message');
    s.subscribe(t.queue(), inbox.put);
    s.send(t.queue(), 'alive');
    t.equal((await inbox.next()).body, 'alive', 'body after the idle time');
  }

  async function noHeartBeats(t, client) {
    const s = await client.connect(t, { heartbeat: [0, 0] });
    const [, wanted] = s.frame.headers['heart-beat'].split(',').map(Number);
    t.ok(wanted >= 0, 'CONNECTED has no usable heart-beat header');
    await t.sleep(2500);
    const inbox = new Inbox(t, 'message');
    s.subscribe(t.queue(), inbox.put);
    s.send(t.queue(), 'alive');
    t.equal((await inbox.next()).body, 'alive', 'body');
  }

  async function thousand(t, client) {
    const s = await client.connect(t);
    const inbox = new Inbox(t, 'message');
    s.subscribe(t.queue(), inbox.put);
    for (let i = 0; i < 1000; i += 1) s.send(t.queue(), `message ${i}`);
    for (let i = 0; i < 1000; i += 1) t.equal((await inbox.next()).body, `message ${i}`, 'body');
  }

  async function utf8(t, client) {
    const s = await client.connect(t);
    const inbox = new Inbox(t, 'message');
    const value = 'Grüße, žluťoučký 日本語 🐇';
    s.subscribe(t.queue(), inbox.put);
    s.send(t.queue(), `${value} im Leib`, { 'x-grüße': value });
    const message = await inbox.next();
    t.equal(message.body, `${value} im Leib`, 'body');
    t.equal(message.headers['x-grüße'], value, 'header');
  }

  async function colon(t, client) {
    const s = await client.connect(t);
    const inbox = new Inbox(t, 'message');
    s.subscribe(t.queue(), inbox.put);
    s.send(t.queue(), 'x', { 'x-time': '12:34:56' });
    // The two older clients neither escape nor un-escape; the broker escapes what it sends.
    const got = (await inbox.next()).headers['x-time'];
    t.equal(client.escapes ? got : got.replace(/\\c/g, ':'), '12:34:56', 'header');
  }

  async function megabyte(t, client) {
    const s = await client.connect(t);
    const inbox = new Inbox(t, 'message');
    let body = '';
    for (let i = 0; body.length < 1 << 20; i += 1) body += `line ${i} of a big body\n`;
    s.subscribe(t.queue(), inbox.put);
    s.send(t.queue(), body);
    s.send(t.queue(), 'after');
    const got = (await inbox.next()).body;
    t.equal(got.length, body.length, 'length of the body');
    t.ok(got === body, 'the body came back with other content');
    t.equal((await inbox.next()).body, 'after', 'body of the message after the big one');
  }

  async function emptyBody(t, client) {
    const s = await client.connect(t);
    const inbox = new Inbox(t, 'message');
    s.subscribe(t.queue(), inbox.put);
    s.send(t.queue(), '', { 'x-n': '1' });
    s.send(t.queue(), '', { 'x-n': '2' });
    for (const n of ['1', '2']) {
      const message = await inbox.next();
      t.equal(message.body, '', 'body');
      t.equal(message.headers['x-n'], n, 'header');
    }
  }

  async function disconnect(t, client) {
    const s = await client.connect(t);
    s.subscribe(t.queue(), () => {});
    const event = await t.within(s.disconnect(), 'the WebSocket closed', 5000);
    t.ok(event.wasClean !== false, `the WebSocket was not closed in order: ${event.code} ${event.reason}`);
  }
})(globalThis);
