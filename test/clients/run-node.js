// run-node.js runs the scenarios in Node. Its one argument is the environment as JSON, see run-chromium.js; each
// scenario is reported as a line of JSON on stdout.
'use strict';

globalThis.WebSocket = require('ws');
globalThis.Stomp2 = require('stompjs');
globalThis.webstomp = require('webstomp-client');
globalThis.StompJs = require('@stomp/stompjs');

for (const file of require('./scenarios/index.json')) require(`./scenarios/${file}`);

// A client that throws in a callback of its socket fails its own scenario, not all of them.
process.on('uncaughtException', (error) => process.stderr.write(`uncaught: ${error.stack}\n`));

const env = JSON.parse(process.argv[2]);
globalThis.stompgwTests.run(env, (result) => process.stdout.write(`${JSON.stringify(result)}\n`)).then(() => {
  // Whatever socket a failed scenario has left does not keep the process.
  process.exit(0);
});
