// The scenarios of sockjs-client with stomp.js over it. It runs as it is in Node and in a page.
(function (root) {
  'use strict';

  const within = (promise, what, ms) => {
    let timer;
    const late = new Promise((_, no) => { timer = setTimeout(() => no(new Error(`after ${ms} ms still not: ${what}`)), ms); });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
  };

  // names of transports by which sockjs-client 1.x and 0.3.4 know what they use.
  function used(sock) {
    return sock.transport || sock.protocol;
  }

  async function session(env, SockJS, Stomp, run) {
    const options = env.version === '0.3.4' ? { protocols_whitelist: [env.transport] } : { transports: [env.transport] };
    const sock = new SockJS(env.url, null, options);
    const client = Stomp.over(sock);
    client.debug = null;
    const receipts = new Map();
    client.onreceipt = (frame) => {
      const done = receipts.get(frame.headers['receipt-id']);
      if (done) done();
    };
    const receipt = (id) => within(new Promise((yes) => receipts.set(id, yes)), `the receipt ${id}`, env.patience);
    try {
      const connected = await within(new Promise((yes, no) => {
        client.connect({ login: env.login, passcode: env.passcode, host: env.host }, yes, (e) => no(new Error(`error callback: ${e}`)));
      }), 'connected', env.patience);
      if (used(sock) !== env.transport) throw new Error(`transport: got ${used(sock)}, want ${env.transport}`);
      await run({ sock, client, receipt, connected });
    } finally {
      sock.close();
    }
  }

  // exchange sends so many messages and gets them back in order, then leaves in order; and does it again.
  async function exchange(env, SockJS, Stomp) {
    const text = (i) => (env.ascii ? `${i} "quoted" \\ </script>` : `${i} ☃ \u2028 "quoted" \\ </script>`);
    for (const [round, count] of [[1, env.count], [2, 10]]) {
      await session(env, SockJS, Stomp, async ({ client, receipt }) => {
        const queue = `/queue/${env.tag}-${round}`;
        let next = 0;
        const all = new Promise((yes, no) => {
          client.subscribe(queue, (message) => {
            const want = text(next);
            if (message.body !== want) no(new Error(`message ${next}: got ${JSON.stringify(message.body)}`));
            next += 1;
            if (next === count) yes();
          });
        });
        for (let i = 0; i < count; i += 1) client.send(queue, {}, text(i));
        await within(all, `${count} messages (${next} came)`, env.patience).catch((e) => { throw new Error(`${e.message}, ${next} came`); });
        // One frame of the broker that fills more than one read, in one message.
        const big = 'x'.repeat(200000);
        const got = new Promise((yes) => client.subscribe(`${queue}-big`, (m) => yes(m.body)));
        client.send(`${queue}-big`, {}, big);
        if ((await within(got, 'the big message', env.patience)) !== big) throw new Error('the big message came back with other content');
        // stomp.js closes the socket right behind its own DISCONNECT, so the frame goes out without it.
        const bye = receipt('bye');
        client._transmit('DISCONNECT', { receipt: 'bye' });
        await bye;
      });
    }
  }

  // refused expects that no session opens.
  async function refused(env, SockJS) {
    const options = env.version === '0.3.4' ? { protocols_whitelist: [env.transport] } : { transports: [env.transport] };
    const sock = new SockJS(env.url, null, options);
    const event = await within(new Promise((yes, no) => {
      sock.onopen = () => no(new Error('the session opened'));
      sock.onclose = yes;
    }), 'closed', env.patience);
    if (event.wasClean) throw new Error(`closed with ${event.code} as if in order`);
  }

  // run runs one case and gives the line to report.
  root.runSockJS = async function run(env, SockJS, Stomp) {
    const start = Date.now();
    let error = null;
    try {
      await (env.refused ? refused : exchange)(env, SockJS, Stomp);
    } catch (e) {
      error = e && e.message ? e.message : String(e);
    }
    return { scenario: env.name, ok: error === null, error, ms: Date.now() - start };
  };
})(globalThis);
