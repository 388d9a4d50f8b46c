"use strict";

// A STOMP 1.2 client for one page: it connects, beats, subscribes, sends, and
// connects again when the connection is lost. It relies on what a gateway
// promises: one WebSocket message holds one whole frame, or heart-beats only.

const ESCAPES = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", ":": "\\c" };
const UNESCAPES = { "\\\\": "\\", "\\n": "\n", "\\r": "\r", "\\c": ":" };

const escapeHeader = (text) => String(text).replace(/[\\\n\r:]/g, (c) => ESCAPES[c]);
const unescapeHeader = (text) => text.replace(/\\[\\nrc]/g, (e) => UNESCAPES[e]);

function writeFrame({ command, headers, body = "" }) {
  // CONNECT is not escaped, in any version.
  const escape = command === "CONNECT" ? String : escapeHeader;
  const lines = Object.entries(headers).map(([name, value]) => `${escape(name)}:${escape(value)}\n`);
  return `${command}\n${lines.join("")}\n${body}\0`;
}

function readFrame(text) {
  const headEnd = text.indexOf("\n\n");
  const [command, ...lines] = text.slice(0, headEnd).split("\n");
  const unescape = command === "CONNECTED" ? String : unescapeHeader;
  const headers = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = unescape(line.slice(0, colon));
    if (!Object.hasOwn(headers, name)) headers[name] = unescape(line.slice(colon + 1)); // the first counts
  }
  return { command, headers, body: text.slice(headEnd + 2, text.lastIndexOf("\0")) };
}

class StompClient extends EventTarget {
  // Events: "state" {state, detail, retryAt}, "frame" {direction, frame},
  // "beat" {direction}, "message" {frame}.
  #url; #socket; #timers = []; #retry; #failures = 0; #wanted = false; #leaving = false; #lastHeard = 0;
  #subscriptions = new Map();

  constructor(url) {
    super();
    this.#url = url;
  }

  subscribe(destination) {
    this.#subscriptions.set(`sub-${this.#subscriptions.size}`, destination);
  }

  send(destination, headers, body) {
    this.#write({ command: "SEND", headers: { destination, ...headers }, body });
  }

  connect() {
    this.#wanted = true;
    this.#leaving = false;
    clearTimeout(this.#retry);
    this.#emit("state", { state: "connecting" });
    const socket = new WebSocket(this.#url, ["v12.stomp"]);
    socket.binaryType = "arraybuffer"; // bodies that are no UTF-8 come as such
    socket.onopen = () => this.#write({
      command: "CONNECT",
      headers: { "accept-version": "1.2", host: location.hostname, "heart-beat": "10000,10000" },
    });
    socket.onmessage = ({ data }) => this.#read(typeof data === "string" ? data : new TextDecoder().decode(data));
    socket.onclose = (event) => this.#closed(event);
    this.#socket = socket;
  }

  disconnect() {
    this.#wanted = false;
    clearTimeout(this.#retry);
    if (this.#socket?.readyState !== WebSocket.OPEN) {
      this.#socket?.close();
      this.#emit("state", { state: "disconnected" });
      return;
    }
    if (this.#leaving) return this.#socket.close(); // asked again: nothing may follow DISCONNECT
    this.#leaving = true;
    // The broker closes after the receipt. If none comes, do not wait for ever.
    this.#write({ command: "DISCONNECT", headers: { receipt: "bye" } });
    this.#timers.push(setTimeout(() => this.#socket.close(), 2000));
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  #write(frame) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#socket.send(writeFrame(frame));
    this.#emit("frame", { direction: "out", frame });
  }

  #read(text) {
    this.#lastHeard = Date.now();
    if (/^[\r\n]*$/.test(text)) return this.#emit("beat", { direction: "in" });
    const frame = readFrame(text);
    this.#emit("frame", { direction: "in", frame });
    if (frame.command === "CONNECTED") this.#connected(frame);
    if (frame.command === "MESSAGE") this.#emit("message", { frame });
    if (frame.command === "RECEIPT" && frame.headers["receipt-id"] === "bye") this.#socket.close(1000);
  }

  #connected({ headers }) {
    this.#failures = 0;
    const [theySend, theyWant] = (headers["heart-beat"] ?? "0,0").split(",").map(Number);
    if (theyWant) this.#timers.push(setInterval(() => this.#beat(), Math.max(10000, theyWant)));
    if (theySend) this.#timers.push(setInterval(() => this.#listen(Math.max(10000, theySend) * 2), 1000));
    for (const [id, destination] of this.#subscriptions) {
      this.#write({ command: "SUBSCRIBE", headers: { id, destination, ack: "auto" } });
    }
    this.#emit("state", { state: "connected", detail: `STOMP ${headers.version}, ${headers.server ?? "unnamed broker"}` });
  }

  #beat() {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.#socket.send("\n");
    this.#emit("beat", { direction: "out" });
  }

  #listen(patience) {
    if (Date.now() - this.#lastHeard > patience) this.#socket.close(4001, "no heart-beat");
  }

  #closed({ code, reason, target }) {
    if (target !== this.#socket) return; // an earlier one
    this.#timers.splice(0).forEach(clearTimeout); // which clears intervals too
    if (!this.#wanted) return this.#emit("state", { state: "disconnected" });
    const wait = Math.min(1000 * 2 ** this.#failures++, 15000);
    this.#retry = setTimeout(() => this.connect(), wait);
    const why = code === 1006 ? "cut off, or nothing answers" : `closed with ${code}${reason && `: ${reason}`}`;
    this.#emit("state", { state: "waiting", detail: why, retryAt: Date.now() + wait });
  }
}
