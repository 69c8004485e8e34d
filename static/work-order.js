// The form for new work: choosing a property from suggestions by keyboard or finger, and how far the photos have got.
"use strict";
{
  const field = () => document.querySelector("[data-suggests]");
  const list = () => document.getElementById("places");
  const options = () => [...list().children];
  const chosen = () => options().findIndex((option) => option.getAttribute("aria-selected") === "true");
  function prepare() {
    if (!field()) return;
    for (const [name, value] of [["role", "combobox"], ["aria-controls", "places"], ["aria-autocomplete", "list"]]) field().setAttribute(name, value);
    list().setAttribute("role", "listbox");
    show(false);
  }
  function show(open) {
    list().hidden = !open;
    field().setAttribute("aria-expanded", open);
    if (!open) mark(-1);
  }
  function mark(index) {
    options().forEach((option, at) => option.setAttribute("aria-selected", at === index));
    const option = options()[index];
    if (option) option.scrollIntoView({ block: "nearest" });
    if (option) field().setAttribute("aria-activedescendant", option.id);
    else field().removeAttribute("aria-activedescendant");
  }
  function take(option) {
    field().value = option.dataset.value;
    show(false);
    field().dispatchEvent(new Event("change", { bubbles: true }));
  }
  document.addEventListener("keydown", (event) => {
    if (event.target !== field() || !list().childElementCount) return;
    const count = options().length;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      const from = list().hidden ? -1 : chosen();
      show(true);
      mark(from < 0 && step < 0 ? count - 1 : (from + step + count) % count);
    } else if (event.key === "Enter" && !list().hidden && chosen() >= 0) {
      event.preventDefault();
      take(options()[chosen()]);
    } else if (event.key === "Escape" && !list().hidden) {
      event.preventDefault();
      show(false);
    }
  });
  document.addEventListener("pointerdown", (event) => {
    const option = event.target.closest?.("#places > [data-value]");
    if (!option) return;
    event.preventDefault();
    take(option);
  });
  document.addEventListener("focusout", (event) => {
    if (event.target === field()) show(false);
  });
  document.addEventListener("htmx:load", ({ detail: { elt } }) => {
    if (elt.id === "order-form") prepare();
    if (elt.id !== "places") return;
    prepare();
    show(elt.childElementCount > 0 && document.activeElement === field());
  });
  document.addEventListener("htmx:xhr:progress", ({ target, detail }) => {
    const bar = document.getElementById("sending");
    if (target.id !== "order-form" || !detail.lengthComputable) return;
    bar.hidden = detail.loaded === detail.total;
    bar.value = detail.loaded / detail.total;
  });
  prepare();
}
