/* Keys: single letters only outside fields, without modifiers, with no dialog open, and while Preferences allow them (WCAG 2.1.4).
   <a data-go="c"> answers to g then c; <button data-shortcut="e"> to e. */
if (/Mac|iP/.test(navigator.platform)) $$("[data-mod]").forEach((key) => (key.textContent = "⌘"));
$$("[data-goes]").forEach((place) => place.replaceWith(...$$("[data-go]").map((link) => {
  const [row, name, keys] = ["div", "dt", "dd"].map((tag) => document.createElement(tag));
  const key = (letter) => Object.assign(document.createElement("kbd"), { textContent: letter });
  name.textContent = `Go to ${link.textContent.trim()}`;
  keys.append(key("G"), " ", key(link.dataset.go.toUpperCase()));
  row.append(name, keys);
  return row;
})));
let waiting = 0;
const openPalette = () => $(".jump")?.click();
const step = (by) => {
  const names = $$(".results tbody .name");
  const at = names.findIndex((name) => name.closest("tr").contains(document.activeElement));
  const next = names[at < 0 ? 0 : Math.min(Math.max(at + by, 0), names.length - 1)];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
};
const visible = (selector) => $$(selector).find((element) => element.checkVisibility());
const keys = {
  "/": () => { const q = visible("#q"); q ? (q.focus(), q.select()) : openPalette(); },
  "?": () => open($("#keys")),
  j: () => step(1),
  k: () => step(-1),
  x: () => {
    const row = document.activeElement.closest("tr");
    const pick = row && $(".pick input", row);
    pick?.click();
  },
  g: () => (waiting = Date.now()),
};
on("keydown", (e) => {
  if (e.isComposing) return;
  if ((e.metaKey || e.ctrlKey) && !e.shiftKey && !e.altKey && e.key.toLowerCase() === "k") { e.preventDefault(); return openPalette(); }
  if ((e.metaKey || e.ctrlKey) && e.key === "Enter" && e.target.matches("textarea")) {
    e.preventDefault();
    return e.target.form?.requestSubmit();
  }
  const field = closest(e, "input, textarea, select, [contenteditable]");
  if (e.key === "Escape" && field?.type === "search" && field.value && !field.closest("dialog")) {
    field.value = "";
    field.dispatchEvent(new Event("input", { bubbles: true }));
    return e.preventDefault();
  }
  if (field && !["checkbox", "radio"].includes(field.type)) return;
  if (e.metaKey || e.ctrlKey || e.altKey || $("dialog[open], .menu:popover-open") || document.body.dataset.shortcuts === "off") return;
  const going = Date.now() - waiting < 1500;
  waiting = 0;
  const letter = CSS.escape(e.key);
  const act = going ? $(`[data-go="${letter}"]`) : keys[e.key] ?? visible(`[data-shortcut="${letter}"]`);
  if (!act) return;
  e.preventDefault();
  typeof act === "function" ? act() : act.click();
});
