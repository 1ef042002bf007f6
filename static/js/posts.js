// A draft that the server has begun gets its own address, so that a reload opens it again.
(() => {
  "use strict";
  document.addEventListener("hs:autosaved", (event) => {
    const url = event.detail?.edit_url;
    if (!url || window.location.pathname === url) return;
    event.target.action = url;
    window.history.replaceState(window.history.state, "", url);
  });
})();
