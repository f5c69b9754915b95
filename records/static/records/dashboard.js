// What a page does beside htmx: keys, dialogs, times in the reader's zone, and telling when the server is away.
// Every page works without it.
(() => {
  "use strict";
  const EVERY = 10000; // ms between two looks of a page that somebody sees
  const page = document.documentElement, body = document.body;
  const $ = (id) => document.getElementById(id);
  page.classList.add("js");

  // Times: exact in the reader's zone, how long ago as a hint, by the server's clock. What waits here goes by
  // performance.now(), which no one sets.
  const SKEW = 120000; // ms by which the reader's clock may differ before that is told
  let ahead = 0; // ms of the server's clock before ours
  const clock = new Intl.DateTimeFormat(undefined, { day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  const STEPS = [[60, "second"], [60, "minute"], [24, "hour"], [30, "day"], [12, "month"], [Infinity, "year"]];
  function tellDistance(moment) {
    const seconds = (moment - Date.now() - ahead) / 1000;
    if (Math.abs(seconds) < 60) return seconds <= 0 ? "just now" : "within a minute";
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
    ahead = new Date(headline.dataset.now) - Date.now();
    const [count, unit] = measure(Math.abs(ahead) / 1000);
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
  }
  for (const zone of document.querySelectorAll("[data-zone]"))
    zone.parentElement.textContent = `times are of ${Intl.DateTimeFormat().resolvedOptions().timeZone}`;

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

  // Looking again, as long as somebody sees the page and is not answering a question.
  let looked = performance.now(), seen = Date.now();
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
  });
  document.addEventListener("htmx:error", (event) => {
    const { ctx, error } = event.detail;
    if (error?.name === "AbortError" || !ctx?.request) return;
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

  document.addEventListener("htmx:after:swap", (event) => {
    const { ctx } = event.detail;
    offline.hidden = true;
    if (ctx.sourceElement?.id === "board") seen = Date.now();
    compareClocks();
    showTimes(document);
    followHeadline();
    if (ctx.target?.id === "dialog-body" && ctx.text && !$("dialog").open) $("dialog").showModal();
    if (ctx.target?.id === "pane-body") {
      if (!pane.open) pane.show();
      $("pane-title")?.focus();
      pane.scrollTop = 0;
    }
  });

  // A name opens beside its list, where there is room for both.
  const pane = $("pane");
  let opened = null;
  document.addEventListener("click", (event) => {
    const row = event.target.closest("a.row");
    if (!row?.pathname.startsWith("/ui/names/") || event.ctrlKey || event.metaKey || event.shiftKey || innerWidth < 900) return;
    event.preventDefault();
    if (!pane.contains(row)) opened = row;
    htmx.ajax("GET", row.pathname + row.search, { source: "#pane-body", target: "#pane-body", swap: "innerHTML" });
  });
  pane.addEventListener("close", () => {
    $("pane-body").replaceChildren();
    if (opened?.isConnected) opened.focus();
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
