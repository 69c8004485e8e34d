// What pages do beyond HTML, CSS and htmx. All listens on the document; `prepare` sets up every new piece of page.
"use strict";
{
  const root = document.documentElement;
  const find = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const byId = (id) => document.getElementById(id);
  const on = (type, act, capture) => document.addEventListener(type, act, capture);
  const onClick = (selector, act) => on("click", (event) => {
    const hit = event.target.closest?.(selector);
    if (hit) act(hit, event);
  });
  root.classList.add("js");
  // Toasts: their clock stands still under hover and focus.
  function say(text, label, act) {
    const toast = document.createElement("div");
    toast.className = "toast";
    toast.dataset.toast = label ? 10 : 6;
    toast.append(document.createElement("p"));
    toast.firstChild.textContent = text;
    if (label) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = label;
      button.dataset.dismiss = "";
      button.onclick = act;
      toast.append(button);
    }
    byId("toasts").replaceChildren(toast);
  }
  setInterval(() => {
    all("[data-toast]:not(:hover, :focus-within)").forEach((toast) => {
      if ((toast.dataset.toast -= 0.5) <= 0) toast.remove();
    });
    all("[data-wait]").forEach((part) => { part.textContent = `${Math.max(0, Math.ceil(part.dataset.wait - performance.now() / 1000))} seconds left`; });
  }, 500);
  onClick("[data-dismiss]", (button) => button.closest(".toast").remove());

  // Dialogs: the opener's row may be gone or replaced afterwards, so ids are kept.
  let origin = null;
  function remember(opener) {
    const menu = opener.closest(".menu");
    const button = menu ? find(`[popovertarget="${menu.id}"]`) : opener;
    const row = button.closest("tr");
    origin = { button, rows: row ? [row.id, row.nextElementSibling?.id, row.previousElementSibling?.id] : [] };
  }
  function goBack() {
    if (!origin) return;
    const row = origin.rows.map(byId).find(Boolean);
    (origin.button.isConnected ? origin.button : row ? find(".icon-btn", row) : byId("title"))?.focus();
    origin = null;
  }
  function mayClose(dialog) {
    return !all("form[data-dirty]", dialog).some(changes) || confirm("Leave without saving your changes?");
  }
  onClick("[data-opens]", (opener, event) => {
    event.preventDefault();
    remember(opener);
    byId(opener.dataset.opens).showModal();
  });
  onClick("dialog [data-close]", (button, event) => {
    event.preventDefault();
    button.closest("dialog").close();
  });
  on("cancel", (event) => {
    if (event.target.matches("dialog") && !mayClose(event.target)) event.preventDefault();
  }, true);
  on("mousedown", (event) => {
    // What fills a dialog hides it: only a press on the scrim around it hits itself.
    if (event.target.matches?.("dialog") && mayClose(event.target)) event.target.close();
  });
  on("close", (event) => {
    if (event.target.matches(".menu")) return;
    if (event.target.id === "dialog") event.target.replaceChildren();
    goBack();
  }, true);

  // Menus: modal on phones, so that nothing behind the sheet is reached; else popovers, placed here where CSS cannot.
  onClick("[popovertarget]", (button, event) => {
    if (innerWidth >= 768) return;
    event.preventDefault();
    byId(button.getAttribute("popovertarget")).showModal();
  });
  on("toggle", ({ target: menu, newState }) => {
    if (!menu.matches(".menu") || newState !== "open" || innerWidth < 768 || CSS.supports("position-area: bottom")) return;
    const button = find(`[popovertarget="${menu.id}"]`).getBoundingClientRect();
    const below = button.bottom + menu.offsetHeight + 8 < innerHeight;
    const start = menu.matches(".up, .from-start") ? button.left : button.right - menu.offsetWidth;
    menu.style.top = `${below ? button.bottom : Math.max(8, button.top - menu.offsetHeight - 8)}px`;
    menu.style.left = `${Math.max(8, start)}px`;
  }, true);

  // Tabs: jump links to sections become tabs over panels.
  function makeTabs(strip) {
    const tabs = all("a", strip);
    const panels = tabs.map((tab) => byId(tab.hash.slice(1)));
    const show = (index, focus) => tabs.forEach((tab, at) => {
      const chosen = at === index;
      tab.setAttribute("aria-selected", chosen);
      tab.tabIndex = chosen ? 0 : -1;
      panels[at].hidden = !chosen;
      if (!chosen) return;
      if (focus) { history.replaceState(history.state, "", `?tab=${panels[at].id}`); tab.focus(); }
      tab.scrollIntoView({ block: "nearest" });
    });
    strip.setAttribute("role", "tablist");
    tabs.forEach((tab, at) => {
      tab.id = `tab-${panels[at].id}`;
      tab.setAttribute("role", "tab");
      tab.setAttribute("aria-controls", panels[at].id);
      panels[at].setAttribute("role", "tabpanel");
      panels[at].setAttribute("aria-labelledby", tab.id);
      tab.onclick = (event) => { event.preventDefault(); show(at, true); };
      tab.onkeydown = (event) => {
        const step = document.dir === "rtl" ? -1 : 1;
        const to = { ArrowRight: at + step, ArrowLeft: at - step, Home: 0, End: tabs.length - 1 }[event.key];
        if (to === undefined) return;
        event.preventDefault();
        show((to + tabs.length) % tabs.length, true);
      };
    });
    const asked = new URLSearchParams(location.search).get("tab") || location.hash.slice(1);
    const faulty = tabs.findIndex((tab) => find(".fail", tab));
    show(faulty >= 0 ? faulty : Math.max(0, panels.findIndex((panel) => panel.id === asked)));
  }

  // Forms: what changed, what shows with which choice, which switch another gives.
  function moved(control) {
    if (/checkbox|radio/.test(control.type)) return control.checked !== control.defaultChecked;
    if (!control.options) return control.value !== control.defaultValue;
    const first = [...control.options].findIndex((option) => option.defaultSelected);
    return control.selectedIndex !== Math.max(0, first);
  }
  function changes(form) {
    const different = [...form.elements].filter((control) => control.name && !control.disabled && control.type !== "submit" && moved(control));
    return new Set(different.map(({ type, name, value }) => type === "checkbox" ? name + value : name)).size || (form.dataset.dirty ? 1 : 0);
  }
  function countChanges(form) {
    const number = changes(form);
    const words = find("[data-changes]", form);
    form.classList.toggle("dirty", number > 0);
    if (words) words.textContent = number ? `${number} unsaved change${number > 1 ? "s" : ""}` : "";
  }
  function showByChoice(form) {
    all("[data-when]", form).forEach((part) => {
      const [name, values] = part.dataset.when.split("=");
      const chosen = find(`[name="${name}"]:checked`, form)?.value;
      part.hidden = !values.split(" ").includes(chosen);
    });
  }
  function derive(form) {
    const givers = all("[data-gives]", form);
    all(".switch", form).forEach((knob) => {
      const sources = givers.filter((giver) => giver.checked && giver !== knob && giver.dataset.gives.split(" ").includes(knob.value));
      if (!knob.disabled) knob.dataset.own = knob.checked ? "1" : "";
      knob.disabled = sources.length > 0;
      knob.checked = knob.disabled || knob.dataset.own === "1";
      knob.nextElementSibling.disabled = !knob.disabled || !knob.dataset.own;
      const names = sources.map((giver) => giver.dataset.named).filter(Boolean);
      find("[data-from]", knob.closest("label")).textContent = names.length ? `From ${names.join(", ")}` : knob.disabled ? "Included in admin access" : "";
    });
  }
  function tally(box) {
    const boxes = all(".dropdown-list input", box);
    const ticked = boxes.filter((input) => input.checked).length;
    find("[data-tally]", box).textContent = `${ticked} of ${boxes.length} selected`;
  }
  on("input", (event) => {
    const control = event.target;
    const box = control.closest(".dropdown");
    if (control.matches("[data-narrow]")) {
      const wanted = control.value.trim().toLowerCase();
      all(".dropdown-list .check", box).forEach((row) => { row.hidden = !row.textContent.toLowerCase().includes(wanted); });
      return;
    }
    if (box) tally(box);
    if (!control.form) return;
    showByChoice(control.form);
    derive(control.form);
    if (control.form.matches("[data-dirty]")) countChanges(control.form);
  });
  on("change", (event) => {
    if (event.target.matches("form[data-auto] select")) event.target.form.requestSubmit();
  });
  onClick("[data-tick]", (button) => {
    const box = button.closest(".dropdown");
    all(".dropdown-list .check:not([hidden]) input", box).forEach((input) => { input.checked = button.dataset.tick === "all"; });
    find(".dropdown-list input", box).dispatchEvent(new Event("input", { bubbles: true }));
  });
  onClick("[data-reveal]", (button) => {
    const field = byId(button.dataset.reveal);
    const shown = field.type === "password";
    field.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", shown);
    find("use", button).setAttribute("href", find("use", button).getAttribute("href").replace(/#.*/, shown ? "#eye-off" : "#eye"));
  });
  onClick("[data-copy]", async (button) => {
    await navigator.clipboard.writeText(button.dataset.copy);
    say("Copied");
  });
  let leaving = false;
  on("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented) return;
    if (form.dataset.sent) return event.preventDefault();
    leaving = true;
    form.dataset.sent = "1";
    if (event.submitter) setTimeout(() => event.submitter.classList.add("busy"), 150);
  });
  addEventListener("pageshow", () => all("form[data-sent]").forEach((form) => { delete form.dataset.sent; }));
  addEventListener("beforeunload", (event) => {
    if (!leaving && all("form[data-dirty]").some(changes)) event.preventDefault();
  });

  // Keys
  on("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea");
    const search = find("[data-search]");
    if (event.key === "Escape" && event.target === search && search.value) {
      event.preventDefault();
      search.value = "";
      search.dispatchEvent(new Event("input", { bubbles: true }));
    }
    if (typing || event.ctrlKey || event.metaKey || event.altKey || root.dataset.keys === "off") return;
    if (event.key === "/" && search) { event.preventDefault(); search.focus(); search.select(); }
    if (event.key === "?" && byId("keys") && !find("dialog[open]")) { remember(document.activeElement); byId("keys").showModal(); }
  });

  // htmx: the token, signs of work, the focus afterwards, sentences for what failed.
  on("htmx:configRequest", ({ detail }) => {
    detail.headers["X-CSRFToken"] = find('meta[name="csrf-token"]').content;
    if (detail.verb === "get") [...detail.formData].forEach(([name, value]) => { if (!value) detail.formData.delete(name); });
  });
  on("htmx:beforeSend", ({ detail }) => {
    const button = detail.requestConfig.triggeringEvent?.submitter || detail.elt.closest("button");
    const focused = button && button === document.activeElement;
    const menu = detail.elt.closest(".menu"), { target } = detail;
    menu?.hidePopover();
    menu?.close();
    if (target.id === "dialog" && !byId("dialog").open) remember(detail.elt);
    if (button) button.disabled = true;
    const timer = setTimeout(() => {
      target.setAttribute("aria-busy", "true");
      button?.classList.add("busy");
    }, 150);
    detail.xhr.settle = () => {
      clearTimeout(timer);
      target.removeAttribute("aria-busy");
      if (!button) return;
      button.disabled = false;
      button.classList.remove("busy");
      if (focused && document.activeElement === document.body) button.focus();
    };
  });
  on("htmx:afterRequest", ({ detail }) => detail.xhr.settle?.());
  on("htmx:beforeOnLoad", ({ detail }) => { leaving = Boolean(detail.xhr.getResponseHeader("HX-Redirect")); });
  on("htmx:afterSwap", ({ detail }) => {
    if (find("#rows:not(:has(tr))")) htmx.ajax("GET", location.href, { target: "#list", swap: "outerHTML" });
    const dialog = byId("dialog");
    if (detail.target !== dialog || dialog.open || !dialog.childElementCount || find("[data-close-dialog]", dialog)) return;
    dialog.showModal();
    (find("[autofocus]", dialog) || find(":checked", dialog) || find("input:not([type=hidden]), select, textarea", dialog))?.focus();
  });
  on("htmx:load", ({ detail: { elt } }) => {
    if (elt !== document.body) prepare(elt);
    if (elt.matches("[data-close-dialog]")) byId("dialog").close();
    if (elt.dataset.announce) byId("live").textContent = elt.dataset.announce;
    if (elt.matches("[data-focus]")) (byId(elt.dataset.focus) || elt).focus();
    else if (elt.matches("tr[id]") && document.activeElement === document.body && !find("dialog[open]")) find(".icon-btn", elt)?.focus();
  });
  on("htmx:beforeSwap", ({ detail }) => {
    if (!/^4(?!09|22)/.test(detail.xhr.status) || detail.xhr.getResponseHeader("HX-Retarget")) return;
    detail.shouldSwap = false;
    say("That did not work. Load the page again.");
  });
  on("htmx:responseError", () => say("Something broke on our side. Nothing was saved."));
  ["htmx:sendError", "htmx:timeout"].forEach((type) => on(type, ({ detail: { elt, requestConfig } }) =>
    say("No connection. Nothing was saved.", "Try again", () => htmx.trigger(elt, requestConfig.triggeringEvent?.type || "click"))));

  function prepare(part) {
    const within = (selector) => [...(part.matches?.(selector) ? [part] : []), ...all(selector, part)];
    within("[data-tabs]").forEach(makeTabs);
    within("form").forEach((form) => { showByChoice(form); derive(form); });
    within("form[data-dirty]").forEach(countChanges);
    within(".dropdown").forEach(tally);
  }
  prepare(document);
}
