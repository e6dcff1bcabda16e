/* htmx: busy state, errors said aloud, and focus that would otherwise fall to <body> (ui.md 3.14) */
const quiet = (element) => element?.matches?.("[data-quiet]");       // polled panels
const busy = new WeakMap();                                           // by request: an answer may be sent elsewhere
on("htmx:beforeRequest", (e) => {
  if (quiet(e.target)) return;
  busy.set(e.detail.xhr, e.detail.target);
  e.detail.target.setAttribute("aria-busy", "true");
});
on("htmx:afterRequest", (e) => busy.get(e.detail.xhr)?.removeAttribute("aria-busy"));
on("htmx:afterSettle", (e) => {
  const part = e.detail.elt;
  const wrong = e.detail.xhr?.status === 422 && ($(".errors", part) ?? $("[aria-invalid=true]", part));
  if (wrong) return wrong.focus();
  if (quiet(part) || document.activeElement !== document.body) return;  // htmx gave it back by id
  const home = $("[data-focus]", part) ?? (part.matches?.("[data-focus]") ? part : part.closest?.("section")?.querySelector("h1, h2, h3"));
  if (!home) return;
  if (!home.matches("a, button, input, select, textarea, summary")) home.tabIndex = -1;
  home.focus({ preventScroll: true });
});
const failed = (e, text) => (quiet(e.target) ? null : toast(text));
on("htmx:sendError", (e) => failed(e, "No connection. Nothing was changed."));
on("htmx:timeout", (e) => failed(e, "This took too long. Reload the page to see what happened."));
on("htmx:responseError", (e) => {
  const texts = { 403: "You may not do this, or the page is too old. Reload it and try again.", 404: "This is not there any more.",
    413: "This is too large.", 429: "Too many requests at once. Wait a moment and try again." };
  failed(e, texts[e.detail.xhr.status] ?? `That did not work (${e.detail.xhr.status}). Nothing was changed.`);
});

/* After a whole page: errors get the focus, toasts are said */
const atOnce = $(".errors");
if (atOnce) atOnce.focus();
const waitingToast = $("#toasts .toast");
if (waitingToast) { raise($("#toasts")); say($("[data-text]", waitingToast).textContent); }
if ($("#dialog:not(:empty)")) open($("#dialog"));

/* "4 min ago" goes on; anything older can wait for the next page */
const refresh = () => $$("time[datetime]").forEach((time) => {
  if (!/^(just now|\d+ min ago)$/.test(time.textContent)) return;
  const minutes = Math.floor((Date.now() - Date.parse(time.dateTime)) / 60000);
  time.textContent = minutes < 1 ? "just now" : minutes < 60 ? `${minutes} min ago` : "1 hour ago";
});
setInterval(() => { if (!document.hidden) refresh(); }, 60000);

/* Titles do not exist on touch: tapping a time shows its full form */
on("click", (e) => {
  const time = closest(e, "time[title]");
  if (!time || time.closest("a, button, summary") || !matchMedia("(hover: none)").matches) return;
  [time.textContent, time.title] = [time.title, time.textContent];
});
