/* Selection: survives sorting and paging, ends when the filters change. "All N matching" sends the query instead of ids. */
const chosen = new Set();
let matching = false;
const picks = () => $$(".results tbody .pick input");
const showPicks = () => {
  const all = $("[data-all]"), here = picks().filter((pick) => pick.checked).length, total = picks().length;
  const page = $(".page");
  page.toggleAttribute("data-picking", chosen.size > 0);
  $$("[data-picked]").forEach((output) => (output.value = matching ? $("#count")?.textContent.trim() || "All" : chosen.size));
  $$("[data-pair]").forEach((button) => (button.hidden = matching || chosen.size !== 2));      // merging takes exactly two
  $$("[data-matching]").forEach((button) => (button.hidden = matching || here < total));
  $$("[data-matching-count]").forEach((number) => (number.textContent = $("#count")?.textContent ?? ""));
  if (all) { all.checked = here > 0 && here === total; all.indeterminate = here > 0 && !all.checked; }
};
const writePicks = () => {
  picks().forEach((pick) => { pick.checked = matching || chosen.has(pick.value); if (pick.checked) chosen.add(pick.value); });
  showPicks();
};
const clearPicks = () => { chosen.clear(); matching = false; writePicks(); };
on("change", (e) => {
  if (!closest(e, ".pick")) return;
  if (e.target.matches("[data-all]")) picks().forEach((pick) => (pick.checked = e.target.checked));
  matching = false;
  picks().forEach((pick) => (pick.checked ? chosen.add(pick.value) : chosen.delete(pick.value)));
  showPicks();
  say(`${chosen.size} selected`);
});
on("click", (e) => {
  const all = closest(e, "[data-matching]");
  if (all) { matching = true; writePicks(); say(all.textContent.trim()); $("[data-none]")?.focus(); }
  if (closest(e, "[data-none]")) { clearPicks(); $("[data-all]")?.focus(); say("Nothing selected"); }
});
/* Every request of <form data-bulk> carries what is selected, also on other pages of the list */
on("formdata", (e) => {
  if (!e.target.matches("[data-bulk]")) return;
  e.formData.delete("id");
  if (matching) { e.formData.set("matching", "true"); e.formData.set("query", location.search.slice(1)); }
  else chosen.forEach((id) => e.formData.append("id", id));
});
on("selection-clear", clearPicks);
on("htmx:beforeRequest", (e) => { if (e.target.matches(".filters") || e.target.closest("[data-filter]")) clearPicks(); });
on("htmx:afterSettle", () => { if ($(".results")) writePicks(); });
if ($("[data-all]")) {
  picks().forEach((pick) => pick.checked && chosen.add(pick.value));   // what the browser kept over a reload
  showPicks();
}

/* Merge table: the last column repeats the picked value */
on("change", (e) => {
  const label = closest(e, ".pickone"), out = label && $("output span", label.closest("tr"));
  out?.replaceChildren(...$("span", label).cloneNode(true).childNodes);
});
