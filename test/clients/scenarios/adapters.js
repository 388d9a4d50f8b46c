// One thin adapter for each client, so that scenarios/common.js can put all of them through the same exercises.
//
// connect(t, options) resolves with a session once CONNECTED came:
//   {frame, ws, client, subscribe(destination, callback, headers), send(destination, body, headers), begin(id),
//    receipt(id) → promise of the RECEIPT, disconnect() → promise of the WebSocket's close event}
// options: {login, passcode, heartbeat: [outgoing, incoming], onError(frame)}; the WebSocket's close fulfils session.closed.
(function (root) {
  'use strict';

  const { adapters } = root.stompgwTests;

  function closed(ws) {
    return new Promise((yes) => ws.addEventListener('close', yes));
  }

  // credentials are the broker's own unless the scenario gives others.
  function credentials(t, options) {
    return {
      login: options.login ?? t.env.login,
      passcode: options.passcode ?? t.env.passcode,
      host: t.env.host,
    };
  }

  // The two clients with the API of jmesnil's stomp.js.
  function classic(name, make, send) {
    return {
      name,
      escapes: false,
      connect(t, options = {}) {
        const client = make(t.env.url);
        const [outgoing, incoming] = options.heartbeat ?? [10000, 10000];
        client.heartbeat.outgoing = outgoing;
        client.heartbeat.incoming = incoming;
        const receipts = new Map();
        client.onreceipt = (frame) => {
          const id = frame.headers['receipt-id'];
          if (receipts.has(id)) receipts.get(id)(frame);
        };
        const session = {
          client,
          ws: client.ws,
          closed: closed(client.ws),
          subscribe: (destination, callback, headers) => client.subscribe(destination, callback, headers),
          send: (destination, body, headers = {}) => send(client, destination, body, headers),
          begin: (id) => client.begin(id),
          receipt: (id) => t.within(new Promise((yes) => receipts.set(id, yes)), `RECEIPT ${id}`),
          disconnect: () => new Promise((yes) => {
            session.closed.then(yes);
            client.disconnect(() => {});
          }),
        };
        t.cleanup(() => client.ws.close());
        return t.within(new Promise((yes, no) => {
          client.connect(credentials(t, options), (frame) => {
            session.frame = frame;
            yes(session);
          }, (error) => {
            if (options.onError) options.onError(error, session);
            no(new Error(`error callback: ${error && error.headers ? JSON.stringify(error.headers) : error}`));
          });
        }), 'connected');
      },
    };
  }

  adapters.push(classic('stompjs 2.3.3', (url) => {
    const client = root.Stomp2.client(url);
    client.debug = null;
    return client;
  }, (client, destination, body, headers) => client.send(destination, headers, body)));

  adapters.push(classic('webstomp-client 1.2.6', (url) => root.webstomp.client(url, {
    debug: false, heartbeat: { outgoing: 10000, incoming: 10000 },
  }), (client, destination, body, headers) => client.send(destination, body, headers)));

  adapters.push({
    name: 'stompjs 7',
    escapes: true,
    connect(t, options = {}) {
      const [heartbeatOutgoing, heartbeatIncoming] = options.heartbeat ?? [10000, 10000];
      let socketClosed;
      const session = {
        closed: new Promise((yes) => { socketClosed = yes; }),
        subscribe: (destination, callback, headers) => session.client.subscribe(destination, callback, headers),
        send: (destination, body, headers = {}) => session.client.publish({ destination, body, headers }),
        begin: (id) => session.client.begin(id),
        receipt: (id) => t.within(new Promise((yes) => session.client.watchForReceipt(id, yes)), `RECEIPT ${id}`),
        disconnect: () => {
          session.client.deactivate();
          return session.closed;
        },
      };
      return t.within(new Promise((yes, no) => {
        session.client = new root.StompJs.Client({
          brokerURL: t.env.url,
          connectHeaders: credentials(t, options),
          reconnectDelay: 0,
          heartbeatOutgoing,
          heartbeatIncoming,
          onConnect: (frame) => {
            session.frame = frame;
            session.ws = session.client.webSocket;
            yes(session);
          },
          onStompError: (frame) => {
            if (options.onError) options.onError(frame, session);
            no(new Error(`onStompError: ${JSON.stringify(frame.headers)}`));
          },
          onWebSocketClose: (event) => {
            socketClosed(event);
            no(new Error(`the WebSocket closed with ${event.code} ${event.reason}`));
          },
          ...options.config,
        });
        t.cleanup(() => session.client.deactivate({ force: true }));
        session.client.activate();
      }), 'connected');
    },
  });
})(globalThis);
