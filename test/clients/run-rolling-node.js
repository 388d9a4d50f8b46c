// run-rolling-node.js runs consumers with @stomp/stompjs that reconnect by themselves. Its one argument is {url, login,
// passcode, host, queue, count, reconnectDelay} as JSON. Lines of JSON on stdout say what happens: {connected: client},
// {closed: code, client}, {message: number, redelivered}, {acking: number} with the ACK, and {acked: number} when its
// receipt has come. It runs until it is killed.
'use strict';

globalThis.WebSocket = require('ws');
const { Client } = require('@stomp/stompjs');

const env = JSON.parse(process.argv[2]);
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

for (let i = 0; i < env.count; i++) {
  const client = new Client({
    brokerURL: env.url,
    connectHeaders: { login: env.login, passcode: env.passcode, host: env.host },
    reconnectDelay: env.reconnectDelay,
    onWebSocketClose: (event) => say({ closed: event.code, client: i }),
    onConnect: () => {
      say({ connected: i });
      const take = (message) => {
        const number = Number(message.body);
        say({ message: number, redelivered: message.headers.redelivered === 'true' });
        // Late, so that some are always unacknowledged.
        setTimeout(() => {
          if (!client.connected) return;
          const receipt = `ack ${message.headers['message-id']}`;
          client.watchForReceipt(receipt, () => say({ acked: number }));
          say({ acking: number });
          message.ack({ receipt });
        }, 50);
      };
      client.subscribe(env.queue, take, { ack: 'client-individual', 'prefetch-count': '4' });
    },
  });
  client.activate();
}
