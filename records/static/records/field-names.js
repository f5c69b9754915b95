"use strict";

// Names what Django's own scripts make without one, for those who do not see it. These made it before: what is
// registered first is done first.
(() => {
  function nameChosen() {
    for (const chosen of document.querySelectorAll(".select2-selection__rendered")) {
      const field = chosen.closest(".related-widget-wrapper, .flex-container").querySelector("select");
      const label = document.querySelector(`label[for="${field.id}"]`);
      chosen.setAttribute("aria-label", label.textContent.replace(/:$/, ""));
    }
  }
  function nameIcons() {
    for (const icon of document.querySelectorAll(".help-tooltip[aria-label]")) icon.setAttribute("role", "img");
  }
  globalThis.django?.jQuery?.(nameChosen); // its own "ready", which may come after the page has loaded
  addEventListener("load", nameIcons);
})();
