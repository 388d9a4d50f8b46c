"use strict";

// The page: a chat, and beside it the frames that pass. Everything that came
// from somewhere is shown with textContent, so none of it can become markup.

const $ = (id) => document.getElementById(id);
const DESTINATION = "/topic/chat";
const MOST_FRAMES = 200;
const MOST_MESSAGES = 200;
const MOST_BODY = 160;

const url = new URL(document.documentElement.dataset.stompPath, location.href);
url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
const client = new StompClient(url.href);
client.subscribe(DESTINATION);

function element(tag, className, text) {
  const e = document.createElement(tag);
  if (className) e.className = className;
  if (text !== undefined) e.textContent = text;
  return e;
}

function time(className) {
  const e = element("time", className, new Date().toLocaleTimeString([], { hour12: false }));
  e.dateTime = new Date().toISOString();
  return e;
}

// append adds a row to a log, forgets the oldest, and follows the end unless
// the reader scrolled away from it.
function append(log, row, most) {
  const follows = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  log.append(row);
  while (log.childElementCount > most) log.firstElementChild.remove();
  if (follows) log.scrollTop = log.scrollHeight;
}

// --- Who is here. The name belongs to the window, so that two can differ.

const NAMES = ["Ada", "Grace", "Alan", "Edsger", "Barbara", "Dennis", "Radia", "Ken", "Frances", "Niklaus",
  "Leslie", "Margaret", "Vint", "Lynn", "Donald", "Karen", "Tony", "Hedy", "Claude", "Joan"];
const me = crypto.getRandomValues(new Uint32Array(1))[0].toString(36);
const nameField = $("name");
nameField.value = sessionStorage.getItem("name") || NAMES[Math.floor(Math.random() * NAMES.length)];
const nameOf = () => nameField.value.trim() || "Somebody";
nameField.addEventListener("change", () => sessionStorage.setItem("name", nameField.value));
const updateTitle = () => { document.title = `${nameOf()} · stompgw demo`; };
nameField.addEventListener("input", updateTitle);
updateTitle();

// --- The chat.

function hue(name) {
  let h = 0;
  for (const c of name) h = (h * 31 + c.codePointAt(0)) % 360;
  return h;
}

function showMessage({ headers, body }) {
  const from = headers.from || "Somebody";
  const own = headers.window === me;
  const row = element("div", own ? "message own" : "message");
  const face = element("span", "face", [...from][0].toUpperCase());
  face.setAttribute("aria-hidden", "true");
  face.style.setProperty("--hue", hue(from));
  const who = element("p", "who", own ? `${from} (this window)` : from);
  who.append(time());
  const text = element("div");
  text.append(who, element("p", "text", body));
  row.append(face, text);
  $("empty")?.remove();
  append($("messages"), row, MOST_MESSAGES);
}

client.addEventListener("message", ({ detail }) => showMessage(detail.frame));

$("compose").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = $("text");
  if (!field.value.trim() || !connected) return field.focus();
  client.send(DESTINATION, { "content-type": "text/plain", from: nameOf(), window: me }, field.value);
  field.value = "";
  field.focus();
});

$("second").addEventListener("click", () => {
  const { outerWidth: width, outerHeight: height, screenX, screenY } = window;
  window.open(location.href, "_blank", `noopener,width=${Math.min(width, 1100)},height=${height},left=${screenX + 60},top=${screenY + 60}`);
});

// --- The frames.

const frames = $("frames");
let beats; // the row of heart-beats that is last in the log, if it is

function showFrame({ direction, frame: { command, headers, body } }) {
  const row = element("li", `frame ${direction}${command === "ERROR" ? " error" : ""}`);
  const head = element("p", "command");
  const arrow = element("span", "arrow", direction === "out" ? "↑" : "↓");
  arrow.title = direction === "out" ? "browser to broker" : "broker to browser";
  head.append(arrow, element("span", "visually-hidden", `${arrow.title}: `), element("b", "", command), time());
  row.append(head);
  const list = element("p", "headers");
  for (const [name, value] of Object.entries(headers)) {
    const line = element("span", "header");
    line.append(element("span", "header-name", `${name}:`), value);
    list.append(line);
  }
  row.append(list);
  if (body) row.append(element("p", "body", body.length > MOST_BODY ? `${body.slice(0, MOST_BODY)}… (${body.length} characters)` : body));
  append(frames, row, MOST_FRAMES);
  beats = undefined;
}

function showBeat(direction) {
  if (!beats) {
    const row = element("li", "beats");
    row.append(element("span", "", "heart-beats "), beats = element("span", "ticks"));
    append(frames, row, MOST_FRAMES);
  }
  const tick = element("span", direction, direction === "out" ? "↑" : "↓");
  tick.title = `heart-beat, ${new Date().toLocaleTimeString([], { hour12: false })}`;
  beats.append(tick);
  while (beats.childElementCount > 40) beats.firstElementChild.remove();
}

client.addEventListener("frame", ({ detail }) => showFrame(detail));
client.addEventListener("beat", ({ detail }) => showBeat(detail.direction));
$("clear").addEventListener("click", () => {
  frames.replaceChildren();
  beats = undefined;
});

// --- The state of the connection.

const STATES = { connecting: "Connecting…", connected: "Connected", disconnected: "Disconnected", waiting: "Connection lost" };
let connected = false;
let countdown;

client.addEventListener("state", ({ detail: { state, detail, retryAt } }) => {
  connected = state === "connected";
  clearInterval(countdown);
  $("status").dataset.state = state;
  $("state").textContent = STATES[state];
  $("detail").textContent = detail ?? "";
  $("retry").textContent = "";
  if (state === "waiting") {
    const show = () => { $("retry").textContent = `again in ${Math.max(0, Math.ceil((retryAt - Date.now()) / 1000))} s`; };
    show();
    countdown = setInterval(show, 250);
  }
  $("toggle").textContent = state === "disconnected" ? "Connect" : state === "waiting" ? "Connect now" : "Disconnect";
  $("send").disabled = !connected;
});

$("toggle").addEventListener("click", () => {
  const state = $("status").dataset.state;
  if (state === "disconnected" || state === "waiting") client.connect();
  else client.disconnect();
});

// --- The snippet.

$("snippet").textContent = `import * as StompJs from '@stomp/stompjs'; // npm install @stomp/stompjs

const client = new StompJs.Client({
  brokerURL: '${url.href}',
  // connectHeaders: { login: 'user', passcode: 'secret' }, // your broker's
  onConnect: () => {
    client.subscribe('${DESTINATION}', (message) => {
      console.log(message.headers.from, 'says', message.body);
    });
    client.publish({
      destination: '${DESTINATION}',
      headers: { from: 'My page' },
      body: 'Hello from my own page',
    });
  },
});
client.activate();
`;
$("origin").textContent = `STOMPGW_ORIGINS=same-origin,http://localhost:3000`;

async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Without TLS and away from localhost there is only the old way.
  getSelection().selectAllChildren($("snippet"));
  if (!document.execCommand("copy")) throw new Error("refused");
}

$("copy").addEventListener("click", async () => {
  let said = "Copied";
  await copy($("snippet").textContent).catch(() => { said = "Select it and press Ctrl+C"; });
  $("copied").textContent = said;
  setTimeout(() => { $("copied").textContent = ""; }, 3000);
});

client.connect();
