// Forms that people write in: saved on the server after each pause, counted, guarded against leaving.
// No text is ever kept in browser storage; a failed save leaves it in the page and says so.
(() => {
  "use strict";
  const PAUSE_MS = 1200;
  const word = (name) => document.getElementById("words")?.dataset[name] ?? "";
  const states = new WeakMap(); // form -> {timer, running, dirty, stopped, leaving, failed}

  const state = (form) => {
    const fresh = { timer: 0, running: null, dirty: false, stopped: false, leaving: false, failed: false };
    if (!states.has(form)) states.set(form, fresh);
    return states.get(form);
  };

  function say(form, kind, text) {
    const box = document.querySelector(`[data-autosave-status="${CSS.escape(form.id)}"]`);
    if (!box) return;
    box.dataset.state = kind;
    box.querySelector("[data-autosave-text]").textContent = text;
    box.querySelector("[data-autosave-retry]").hidden = kind !== "failed";
  }

  const clock = () => new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

  // The server counts edits: the next save must send the number this one answered with.
  function takeOver(form, answer) {
    for (const [name, value] of Object.entries(answer)) {
      const field = form.elements.namedItem(name);
      if (field instanceof HTMLInputElement && field.type === "hidden") field.value = String(value);
    }
  }

  async function readJson(response) {
    const type = response.headers.get("Content-Type") ?? "";
    return type.includes("application/json") ? response.json() : {};
  }

  function showConflict(form, answer) {
    state(form).stopped = true;
    say(form, "stale", answer.message || word("stale"));
    const place = document.querySelector(`[data-autosave-conflict="${CSS.escape(form.id)}"]`);
    if (!place || !answer.html) return;
    place.innerHTML = answer.html; // rendered and escaped by our own server
    window.htmx?.process(place);
    place.scrollIntoView({ block: "nearest" });
  }

  // After signing in again in another tab the page's own token is old; the cookie holds the one that counts.
  function renewToken(form) {
    const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];
    const field = form.elements.namedItem("csrfmiddlewaretoken");
    if (token && field) field.value = token;
  }

  async function send(form) {
    const own = state(form);
    renewToken(form);
    own.dirty = false;
    say(form, "saving", word("saving"));
    try {
      const response = await fetch(form.dataset.autosave, {
        method: "POST",
        body: new FormData(form),
        credentials: "same-origin",
        headers: { "X-Autosave": "1", Accept: "application/json" },
      });
      const answer = await readJson(response);
      const signedOut = response.redirected || response.status === 401 || response.status === 403;
      own.failed = signedOut || response.status >= 500;
      if (response.ok && !response.redirected) {
        takeOver(form, answer);
        if (!own.dirty) say(form, "saved", word("saved").replace("{time}", answer.saved_at || clock()));
        form.dispatchEvent(new CustomEvent("hs:autosaved", { bubbles: true, detail: answer }));
        return;
      }
      own.dirty = true;
      if (response.status === 409) return showConflict(form, answer);
      if (signedOut) return say(form, "failed", answer.message || word("signedOut"));
      say(form, response.status === 422 ? "refused" : "failed", answer.message || word("notSaved"));
    } catch {
      own.failed = true;
      own.dirty = true; // no connection, or an answer that is not what it says it is
      say(form, "failed", word("notSaved"));
    }
  }

  // One save at a time: a second one under way would carry an old edit number.
  async function save(form) {
    const own = state(form);
    clearTimeout(own.timer);
    while (own.running) await own.running;
    if (!own.dirty || own.stopped) return;
    own.running = send(form).finally(() => {
      own.running = null;
    });
    await own.running;
  }

  function changed(form) {
    const own = state(form);
    own.dirty = true;
    own.leaving = false;
    if (!form.dataset.autosave || own.stopped) return;
    say(form, "unsaved", word("unsaved"));
    clearTimeout(own.timer);
    own.timer = setTimeout(() => save(form), Number(form.dataset.autosaveDelay) || PAUSE_MS);
  }

  const guarded = (element) => element.closest?.("form[data-autosave], form[data-warn-unsaved]");

  document.addEventListener("input", (event) => {
    count(event.target);
    const form = guarded(event.target) ?? (event.target.form && guarded(event.target.form));
    if (form) changed(form);
  });

  document.addEventListener("click", (event) => {
    const retry = event.target.closest("[data-autosave-retry]");
    if (!retry) return;
    const form = document.getElementById(retry.closest("[data-autosave-status]").dataset.autosaveStatus);
    if (form) save(form);
  });

  // A normal submit waits for the save under way, else it would be refused as stale.
  document.addEventListener(
    "submit",
    (event) => {
      const form = event.target;
      if (!guarded(form)) return;
      const own = state(form);
      clearTimeout(own.timer);
      if (own.running) {
        event.preventDefault();
        event.stopImmediatePropagation();
        const button = event.submitter;
        own.running.then(() => form.requestSubmit(button));
        return;
      }
      renewToken(form);
      if (own.failed) {
        // The sign-in page, or the browser's own page, would take the text away: stay until a save is taken again.
        event.preventDefault();
        event.stopImmediatePropagation();
        const button = event.submitter;
        own.dirty = true;
        save(form).then(() => own.failed || form.requestSubmit(button));
        return;
      }
      own.leaving = true;
    },
    true,
  );

  window.addEventListener("beforeunload", (event) => {
    for (const form of document.querySelectorAll("form[data-autosave], form[data-warn-unsaved]")) {
      const own = state(form);
      if ((own.dirty || own.running) && !own.leaving) event.preventDefault();
    }
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.forms) state(form).leaving = false;
  });

  // A form that htmx sent stays in the page.
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.target instanceof HTMLFormElement && event.detail.successful) state(event.target).dirty = false;
  });

  // A live check that finds the person signed out would leave for the sign-in page and take the text with it.
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    const form = document.querySelector("form[data-autosave], form[data-warn-unsaved]");
    if (!form || !event.detail.xhr.getResponseHeader("HX-Redirect")) return;
    event.preventDefault();
    state(form).failed = state(form).dirty = true;
    say(form, "failed", word("signedOut"));
  });

  // --- counters: code points, as the server counts them -----------------------------------------------------
  function count(input) {
    const counters = input.id ? document.querySelectorAll(`[data-counter-for="${CSS.escape(input.id)}"]`) : [];
    const length = Array.from(input.value ?? "").length;
    for (const box of counters) {
      const left = Number(box.dataset.limit) - length;
      const text = left < 0 ? word("over").replace("{n}", String(-left)) : word("left").replace("{n}", String(left));
      box.querySelector(".counter-value").textContent = text;
      box.classList.toggle("is-near", left >= 0 && left <= Number(box.dataset.limit) * 0.1);
      box.classList.toggle("is-over", left < 0);
      // Spoken only when the limit is crossed; a number after each key would drown the text.
      const crossed = left < 0 ? "over" : "within";
      if (box.dataset.side && box.dataset.side !== crossed) box.setAttribute("role", "status");
      box.dataset.side = crossed;
    }
  }

  function countAll(root) {
    for (const box of root.querySelectorAll("[data-counter-for]")) {
      const input = document.getElementById(box.dataset.counterFor);
      if (input) count(input);
    }
  }
  countAll(document);
  document.addEventListener("htmx:load", (event) => countAll(event.detail.elt));
})();
