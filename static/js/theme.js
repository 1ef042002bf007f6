// Runs before the first paint, so that a dark page never flashes white. Stores one word, nothing else.
(() => {
  "use strict";
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const stored = () => {
    try {
      return localStorage.getItem("hs-theme");
    } catch {
      return null; // storage switched off: follow the device
    }
  };
  const choice = () => (["light", "dark"].includes(stored()) ? stored() : "auto");

  function apply() {
    const wanted = choice();
    document.documentElement.dataset.bsTheme = wanted === "auto" ? (dark.matches ? "dark" : "light") : wanted;
    for (const button of document.querySelectorAll("[data-theme]")) {
      button.setAttribute("aria-pressed", String(button.dataset.theme === wanted));
    }
  }

  apply();
  dark.addEventListener("change", apply);
  document.addEventListener("DOMContentLoaded", apply);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme]");
    if (!button) return;
    try {
      if (button.dataset.theme === "auto") localStorage.removeItem("hs-theme");
      else localStorage.setItem("hs-theme", button.dataset.theme);
    } catch {
      document.documentElement.dataset.bsTheme = button.dataset.theme;
      return;
    }
    apply();
  });
})();
