// Names what Django's own scripts make without one, for those who do not see it. They do so until the page has loaded.
addEventListener("load", () => {
  for (const icon of document.querySelectorAll(".help-tooltip[aria-label]")) icon.setAttribute("role", "img");
  for (const chosen of document.querySelectorAll(".select2-selection__rendered")) {
    const field = chosen.closest(".related-widget-wrapper, .flex-container").querySelector("select");
    const label = document.querySelector(`label[for="${field.id}"]`);
    chosen.setAttribute("aria-label", label.textContent.replace(/:$/, ""));
  }
});
