// A feedback form for any page: <script async src="https://roster.example/widget.js?key=site_…"></script>
// No dependency, no eval, no inline style: it works under a strict Content-Security-Policy that allows this host in
// script-src and connect-src. Everything lives in a shadow root, so neither page nor form changes the other's looks.
(() => {
  "use strict";

  const script = document.currentScript;
  const source = new URL(script.src);
  const url = new URL(`/intake/widget/${encodeURIComponent(source.searchParams.get("key"))}`, source);
  const said = script.dataset;
  const words = {
    open: said.label || "Feedback", title: said.title || "Send feedback", message: "Your message", name: "Name (optional)",
    email: "Email, for an answer (optional)", send: "Send", again: "Send another", close: "Close",
    sending: "Sending…", sent: "Thank you. Your message has arrived.",
    empty: "Write a message first.", offline: "You are offline. Your message stays here: send it when you are back.",
    unreachable: "The message could not be sent. It stays here: try again in a moment.",
    busy: "Too many messages just now. Yours stays here: try again in a minute.",
    refused: "The message was not taken. Check what you wrote, and the email.",
    back: "You are online again.",
  };

  const style = new CSSStyleSheet();
  style.replaceSync(`
    :host { all: initial; color-scheme: light dark; --ink: light-dark(#1c1d22, #eeeef2); --paper: light-dark(#fff, #1f2026);
      --line: light-dark(#80828f, #8d8f9c); --soft: light-dark(#5a5c68, #b4b6c2); --accent: light-dark(#3a4bc0, #b3bcff);
      --on-accent: light-dark(#fff, #14151a); --bad: light-dark(#a3211b, #ffb0a8); --good: light-dark(#17683a, #8fe0ae); }
    :host([data-theme=light]) { color-scheme: light } :host([data-theme=dark]) { color-scheme: dark }
    * { box-sizing: border-box; font: 1rem/1.5 system-ui, sans-serif }
    button { min-height: 44px; padding: 8px 18px; border: 1px solid transparent; border-radius: 8px; cursor: pointer;
      background: var(--accent); color: var(--on-accent); font-weight: 600 }
    button.quiet { background: none; color: var(--ink); border-color: var(--line) }
    button[aria-disabled=true] { opacity: .6; cursor: progress }
    .open { position: fixed; z-index: 2147483000; inset: auto 20px 20px auto; box-shadow: 0 2px 12px #0004 }
    :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
    dialog { width: min(420px, calc(100vw - 24px)); max-height: calc(100dvh - 24px); overflow: auto; padding: 20px;
      inset: auto 12px 12px auto; margin: auto 0 0 auto; border: 1px solid var(--line); border-radius: 12px;
      background: var(--paper); color: var(--ink) }
    dialog::backdrop { background: #0006 }
    h2 { margin: 0 0 12px; font-size: 1.2rem; font-weight: 650 }
    label { display: block; margin: 0 0 12px; color: var(--soft) }
    input, textarea { display: block; width: 100%; margin-top: 4px; padding: 9px 10px; border: 1px solid var(--line);
      border-radius: 8px; background: var(--paper); color: var(--ink) }
    textarea { min-height: 120px; resize: vertical }
    .row { display: flex; flex-wrap: wrap; gap: 10px }
    [role=status] { margin: 0 0 12px; min-height: 1.5em; color: var(--soft) }
    [role=status][data-tone=bad] { color: var(--bad) } [role=status][data-tone=good] { color: var(--good) }
    .trap { position: absolute; left: -9999px; width: 1px; height: 1px; overflow: hidden } [hidden] { display: none !important }
    @media (prefers-reduced-motion: no-preference) { dialog[open] { animation: in .15s } @keyframes in { from { opacity: 0 } } }
  `);

  const make = (tag, props = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), props);
    element.append(...children);
    return element;
  };
  const labelled = (text, field) => make("label", {}, text, field);

  const host = make("div");
  host.dataset.roster = "";
  if (said.theme) host.dataset.theme = said.theme;
  const root = host.attachShadow({ mode: "open" });
  root.adoptedStyleSheets = [style];

  const message = make("textarea", { name: "body", required: true, maxLength: 8000 });
  const name = make("input", { name: "name", autocomplete: "name", maxLength: 200, value: said.name || "" });
  const email = make("input", { name: "email", type: "email", autocomplete: "email", maxLength: 254, value: said.email || "" });
  const trap = make("input", { name: "website", tabIndex: -1, autocomplete: "off" });
  const status = make("p");
  status.setAttribute("role", "status");
  const send = make("button", { type: "submit", textContent: words.send });
  const close = make("button", { type: "button", className: "quiet", textContent: words.close });
  const heading = make("h2", { id: "title", textContent: words.title });
  const trapped = make("div", { className: "trap" }, labelled("Leave this empty", trap));
  trapped.setAttribute("aria-hidden", "true");
  const fields = make("div", {}, labelled(words.message, message), labelled(words.name, name), labelled(words.email, email), trapped);
  const form = make("form", { noValidate: true }, heading, fields, status, make("div", { className: "row" }, send, close));
  const dialog = make("dialog", {}, form);
  dialog.setAttribute("aria-labelledby", "title");
  const open = make("button", { type: "button", className: "open", textContent: words.open });
  open.setAttribute("aria-haspopup", "dialog");
  root.append(open, dialog);

  // One message, however often it has to be sent: what arrived twice is kept once
  let id = null;
  let done = false;
  const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

  const tell = (text, tone = "") => { status.textContent = text; status.dataset.tone = tone; };
  const busy = (yes) => { send.setAttribute("aria-disabled", yes); form.setAttribute("aria-busy", yes); };

  const reset = () => {
    done = false; id = null; message.value = ""; fields.hidden = false; send.textContent = words.send; tell("");
    message.focus();
  };

  const finish = () => {
    done = true; fields.hidden = true; send.textContent = words.again;
    tell(words.sent, "good");
    send.focus();
  };

  const written = () => ({
    external_id: id, body: message.value,
    author: Object.fromEntries(Object.entries({
      name: name.value, email: email.value, user_id: said.userId, phone: said.phone,
    }).filter(([, value]) => value)),
    ...(said.account ? { account_id: said.account } : {}),
    metadata: { page: (location.origin + location.pathname).slice(0, 500), language: navigator.language },
    website: trap.value,
  });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (send.getAttribute("aria-disabled") === "true") return;
    if (done) return reset();
    if (!message.value.trim()) { tell(words.empty, "bad"); return message.focus(); }
    if (!navigator.onLine) return tell(words.offline, "bad");
    id ||= newId();
    busy(true); tell(words.sending);
    try {
      const answer = await fetch(url, {
        method: "POST", mode: "cors", credentials: "omit", referrerPolicy: "no-referrer",
        headers: { "Content-Type": "application/json" }, body: JSON.stringify(written()),
      });
      if (answer.ok) finish();
      else if (answer.status === 429) tell(words.busy, "bad");
      else { id = null; tell(answer.status < 500 ? words.refused : words.unreachable, "bad"); }
    } catch {
      tell(navigator.onLine ? words.unreachable : words.offline, "bad");
    } finally {
      busy(false);
    }
  });
  message.addEventListener("input", () => { id = null; });
  addEventListener("online", () => { if (status.textContent === words.offline) tell(words.back); });
  open.addEventListener("click", () => { dialog.showModal(); message.focus(); });
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => { if (done) reset(); open.focus(); });

  const place = () => document.body.append(host);
  if (document.body) place(); else addEventListener("DOMContentLoaded", place);
})();
