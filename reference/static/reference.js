// Tries calls from the page of the API. Nothing is kept: the token is in a field
// of the page, and no other host is asked.
"use strict";

const base = document.getElementById("methods").dataset.base;
const token = document.getElementById("token");

// element makes one with a text.
function element(name, text, kind) {
  const made = document.createElement(name);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

// pretty is JSON indented, and anything else as it is.
function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

// show tells what came of a call.
async function show(into, asking) {
  into.replaceChildren(element("p", "Asking…"));
  const began = performance.now();
  try {
    const answer = await asking();
    const text = await answer.text();
    const took = Math.round(performance.now() - began);
    const id = answer.headers.get("X-Request-Id");
    const line = element("p", `${answer.status} ${answer.statusText}, ${took} ms` + (id ? `, request ${id}` : ""), answer.ok ? "" : "wrong");
    into.replaceChildren(line);
    if (text) into.append(element("pre", pretty(text)));
    return answer.ok ? text : "";
  } catch (error) {
    into.replaceChildren(element("p", `There is no answer: ${error.message}`, "wrong"));
    return "";
  }
}

// basic is the header for a name and a password (RFC 7617), in UTF-8.
function basic(name, password) {
  const bytes = new TextEncoder().encode(`${name}:${password}`);
  return "Basic " + btoa(String.fromCharCode(...bytes));
}

// proof is what a form's call comes with, if it comes with anything.
function proof(form) {
  const name = form.querySelector("input[name=name]");
  if (name) return name.value ? basic(name.value, form.querySelector("input[name=password]").value) : "";
  return "open" in form.dataset || !token.value ? "" : "Bearer " + token.value.trim();
}

// call sends a form's body to its method.
function call(form) {
  const headers = { "Content-Type": "application/json", Accept: "application/json" };
  const proven = proof(form);
  if (proven) headers.Authorization = proven;
  const body = form.querySelector("textarea").value;
  return fetch(base + form.dataset.method, { method: "POST", headers, body, credentials: "omit", redirect: "error" });
}

for (const form of document.querySelectorAll("form.try")) {
  const body = form.querySelector("textarea");
  const examples = form.querySelector("select");
  if (examples) examples.addEventListener("change", () => { body.value = examples.value; });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    show(form.querySelector(".said"), () => call(form));
  });
  form.hidden = false;
}

document.getElementById("grant").addEventListener("submit", async (event) => {
  event.preventDefault();
  const fields = {
    grant_type: "client_credentials", scope: "service",
    client_id: document.getElementById("client").value.trim(),
    client_secret: document.getElementById("secret").value.trim(),
  };
  const said = document.getElementById("granted");
  said.textContent = "Asking…";
  try {
    const answer = await fetch("/oauth2/token", { method: "POST", body: new URLSearchParams(fields), credentials: "omit", redirect: "error" });
    const told = await answer.json();
    if (told.access_token) token.value = told.access_token;
    said.textContent = told.access_token
      ? `The token is in the field above, for ${told.expires_in} seconds.`
      : `${answer.status} ${told.error}: ${told.error_description || ""}`;
    said.className = told.access_token ? "said" : "said wrong";
  } catch (error) {
    said.textContent = `There is no answer: ${error.message}`;
    said.className = "said wrong";
  }
});

document.getElementById("access").hidden = false;
