// Behaviour of every page: dialogs, keys, dismissing, double sends, htmx manners. Pages work without it.
(() => {
  "use strict";
  const word = (name) => document.getElementById("words")?.dataset[name] ?? "";

  // --- toasts ---------------------------------------------------------------------------------------------
  function toast(text, level = "danger") {
    const box = document.getElementById("toasts");
    if (!box || !text) return;
    const note = document.createElement("div");
    note.className = `toast-note toast-${level}`;
    const line = document.createElement("p");
    line.textContent = text;
    const close = document.createElement("button");
    close.type = "button";
    close.className = "icon-button";
    close.dataset.dismiss = ".toast-note";
    close.setAttribute("aria-label", word("close"));
    close.textContent = "×";
    note.append(line, close);
    box.append(note);
  }

  // --- dialogs and dismissing -----------------------------------------------------------------------------
  // The browser gives the focus back to the opener; one in a menu that closed behind it cannot take it: then its button.
  function openDialog(id, opener) {
    const dialog = document.getElementById(id);
    if (!(dialog instanceof HTMLDialogElement) || dialog.open) return;
    const menu = opener?.closest(".dropdown-menu")?.parentElement?.querySelector("[data-bs-toggle]");
    if (menu) dialog.addEventListener("close", () => menu.focus(), { once: true });
    dialog.showModal();
  }

  document.addEventListener("click", (event) => {
    const target = event.target;
    const opener = target.closest("[data-dialog-open]");
    if (opener) return openDialog(opener.dataset.dialogOpen, opener);
    if (target.closest("[data-dialog-close]")) return target.closest("dialog")?.close();
    // A click on the dialog element itself is a click on its backdrop: the content is in its children.
    if (target instanceof HTMLDialogElement) {
      const box = target.getBoundingClientRect();
      const inside =
        event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
      if (!inside) target.close();
      return;
    }
    const dismiss = target.closest("[data-dismiss]");
    if (dismiss) {
      dismiss.closest(dismiss.dataset.dismiss)?.remove();
      document.getElementById("content")?.focus({ preventScroll: true });
    }
    if (target.closest("[aria-disabled='true']")) event.preventDefault();
  });

  // --- copying a field's value ------------------------------------------------------------------------------
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    const field = button && document.getElementById(button.dataset.copy);
    if (!field) return;
    field.focus();
    field.select();
    // Without https there is no clipboard; the text is selected, so the copy key works.
    if (!navigator.clipboard) return;
    try {
      await navigator.clipboard.writeText(field.value);
      toast(button.dataset.copied, "success");
    } catch {
      field.select();
    }
  });

  // --- a form is sent once --------------------------------------------------------------------------------
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-once]") || event.defaultPrevented) return;
    if (form.dataset.sent === "yes") return event.preventDefault();
    form.dataset.sent = "yes";
  });
  document.addEventListener("htmx:afterRequest", (event) => delete event.target.dataset?.sent);
  // Coming back with the Back button must not find dead forms.
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("[data-sent]")) delete form.dataset.sent;
  });

  // --- keys -----------------------------------------------------------------------------------------------
  // Single keys can collide with speech input, so a person can switch them off; one word is stored.
  const keysOff = () => {
    try {
      return localStorage.getItem("hs-keys") === "off";
    } catch {
      return false;
    }
  };
  const isTyping = (element) => element.closest("input, textarea, select, [contenteditable]") !== null;

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (isTyping(event.target) || keysOff() || document.querySelector("dialog[open]")) return;
    const search = document.querySelector("[data-search]");
    if (event.key === "/" && search) {
      event.preventDefault();
      search.focus();
    } else if (event.key === "?") {
      event.preventDefault();
      openDialog("help");
    } else if (/^[a-z]$/.test(event.key)) {
      const target = document.querySelector(`[data-shortcut="${event.key}"]`);
      if (target) {
        event.preventDefault();
        target.click();
      }
    }
  });

  const keysBox = document.getElementById("single-keys");
  if (keysBox) {
    keysBox.checked = !keysOff();
    keysBox.addEventListener("change", () => {
      try {
        if (keysBox.checked) localStorage.removeItem("hs-keys");
        else localStorage.setItem("hs-keys", "off");
      } catch {
        keysBox.checked = true;
      }
    });
  }

  // --- marks in a text and the cards of their findings ------------------------------------------------------
  function light(selector) {
    for (const lit of document.querySelectorAll(".is-lit")) lit.classList.remove("is-lit");
    const found = [...document.querySelectorAll(selector)];
    for (const element of found) element.classList.add("is-lit");
    return found[0];
  }

  function go(element) {
    if (!element) return;
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    element.focus({ preventScroll: true });
    element.scrollIntoView({ block: "center", behavior: calm ? "auto" : "smooth" });
  }

  document.addEventListener("click", (event) => {
    const mark = event.target.closest("[data-findings]");
    if (mark) {
      const ids = mark.dataset.findings.split(" ").map((id) => CSS.escape(id));
      const card = light(ids.map((id) => `[data-finding="${id}"]`).join(", "));
      if (card) event.preventDefault();
      go(card);
      return;
    }
    const back = event.target.closest("[data-show-mark]");
    if (back) go(light(`[data-findings~="${CSS.escape(back.dataset.showMark)}"]`));
  });

  // --- htmx: the CSRF token goes along, failures are said ---------------------------------------------------
  document.addEventListener("htmx:configRequest", (event) => {
    const token = document.querySelector("meta[name='csrf-token']")?.content;
    if (token) event.detail.headers["X-CSRFToken"] = token;
  });
  document.addEventListener("htmx:responseError", () => toast(word("failed")));
  document.addEventListener("htmx:sendError", () => toast(word("offline")));
})();
