/* Dialogs: <button data-open="id"> opens one of the page; hx-target="#dialog" and "#drawer" load one from the server.
   The browser gives the focus back to the opener. */
const open = (dialog, focus) => {
  if (dialog.open) return;
  dialog.back = location.href;
  dialog.opener = focus ?? document.activeElement;
  const title = $("h1, h2", dialog);
  if (title && !dialog.hasAttribute("aria-label")) {
    title.id ||= `${dialog.id}-title`;
    dialog.setAttribute("aria-labelledby", title.id);
  }
  dialog.showModal();
};
on("click", (e) => {
  const opener = closest(e, "[data-open]");
  const dialog = opener ? $(`#${opener.dataset.open}`) : null;
  if (dialog) {
    if (e.metaKey || e.ctrlKey || e.shiftKey) return;
    e.preventDefault();
    open(dialog);
    if (dialog.dataset.opened) htmx.trigger(dialog, dialog.dataset.opened);
  } else if (e.target.matches?.("dialog")) e.target.close();          // a click on the backdrop
  else {
    const shut = closest(e, "[data-close]")?.closest("dialog");
    if (shut) { e.preventDefault(); shut.close(); }
  }
});
const isHost = (element) => element?.matches?.("#dialog, #drawer");
on("htmx:afterSwap", (e) => {
  const host = e.detail.target;
  if (!isHost(host)) return;
  if (!host.childElementCount) return host.close();
  open(host, e.detail.requestConfig?.elt);
  const first = $("[autofocus]", host) ?? $("h1, h2", host);
  if (host.contains(document.activeElement) && document.activeElement !== host && !first?.autofocus) return;
  if (first && !first.matches("input, select, textarea, button, a")) first.tabIndex = -1;
  first?.focus();
});
on("dialog-close", () => $$("dialog[open]").forEach((dialog) => dialog.close()));
document.addEventListener("close", (e) => {
  const dialog = e.target;
  if (!isHost(dialog)) return;
  dialog.replaceChildren();                                           // no stale form, no ids twice
  dialog.removeAttribute("aria-labelledby");
  if (dialog.back && dialog.back !== location.href && history.state?.htmx) history.replaceState(history.state, "", dialog.back);
  if (dialog.opener && !dialog.opener.isConnected && document.activeElement === document.body) $("main")?.focus();
}, true);
