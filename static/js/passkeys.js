// Passkeys: a form with data-passkey asks the browser for one ("get") or makes one ("create"), and is then sent with it.
// The options stand in the page, or come from data-options-from when the button is pressed.
const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

const withBytes = (options) => {
  const known = (list) => list?.map((key) => ({ ...key, id: bytes(key.id) }));
  const read = { ...options, challenge: bytes(options.challenge) };
  if (options.user) read.user = { ...options.user, id: bytes(options.user.id) };
  if (options.allowCredentials) read.allowCredentials = known(options.allowCredentials);
  if (options.excludeCredentials) read.excludeCredentials = known(options.excludeCredentials);
  return read;
};

const withText = (credential) => {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = text(credential.response[name]);
  }
  response.transports = credential.response.getTransports?.() ?? [];
  return {
    id: credential.id, rawId: text(credential.rawId), type: credential.type, response,
    clientExtensionResults: credential.getClientExtensionResults(),
    authenticatorAttachment: credential.authenticatorAttachment,
  };
};

const optionsOf = async (form) => {
  const { optionsFrom } = form.dataset;
  if (!optionsFrom) return JSON.parse(document.getElementById("passkey-options").textContent);
  const answer = await fetch(optionsFrom, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
  return (await answer.json()).request_options;
};

const say = (form, words) => {
  const problem = form.querySelector("[data-passkey-problem]");
  problem.textContent = words;
  problem.hidden = !words;
};

for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.hidden = !window.PublicKeyCredential;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    say(form, "");
    try {
      const publicKey = withBytes((await optionsOf(form)).publicKey);
      const credential = await navigator.credentials[form.dataset.passkey]({ publicKey });
      form.elements.credential.value = JSON.stringify(withText(credential));
    } catch (problem) {
      const known = problem.name === "InvalidStateError";
      say(form, known ? "This device has a passkey for Roster already." : "No passkey was used. Try again, or use another way.");
      return;
    }
    form.submit();
  });
}
