// run-sockjs-node.js runs sockjs-client in Node. Its one argument is {cases: [{name, version, transport, url, …}]} as
// JSON, see sockjs/scenario.js; each case is reported as a line of JSON on stdout.
'use strict';

globalThis.WebSocket = require('ws');
const Stomp = require('stompjs');
require('./sockjs/scenario.js');

const clients = { '1.6.1': 'sockjs-client', '1.1.5': 'sockjs-client-1.1' };
process.on('uncaughtException', (error) => process.stderr.write(`uncaught: ${error.stack}\n`));

(async () => {
  for (const env of JSON.parse(process.argv[2]).cases) {
    const line = await globalThis.runSockJS(env, require(clients[env.version]), Stomp);
    process.stdout.write(`${JSON.stringify(line)}\n`);
  }
  process.exit(0);
})();
