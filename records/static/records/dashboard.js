// What a page does beside htmx: keys, dialogs, times in the reader's zone, and telling when the server is away.
// Every page works without it.
(() => {
  "use strict";
  const EVERY = 10000; // ms between two looks of a page that someone sees
  const page = document.documentElement, body = document.body;
  const $ = (id) => document.getElementById(id);
  page.classList.add("js");

  // What a browser that keeps nothing forgets.
  function recall(key) {
    try { return localStorage.getItem(key) || ""; } catch { return ""; }
  }
  function keep(key, text) {
    try { localStorage.setItem(key, text); } catch { /* until the next page */ }
  }

  // Times: exact in the reader's zone, or in UTC where that was chosen; how long ago as a hint, by the server's clock.
  // What waits here goes by performance.now(), which no one sets.
  const SKEW = 120000; // ms by which the reader's clock may differ before that is told
  const LATE = 5; // seconds that a page may have been on its way, by which it takes the server's clock to be behind
  let ahead = 0, seen = new Date(); // ms of the server's clock before ours, and when it made what is shown
  const HOUR = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const ownZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  let clock, hours, days;
  function setZone(isUtc) {
    const zone = isUtc ? { timeZone: "UTC" } : {};
    clock = new Intl.DateTimeFormat(undefined, { day: "2-digit", month: "short", second: "2-digit", ...HOUR, ...zone });
    hours = new Intl.DateTimeFormat("en", { ...HOUR, ...zone });
    days = new Intl.DateTimeFormat("en", { weekday: "short", ...HOUR, ...zone });
    for (const place of document.querySelectorAll("[data-zone]")) {
      place.firstElementChild.textContent = `times are ${isUtc ? "UTC" : `of ${ownZone}`}`;
      const button = place.querySelector("button");
      button.textContent = isUtc ? `show ${ownZone}` : "show UTC";
      button.hidden = ownZone === "UTC";
    }
  }
  const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  const STEPS = [[60, "second"], [60, "minute"], [24, "hour"], [30, "day"], [12, "month"], [Infinity, "year"]];
  function tellDistance(moment) {
    const seconds = (moment - Date.now() - ahead) / 1000;
    if (Math.abs(seconds) < 60) return seconds <= LATE ? "just now" : "within a minute";
    const [count, unit] = measure(seconds);
    return relative.format(count, unit);
  }
  function measure(count) {
    for (const [size, unit] of STEPS) {
      if (Math.abs(count) < size) return [Math.trunc(count), unit];
      count /= size;
    }
  }
  function compareClocks() {
    const headline = $("headline");
    if (!headline) return;
    const made = new Date(headline.dataset.now);
    if (+made === +seen) return; // the headline of before
    seen = made;
    ahead = made - Date.now();
    const [count, unit] = measure(Math.round(Math.abs(ahead) / 60000) * 60);
    $("skew").hidden = Math.abs(ahead) < SKEW;
    $("skew").textContent = `Your clock is ${count} ${unit}${count > 1 ? "s" : ""} ${ahead > 0 ? "behind" : "ahead of"} the server's. How long ago something was is told by the server's clock.`;
  }
  function showTimes(root) {
    for (const time of root.querySelectorAll("time[datetime]")) {
      const moment = new Date(time.dateTime), exact = clock.format(moment);
      if (time.classList.contains("hint")) {
        time.textContent = tellDistance(moment);
        time.title = exact;
      } else time.textContent = exact;
    }
    for (const hint of root.querySelectorAll("[data-of]")) hint.textContent = tellDistance(new Date(hint.dataset.of));
    for (const tick of root.querySelectorAll("[data-at]"))
      tick.textContent = ("day" in tick.dataset ? days : hours).format(new Date(tick.dataset.at)).replace(",", "");
  }
  setZone(recall("zone") === "UTC");
  for (const button of document.querySelectorAll("[data-zone] button"))
    button.addEventListener("click", () => {
      keep("zone", recall("zone") === "UTC" ? "" : "UTC");
      setZone(recall("zone") === "UTC");
      showTimes(document);
    });

  // Title and icon follow the headline.
  const icon = document.querySelector("link[rel=icon]"), ownTitle = document.title.replace(/^.* · /, "");
  function followHeadline() {
    const headline = $("headline");
    if (!headline) return;
    const { tone, words } = headline.dataset;
    page.dataset.tone = tone;
    document.title = tone === "good" ? ownTitle : `${words} · ${ownTitle}`;
    const href = icon.dataset[tone] || icon.dataset.good;
    if (icon.getAttribute("href") !== href) icon.href = href;
  }

  // Looking again, as long as someone sees the page and is not answering a question.
  let looked = performance.now();
  function refresh() {
    looked = performance.now();
    body.dispatchEvent(new Event("refresh"));
  }
  setInterval(() => {
    showTimes(document);
    if (!document.hidden && !document.querySelector("dialog:modal") && performance.now() - looked >= EVERY) refresh();
  }, 1000);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && performance.now() - looked >= EVERY) refresh();
  });
  document.addEventListener("refresh", (event) => {
    if (event.target === body) return;
    $("dialog").close(); // a button has done what it does
    refresh();
  });
  document.addEventListener("htmx:config:request", (event) => {
    const { ctx } = event.detail;
    if (ctx.sourceElement.id === "board") ctx.request.action = location.pathname + location.search;
  });

  // What is on its way shows the shape that it will have, by the style sheet. What only looks again stays as it is.
  const LATER = ["answers", "pane-body", "names", "stream"];
  document.addEventListener("htmx:before:request", (event) => {
    const { target } = event.detail.ctx;
    if (LATER.includes(target?.id)) target.setAttribute("aria-busy", "true");
  });
  document.addEventListener("htmx:finally:request", (event) => event.detail.ctx.target?.removeAttribute?.("aria-busy"));

  // What a server that is away, or a database, leaves undone: told above the page, of which all that is there stays.
  const offline = $("offline");
  function tellAway(words, ctx) {
    if (ctx.request.method !== "GET") offline.textContent = words; // of a button, which is not pressed again
    else if (offline.hidden) offline.textContent = `${words} What you see is of ${clock.format(seen)}; it is tried again.`;
    offline.hidden = false;
  }
  document.addEventListener("dashboard:lines", () => showTimes(document));
  document.addEventListener("htmx:response:error", (event) => {
    const { ctx } = event.detail, { status, headers } = ctx.response;
    if (ctx.sourceElement.id === "stream") return; // it tells so itself
    const isText = headers.get("Content-Type")?.startsWith("text/plain");
    const words = status === 503 && isText ? ctx.text.trim() : `The server answers ${status}.`;
    tellAway(status === 403 ? "Your role does not allow that." : words, ctx);
    if (ctx.sourceElement.id === "pane-body") failPane(words);
  });
  document.addEventListener("htmx:error", (event) => {
    const { ctx, error } = event.detail;
    if (error?.name === "AbortError" || !ctx?.request) return;
    if (ctx.sourceElement.id === "pane-body") failPane("The server cannot be reached.");
    if (ctx.request.method !== "GET") tellAway("The server cannot be reached: look whether it was done, and press again.", ctx);
    else if (ctx.sourceElement.id === "board") tellAway("The server cannot be reached.", ctx);
  });

  // A login that ended: to its page and back, once, however many requests are told so.
  let isLeaving = false;
  function leave() {
    if (!isLeaving) location.reload();
    isLeaving = true;
  }
  document.addEventListener("dashboard:login", leave);
  document.addEventListener("htmx:before:response", (event) => {
    if (event.detail.ctx.response.status !== 401) return;
    event.preventDefault();
    leave();
  });

  // What comes for a part of the page that is gone meanwhile has no place any more.
  document.addEventListener("htmx:before:swap", (event) => {
    const { target } = event.detail.ctx;
    if (target instanceof Element && !target.isConnected) event.preventDefault();
  });

  document.addEventListener("htmx:after:swap", (event) => {
    const { ctx } = event.detail;
    if (ctx.response?.status >= 400) return; // nothing was swapped
    offline.hidden = true;
    compareClocks();
    showTimes(document);
    followHeadline();
    if (ctx.target?.id === "board") followTrouble();
    if (ctx.target?.id === "dialog-body" && ctx.text && !$("dialog").open) $("dialog").showModal();
    if (ctx.target?.id === "pane-body" && pane.open) {
      $("pane-title")?.focus();
      pane.scrollTop = 0;
    }
  });

  // In trouble the list of names begins with those not in step. Whoever looks for one looks in all of them, and the field
  // says what is shown, which it keeps while the page looks again.
  document.addEventListener("input", (event) => {
    const { target } = event, state = $("names-state");
    if (!target.closest("#filters") || target === state || !target.value) return;
    if ("first" in $("names").dataset && state.value === "off") state.value = "all";
  }, true);
  function followTrouble() {
    const state = $("names-state"), isAsked = new URLSearchParams(location.search).has("state");
    if (state && !isAsked && !$("filters").contains(document.activeElement)) state.value = $("names").dataset.state;
  }

  // A name opens beside its list, where there is room for both. The address says which one, so that it is there again
  // after a reload, and for whom the address is sent to; going back closes it.
  const pane = $("pane"), NAMES = "/ui/names/";
  let opened = null;
  function spellPage(name, target) {
    return `${NAMES}${encodeURIComponent(name)}/${target ? `?target=${encodeURIComponent(target)}` : ""}`;
  }
  function readOpen() {
    const asked = new URLSearchParams(location.search), name = asked.get("open") || "";
    return /[^.]/.test(name) && !name.includes("/") ? spellPage(name, asked.get("on")) : "";
  }
  function spellAddress(name, target) {
    const here = new URL(location);
    for (const [key, text] of [["open", name], ["on", target]])
      if (text) here.searchParams.set(key, text);
      else here.searchParams.delete(key);
    return here.href;
  }
  function keepOpen() { // in what a filter asks for, too
    for (const field of document.querySelectorAll("input[data-kept]")) {
      field.value = new URLSearchParams(location.search).get(field.name) || "";
      field.disabled = !field.value;
    }
  }
  function loadPane(url, words) {
    $("pane-body").replaceChildren($("pane-bones").content.cloneNode(true));
    $("pane-title").textContent = words || decodeURIComponent(url.slice(NAMES.length).replace(/\/.*/, ""));
    if (!pane.open) pane.show();
    htmx.ajax("GET", url, { source: "#pane-body", target: "#pane-body", swap: "innerHTML" });
  }
  document.addEventListener("click", (event) => {
    const row = event.target.closest("a.row");
    if (!row?.pathname.startsWith(NAMES) || event.ctrlKey || event.metaKey || event.shiftKey || innerWidth < 900) return;
    event.preventDefault();
    if (!pane.contains(row)) opened = row;
    const name = decodeURIComponent(row.pathname.slice(NAMES.length, -1)), steps = history.state?.pane || 0;
    const target = new URLSearchParams(row.search).get("target"), url = spellPage(name, target);
    if (url !== readOpen()) history.pushState({ pane: steps + 1 }, "", spellAddress(name, target));
    keepOpen();
    loadPane(url, row.textContent);
  });
  function failPane(words) {
    const body = $("pane-body"), line = document.createElement("li");
    line.textContent = words;
    body.querySelector(".sentences")?.replaceChildren(line);
    body.querySelectorAll(".bone, section:has(.bone)").forEach((bone) => bone.remove());
  }
  pane.addEventListener("close", () => { // a moment after it has closed: who went on by keyboard is elsewhere by now
    emptyPane();
    if (document.activeElement === body || pane.contains(document.activeElement)) focusOpened();
    if (!readOpen()) return;
    if (history.state?.pane) history.go(-history.state.pane);
    else history.replaceState(history.state, "", spellAddress("", ""));
    keepOpen();
  });
  function emptyPane() { // it would look again for ever; what it has asked for comes first
    if (pane.open) return;
    if (pane.querySelector(".htmx-request")) setTimeout(emptyPane, 200);
    else $("pane-body").replaceChildren();
  }
  function focusOpened() {
    if (opened?.isConnected) opened.focus();
  }
  // A browser that went back puts the focus at the start of the page once it is done, wherever it was by then.
  let focused = null, goesBack = false;
  document.addEventListener("focusin", (event) => { focused = event.target; });
  window.navigation?.addEventListener("navigate", (event) => { goesBack = event.navigationType === "traverse"; });
  window.navigation?.addEventListener("navigatesuccess", () => {
    if (goesBack && !pane.open && document.activeElement === body && focused?.isConnected) focused.focus();
  });
  function followAddress() {
    const url = readOpen();
    if (url && innerWidth < 900) location.replace(url);
    else if (url) loadPane(url);
    else if (pane.open) pane.close();
    keepOpen();
  }
  function spellRest() { // what else the address asks for
    const asked = new URLSearchParams(location.search);
    for (const key of ["open", "on", "happened"]) asked.delete(key);
    return `${location.pathname}?${asked}`;
  }
  let rest = spellRest();
  document.addEventListener("htmx:after:history:replace", () => { rest = spellRest(); });
  document.addEventListener("htmx:before:history:restore", (event) => event.preventDefault()); // it would make the page anew
  addEventListener("popstate", () => {
    if (spellRest() === rest) followAddress();
    else location.reload();
  });
  if (readOpen()) followAddress();
  addEventListener("dashboard:address", keepOpen);

  // What a first visitor sees, until it was read.
  const welcome = $("welcome");
  if (welcome && !recall("welcomed")) welcome.hidden = false;
  document.addEventListener("click", (event) => {
    if (!event.target.closest("#welcome button")) return;
    keep("welcomed", "yes");
    $("welcome").hidden = true;
    $("board").focus({ preventScroll: true });
  });

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]"), closer = event.target.closest("dialog [data-closes]");
    if (opener) $(opener.dataset.opens).showModal();
    if (closer) {
      event.preventDefault();
      closer.closest("dialog").close();
    }
  });
  for (const opener of document.querySelectorAll("[data-opens]")) opener.hidden = false;

  // Keys, where nobody is typing.
  function moveRow(step) {
    const rows = [...document.querySelectorAll("[data-list] a.row")].filter((row) => row.checkVisibility());
    const at = rows.indexOf(document.activeElement);
    const next = rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  }
  const KEYS = {
    "/": () => document.querySelector("[data-key='/']").focus(),
    "?": () => $("keys").showModal(),
    "r": refresh,
    "ArrowDown": () => moveRow(1),
    "ArrowUp": () => moveRow(-1),
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && pane.open && !document.querySelector("dialog:modal")) pane.close();
    const isTyping = event.target.matches("input, select, textarea, [contenteditable]");
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog:modal")) return;
    const act = KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  compareClocks();
  showTimes(document);
})();
