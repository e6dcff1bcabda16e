/* Combobox (APG: list autocomplete with manual selection; the focus never leaves the input). htmx fills the list.
   <li role="option" id data-href> opens a page; data-value fills the hidden input #<data-fills of the input>; anything else
   (hx-post, a form's button inside) answers to its click. */
const listOf = (input) => $(`#${input.getAttribute("aria-controls")}`);
const optionsOf = (list) => $$("[role=option]", list).filter((option) => !option.hidden);
const mark = (input, option) => {
  $$("[aria-selected=true]", listOf(input)).forEach((other) => other.setAttribute("aria-selected", "false"));
  option?.setAttribute("aria-selected", "true");
  option?.scrollIntoView({ block: "nearest" });
  option ? input.setAttribute("aria-activedescendant", option.id) : input.removeAttribute("aria-activedescendant");
};
const expand = (input, yes) => {
  const list = listOf(input);
  if (!list) return;
  if (list.popover && list.matches(":popover-open") !== yes) yes ? list.showPopover({ source: input }) : list.hidePopover();
  input.setAttribute("aria-expanded", String(yes));
  if (!yes) mark(input);
};
const choose = (input, option, away) => {
  if (option.dataset.href) return away ? window.open(option.dataset.href, "_blank", "noopener") : location.assign(option.dataset.href);
  if (option.dataset.value !== undefined) {
    $(`#${input.dataset.fills}`).value = option.dataset.value;
    input.value = option.dataset.label ?? option.textContent.trim();
    expand(input, false);
    input.dispatchEvent(new Event("chosen", { bubbles: true }));
  } else $("button, a", option)?.click();
};
on("keydown", (e) => {
  const input = closest(e, "[role=combobox]");
  if (!input || e.isComposing) return;
  const all = optionsOf(listOf(input)), at = all.findIndex((option) => option.ariaSelected === "true");
  const to = { ArrowDown: (at + 1) % all.length, ArrowUp: (at < 1 ? all.length : at) - 1 }[e.key];
  if (to !== undefined) {
    e.preventDefault();
    if (all.length) { expand(input, true); mark(input, all[to]); }
  } else if (e.key === "Enter" && all[at]) {
    e.preventDefault();
    e.metaKey || e.ctrlKey ? choose(input, all[at], true) : all[at].click();
  } else if (e.key === "Escape" && listOf(input).matches("[popover]:popover-open")) {
    e.preventDefault();
    expand(input, false);
  } else if (e.key === "Escape" && input.value && input.closest(".palette")) {
    e.preventDefault();                                               // clears first, then closes
    input.value = "";
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }
});
on("input", (e) => {                                                  // Enter never takes what another text had found
  const input = closest(e, "[role=combobox]");
  if (input && listOf(input)) mark(input);
});
on("click", (e) => {
  const option = closest(e, "[role=option]");
  const input = option && $(`[role=combobox][aria-controls="${option.closest("[role=listbox]").id}"]`);
  if (input && !closest(e, "button, a")) choose(input, option, e.metaKey || e.ctrlKey);
});
on("focusout", (e) => {
  const input = closest(e, "[role=combobox]"), list = input && listOf(input);
  if (list?.popover) setTimeout(() => { if (!list.contains(document.activeElement) && document.activeElement !== input) expand(input, false); }, 150);
});
on("htmx:afterSwap", (e) => {
  const list = e.detail.target;
  if (!list.matches?.("[role=listbox]")) return;
  const input = $(`[role=combobox][aria-controls="${list.id}"]`), all = optionsOf(list);
  if (!input || !input.checkVisibility()) return;
  expand(input, list.childElementCount > 0 && document.activeElement === input);
  const answered = e.detail.requestConfig.parameters[input.name] === input.value;
  mark(input, input.value && answered ? all[0] : undefined);
  if (input.value) say(all.length === 1 ? "1 suggestion" : `${all.length} suggestions`);
});
