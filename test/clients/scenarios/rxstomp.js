// The API of @stomp/rx-stomp, which is stompjs 7 inside: what it adds to that.
(function (root) {
  'use strict';

  const { scenario, Inbox } = root.stompgwTests;
  const one = (name, run) => scenario(`rx-stomp 2.4.0: ${name}`, run);
  const { RxStomp, RxStompRPC, RxStompState } = root.RxStomp;
  const { filter, firstValueFrom, take, toArray } = root.rxjs;

  // configured gives a client that is not activated yet.
  function configured(t, config) {
    const rx = new RxStomp();
    rx.configure({
      brokerURL: t.env.url,
      connectHeaders: { login: t.env.login, passcode: t.env.passcode, host: t.env.host },
      reconnectDelay: 50,
      ...config,
    });
    t.cleanup(() => rx.deactivate({ force: true }));
    return rx;
  }

  const state = (t, rx, wanted) => t.within(firstValueFrom(rx.connectionState$.pipe(filter((s) => s === wanted))), `state ${wanted}`);

  one('watch and publish before there is a connection', async (t) => {
    const rx = configured(t);
    const inbox = new Inbox(t, 'message');
    const watching = rx.watch(t.queue(), { id: 'mine' }).subscribe(inbox.put);
    rx.publish({ destination: t.queue(), body: 'early', headers: { 'x-colour': 'green' } });
    rx.activate();
    const message = await inbox.next();
    t.equal(message.body, 'early', 'body');
    t.equal(message.headers.subscription, 'mine', 'subscription header');
    t.equal(message.headers['x-colour'], 'green', 'own header');
    watching.unsubscribe();
    t.equal(rx.connected(), true, 'connected');
  });

  one('what is watched and published goes on after a reconnection', async (t) => {
    t.only(['demo', 'rabbitmq', 'activemq', 'apollo'], 'Artemis, and HornetQ, may lose what the connection before has not taken');
    const rx = configured(t);
    const inbox = new Inbox(t, 'message');
    rx.watch(t.queue()).subscribe(inbox.put);
    rx.activate();
    await state(t, rx, RxStompState.OPEN);
    rx.stompClient.webSocket.close();
    await state(t, rx, RxStompState.CLOSED);
    rx.publish({ destination: t.queue(), body: 'meanwhile' });
    t.equal((await inbox.next()).body, 'meanwhile', 'body');
  });

  one('asyncReceipt of watch, publish and unsubscribe', async (t) => {
    const rx = configured(t);
    rx.activate();
    await state(t, rx, RxStompState.OPEN);
    const receipts = ['watched', 'published', 'unwatched'].map((id) => t.within(rx.asyncReceipt(id), `RECEIPT ${id}`));
    const watching = rx.watch({ destination: t.queue(), subHeaders: { receipt: 'watched' }, unsubHeaders: { receipt: 'unwatched' } }).subscribe();
    rx.publish({ destination: t.queue(), body: 'x', headers: { receipt: 'published' } });
    await receipts[1];
    watching.unsubscribe();
    t.same((await Promise.all(receipts)).map((f) => f.headers['receipt-id']), ['watched', 'published', 'unwatched'], 'receipts');
  });

  one('stompErrors$ at a bad login', async (t) => {
    t.only(['rabbitmq', 'activemq', 'artemis'], 'the demo broker lets everybody in');
    const rx = configured(t, { reconnectDelay: 0, connectHeaders: { login: t.env.login, passcode: 'wrong', host: t.env.host } });
    const error = firstValueFrom(rx.stompErrors$);
    rx.activate();
    t.equal((await t.within(error, 'an ERROR')).command, 'ERROR', 'command');
    await state(t, rx, RxStompState.CLOSED);
  });

  one('the states of a connection, deactivate', async (t) => {
    const rx = configured(t);
    const states = firstValueFrom(rx.connectionState$.pipe(take(5), toArray()));
    rx.activate();
    await state(t, rx, RxStompState.OPEN);
    await t.within(rx.deactivate(), 'deactivated', 5000);
    const { CLOSED, CONNECTING, OPEN, CLOSING } = RxStompState;
    t.same(await t.within(states, 'five states'), [CLOSED, CONNECTING, OPEN, CLOSING, CLOSED], 'states');
  });

  one('RxStompRPC with a temporary queue', async (t) => {
    t.only(['rabbitmq'], 'a queue for each connection that nobody subscribes is RabbitMQ\'s alone');
    const server = configured(t);
    server.watch(t.queue()).subscribe((m) => server.publish({
      destination: m.headers['reply-to'], body: `answer to ${m.body}`, headers: { 'correlation-id': m.headers['correlation-id'] },
    }));
    server.activate();
    const rx = configured(t);
    rx.activate();
    const rpc = new RxStompRPC(rx);
    const answers = ['one', 'two'].map((body) => t.within(firstValueFrom(rpc.rpc({ destination: t.queue(), body })), `an answer to ${body}`));
    t.same((await Promise.all(answers)).map((m) => m.body), ['answer to one', 'answer to two'], 'answers');
  });
})(globalThis);
