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

  // open opens the transport that the case is about; plain is a WebSocket without SockJS.
  function open(env, SockJS) {
    if (env.transport === 'plain') return new WebSocket(env.url.replace(/^http/, 'ws'), ['v12.stomp', 'v11.stomp', 'v10.stomp']);
    if (env.headstrong) ignoreInfo(SockJS);
    if (!env.refused) bePatient(SockJS, env.patience);
    const options = env.version === '0.3.4' ? { protocols_whitelist: [env.transport] } : { transports: [env.transport] };
    return new SockJS(env.url, null, options);
  }

  // bePatient has the client wait for its transport as long as for anything else. By itself it gives one up after a few of
  // the round trips that /info took, which on a busy machine is too soon.
  function bePatient(SockJS, ms) {
    SockJS.prototype.countRTO = () => ms;
    const apply = SockJS.prototype._applyInfo; // of 0.3.4
    SockJS.prototype._applyInfo = function (info, rtt, ...rest) { apply.call(this, info, ms, ...rest); };
  }

  // ignoreInfo makes the client try its transport although /info, which it asks first, was refused: an attacker would.
  function ignoreInfo(SockJS) {
    const receive = SockJS.prototype._receiveInfo;
    SockJS.prototype._receiveInfo = function (info, rtt) {
      receive.call(this, info || { websocket: true, origins: ['*:*'], cookie_needed: true }, rtt || 100);
    };
  }

  async function session(env, SockJS, Stomp, run) {
    const sock = open(env, SockJS);
    const client = Stomp.over(sock);
    client.debug = null;
    const receipts = new Map();
    client.onreceipt = (frame) => {
      const done = receipts.get(frame.headers['receipt-id']);
      if (done) done();
    };
    let lost;
    const gone = new Promise((_, no) => { lost = (e) => no(new Error(`error callback: ${e}`)); });
    gone.catch(() => {}); // nobody may be waiting for anything
    const receipt = (id) => within(Promise.race([gone, new Promise((yes) => receipts.set(id, yes))]), `the receipt ${id}`, env.patience);
    try {
      const connecting = new Promise((yes) => client.connect({ login: env.login, passcode: env.passcode, host: env.host }, yes, lost));
      const connected = await within(Promise.race([gone, connecting]), 'connected', env.patience);
      if (env.transport !== 'plain' && used(sock) !== env.transport) throw new Error(`transport: got ${used(sock)}, want ${env.transport}`);
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
    const sock = open(env, SockJS);
    const event = await within(new Promise((yes, no) => {
      sock.onopen = () => no(new Error('the session opened'));
      sock.onclose = yes;
    }), 'closed', env.patience);
    if (event.wasClean) throw new Error(`closed with ${event.code} as if in order`);
  }

  // blind makes the requests of a transport by hand, with the cookies of the user and without reading an answer, as a
  // page of any origin can, and has them send a message.
  async function blind(env) {
    const begin = `${env.url}/000/${Math.random().toString(36).slice(2)}`;
    const request = { mode: 'no-cors', credentials: 'include', referrerPolicy: env.referrer || undefined };
    const post = (path, type, body) => fetch(`${begin}/${path}`, { ...request, method: 'POST', headers: { 'Content-Type': type }, body });
    const element = (name, source) => {
      const e = document.createElement(name);
      if (env.referrer) e.referrerPolicy = env.referrer;
      e.src = source;
      document.body.append(e);
    };
    switch (env.transport) {
      case 'eventsource': new EventSource(`${begin}/eventsource`, { withCredentials: true }); break;
      case 'htmlfile': element('iframe', `${begin}/htmlfile?c=cb`); break;
      case 'jsonp': element('script', `${begin}/jsonp?c=cb`); break;
      default: post(env.transport, 'text/plain', '').catch(() => {});
    }
    const frames = JSON.stringify([`CONNECT\naccept-version:1.2\nhost:${env.host}\nlogin:${env.login}\npasscode:${env.passcode}\n\n\0`,
      `SEND\ndestination:/queue/${env.tag}\n\nhijacked\0`]);
    // The session begins when the first request arrives, which nothing tells to this page; where the answers can be read
    // they say when.
    const send = (messages) => (env.transport === 'jsonp'
      ? post('jsonp_send', 'application/x-www-form-urlencoded', `d=${encodeURIComponent(messages)}`)
      : post('xhr_send', 'text/plain', messages));
    for (let i = 0; i < 10; i += 1) {
      const answer = await send(frames);
      if (answer.ok) {
        // The session ends with the page. What is sent next is taken when the frames have gone to the broker.
        await send(JSON.stringify(['\n']));
        return;
      }
      await new Promise((yes) => setTimeout(yes, 50));
    }
    if (!env.refused) throw new Error('no session took the frames');
  }

  // run runs one case and gives the line to report.
  root.runSockJS = async function run(env, SockJS, Stomp) {
    const start = Date.now();
    let error = null;
    try {
      await (env.blind ? blind : env.refused ? refused : exchange)(env, SockJS, Stomp);
    } catch (e) {
      error = e && e.message ? e.message : String(e);
    }
    return { scenario: env.name, ok: error === null, error, ms: Date.now() - start };
  };
})(globalThis);
