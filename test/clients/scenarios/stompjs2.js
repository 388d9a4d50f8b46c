// The API of stompjs 2.3.3, in all the forms that its documentation gives.
(function (root) {
  'use strict';

  const { scenario, Inbox } = root.stompgwTests;
  const one = (name, run) => scenario(`stompjs 2.3.3: ${name}`, run);

  // ready resolves with the CONNECTED frame; connect is called with the two callbacks.
  function ready(t, client, connect) {
    client.debug = null;
    t.cleanup(() => client.ws.close());
    return t.within(new Promise((yes, no) => {
      connect(yes, (error) => no(new Error(`error callback: ${error}`)));
    }), 'connected');
  }

  async function exchange(t, client) {
    const inbox = new Inbox(t, 'message');
    client.subscribe(t.queue(), inbox.put);
    client.send(t.queue(), {}, 'hello');
    t.equal((await inbox.next()).body, 'hello', 'body');
  }

  const { Stomp2 } = root;
  const url = (t) => t.env.url;
  const headers = (t) => ({ login: t.env.login, passcode: t.env.passcode, host: t.env.host, 'x-own': 'yes' });

  const clients = {
    'Stomp.client(url)': (t) => Stomp2.client(url(t)),
    'Stomp.client(url, protocol)': (t) => Stomp2.client(url(t), 'v11.stomp'),
    'Stomp.client(url, protocols)': (t) => Stomp2.client(url(t), ['v10.stomp', 'v11.stomp', 'v12.stomp']),
    'Stomp.over(ws)': (t) => Stomp2.over(new root.WebSocket(url(t))),
    'Stomp.over(ws with protocols)': (t) => Stomp2.over(new root.WebSocket(url(t), ['v10.stomp', 'v11.stomp'])),
  };
  for (const [name, make] of Object.entries(clients)) {
    one(name, async (t) => {
      const client = make(t);
      await ready(t, client, (ok, err) => client.connect(headers(t), ok, err));
      t.equal(client.connected, true, 'connected');
      await exchange(t, client);
    });
  }

  const forms = {
    'connect(login, passcode, ok)': (t, c, ok) => c.connect(t.env.login, t.env.passcode, ok),
    'connect(login, passcode, ok, err)': (t, c, ok, err) => c.connect(t.env.login, t.env.passcode, ok, err),
    'connect(login, passcode, ok, err, host)': (t, c, ok, err) => c.connect(t.env.login, t.env.passcode, ok, err, t.env.host),
    'connect(headers, ok)': (t, c, ok) => c.connect(headers(t), ok),
    'connect(headers, ok, err)': (t, c, ok, err) => c.connect(headers(t), ok, err),
  };
  for (const [name, connect] of Object.entries(forms)) {
    one(name, async (t) => {
      const client = Stomp2.client(url(t));
      const frame = await ready(t, client, (ok, err) => connect(t, client, ok, err));
      t.equal(frame.command, 'CONNECTED', 'what the callback got');
      t.equal(frame.headers.version, '1.1', 'version');
      await exchange(t, client);
    });
  }

  one('the error callback of connect gets the ERROR and then the loss of the connection', async (t) => {
    t.only(['rabbitmq', 'activemq', 'artemis', 'hornetq', 'apollo'], 'the demo broker lets everybody in');
    const client = Stomp2.client(url(t));
    client.debug = null;
    const errors = new Inbox(t, 'call of the error callback');
    client.connect(t.env.login, 'wrong', () => errors.put('connected'), errors.put, t.env.host);
    t.equal((await errors.next()).command, 'ERROR', 'first call');
    t.ok(String(await errors.next()).startsWith('Whoops! Lost connection'), 'the second call is not about the lost connection');
  });

  one('heart-beat settings', async (t) => {
    const client = Stomp2.client(url(t));
    client.heartbeat.outgoing = 20000;
    client.heartbeat.incoming = 0;
    const frame = await ready(t, client, (ok, err) => client.connect(headers(t), ok, err));
    t.ok(/^\d+,\d+$/.test(frame.headers['heart-beat']), `heart-beat header of CONNECTED: ${frame.headers['heart-beat']}`);
    await exchange(t, client);
  });

  one('subscribe returns an id that unsubscribes', async (t) => {
    const client = Stomp2.client(url(t));
    await ready(t, client, (ok, err) => client.connect(headers(t), ok, err));
    const inbox = new Inbox(t, 'message');
    const a = client.subscribe(t.queue('a'), inbox.put, { id: 'mine' });
    const b = client.subscribe(t.queue('b'), inbox.put);
    t.equal(a.id, 'mine', 'own id');
    t.ok(b.id && b.id !== 'mine', 'there is no id where none was given');
    a.unsubscribe();
    client.unsubscribe(b.id);
    client.subscribe(t.queue('c'), inbox.put);
    for (const q of ['a', 'b', 'c']) client.send(t.queue(q), {}, q);
    t.equal((await inbox.next()).body, 'c', 'body');
  });

  one('client.ack(id, subscription, headers) and client.nack', async (t) => {
    const client = Stomp2.client(url(t));
    await ready(t, client, (ok, err) => client.connect(headers(t), ok, err));
    const inbox = new Inbox(t, 'message');
    const done = new Inbox(t, 'RECEIPT');
    client.onreceipt = done.put;
    client.subscribe(t.queue(), inbox.put, { id: 's1', ack: 'client-individual' });
    client.send(t.queue(), {}, 'first');
    client.send(t.queue(), {}, 'second');
    const first = await inbox.next();
    const second = await inbox.next();
    client.ack(first.headers['message-id'], 's1', { receipt: 'acked' });
    t.equal((await done.next()).headers['receipt-id'], 'acked', 'receipt of ACK');
    client.nack(second.headers['message-id'], 's1', { receipt: 'nacked' });
    t.equal((await done.next()).headers['receipt-id'], 'nacked', 'receipt of NACK');
  });

  one('begin(id), commit(id), abort(id)', async (t) => {
    const client = Stomp2.client(url(t));
    await ready(t, client, (ok, err) => client.connect(headers(t), ok, err));
    const inbox = new Inbox(t, 'message');
    client.subscribe(t.queue(), inbox.put);
    client.begin('tx a');
    client.begin('tx b');
    client.send(t.queue(), { transaction: 'tx a' }, 'a');
    client.send(t.queue(), { transaction: 'tx b' }, 'b');
    client.abort('tx a');
    client.commit('tx b');
    t.equal((await inbox.next()).body, 'b', 'body');
  });

  one('disconnect(callback)', async (t) => {
    const client = Stomp2.client(url(t));
    let lost = false;
    client.debug = null;
    await t.within(new Promise((yes) => client.connect(t.env.login, t.env.passcode, yes, () => { lost = true; }, t.env.host)), 'connected');
    const closed = new Promise((yes) => client.ws.addEventListener('close', yes));
    await t.within(new Promise((yes) => client.disconnect(yes)), 'the callback of disconnect');
    t.equal(client.connected, false, 'connected');
    await t.within(closed, 'the WebSocket closed', 5000);
    t.equal(lost, false, 'whether the error callback was called');
  });

  one('messages to a temporary queue reach onreceive', async (t) => {
    t.only(['rabbitmq'], 'a queue for each connection that nobody subscribes is RabbitMQ\'s alone');
    const client = Stomp2.client(url(t));
    await ready(t, client, (ok, err) => client.connect(headers(t), ok, err));
    const answers = new Inbox(t, 'answer');
    client.onreceive = answers.put;
    client.subscribe(t.queue(), (m) => client.send(m.headers['reply-to'], {}, `answer to ${m.body}`));
    client.send(t.queue(), { 'reply-to': '/temp-queue/answers' }, 'question');
    const answer = await answers.next();
    t.equal(answer.body, 'answer to question', 'body');
    t.equal(answer.headers.subscription, '/temp-queue/answers', 'subscription header');
  });
})(globalThis);
