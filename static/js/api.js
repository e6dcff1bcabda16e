/* The page that tries the REST API: each form is a call. The key stays in this page and is sent nowhere else. */
const keyField = document.querySelector("#key");
const shown = (text) => {
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
};
const addressOf = (form) => {
  const query = new URLSearchParams();
  let path = form.dataset.path;
  for (const field of form.querySelectorAll("[data-in]")) {
    const value = field.value.trim();
    if (field.dataset.in === "path") path = path.replace(`{${field.name}}`, encodeURIComponent(value));
    else if (field.dataset.in === "query" && value) query.append(field.name, value);
  }
  return query.size ? `${path}?${query}` : path;
};
const headersOf = (form) => {
  const headers = { Authorization: `Bearer ${keyField.value.trim()}` };
  for (const field of form.querySelectorAll("[data-in=header]")) if (field.value.trim()) headers[field.name] = field.value.trim();
  if (form.elements.body) headers["Content-Type"] = "application/json";
  return headers;
};
document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-method]");
  if (!form) return;
  event.preventDefault();
  const place = form.querySelector(".call__answer");
  place.hidden = false;
  place.textContent = "…";
  try {
    const answer = await fetch(addressOf(form), {
      method: form.dataset.method, headers: headersOf(form), body: form.elements.body?.value, credentials: "omit", redirect: "manual",
    });
    const said = answer.type === "opaqueredirect" ? "It leads to another address (301)." : shown(await answer.text());
    place.textContent = `${answer.status || 301} ${answer.statusText}\n\n${said}`.trim();
  } catch (error) {
    place.textContent = `Not answered: ${error.message}`;
  }
});
