// A draft that the server has begun gets its own address, so that a reload opens it again.
(() => {
  "use strict";
  // The address of a new post carries the id it will have, so that the back button leads to what was saved.
  const form = document.getElementById("post-form");
  const begun = form && !form.elements.post?.value && form.elements.new?.value;
  if (begun) window.history.replaceState(window.history.state, "", `${form.getAttribute("action")}?new=${begun}`);

  document.addEventListener("hs:autosaved", (event) => {
    const url = event.detail?.edit_url;
    if (!url || window.location.pathname === url) return;
    event.target.action = url;
    window.history.replaceState(window.history.state, "", url);
  });
})();
