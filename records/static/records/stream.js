// The live stream: lines come by hx-sse, each with the number of its audit entry, and are put under their pass.
(() => {
  "use strict";
  const MOST = 200; // lines that are kept
  const AGAIN = 5000; // ms until a first connection that failed is tried again; later ones are hx-sse's own
  const SILENCE = 50000; // ms without a sign of life, of which one comes every 15 s: the connection is a dead one
  const TOLD = 8000; // ms for which is told what is soon of no interest
  const READING = 20000; // ms after the last move of who reads the lines, for which new ones wait
  const SOON = 100, QUIET = 1500; // ms until the page looks because something happened, and between two such looks
  const stream = document.getElementById("stream");
  if (!stream) return;
  const bar = document.querySelector(".stream-bar"), state = document.getElementById("stream-state");
  const pause = document.getElementById("stream-pause"), sort = document.getElementById("stream-sort");
  const copy = document.getElementById("stream-copy");
  let connection = null, watch = 0, note = "";
  let waiting = [], isPaused = false, moved = -READING, looks = 0, looked = -QUIET, wasAway = false, copied = "";
  bar.hidden = false;
  const section = document.getElementById("activity");
  section.setAttribute("hx-morph-skip", ""); // the page that looks again leaves it alone

  function place(html) {
    const line = new DOMParser().parseFromString(html, "text/html").querySelector("li.entry");
    if (!line || document.getElementById(line.id)) return; // it was shown when the page was made
    const key = line.dataset.pass;
    let group = document.getElementById(`pass-${key}`);
    if (!group) {
      group = document.createElement("li");
      group.className = "pass";
      group.id = `pass-${key}`;
      group.innerHTML = '<p class="summary"></p><ol class="entries"></ol>';
    }
    group.querySelector(".summary").textContent = line.dataset.summary;
    line.classList.add("is-new");
    group.querySelector(".entries").prepend(document.adoptNode(line));
    stream.prepend(group);
    document.getElementById("stream-empty")?.remove();
    narrow(line);
    const lines = stream.getElementsByClassName("entry");
    while (lines.length > MOST) {
      const last = lines[lines.length - 1], its = last.closest(".pass");
      last.remove();
      if (!its.querySelector(".entry")) its.remove();
    }
    document.dispatchEvent(new CustomEvent("dashboard:lines"));
  }
  function narrow(line) {
    line.hidden = sort.value !== "" && !line.dataset.sort.split(" ").includes(sort.value);
    const group = line.closest(".pass");
    group.hidden = !group.querySelector(".entry:not([hidden])");
  }
  function tell() {
    const words = [];
    if (isPaused || waiting.length) words.push(waiting.length === 1 ? "1 new line" : `${waiting.length} new lines`);
    if (waiting.length && !isPaused) words.push("shown when you leave the list");
    if (wasAway) words.push("reconnecting");
    if (copied) words.push(copied);
    state.textContent = words.join(", ") || `live${note}`;
  }
  function lookAgain() {
    looks ||= setTimeout(() => {
      looks = 0;
      looked = performance.now();
      if (!document.hidden && !document.querySelector("dialog:modal")) document.body.dispatchEvent(new Event("refresh"));
    }, Math.max(SOON, QUIET - (performance.now() - looked)));
  }

  stream.addEventListener("entry", (event) => {
    note = "";
    waiting.push(event.detail.data);
    letThrough();
    lookAgain();
  });
  stream.addEventListener("reset", () => {
    // What was missed is more than is told: the list is made anew.
    note = note && ", made anew: too much happened meanwhile";
    tell();
    section.removeAttribute("hx-morph-skip");
    document.addEventListener("htmx:finally:swap", () => {
      section.setAttribute("hx-morph-skip", "");
      bar.hidden = false;
      tell();
    }, { once: true });
    document.body.dispatchEvent(new Event("refresh"));
  });
  function listen() {
    clearTimeout(watch);
    watch = setTimeout(() => connection.reader?.cancel(), SILENCE); // hx-sse connects again
  }
  stream.addEventListener("htmx:before:sse:message", listen);
  stream.addEventListener("htmx:after:sse:connection", (event) => {
    if (connection) note ||= ", nothing missed";
    connection = event.detail.connection;
    wasAway = false;
    listen();
    tell();
  });
  stream.addEventListener("htmx:sse:error", (event) => {
    if (event.detail.status === 401) document.dispatchEvent(new Event("dashboard:login"));
    wasAway = true;
    tell();
  });
  function tryAgain(event) {
    if (event.detail.ctx?.sourceElement !== stream) return;
    wasAway = true;
    tell();
    setTimeout(() => htmx.trigger(stream, "connect"), AGAIN);
  }
  stream.addEventListener("htmx:response:error", tryAgain);
  stream.addEventListener("htmx:error", tryAgain);

  function setPaused(now) {
    isPaused = now;
    pause.setAttribute("aria-pressed", isPaused);
    pause.querySelector("span").textContent = isPaused ? "Go on" : "Pause";
    letThrough(true);
  }

  // What someone looks at stays where it is: lines wait while the pointer or the focus is in the list, or its beginning is
  // scrolled away. A pointer that was left there reads nothing.
  function isBeingRead() {
    const { top, bottom } = stream.getBoundingClientRect(), isScrolled = top < 0 && bottom > 0;
    const isThere = isScrolled || stream.matches(":hover") || stream.contains(document.activeElement);
    return isThere && performance.now() - moved < READING;
  }
  function letThrough(isAsked = false) {
    if (!isPaused && (isAsked || !isBeingRead())) for (const html of waiting.splice(0)) place(html);
    tell();
  }
  const move = () => { moved = performance.now(); };
  for (const sign of ["pointermove", "pointerdown", "keydown", "focusin"]) stream.addEventListener(sign, move);
  addEventListener("scroll", move, { passive: true });
  stream.addEventListener("pointerleave", () => letThrough());
  setInterval(() => { if (waiting.length) letThrough(); }, 1000);
  pause.addEventListener("click", () => {
    if (until.value === "0") setPaused(!isPaused);
    else {
      until.value = 0;
      until.dispatchEvent(new Event("input"));
      until.dispatchEvent(new Event("change"));
    }
  });

  // What had happened up to some time of the last day; what is new waits meanwhile.
  const until = document.getElementById("stream-until"), untilWords = document.getElementById("stream-until-words");
  const findTime = () => new Date(Date.now() + until.value * 60000).toISOString();
  until.addEventListener("input", () => {
    const time = document.createElement("time");
    time.dateTime = findTime();
    untilWords.replaceChildren(until.value === "0" ? "now" : time);
    document.dispatchEvent(new CustomEvent("dashboard:lines"));
  });
  until.addEventListener("change", () => {
    const isPast = until.value !== "0";
    if (isPast) setPaused(true);
    htmx.ajax("GET", `${location.pathname}?until=${isPast ? encodeURIComponent(findTime()) : ""}`, { source: "#stream-until", target: "#stream", swap: "innerHTML" });
  });
  document.addEventListener("htmx:after:swap", (event) => {
    if (event.detail.ctx.sourceElement !== until) return;
    narrowAll();
    if (until.value === "0") setPaused(false);
  });

  // Which lines are shown is in the address, to be kept or sent.
  const asked = new URLSearchParams(location.search).get("happened");
  if ([...sort.options].some((option) => option.value === asked)) sort.value = asked;
  function narrowAll() {
    stream.querySelectorAll(".entry").forEach(narrow);
  }
  sort.addEventListener("change", () => {
    const here = new URL(location);
    if (sort.value) here.searchParams.set("happened", sort.value);
    else here.searchParams.delete("happened");
    history.replaceState(history.state, "", here);
    dispatchEvent(new Event("dashboard:address"));
    narrowAll();
  });
  if (sort.value) narrowAll();

  // As text, for a ticket or a chat: what is shown, the oldest first, with times in UTC.
  function spellEntry(entry) {
    const at = entry.querySelector("time").dateTime.replace("T", " ").replace(/\..*|\+.*/, "");
    return [`${at} UTC`, ...[...entry.children].map((part) => part.cloneNode(true)).map((part) => {
      part.querySelectorAll("time, .hint").forEach((time) => time.remove());
      return part.textContent.replace(/^[\s·]+|\s+$/g, "").replace(/\s+/g, " ");
    })].filter(Boolean).join("  ");
  }
  async function putText(text) {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const field = document.createElement("textarea"); // the other way is for pages over TLS alone
    field.value = text;
    section.append(field);
    field.select();
    const isDone = document.execCommand("copy");
    field.remove();
    copy.focus();
    if (!isDone) throw new Error("it was refused");
  }
  copy.addEventListener("click", async () => {
    const lines = [...stream.querySelectorAll(".entry:not([hidden])")].map(spellEntry).sort();
    copied = await putText(lines.join("\n") + "\n").then(() => `${lines.length} lines copied`, () => "not copied: the browser refuses it");
    tell();
    setTimeout(() => {
      copied = "";
      tell();
    }, TOLD);
  });
})();
