// Roster's script: small parts, bundled into js/roster.js (core/assets.py). htmx does the fetching; this does dialogs, keyboard,
// selection, focus and time. Everything hangs on data-* attributes; every page works without it.
"use strict";
const $ = (selector, from = document) => from.querySelector(selector);
const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
const on = (event, act) => document.addEventListener(event, act);
const closest = (event, selector) => event.target.closest?.(selector);

/* Says text to screen readers; the same text twice is said twice */
const say = (text) => {
  const status = $("#announce");
  status.textContent = "";
  setTimeout(() => (status.textContent = text), 50);
};

/* A toast stays until it is dismissed or the page changes: people need time to read it, and to undo */
const toast = (text, undo = "") => {
  const shell = $("#toast-shape").content.firstElementChild.cloneNode(true);
  $("[data-text]", shell).textContent = text;
  const form = $("form", shell);
  if (undo) {
    form.action = undo;
    form.elements.next.value = location.pathname + location.search;
  } else form.remove();
  const toasts = $("#toasts");
  $$(".toast", toasts).slice(0, -2).forEach((old) => old.remove());
  toasts.append(shell);
  raise(toasts);
  say(text);
};

/* Into the top layer, above an open dialog */
const raise = (toasts) => {
  toasts.popover = "manual";
  if (toasts.matches(":popover-open")) toasts.hidePopover();
  toasts.showPopover();
};

on("click", (e) => {
  const old = closest(e, "[data-dismiss]")?.closest(".toast");
  if (!old) return;
  old.remove();
  if (!$("#toasts .toast")) $("#toasts").hidePopover?.();
});
on("toast", (e) => toast(e.detail.text, e.detail.undo));
on("announce", (e) => say(e.detail.text));

/* Copy: <button data-copy="text"> or data-copy-from="#id" */
on("click", async (e) => {
  const button = closest(e, "[data-copy], [data-copy-from]");
  if (!button) return;
  const source = button.dataset.copyFrom && $(button.dataset.copyFrom);
  const text = button.dataset.copy ?? source.value ?? source.textContent.trim();
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    return toast("The browser did not allow copying. Select the text instead.");
  }
  button.dataset.copied = "";
  setTimeout(() => delete button.dataset.copied, 2000);
  say("Copied");
});

/* Theme: at once here, kept by the server */
on("htmx:configRequest", (e) => {
  if (!e.target.matches("[data-theme-toggle]")) return;
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  e.detail.parameters.set?.("theme", root.dataset.theme);
  e.detail.parameters.theme = root.dataset.theme;
});
