// run-node.js runs the scenarios in Node. Its one argument is the environment as JSON, see run-chromium.js; each
// scenario is reported as a line of JSON on stdout.
'use strict';

globalThis.WebSocket = require('ws');
globalThis.Stomp2 = require('stompjs');
globalThis.webstomp = require('webstomp-client');
globalThis.StompJs = require('@stomp/stompjs');
globalThis.SockJS = require('sockjs-client');
globalThis.rxjs = require('rxjs');

// A client that throws in a callback of its socket fails its own scenario, not all of them.
process.on('uncaughtException', (error) => process.stderr.write(`uncaught: ${error.stack}\n`));

const env = JSON.parse(process.argv[2]);

(async () => {
  globalThis.RxStomp = await import('@stomp/rx-stomp'); // an ES module
  for (const file of require('./scenarios/index.json')) require(`./scenarios/${file}`);
  await globalThis.stompgwTests.run(env, (result) => process.stdout.write(`${JSON.stringify(result)}\n`));
  // Whatever socket a failed scenario has left does not keep the process.
  process.exit(0);
})();
